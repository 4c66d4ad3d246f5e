"""Listings: many rows, odd rows, endless rows; and the short lists of CAPA and LANG."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hato.core.ids import MessageNumber
from hato.core.limits import POP3_LIST_LINES, POP3_LISTING_ROWS, POP3_ROW_OCTETS
from hato.protocols.pop3.client_capabilities import Capabilities
from hato.protocols.pop3.client_events import (
    CapabilityList,
    Event,
    Fault,
    ListingEnd,
    Oddity,
    OddRow,
    ScanRows,
    UniqueIdRows,
)
from hato.protocols.pop3.commands import Capa, List, Uidl
from tests.unit.pop3_client.dialogue import Dialogue, fault_of, logged_in


def listing_of(rows: list[bytes], *, piece_octets: int = 1 << 20) -> list[Event]:
    dialogue = logged_in(piece_octets=piece_octets)
    dialogue.ask(Uidl())
    return dialogue.hear("+OK", *rows, ".")


def sound(events: list[Event]) -> list[tuple[int, bytes]]:
    return [row for event in events if isinstance(event, UniqueIdRows) for row in event.rows]


def odd(events: list[Event]) -> list[tuple[int | None, bytes, Oddity]]:
    return [(e.number, e.octets, e.oddity) for e in events if isinstance(e, OddRow)]


@pytest.mark.parametrize("piece_octets", [1, 5, 64, 1 << 20])
def test_odd_rows_leave_the_others_alone(piece_octets: int) -> None:
    long, whole = b"u" * 71, b"u" * 70
    events = listing_of(
        [
            b"1 " + whole,
            b"2 " + long,
            b"3 with space",
            b"4 \x1b[2J",
            b"5 caf\xe9",
            b"6 ",
            b"7",
            b"eight 8",
            b"",
            b"9 ../../etc/passwd",
            b"10 " + b"v" * POP3_ROW_OCTETS,
            b"9 ../../etc/passwd",
            b"..",
            b"12345678901 far",
            b"11 last",
        ],
        piece_octets=piece_octets,
    )
    assert sound(events) == [
        (1, whole),
        (9, b"../../etc/passwd"),
        (9, b"../../etc/passwd"),
        (12345678901, b"far"),
        (11, b"last"),
    ]
    assert odd(events) == [
        (2, long, Oddity.OVERLONG),
        (3, b"with space", Oddity.OCTETS),
        (4, b"\x1b[2J", Oddity.OCTETS),
        (5, b"caf\xe9", Oddity.OCTETS),
        (6, b"", Oddity.MALFORMED),
        (None, b"7", Oddity.MALFORMED),
        (None, b"eight 8", Oddity.MALFORMED),
        (None, b"", Oddity.MALFORMED),
        (None, b"", Oddity.OVERLONG),
        (None, b"..", Oddity.MALFORMED),
    ]
    assert events[-1] == ListingEnd(Uidl())


def test_a_scan_listing_may_say_more_than_it_must() -> None:
    dialogue = logged_in()
    dialogue.ask(List())
    events = dialogue.hear("+OK", "1 120", "2 200 extra words", "3", "4 -1", "5 99999999999", ".")
    rows = [row for event in events if isinstance(event, ScanRows) for row in event.rows]
    assert rows == [(1, 120), (2, 200), (5, 99999999999)]
    assert odd(events) == [
        (None, b"3", Oddity.MALFORMED),
        (4, b"-1", Oddity.MALFORMED),
    ]


def test_a_large_listing_comes_in_few_pieces_that_keep_nobody_waiting() -> None:
    rows = [b"%d %08x" % (number, number) for number in range(1, 50_001)]
    events = listing_of(rows, piece_octets=65_536)
    assert sound(events) == [(n, b"%08x" % n) for n in range(1, 50_001)]
    assert len(events) < 80
    assert max(len(one.rows) for one in events if isinstance(one, UniqueIdRows)) == 1_000


@given(
    st.lists(st.tuples(st.integers(0, 10**12), st.from_regex(r"[!-~]{1,70}", fullmatch=True))),
    st.integers(1, 100),
)
@settings(deadline=None)
def test_any_listing_in_any_pieces(rows: list[tuple[int, str]], size: int) -> None:
    events = listing_of([f"{n} {text}".encode() for n, text in rows], piece_octets=size)
    assert sound(events) == [(n, text.encode()) for n, text in rows]
    assert odd(events) == []


def test_an_endless_listing_is_given_up() -> None:
    dialogue = logged_in()
    dialogue.ask(Uidl())
    dialogue.hear("+OK")
    block = b"1 a\r\n" * 50_000
    for _ in range(POP3_LISTING_ROWS // 50_000):
        events = dialogue.hear_octets(block)
        assert sum(len(one.rows) for one in events if isinstance(one, UniqueIdRows)) == 50_000
    assert fault_of(dialogue.hear("1 a")) is Fault.TOO_MANY_ROWS


def test_endless_odd_rows_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hato.protocols.pop3.client_listing.POP3_LISTING_ROWS", 10)
    assert fault_of(listing_of([b"?"] * 11)) is Fault.TOO_MANY_ROWS
    assert listing_of([b"?"] * 10)[-1] == ListingEnd(Uidl())


def test_a_row_without_end_is_given_up_in_little_memory() -> None:
    dialogue = logged_in(piece_octets=4096)
    dialogue.ask(Uidl())
    events = dialogue.hear_octets(b"+OK\r\n1 " + b"u" * 80_000)
    assert odd(events) == [(None, b"", Oddity.OVERLONG)]
    assert fault_of(events) is Fault.OVERLONG


def test_capabilities() -> None:
    dialogue = Dialogue()
    dialogue.greet()
    dialogue.ask(Capa())
    lines = (
        "TOP",
        "Sasl plain SCRAM-SHA-256",
        "login-delay 900 USER",
        "EXPIRE NEVER",
        "UTF8 USER",
        "IMPLEMENTATION Hato 1.0",
        "PIPELINING",
        "",
    )
    (event,) = dialogue.hear("+OK", *lines, ".")
    assert event == CapabilityList(Capa(), Capabilities(lines))
    capabilities = dialogue.machine.capabilities
    assert capabilities is not None
    assert "TOP" in capabilities
    assert "UIDL" not in capabilities
    assert capabilities.mechanisms == ("PLAIN", "SCRAM-SHA-256")
    assert capabilities.has_pipelining
    assert capabilities.takes_utf8_names
    assert capabilities.login_delay_seconds == 900
    assert capabilities.expire_days is None
    assert capabilities.implementation == "Hato 1.0"


def test_capabilities_that_say_little() -> None:
    capabilities = Capabilities(("SASL", "LOGIN-DELAY soon", "EXPIRE 0", "XPIPELINING", "UTF8"))
    assert capabilities.mechanisms == ()
    assert capabilities.login_delay_seconds is None
    assert capabilities.expire_days == 0
    assert capabilities.implementation is None
    assert not capabilities.has_pipelining
    assert not capabilities.takes_utf8_names
    assert Capabilities(("LOGIN-DELAY",)).login_delay_seconds is None
    assert Capabilities(("EXPIRE 99999999999999999999",)).expire_days is None


def test_capabilities_can_be_shown() -> None:
    dialogue = Dialogue()
    dialogue.greet()
    dialogue.ask(Capa())
    dialogue.hear("+OK", b"IMPLEMENTATION \x1b[2J\xff", "..X", ".")
    capabilities = dialogue.machine.capabilities
    assert capabilities is not None
    assert capabilities.lines == ("IMPLEMENTATION \\x1b[2J\\xff", ".X")


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        (["X"] * (POP3_LIST_LINES + 1), Fault.TOO_MANY_ROWS),
        (["X" * POP3_ROW_OCTETS], Fault.OVERLONG),
    ],
)
def test_capabilities_without_end_are_given_up(lines: list[str], fault: Fault) -> None:
    dialogue = Dialogue()
    dialogue.greet()
    dialogue.ask(Capa())
    assert fault_of(dialogue.hear("+OK", *lines, ".")) is fault


def test_numbers_are_message_numbers() -> None:
    (rows, _) = listing_of([b"007 bond"])
    assert rows == UniqueIdRows(Uidl(), [(MessageNumber(7), b"bond")])
