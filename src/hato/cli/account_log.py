"""`hato account log`: a receipt for every message that Hato had deleted at a provider.

Called as a verb of `hato account`.
Never claims a deletion that the provider did not confirm.
Standards: RFC 1939 §6 (only the answer to QUIT says that it happened).
Fails with one sentence about the account.
"""

from __future__ import annotations

from typing import Final

import click
import msgspec

from hato.cli.account_options import json_option, owner_option
from hato.cli.account_owner import the_source
from hato.cli.account_words import time_in_words
from hato.cli.desk import Desk
from hato.core.language import Text
from hato.protocols.foreign_text import shown
from hato.services.fetching.identity import name_on_server
from hato.store.model import LedgerEntry, LedgerState

_NONE: Final = Text(
    en="Hato has deleted nothing of {address} at the provider.",
    ja="鳩は {address} のメールをプロバイダーから何も削除していません。",
)
_HEADING: Final = Text(
    en="SAFE HERE\tDELETION SENT\tCONFIRMED\tOCTETS\tUIDL",
    ja="ここに保存\t削除を送信\t確認\tオクテット\tUIDL",
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
@json_option
@click.pass_obj
def log(desk: Desk, address: str, owner: str | None, *, as_json: bool) -> None:
    """List what Hato deleted of ADDRESS at the provider: since when it is safe here, and when.

    Receipts are kept for 400 days.
    """

    async def work() -> list[Receipt]:
        async with desk.store() as store:
            found, source = await the_source(desk, store, address, owner)
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
