"""Who is in, and may still be: people who lost the right are told to leave.

Called by edges after a login; `watch` runs once in each process.
Never ends a session by itself: its service does, within a second; the edge asks again before it
does what cannot be undone.
Standards: RFC 3206 §5 names what is said.
Fails with UnavailableError where the directory cannot be asked; `watch` tries again.
"""

from __future__ import annotations

import asyncio
from typing import Final

from hato.core.errors import HatoError, NotFoundError
from hato.core.log import log
from hato.services.auth.origin import Login, Origin
from hato.services.auth.passwords import Passwords
from hato.store.directory import Credential, Directory

_LOOK_SECONDS: Final = 1.0


class RunningLogin:
    """Somebody who is in."""

    __slots__ = ("_logins", "_version", "credential", "is_revoked", "name", "origin")

    def __init__(self, logins: RunningLogins, login: Login, origin: Origin) -> None:
        """Begin; it is looked at soon, since something may have changed meanwhile."""
        self._logins = logins
        self._version: int | None = None
        self.credential = login.credential
        self.name = login.person.name
        self.origin = origin
        self.is_revoked = False
        """Whether she must leave; it never becomes false again."""

    async def look(self) -> bool:
        """Tell whether she may still be in, as of now. Raises UnavailableError."""
        version = await self._logins.directory.version()
        if version != self._version and not self.is_revoked:
            known = await self._logins.find_same(self.credential)
            if known is None:
                self._revoke()
            else:
                self.credential, self._version = known, version
        return not self.is_revoked

    def leave(self) -> None:
        """Be out; harmless twice."""
        self._logins.running.discard(self)

    def _revoke(self) -> None:
        self.is_revoked = True
        log.info(
            "login-revoked",
            session=self.origin.session_id,
            service=self.origin.service,
            address=self.origin.address,
            person=self.name,
        )


class RunningLogins:
    """Everybody who is in, in this process."""

    def __init__(self, directory: Directory, passwords: Passwords) -> None:
        """Begin with nobody. `passwords`: knows which hashes are upgraded behind a login."""
        self.directory = directory
        self.running: set[RunningLogin] = set()
        self._passwords = passwords

    def enter(self, login: Login, origin: Origin) -> RunningLogin:
        """Remember who is in, until `leave`."""
        running = RunningLogin(self, login, origin)
        self.running.add(running)
        return running

    async def look(self) -> None:
        """Look whether anybody has lost the right to be in. Raises UnavailableError."""
        for running in tuple(self.running):
            await running.look()

    async def watch(self) -> None:
        """Look every second; never ends by itself."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            try:
                await self.look()
            except HatoError as fault:
                log.warning("logins-not-looked-after", reason=str(fault))

    async def find_same(self, credential: Credential) -> Credential | None:
        """Return what a way in has become; None where it is closed or has another secret.

        An imported hash that became ours behind the login is the same secret.
        """
        try:
            person = await self.directory.person(credential.person_id)
        except NotFoundError:
            return None
        if not person.is_enabled:
            return None
        for known in await self.directory.credentials(credential.person_id):
            if known.credential_id == credential.credential_id:
                is_upgraded = not self._passwords.is_ours(credential.hashed)
                is_same = known.hashed == credential.hashed or is_upgraded
                return known if is_same and known.created == credential.created else None
        return None
