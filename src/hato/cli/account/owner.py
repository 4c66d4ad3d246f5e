"""Whose a mail account is, and which one is meant.

Called by the verbs of `hato account`.
Never guesses between two people, nor between two accounts.
Standards: none.
Fails with InvalidInputError: what to say besides.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from hato.cli.desk import Desk
from hato.core.errors import InvalidInputError, NotFoundError
from hato.core.language import Text
from hato.protocols.foreign_text import echoed
from hato.services.names import readable
from hato.services.sources.source import Source
from hato.services.sources.sources import Sources
from hato.store.api import Account, Store
from hato.store.directory import Person

_NOBODY: Final = Text(
    en="There is nobody yet whose mail it could be: add a person with `hato user add`.",
    ja="まだ利用者がいません。`hato user add` で追加してください。",
)
_WHOSE: Final = Text(
    en="Several people have mail here: say whose account it is with --owner NAME.",
    ja="利用者が複数います。--owner NAME で誰のものかを指定してください。",
)
_NO_SUCH: Final = Text(
    en="No mail account {address} is fetched: see `hato account list`.",
    ja="{address} というアカウントは登録されていません。`hato account list` を見てください。",
)
_WHICH: Final = Text(
    en="Several people have {address}: say whose is meant with --owner NAME.",
    ja="{address} は複数の人が登録しています。--owner NAME で指定してください。",
)


class Owner(NamedTuple):
    """A person with her mail and her sources."""

    person: Person
    account: Account
    sources: Sources

    @property
    def name(self) -> str:
        """Her name, to be shown."""
        return readable(self.person.name)


async def the_owner(desk: Desk, store: Store, name: str | None) -> Owner:
    """Return the person who is named, or the only one. Raises InvalidInputError."""
    accounts = desk.ways.accounts(store, desk.settings)
    if name is not None:
        return await _owner(desk, store, await accounts.person(name))
    people = await accounts.people()
    if not people:
        raise InvalidInputError(_NOBODY)
    if len(people) > 1:
        raise InvalidInputError(_WHOSE)
    return await _owner(desk, store, people[0])


async def owners(desk: Desk, store: Store, name: str | None) -> list[Owner]:
    """Return the person who is named, or everybody. Raises InvalidInputError."""
    accounts = desk.ways.accounts(store, desk.settings)
    people = await accounts.people() if name is None else [await accounts.person(name)]
    return [await _owner(desk, store, person) for person in people]


async def the_source(
    desk: Desk, store: Store, address: str, name: str | None, *, also_removed: bool = False
) -> tuple[Owner, Source]:
    """Return the source of an address, or id, and whose it is. Raises InvalidInputError.

    `also_removed`: where none is fetched, one that was and whose mail stayed.
    """
    found = []
    for owner in await owners(desk, store, name):
        try:
            source = await owner.sources.find(address, also_removed=also_removed)
        except NotFoundError:
            continue
        found.append((owner, source))
    if not found:
        raise InvalidInputError(_NO_SUCH, address=echoed(address))
    if len(found) > 1:
        raise InvalidInputError(_WHICH, address=echoed(address))
    return found[0]


async def _owner(desk: Desk, store: Store, person: Person) -> Owner:
    account = await store.account(person.account_id)
    return Owner(person, account, desk.ways.sources(account, desk.settings))
