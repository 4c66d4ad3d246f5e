"""Trace lines: exactly the form of RFC 5321 §4.4."""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime

import pytest

from hato.services.delivery_trace import Arrival, TraceLines

NOW = 1_800_000_000
DATE = rb"[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} [+-][0-9]{4}"
TRACE = TraceLines("mail.example.org")


def lines_for(arrival: Arrival, sender: str | None = "bob@example.net") -> bytes:
    return TRACE.lines(arrival, sender, "ada@example.org", NOW)


@pytest.mark.parametrize(
    ("arrival", "clauses"),
    [
        (
            Arrival("LMTP", "s1-1", "client.example.net", "192.0.2.1"),
            rb"from client\.example\.net \(\[192\.0\.2\.1\]\)\r\n\tby mail\.example\.org with LMTP",
        ),
        (
            Arrival("UTF8LMTP", "s1-1", "c", "2001:db8::1"),
            rb"from c \(\[IPv6:2001:db8::1\]\)\r\n\tby mail\.example\.org with UTF8LMTP",
        ),
        (
            Arrival("LMTP", "s1-1", "[192.0.2.7]"),
            rb"from \[192\.0\.2\.7\]\r\n\tby mail\.example\.org with LMTP",
        ),
        (Arrival("", "s1-1"), rb"by mail\.example\.org"),
    ],
    ids=["IPv4", "IPv6", "UNIX socket", "pipe"],
)
def test_received(arrival: Arrival, clauses: bytes) -> None:
    lines = lines_for(arrival)
    form = (
        rb"Return-Path: <bob@example\.net>\r\nDelivered-To: ada@example\.org\r\n"
        rb"Received: " + clauses + rb" id s1-1\r\n\tfor <ada@example\.org>; " + DATE + rb"\r\n"
    )
    assert re.fullmatch(form, lines)


def test_the_date_is_the_moment_of_arrival_with_its_offset() -> None:
    date = lines_for(Arrival("LMTP", "x")).rpartition(b"; ")[2].decode().strip()
    assert parsedate_to_datetime(date).timestamp() == NOW
    later = TRACE.lines(Arrival("LMTP", "x"), "", "ada@example.org", NOW + 1)
    date = later.rpartition(b"; ")[2].decode().strip()
    assert parsedate_to_datetime(date).timestamp() == NOW + 1


def test_the_null_path_is_told_and_an_unknown_one_is_not() -> None:
    assert lines_for(Arrival("LMTP", "x"), "").startswith(b"Return-Path: <>\r\n")
    assert lines_for(Arrival("LMTP", "x"), None).startswith(b"Delivered-To: ")


def test_addresses_in_utf8_stay_what_they_are() -> None:
    lines = TRACE.lines(Arrival("UTF8LMTP", "x"), "鳩@例え.example", "葉@例え.example", NOW)
    assert lines.startswith("Return-Path: <鳩@例え.example>\r\nDelivered-To: 葉@".encode())
