"""SASLprep: the examples of RFC 4013 §3 and the tables behind them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hato.protocols.sasl.saslprep import saslprep


@pytest.mark.parametrize(
    ("typed", "prepared"),
    [
        ("I\u00adX", "IX"),
        ("user", "user"),
        ("USER", "USER"),
        ("\u00aa", "a"),
        ("\u2168", "IX"),
        ("\u0007", None),
        ("\u0627\u0031", None),
        ("", ""),
        ("\u00ad", ""),
        ("two words", "two words"),
        ("two\u3000words", "two words"),
        ("鳩\uff11", "鳩1"),
        ("\u0627\u0031\u0628", "\u0627\u0031\u0628"),
        ("\u0627a\u0628", None),
        ("a\ue000", None),
        ("a\ud800", None),
        ("a\x7f", None),
        ("é\x00", None),
    ],
)
def test_each_character_has_one_form_or_none(typed: str, prepared: str | None) -> None:
    assert saslprep(typed) == prepared


def test_what_is_younger_than_unicode_3_2_may_be_asked_for_but_not_kept() -> None:
    assert saslprep("🕊🕊") == "🕊🕊"
    assert saslprep("🕊🕊", allow_unassigned=False) is None


@settings(deadline=None)
@given(st.text())
def test_nothing_raises_and_what_is_prepared_stays_as_it_is(typed: str) -> None:
    prepared = saslprep(typed)
    if prepared is not None:
        assert saslprep(prepared) in {prepared, None}
