"""Which of her faces a person writes as, and how a letter gets to that account's own server.

Called by the verbs that send.
Never sends by another account's server than the sender's; never says that a letter arrived.
Standards: RFC 6409 (submission).
Fails with InvalidInputError: what is no account of hers.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine, Sequence
from typing import Any, Final

import msgspec

from hato.cli.desk import Desk
from hato.cli.mail.mail_owner import Mail
from hato.cli.terminal.screen_text import one_line
from hato.cli.writing.draft_text import addresses_of
from hato.core.clock import SystemClock
from hato.core.errors import InUseError, InvalidInputError
from hato.core.ids import EmailId
from hato.core.language import Text
from hato.message.letter import Letter
from hato.services.sending.envelope import Envelope
from hato.services.sending.identities import Identities
from hato.services.sending.identity import Identity
from hato.services.sending.outbox import Outbox
from hato.services.sending.outcome import Outcome as SendOutcome
from hato.services.sending.outcome import Standing
from hato.services.sources.sources import is_same_address
from hato.store.api import Store
from hato.store.model import Email

_NOT_HERS: Final = Text(
    en="{text!r} is none of your accounts: write as one of {known}.",
    ja="{text!r} はあなたのアカウントではありません。使えるのは {known} です。",
)

_WAITS: Final = Text(
    en="The letter is in the outbox and leaves as soon as it can: see `hato queue list`.",
    ja="メールは送信箱に入りました。送れしだい送信します。`hato queue list` で確認できます。",
)


_SENDING: Final = Text(
    en="Sending by the server of {address} …", ja="{address} のサーバーから送信しています…"
)
_TAKES_LONG: Final = Text(
    en="The letter is in the outbox and is being sent; Ctrl-C leaves it there.",
    ja="メールは送信箱に入り、送信中です。Ctrl-C で中断しても送信箱に残ります。",
)
_A_WHILE_SECONDS: Final = 2.0
_SENT: Final = Text(
    en="The letter left by the server of {address}, and lies in Sent.",
    ja="{address} のサーバーから送信しました。写しは送信済みにあります。",
)
_STATES: Final = {
    Standing.SENT: "sent",
    Standing.WAITING: "waiting",
    Standing.NEEDS_YOU: "refused",
    Standing.UNKNOWN: "unknown",
    Standing.TAKEN_BACK: "thrown",
}


class Outcome(msgspec.Struct, frozen=True):
    """What became of a letter, as `--json` prints it."""

    state: str
    """`sent`, `waiting`, `unknown`, `refused`, `draft`, `thrown` or `untouched`."""
    id: int | None = None
    """The letter's."""
    queue_id: int | None = None
    message: str = ""


async def identities_of(mail: Mail) -> list[Identity]:
    """Return all faces of a person: her accounts elsewhere in their order, then her own address."""
    return await Identities(mail.account, mail.person.name).all()


async def hand_over(
    desk: Desk,
    store: Store,
    mail: Mail,
    identity: Identity,
    envelope: Envelope,
    email_id: EmailId,
    subject: str,
    message_id: str,
) -> Outcome:
    """Give a letter that lies in Drafts to the outbox, send it, and tell what became of it.

    In the outbox it is safe: whoever breaks off while it is sent loses nothing.
    """
    outbox = Outbox(store.queue, SystemClock())
    courier = desk.ways.courier(store, desk.settings, desk.path())
    queue_id = None
    try:
        queue_id = await outbox.put(
            mail.account, identity, envelope, email_id, subject=one_line(subject), key=message_id
        )
        if sys.stderr.isatty():
            desk.say_aside(_SENDING, address=identity.address)
        came = await _patiently(desk, courier.send_now(queue_id))
    except InUseError:  # the server that runs was quicker
        return Outcome("waiting", email_id, queue_id, _WAITS.in_language(desk.language))
    text = _SENT.filled(address=identity.address) if came.standing is Standing.SENT else came.text
    return Outcome(_STATES[came.standing], email_id, queue_id, text.in_language(desk.language))


async def _patiently(desk: Desk, work: Coroutine[Any, Any, SendOutcome]) -> SendOutcome:
    """Do it, and say that it takes a while where it does."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait((task,), timeout=_A_WHILE_SECONDS)
        if not task.done():
            desk.say_aside(_TAKES_LONG)
        return await task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def chosen_identity(identities: Sequence[Identity], typed: str) -> Identity:
    """Return the face that a person names: address, account or id. Raises InvalidInputError."""
    name = typed.strip()
    for one in identities:
        if name.casefold() in (one.identity_id, (one.source_id or "").casefold()) and name:
            return one
    addresses = addresses_of(name) if "@" in name else ()
    for one in identities:
        if addresses and is_same_address(addresses[0].mailbox, one.address):
            written = addresses[0].name or one.name
            return msgspec.structs.replace(one, name=written)
    known = ", ".join(one.address for one in identities)
    raise InvalidInputError(_NOT_HERS, text=typed, known=known or "-")


def answering_identity(
    identities: Sequence[Identity], emails: Sequence[Email], letter: Letter
) -> Identity:
    """Return the face that a letter was written to: of the account that it came by.

    Else the one that it names, else the usual one. Raises InvalidInputError where there is none.
    """
    for email in emails:
        for one in identities:
            if email.source and one.source_id == email.source:
                return one
    named = [one.mailbox for one in (*letter.recipients, *letter.copies)]
    for one in identities:
        if any(is_same_address(one.address, mailbox) for mailbox in named):
            return one
    return usual_identity(identities)


def usual_identity(identities: Sequence[Identity]) -> Identity:
    """Return the face of who says nothing: of her first account. Raises InvalidInputError."""
    for one in identities:
        if one.source_id is not None:
            return one
    if not identities:
        raise InvalidInputError(_NOT_HERS, text="", known="-")
    return identities[0]
