"""One poll of one source: connect, list, fetch what is new, delete what may go, say goodbye.

Called by schedules and by `hato fetch`, once for each poll.
Never deletes there what is not durable here; never fetches twice what is here; never stores a
letter whose end was not read.
Standards: RFC 1939, RFC 2449 §6.5 and §6.6, RFC 8314 §3.
Fails never for what a server or a disk does: the outcome says what ended it. Cancelling is safe.
"""

from __future__ import annotations

import asyncio
import contextlib

from hato.clients.pop3 import Pop3Client
from hato.core.clock import Clock
from hato.core.errors import HatoError
from hato.core.ids import MailboxId
from hato.core.secret import Secret
from hato.net.dialled import Patience
from hato.services.delivery import DeliveryService
from hato.services.fetching.deletions import delete_and_quit, find_due
from hato.services.fetching.ledger_books import LedgerBooks
from hato.services.fetching.letters import fetch_letters
from hato.services.fetching.listing import look_at_mailbox
from hato.services.fetching.notes import Reason
from hato.services.fetching.placeholders import put_notes
from hato.services.fetching.poll import Poll
from hato.services.fetching.poll_outcome import Outcome, Stage, Tally
from hato.services.fetching.provider import open_mailbox
from hato.services.fetching.reckoning import (
    Wishes,
    reckon_absences,
    reckon_returns,
)
from hato.services.sources.source import Source, polling_lock
from hato.store.api import Account
from hato.store.model import LedgerState


async def fetch_round(  # noqa: PLR0913 - all that a poll needs, each by its name
    account: Account,
    source: Source,
    secret: Secret,
    *,
    delivery: DeliveryService,
    clock: Clock,
    tally: Tally,
    patience: Patience | None = None,
    wanted_whole: frozenset[bytes] = frozenset(),
    books: LedgerBooks | None = None,
) -> Outcome:
    """Poll one source of an account.

    `secret`: its password or access token. `tally`: a fresh one, kept up to date meanwhile.
    `wanted_whole`: names in the ledger of letters that are fetched whole however large they are,
    and of those in quarantine that are to be tried now. `books`: ledgers remembered between polls
    by whoever polls often; None: nothing is remembered. Two polls of one source exclude each other
    (the outcome's error is InUseError).
    """
    books = books or LedgerBooks()
    method, error = "", None
    login_delay_seconds: int | None = None
    poll: Poll | None = None
    try:
        lock = await account.lock(polling_lock(source.source_id))
        try:
            book = await books.open(account, source.source_id)
            folder = await _folder_of(account, source)
            poll = Poll(account, source, delivery, clock, tally, book, folder)
            client, method = await open_mailbox(source, secret, tally, patience)
            if client.capabilities is not None:
                login_delay_seconds = client.capabilities.login_delay_seconds
            try:
                await _work(poll, client, wanted_whole)
            finally:
                client.close()
                books.remember(account, book)
        finally:
            await lock.release()
    except HatoError as fault:
        error = fault
    tally.stage = Stage.DONE
    if poll is None:
        return Outcome(error=error)
    return Outcome(
        new=len(poll.new_emails),
        again=tally.again,
        failed=tally.failed,
        octets=poll.octets,
        deleted=tally.deleted,
        quarantined=poll.quarantined,
        renumbered=poll.renumbered,
        on_server=len(poll.listing.sizes) or len(poll.listing.unique_ids or ()),
        login_delay_seconds=login_delay_seconds,
        method=method,
        error=error,
        new_emails=tuple(poll.new_emails),
    )


async def _folder_of(account: Account, source: Source) -> MailboxId:
    """Return where new letters go: INBOX where the source's folder is gone."""
    if source.folder is None:
        return account.inbox
    mailboxes = await account.mailboxes()
    is_there = any(mailbox.mailbox_id == source.folder for mailbox in mailboxes)
    return source.folder if is_there else account.inbox


async def _work(poll: Poll, client: Pop3Client, wanted_whole: frozenset[bytes]) -> None:
    """Do what is to be done once the mailbox is open."""
    poll.tally.stage = Stage.LISTING
    try:
        wishes = await look_at_mailbox(poll, client, wanted_whole)
        await _fetch(poll, client, wishes)
        due = await find_due(poll)
        if not due:
            # Where something is to be deleted they wait: without QUIT none of that would count.
            await _fetch(poll, client, Wishes(whole=wishes.suspects))
            due = await find_due(poll)
    except HatoError as fault:
        poll.blame(fault)
        with contextlib.suppress(HatoError):
            await poll.write_findings([], None)
        raise
    await _write_findings(poll)
    await delete_and_quit(poll, client, due)


async def _fetch(poll: Poll, client: Pop3Client, wishes: Wishes) -> None:
    """Fetch what is new, the whole letters first."""
    wanted = [*wishes.whole, *wishes.too_large, *wishes.hopeless]
    if not wanted:
        return
    poll.tally.stage = Stage.FETCHING
    poll.tally.letters_total += len(wanted)
    poll.tally.octets_total += sum(wish.size_octets for wish in wishes.whole)
    unkeepable = await fetch_letters(poll, client, wishes.whole)
    await put_notes(poll, client, wishes.too_large, Reason.TOO_LARGE)
    await put_notes(poll, client, wishes.hopeless, Reason.REFUSED)
    await put_notes(poll, client, unkeepable, Reason.NOT_KEPT)


async def _write_findings(poll: Poll) -> None:
    """Write down what is gone, what came back, and what is odd."""
    listed, book, now = poll.located.numbers.keys(), poll.book, poll.clock.now()
    if not await asyncio.to_thread(lambda: poll.knows_all_that_is_listed):
        # What seems to be missing may be one of those that nobody knows yet.
        await poll.write_findings([], None)
        return
    absences = await asyncio.to_thread(reckon_absences, listed, book.entries, book.suspicions, now)
    returns = reckon_returns(listed, book.entries, book.in_state(LedgerState.GONE), now)
    poll.tally.deleted += sum(
        entry.state is LedgerState.DELETION_CONFIRMED for entry in absences.settled
    )
    await poll.write_findings(absences.settled + returns, absences.missing)
