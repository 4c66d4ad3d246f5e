"""`hato undelete NAME`: see what was deleted, and bring it back.

Called by `cli.program`.
Never brings back what is past its time: that is gone.
Standards: none.
Fails with one sentence about the person or the message.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

import click
import msgspec

from hato.cli.desk import Desk
from hato.cli.terminal.subject import subject_of
from hato.core.errors import DamagedError, InvalidInputError, NotFoundError
from hato.core.language import Text
from hato.store.api import Account
from hato.store.changes import SetKeywords, Undelete, Undeleted, Wanted
from hato.store.model import KEPT, HeldEmail

_NOTHING: Final = Text(
    en="Nothing of {name} can be brought back.", ja="{name} の元に戻せるメールはありません。"
)
_BACK: Final = Text(
    en="{count} {count:message is|messages are} back in INBOX.",
    ja="{count} 通を INBOX に戻しました。",
)
_NO_SUCH: Final = Text(
    en="None of these can be brought back: see `hato undelete {name}` for what can.",
    ja="どれも元に戻せません。戻せるものは `hato undelete {name}` で確認してください。",
)
_HEADING: Final = Text(en="ID\tRECEIVED\tOCTETS\tSUBJECT", ja="ID\t受信日時\tオクテット\t件名")
_HOW: Final = Text(
    en="Bring some back with `hato undelete {name} ID…`, or all with `hato undelete {name} --all`.",
    ja="`hato undelete {name} ID…` で一部、`hato undelete {name} --all` で全部を元に戻せます。",
)
_HEAD_OCTETS: Final = 65_536


class _Row(msgspec.Struct, frozen=True):
    """What is shown of a deleted message."""

    id: int
    received: int
    held_until: int
    octets: int
    subject: str


@click.command(short_help="See what was deleted, and bring it back.")
@click.argument("name")
@click.argument("ids", nargs=-1, type=int, metavar="[ID]...")
@click.option("--all", "everything", is_flag=True, help="Bring back all that can be.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def undelete(
    desk: Desk, name: str, ids: tuple[int, ...], *, everything: bool, as_json: bool
) -> None:
    """List what was deleted from the mailbox of NAME, or bring back the messages ID.

    They get their place in INBOX with a new number and their old UIDL, and do not expire again.
    """
    if ids or everything:
        count = desk.run(_bring_back(desk, name, None if everything else ids))
        if not count and ids:
            raise InvalidInputError(_NO_SUCH, name=name)
        if as_json:
            desk.print_json({"brought_back": count})
        else:
            desk.say(_BACK, count=count)
        return
    rows = desk.run(_list(desk, name))
    if as_json:
        desk.print_json(rows)
    elif not rows:
        desk.say(_NOTHING, name=name)
    else:
        desk.print_heading(_HEADING)
        for row in rows:
            day = dt.datetime.fromtimestamp(row.received).astimezone().strftime("%Y-%m-%d %H:%M")
            click.echo(f"{row.id}\t{day}\t{row.octets}\t{row.subject}")
        desk.say_aside(_HOW, name=name)


async def _bring_back(desk: Desk, name: str, ids: tuple[int, ...] | None) -> int:
    """Undelete; return how many messages are back. None: all."""
    async with desk.store() as store:
        person = await desk.ways.accounts(store, desk.settings).person(name)
        account = await store.account(person.account_id)
        # In the order in which they came, since they are numbered anew.
        held = sorted(one.email_id for one in await account.held())
        chosen = tuple(email_id for email_id in held if ids is None or email_id in ids)
        if not chosen:
            return 0
        wanted: list[Wanted] = [
            Undelete(chosen, account.inbox),
            SetKeywords(chosen, add=frozenset({KEPT})),
        ]
        committed = await account.commit(wanted)
        return sum(isinstance(fact, Undeleted) for fact in committed.facts)


async def _list(desk: Desk, name: str) -> list[_Row]:
    """Return what can be brought back, latest first."""
    async with desk.store() as store:
        person = await desk.ways.accounts(store, desk.settings).person(name)
        account = await store.account(person.account_id)
        return [await _row(account, held) for held in await account.held()]


async def _row(account: Account, held: HeldEmail) -> _Row:
    """Read the subject of a deleted message."""
    try:
        head = (await account.read(held.body, 0, _HEAD_OCTETS)).data
    except (DamagedError, NotFoundError):
        head = b""  # the others can be brought back all the same
    return _Row(
        id=held.email_id,
        received=held.received,
        held_until=held.held_until,
        octets=held.body.size_octets,
        subject=subject_of(head),
    )
