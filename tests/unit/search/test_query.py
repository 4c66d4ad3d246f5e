"""What is typed is read as a person means it."""

from __future__ import annotations

import datetime as dt

import pytest

from hato.core.errors import InvalidInputError
from hato.core.language import Language
from hato.services.search.query import Query, parse_query
from hato.services.search.tokens import phrase_of
from hato.store.model import ANSWERED, FLAGGED, SEEN
from hato.store.search import SearchField, SearchWanted


def _wanted(text: str) -> SearchWanted:
    return parse_query(text).wanted


def _begin(*day: int) -> int:
    year, month, day_of_month = (*day, 1, 1)[:3]
    return int(dt.datetime(year, month, day_of_month).astimezone().timestamp())


def test_words_are_wanted_and_those_behind_a_minus_are_not() -> None:
    wanted = _wanted('invoice 見積 -draft "two words" -"not these"')
    assert wanted.phrases == (
        phrase_of("invoice"),
        phrase_of("見積"),
        phrase_of("two words", is_exact=True),
    )
    assert wanted.without == (phrase_of("draft"), phrase_of("not these", is_exact=True))


def test_operators_name_a_field() -> None:
    wanted = _wanted('from:ada to:"Kenji Mori" subject:見積 From:bob from: eve')
    assert wanted.phrases == (
        phrase_of("ada", field=SearchField.SENDERS),
        phrase_of("Kenji Mori", is_exact=True, field=SearchField.RECIPIENTS),
        phrase_of("見積", field=SearchField.SUBJECT),
        phrase_of("bob", field=SearchField.SENDERS),
        phrase_of("eve", field=SearchField.SENDERS),
    )
    assert _wanted("-from:ada").without == (phrase_of("ada", field=SearchField.SENDERS),)


def test_flags_and_attachments() -> None:
    assert _wanted("is:unread").not_keywords == {SEEN}
    assert _wanted("-is:unread is:flagged").keywords == {SEEN, FLAGGED}
    assert _wanted("is:read -is:answered") == SearchWanted(
        keywords=frozenset({SEEN}), not_keywords=frozenset({ANSWERED})
    )
    assert _wanted("has:attachment").has_attachments is True
    assert _wanted("-has:attachment").has_attachments is False


def test_dates_are_years_months_and_days_here() -> None:
    assert _wanted("after:2024").received_from == _begin(2024)
    assert _wanted("before:2024-05").received_before == _begin(2024, 5)
    assert _wanted("before:2024/5/7 before:2025").received_before == _begin(2024, 5, 7)
    assert _wanted("-before:2024-05-07").received_from == _begin(2024, 5, 7)
    assert _wanted("-after:2024").received_before == _begin(2024)


@pytest.mark.parametrize("word", ["before:soon", "after:2024-13", "before:2024-02-30", "after:1"])
def test_what_is_no_date_is_said(word: str) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        parse_query(word)
    assert word.partition(":")[2] in str(refusal.value)
    assert "日付" in refusal.value.in_language(Language.JAPANESE)


def test_names_are_kept_to_be_looked_up() -> None:
    query = parse_query('in:Archive -in:trash account:"My Shop" -account:work')
    assert query == Query(
        folders=("Archive",),
        not_folders=("trash",),
        accounts=("My Shop",),
        not_accounts=("work",),
    )


def test_what_is_typed_in_japanese_width_is_the_same() -> None:
    assert parse_query("ｆｒｏｍ：ada　－見積　“two words”") == parse_query(
        'from:ada -見積 "two words"'
    )
    assert parse_query("ｂｅｆｏｒｅ：２０２４") == parse_query("before:2024")


def test_what_is_no_operator_is_a_word() -> None:
    for text in ("is:large", "has:fun", "https://example.org/a", "12:30", "Re:"):
        assert _wanted(text).phrases == (phrase_of(text),)
    assert _wanted("a-b").phrases == (phrase_of("a-b"),)
    assert _wanted('"open').phrases == (phrase_of("open", is_exact=True),)


def test_signs_alone_ask_for_nothing() -> None:
    for text in ("", "   ", "!!! ??? -", '""', "from:", "-"):
        query = parse_query(text)
        assert query.is_empty or text == "from:", text


def test_a_question_has_a_length() -> None:
    for text in ("a" * 1_001, "a " * 65):
        with pytest.raises(InvalidInputError):
            parse_query(text)
    assert len(_wanted("a " * 64).phrases) == 64
