"""Fetches whole letters, as many ahead as the server allows, and hands them on to be kept.

Called by `fetch_round` once it knows which letters are new.
Never keeps a letter whose end was not read; never holds a letter in memory that is large.
Standards: RFC 1939 §5 (RETR), RFC 2449 §6.6 (PIPELINING).
Fails as a conversation and as the store do; what came whole before that is kept.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Final

import msgspec

from hato.clients.errors import LetterRefusedError, NonsenseError
from hato.clients.pop3 import Pop3Client
from hato.clients.pop3_letter import Letter
from hato.core.errors import HatoError, TooLargeError
from hato.core.limits import ENDLESS_LETTER_OCTETS
from hato.services.delivery import Taken
from hato.services.fetching.identity import is_proven, proven
from hato.services.fetching.letter_groups import LetterGroups
from hato.services.fetching.poll import Poll
from hato.services.fetching.reckoning import Wish
from hato.store.model import LedgerEntry, LedgerState

_LEAST_SHARE: Final = 2
"""A letter of less than half the size that the server lists is not believed to be whole. Sizes are
often wrong by some percent: where servers count line ends as one octet, or estimate."""


async def fetch_letters(poll: Poll, client: Pop3Client, wishes: Sequence[Wish]) -> list[Wish]:
    """Fetch letters and keep them; return those that cannot be kept although they came."""
    if not wishes:
        return []
    groups = LetterGroups(poll)
    known: list[tuple[LedgerEntry, bytes]] = []
    try:
        try:
            await _fetch(poll, client, wishes, groups, known)
        except HatoError:
            with contextlib.suppress(HatoError):
                await _finish(poll, groups, known)
            raise
        await _finish(poll, groups, known)
    finally:
        await groups.abandon()  # what is left lies on the disk, and a full one needs the room now
    return groups.unkeepable


async def _finish(poll: Poll, groups: LetterGroups, known: list[tuple[LedgerEntry, bytes]]) -> None:
    """Write what has come and is not written yet."""
    now = poll.clock.now()
    await poll.write_entries(
        [
            *await poll.displaced_by(known),
            *(msgspec.structs.replace(proven(entry, now), uidl=key) for entry, key in known),
        ],
        (entry.uidl for entry, key in known if entry.uidl != key),
    )
    await groups.finish()


async def _fetch(
    poll: Poll,
    client: Pop3Client,
    wishes: Sequence[Wish],
    groups: LetterGroups,
    known: list[tuple[LedgerEntry, bytes]],
) -> None:
    by_number = {wish.number: wish for wish in wishes}
    following = iter(wishes)
    poll.expect(next(following))
    async with contextlib.aclosing(client.letters(by_number)) as letters:
        async for letter in letters:
            wish = by_number[letter.number]
            taken = await _take(poll, groups, wish, letter)
            if taken is not None:
                await _pass_on(poll, groups, wish, taken, known)
            poll.expect(next(following, None))


async def _pass_on(
    poll: Poll,
    groups: LetterGroups,
    wish: Wish,
    taken: Taken,
    known: list[tuple[LedgerEntry, bytes]],
) -> None:
    """Let a letter be kept, unless it is here already."""
    try:
        if await _is_known(poll, wish, taken, known):
            return
        state = await _state_of(poll, wish, taken)
    except BaseException:
        taken.discard()
        raise
    await groups.add(wish, taken, state)


async def _take(poll: Poll, groups: LetterGroups, wish: Wish, letter: Letter) -> Taken | None:
    """Take one letter in; None: it is refused, there or here."""
    try:
        return await poll.delivery.take_in(_watched(poll, letter))
    except LetterRefusedError:
        poll.tally.failed += 1
        poll.tally.letters_done += 1
        if wish.key is not None:
            poll.refused.add(wish.key)
    except TooLargeError:
        # The server said that it was smaller.
        groups.unkeepable.append(wish)
        await _skip(letter)
    return None


async def _watched(poll: Poll, letter: Letter) -> AsyncIterator[bytes]:
    """Pass a letter's octets on, and count them."""
    async for chunk in letter.chunks():
        poll.tally.octets_done += len(chunk)
        yield chunk


async def _skip(letter: Letter) -> None:
    """Pass over the rest of a letter; not for ever."""
    most = letter.size_octets + ENDLESS_LETTER_OCTETS
    async for _ in letter.chunks():
        if letter.size_octets > most:
            raise NonsenseError("ENDLESS_LETTER")


async def _state_of(poll: Poll, wish: Wish, taken: Taken) -> LedgerState:
    """Return how far a letter that came is believed to be whole: one in doubt is never deleted.

    One that came as long once before, and was asked for again, is believed.
    """
    octets = taken.staged.size_octets
    if octets * _LEAST_SHARE >= wish.size_octets:
        return LedgerState.STORED
    own = None if wish.key is None else await poll.entry_of(wish.key)
    if own is None or own.email_id is None:
        return LedgerState.SEEN
    former = await poll.account.emails([own.email_id])
    is_as_before = any(email.body.size_octets == octets for email in former)
    return LedgerState.STORED if is_as_before else LedgerState.SEEN


async def _is_known(
    poll: Poll, wish: Wish, taken: Taken, known: list[tuple[LedgerEntry, bytes]]
) -> bool:
    """Tell whether the very letter is here already, under a name that the server uses no more."""
    checksum = taken.staged.checksum
    own = None if wish.key is None else await poll.entry_of(wish.key)
    if own is not None and is_proven(own, checksum):
        entry: LedgerEntry | None = own
    else:
        entry = poll.orphans.claim_by_checksum(checksum)
    if own is not None:
        poll.orphans.settle(own.uidl)
    if entry is None:
        return False
    taken.discard()
    poll.tally.again += 1
    poll.tally.letters_done += 1
    poll.told_by_header.discard(entry.uidl)
    poll.note_shown(wish.number)
    if wish.key is None:
        poll.located.numbers[entry.uidl] = wish.number
    else:
        known.append((entry, wish.key))
        poll.cleared.add(wish.key)
    return True
