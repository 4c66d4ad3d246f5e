"""Whose mail is read, and the accounts elsewhere that it came from.

Called by the mail verbs, which must start fast: it loads no service for people or secrets.
Never guesses between two people.
Standards: none.
Fails with InvalidInputError: what to say besides.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import click

from hato.core.errors import InvalidInputError
from hato.core.ids import MailboxId
from hato.core.language import Text
from hato.services.sources.labels import Label, source_labels
from hato.store.api import Account, Store
from hato.store.directory import Person

_NOBODY: Final = Text(
    en="There is nobody yet who has mail here: add a person with `hato user add`.",
    ja="まだ利用者がいません。`hato user add` で追加してください。",
)
_WHOSE: Final = Text(
    en="Several people have mail here: say whose you mean with --owner NAME, or set HATO_OWNER.",
    ja="利用者が複数います。--owner NAME か HATO_OWNER で指定してください。",
)
_NO_SUCH: Final = Text(
    en="Nobody here is called {name!r}: see `hato user list`.",
    ja="{name!r} という利用者はいません。`hato user list` を見てください。",
)

owner_option = click.option(
    "--owner", metavar="NAME", envvar="HATO_OWNER", help="Whose mail, where several have some."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


class Mail(NamedTuple):
    """A person's mail."""

    person: Person
    account: Account
    labels: dict[str, Label]
    """Of the accounts elsewhere, by their ids."""

    def inbox_folders(self) -> list[MailboxId]:
        """Return the folders that are one in the unified inbox."""
        inbox = self.account.inbox
        there = [one.folder for one in self.labels.values() if one.is_in_unified_inbox]
        return list(dict.fromkeys([inbox, *(folder for folder in there if folder is not None)]))

    def is_in_inbox(self, source: str | None) -> bool:
        """Tell whether what came from a source is shown in the unified inbox."""
        label = self.labels.get(source or "")
        return label is None or label.is_in_unified_inbox


async def the_mail(store: Store, name: str | None) -> Mail:
    """Return the mail of the person who is named, or of the only one. Raises InvalidInputError."""
    person = await _person(store, name)
    account = await store.account(person.account_id)
    return Mail(person, account, await source_labels(account))


async def _person(store: Store, name: str | None) -> Person:
    """Find the person. Raises InvalidInputError."""
    if name:
        from hato.services.names import normalized_address

        found = await store.directory.find_person(normalized_address(name) or name)
        if found is None:
            raise InvalidInputError(_NO_SUCH, name=name)
        return found
    people = await store.directory.people()
    if not people:
        raise InvalidInputError(_NOBODY)
    if len(people) > 1:
        raise InvalidInputError(_WHOSE)
    return people[0]
