"""The loopback address to which a browser brings the answer of an authorisation server.

Opened by the command line for one authorisation.
Never listens anywhere but on 127.0.0.1, on a port of the system's choice; never takes anything but
a GET of its one path that was meant for this very address; never keeps a connection open.
Standards: RFC 8252 §7.3 (any port), RFC 9110 §9.3.1 (GET).
Fails with OSError where the system gives no port; a browser's bad request is refused, no more.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from hato.core import limits

if TYPE_CHECKING:
    import h11

_ADDRESS: Final = "127.0.0.1"
_NAMES: Final = (_ADDRESS, "localhost")
"""What a browser may call us: another name was resolved to this machine by somebody else."""

_HEADERS: Final = (
    ("Content-Type", "text/html; charset=utf-8"),
    ("Cache-Control", "no-store"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'"),
    ("Connection", "close"),
)


class Reply(NamedTuple):
    """What a browser is answered."""

    status: int
    page: str
    is_last: bool = False
    """This was the answer that was waited for."""


Judge: TypeAlias = Callable[[str], Reply]
"""Looks at the query of a request, and says what to answer."""


class LoopbackRedirect:
    """Waits for one redirect."""

    def __init__(self, path: str, judge: Judge, refusal: str) -> None:
        """`path`: the one that is served; `refusal`: the page for everything else."""
        self._path = path
        self._judge = judge
        self._refusal = refusal
        self._visits: dict[asyncio.Task[None] | None, asyncio.StreamWriter] = {}
        self._came = asyncio.Event()
        self.port = 0

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[int]:
        """Listen, and say on which port. Raises OSError."""
        server = await asyncio.start_server(
            self._serve, _ADDRESS, 0, limit=limits.REDIRECT_REQUEST_OCTETS
        )
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self.port
        finally:
            server.close()
            # Browsers open connections in advance and leave them: nobody waits for those.
            visits = [visit for visit in self._visits if visit is not None]
            for writer in self._visits.values():
                writer.transport.abort()
            await asyncio.gather(*visits)
            await server.wait_closed()

    async def wait(self) -> None:
        """Wait until the judge called a request the last one."""
        await self._came.wait()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection: one request, or none."""
        visit = asyncio.current_task()
        self._visits[visit] = writer
        try:
            if len(self._visits) > limits.REDIRECT_CONNECTIONS:
                return
            async with asyncio.timeout(limits.REDIRECT_REQUEST_SECONDS):
                await self._answer(reader, writer)
        except (TimeoutError, OSError):
            return  # a browser that went away, or never said what it wants
        finally:
            del self._visits[visit]
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read a request, and answer it. Raises OSError."""
        import h11  # noqa: PLC0415 - only here, and only for a person who authorises

        connection = h11.Connection(
            h11.SERVER, max_incomplete_event_size=limits.REDIRECT_REQUEST_OCTETS
        )
        try:
            request = await _read_request(connection, reader)
        except h11.RemoteProtocolError:
            reply = Reply(400, self._refusal)
        else:
            if request is None:
                return
            reply = self._reply_to(request)
        page = reply.page.encode()
        head = h11.Response(
            status_code=reply.status, headers=[*_HEADERS, ("Content-Length", str(len(page)))]
        )
        try:
            pieces = (head, h11.Data(data=page), h11.EndOfMessage())
            writer.write(b"".join(connection.send(piece) or b"" for piece in pieces))
            await writer.drain()
        finally:  # whether the browser still looks or not
            if reply.is_last:
                self._came.set()

    def _reply_to(self, request: h11.Request) -> Reply:
        """Judge a request."""
        host = next((value for name, value in request.headers if name == b"host"), b"")
        path, _, query = request.target.decode("ascii", "replace").partition("?")
        if host.decode("ascii", "replace") not in {f"{name}:{self.port}" for name in _NAMES}:
            return Reply(421, self._refusal)
        if path != self._path:
            return Reply(404, self._refusal)
        if request.method != b"GET":
            return Reply(405, self._refusal)
        return self._judge(query)


async def _read_request(
    connection: h11.Connection, reader: asyncio.StreamReader
) -> h11.Request | None:
    """Return the request; None where the browser sent none. Raises h11.RemoteProtocolError."""
    import h11  # noqa: PLC0415 - as above

    while True:
        event = connection.next_event()
        if isinstance(event, h11.Request):
            return event
        if event is not h11.NEED_DATA:
            return None
        connection.receive_data(await reader.read(limits.REDIRECT_REQUEST_OCTETS))
