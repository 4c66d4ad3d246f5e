"""How often somebody may try: counted per address and per person, by all processes together.

Called by services.auth around every check of a password or proof.
Never locks somebody out of an address from which she logged in lately because of strangers.
Standards: none; the figures and their precedents stand in core.limits.
Fails with ThrottledError.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Final, TypeAlias

import msgspec

from hato.core.addresses import subscriber_of
from hato.core.clock import Clock
from hato.core.errors import HatoError, ThrottledError
from hato.core.limits import (
    FAILED_LOGIN_MOST_SECONDS,
    FRIEND_FAILURES_PER_MINUTE,
    KNOWN_ADDRESS_SECONDS,
    LOGIN_NAME_OCTETS,
)
from hato.core.log import log
from hato.core.settings import Limits
from hato.core.shared_counts import Counts
from hato.services.auth.attempts_under_way import AttemptsUnderWay
from hato.services.auth.origin import Origin
from hato.services.auth.refusal import Why, log_refusal
from hato.store.directory import Counters, Person

Pause: TypeAlias = Callable[[float], Awaitable[None]]

_MINUTE: Final = 60
_HOUR: Final = 3_600
_DAY: Final = 86_400
_FAILURES_PER_SECOND_OF_DELAY: Final = 10
"""Failures of a person within an hour, from wherever, that make strangers wait a second longer."""


class Attempt(msgspec.Struct, frozen=True):
    """Who is said to log in, and from where."""

    name: str
    """The person's name, or what was typed where nobody has that name: both are counted alike."""
    subscriber: str
    """The address as far as it tells people apart: IPv4, or an IPv6 /64."""


def attempt_by(person: Person | None, typed: str, address: str) -> Attempt:
    """Return who tries: `person`, or nobody by the name of `typed`, from `address`."""
    name = person.name if person else typed[:LOGIN_NAME_OCTETS]
    return Attempt(name.encode("utf-8", "replace").decode(), subscriber_of(address))


class Throttle:
    """Counts failures; keeps those waiting who had too many.

    A *friend* is an address from which the person logged in within KNOWN_ADDRESS_SECONDS. It has
    its own count for that person, which is never used up for longer than a minute; strangers share
    the count of their address.
    """

    def __init__(
        self,
        counters: Counters,
        limits: Limits,
        clock: Clock,
        pause: Pause,
        counts: Counts | None = None,
    ) -> None:
        """Begin; `counts`: where all processes count who is trying right now."""
        self._counters = counters
        self._limits = limits
        self._clock = clock
        self._pause = pause
        self._under_way = AttemptsUnderWay(limits.login_failures_per_minute, counts)
        self._greeted: dict[Attempt, int] = {}

    @asynccontextmanager
    async def attempting(self, attempt: Attempt, origin: Origin) -> AsyncIterator[None]:
        """Hold a place while a password is checked. Raises ThrottledError, which is logged.

        No more are under way at once than may still fail, so that many attempts at the same moment
        do not pass before the first of them is counted.
        """
        is_friend = await self._is_friend(attempt)
        left = partial(self._left, attempt, origin, is_friend=is_friend)
        await left()
        if not is_friend:
            await self._slow_down(attempt)
        async with self._under_way.place(_limited_key(attempt, is_friend=is_friend), left):
            yield

    async def count_failure(self, attempt: Attempt) -> None:
        """Count a refused login where it belongs."""
        now = self._clock.now()
        keys = [_address_key(attempt), _name_key(attempt)]
        if await self._is_friend(attempt):
            keys.append(_pair_key(attempt))
        try:
            await asyncio.gather(*(self._counters.add(key, now) for key in keys))
        except HatoError as fault:
            log.warning("failed-login-not-counted", reason=str(fault), address=attempt.subscriber)

    def is_new_today(self, attempt: Attempt) -> bool:
        """Tell, once a day, that a friend's address is worth writing down."""
        now = self._clock.now()
        if self._greeted.get(attempt, -_DAY) > now - _DAY:
            return False
        if len(self._greeted) >= 10_000:
            self._greeted.clear()
        self._greeted[attempt] = now
        return True

    async def count_success(self, attempt: Attempt) -> None:
        """Remember that this address is a friend of hers."""
        await self._counters.add(_friend_key(attempt), self._clock.now())

    async def _is_friend(self, attempt: Attempt) -> bool:
        since = self._clock.now() - KNOWN_ADDRESS_SECONDS
        return await self._counters.count(_friend_key(attempt), since) > 0

    async def _left(self, attempt: Attempt, origin: Origin, *, is_friend: bool) -> int:
        """Return how many attempts may still fail, at least one. Raises ThrottledError."""
        now, key = self._clock.now(), _limited_key(attempt, is_friend=is_friend)
        per_minute = self._limits.login_failures_per_minute
        left_today = self._limits.login_failures_per_day
        left_today -= await self._counters.count(key, now - _DAY)
        lately = await self._counters.count(key, now - _MINUTE)
        left = min(per_minute - lately, left_today)
        if is_friend:
            left = max(left, min(per_minute, FRIEND_FAILURES_PER_MINUTE) - lately)
        if left > 0:
            return left
        log_refusal(origin, attempt.name, Why.THROTTLED)
        raise ThrottledError(_MINUTE if is_friend or left_today > 0 else _HOUR)

    async def _slow_down(self, attempt: Attempt) -> None:
        """Let a stranger wait at the door of somebody who is being attacked."""
        lately = await self._counters.count(_name_key(attempt), self._clock.now() - _HOUR)
        seconds = min(lately // _FAILURES_PER_SECOND_OF_DELAY, FAILED_LOGIN_MOST_SECONDS)
        if seconds:
            await self._pause(seconds)


def _limited_key(attempt: Attempt, *, is_friend: bool) -> str:
    """Return under which key the failures are counted that count here."""
    return _pair_key(attempt) if is_friend else _address_key(attempt)


def _address_key(attempt: Attempt) -> str:
    return f"login-failed/address/{attempt.subscriber}"


def _pair_key(attempt: Attempt) -> str:
    return f"login-failed/pair/{attempt.subscriber}/{attempt.name}"


def _name_key(attempt: Attempt) -> str:
    return f"login-failed/name/{attempt.name}"


def _friend_key(attempt: Attempt) -> str:
    return f"login/from/{attempt.subscriber}/{attempt.name}"
