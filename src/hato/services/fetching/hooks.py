"""A person's own command, run for a new message with the message as its input.

Called by `services.fetching.outputs`, after the message is durable.
Never runs a shell, never loses mail whatever the command does, never waits longer than its time;
never hands on Hato's own environment, which may name a key.
Standards: none. The command gets the message as it is kept, in wire form (CRLF).
Fails never: what went wrong comes back as words.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final

from hato.core import limits
from hato.protocols.foreign_text import shown

_HANDED_ON: Final = ("PATH", "HOME", "USER", "LOGNAME", "TZ", "TMPDIR", "LANG", "LC_ALL")
"""What of our environment a command may see."""
_PATH: Final = "/usr/local/bin:/usr/bin:/bin"
_PIECE_OCTETS: Final = 65_536
_LAST_WORDS_SECONDS: Final = 1.0
"""How long the last complaints are waited for when a command has exited."""

_END_SECONDS: Final = 2.0
"""How long the end of a command is waited for that was killed: one of another user may not be."""

_ENDING: Final[set[asyncio.Future[int]]] = set()
"""Commands whose end is awaited, here or, where we may not end one, by nobody any more."""


async def run_hook(
    command: Sequence[str],
    message: AsyncIterator[bytes],
    facts: Mapping[str, str],
    seconds: float = limits.HOOK_SECONDS,
) -> str | None:
    """Run a command for one message; return what went wrong, None: nothing.

    `facts` stand in its environment. What it prints is not kept, but for the end of what it
    complains of. A command that does not want its whole input may leave it. It is over when it
    exits: whatever it left running of its own is ended then. Only what the command does is caught
    here: an error of `message` is raised.
    """
    complaints = await _Complaints.open()
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=complaints.takes_from,
            env=_environment(facts),
            cwd="/",
            start_new_session=True,
        )
    except (OSError, ValueError) as fault:  # ValueError: a NUL in an argument
        complaints.close()
        return f"{command[0]}: {getattr(fault, 'strerror', None) or fault}"
    complaints.begin()
    feeding = asyncio.ensure_future(_feed(process, message))
    try:
        async with asyncio.timeout(seconds):
            status = await _exit_status(process, feeding)
        _end_group(process)
        words = await complaints.last_words()
    except TimeoutError:
        return f"{command[0]}: it took longer than {seconds:.0f} s"
    finally:
        if process.returncode is None:
            _end_group(process)
        feeding.cancel()
        complaints.close()
        await _forget(process)
    if status == 0:
        return None
    return f"{command[0]}: exit status {status}{f' ({words})' if words else ''}"


async def _exit_status(process: asyncio.subprocess.Process, feeding: asyncio.Future[None]) -> int:
    """Wait for a command to exit, whether it took its whole input or not. Raises as the input."""
    exiting = asyncio.ensure_future(process.wait())
    either: set[asyncio.Future[Any]] = {exiting, feeding}
    try:
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if feeding.done():
            feeding.result()
        return await exiting
    finally:
        exiting.cancel()


async def _feed(process: asyncio.subprocess.Process, message: AsyncIterator[bytes]) -> None:
    """Give a command its input; stop where it wants no more."""
    pipe = process.stdin
    if pipe is None:
        return
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        async for piece in message:
            pipe.write(piece)
            await pipe.drain()
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        pipe.close()
        await pipe.wait_closed()


class _Complaints:
    """The end of what a command complains of, through a pipe that can be closed on our side.

    Whoever has left the command's group may hold the other side for ever.
    """

    def __init__(self, transport: asyncio.ReadTransport, reader: asyncio.StreamReader) -> None:
        self._transport = transport
        self._reader = reader
        self._kept = b""
        self._listening: asyncio.Task[None] | None = None
        self.takes_from = -1
        """The side that the command writes to."""

    @classmethod
    async def open(cls) -> _Complaints:
        """Make the pipe."""
        ours, theirs = os.pipe()
        reader = asyncio.StreamReader()
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(ours, "rb", buffering=0)
        )
        complaints = cls(transport, reader)
        complaints.takes_from = theirs
        return complaints

    def begin(self) -> None:
        """Listen, now that the command has its side."""
        os.close(self.takes_from)
        self.takes_from = -1
        self._listening = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        while piece := await self._reader.read(_PIECE_OCTETS):
            self._kept = (self._kept + piece)[-limits.HOOK_WORDS_OCTETS :]

    async def last_words(self) -> str:
        """Return the end of it, fit to be shown, once nobody speaks any more."""
        if self._listening is not None:
            await asyncio.wait({self._listening}, timeout=_LAST_WORDS_SECONDS)
        return shown(b" ".join(self._kept.split()))

    def close(self) -> None:
        """Listen no more; calling twice is harmless."""
        if self.takes_from >= 0:
            os.close(self.takes_from)
            self.takes_from = -1
        if self._listening is not None:
            self._listening.cancel()
        self._transport.close()


def _end_group(process: asyncio.subprocess.Process) -> None:
    """Kill what is left of a command, with all that it began and that did not leave its group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


async def _forget(process: asyncio.subprocess.Process) -> None:
    """Let the system forget a command that was ended; one that we may not end goes on alone."""
    ending = asyncio.ensure_future(process.wait())
    _ENDING.add(ending)
    ending.add_done_callback(_ENDING.discard)
    await asyncio.wait({ending}, timeout=_END_SECONDS)
    if process.stdin is not None:
        process.stdin.close()


def _environment(facts: Mapping[str, str]) -> dict[str, str]:
    """Return what a command is told."""
    kept = {name: os.environ[name] for name in _HANDED_ON if name in os.environ}
    return {"PATH": _PATH} | kept | dict(facts)
