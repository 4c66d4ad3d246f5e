"""The pump: moves bytes between a socket and a machine, once for all protocols.

Called by `net.plan`, which makes one for each connection; it drives an edge's Session.
Never knows a protocol; never holds more than the pending limit; never waits for a slow peer
with anybody else's time.
Standards: RFC 2595 §4 (what came before TLS is forgotten), RFC 8314 §3 (implicit TLS).
Fails by closing the connection: a peer's fault quietly, our own with a log entry.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, Final, cast

from hato.core import limits
from hato.core.log import log
from hato.net.progress import Progress
from hato.net.proxy_protocol import Header, read_header
from hato.net.service import Service
from hato.net.session import Session, TlsFacts
from hato.net.tls import TlsError, TlsLayer
from hato.protocols.machine import Farewell, Signal

_GONE: Final = "the peer is gone"


class Connection(asyncio.Protocol):
    """One connection: the pump of its session, and the Peer that the session asks."""

    __slots__ = (
        "_awaiting_header",
        "_can_write",
        "_handlers",
        "_header",
        "_input_octets",
        "_is_lost",
        "_layer",
        "_lingers",
        "_machine",
        "_service",
        "_task",
        "_transport",
        "_writable",
        "address",
        "is_ending",
        "local_address",
        "local_port",
        "port",
        "progress",
        "session",
        "session_id",
        "tls",
    )

    def __init__(self, service: Service) -> None:
        """Serve what `service` describes to whoever connects."""
        self._service = service
        self._transport: asyncio.Transport
        self.session: Session | None = None
        self._machine: Any = None
        self._handlers: Any = None
        self._layer: TlsLayer | None = None
        self._task: asyncio.Task[None] | None = None
        self._writable: asyncio.Future[None] | None = None
        self._can_write = True
        self._is_lost = False
        self._lingers = True
        self._awaiting_header = False
        self._header = b""
        self._input_octets = 0
        self.is_ending = False
        self.progress = Progress(service.now())
        self.session_id = service.new_session_id()
        self.address, self.port = "", 0
        self.local_address, self.local_port = "", 0
        self.tls: TlsFacts | None = None

    # What the event loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin: learn who it is, then greet or shake hands."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(0)
        self._learn_addresses()
        self._service.opened(self)
        if self._service.must_send_proxy_header(self.address):
            self._awaiting_header = True
        else:
            self._begin()

    def data_received(self, data: bytes) -> None:
        """Take what arrived and answer what can be answered; after our last word, drop it."""
        if self.is_ending:
            self._ignore(data)
            return
        self.progress.received(len(data), self._service.now())
        if self._awaiting_header:
            data = self._take_header(data)
            if not data:
                return
        if self._layer is not None:
            plaintext = self._decrypt(data)
            if not plaintext:
                return
            data = plaintext
        self._machine.receive_data(data)
        if self._task is None:
            self._run()
        else:
            self._input_octets += len(data)
            if self._input_octets > limits.READ_CHUNK_OCTETS:
                self._transport.pause_reading()

    def eof_received(self) -> bool:
        """Learn that the peer sends no more; what it asked is still answered."""
        self._lingers = False
        if self._machine is None or self.is_ending:
            return False
        self._machine.receive_eof()
        if self._task is None:
            self._run()
        return not self.is_ending

    def pause_writing(self) -> None:
        """Learn that the peer reads more slowly than we write."""
        self._can_write = False
        self.progress.began_waiting(self._service.now())

    def resume_writing(self) -> None:
        """Learn that everything was handed to the kernel: go on."""
        self._can_write = True
        self.progress.ended_waiting()
        if self._writable is not None:
            if not self._writable.done():
                self._writable.set_result(None)
            self._writable = None
        elif self._task is None and not self.is_ending and self._machine is not None:
            self._transport.resume_reading()
            self._run()

    def connection_lost(self, fault: Exception | None) -> None:
        """End: whoever waits for the peer learns that it is gone; the session lets go."""
        self._is_lost = self.is_ending = True
        if self._writable is not None and not self._writable.done():
            self._writable.set_exception(ConnectionResetError(_GONE))
            self._writable = None
        self._service.closed(self)
        self._service.finish(self._finish())

    # Beginning

    def _learn_addresses(self) -> None:
        """Ask the socket who is at either end; a UNIX socket has no addresses."""
        remote = self._transport.get_extra_info("peername")
        local = self._transport.get_extra_info("sockname")
        if isinstance(remote, tuple):
            self.address, self.port = _plain_address(remote[0]), remote[1]
        if isinstance(local, tuple):
            self.local_address, self.local_port = _plain_address(local[0]), local[1]

    def _take_header(self, data: bytes) -> bytes:
        """Read the PROXY header; return what came behind it, nothing while it is incomplete."""
        self._header += data
        found = read_header(self._header)
        if found is Header.NEED_DATA:
            return b""
        if isinstance(found, Header):
            log.warning("proxy-header-invalid", session=self.session_id, address=self.address)
            self._abort()
            return b""
        if found.address is not None:
            self.address, self.port = found.address, found.port
        rest = self._header[found.length_octets :]
        self._awaiting_header = False
        self._header = b""
        self._begin()
        return rest

    def _begin(self) -> None:
        """Make the session; with implicit TLS the greeting waits for the handshake."""
        has_room = self._service.admit(self)
        if self._service.implicit_tls is not None:
            if not has_room:
                self._abort()
                return
            self._layer = TlsLayer(self._service.implicit_tls.current())
            self.progress.began_handshake(self._service.now())
            return
        self._greet(has_room=has_room)

    def _greet(self, *, has_room: bool) -> None:
        """Make the session and let it say the first word."""
        try:
            self.session = self._service.make_session(self)
        except Exception as fault:  # noqa: BLE001 - one connection's fault must not end the server
            log.error("fault", fault=fault, session=self.session_id, service=self._service.name)
            self._abort()
            return
        self._machine = self.session.machine
        self._handlers = self.session.handlers
        if not has_room:
            self._lingers = False
            self._machine.say_farewell(Farewell.TOO_MANY_CONNECTIONS)
        self._run()

    # TLS

    @property
    def is_encrypted(self) -> bool:
        """Whether TLS protects the connection now."""
        return self.tls is not None

    def _decrypt(self, ciphertext: bytes) -> bytes:
        """Return the plaintext that arrived, if any; finish the handshake on the way."""
        layer = self._layer
        assert layer is not None  # noqa: S101 - the caller's condition
        try:
            plaintext = layer.receive(ciphertext)
        except (TlsError, ConnectionError) as fault:
            self._write_raw(layer.ciphertext_to_send())
            log.debug("tls-ended", session=self.session_id, address=self.address, reason=fault)
            self._abort_softly()
            return b""
        if self.tls is None:
            self._write_raw(layer.ciphertext_to_send())
            if layer.is_established:
                self._handshake_done(layer)
        return plaintext

    def _handshake_done(self, layer: TlsLayer) -> None:
        """Greet (implicit TLS), or begin anew (after STLS)."""
        self.tls = layer.facts()
        self.progress.ended_handshake()
        if self.session is None:
            self._greet(has_room=True)
        else:
            self._machine.tls_established()

    def _start_tls(self) -> None:
        """Shake hands next: what arrived before is not looked at."""
        contexts = self._service.upgrade_tls
        assert contexts is not None  # noqa: S101 - machines offer STLS only where there is TLS
        self._flush()
        self._layer = TlsLayer(contexts.current())
        self.progress.began_handshake(self._service.now())

    # The pump

    def _run(self) -> None:
        """Answer what can be answered at once; leave what must be awaited to a task."""
        try:
            awaitable = self._advance()
        except Exception as fault:  # noqa: BLE001 - a handler's fault must not end the server
            self._fail(fault)
            return
        if awaitable is not None:
            self._task = self._service.loop.create_task(self._run_awaiting(awaitable))

    async def _run_awaiting(self, awaitable: Awaitable[None]) -> None:
        """Await handlers, one after the other, until the peer has to say something."""
        pending: Awaitable[None] | None = awaitable
        try:
            while pending is not None:
                await pending
                if self._input_octets:
                    self._input_octets = 0
                    self._transport.resume_reading()
                pending = self._advance()
        except ConnectionError:
            self._abort()
        except asyncio.CancelledError:
            self._abort()
            raise
        except Exception as fault:  # noqa: BLE001 - a handler's fault must not end the server
            self._fail(fault)
        finally:
            self._task = None

    def _advance(self) -> Awaitable[None] | None:
        """Answer commands until there is none, or one must be awaited, or the peer must read."""
        machine, handlers, progress = self._machine, self._handlers, self.progress
        parts = self._service.part_commands
        while not self.is_ending:
            command = machine.next_command()
            kind = command.__class__
            if kind is not Signal:
                if kind not in parts:
                    progress.commands += 1
                awaitable: Awaitable[None] | None = handlers[kind](command)
                if awaitable is not None:
                    return awaitable
            elif command is Signal.NEED_DATA or command is Signal.PAUSED:
                self._flush()
                if not self._can_write:  # who does not read is not read from
                    self._transport.pause_reading()
                    return None
                if command is Signal.NEED_DATA:
                    return None
            elif command is Signal.START_TLS:
                self._start_tls()
                return None
            elif command is Signal.PARTED:
                self._flush()
                self._abort_softly()
            else:
                self._end()
        return None

    def _flush(self) -> None:
        """Write everything that is pending in one call."""
        if self.is_ending:
            return
        pieces = self._machine.data_to_send()
        if not pieces:
            return
        if self.tls is not None and self._layer is not None:
            self._write_raw(self._layer.encrypt(pieces))
        elif len(pieces) == 1:
            self._write_raw(pieces[0])
        else:
            self._write_raw(b"".join(pieces))

    def _write_raw(self, data: bytes | bytearray | memoryview) -> None:
        if data and not self._is_lost:
            self.progress.sent_octets += len(data)
            self._transport.write(data)

    async def drain(self) -> None:
        """Write what is pending; wait until the peer has read enough.

        Raises ConnectionError when the peer is gone.
        """
        self._flush()
        if self.is_ending:
            raise ConnectionResetError(_GONE)
        if not self._can_write:
            self._writable = self._service.loop.create_future()
            await self._writable

    # Ending

    def say_farewell(self, reason: Farewell) -> None:
        """End the conversation from our side, in the protocol's own words."""
        lingered = self._lingers
        if reason is not Farewell.TOO_SLOW:  # who still sends is listened to, to hear our last word
            self._lingers = False
        if self.is_ending:
            if lingered:
                self._transport.close()
            return
        if self._machine is None:
            self._abort()
            return
        self._machine.say_farewell(reason)
        if self._task is None:
            self._run()

    def _fail(self, fault: Exception) -> None:
        """Say that something is broken here: to the log everything, to the peer little."""
        log.error("fault", fault=fault, session=self.session_id, service=self._service.name)
        if not self.is_ending:
            self._machine.say_farewell(Farewell.INTERNAL_FAULT)
            self._end()

    def _end(self) -> None:
        """Write what is pending and close once the kernel has it.

        A peer that still sends, as in the middle of a letter, must be able to read our last word:
        its end is awaited. Closing with octets unread would break the connection under it.
        """
        self._flush()
        if not self._lingers:
            self._abort_softly()
            return
        self._say_goodbye()
        self._input_octets = 0
        self._transport.write_eof()
        self._transport.resume_reading()
        self._service.finish(self._finish())  # whoever comes next must not wait for this peer

    def _ignore(self, data: bytes) -> None:
        """Drop what comes after our last word, within limits."""
        self._input_octets += len(data)
        if self._input_octets > limits.IGNORED_OCTETS:
            self._abort()

    def _abort_softly(self) -> None:
        """Close after what was written has left."""
        self._say_goodbye()
        self._transport.close()

    def _say_goodbye(self) -> None:
        """Take and give nothing any more; TLS has a word for that."""
        self.is_ending = True
        if self._layer is not None:
            self._write_raw(self._layer.end())

    def _abort(self) -> None:
        """Close at once."""
        self.is_ending = True
        self._transport.abort()

    def cut(self) -> None:
        """Close at once, for a peer that is too slow or a server that must stop."""
        self._abort()

    @property
    def is_busy(self) -> bool:
        """Whether a command is being answered or its answer is on the way."""
        return self._task is not None or not self._can_write

    def unsent_octets(self) -> int:
        """Return what was written and has not reached the kernel."""
        return 0 if self._is_lost else self._transport.get_write_buffer_size()

    async def _finish(self) -> None:
        """Let the running handler end, then let the session go."""
        task = self._task
        if task is not None:
            task.cancel()
            await asyncio.wait([task])
        session, self.session = self.session, None
        self._machine = self._handlers = None  # no circle for the collector
        if session is not None:
            try:
                await session.close()
            except Exception as fault:  # noqa: BLE001 - nobody is left to be told but the log
                log.error("fault", fault=fault, session=self.session_id)


def _plain_address(address: str) -> str:
    """Return an address as people write it: IPv4 inside IPv6 as IPv4, no zone."""
    return address.removeprefix("::ffff:") if "." in address else address.partition("%")[0]
