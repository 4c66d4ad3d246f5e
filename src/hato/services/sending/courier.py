"""Carries waiting letters to their servers, writing down each step before it counts.

Called by whoever has just put a letter into the outbox (`send_now`) and by `sending.service`.
Never hands a letter over that somebody else may be handing over; never sends again what a server
may have; never forgets a letter that has not left.
Standards: RFC 5321 §4.5.4.1 (again and again, five days), RFC 5321 §6.1 (responsibility).
Fails with NotFoundError and InUseError of the outbox, and as the store does; what goes wrong on the
way is the outcome.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final, NamedTuple

import msgspec

from hato.core import limits
from hato.core.clock import Clock
from hato.core.errors import ConflictError, HatoError, NotFoundError, UnavailableError
from hato.core.language import Text
from hato.core.log import log
from hato.services.fetching.advice import Cure
from hato.services.sending.carrying import Carrying
from hato.services.sending.filing import file_as_sent
from hato.services.sending.outcome import Outcome, Standing
from hato.services.sending.sending_advice import (
    Trouble,
    gave_up,
    trouble_of_answers,
    wait_seconds,
)
from hato.services.sending.waiting_letter import (
    Fate,
    WaitingLetter,
    encoded,
    read_letter_of,
)
from hato.services.sending.ways_out import WaysOut
from hato.store.api import Account, Store
from hato.store.directory import QueueId, QueueItem

WaysOf = Callable[[Account], Awaitable[WaysOut]]
"""Returns an account's identities and the ways by which their letters leave."""

_NOTHING: Final = Text("", "")
_TAKEN_BACK: Final = Text(
    en="The letter was deleted before it left: it is not sent.",
    ja="送信前に削除されたため、送信しません。",
)


class Held(NamedTuple):
    """A letter that is ours for now."""

    item: QueueItem
    owner: str


