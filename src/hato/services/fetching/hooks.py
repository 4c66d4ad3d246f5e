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
from typing import Final

from hato.core import limits
from hato.protocols.foreign_text import shown

_HANDED_ON: Final = ("PATH", "HOME", "USER", "LOGNAME", "TZ", "TMPDIR", "LANG", "LC_ALL")
"""What of our environment a command may see."""
_PATH: Final = "/usr/local/bin:/usr/bin:/bin"
_PIECE_OCTETS: Final = 65_536


async def run_hook(
    command: Sequence[str],
    message: AsyncIterator[bytes],
    facts: Mapping[str, str],
    seconds: float = limits.HOOK_SECONDS,
) -> str | None:
    """Run a command for one message; return what went wrong, None: nothing.

    `facts` stand in its environment. What it prints is not kept, but for the end of what it
    complains of. A command that does not want its whole input may leave it. Only what the command
    does is caught here: an error of `message` is raised.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            env=_environment(facts),
            cwd="/",
            start_new_session=True,
        )
    except (OSError, ValueError) as fault:  # ValueError: a NUL in an argument
        return f"{command[0]}: {getattr(fault, 'strerror', None) or fault}"
    try:
        async with asyncio.timeout(seconds):
            _, complaints = await asyncio.gather(_feed(process, message), _last_words(process))
            status = await process.wait()
    except TimeoutError:
        return f"{command[0]}: it took longer than {seconds:.0f} s"
    finally:
        await _end(process)
    if status == 0:
        return None
    return f"{command[0]}: exit status {status}{f' ({complaints})' if complaints else ''}"


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


async def _last_words(process: asyncio.subprocess.Process) -> str:
    """Read what a command complains of; keep its end."""
    kept = b""
    while process.stderr is not None:
        piece = await process.stderr.read(_PIECE_OCTETS)
        if not piece:
            break
        kept = (kept + piece)[-limits.HOOK_WORDS_OCTETS :]
    return shown(b" ".join(kept.split()))


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kill what is left of a command, with all that it began, and let the system forget it."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
    if process.stdin is not None:
        process.stdin.close()


def _environment(facts: Mapping[str, str]) -> dict[str, str]:
    """Return what a command is told."""
    kept = {name: os.environ[name] for name in _HANDED_ON if name in os.environ}
    return {"PATH": _PATH} | kept | dict(facts)
