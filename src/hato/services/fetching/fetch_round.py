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
import itertools

import msgspec

from hato.clients.pop3 import Pop3Client
from hato.clients.pop3_packed_listing import PackedListing
from hato.core.clock import Clock
from hato.core.errors import HatoError
from hato.core.ids import MailboxId
from hato.core.secret import Secret
from hato.net.dialled import Patience
from hato.services.delivery import DeliveryService
from hato.services.fetching.absences import write_what_is_gone
from hato.services.fetching.deletions import delete_and_quit, doubtful_parts, find_due
from hato.services.fetching.due_letters import DueLetters, Proof
from hato.services.fetching.ledger_books import LedgerBooks
from hato.services.fetching.letters import fetch_letters
from hato.services.fetching.listing import News, again_of, look_at_mailbox, octets_of, parts_of
from hato.services.fetching.notes import Reason
from hato.services.fetching.placeholders import put_notes
from hato.services.fetching.poll import Poll
from hato.services.fetching.poll_outcome import Outcome, Stage, Tally
from hato.services.fetching.provider import open_mailbox
from hato.services.fetching.reckoning import (
    Wish,
    Wishes,
    sort_wishes,
)
from hato.services.fetching.recognition import recognise
from hato.services.fetching.roll_call import may_end_early
from hato.services.fetching.same_letters import letters_in_doubt, look_at_headers
from hato.services.sources.source import Source, polling_lock
from hato.store.api import Account


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
    seen = _Seen()
    poll: Poll | None = None
    error: HatoError | None = None
    try:
        lock = await account.lock(polling_lock(source.source_id))
        try:
            client, seen.method = await open_mailbox(source, secret, tally, patience)
            try:
                listed = await _hear(client, seen, tally)
                if await _has_news(account, source, listed, wanted_whole, books, clock.now()):
                    book = await books.open(account, source.source_id)
                    folder = await _folder_of(account, source)
                    poll = Poll(account, source, delivery, clock, tally, book, folder)
                    await _work(poll, client, listed, wanted_whole)
                else:
                    await client.quit()
            finally:
                client.close()
                if poll is not None:
                    books.remember(account, poll.book)
        finally:
            await lock.release()
    except HatoError as fault:
        error = fault
    tally.stage = Stage.DONE
    return _outcome(seen, poll, error)


class _Seen(msgspec.Struct):
    """What a session showed before it was known whether there is anything to do."""

    method: str = ""
    login_delay_seconds: int | None = None
    on_server: int = 0


def _outcome(seen: _Seen, poll: Poll | None, error: HatoError | None) -> Outcome:
    """Say what came of a poll; without `poll` there was nothing to do, or it did not come to it."""
    if poll is None:
        return Outcome(
            on_server=seen.on_server,
            login_delay_seconds=seen.login_delay_seconds,
            method=seen.method,
            error=error,
        )
    return Outcome(
        new=poll.new,
        again=poll.tally.again,
        failed=poll.tally.failed,
        octets=poll.octets,
        deleted=poll.tally.deleted,
        quarantined=poll.quarantined,
        renumbered=poll.renumbered,
        on_server=len(poll.listing.sizes) or seen.on_server,
        login_delay_seconds=seen.login_delay_seconds,
        method=seen.method,
        error=error,
        cut_within_one_letter=poll.times_lost(),
    )


async def _hear(client: Pop3Client, seen: _Seen, tally: Tally) -> PackedListing:
    """Ask what lies there."""
    if client.capabilities is not None:
        seen.login_delay_seconds = client.capabilities.login_delay_seconds
    tally.stage = Stage.LISTING
    listed = await client.list_unique_ids()
    seen.on_server = len(listed)
    return listed


async def _has_news(
    account: Account,
    source: Source,
    listed: PackedListing,
    wanted_whole: frozenset[bytes],
    books: LedgerBooks,
    now: int,
) -> bool:
    """Tell whether a poll has anything to do behind the listing."""
    if not may_end_early(source, wanted_whole):
        return True
    expected = await books.expected(account, source.source_id)
    return not await asyncio.to_thread(expected.is_met_by, listed, now)


async def _folder_of(account: Account, source: Source) -> MailboxId:
    """Return where new letters go: INBOX where the source's folder is gone."""
    if source.folder is None:
        return account.inbox
    mailboxes = await account.mailboxes()
    is_there = any(mailbox.mailbox_id == source.folder for mailbox in mailboxes)
    return source.folder if is_there else account.inbox


async def _work(
    poll: Poll, client: Pop3Client, listed: PackedListing, wanted_whole: frozenset[bytes]
) -> None:
    """Do what is to be done once it is known what lies there."""
    try:
        news = await look_at_mailbox(poll, client, listed, wanted_whole)
        suspects = await _fetch_news(poll, client, news, wanted_whole)
        due = await _prove(poll, client, await find_due(poll))
        if suspects and not due.has(Proof.SURE):
            # Where something is to be deleted they wait: without QUIT none of that would count.
            await _fetch(poll, client, Wishes(whole=suspects))
            due = await _prove(poll, client, await find_due(poll))
    except HatoError as fault:
        poll.blame(fault)
        with contextlib.suppress(HatoError):
            await poll.write_findings([], None)
        raise
    await write_what_is_gone(poll)
    await delete_and_quit(poll, client, due)


async def _prove(poll: Poll, client: Pop3Client, due: DueLetters) -> DueLetters:
    """Look at the letters that are to be deleted: by their headers, in doubt as a whole."""
    await look_at_headers(poll, client, due)
    if not due.has(Proof.DOUBTFUL):
        return due
    poll.orphans = await letters_in_doubt(poll, due)
    for part in doubtful_parts(poll, due):
        await _fetch(poll, client, Wishes(whole=part))
    return await find_due(poll)


async def _fetch_news(
    poll: Poll, client: Pop3Client, news: News, wanted_whole: frozenset[bytes]
) -> list[Wish]:
    """Fetch what is new, part by part, the whole letters first; return those that may do harm."""
    largest = poll.delivery.message_octets
    if poll.source.largest_octets is not None:
        largest = min(largest, poll.source.largest_octets)
    poll.tally.letters_total += len(news)
    poll.tally.octets_total += await asyncio.to_thread(octets_of, poll, news)
    later = Wishes()
    for part in itertools.chain(parts_of(poll, news), [None]):
        new = again_of(poll, news) if part is None else await recognise(poll, client, part)
        sorted_out = sort_wishes(
            new, poll.book.suspicions, largest_octets=largest, asked_for=wanted_whole
        )
        later.put_off(sorted_out)
        poll.tally.letters_total -= len(part or ())
        poll.tally.octets_total -= sum(wish.size_octets for wish in part or ())
        await _fetch(poll, client, Wishes(whole=sorted_out.whole))
    await _fetch(poll, client, Wishes(too_large=later.too_large, hopeless=later.hopeless))
    return later.suspects


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
