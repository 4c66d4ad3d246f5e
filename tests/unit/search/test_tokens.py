"""Tokens and phrases find what a plain scan finds."""

from __future__ import annotations

import hypothesis
import pytest
from hypothesis import strategies as st

from hato.services.search.tokens import Words, phrase_of, starts_of, words_of
from hato.store.search import SearchField
from tests.unit.search.scanning import has, kind_of, pieces_of

_LETTERS = "ab1é_- .。、\n見積書の会議メールﾃﾞｰﾀ한국ไทยहि"
_TEXT = st.one_of(st.text(st.sampled_from(_LETTERS), max_size=40), st.text(max_size=20))
_WANTED = st.one_of(st.text(st.sampled_from(_LETTERS), min_size=1, max_size=6), st.text(max_size=4))


def _finds(text: str, wanted: str, *, is_exact: bool = False) -> bool | None:
    """Compare tokens as an index does; None: there is nothing to look for."""
    phrase = phrase_of(wanted, is_exact=is_exact)
    if phrase is None:
        return None
    words = words_of(text)
    is_start = phrase.fields == (SearchField.STARTS,)
    tokens = (starts_of({SearchField.TEXT: words}) if is_start else words.tokens).split()
    *first, last = phrase.tokens
    return any(
        tokens[start : start + len(first)] == first
        and (
            tokens[start + len(first)].startswith(last)
            if phrase.is_prefix
            else tokens[start + len(first)] == last
        )
        for start in range(len(tokens) - len(first))
    )


@hypothesis.given(_TEXT, _WANTED, st.booleans())
def test_what_is_found_is_what_a_scan_finds(text: str, wanted: str, is_exact: bool) -> None:
    expected = has(text, wanted, is_exact=is_exact) if pieces_of(wanted) else None
    assert _finds(text, wanted, is_exact=is_exact) is expected


@hypothesis.given(st.data(), _TEXT)
def test_any_piece_of_a_run_is_found(data: st.DataObject, text: str) -> None:
    runs = [piece for kind, piece in pieces_of(text) if kind == "run"]
    hypothesis.assume(runs)
    run = data.draw(st.sampled_from(runs))
    start = data.draw(st.integers(0, len(run) - 1))
    stop = data.draw(st.integers(start + 1, len(run)))
    assert _finds(text, run[start:stop])


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("御見積書の件", "見積"),
        ("御見積書の件", "書"),
        ("御見積書の件", "件"),
        ("ﾃﾞｰﾀ", "データ"),
        ("ＰＤＦ形式", "pdf形式"),
        ("Straße", "STRASSE"),
        ("Ｈello", "hell"),
        ("foo_bar.pdf", "bar"),
        ("ada@example.org", "ada@example"),
        ("cafe\u0301", "café"),
        ("𠮷野家", "𠮷野"),
        ("𠮷野家", "野家"),
        ("第3回の会議", "3回"),
        ("हिन्दी", "हिन्दी"),
        ("会議 資料", "会議資料"[:2]),
    ],
)
def test_spellings_of_the_same_find_each_other(text: str, wanted: str) -> None:
    assert _finds(text, wanted)
    assert has(text, wanted)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("見 積", "見積"), ("見積", "積見"), ("invoice", "voice"), ("会議。議会", "議議")],
)
def test_what_is_not_there_is_not_found(text: str, wanted: str) -> None:
    assert not _finds(text, wanted)
    assert not has(text, wanted)


def test_a_quoted_word_is_whole() -> None:
    assert _finds("invoices", "invoice")
    assert not _finds("invoices", "invoice", is_exact=True)
    assert _finds("two invoice lines", "invoice lines", is_exact=True)
    assert not _finds("two invoice lines", "invoice line", is_exact=True)


def test_a_long_text_is_cut_between_words() -> None:
    text = "見積書をご確認ください invoice " * 4_000
    assert (
        words_of(text).tokens.split() == words_of(text[: len(text) // 4_000]).tokens.split() * 4_000
    )


def test_every_character_of_a_script_without_blanks_is_known() -> None:
    characters = [chr(code) for code in range(0x110000) if kind_of(chr(code)) == "run"]
    evened = [one for one in characters if pieces_of(one) == (("run", one),)]
    unknown = [
        one for one in evened if words_of(f"a{one}{one}").tokens.split() != ["a", one * 2, one]
    ]
    assert unknown == []
    assert isinstance(words_of(""), Words)
