"""The kinds of bad luck, as data: how a worker is started, when it is killed, what is lost then."""

from __future__ import annotations

import random
import shutil
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.model.power import cut_the_power

HAS_STRACE = shutil.which("strace") is not None

_SYNCS = "fsync,fdatasync"
WRITES = "pwritev,pwritev2,pwrite64,writev"
"""The calls with which stores write; SQLite uses pwrite64, Python's `os.pwritev` is pwritev2."""
_CHANGED_NAMES = "rename,renameat,renameat2,link,linkat,unlink,unlinkat,fchmod,ftruncate,mkdir"
_NAMES = f"{_CHANGED_NAMES},openat"


@dataclass(frozen=True)
class Fault:
    """One kind of bad luck."""

    name: str
    weight: int
    inject: str = ""
    """For strace: `{n}` is a number that grows from round to round."""
    most: int = 1
    """Where `{n}` begins again at 1."""
    way: str = ""
    """What else a worker does meanwhile: `compact`."""
    kills: bool = True
    """Workers are killed (else they work to their end)."""
    limits: tuple[str, ...] = ()
    """For prlimit; `{n}` as above."""
    is_power_cut: bool = False
    """All writes and syncs are noted, so that what was not on the disk can be lost."""
    afterwards: tuple[str, ...] = ()
    """Names of `AFTERWARDS`."""


def _kill(calls: str) -> str:
    return f"inject={calls}:signal=KILL:when={{n}}"


def _fail(calls: str, error: str) -> str:
    return f"inject={calls}:error={error}:when={{n}}"


FAULTS = (
    Fault("killed", 6),
    Fault("killed while compacting", 3, way="compact"),
    Fault("write-ahead log of the index lost", 3, afterwards=("lose the log",)),
    Fault("end of the write-ahead log lost", 4, afterwards=("lose the end of the log",)),
    Fault("index lost", 3, afterwards=("lose the index",)),
    Fault("index damaged", 1, afterwards=("lose the log", "damage the index")),
    Fault("rubbish at the end", 3, afterwards=("add rubbish",)),
    Fault("rubbish at the end, index lost", 2, afterwards=("add rubbish", "lose the index")),
    Fault("end torn off, index lost", 4, afterwards=("tear", "lose the index")),
    Fault("ended in peace", 1, kills=False),
    Fault("compacted in peace", 1, way="compact", kills=False),
    Fault("a file cannot grow", 2, kills=False, limits=("--fsize=150000",)),
    Fault("few descriptors", 2, most=24, kills=False, limits=("--nofile={n}",)),
)

TRACED_FAULTS = (
    Fault("killed at a sync", 8, _kill(_SYNCS), 120),
    Fault("killed at a sync while compacting", 4, _kill(_SYNCS), 60, way="compact"),
    Fault(
        "killed at a sync, end torn off, index lost",
        4,
        _kill(_SYNCS),
        60,
        afterwards=("tear", "lose the index"),
    ),
    Fault("power cut", 6, is_power_cut=True, afterwards=("cut the power", "lose the index")),
    Fault(
        "power cut while compacting",
        2,
        way="compact",
        is_power_cut=True,
        afterwards=("cut the power", "lose the end of the log"),
    ),
    Fault("killed at a write", 4, _kill(WRITES), 200),
    Fault("killed at a name", 3, _kill(_NAMES), 250, way="compact"),
    Fault("sync fails (EIO)", 3, _fail(_SYNCS, "EIO") + "+40", 60, kills=False),
    Fault("every sync fails (EIO)", 1, _fail(_SYNCS, "EIO") + "+", 60, kills=False),
    Fault("write fails (EIO)", 2, _fail(WRITES, "EIO") + "+50", 120, kills=False),
    Fault("a name fails (EIO)", 2, _fail(_CHANGED_NAMES, "EIO") + "+5", 12, "compact", kills=False),
    Fault("disk full (ENOSPC)", 3, _fail(WRITES, "ENOSPC") + "+", 150, kills=False),
    Fault(
        "disk full while compacting",
        2,
        _fail(WRITES, "ENOSPC") + "+3",
        150,
        way="compact",
        kills=False,
    ),
)


