"""`hato import` in the words that it says when it is interrupted."""

from __future__ import annotations

import io
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from hato.app import Composition
from hato.cli import import_mail
from hato.cli.program import run
from hato.services.importing import ForeignMessage


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


@pytest.fixture
def hato(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> list[str]:
    """A configuration with somebody who has a mailbox."""
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setitem(import_mail._READERS, "eml", interrupting)
    file = tmp_path / "hato.toml"
    file.write_text(f'data = "{tmp_path / "data"}"\n')
    config = ["--config", str(file)]
    assert run(Composition(), [*config, "domain", "add", "example.org"]) == 0
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"a long password\n")))
    assert run(Composition(), [*config, "user", "add", "ada@example.org", "--password-stdin"]) == 0
    capsys.readouterr()
    return config


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ([], "Interrupted: 2 new, 0 there already, 0 empty, 0 failed so far. Run it again to go "),
        (["--dry-run"], "Interrupted: 3 would be new, 0 are there already, 0 are empty, 0 cannot "),
    ],
)
def test_an_interruption_is_heard_at_once_and_says_how_far_it_was(
    hato: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    sentence: str,
) -> None:
    verb = ["import", "ada@example.org", "eml", str(tmp_path), *options]
    assert run(Composition(), [*hato, *verb]) == 130
    assert capsys.readouterr().err.startswith(sentence)