class Courier:
    """Sends letters, each under a claim that is renewed while it lasts."""

    def __init__(
        self,
        store: Store,
        ways_of: WaysOf,
        clock: Clock,
        *,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """`chance` draws numbers from 0 up to 1: what jitter is made of."""
        self._store = store
        self._queue = store.queue
        self._ways_of = ways_of
        self._clock = clock
        self._chance = chance

    async def send_now(self, queue_id: QueueId) -> Outcome:
        """Try to send a letter, due or not, and return what came of it.

        Raises NotFoundError; InUseError while somebody else is sending it.
        """
        owner = _new_owner()
        now = self._clock.now()
        item = await self._queue.claim_one(queue_id, owner, now, limits.OUTBOX_CLAIM_SECONDS)
        return await self._send(Held(item, owner), is_by_hand=True)

    async def take_due(self, most: int) -> list[Held]:
        """Take letters whose time has come, for `send`; nobody else has them meanwhile."""
        owner = _new_owner()
        now = self._clock.now()
        items = await self._queue.claim(owner, now, limits.OUTBOX_CLAIM_SECONDS, most)
        return [Held(item, owner) for item in items]

    async def send(self, held: Held) -> Outcome:
        """Try to send a letter that was taken."""
        return await self._send(held, is_by_hand=False)

    async def _send(self, held: Held, *, is_by_hand: bool) -> Outcome:
        """Carry a letter that is ours, and write down what came of it."""
        letter = read_letter_of(held.item)
        async with self._holding(held):
            try:
                return await self._carry(held, letter, is_by_hand=is_by_hand)
            except ConflictError:
                return await self._lost(held, letter)
            except asyncio.CancelledError:
                with contextlib.suppress(HatoError):  # then the claim runs out by itself
                    due = self._clock.now()
                    await self._queue.retry(held.item.queue_id, held.owner, due, held.item.reason)
                raise

    async def _carry(self, held: Held, letter: WaitingLetter, *, is_by_hand: bool) -> Outcome:
        if letter.is_over and letter.has_left:
            return await self._keep_known(held, letter)
        try:
            account = await self._store.account(letter.account_id)
        except NotFoundError:  # the person was removed, with all that was hers
            return await self._take_back(held, letter)
        if not letter.having(Fate.WAITING):
            return await self._conclude(held, account, letter, None, "")
        carrying = Carrying(letter, account, await self._ways_of(account))
        try:
            await carrying.open(is_by_hand=is_by_hand)
            while await carrying.offer():
                await self._write(held, carrying.letter)
                await carrying.end()
        finally:
            await carrying.close()
        if carrying.is_gone:
            return await self._take_back(held, letter)
        return await self._conclude(held, account, carrying.letter, carrying.trouble, carrying.host)

    # What came of it

    async def _conclude(
        self,
        held: Held,
        account: Account,
        letter: WaitingLetter,
        trouble: Trouble | None,
        host: str,
    ) -> Outcome:
        """File what has left, and say what becomes of the rest."""
        if letter.having(Fate.SENT) and not letter.has_left:
            await self._write(held, letter)
            try:
                await file_as_sent(account, letter.email_id)
                letter = msgspec.structs.replace(letter, has_left=True)
            except HatoError as fault:
                log.warning("sent-letter-not-filed", queue=held.item.queue_id, reason=str(fault))
        number = int(held.item.queue_id)
        if trouble is None or letter.having(Fate.UNKNOWN):
            trouble = trouble_of_answers(letter, host, number) or trouble
        now = self._clock.now()
        if letter.is_over:
            due = now + (
                limits.OUTBOX_KNOWN_SECONDS if letter.has_left else limits.OUTBOX_FIRST_SECONDS
            )
            return await self._give_back(held, letter, Standing.SENT, None, due)
        if letter.having(Fate.WAITING):
            return await self._wait(held, letter, trouble)
        is_unknown = bool(letter.having(Fate.UNKNOWN))
        standing = Standing.UNKNOWN if is_unknown else Standing.NEEDS_YOU
        return await self._give_back(held, letter, standing, trouble, _never(now))

    async def _wait(self, held: Held, letter: WaitingLetter, trouble: Trouble | None) -> Outcome:
        """Let it be tried again, unless it has been tried for too long."""
        now = self._clock.now()
        if now - held.item.created >= limits.OUTBOX_GIVE_UP_SECONDS:
            last = trouble.text if trouble is not None else letter.text
            over = gave_up(last, int(held.item.queue_id))
            return await self._give_back(held, letter, Standing.NEEDS_YOU, over, _never(now))
        letter = msgspec.structs.replace(letter, failures=letter.failures + 1)
        cure = trouble.cure if trouble is not None else Cure.TIME
        due = now + wait_seconds(cure, letter.failures, self._chance)
        return await self._give_back(held, letter, Standing.WAITING, trouble, due)

    async def _give_back(
        self,
        held: Held,
        letter: WaitingLetter,
        standing: Standing,
        trouble: Trouble | None,
        due: int,
    ) -> Outcome:
        """Write down how it stands, and hold it no longer."""
        text = trouble.text if trouble is not None else _NOTHING
        code = trouble.code if trouble is not None else ""
        is_news = code != letter.code or not code
        letter = msgspec.structs.replace(letter, code=code, en=text.en, ja=text.ja)
        queue_id = held.item.queue_id
        await self._queue.retry(queue_id, held.owner, due, text.en, encoded(letter))
        note = log.info if is_news else log.debug
        note(
            "letter",
            queue=queue_id,
            account=letter.account_id,
            standing=standing,
            code=code,
            attempts=held.item.attempts,
        )
        return Outcome(queue_id, standing, text, letter.recipients, due)

    async def _keep_known(self, held: Held, letter: WaitingLetter) -> Outcome:
        """Know a letter that left until its time is over, then forget it: it lies in Sent."""
        item = held.item
        if item.due <= self._clock.now():
            await self._queue.done(item.queue_id, held.owner)
        else:
            await self._queue.retry(item.queue_id, held.owner, item.due, "")
        return Outcome(item.queue_id, Standing.SENT, _NOTHING, letter.recipients, item.due)

    async def _take_back(self, held: Held, letter: WaitingLetter) -> Outcome:
        """Forget a letter that its person deleted."""
        item = held.item
        await self._queue.done(item.queue_id, held.owner)
        return Outcome(item.queue_id, Standing.TAKEN_BACK, _TAKEN_BACK, letter.recipients, item.due)

    async def _lost(self, held: Held, letter: WaitingLetter) -> Outcome:
        """Say what became of a letter that is not ours any more: dropped, or another's."""
        queue_id = held.item.queue_id
        try:
            item = await self._queue.item(queue_id)
        except NotFoundError:
            return Outcome(queue_id, Standing.TAKEN_BACK, _TAKEN_BACK, letter.recipients, 0)
        now = read_letter_of(item)
        return Outcome(queue_id, Standing.WAITING, now.text, now.recipients, item.due)

    # Holding

    async def _write(self, held: Held, letter: WaitingLetter) -> None:
        """Write a letter down, durably, while it is ours. Raises ConflictError when it is not."""
        now = self._clock.now()
        seconds = limits.OUTBOX_CLAIM_SECONDS
        await self._queue.keep(held.item.queue_id, held.owner, now, seconds, encoded(letter))

    @contextlib.asynccontextmanager
    async def _holding(self, held: Held) -> AsyncIterator[None]:
        """Hold a letter as long as it takes."""
        renewing = asyncio.create_task(self._renew(held))
        try:
            yield
        finally:
            renewing.cancel()
            await asyncio.gather(renewing, return_exceptions=True)

    async def _renew(self, held: Held) -> None:
        """Renew the claim again and again; whoever writes the letter down sees that it is lost."""
        seconds = limits.OUTBOX_CLAIM_SECONDS
        while True:
            await asyncio.sleep(seconds / 3)
            with contextlib.suppress(UnavailableError):  # there are two more looks before it ends
                await self._queue.keep(held.item.queue_id, held.owner, self._clock.now(), seconds)


def _new_owner() -> str:
    """Return a name that nobody else holds letters under."""
    return f"courier {secrets.token_hex(8)}"


def _never(now: int) -> int:
    return now + limits.OUTBOX_FAR_SECONDS
