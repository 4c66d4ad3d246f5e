"""What a person writes about a source, read or refused in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from hato.core.clock import FixedClock
from hato.core.errors import InvalidInputError
from hato.services.sources.folders import folder_at, folder_names, folder_path
from hato.services.sources.source import Keeping, Policy
from hato.services.sources.wishes import (
    colour_of,
    command_of,
    octets_of,
    pin_of,
    policy_of,
    whole_path,
)
from hato.store.memory import MemoryStore

PIN = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("text", "octets"),
    [
        ("1000", 1_000),
        ("500K", 512_000),
        ("20 mb", 20_971_520),
        ("1GiB", 1 << 30),
        ("7b", 7),
        ("0", None),
        ("0M", None),
    ],
)
def test_a_size_is_read_in_the_usual_ways(text: str, octets: int | None) -> None:
    assert octets_of(text) == octets


@pytest.mark.parametrize("text", ["", "M", "-1", "1.5M", "9" * 13, "20X"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError):
        octets_of(text)


def test_a_rule_is_one_of_four_and_zero_days_is_as_soon_as_it_is_safe() -> None:
    before = Policy(Keeping.DELETE_AFTER_DAYS, 9)

    def rule(*, keeps: bool = False, days: int | None = None, read: bool = False) -> Policy:
        return policy_of(keeps=keeps, days=days, deletes_when_read=read, otherwise=before)

    assert rule() == before
    assert rule(keeps=True) == Policy(Keeping.KEEP)
    assert rule(days=30) == Policy(Keeping.DELETE_AFTER_DAYS, 30)
    assert rule(days=0) == Policy(Keeping.DELETE_WHEN_STORED)
    assert rule(read=True) == Policy(Keeping.DELETE_WHEN_READ)
    with pytest.raises(InvalidInputError):
        rule(keeps=True, days=0)


def test_a_fingerprint_is_read_as_openssl_writes_it() -> None:
    written = ":".join(PIN.upper()[place : place + 2] for place in range(0, 64, 2))
    assert pin_of(written) == pin_of(PIN) == PIN
    assert pin_of("") == ""
    for text in (PIN[:-1], f"{PIN}0", "g" * 64):
        with pytest.raises(InvalidInputError):
            pin_of(text)


def test_a_colour_has_six_digits() -> None:
    assert colour_of(" #2A6FB0 ") == "#2a6fb0"
    for text in ("2a6fb0", "#2a6fb", "#2a6fb01", "red"):
        with pytest.raises(InvalidInputError):
            colour_of(text)


def test_a_command_is_divided_as_a_shell_would_and_must_be_there() -> None:
    assert command_of("cat -u 'a b'") == ("cat", "-u", "a b")
    assert command_of("") == ()
    for text in ("cat 'a", "surely-no-such-program"):
        with pytest.raises(InvalidInputError):
            command_of(text)


def test_a_path_means_the_same_from_everywhere() -> None:
    assert whole_path("a/b") == str(Path.cwd() / "a" / "b")
    assert whole_path("/a") == "/a"
    assert whole_path("") == ""


async def test_a_folder_is_made_once_with_those_above_it() -> None:
    store = MemoryStore(FixedClock())
    account = await store.account(await store.create_account())
    made = await folder_at(account, folder_path("Family/Ada"))
    assert await folder_at(account, folder_path("Family/Ada")) == made
    assert await folder_at(account, folder_path("inbox")) is None
    below = await folder_at(account, folder_path("Inbox/Below"))
    names = await folder_names(account)
    assert (names[made], names[below], names[None]) == ("Family/Ada", "INBOX/Below", "INBOX")
    assert len(names) == 5  # INBOX twice: by its id, and as what None stands for


@pytest.mark.parametrize("text", ["/", "a/", "/a", "a//b", " ", "a/\x1b"])
def test_what_names_no_folder_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError):
        folder_path(text)
