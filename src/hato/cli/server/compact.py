"""`hato compact`: give the space of deleted mail back to the system now.

Called by `cli.program`; a server does the same by itself, once an hour, and at once on a full disk.
Never ends what can still be undeleted, unless the disk lacks the room or it is asked to.
Standards: none.
Fails with one sentence where the disk is too full to copy anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from hato.cli.desk import Desk
from hato.core.clock import SystemClock
from hato.core.errors import SpokenError
from hato.core.language import Text

if TYPE_CHECKING:
    from hato.services.winning_room import Won
    from hato.store.model import Room

_DONE: Final = Text(
    en="{octets} {octets:octet was|octets were} given back; {purged} {purged:message was|messages "
    "were} past {purged:its|their} time.",
    ja="{octets} オクテットを解放しました。期限の切れたメッセージは {purged} 通でした。",
)
_EARLY: Final = Text(
    en="{count} deleted {count:message was|messages were} ended before {count:its|their} time: "
    "{count:it|they} cannot be brought back.",
    ja="削除済みのメッセージ {count} 通を期限前に完全に消しました。元には戻せません。",
)
_STILL: Final = Text(
    en="The disk has {free} octets free, and new mail needs {needed}: delete mail or other files, "
    "or make the disk larger.",
    ja="ディスクの空きは {free} オクテットで、新しいメールには {needed} オクテットが必要です。"
    "メールやほかのファイルを削除するか、ディスクを大きくしてください。",
)
_TOO_FULL: Final = Text(
    en="Nothing could be given back: the {free} octets that are free are too few to copy the mail "
    "that stays, and new mail needs {needed}: free space on this disk; nothing was lost.",
    ja="何も解放できませんでした。空きは {free} オクテットで、残すメールを写すには足りません。"
    "新しいメールには {needed} オクテットが必要です。このディスクに空きを作ってください。"
    "何も失われていません。",
)
_FAILED: Final = Text(
    en="{count} {count:account|accounts} could not be looked after ({accounts}): the log says why, "
    "and `hato verify` looks at each.",
    ja="{count} 個のアカウントを処理できませんでした({accounts})。理由はログにあります。"
    "`hato verify` で確かめてください。",
)


@click.command(short_help="Give back the space of deleted mail.")
@click.option(
    "--purge-deleted", is_flag=True, help="End all deleted mail: none can be brought back."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def compact(desk: Desk, *, purge_deleted: bool, as_json: bool) -> None:
    """Purge what is past its time and give back its space; may run while Hato serves.

    While the disk lacks room, deleted mail is ended early, the longest deleted first.
    """
    from hato.services.winning_room import compact_all

    async def work() -> tuple[Won, Room]:
        async with desk.store() as store:
            now = SystemClock().now()
            won = await compact_all(store, now, purge_deleted=purge_deleted)
            return won, await store.room()

    won, room = desk.run(work())
    figures = {"free": room.free_octets, "needed": room.needed_octets}
    if won.too_full and not won.octets:
        if won.ended_early:
            desk.say_aside(_EARLY, count=won.ended_early)
        raise SpokenError(_TOO_FULL, **figures)
    if as_json:
        purged = {"purged": won.past_their_time, "ended_early": won.ended_early}
        free = {"free_octets": room.free_octets, "needed_octets": room.needed_octets}
        failed = {"failed": sorted(won.failed)}
        desk.print_json({"octets": won.octets} | purged | free | failed)
    else:
        _say(desk, won, room)
    if won.failed:
        raise SpokenError(_FAILED, count=len(won.failed), accounts=" ".join(sorted(won.failed)))


def _say(desk: Desk, won: Won, room: Room) -> None:
    """Say what was given back, and what is still missing."""
    desk.say(_DONE, octets=won.octets, purged=won.past_their_time)
    if won.ended_early:
        desk.say(_EARLY, count=won.ended_early)
    if room.free_octets < room.needed_octets:
        desk.say_aside(_STILL, free=room.free_octets, needed=room.needed_octets)
