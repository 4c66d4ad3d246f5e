"""What a person wants done with each new message besides keeping it: her command, her Maildir.

Called by `services.fetching.source_polls` around each poll, under the source's lock.
Never comes before a message is durable here; never loses one: what is not done is found again.
Standards: none.
Fails never for what a command or a Maildir does: the report says it; raises as the store does.

What holds: each message that a poll keeps goes to the Maildir once, and to the command once, unless
Hato or its machine dies while the command runs or before that is noted: then the command runs again
for that one message (its `HATO_EMAIL` is the same). A command that fails is not run again; a
Maildir that cannot be written is tried again at the next poll, and commands wait for it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

import msgspec

from hato.core import limits
from hato.core.errors import ConflictError, DamagedError, NotFoundError
from hato.core.ids import AccountId, EmailId, ModSeq
from hato.core.log import log
from hato.services.fetching.hooks import run_hook
from hato.services.fetching.maildir_output import MaildirOutput
from hato.services.sources.source import Source
from hato.services.sources.sources import OUTPUT_KIND
from hato.store.api import Account
from hato.store.changes import PutObject
from hato.store.model import ChangeKind, Email

_PAGE: Final = 1_000
_TOGETHER: Final = 100
"""Messages in a Maildir whose names are made durable together."""
_FAR_BEHIND: Final = 10_000
"""Steps of an account after which it is noted that none of them brought anything."""


class Cursor(msgspec.Struct, frozen=True):
    """How far the outputs of a source got."""

    modseq: ModSeq
    """What came up to this step is done."""
    email_id: EmailId = EmailId(0)
    """Of what came after it, that up to here is done."""


class OutputReport(msgspec.Struct, frozen=True):
    """What became of the new messages."""

    done: int = 0
    hook_fault: str = ""
    """What went wrong last; empty: nothing."""
    maildir_fault: str = ""


class Outputs:
    """The outputs of all sources that this process polls."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._looked_until: dict[tuple[AccountId, str], ModSeq] = {}

    async def begin(self, account: Account, source: Source) -> None:
        """Note before a poll from where on messages are new to the outputs."""
        kept = await account.stored_object(OUTPUT_KIND, source.source_id)
        if not (source.hook or source.maildir):
            if kept is not None:
                await account.commit([PutObject(OUTPUT_KIND, source.source_id, None)])
        elif kept is None:
            await _write(account, source, Cursor(await account.modseq()))

    async def run(self, account: Account, source: Source) -> OutputReport:
        """Do what is wanted with all messages of a source that are new since the last time."""
        if not (source.hook or source.maildir):
            return OutputReport()
        key = (account.account_id, source.source_id)
        now = await account.modseq()
        if self._looked_until.get(key) == now:
            return OutputReport()
        work = _Work(account, source, await _read(account, source))
        await work.run()
        if not work.is_stuck:
            self._looked_until[key] = now
        return OutputReport(work.done, work.hook_fault, work.maildir_fault)


