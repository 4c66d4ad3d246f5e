"""Addresses and names have one form, however they are typed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hato.services.names import (
    is_plain,
    normalized_address,
    normalized_domain,
    normalized_local_part,
    readable,
    without_detail,
)


@pytest.mark.parametrize(
    ("typed", "one_form"),
    [
        ("ada@example.org", "ada@example.org"),
        ("Ada@Example.ORG", "ada@example.org"),
        ("ada@example.org.", "ada@example.org"),
        ('"ada"@example.org', "ada@example.org"),
        ('"a\\da"@example.org', "ada@example.org"),
        ('"two words"@example.org', "two words@example.org"),
        ('"at@sign"@example.org', "at@sign@example.org"),
        ("ada+tag@example.org", "ada+tag@example.org"),
        ("ＡＤＡ@example.org", "ada@example.org"),
        ("e\u0301@example.org", "é@example.org"),
        ("É@example.org", "é@example.org"),
        ("ﾊﾄ@example.org", "ハト@example.org"),
        ("鳩@日本語.example", "鳩@xn--wgv71a119e.example"),
        ("鳩@日本語。example", "鳩@xn--wgv71a119e.example"),
        ("鳩@XN--WGV71A119E.example", "鳩@xn--wgv71a119e.example"),
        ("ada", None),
        ("@example.org", None),
        ("ada@", None),
        ("ada@[192.0.2.1]", None),
        ("ada@exa mple.org", None),
        ("ada@-example.org", None),
        ("ada@exa_mple.org", None),
        ("ada@example..org", None),
        ("ada@example.org\n", None),
        ("a\nda@example.org", None),
        ("a\0da@example.org", None),
        ("a\u202eda@example.org", None),
        ("a\ud800da@example.org", None),
        ("é\u3000a@example.org", "é a@example.org"),
        ("é\na@example.org", None),
        ("a" * 64 + "@example.org", "a" * 64 + "@example.org"),
        ("a" * 65 + "@example.org", None),
        ("é" * 33 + "@example.org", None),
        ("ada@" + "a" * 64 + ".org", None),
        ("ada@" + "a." * 127 + "org", None),
        ("ada@ex\u2488ample.org", None),
        ("ada@\ud800.org", None),
    ],
)
def test_an_address_has_one_form_or_none(typed: str, one_form: str | None) -> None:
    assert normalized_address(typed) == one_form


@pytest.mark.parametrize("local_part", ["ada", "a.da", "ada+tag", "o'hara", "鳩", "é.è"])
def test_these_can_be_given_to_somebody(local_part: str) -> None:
    assert is_plain(local_part)


@pytest.mark.parametrize(
    "local_part", [".ada", "ada.", "a..da", "a da", "a@da", 'a"da', "a\\da", ".é", "é..è", "é@"]
)
def test_these_would_need_quotes(local_part: str) -> None:
    assert not is_plain(local_part)


def test_detail_ends_at_the_first_plus() -> None:
    assert without_detail("ada+a+b@example.org") == "ada@example.org"
    assert without_detail("ada@example.org") is None
    assert without_detail("+tag@example.org") is None


def test_people_see_a_domain_in_its_own_letters() -> None:
    assert readable("鳩@xn--wgv71a119e.example") == "鳩@日本語.example"
    assert readable("xn--wgv71a119e.example") == "日本語.example"
    assert readable("ada@example.org") == "ada@example.org"
    assert readable("ada@xn--a.example") == "ada@xn--a.example"


@settings(deadline=None)
@given(st.text())
def test_nothing_raises_and_one_form_is_its_own_form(typed: str) -> None:
    domain = normalized_domain(typed)
    assert domain is None or normalized_domain(domain) == domain
    local_part = normalized_local_part(typed)
    if local_part is not None and is_plain(local_part):
        assert normalized_local_part(local_part) == local_part
    assert normalized_address(typed) is None or "@" in typed
