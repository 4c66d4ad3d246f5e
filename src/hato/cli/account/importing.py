"""`hato account import [PATH]`: accounts and memory of fetchmail, getmail and mpop.

Called by `cli.account`.
Never fetches, never deletes at a server, never changes a source that is here; imports an account
whole or not at all, and goes on with the others.
Standards: none; the readers cite theirs.
Fails with exit status 1 where an account could not be taken over; it says why of each.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import click
import msgspec

from hato.cli.account.old_passwords import Allowed, password_of
from hato.cli.account.old_settings import MemoryReader, find_settings, read_settings_of
from hato.cli.account.options import json_option, owner_option
from hato.cli.account.owner import the_owner
from hato.cli.desk import Desk
from hato.core.clock import SystemClock
from hato.core.errors import AlreadyExistsError, InvalidInputError
from hato.core.language import Text
from hato.services.moving_in import notes
from hato.services.moving_in.found import Program, Refused, fault_of, readable
from hato.services.moving_in.moving import Ready, Standing, move_in, standing_of
from hato.services.sources.source import Source
from hato.services.sources.sources import Sources
from hato.services.sources.wishes import COLOURS

_AUTO: Final = "auto"
_CANNOT_READ: Final = Text(
    en="{file} cannot be read: {reason}.", ja="{file} を読めません: {reason}。"
)
_MOVED: Final = Text(
    en="{address} moves in from {program}: {host}, port {port}, login {login}.",
    ja="{address} を {program} から引き継ぎます: {host}、ポート {port}、ログイン名 {login}。",
)
_HERE_ALREADY: Final = Text(
    en="{address} is fetched already: nothing was changed for it.",
    ja="{address} は既に登録されています。何も変えていません。",
)
_LEFT_OUT: Final = Text(en="{label} is left out: {reason}", ja="{label} は引き継ぎません: {reason}")
_NOTE: Final = Text(en="  - {note}", ja="  ・{note}")
_DONE: Final = Text(
    en="{moved} moved in, {here} here already, {left_out} left out. Stop the old program before "
    "`hato fetch`.",
    ja="引き継ぎ {moved} 件、既存 {here} 件、対象外 {left_out} 件。"
    "`hato fetch` の前に元のプログラムを止めてください。",
)
_WOULD: Final = Text(
    en="{moved} would move in, {here} {here:is|are} here already, {left_out} {left_out:is|are} "
    "left out. Nothing was changed.",
    ja="引き継ぐもの {moved} 件、既存 {here} 件、対象外 {left_out} 件。何も変えていません。",
)


class _Wishes(NamedTuple):
    """What the person typed."""

    program: Program | None
    path: Path | None
    owner: str | None
    dry_run: bool
    allows_cleartext: bool
    allowed: Allowed


class _Outcome(NamedTuple):
    """What came of it."""

    moved: list[tuple[Source, Ready]]
    here: list[Ready]
    left_out: list[Refused]


class _Row(msgspec.Struct, frozen=True):
    """An account that moved in, as JSON shows it."""

    program: str
    address: str
    source_id: str
    host: str
    port: int
    tls: str
    login: str
    keeping: str
    days: int
    known: int
    has_secret: bool
    is_paused: bool
    notes: list[str]


@click.command("import", short_help="Take over accounts of fetchmail, getmail or mpop.")
@click.argument("path", type=click.Path(path_type=Path), required=False)
@click.option(
    "--from",
    "program",
    type=click.Choice([*(each.value for each in Program), _AUTO]),
    default=_AUTO,
    help="Whose settings they are.",
)
@owner_option
@click.option("--dry-run", is_flag=True, help="Only say what would be done; change nothing.")
@click.option("--allow-cleartext", is_flag=True, help="Stay without TLS where it was so.")
@click.option("--run-passwordeval", is_flag=True, help="Run the commands that print passwords.")
@click.option("--read-netrc", is_flag=True, help="Look for passwords in netrc files.")
@json_option
@click.pass_obj
def import_accounts(  # noqa: PLR0913 - click's options
    desk: Desk,
    path: Path | None,
    program: str,
    *,
    owner: str | None,
    dry_run: bool,
    allow_cleartext: bool,
    run_passwordeval: bool,
    read_netrc: bool,
    as_json: bool,
) -> int:
    """Take over the mail accounts of fetchmail, getmail or mpop, with what they have fetched.

    PATH is their file of settings, or a folder that has one; without it, your home. Nothing that
    the old program fetched is fetched again, and nothing is deleted at a server by importing.
    """
    wishes = _Wishes(
        None if program == _AUTO else Program(program),
        path,
        owner,
        dry_run,
        allow_cleartext,
        Allowed(run_commands=run_passwordeval, read_netrc=read_netrc),
    )
    ready, left_out = _prepare(wishes)
    outcome = desk.run(_import(desk, wishes, ready))
    outcome.left_out[:0] = left_out
    if as_json:
        desk.print_json(_as_json(desk, outcome, dry_run=dry_run))
    else:
        _say(desk, outcome, dry_run=dry_run)
    return 1 if outcome.left_out else 0


def _prepare(wishes: _Wishes) -> tuple[list[Ready], list[Refused]]:
    """Read settings, memories and passwords; nothing is changed yet.

    Raises InvalidInputError, OSError.
    """
    ready: list[Ready] = []
    left_out: list[Refused] = []
    memories = MemoryReader()
    for program, file in find_settings(wishes.program, wishes.path):
        try:
            reading = read_settings_of(program, file, allows_cleartext=wishes.allows_cleartext)
        except (InvalidInputError, OSError) as fault:
            left_out.append(Refused(readable(str(file)), _reason(fault, file)))
            continue
        left_out += reading.refused
        for found in reading.found:
            fault_in_source = fault_of(found.source)
            if fault_in_source is not None:
                left_out.append(Refused(found.source.address, fault_in_source))
                continue
            try:
                ids = memories.ids_of(program, found.memory)
            except (InvalidInputError, OSError) as fault:
                reason = _reason(fault, found.memory.files[0])
                left_out.append(Refused(found.source.address, reason))
                continue
            ready.append(Ready(found, *password_of(found, file, wishes.allowed), ids))
    return ready, left_out


def _reason(fault: InvalidInputError | OSError, file: Path) -> Text:
    """Say why a file was not taken."""
    if isinstance(fault, InvalidInputError):
        text = fault.text
    else:
        text = _CANNOT_READ.filled(file=fault.filename or file, reason=fault.strerror or fault)
    return Text(*map(readable, text))


async def _import(desk: Desk, wishes: _Wishes, ready: list[Ready]) -> _Outcome:
    """Keep each account, or only see what would be."""
    outcome = _Outcome([], [], [])
    async with desk.store() as store:
        sources = (await the_owner(desk, store, wishes.owner)).sources
        known = await sources.all()
        for one in ready:
            standing = standing_of(one.found.source, known)
            if standing is Standing.ADDRESS_TAKEN:
                outcome.left_out.append(Refused(one.found.source.address, notes.ADDRESS_TAKEN))
                continue
            if standing is Standing.HERE:
                outcome.here.append(one)
                continue
            colour = COLOURS[len(known) % len(COLOURS)]
            draft = msgspec.structs.replace(one.found.source, colour=colour)
            source = draft if wishes.dry_run else await _keep(sources, draft, one)
            if source is None:
                outcome.here.append(one)
                continue
            known.append(source)
            outcome.moved.append((source, one))
    return outcome


async def _keep(sources: Sources, draft: Source, ready: Ready) -> Source | None:
    """Keep one account; None: somebody else just did."""
    try:
        return await move_in(sources, draft, ready, SystemClock())
    except AlreadyExistsError:
        return None


def _say(desk: Desk, outcome: _Outcome, *, dry_run: bool) -> None:
    """Tell a person what came of it."""
    for source, ready in outcome.moved:
        desk.say(_MOVED, program=ready.found.program.value, **_shown(source))
        for note in ready.notes():
            desk.say(_NOTE, note=note)
    for one in outcome.here:
        desk.say(_HERE_ALREADY, address=one.found.source.address)
    for label, reason in outcome.left_out:
        desk.say_aside(_LEFT_OUT, label=label, reason=reason)
    counts = {name: len(getattr(outcome, name)) for name in outcome._fields}
    desk.say(_WOULD if dry_run else _DONE, **counts)


def _shown(source: Source) -> dict[str, object]:
    fields = msgspec.structs.asdict(source)
    return {name: fields[name] for name in ("address", "host", "port", "login")}


def _as_json(desk: Desk, outcome: _Outcome, *, dry_run: bool) -> dict[str, object]:
    """Return the same for a program."""
    return {
        "dry_run": dry_run,
        "moved": list(_rows(desk, outcome)),
        "here": [one.found.source.address for one in outcome.here],
        "left_out": [
            {"label": label, "reason": reason.in_language(desk.language)}
            for label, reason in outcome.left_out
        ],
    }


def _rows(desk: Desk, outcome: _Outcome) -> Iterator[_Row]:
    for source, ready in outcome.moved:
        yield _Row(
            program=ready.found.program.value,
            address=source.address,
            source_id=source.source_id,
            host=source.host,
            port=source.port,
            tls=source.tls.value,
            login=source.login,
            keeping=source.policy.keeping.value,
            days=source.policy.days,
            known=len(ready.ids.known) if ready.ids is not None else 0,
            has_secret=ready.secret is not None,
            is_paused=source.is_paused,
            notes=[note.in_language(desk.language) for note in ready.notes()],
        )
