"""The shell completes verbs, options and folders."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.cli.conftest import Hato
from tests.unit.cli.letters import letter, put


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_gets_what_it_reads(hato: Hato, shell: str) -> None:
    assert "_HATO_COMPLETE" in hato("completion", shell).out


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("hato inb", ["inbox"]),
        ("hato reply", ["reply", "reply-all"]),
        ("hato mark unre", ["unread"]),
        ("hato inbox --un", ["--unread"]),
        ("hato inbox fa", ["Family"]),
        ("hato move 3 家", ["家族"]),
        ("hato export eml out Fam", ["Family"]),
        ("hato attachment s", ["save"]),
    ],
)
def test_what_was_begun_is_completed(
    hato: Hato,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    line: str,
    found: list[str],
) -> None:
    config = tmp_path / "hato.toml"
    put(config, letter("one"), folder="Family")
    put(config, letter("one"), folder="家族")
    monkeypatch.setenv("_HATO_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", line)
    monkeypatch.setenv("COMP_CWORD", str(len(line.split()) - 1))
    capsys.readouterr()
    with pytest.raises(SystemExit):
        hato()
    assert [row.partition(",")[2] for row in capsys.readouterr().out.split()] == found
