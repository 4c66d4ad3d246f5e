"""Sentences in every language, with their fields."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hato.core.language import Language, Text

ROOT = Path(__file__).resolve().parents[3] / "src" / "hato"
COUNTED = re.compile(
    r"\{\w+\} (?:messages|letters|octets|accounts|addresses|days|minutes|seconds|steps"
    r"|servers)\b"
)
NEVER_ONE = (
    "letter over {octets} octets",
    "up to {most} octets",
    "longer than {most} octets",
    "a line of {octets} octets",
    "longer than {limit} octets",
    "{free} octets",  # of a disk
    'MESSAGE: Final = Text(en="{octets} octets"',  # POP3's own words (RFC 1939 §5)
)
SENTENCE = Text(en="{count} {count:letter is|letters are} here.", ja="{count} 通あります。")


@pytest.mark.parametrize(
    ("count", "said"),
    [(0, "0 letters are here."), (1, "1 letter is here."), (2, "2 letters are here.")],
)
def test_english_has_a_form_for_one(count: int, said: str) -> None:
    assert SENTENCE.in_language(Language.ENGLISH, count=count) == said
    assert SENTENCE.filled(count=count).en == said


def test_japanese_needs_none() -> None:
    assert SENTENCE.in_language(Language.JAPANESE, count=1) == "1 通あります。"


def test_numbers_are_written_as_before_where_nothing_is_counted() -> None:
    assert Text("{n:,} {n:>4} {b}", "").in_language(Language.ENGLISH, n=1234, b=True) == (
        "1,234 1234 True"
    )


def test_no_text_counts_one_as_many() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in ROOT.rglob("*.py")
        for line in path.read_text().splitlines()
        if 'f"' not in line and not any(known in line for known in NEVER_ONE)
        for match in COUNTED.finditer(line)
    ]
    assert found == []
