"""One protocol as it is offered on its listeners: what its connections share.

Called by the composition root (makes it), `net.connection` (asks it), `net.plan`.
Never knows the protocol: it has a factory of sessions.
Standards: RFC 1939 §3 (inactivity), RFC 5321 §4.5.3.2 (timeouts).
Fails never; connections that are too slow or too many are closed.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Coroutine
from enum import Enum, auto
from typing import Final, Protocol

from hato.core import limits
from hato.core.settings import Limits
from hato.net.doorkeeper import Doorkeeper
from hato.net.progress import Progress
from hato.net.session import Session, SessionFactory
from hato.net.tls_contexts import TlsContexts
from hato.protocols.machine import Farewell

_WINDOW_SECONDS: Final = 60.0
"""Rates are measured over windows of this length."""

_CLOSING_SECONDS: Final = 10.0
"""How long a connection that we close may take to read what is left."""


class _Pace(Enum):
    """How fast a peer is."""

    FINE = auto()
    READS_TOO_SLOWLY = auto()
    """It would not read a last word either."""
    SENDS_TOO_SLOWLY = auto()


class Served(Protocol):
    """A connection, as far as its service looks after it."""

    address: str
    progress: Progress
    session: Session | None
    is_ending: bool

    @property
    def is_busy(self) -> bool:
        """Whether a command is being answered or its answer is on the way."""
        ...

    def unsent_octets(self) -> int:
        """Return what was written and has not reached the kernel."""
        ...

    def say_farewell(self, reason: Farewell) -> None:
        """End the conversation in the protocol's own words."""
        ...

    def cut(self) -> None:
        """Close at once."""
        ...


class Service:
    """What all connections of one protocol have in common."""

    def __init__(
        self,
        name: str,
        make_session: SessionFactory,
        *,
        doorkeeper: Doorkeeper,
        limits_: Limits,
        idle_seconds: float,
        implicit_tls: TlsContexts | None = None,
        upgrade_tls: TlsContexts | None = None,
        part_commands: frozenset[type] = frozenset(),
    ) -> None:
        """Offer a protocol.

        `implicit_tls`: TLS from the first octet; `upgrade_tls`: for STLS and STARTTLS.
        `part_commands`: commands that are pieces of a larger one, so that a peer which trickles
        them is still too slow.
        """
        self.name = name
        self.make_session = make_session
        self.implicit_tls = implicit_tls
        self.upgrade_tls = upgrade_tls
        self.part_commands = part_commands
        self.loop = asyncio.get_running_loop()
        self.now = self.loop.time
        self.connections: set[Served] = set()
        self._finishing: set[asyncio.Task[None]] = set()
        self._nobody = asyncio.Event()
        self._nobody.set()
        self._doorkeeper = doorkeeper
        self._limits = limits_
        self._idle_seconds = idle_seconds
        self._sessions = 0
        self._prefix = f"{os.getpid():x}{secrets.token_hex(2)}"

    def new_session_id(self) -> str:
        """Return a name by which a session's log lines are found."""
        self._sessions += 1
        return f"{self._prefix}-{self._sessions:x}"

    def must_send_proxy_header(self, address: str) -> bool:
        """Whether a peer is a load balancer that the operator named."""
        return self._doorkeeper.is_balancer(address)

    def opened(self, connection: Served) -> None:
        """Count a connection in."""
        self.connections.add(connection)
        self._nobody.clear()

    def admit(self, connection: Served) -> bool:
        """Say whether there is room for one more from the client's (proxied) address."""
        return self._doorkeeper.enter(connection, connection.address)

    def closed(self, connection: Served) -> None:
        """Count a connection out."""
        self.connections.discard(connection)
        self._doorkeeper.leave(connection)
        if not self.connections:
            self._nobody.set()

    def finish(self, letting_go: Coroutine[None, None, None]) -> None:
        """Let a session go; stopping waits for it."""
        task = self.loop.create_task(letting_go)
        self._finishing.add(task)
        task.add_done_callback(self._finishing.discard)

    def look_after(self) -> None:
        """Close connections whose time is over; called about once a second."""
        now = self.now()
        for connection in tuple(self.connections):
            self._judge(connection, now)

    def _judge(self, connection: Served, now: float) -> None:
        """Close one connection if it takes too long for what it does."""
        progress, session, allowed = connection.progress, connection.session, self._limits
        if connection.is_ending:
            progress.ending_since = progress.ending_since or now
            if now - progress.ending_since > _CLOSING_SECONDS:
                connection.cut()
        elif progress.handshake_since is not None:
            if now - progress.handshake_since > allowed.tls_handshake_seconds:
                connection.cut()
        elif session is None or not session.is_logged_in:
            if now - progress.since > allowed.login_seconds:
                connection.say_farewell(Farewell.LOGIN_TIMED_OUT)
        elif (pace := self._pace_of(connection, now)) is _Pace.READS_TOO_SLOWLY:
            connection.cut()  # first: who must leave may not stay by stalling
        elif pace is _Pace.SENDS_TOO_SLOWLY:
            connection.say_farewell(Farewell.TOO_SLOW)
        elif session.is_revoked:
            connection.say_farewell(Farewell.LOGIN_REVOKED)
        elif not connection.is_busy and now - progress.last_received > self._idle_seconds:
            connection.say_farewell(Farewell.IDLE_TIMED_OUT)

    def _pace_of(self, connection: Served, now: float) -> _Pace:
        """Say whether the peer reads nothing, or transfers less than the least rate."""
        progress = connection.progress
        reached = progress.sent_octets - connection.unsent_octets()
        if reached != progress.reached_octets:
            progress.reached_octets, progress.reached_at = reached, now
        is_waiting = progress.waiting_since is not None
        if is_waiting and now - progress.reached_at > self._limits.stalled_write_seconds:
            return _Pace.READS_TOO_SLOWLY
        began, received, had_reached, commands = progress.window
        if now - began < _WINDOW_SECONDS:
            return _Pace.FINE
        least = limits.LEAST_OCTETS_PER_SECOND * (now - began)
        reads_slowly = (
            progress.waiting_since is not None
            and progress.waiting_since <= began
            and reached - had_reached < least
        )
        sends_slowly = (
            0 < progress.received_octets - received < least
            and progress.commands == commands
            and not connection.is_busy
        )
        progress.window = (now, progress.received_octets, reached, progress.commands)
        if reads_slowly:
            return _Pace.READS_TOO_SLOWLY
        return _Pace.SENDS_TOO_SLOWLY if sends_slowly else _Pace.FINE

    async def wait_until_empty(self) -> None:
        """Wait until every connection has ended by itself."""
        await self._nobody.wait()

    async def stop(self, seconds: float) -> None:
        """Say farewell to everybody; who is busy may finish, for `seconds` at most."""
        for connection in tuple(self.connections):
            connection.say_farewell(Farewell.SHUTTING_DOWN)
        try:
            await asyncio.wait_for(self._nobody.wait(), seconds)
        except TimeoutError:
            for connection in tuple(self.connections):
                connection.cut()
            await self._nobody.wait()
        if self._finishing:
            await asyncio.wait(self._finishing)
