"""`hato compact` says what was given back, and what is missing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hato.core.errors import DamagedError, StorageFullError
from hato.store.embedded.account import EmbeddedAccount
from hato.store.embedded.space import Space
from tests.unit.cli.conftest import Hato
from tests.unit.cli.test_undelete import letters_of_ada


@pytest.fixture
def deleted(hato: Hato, tmp_path: Path) -> Hato:
    """Ada had five letters and deleted them."""
    for number in range(5):
        (tmp_path / f"{number}.eml").write_text(f"Subject: {number}\n\n{'Hello' * 20_000}\n")
    hato("import", "ada@example.org", "eml", str(tmp_path))
    letters_of_ada(tmp_path / "hato.toml", deleted=True)
    return hato


def test_deleted_mail_stays_where_there_is_room(
    deleted: Hato, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Space, "free_octets", lambda _: 10**12)
    assert deleted("compact").out == "0 octets were given back; 0 messages were past their time.\n"
    assert len(deleted.json("undelete", "ada@example.org")) == 5


@pytest.mark.parametrize(
    ("free_octets", "options"), [(10**12, ["--purge-deleted"]), (50_000_000, [])]
)
def test_it_ends_when_asked_to_or_when_the_disk_lacks_room(
    deleted: Hato, monkeypatch: pytest.MonkeyPatch, free_octets: int, options: list[str]
) -> None:
    monkeypatch.setattr(Space, "free_octets", lambda _: free_octets)
    said = deleted("compact", *options)
    assert int(said.out.split()[0]) > 400_000
    assert "5 deleted messages were ended before their time" in said.out
    assert ("The disk has 50000000 octets free" in said.err) == (not options)
    assert deleted.json("undelete", "ada@example.org") == []


def test_json_has_all_figures(deleted: Hato, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Space, "free_octets", lambda _: 10**12)
    figures = deleted.json("compact", "--purge-deleted")
    assert figures.pop("octets") > 400_000
    assert figures == {
        "purged": 0,
        "ended_early": 5,
        "free_octets": 10**12,
        "needed_octets": 67_108_864,
        "failed": [],
    }


def test_a_disk_too_full_to_copy_anything_is_told_with_figures(
    deleted: Hato, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def compact(_: EmbeddedAccount) -> int:
        raise StorageFullError("no room")

    monkeypatch.setattr(EmbeddedAccount, "compact", compact)
    monkeypatch.setattr(Space, "free_octets", lambda _: 1_000)
    said = deleted("compact", status=1)
    assert "the 1000 octets that are free are too few" in said.err
    assert "new mail needs 67108864" in said.err


def test_an_account_that_cannot_be_looked_after_is_named_and_the_others_go_on(
    deleted: Hato, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_: EmbeddedAccount) -> int:
        raise DamagedError("the journal is gone")

    monkeypatch.setattr(EmbeddedAccount, "compact", fail)
    said = deleted("compact", status=1)
    assert "1 account could not be looked after" in said.err
    assert len(json.loads(deleted("compact", "--json", status=1).out)["failed"]) == 1
