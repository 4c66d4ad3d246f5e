"""Reads a trace of system calls as a power cut would: what was on the disk before which answer.

Used by tests/faults/test_durable_before_the_answer.py and by `python -m tests.faults`.
Never trusts a call that was only begun: a sync counts when it returned, a reply when it was begun.
Standards: fsync(2) (a file's octets and its name are two things), RFC 5321 §6.1, RFC 1939 §6.
Fails with NotDurableError.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

from tests.faults.system_calls import Call, Trace

WRITES = ("write", "writev", "pwrite64", "pwritev", "pwritev2")
SENDS = ("write", "writev", "sendto", "sendmsg")
RECEIVES = ("read", "recvfrom", "recvmsg")
SYNCS = ("fsync", "fdatasync")
NAMES = ("openat", "rename", "renameat", "renameat2", "unlink")
CALLS = tuple(dict.fromkeys((*WRITES, *SENDS, *RECEIVES, *SYNCS, *NAMES, "ftruncate")))

_JOURNAL = re.compile(r".*/accounts/[^/]+/[0-9]+\.log")
_STRING = re.compile(r'"([^"]*)"')


class NotDurableError(AssertionError):
    """Something was said before it was on the disk."""


class Disk:
    """What one trace tells about files, and about the sockets beside them."""

    def __init__(self, trace: Trace) -> None:
        """Sort the calls of a whole trace."""
        self._syncs: dict[str, list[Call]] = {}
        self._made: dict[str, Call] = {}
        self.writes = trace.named(*WRITES, *SENDS)
        """To files and sockets, in the order of their ends."""
        self.receives = trace.named(*RECEIVES)
        self.renames = trace.named("rename", "renameat", "renameat2")
        for call in trace.named(*SYNCS):
            self._syncs.setdefault(call.file, []).append(call)
        for call in trace.named("openat"):
            path = _STRING.search(call.arguments)
            if path and "O_CREAT" in call.arguments:
                self._made.setdefault(path.group(1), call)
        self.journal_writes = [call for call in self.writes if _JOURNAL.fullmatch(call.file)]

    def writes_to(self, name: str) -> list[Call]:
        """Return the writes to files of this name."""
        return [call for call in self.writes if PurePosixPath(call.file).name == name]

    def sync_of(self, written: Call, before: int) -> Call | None:
        """Return a sync that began after a write ended and returned before a moment, if any."""
        for sync in self._syncs.get(written.file, ()):
            if sync.began > written.ended and sync.ended < before:
                return sync
        return None

    def require(self, written: Iterable[Call], before: int, what: str) -> int:
        """Raise NotDurableError unless writes, and their files' names, are durable by then."""
        count = 0
        for call in written:
            count += 1
            if self.sync_of(call, before) is None:
                raise NotDurableError(f"{what}: {call.file} was not synced before the answer")
            self._require_name(call.file, before, what)
        return count

    def _require_name(self, path: str, before: int, what: str) -> None:
        made = self._made.get(path)
        if made is None or made.began > before:
            return
        folder = str(PurePosixPath(path).parent)
        for sync in self._syncs.get(folder, ()):
            if sync.began > made.ended and sync.ended < before:
                return
        raise NotDurableError(f"{what}: the name {path} was not synced before the answer")

    def require_folder_sync(self, folder: str, after: int, before: int, what: str) -> None:
        """Raise NotDurableError unless a folder was synced between two moments."""
        for sync in self._syncs.get(folder, ()):
            if sync.began > after and sync.ended < before:
                return
        raise NotDurableError(f"{what}: the folder {folder} was not synced")

    def unsynced_journals(self, before: int) -> list[str]:
        """Return the journals with writes that were not durable by then."""
        return [
            call.file
            for call in self.journal_writes
            if call.began < before and self.sync_of(call, before) is None
        ]

    def records_of(self, mark: str) -> dict[str, Call]:
        """Return the last write of a letter's record, by account folder."""
        return {
            str(PurePosixPath(call.file).parent): call
            for call in self.journal_writes
            if f"<{mark}@" in call.arguments
        }


def answers_on(calls: Sequence[Call], port: int, words: str, after: int = -1) -> list[Call]:
    """Return the calls on the socket of the client with that port whose octets hold `words`."""
    peer = f":{port}]"
    return [
        call
        for call in calls
        if call.began > after and peer in call.file and words in call.arguments
    ]
