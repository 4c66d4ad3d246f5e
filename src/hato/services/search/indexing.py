"""Brings an account's search index to where the account is.

Called by `search` (before it looks) and by `service` (in the background).
Never holds more than two groups of letters; never counts a letter as searched that is not in the
index: how far it is stands in the same step as the letters.
Standards: none.
Fails with StorageFullError and UnavailableError; what was indexed until then stays.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Sequence
from typing import Final

import msgspec

from hato.core import limits
from hato.core.errors import (
    ConflictError,
    DamagedError,
    InUseError,
    NotFoundError,
    StorageFullError,
    UnavailableError,
)
from hato.core.ids import EmailId, ModSeq
from hato.services.search.letter_words import empty_entry, entry_of
from hato.services.search.tokens import MAKER
from hato.store.api import Account
from hato.store.model import ChangeKind, Email
from hato.store.search import SEARCH_LOCK, SearchEntry

_START: Final = ModSeq(0)
_MOST_DAMAGES: Final = 2
"""More often an index is not made anew at once: the disk is bad."""
_READ_TOGETHER: Final = 32
"""Letters that are read before a thread looks for their words."""


class _EnoughError(Exception):
    """As many letters were indexed as were asked for, and some are left."""


class Progress(msgspec.Struct, frozen=True):
    """How far an index has come."""

    done: int
    """Letters of those that were missing."""
    total: int
    """How many are known to be missing; more may come. 0: another process is at it."""


async def is_up_to_date(account: Account) -> bool:
    """Tell whether all letters that are there now are in the index."""
    modseq = await account.modseq()
    state = await account.search.state()
    return state is not None and state.maker == MAKER and state.modseq == modseq


async def index_some(account: Account, letters: int) -> bool:
    """Index so many letters at most; False: some are left, or another process is at it."""
    until = await account.modseq()
    with contextlib.suppress(InUseError, _EnoughError):
        lock = await account.lock(SEARCH_LOCK)
        try:
            async with contextlib.aclosing(_index(account, letters)) as groups:
                async for _progress in groups:
                    pass
        except DamagedError:
            await account.search.begin(MAKER)
        finally:
            await lock.release()
    return await _has_reached(account, until)


async def bring_up_to_date(account: Account) -> AsyncGenerator[Progress, None]:
    """Index all that is in the account when this is called; tell of each group of letters.

    Where another process is at it, wait for it. To stop in the middle is safe.
    """
    until, damages = await account.modseq(), 0
    while not await _has_reached(account, until):
        try:
            lock = await account.lock(SEARCH_LOCK, limits.SEARCH_WAIT_SECONDS)
        except InUseError:
            yield Progress(0, 0)
            continue
        try:
            async with contextlib.aclosing(_index(account)) as groups:
                async for progress in groups:
                    yield progress
        except DamagedError as fault:  # of the index: what letters do not give is no error here
            damages += 1
            if damages > _MOST_DAMAGES:
                raise UnavailableError(
                    f"the search index is damaged again and again: {fault}"
                ) from fault
            await account.search.begin(MAKER)
        finally:
            await lock.release()


async def begin_again(account: Account) -> None:
    """Give up a damaged index; where another process is at it already, leave it to that one."""
    with contextlib.suppress(InUseError, StorageFullError):
        lock = await account.lock(SEARCH_LOCK)
        try:
            await account.search.begin(MAKER)
        finally:
            await lock.release()


async def _has_reached(account: Account, until: ModSeq) -> bool:
    """Tell whether the index holds what was there at a step, and belongs to this account."""
    state = await account.search.state()
    return (
        state is not None
        and state.maker == MAKER
        and until <= state.modseq <= await account.modseq()
    )


async def _index(account: Account, most: int | None = None) -> AsyncGenerator[Progress, None]:
    """Index what is missing, under the lock. Raises DamagedError: it must be made anew."""
    index = account.search
    state = await index.state()
    if state is None or state.maker != MAKER or state.modseq > await account.modseq():
        await index.begin(MAKER)
    elif state.modseq > _START:
        with contextlib.suppress(ConflictError):  # what went since then is forgotten: compare all
            async for progress in _follow(account, state.modseq, most):
                yield progress
            return
    async for progress in _compare(account, most):
        yield progress


async def _follow(
    account: Account, since: ModSeq, most: int | None
) -> AsyncGenerator[Progress, None]:
    """Index what changed. Raises ConflictError where that is not known any more."""
    has_more = True
    while has_more:
        changes = await account.changes(ChangeKind.EMAIL, since, limits.SEARCH_CHANGES)
        # What changed may have moved between folders while they were compared one by one.
        there = _email_ids([*changes.created, *changes.updated])
        gone = _email_ids(changes.destroyed)
        async for progress in _put_missing(account, there, gone, changes.until, most):
            yield progress
        since, has_more = changes.until, changes.has_more


async def _compare(account: Account, most: int | None) -> AsyncGenerator[Progress, None]:
    """Compare the index with all folders, and index what it lacks."""
    modseq = await account.modseq()  # whatever changes from here on is followed afterwards
    there: dict[int, None] = {}
    for mailbox in await account.mailboxes():
        with contextlib.suppress(NotFoundError):
            there.update(dict.fromkeys((await account.snapshot(mailbox.mailbox_id)).email_ids))
    email_ids = _email_ids(list(there))
    gone = await account.search.strangers(email_ids)
    async for progress in _put_missing(account, email_ids, gone, modseq, most):
        yield progress


def _email_ids(numbers: Sequence[int | str]) -> list[EmailId]:
    return [EmailId(int(number)) for number in numbers]


async def _put_missing(
    account: Account,
    there: list[EmailId],
    gone: list[EmailId],
    until: ModSeq,
    most: int | None,
) -> AsyncGenerator[Progress, None]:
    """Index those of some letters that are not in the index, and take others out.

    Words of the next group are found while the last one is written. `most`: of letters. Raises
    _EnoughError.
    """
    unknown = await account.search.unknown(there)
    missing = unknown[:most]
    done, writing = 0, None
    try:
        async with contextlib.aclosing(_groups(account, missing)) as groups:
            async for taken, entries in groups:
                if writing is not None:
                    await writing
                    yield Progress(done, len(missing))
                done += taken
                writing = asyncio.ensure_future(account.search.put(entries))
        if writing is not None:
            await writing
            yield Progress(done, len(missing))
    finally:
        if writing is not None and not writing.done():  # it is written in a thread: it goes on
            with contextlib.suppress(Exception):
                await writing
    if len(missing) < len(unknown):
        raise _EnoughError
    await account.search.put([], gone, until=until)


async def _groups(
    account: Account, missing: list[EmailId]
) -> AsyncGenerator[tuple[int, list[SearchEntry]], None]:
    """Yield the entries of letters in groups, and of how many letters each is."""
    taken, octets = 0, 0
    entries: list[SearchEntry] = []
    for start in range(0, len(missing), _READ_TOGETHER):
        part = missing[start : start + _READ_TOGETHER]
        letters: list[tuple[Email, bytes | None]] = []
        for email in await account.emails(part):
            letter = await _read(account, email)
            letters.append((email, letter))
            octets += len(letter or b"")
            if octets > limits.SEARCH_GROUP_OCTETS:
                entries += await asyncio.to_thread(_entries, letters)
                letters = []
                yield taken, entries
                taken, octets, entries = 0, 0, []
        entries += await asyncio.to_thread(_entries, letters)
        taken += len(part)
        if taken >= limits.SEARCH_GROUP_LETTERS:
            yield taken, entries
            taken, octets, entries = 0, 0, []
    if taken or entries:
        yield taken, entries


async def _read(account: Account, email: Email) -> bytes | None:
    """Return a letter's octets; None where they are damaged or gone."""
    pieces: list[bytes] = []
    size = min(email.body.size_octets, limits.SEARCH_LETTER_OCTETS)
    try:
        for start in range(0, size, limits.BODY_CHUNK_OCTETS):
            stop = min(start + limits.BODY_CHUNK_OCTETS, size)
            pieces.append((await account.read(email.body, start, stop)).data)
            if start:
                await asyncio.sleep(
                    0
                )  # what is in memory is read without waiting: let others go on
    except (DamagedError, NotFoundError):
        return None
    return b"".join(pieces)


def _entries(letters: list[tuple[Email, bytes | None]]) -> list[SearchEntry]:
    """Find the words of letters, in a thread."""
    entries = []
    for email, octets in letters:
        entries.append(empty_entry(email) if octets is None else entry_of(email, octets))
        time.sleep(0)  # whoever waits for the interpreter goes on now: the loop above all
    return entries