def faults() -> tuple[Fault, ...]:
    """Return the kinds that can be tried here."""
    return FAULTS + TRACED_FAULTS if HAS_STRACE else FAULTS


def lose_the_log(folder: Path, known: dict[str, int], chance: random.Random) -> None:
    """Lose what SQLite had not yet put into its file: after a power cut that can be all of it."""
    for path in [*folder.glob("accounts/*/index.db-wal"), *folder.glob("accounts/*/index.db-shm")]:
        path.unlink()


def lose_the_end_of_the_log(folder: Path, known: dict[str, int], chance: random.Random) -> None:
    """Let the index be as it was some steps ago: nobody syncs its log but when it is moved."""
    for path in folder.glob("accounts/*/index.db-wal"):
        shared = path.with_name("index.db-shm")
        kept = _frames_that_may_be_kept(shared)
        if kept:
            with path.open("r+b") as file:
                frame_octets = 24 + int.from_bytes(file.read(12)[8:], "big")
                file.truncate(32 + frame_octets * chance.choice(kept))
            shared.unlink()


def _frames_that_may_be_kept(shared: Path) -> range:
    """Read in the index of the log how many are there, and how many stand in the file already."""
    if not shared.exists():
        return range(0)
    header = shared.read_bytes()[:136]
    if len(header) < 136 or header[:48] != header[48:96]:  # killed while it wrote this
        return range(0)
    (frames,) = struct.unpack_from("=I", header, 16)
    moved, tried = struct.unpack_from("=I", header, 96)[0], struct.unpack_from("=I", header, 128)[0]
    return range(max(moved, tried), frames + 1)


def lose_the_index(folder: Path, known: dict[str, int], chance: random.Random) -> None:
    """Lose the index altogether."""
    for path in folder.glob("accounts/*/index.db*"):
        path.unlink()


def damage_the_index(folder: Path, known: dict[str, int], chance: random.Random) -> None:
    """Overwrite the beginning of the index."""
    for path in folder.glob("accounts/*/index.db"):
        with path.open("r+b") as file:
            file.write(chance.randbytes(4_096))


def add_rubbish(folder: Path, known: dict[str, int], chance: random.Random) -> None:
    """Let the last file of a journal end in what a crash may leave: noise, zeros, half a record."""
    for path in _last_journals(folder):
        content = path.read_bytes()
        half_a_record = content[: chance.randrange(20, 120)]
        rubbish = chance.choice(
            [chance.randbytes(chance.randrange(1, 9_000)), bytes(chance.randrange(1, 9_000))]
        )
        with path.open("ab") as file:
            file.write(chance.choice([rubbish, half_a_record, half_a_record + rubbish]))


def tear(folder: Path, known: dict[str, int], chance: random.Random) -> None:
    """Cut off some of what nobody was told of (`known`: how long files were when told)."""
    for path in _last_journals(folder):
        size = path.stat().st_size
        least = known.get(str(path))
        if least is not None and least < size:
            with path.open("r+b") as file:
                file.truncate(chance.randrange(least, size))


def _last_journals(folder: Path) -> list[Path]:
    accounts = folder.glob("accounts/*")
    journals = [sorted(account.glob("*.log")) for account in accounts]
    return [files[-1] for files in journals if files]


AFTERWARDS: dict[str, Callable[[Path, dict[str, int], random.Random], None]] = {
    "lose the log": lose_the_log,
    "lose the end of the log": lose_the_end_of_the_log,
    "lose the index": lose_the_index,
    "damage the index": damage_the_index,
    "add rubbish": add_rubbish,
    "tear": tear,
    "cut the power": cut_the_power,
}
