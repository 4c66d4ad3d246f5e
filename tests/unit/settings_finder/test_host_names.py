"""Host names: what strangers write, and what is taken for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from hato.services.settings_finder.host_names import host_name, is_within


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("Pop.Example.ORG", "pop.example.org"),
        ("pop.example.org.", "pop.example.org"),
        ("メール.example.jp", "xn--4dkua4c.example.jp"),
        ("_srv.example.org", None),
        ("localhost", None),
        ("org", None),
        (".", None),
        ("", None),
        ("127.0.0.1", None),
        ("0x7f.1", None),
        ("127.0.0.0x1", None),
        ("2130706433", None),
        ("[::1]", None),
        ("::1", None),
        ("pop.example.org:995", None),
        ("https://pop.example.org", None),
        ("pop.example.org\r\nQUIT", None),
        ("pop example.org", None),
        ("a" * 64 + ".example.org", None),
        ("%EMAILDOMAIN%.example.org", None),
        ("\x1b[31m.example.org", None),
    ],
)
def test_a_host_name_has_one_form_or_is_none(written: str, name: str | None) -> None:
    assert host_name(written) == name


@given(some.text(max_size=300))
def test_whatever_is_taken_for_a_host_name_can_be_shown_and_stays_as_it_is(text: str) -> None:
    name = host_name(text)
    if name is not None:
        assert name.isascii()
        assert name.isprintable()
        assert host_name(name) == name


def test_a_name_lies_in_a_domain_by_whole_labels() -> None:
    assert is_within("example.org", "example.org")
    assert is_within("pop.example.org", "example.org")
    assert not is_within("evilexample.org", "example.org")
    assert not is_within("example.org.evil.example", "example.org")
