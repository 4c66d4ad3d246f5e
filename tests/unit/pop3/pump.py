"""A pump without sockets: feeds octets to a session and collects what it answers.

Used by the tests of the POP3 edge.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from hato.net.session import Session, TlsFacts
from hato.protocols.machine import Farewell, Signal


class LoopPeer:
    """The other side of a connection that is not there."""

    def __init__(self, address: str = "192.0.2.7", *, is_encrypted: bool = False) -> None:
        self.session_id = "test-1"
        self.address = address
        self.port = 40000
        self.local_address = "192.0.2.1"
        self.local_port = 110
        self.tls = (
            TlsFacts("TLSv1.3", "TLS_AES_128_GCM_SHA256", None, None) if is_encrypted else None
        )
        self.pump: LoopPump | None = None
        self.drains = 0
        self.is_gone = False

    @property
    def is_encrypted(self) -> bool:
        return self.tls is not None

    async def drain(self) -> None:
        self.drains += 1
        if self.is_gone:
            raise ConnectionResetError("the peer is gone")
        assert self.pump is not None
        self.pump.collect()


class LoopPump:
    """Drives one session; `say` returns what it answers."""

    def __init__(self, session: Session, peer: LoopPeer) -> None:
        self.session = session
        self.peer = peer
        peer.pump = self
        self.is_closed = False
        self.wants_tls = False
        self.largest_pending = 0
        self._collected: list[bytes] = []
        self._is_let_go = False

    def collect(self) -> None:
        machine = self.session.machine
        self.largest_pending = max(self.largest_pending, machine.pending_octets)
        pending = machine.pending_octets
        pieces = machine.data_to_send()
        assert sum(len(piece) for piece in pieces) == pending
        self._collected += [bytes(piece) for piece in pieces]

    def take(self) -> bytes:
        self.collect()
        octets = b"".join(self._collected)
        self._collected.clear()
        return octets

    async def run(self) -> None:
        machine = self.session.machine
        while not self.is_closed:
            command: Any = machine.next_command()
            if command is Signal.NEED_DATA:
                return
            if command is Signal.PAUSED:
                self.collect()
            elif command is Signal.START_TLS:
                self.wants_tls = True
                return
            elif command is Signal.CLOSED or command is Signal.PARTED:
                self.is_closed = True
                await self.close()
            else:
                waiting: Awaitable[None] | None = self.session.handlers[type(command)](command)
                if waiting is not None:
                    await waiting

    async def greeting(self) -> bytes:
        await self.run()
        return self.take()

    async def say(self, octets: bytes) -> bytes:
        self.session.machine.receive_data(octets)
        await self.run()
        return self.take()

    async def command(self, line: str) -> str:
        """Say a line; return the answer as text, without its last line end."""
        return (await self.say(line.encode() + b"\r\n")).decode().removesuffix("\r\n")

    async def start_tls(self) -> None:
        assert self.wants_tls
        self.wants_tls = False
        self.peer.tls = TlsFacts("TLSv1.3", "TLS_AES_128_GCM_SHA256", None, None)
        self.session.machine.tls_established()
        await self.run()

    async def hang_up(self) -> None:
        self.session.machine.receive_eof()
        await self.run()
        await self.close()

    async def close(self) -> None:
        """Let the session go, once, as the pump of the server does."""
        if not self._is_let_go:
            self._is_let_go = True
            await self.session.close()

    async def farewell(self, reason: Farewell) -> bytes:
        self.session.machine.say_farewell(reason)
        await self.run()
        return self.take()
