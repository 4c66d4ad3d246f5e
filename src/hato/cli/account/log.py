"""`hato account log`: a receipt for every deletion at a provider, and what is not here whole.

Called as a verb of `hato account`.
Never claims a deletion that the provider did not confirm.
Standards: RFC 1939 §6 (only the answer to QUIT says that it happened).
Fails with one sentence about the account.
"""

from __future__ import annotations

from typing import Final

import click
import msgspec

from hato.cli.account.left_out import LeftOut, left_out, print_left_out
from hato.cli.account.options import json_option, owner_option
from hato.cli.account.owner import the_source
from hato.cli.account.words import time_in_words
from hato.cli.desk import Desk
from hato.core.errors import ConflictError, InvalidInputError
from hato.core.language import Text
from hato.protocols.foreign_text import shown
from hato.services.fetching.identity import name_on_server
from hato.services.sources.source import Source
from hato.store.model import LedgerEntry, LedgerState

_NONE: Final = Text(
    en="Hato has deleted nothing of {address} at the provider.",
    ja="鳩は {address} のメールをプロバイダーから何も削除していません。",
)
_HEADING: Final = Text(
    en="SAFE HERE\tDELETION SENT\tCONFIRMED\tOCTETS\tUIDL",
    ja="ここに保存\t削除を送信\t確認\tオクテット\tUIDL",
)
_STILL_FETCHED: Final = Text(
    en="{address} is still fetched, and its log keeps mail from coming twice: remove the account "
    "first, with `hato account remove {address}`.",
    ja="{address} はまだ受信中で、二重に受信しないために記録が必要です。"
    "先に `hato account remove {address}` でアカウントを外してください。",
)
_FORGOTTEN: Final = Text(
    en="The log of {address} is forgotten; if the account is added again, all that lies at the "
    "provider then is fetched again.",
    ja="{address} の記録を消しました。もう一度追加すると、プロバイダーにあるメールを"
    "すべて受信し直します。",
)
_UNCONFIRMED: Final = Text(en="not confirmed", ja="未確認")


class Receipt(msgspec.Struct, frozen=True):
    """What is known of one deletion; times in seconds since 1970 UTC, 0: not known."""

    uidl: str
    email: int | None
    octets: int
    stored_at: int
    sent_at: int
    confirmed_at: int
    is_confirmed: bool


@click.command(short_help="See what was deleted at the provider.")
@click.argument("address")
@owner_option
@click.option("--left-out", "wants_left_out", is_flag=True, help="List what is not here whole.")
@click.option("--forget", is_flag=True, help="Forget the log of an account that was removed.")
@json_option
@click.pass_obj
def log(
    desk: Desk,
    address: str,
    owner: str | None,
    *,
    wants_left_out: bool,
    forget: bool,
    as_json: bool,
) -> None:
    """List what Hato deleted of ADDRESS at the provider: since when it is safe here, and when.

    Receipts are kept for 400 days, also those of an account that was removed and whose mail stayed,
    until --forget.

    With --left-out: the letters of which only the header and a note are here, being too large or
    not given out, each with the number by which `hato fetch --letter` fetches it whole.
    """
    if forget:
        _forget(desk, address, owner)
    elif wants_left_out:
        _list_left_out(desk, address, owner, as_json=as_json)
    else:
        _list_receipts(desk, address, owner, as_json=as_json)


def _forget(desk: Desk, address: str, owner: str | None) -> None:
    """Forget the log of an account that was removed. Raises InvalidInputError."""

    async def work() -> Source:
        async with desk.store() as store:
            found, source = await the_source(desk, store, address, owner, also_removed=True)
            try:
                await found.sources.forget(source.source_id)
            except ConflictError as fault:
                raise InvalidInputError(_STILL_FETCHED, address=source.address) from fault
            return source

    desk.say(_FORGOTTEN, address=desk.run(work()).address)


def _list_left_out(desk: Desk, address: str, owner: str | None, *, as_json: bool) -> None:
    """List the letters that are not here whole."""

    async def work() -> tuple[Source, list[LeftOut]]:
        async with desk.store() as store:
            found, source = await the_source(desk, store, address, owner)
            return source, await left_out(found.account, source.source_id)

    source, letters = desk.run(work())
    if as_json:
        desk.print_json(letters)
    else:
        print_left_out(desk, source.address, letters)


def _list_receipts(desk: Desk, address: str, owner: str | None, *, as_json: bool) -> None:
    """List the deletions."""

    async def work() -> list[Receipt]:
        async with desk.store() as store:
            found, source = await the_source(desk, store, address, owner, also_removed=True)
            entries = await found.account.ledger(source.source_id)
        receipts = (_receipt(entry) for entry in entries if _was_deleted(entry))
        return sorted(receipts, key=lambda one: (one.sent_at, one.uidl))

    receipts = desk.run(work())
    if as_json:
        desk.print_json(receipts)
    elif not receipts:
        desk.say(_NONE, address=address)
    else:
        desk.print_heading(_HEADING)
        for receipt in receipts:
            _print(desk, receipt)


def _was_deleted(entry: LedgerEntry) -> bool:
    """Tell whether its deletion was ever sent."""
    sent = (LedgerState.DELETION_SENT, LedgerState.DELETION_CONFIRMED)
    return entry.state in sent or entry.deletion_sent_at > 0


def _receipt(entry: LedgerEntry) -> Receipt:
    """Return what is known of a deletion."""
    is_confirmed = entry.state is LedgerState.DELETION_CONFIRMED
    is_sent = entry.state is LedgerState.DELETION_SENT
    return Receipt(
        uidl=shown(name_on_server(entry)),
        email=entry.email_id,
        octets=entry.size_octets,
        stored_at=entry.stored_at,
        sent_at=entry.deletion_sent_at or (entry.at if is_sent else 0),
        confirmed_at=entry.at if is_confirmed else 0,
        is_confirmed=is_confirmed,
    )


def _print(desk: Desk, receipt: Receipt) -> None:
    """Print a receipt on one line."""
    confirmed = time_in_words(receipt.confirmed_at)
    if not receipt.is_confirmed:
        confirmed = _UNCONFIRMED.in_language(desk.language)
    times = (time_in_words(receipt.stored_at), time_in_words(receipt.sent_at), confirmed)
    click.echo("\t".join((*times, str(receipt.octets), receipt.uidl)))
