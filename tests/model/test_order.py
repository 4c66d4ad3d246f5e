"""The order of system calls: what is acknowledged was on the disk before, names included.

A power cut cannot be had in a test; but what a process told the disk, and when, can be read off.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.model import told
from tests.model.__main__ import EMBEDDED
from tests.model.faults import HAS_STRACE, WRITES
from tests.model.rounds import ROOT
from tests.model.worker import open_store

_NOW = 1_800_000_000
_CALL = re.compile(r"(?P<pid>\d+) +(?:<\.\.\. )?(?P<call>\w+)(?P<rest>.*)")
_PATH = re.compile(r"<(?P<path>/[^>]*)>")
_WRITES = {*WRITES.split(","), "write"}
_CALLS = f"{WRITES},openat,write,fdatasync,fsync,sendto,rename"


def calls_of(trace: str) -> Iterator[tuple[str, str, bool]]:
    """Yield each call that succeeded: its name, its arguments, and whether it has ended.

    A call that another thread interrupts is yielded twice: when it begins and when it has ended.
    """
    begun: dict[str, str] = {}
    for line in trace.splitlines():
        match = _CALL.match(line)
        if match is None:
            continue
        pid, call, rest = match["pid"], match["call"], match["rest"]
        if rest.endswith("<unfinished ...>"):
            begun[pid] = rest
            yield call, rest, False
        elif " resumed>" in rest:
            if "= -1" not in rest:
                yield call, begun.get(pid, "") + rest, True
        elif "= -1" not in rest:
            yield call, rest, True


def broken_promises(trace: str) -> list[str]:
    """Return what was not on the disk when something was told."""
    unsynced: set[str] = set()
    nameless: set[str] = set()
    broken, told_count = [], 0
    for call, rest, has_ended in calls_of(trace):
        path = _PATH.search(rest)
        name = path["path"] if path else ""
        if call in _WRITES and name.endswith(".log"):
            unsynced.add(name)
        elif call == "openat" and has_ended and "O_CREAT" in rest and ".log>" in rest:
            nameless.add(_PATH.findall(rest)[-1])
        elif call in {"fdatasync", "fsync"} and has_ended:
            unsynced.discard(name)
            nameless = {one for one in nameless if Path(one).parent != Path(name)}
        elif call == "sendto" and has_ended:
            told_count += 1
            broken += [f"{one} was not synced" for one in sorted(unsynced)]
            broken += [f"the name {one} was not synced" for one in sorted(nameless)]
    assert told_count > 20, "too little was told"
    return broken


def test_a_missing_sync_is_noticed() -> None:
    told_of = '9 sendto(5<socket:[1]>, "x", 1, 0, NULL, 0) = 1\n' * 21
    write = "9 pwritev2(7</d/000001.log>, ...) = 9\n"
    made = '9 openat(AT_FDCWD</d>, "/d/000002.log", O_RDWR|O_CREAT) = 7</d/000002.log>\n'
    assert broken_promises(told_of) == []
    assert broken_promises(write + "9 fdatasync(7</d/000001.log>) = 0\n" + told_of) == []
    assert broken_promises(write + told_of)
    assert broken_promises(write + "9 fdatasync(7</d/000001.log>) = -1 EIO\n" + told_of)
    assert broken_promises(write + "9 fdatasync(7</d/000002.log>) = 0\n" + told_of)
    assert broken_promises(made + told_of)
    assert broken_promises(made + "9 fsync(7</d>) = 0\n" + told_of) == []
    begun = "9 fdatasync(7</d/000001.log> <unfinished ...>\n"
    assert broken_promises(write + begun + told_of)
    assert broken_promises(write + begun + "9 <... fdatasync resumed>) = 0\n" + told_of) == []


@pytest.mark.faults
@pytest.mark.skipif(not HAS_STRACE, reason="strace is not installed")
async def test_octets_and_names_are_on_the_disk_before_a_step_is_acknowledged(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "data"
    store = await open_store(EMBEDDED, folder, _NOW)
    account_id = await store.create_account()
    await store.close()
    mine, theirs = socket.socketpair()
    process = subprocess.Popen(
        [
            *("strace", "-f", "-qq", "-y", "-s", "0", "-o", str(tmp_path / "trace")),
            *("-e", f"trace={_CALLS}", sys.executable, "-m", "tests.model.worker"),
            *(EMBEDDED, str(folder), "order", str(_NOW), str(theirs.fileno())),
            *("", "60", "1", account_id),
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        pass_fds=[theirs.fileno()],
    )
    theirs.close()
    listener = told.Listener(mine, lambda _value: None)
    process.wait(60)
    listener.join()
    assert isinstance(listener.values[-1], told.Ended), listener.values[-1]
    trace = (tmp_path / "trace").read_text()
    assert len(re.findall(r"pwritev2?\(\d+<[^>]*\.log>", trace)) > 20
    assert trace.count("O_CREAT") > 1
    assert broken_promises(trace) == []