class _Work:
    """The outputs of one source, once."""

    def __init__(self, account: Account, source: Source, cursor: Cursor) -> None:
        self._account = account
        self._source = source
        self._cursor = cursor
        self._maildir = MaildirOutput(source.maildir) if source.maildir else None
        self._last = cursor.email_id
        self._unsettled_count = 0
        self.done = 0
        self.hook_fault = ""
        self.maildir_fault = ""
        self.is_stuck = False

    async def run(self) -> None:
        """Do everything that is left; stop where the Maildir cannot be written."""
        since = self._cursor.modseq
        try:
            while True:
                until, has_more, emails = await self._page(since)
                for email in emails:
                    await self._put(email)
                since = until
                if not has_more:
                    break
            await self._settle(since)
        except OSError as fault:
            self.is_stuck = True
            where = fault.filename or self._source.maildir
            self.maildir_fault = f"{where}: {fault.strerror or fault}"
            return

    async def _page(self, since: ModSeq) -> tuple[ModSeq, bool, list[Email]]:
        """Return messages of the source that are new after a step, in the order they came."""
        try:
            changes = await self._account.changes(ChangeKind.EMAIL, since, _PAGE)
        except ConflictError:  # so long ago that the account forgot it
            now = await self._account.modseq()
            await _write(self._account, self._source, Cursor(now))
            return now, False, []
        new = sorted(EmailId(int(each)) for each in changes.created)
        emails = await self._account.emails([each for each in new if each > self._cursor.email_id])
        ours = [email for email in emails if email.source == self._source.source_id]
        return changes.until, changes.has_more, ours

    async def _put(self, email: Email) -> None:
        """Do what is wanted with one message. Raises OSError for the Maildir."""
        try:
            if self._maildir is not None:
                mark = f"{self._account.account_id}_{email.email_id}"
                await self._maildir.put(mark, self._octets(email), email.received)
            if self._source.hook:
                await self._settle_names()
                fault = await run_hook(self._source.hook, self._octets(email), self._facts(email))
                if fault is not None:
                    self._note_hook_fault(email, fault)
        except (DamagedError, NotFoundError) as fault:
            self._note_hook_fault(email, str(fault))
        self.done += 1
        self._last = email.email_id
        self._unsettled_count += 1
        if self._source.hook or self._unsettled_count >= _TOGETHER:
            await self._settle()

    async def _settle_names(self) -> None:
        if self._maildir is not None:
            await self._maildir.settle()

    async def _settle(self, until: ModSeq | None = None) -> None:
        """Note how far we are, once that is durable; `until`: everything up to that step."""
        if self._unsettled_count and not self._source.hook:
            await self._settle_names()
        modseq = self._cursor.modseq if until is None else until
        is_far = modseq - self._cursor.modseq > _FAR_BEHIND
        self._cursor = Cursor(modseq, self._last)
        if self._unsettled_count or (until is not None and (self.done or is_far)):
            await _write(self._account, self._source, self._cursor)
        self._unsettled_count = 0

    def _note_hook_fault(self, email: Email, fault: str) -> None:
        self.hook_fault = fault
        source_id = self._source.source_id
        log.warning("hook-failed", source=source_id, email=email.email_id, reason=fault)

    async def _octets(self, email: Email) -> AsyncIterator[bytes]:
        """Yield a message, piece by piece."""
        size = email.body.size_octets
        for start in range(0, size, limits.BODY_CHUNK_OCTETS):
            stop = min(start + limits.BODY_CHUNK_OCTETS, size)
            yield (await self._account.read(email.body, start, stop)).data

    def _facts(self, email: Email) -> dict[str, str]:
        """Return what a command is told about a message."""
        return {
            "HATO_ACCOUNT": self._account.account_id,
            "HATO_SOURCE": self._source.source_id,
            "HATO_ADDRESS": self._source.address,
            "HATO_EMAIL": str(email.email_id),
            "HATO_UIDL": email.uidl,
            "HATO_SIZE_OCTETS": str(email.body.size_octets),
            "HATO_RECEIVED": str(email.received),
        }


async def _read(account: Account, source: Source) -> Cursor:
    """Return how far the outputs of a source got; where nobody knows: up to now."""
    kept = await account.stored_object(OUTPUT_KIND, source.source_id)
    if kept is not None:
        try:
            return msgspec.json.decode(kept.content, type=Cursor)
        except msgspec.DecodeError as fault:
            log.warning("output-cursor-unreadable", source=source.source_id, reason=str(fault))
    return Cursor(await account.modseq())


async def _write(account: Account, source: Source, cursor: Cursor) -> None:
    """Keep how far the outputs of a source got, unless the source is gone."""
    content = msgspec.json.encode(cursor)
    await account.commit([PutObject(OUTPUT_KIND, source.source_id, content)])
