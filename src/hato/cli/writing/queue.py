"""`hato queue …`: letters that wait to leave, need their person, or left lately.

Called by `cli.program`.
Never shows what stands in a letter but its subject; who may open the data folder may see the queue.
Standards: none.
Fails with one sentence: no such letter, or it is being sent right now.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

import click

from hato.cli.desk import Desk
from hato.cli.mail.mail_owner import json_option, owner_option, the_mail
from hato.cli.terminal.screen_text import one_line
from hato.core.clock import SystemClock
from hato.core.errors import InUseError, InvalidInputError, NotFoundError
from hato.core.ids import AccountId
from hato.core.language import Language, Text
from hato.core.limits import OUTBOX_FAR_SECONDS
from hato.services.sending.outbox import Entry, Outbox
from hato.services.sending.waiting_letter import Fate
from hato.store.api import Store
from hato.store.directory import QueueId

_NONE: Final = Text(en="No letter waits to leave.", ja="送信を待つメールはありません。")
_NO_SUCH: Final = Text(
    en="There is no letter {number} in the outbox: see `hato queue list`.",
    ja="送信箱に {number} 番のメールはありません。`hato queue list` を見てください。",
)
_IN_USE: Final = Text(
    en="Letter {number} is being sent right now: look again in a minute.",
    ja="{number} 番のメールはいま送信中です。一分ほどしてから見てください。",
)
_RETRIED: Final = Text(
    en="Letter {number} is tried again now.", ja="{number} 番のメールをもう一度送ります。"
)
_DROPPED: Final = Text(
    en="Letter {number} is sent no more; it stays in your folders (id:{id}).",
    ja="{number} 番のメールの送信をやめました。フォルダーには残っています(id:{id})。",
)
_HEADING: Final = Text(
    en="NUMBER\tSTATE\tFROM\tTO\tSUBJECT\tNEXT", ja="番号\t状態\t差出人\t宛先\t件名\t次回"
)
_STATES: Final = {
    Fate.WAITING: Text(en="waiting", ja="送信待ち"),
    Fate.SENT: Text(en="sent", ja="送信済み"),
    Fate.REFUSED: Text(en="refused", ja="拒否"),
    Fate.UNKNOWN: Text(en="unknown", ja="不明"),
}
_MORE: Final = Text(en="{first} and {count} more", ja="{first} ほか {count} 名")
_SHOWN: Final = Text(
    en="Letter {number} (id:{id}), from {sender}: {subject}\nGiven {created}, tried {attempts} "
    "times, next {due}.",
    ja="{number} 番(id:{id})、差出人 {sender}: {subject}\n受付 {created}、試行 {attempts} 回、"
    "次回 {due}。",
)

number_argument = click.argument("number", type=click.IntRange(min=1))


@click.group(short_help="See and manage letters that wait to leave.")
def queue() -> None:
    """Letters that wait to leave, need your decision, or left lately."""


@queue.command("list", short_help="List the letters that wait.")
@click.option("--all", "with_sent", is_flag=True, help="Those that left lately too.")
@owner_option
@json_option
@click.pass_obj
def list_queue(desk: Desk, owner: str | None, *, with_sent: bool, as_json: bool) -> None:
    """List the letters that wait to leave, of everybody or of one person."""

    async def work() -> list[dict[str, Any]]:
        async with desk.store() as store:
            account_id = (
                None if owner is None else (await the_mail(store, owner)).account.account_id
            )
            entries = await _outbox(store).all(account_id)
            people = await _names(store)
            shown = [one for one in entries if with_sent or not one.letter.is_over]
            return [_as_data(one, people, desk.language) for one in shown]

    rows = desk.run(work())
    if as_json:
        desk.print_json(rows)
        return
    if not rows:
        desk.say(_NONE)
        return
    desk.print_heading(_HEADING)
    for row in rows:
        _print_row(desk, row)


@queue.command(short_help="Show how far a letter is.")
@number_argument
@json_option
@click.pass_obj
def show(desk: Desk, number: int, *, as_json: bool) -> None:
    """Show letter NUMBER of the outbox: what its server said of each recipient, and what to do."""

    async def work() -> dict[str, Any]:
        async with desk.store() as store:
            entry = await _find(store, number)
            return _as_data(entry, await _names(store), desk.language)

    row = desk.run(work())
    if as_json:
        desk.print_json(row)
        return
    fields = {name: row[name] for name in ("number", "id", "attempts")}
    texts = {name: one_line(row[name]) for name in ("sender", "subject")}
    times = {name: _time_in_words(row[name]) for name in ("created", "due")}
    desk.say(_SHOWN, **fields, **texts, **times)
    for one in row["recipients"]:
        state = _STATES[Fate(one["state"])].in_language(desk.language)
        click.echo(f"  {one_line(one['address'])}  {state}  {one_line(one['words'])}".rstrip())
    if row["reason"]:
        click.echo(row["reason"])


@queue.command(short_help="Try a letter again now.")
@number_argument
@json_option
@click.pass_obj
def retry(desk: Desk, number: int, *, as_json: bool) -> int:
    """Send letter NUMBER again to whom it has not reached, now.

    Where its state is unknown, it may arrive a second time: ask the recipients first.
    """

    async def work() -> dict[str, Any]:
        async with desk.store() as store:
            await _find(store, number)
            try:
                await _outbox(store).retry(QueueId(number))
                if not as_json:
                    desk.say_aside(_RETRIED, number=number)
                courier = desk.ways.courier(store, desk.settings, desk.path())
                outcome = await courier.send_now(QueueId(number))
            except InUseError as fault:
                raise InvalidInputError(_IN_USE, number=number) from fault
        text = outcome.text.in_language(desk.language)
        return {"number": number, "state": outcome.standing, "reason": text}

    row = desk.run(work())
    if as_json:
        desk.print_json(row)
    elif row["reason"]:
        click.echo(row["reason"])
    else:
        desk.say(_STATES[Fate.SENT])
    return 0 if row["state"] == "sent" else 1


@queue.command(short_help="Send a letter no more.")
@number_argument
@json_option
@click.pass_obj
def drop(desk: Desk, number: int, *, as_json: bool) -> None:
    """Send letter NUMBER no more. It stays where it lies: in Drafts, or in Sent if some have it."""

    async def work() -> int:
        async with desk.store() as store:
            entry = await _find(store, number)
            try:
                await _outbox(store).drop(QueueId(number))
            except InUseError as fault:
                raise InvalidInputError(_IN_USE, number=number) from fault
            return entry.letter.email_id

    email_id = desk.run(work())
    if as_json:
        desk.print_json({"number": number, "id": email_id})
    else:
        desk.say(_DROPPED, number=number, id=email_id)


def _outbox(store: Store) -> Outbox:
    return Outbox(store.queue, SystemClock())


async def _find(store: Store, number: int) -> Entry:
    """Return a letter. Raises InvalidInputError."""
    try:
        return await _outbox(store).find(QueueId(number))
    except NotFoundError as fault:
        raise InvalidInputError(_NO_SUCH, number=number) from fault


async def _names(store: Store) -> dict[AccountId, str]:
    """Return whose each account is."""
    return {one.account_id: one.name for one in await store.directory.people()}


def _as_data(entry: Entry, people: dict[AccountId, str], language: Language) -> dict[str, Any]:
    """Return a letter for programs."""
    letter = entry.letter
    is_tried_again = entry.due - entry.created < OUTBOX_FAR_SECONDS // 2 and not letter.is_over
    return {
        "number": entry.queue_id,
        "id": letter.email_id,
        "owner": people.get(letter.account_id, ""),
        "state": _state_of(entry),
        "sender": letter.sender,
        "subject": letter.subject,
        "recipients": [
            {"address": one.address, "state": one.fate, "words": one.words}
            for one in letter.recipients
        ],
        "code": letter.code,
        "reason": letter.text.in_language(language),
        "attempts": entry.attempts,
        "created": entry.created,
        "due": entry.due if is_tried_again else None,
    }


def _state_of(entry: Entry) -> Fate:
    """Return the state of the letter as a whole: the one that a person has to know first."""
    for fate in (Fate.UNKNOWN, Fate.REFUSED, Fate.WAITING):
        if entry.letter.having(fate):
            return fate
    return Fate.SENT


def _print_row(desk: Desk, row: dict[str, Any]) -> None:
    """Print a letter as one line, and below it why it waits."""
    first, *others = [one_line(one["address"]) for one in row["recipients"]]
    to = first
    if others:
        to = _MORE.in_language(desk.language, first=first, count=len(others))
    state = _STATES[row["state"]].in_language(desk.language)
    fields = (row["number"], state, one_line(row["sender"]), to, one_line(row["subject"]))
    click.echo("\t".join(map(str, (*fields, _time_in_words(row["due"])))))
    if row["reason"]:
        click.echo(f"\t{row['reason']}")


def _time_in_words(seconds: int | None) -> str:
    """Return a moment in the local zone; a dash: never."""
    if seconds is None:
        return "-"
    return dt.datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M")
