"""The outbox: letters that people gave us to send, durable until each of them has left.

Called by whoever composes (`put`) and by `hato queue` (`all`, `retry`, `drop`).
Never opens a connection; never takes a letter twice under one key; never loses one: it lies in
Drafts until it has left, then in Sent.
Standards: RFC 8621 §7 (a submission names a stored email and an envelope), RFC 5322 §2.3.
Fails with NotFoundError, InUseError, InvalidInputError, and as the store does.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, NamedTuple

import msgspec

from hato.core import limits
from hato.core.clock import Clock
from hato.core.errors import DamagedError, InvalidInputError
from hato.core.ids import AccountId, EmailId
from hato.core.language import Text
from hato.core.log import log
from hato.services.sending.envelope import Envelope
from hato.services.sending.filing import file_as_draft, find_letter
from hato.services.sending.identity import Identity
from hato.services.sending.letter_octets import refuse_long_lines, sent_header
from hato.services.sending.waiting_letter import (
    Fate,
    Recipient,
    WaitingLetter,
    encoded,
    read_letter_of,
)
from hato.store.api import Account
from hato.store.directory import Queue, QueueId, QueueItem
from hato.store.model import Traits
from hato.store.staged import Staged

_BAD_LINE_ENDS: Final = Text(
    en="The letter has line ends that no server takes: every line has to end with CR LF.",
    ja="メールの改行が正しくありません。どの行も CR LF で終わる必要があります。",
)
_HAS_NUL: Final = Text(
    en="The letter has NUL characters, which cannot be sent: attach such data instead.",
    ja="メールに送信できない NUL 文字があります。そのデータは添付してください。",
)


class Entry(NamedTuple):
    """One letter of the outbox."""

    queue_id: QueueId
    letter: WaitingLetter
    due: int
    """When it is tried next by itself, in seconds since 1970 UTC."""
    attempts: int
    created: int
    """When it was given to us."""


class Outbox:
    """The letters of everybody that wait to leave; those that left stay known for a week."""

    def __init__(self, queue: Queue, clock: Clock) -> None:
        """`queue`: the store's."""
        self._queue = queue
        self._clock = clock

    async def put(
        self,
        account: Account,
        identity: Identity,
        envelope: Envelope,
        email_id: EmailId,
        *,
        subject: str = "",
        key: str | None = None,
    ) -> QueueId:
        """Take a letter that lies in the account, as a draft, to be sent as soon as possible.

        It is durable when this returns; `Courier.send_now` sends it at once. `key` tells it from
        all others of the account; None: the email itself is the key. The same key gives the same
        place in the outbox, and who has the letter, or may have it, gets nothing again; where it
        was changed meanwhile, the others get it as it is now. Raises InvalidInputError for a
        letter that cannot be sent as it is, NotFoundError where it lies nowhere, InUseError where
        it is being sent.
        """
        letter = await find_letter(account, email_id)
        _refuse_unsendable(letter.traits)
        await sent_header(account, letter.body)
        await refuse_long_lines(account, letter.body)
        waiting = WaitingLetter(
            account_id=account.account_id,
            email_id=email_id,
            identity_id=identity.identity_id,
            sender=envelope.sender,
            recipients=tuple(Recipient(address) for address in envelope.recipients),
            subject=subject,
        )
        now = self._clock.now()
        name = _key_of(account.account_id, key or f"id:{email_id}")
        queue_id = await self._queue.put(name, encoded(waiting), b"", now, now)
        before = read_letter_of(await self._queue.item(queue_id))
        if before.having(Fate.REFUSED) or not _is_same(before, waiting):
            async with self._held(queue_id) as (item, owner):
                anew = _changed(read_letter_of(item), waiting)
                await self._queue.retry(queue_id, owner, now, "", encoded(anew))
        return queue_id

    async def put_staged(
        self,
        account: Account,
        identity: Identity,
        envelope: Envelope,
        staged: Staged,
        *,
        subject: str = "",
        key: str | None = None,
    ) -> QueueId:
        """Take a letter that lies nowhere yet (`hato send FILE`): it is filed as a draft first.

        `staged`: sealed, in wire form (CRLF). Raises as `put`, and as `Account.commit` does.
        """
        _refuse_unsendable(staged.traits)
        if key is not None:
            name = _key_of(account.account_id, key)
            known = [item for item in await self._queue.items() if item.key == name]
            if known:
                return known[0].queue_id
        email_id = await file_as_draft(account, staged, self._clock.now())
        return await self.put(account, identity, envelope, email_id, subject=subject, key=key)

    async def all(self, account_id: AccountId | None = None) -> list[Entry]:
        """Return what waits, needs its person or left lately, by due time; of one account only."""
        found = []
        for item in await self._queue.items():
            try:
                entry = _entry_of(item)
            except DamagedError as fault:
                log.warning("waiting-letter-unreadable", reason=str(fault))
                continue
            if account_id in (None, entry.letter.account_id):
                found.append(entry)
        return found

    async def find(self, queue_id: QueueId) -> Entry:
        """Return one letter. Raises NotFoundError, DamagedError."""
        return _entry_of(await self._queue.item(queue_id))

    async def retry(self, queue_id: QueueId) -> None:
        """Let what did not leave be tried again now: what waits, was refused or is unknown.

        It is the person's decision: of what is unknown a second copy may arrive. Raises
        NotFoundError; InUseError while it is being sent.
        """
        async with self._held(queue_id) as (item, owner):
            letter = read_letter_of(item)
            anew = tuple(
                one if one.fate is Fate.SENT else msgspec.structs.replace(one, fate=Fate.WAITING)
                for one in letter.recipients
            )
            letter = msgspec.structs.replace(letter, recipients=anew, failures=0, refused="")
            now = self._clock.now()
            await self._queue.retry(queue_id, owner, now, item.reason, encoded(letter))

    async def drop(self, queue_id: QueueId) -> None:
        """Send it no more; the letter stays where it lies (Drafts, or Sent where some have it).

        Raises NotFoundError; InUseError while it is being sent.
        """
        async with self._held(queue_id) as (_, owner):
            await self._queue.done(queue_id, owner)

    @asynccontextmanager
    async def _held(self, queue_id: QueueId) -> AsyncIterator[tuple[QueueItem, str]]:
        """Be the only one who has it; the body gives it back."""
        owner = f"hand {secrets.token_hex(8)}"
        now = self._clock.now()
        yield await self._queue.claim_one(queue_id, owner, now, limits.OUTBOX_CLAIM_SECONDS), owner


