"""What follows a login, however it was proven: let in, or refused after the same time for all.

Called by services.auth: the logins by password, by SCRAM and by APOP.
Never says why somebody is refused but to the log; never waits for what can be written afterwards.
Standards: RFC 2449 §6.5 (LOGIN-DELAY).
Fails with AuthenticationError, LoginDelayError, UnavailableError.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Final

from hato.core.clock import Clock
from hato.core.errors import (
    AuthenticationError,
    HatoError,
    LoginDelayError,
    NotFoundError,
    UnavailableError,
)
from hato.core.limits import LAST_USE_SECONDS
from hato.core.log import log
from hato.services.auth.origin import Login, Origin
from hato.services.auth.refusal import Why, log_refusal
from hato.services.auth.throttle import Attempt, Pause, Throttle
from hato.store.api import Store
from hato.store.directory import Credential, CredentialId, Person

_POP3: Final = "pop3"


class Admission:
    """Lets in and refuses; writes behind what may come later."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        throttle: Throttle,
        *,
        pause: Pause,
        failed_login_seconds: float,
    ) -> None:
        """Begin; a refusal comes `failed_login_seconds` after the login began."""
        self._store = store
        self._clock = clock
        self._throttle = throttle
        self._pause = pause
        self._failed_login_seconds = failed_login_seconds
        self._used: dict[CredentialId, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def let_in(
        self, person: Person, credential: Credential, version: int, origin: Origin
    ) -> Login:
        """Open the account of somebody who has proven who she is.

        `version`: the directory's, as of which `person` and `credential` are known.
        Raises LoginDelayError, UnavailableError.
        """
        if origin.service == _POP3 and person.login_delay_seconds:
            await self._keep_login_delay(person, origin)
        try:
            account = await self._store.account(person.account_id)
        except NotFoundError as fault:
            message = f"the account of {person.name} is missing"
            raise UnavailableError(message) from fault
        self._note_use(credential)
        return Login(person, credential, account, version)

    async def note_opened(self, person: Person, origin: Origin) -> None:
        """Let the login delay run from now: the mail is open. Raises UnavailableError."""
        if origin.service == _POP3 and person.login_delay_seconds:
            await self._store.counters.add(_delay_key(person), self._clock.now())

    async def refusal(
        self, began: float, attempt: Attempt, origin: Origin, why: Why
    ) -> AuthenticationError:
        """Return the error to raise, when its time has come: for every reason after as long."""
        log_refusal(origin, attempt.name, why)
        seconds = began + self._failed_login_seconds - self._clock.monotonic()
        if seconds > 0:
            await self._pause(seconds)
        return AuthenticationError("the name or the password is wrong")

    def later(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something that nobody waits for; what fails is logged, the next login tries again."""
        task = asyncio.get_running_loop().create_task(_logging_faults(work))
        self._tasks.add(task)
        task.add_done_callback(self._end)

    async def settle(self) -> None:
        """Wait until everything that was put off is done."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _end(self, task: asyncio.Task[None]) -> None:
        """Forget what is done; a fault of ours is logged and stops nobody who waits."""
        self._tasks.discard(task)
        fault = None if task.cancelled() else task.exception()
        if fault is not None:
            log.error("fault", fault=fault)

    def greet(self, attempt: Attempt) -> None:
        """Remember behind the answer that this address is a friend's."""
        if self._throttle.is_new_today(attempt):
            self.later(self._throttle.count_success(attempt))

    def _note_use(self, credential: Credential) -> None:
        """Write the last use behind the answer, at most every LAST_USE_SECONDS."""
        now = self._clock.now()
        last = self._used.get(credential.credential_id, credential.last_used or 0)
        if 0 <= now - last < LAST_USE_SECONDS:
            return
        if len(self._used) >= 100_000:
            self._used.clear()
        self._used[credential.credential_id] = now
        self.later(self._store.directory.note_use(credential.credential_id, now))

    async def _keep_login_delay(self, person: Person, origin: Origin) -> None:
        """Refuse a login too soon after the mail was opened last. Raises LoginDelayError."""
        now = self._clock.now()
        last = await self._store.counters.latest(_delay_key(person))
        if last is not None and 0 <= now - last < person.login_delay_seconds:
            log_refusal(origin, person.name, Why.LOGIN_DELAY)
            raise LoginDelayError(person.login_delay_seconds - (now - last))


def _delay_key(person: Person) -> str:
    """Return the name under which openings of somebody's mail are counted."""
    return f"login/pop3/{person.person_id}"


async def _logging_faults(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except HatoError as fault:
        log.warning("not-written", reason=str(fault))
