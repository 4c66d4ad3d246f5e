"""Who is in, and may still be: people who lost the right are told to leave.

Called by edges after a login; `watch` runs once in each process.
Never ends a session by itself: its service does, within a second; the edge asks again before it
does what cannot be undone. Never keeps others waiting, however many are in.
Standards: RFC 3206 §5 names what is said.
Fails with UnavailableError where the directory cannot be asked; `watch` tries again.
"""

from __future__ import annotations

import asyncio
from typing import Final

import msgspec

from hato.core.errors import HatoError, NotFoundError
from hato.core.log import log
from hato.services.auth.origin import Login, Origin
from hato.services.auth.passwords import Passwords
from hato.services.auth.same_secret import find_same
from hato.store.directory import Credential, Directory

_LOOK_SECONDS: Final = 1.0
_AT_ONCE: Final = 100
"""Logins that are looked at before others get their turn: three milliseconds' work."""


class RunningLogin(msgspec.Struct, eq=False):
    """Somebody who is in; RunningLogins keeps it up to date."""

    name: str
    origin: Origin
    credential: Credential
    """By which she is in, as it was at the last look."""
    version: int
    """The directory's, as of which she may be in."""
    is_revoked: bool = False
    """Whether she must leave; it never becomes false again."""


class RunningLogins:
    """Everybody who is in, in this process."""

    def __init__(self, directory: Directory, passwords: Passwords) -> None:
        """Begin with nobody. `passwords`: knows which hashes are upgraded behind a login."""
        self._directory = directory
        self._passwords = passwords
        self._open: set[RunningLogin] = set()
        self._version: int | None = None
        """The directory's, as of which everybody was looked at; None: not everybody was."""

    def enter(self, login: Login, origin: Origin) -> RunningLogin:
        """Remember who is in, until `leave`; what changed since the proof is noticed soon."""
        running = RunningLogin(login.person.name, origin, login.credential, login.version)
        self._open.add(running)
        if running.version != self._version:
            self._version = None
        return running

    def leave(self, running: RunningLogin) -> None:
        """Forget somebody who is out; harmless twice."""
        self._open.discard(running)

    async def may_stay(self, running: RunningLogin) -> bool:
        """Tell whether somebody may still be in, as of now. Raises UnavailableError."""
        await self._look_at(running, await self._directory.version())
        return not running.is_revoked

    async def look(self) -> None:
        """Look whether anybody has lost the right to be in. Raises UnavailableError.

        While the directory is as it was this asks for its version, and for nothing else.
        """
        version = await self._directory.version()
        if version == self._version:
            return
        self._version = version  # first: who enters meanwhile may make it None again
        outdated = [running for running in self._open if running.version != version]
        try:
            for count, running in enumerate(outdated, 1):
                if running in self._open:
                    await self._look_at(running, version)
                if count % _AT_ONCE == 0:
                    await asyncio.sleep(0)
        except BaseException:
            self._version = None
            raise

    async def watch(self) -> None:
        """Look every second; never ends by itself."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            try:
                await self.look()
            except HatoError as fault:
                log.warning("logins-not-looked-after", reason=str(fault))

    async def _look_at(self, running: RunningLogin, version: int) -> None:
        """Look at one login if the directory has changed; `version`: what it is by now."""
        if running.version == version or running.is_revoked:
            return
        known = await self._find_same(running.credential)
        if known is not None:
            running.credential, running.version = known, version
            return
        running.is_revoked = True
        log.info(
            "login-revoked",
            session=running.origin.session_id,
            service=running.origin.service,
            address=running.origin.address,
            person=running.name,
        )

    async def _find_same(self, credential: Credential) -> Credential | None:
        """Return what a way in has become; None where it is closed or has another secret."""
        try:
            person = await self._directory.person(credential.person_id)
        except NotFoundError:
            return None
        if not person.is_enabled:
            return None
        known = await self._directory.credentials(credential.person_id)
        return find_same(known, credential, self._passwords)
