"""A hook gets the message and its facts; whatever it does, mail is safe and Hato goes on."""

from __future__ import annotations

import asyncio
import os
import select
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hato.core.errors import DamagedError
from hato.services.fetching.hooks import run_hook

MESSAGE = b"Subject: hello\r\n\r\nHello.\r\n"


async def octets(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


def script(folder: Path, text: str) -> str:
    path = folder / "hook"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o700)
    return str(path)


async def test_the_message_comes_on_standard_input(tmp_path: Path) -> None:
    hook = script(tmp_path, f"cat > {tmp_path}/got")
    assert await run_hook([hook], octets(MESSAGE[:5], MESSAGE[5:]), {}) is None
    assert (tmp_path / "got").read_bytes() == MESSAGE


async def test_its_arguments_see_no_shell(tmp_path: Path) -> None:
    hook = script(tmp_path, f'printf "%s" "$1" > {tmp_path}/got')
    assert await run_hook([hook, "$(id); echo *"], octets(MESSAGE), {}) is None
    assert (tmp_path / "got").read_text() == "$(id); echo *"


async def test_it_is_told_which_message_it_is(tmp_path: Path) -> None:
    hook = script(tmp_path, f'printf "%s" "$HATO_EMAIL" > {tmp_path}/got')
    assert await run_hook([hook], octets(MESSAGE), {"HATO_EMAIL": "17"}) is None
    assert (tmp_path / "got").read_text() == "17"


async def test_it_sees_nothing_else_of_our_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HATO_SECRET_KEY", "very secret")
    hook = script(tmp_path, f"env > {tmp_path}/got")
    assert await run_hook([hook], octets(MESSAGE), {}) is None
    assert "very secret" not in (tmp_path / "got").read_text()
    assert f"PATH={os.environ['PATH']}" in (tmp_path / "got").read_text()


async def test_what_it_complains_of_is_told_and_fit_to_be_shown(tmp_path: Path) -> None:
    hook = script(tmp_path, r"printf 'no\033[2J way\n' >&2; exit 3")
    fault = await run_hook([hook], octets(MESSAGE), {})
    assert fault == rf"{hook}: exit status 3 (no\x1b[2J way)"


async def test_it_may_leave_its_input(tmp_path: Path) -> None:
    hook = script(tmp_path, "exit 0")
    assert await run_hook([hook], octets(*[bytes(65_536)] * 64), {}) is None


async def test_endless_complaints_cost_no_memory(tmp_path: Path) -> None:
    hook = script(tmp_path, "head -c 3000000 /dev/zero | tr '\\0' x >&2; exit 1")
    fault = await run_hook([hook], octets(MESSAGE), {})
    assert fault is not None
    assert len(fault) < 1_000


async def test_one_that_hangs_is_killed_with_all_that_it_began(tmp_path: Path) -> None:
    hook = script(tmp_path, f"sleep 1000 & echo $! > {tmp_path}/child; wait")
    fault = await run_hook([hook], octets(MESSAGE), {}, seconds=0.5)
    assert fault == f"{hook}: it took longer than 0 s"
    assert is_gone(int((tmp_path / "child").read_text()))


def is_gone(pid: int) -> bool:
    """Tell whether a process has ended: one that was killed takes a moment."""
    try:
        ended = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([ended], [], [], 10)[0])
    finally:
        os.close(ended)


@pytest.mark.parametrize("exit_status", [0, 3])
async def test_one_that_leaves_something_running_is_over_when_it_exits(
    tmp_path: Path, exit_status: int
) -> None:
    hook = script(
        tmp_path, f"sleep 1000 & echo $! > {tmp_path}/child; echo no >&2; exit {exit_status}"
    )
    async with asyncio.timeout(10):
        fault = await run_hook([hook], octets(MESSAGE), {}, seconds=1000)
    assert fault == (f"{hook}: exit status 3 (no)" if exit_status else None)
    assert is_gone(int((tmp_path / "child").read_text()))


async def test_one_that_may_not_be_killed_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command of another user, as `sudo` makes one."""

    def refuse(group: int, number: int) -> None:
        raise PermissionError

    hook = script(tmp_path, f"echo $$ > {tmp_path}/child; exec sleep 1000")
    with monkeypatch.context() as patch:
        patch.setattr(os, "killpg", refuse)
        async with asyncio.timeout(10):
            fault = await run_hook([hook], octets(MESSAGE), {}, seconds=0.5)
    assert fault == f"{hook}: it took longer than 0 s"
    pid = int((tmp_path / "child").read_text())
    os.kill(pid, signal.SIGKILL)
    assert is_gone(pid)
    waiting = asyncio.all_tasks() - {asyncio.current_task()}
    assert waiting
    await asyncio.wait(waiting, timeout=10)


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_what_left_the_group_with_the_pipes_is_not_waited_for(tmp_path: Path) -> None:
    hook = script(
        tmp_path,
        f"setsid sh -c 'echo $$ > {tmp_path}/child; exec sleep 1000' & "
        f"while [ ! -s {tmp_path}/child ]; do :; done; exit 3",
    )
    before = open_files()
    try:
        async with asyncio.timeout(10):
            fault = await run_hook([hook], octets(*[bytes(65_536)] * 64), {}, seconds=1000)
        assert fault == f"{hook}: exit status 3"
        await asyncio.sleep(0)
        assert open_files() <= before
    finally:
        os.kill(int((tmp_path / "child").read_text()), signal.SIGKILL)


async def test_an_error_of_the_message_is_no_fault_of_the_command(tmp_path: Path) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"Subject: half\r\n"
        raise DamagedError("bad")

    hook = script(tmp_path, "cat > /dev/null; sleep 1000")
    with pytest.raises(DamagedError):
        await run_hook([hook], broken(), {}, seconds=1000)


@pytest.mark.parametrize("command", [["/nowhere/hook"], ["/"], ["hook\0"]])
async def test_one_that_cannot_be_run_is_told(command: list[str]) -> None:
    fault = await run_hook(command, octets(MESSAGE), {})
    assert fault is not None
    assert fault.startswith(command[0])
