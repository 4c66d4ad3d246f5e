"""`hato user purge` asks before it removes for good."""

from __future__ import annotations

import pytest

from hato.store.embedded.account import EmbeddedAccount
from hato.store.model import Usage
from tests.unit.cli.conftest import Hato


@pytest.fixture
def left(hato: Hato) -> str:
    """The account of somebody who was removed."""
    hato("user", "remove", "ada")
    (one,) = hato.json("user", "purge")
    assert one["messages"] == 0
    account: str = one["account"]
    return account


def test_the_question_is_no_part_of_what_is_printed(hato: Hato, left: str) -> None:
    said = hato("user", "purge", left, "--json", typed="y\n")
    assert said.err == f"Remove 0 messages of {left} for good? [y/N] "
    assert said.out.split() == ["{", '"purged":', f'"{left}"', "}"]
    assert hato.json("user", "purge") == []


@pytest.mark.parametrize("answer", ["n\n", "\n", "yesterday\n", ""])
def test_who_does_not_say_yes_keeps_everything(hato: Hato, left: str, answer: str) -> None:
    said = hato("user", "purge", left, status=1, typed=answer)
    assert said.err.endswith("? [y/N] Nothing was removed.\n")
    assert said.out == ""
    assert len(hato.json("user", "purge")) == 1


def test_nobody_is_asked_where_nobody_can_answer(hato: Hato, left: str) -> None:
    said = hato("user", "purge", left, status=1, piped="y\n")
    assert said.err == "Nothing was removed: say --yes where nobody can be asked.\n"
    assert len(hato.json("user", "purge")) == 1


def test_what_nobody_left_is_not_even_asked_about(hato: Hato, left: str) -> None:
    for options in ((), ("--yes",)):
        said = hato("user", "purge", f"{left}x", *options, status=1, typed="y\n")
        assert said.err.startswith(f"{left}x is no account that a removed person left")


def test_only_that_one_is_looked_at(hato: Hato, left: str, monkeypatch: pytest.MonkeyPatch) -> None:
    hato("user", "add", "bob@example.org", "--password-stdin", piped="a long password\n")
    hato("user", "remove", "bob")
    counted: list[str] = []
    usage = EmbeddedAccount.usage

    async def count(account: EmbeddedAccount) -> Usage:
        counted.append(account.account_id)
        return await usage(account)

    monkeypatch.setattr(EmbeddedAccount, "usage", count)
    hato("user", "purge", left, typed="n\n", status=1)
    assert counted == [left]
    hato.ways.opened = 0
    hato("user", "purge", left, "--yes")
    assert counted == [left]
    assert hato.ways.opened == 1