def _entry_of(item: QueueItem) -> Entry:
    """Return an item as people see it. Raises DamagedError."""
    return Entry(item.queue_id, read_letter_of(item), item.due, item.attempts, item.created)


def _is_same(before: WaitingLetter, now: WaitingLetter) -> bool:
    """Tell whether two are the same letter for the same people."""
    addresses = [{one.address for one in letter.recipients} for letter in (before, now)]
    return before.email_id == now.email_id and addresses[0] == addresses[1]


def _changed(before: WaitingLetter, now: WaitingLetter) -> WaitingLetter:
    """Return a letter that was changed, for those who neither have it nor may have it."""
    kept = {one.address: one for one in before.recipients if one.fate in (Fate.SENT, Fate.UNKNOWN)}
    others = tuple(one for one in now.recipients if one.address not in kept)
    return msgspec.structs.replace(now, recipients=(*kept.values(), *others))


def _key_of(account_id: AccountId, key: str) -> str:
    """Return a key that no other account has."""
    return f"{account_id}/{key}"


def _refuse_unsendable(traits: Traits) -> None:
    """Raise InvalidInputError for a letter that no server may be given (RFC 5321 §2.3.8)."""
    if traits & Traits.BARE_CR_OR_LF:
        raise InvalidInputError(_BAD_LINE_ENDS)
    if traits & Traits.HAS_NUL:
        raise InvalidInputError(_HAS_NUL)
