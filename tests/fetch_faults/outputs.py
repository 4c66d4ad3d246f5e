"""A command and a Maildir that a source's new letters go to, and what must be in them.

Used by the runs that kill a server which fetches.
Never believes what the server says of its outputs: their files are read.
Standards: none; the promise is that of `services/fetching/outputs`: the command at least once and
in order, the Maildir exactly once.
Fails with BrokenPromiseError.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from tests.fetch_faults.broken_fetches import BrokenPromiseError
from tests.fetch_faults.mailboxes import mark_of

_COMMAND = """#!/bin/sh
count=$(wc -c)
echo "$HATO_EMAIL $HATO_SIZE_OCTETS $count" >> {log}
"""


class _Run(NamedTuple):
    """One run of the command, as it told itself."""

    email_id: int
    announced_octets: int
    given_octets: int


class WatchedOutputs:
    """One command that writes down for which letter it ran, and one Maildir."""

    def __init__(self, folder: Path) -> None:
        """Make the command in `folder`."""
        folder.mkdir(parents=True)
        self._log = folder / "runs"
        self._maildir = folder / "Maildir"
        self._command = folder / "command"
        self._command.write_text(_COMMAND.format(log=self._log))
        self._command.chmod(0o700)
        self.runs = 0
        self.runs_again = 0

    @property
    def options(self) -> tuple[str, ...]:
        """What `hato account add` is told."""
        return ("--hook", str(self._command), "--maildir", str(self._maildir))

    def are_complete(self, emails: Mapping[int, bytes]) -> bool:
        """Tell whether the last letters have been through both."""
        return {run.email_id for run in self._read() if _is_whole(run)} >= emails.keys()

    def judge(self, emails: Mapping[int, bytes]) -> None:
        """Compare both with the letters that are here, by id, all of which have been through."""
        runs = self._read()
        in_order = [email_id for email_id, _ in groupby(run.email_id for run in runs)]
        if in_order != sorted(emails):
            raise BrokenPromiseError(f"the command ran for {in_order}, not for {sorted(emails)}")
        whole = {run.email_id for run in runs if _is_whole(run)}
        if missing := sorted(emails.keys() - whole):
            raise BrokenPromiseError(f"the command never got the whole of {missing}")
        here = Counter(map(mark_of, emails.values()))
        if (copies := Counter(self._marks())) != here:
            raise BrokenPromiseError(
                f"in the Maildir are missing {here - copies}, too many {copies - here}"
            )
        self.runs, self.runs_again = len(runs), len(runs) - len(emails)

    def _read(self) -> list[_Run]:
        if not self._log.exists():
            return []
        return [_Run(*map(int, line.split())) for line in self._log.read_text().splitlines()]

    def _marks(self) -> list[str]:
        folders = (self._maildir / "new", self._maildir / "cur")
        files = [path for folder in folders if folder.exists() for path in folder.iterdir()]
        return [mark_of(path.read_bytes().replace(b"\n", b"\r\n")) for path in files]


def _is_whole(run: _Run) -> bool:
    return run.given_octets == run.announced_octets
