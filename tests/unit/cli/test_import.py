"""`hato import` in the words that it says when it is interrupted."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from hato.cli.moving import import_mail
from hato.services.importing import ForeignMessage
from tests.unit.cli.conftest import Hato


def interrupting(_path: Path) -> Iterator[ForeignMessage]:
    """Yield ten messages; at the third somebody presses Ctrl-C."""

    def chunks(number: int) -> Iterator[bytes]:
        if number == 3:
            signal.raise_signal(signal.SIGINT)
        yield b"Subject: Tea\r\n\r\nAt five?\r\n"

    for number in range(1, 11):
        yield ForeignMessage(
            key=f"{number}",
            folder=(),
            received=1,
            size_octets=29,
            keywords=frozenset(),
            chunks=lambda number=number: chunks(number),  # type: ignore[misc]  # bound at once
        )


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ([], "Interrupted: 2 new, 0 there already, 0 empty, 0 failed so far. Run it again to go "),
        (["--dry-run"], "Interrupted: 3 would be new, 0 are there already, 0 are empty, 0 cannot "),
    ],
)
def test_an_interruption_is_heard_at_once_and_says_how_far_it_was(
    hato: Hato,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    sentence: str,
) -> None:
    monkeypatch.setitem(import_mail._READERS, "eml", interrupting)
    said = hato("import", "ada@example.org", "eml", str(tmp_path), *options, status=130)
    assert said.err.startswith(sentence)


def test_a_file_that_is_no_mbox_is_refused_and_an_empty_one_is_not(
    hato: Hato, tmp_path: Path
) -> None:
    file = tmp_path / "mail"
    for text in ("", "\n"):
        file.write_text(text)
        assert hato("import", "ada@example.org", "mbox", str(file), "--dry-run").out
    file.write_text("Subject: Tea\n\nAt five?\n")
    said = hato("import", "ada@example.org", "mbox", str(file), "--dry-run", status=1)
    assert said.err.startswith(f"{file} is no mbox")


def test_what_the_persons_own_rule_would_delete_at_once_is_told(hato: Hato, tmp_path: Path) -> None:
    old = tmp_path / "old.eml"
    old.write_text("Subject: old\nDate: Thu, 1 Jan 2015 10:00:00 +0000\n\nLong ago.\n")
    os.utime(old, (1_420_106_400, 1_420_106_400))
    assert hato("import", "ada@example.org", "eml", str(old), "--dry-run").err == ""
    hato("user", "set", "ada@example.org", "--expire-days", "30")
    said = hato("import", "ada@example.org", "eml", str(old))
    assert said.err == (
        "ada@example.org wants mail deleted from INBOX after 30 days: 1 of these is older than "
        "that, and goes at the next POP3 login; say `hato user set ada@example.org "
        "--expire-days 0` first to keep it.\n"
    )
