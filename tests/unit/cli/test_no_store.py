"""Verbs that read, where there is nothing to read: they make nothing, and say what is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from hato.app import Composition
from hato.cli.program import run
from tests.unit.cli.conftest import Hato

READING = [
    ["domain", "list"],
    ["user", "list"],
    ["user", "add", "ada@example.org", "--password-stdin"],
    ["address", "list"],
    ["app-password", "list", "ada@example.org"],
    ["undelete", "ada@example.org"],
    ["verify"],
    ["compact"],
]


@pytest.mark.parametrize("verb", READING, ids=" ".join)
def test_a_store_that_is_not_there_is_told_and_not_made(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    verb: list[str],
) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    config = tmp_path / "hato.toml"
    config.write_text(f'data = "{tmp_path / "data"}"\n')
    (tmp_path / "password").write_text("a long password\n")
    with (tmp_path / "password").open() as given:
        monkeypatch.setattr("sys.stdin", given)
        assert run(Composition(), ["--config", str(config), *verb]) == 1
    assert capfd.readouterr().err == (
        f"There is no store in {tmp_path}/data: check `data` in {config}; "
        "`hato domain add` makes a new one.\n"
    )
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("verb", [*READING, ["domain", "add", "example.net"], ["serve"]], ids=str)
def test_what_is_left_of_a_store_gets_no_new_one_in_its_place(
    hato: Hato, tmp_path: Path, verb: list[str]
) -> None:
    (tmp_path / "data" / "hato.db").rename(tmp_path / "away.db")
    with (tmp_path / "hato.toml").open("a") as config:
        config.write('[listen]\nlmtp = ["127.0.0.1:0"]\n')
    said = hato(*verb, piped="a long password\n", status=1)
    assert said.err.startswith(f"{tmp_path}/data/hato.db is missing, although there are accounts")
    assert not (tmp_path / "data" / "hato.db").exists()


def test_a_database_that_is_none_is_told_in_one_sentence(hato: Hato, tmp_path: Path) -> None:
    place = tmp_path / "data" / "hato.db"
    for more in place.parent.glob("hato.db-*"):
        more.unlink()
    place.write_bytes(b"nothing of the kind" * 400)
    said = hato("user", "list", status=1)
    assert said.err.startswith(f"{place} is damaged (file is not a database), and")
    assert "put it back from a backup" in said.err
    assert said.err.count("\n") == 1
    assert place.read_bytes() == b"nothing of the kind" * 400
