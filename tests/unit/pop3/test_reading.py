"""What LIST says RETR sends; what TOP cuts is the beginning of it; numbers do not move."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hato.core.errors import DamagedError, NotFoundError, UnavailableError
from hato.core.limits import BODY_CHUNK_OCTETS, PENDING_OUTPUT_OCTETS
from hato.message.words import encode_words
from hato.servers import pop3_listings
from hato.servers.pop3_listings import PART_ROWS, ListingCache
from hato.store.memory.snapshot import MemorySnapshot
from hato.store.model import Traits
from tests.unit.pop3.house import House
from tests.unit.pop3.pump import LoopPump

PLAIN = b"Subject: plain\r\n\r\none\r\n\r\nthree\r\n"
DOTS = b"Subject: dots\r\n\r\n.\r\n..\r\n.x\r\nno . here\r\n.\r\n"
LARGE = b"Subject: large\r\n\r\n" + b".a line that begins with a dot\r\n" * 12_000


async def body(pump: LoopPump, line: str) -> bytes:
    """Ask for a message; return it with its dots undone."""
    answer = await pump.say(line.encode() + b"\r\n")
    first, _, rest = answer.partition(b"\r\n")
    assert first.startswith(b"+OK "), first
    assert rest == b".\r\n" or rest.endswith(b"\r\n.\r\n")
    assert b"\r\n.\r\n" not in (b"\r\n" + rest)[:-5]
    stuffed = (b"\r\n" + rest)[:-3]
    assert not re.search(rb"\r\n\.(?!\.)", stuffed), "a dot that was not doubled"
    return stuffed.replace(b"\r\n..", b"\r\n.")[2:]


@pytest.mark.parametrize("has_cold_cache", [False, True])
@pytest.mark.parametrize(
    "message",
    [PLAIN, DOTS, LARGE, b".", b".\r\n", b"\r\n", b"\r\n.\r\n", b"\r\n\r\n", b"a\r\n",
     b"nul \0 and \xff\xfe\r\n", b"x" * BODY_CHUNK_OCTETS + b"\r\n.y\r\n",
     b"x" * (BODY_CHUNK_OCTETS - 2) + b"\r\n.y\r\n",
     b"x" * (BODY_CHUNK_OCTETS - 1) + b"\r\n.y\r\n"],
    ids=lambda message: f"{message[:12]!r}…{len(message)}",
)  # fmt: skip
async def test_retr_sends_the_message_octet_for_octet(
    house: House, message: bytes, has_cold_cache: bool
) -> None:
    await house.deliver(message)
    house.account.has_cold_cache = has_cold_cache
    pump = await house.log_in()
    sent = await body(pump, "RETR 1")
    expected = message if message.endswith(b"\r\n") else message + b"\r\n"
    assert sent == expected
    assert await body(pump, "TOP 1 99999999") == expected
    if message.endswith(b"\r\n"):
        assert await pump.command("LIST 1") == f"+OK 1 {len(sent)}"
        assert await pump.command("STAT") == f"+OK 1 {len(sent)}"


chunks = st.sampled_from([b"\r\n", b"\r\n", b".", b"..", b"a", b"\r", b"\n", b"\0", b"\xff"])


@given(message=st.lists(chunks, max_size=30).map(b"".join))
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40
)
async def test_any_message_comes_back_whole(house: House, message: bytes) -> None:
    await house.deliver(message + b"\r\n")
    pump = await house.log_in()
    last = (await pump.command("STAT")).split()[1]
    sent = await body(pump, f"RETR {last}")
    assert sent == message + b"\r\n"
    assert await pump.command(f"LIST {last}") == f"+OK {last} {len(sent)}"
    await pump.command("QUIT")


async def test_a_large_message_never_lies_whole_in_memory(house: House) -> None:
    await house.deliver(LARGE)
    pump = await house.log_in()
    await body(pump, "RETR 1")
    assert pump.largest_pending < PENDING_OUTPUT_OCTETS + 2 * BODY_CHUNK_OCTETS
    assert pump.peer.drains >= len(LARGE) // BODY_CHUNK_OCTETS


@pytest.mark.parametrize(
    ("lines", "shown"),
    [(0, b"Subject: plain\r\n\r\n"), (1, b"Subject: plain\r\n\r\none\r\n"), (3, PLAIN), (4, PLAIN)],
)
@pytest.mark.parametrize("has_cold_cache", [False, True])
async def test_top_sends_the_header_the_empty_line_and_so_many_lines(
    house: House, lines: int, shown: bytes, has_cold_cache: bool
) -> None:
    await house.deliver(PLAIN)
    house.account.has_cold_cache = has_cold_cache
    pump = await house.log_in()
    assert await body(pump, f"TOP 1 {lines}") == shown


async def test_top_of_a_large_message_reads_only_its_beginning(house: House) -> None:
    await house.deliver(LARGE)
    house.account.has_cold_cache = True
    pump = await house.log_in()
    assert await body(pump, "TOP 1 1") == LARGE[:18] + b".a line that begins with a dot\r\n"
    assert house.account.reads == 1
    assert await body(pump, "TOP 1 6000") == LARGE[: 18 + 6000 * 32]


async def test_top_may_end_in_any_chunk(house: House) -> None:
    header = b"X: " + b"y" * (BODY_CHUNK_OCTETS - 4) + b"\r\n\r\n"
    await house.deliver(header + b".dot\r\nrest\r\n")
    pump = await house.log_in()
    assert await body(pump, "TOP 1 0") == header
    assert await body(pump, "TOP 1 1") == header + b".dot\r\n"


# Listings


async def test_listings_show_what_is_not_marked(house: House) -> None:
    for message in (PLAIN, DOTS, PLAIN):
        await house.deliver(message)
    pump = await house.log_in()
    uidls = [(await pump.command(f"UIDL {number}")).split()[2] for number in (1, 2, 3)]
    assert (await pump.command("LIST")).split("\r\n")[1:] == [
        f"1 {len(PLAIN)}", f"2 {len(DOTS)}", f"3 {len(PLAIN)}", "."
    ]  # fmt: skip
    assert (await pump.command("UIDL")).split("\r\n")[1:] == [
        f"1 {uidls[0]}", f"2 {uidls[1]}", f"3 {uidls[2]}", "."
    ]  # fmt: skip
    await pump.command("DELE 2")
    assert (await pump.command("LIST")).split("\r\n")[1:] == [
        f"1 {len(PLAIN)}", f"3 {len(PLAIN)}", "."
    ]  # fmt: skip
    assert (await pump.command("UIDL")).split("\r\n")[1:] == [
        f"1 {uidls[0]}", f"3 {uidls[2]}", "."
    ]  # fmt: skip
    assert await pump.command("STAT") == f"+OK 2 {2 * len(PLAIN)}"
    for line in ("LIST 2", "UIDL 2", "RETR 2", "TOP 2 0", "DELE 2"):
        assert await pump.command(line) == "-ERR There is no such message"
    assert await pump.command("RSET") == "+OK No message is marked as deleted"
    assert len((await pump.command("LIST")).split("\r\n")) == 5


async def test_the_listings_of_an_empty_maildrop_are_empty(house: House) -> None:
    pump = await house.log_in()
    assert (await pump.command("LIST")).split("\r\n")[1:] == ["."]
    assert (await pump.command("UIDL")).split("\r\n")[1:] == ["."]


@pytest.mark.parametrize(
    "line",
    ["LIST 0", "LIST 3", "UIDL 0", "RETR 0", "RETR 3", "DELE 0", "TOP 0 0",
     "LIST 99999999999999999999", "RETR 4294967297"],
)  # fmt: skip
async def test_numbers_of_no_message_are_refused_and_the_session_lives(
    house: House, line: str
) -> None:
    await house.deliver(PLAIN)
    await house.deliver(PLAIN)
    pump = await house.log_in()
    assert await pump.command(line) == "-ERR There is no such message"
    assert await pump.command("STAT") == f"+OK 2 {2 * len(PLAIN)}"


async def test_a_long_listing_comes_in_parts(house: House) -> None:
    count = 3 * PART_ROWS + 5
    for _ in range(count):
        await house.deliver(b"x\r\n")
    pump = await house.log_in()
    rows = (await pump.command("LIST")).split("\r\n")
    assert rows[1:-1] == [f"{number} 3" for number in range(1, count + 1)]
    rows = (await pump.command("UIDL")).split("\r\n")
    assert len({row.split()[1] for row in rows[1:-1]}) == count
    assert pump.peer.drains >= 6
    await pump.command("DELE 3")
    rows = (await pump.command("LIST")).split("\r\n")
    assert rows[1:4] == ["1 3", "2 3", "4 3"]
    assert len(rows) == count + 1


async def test_a_second_session_shares_what_the_first_worked_out(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.deliver(PLAIN)
    first = await house.log_in()
    listings = [await first.command(line) for line in ("LIST", "UIDL")]
    await first.command("QUIT")
    monkeypatch.setattr(pop3_listings, "scan_rows", None)
    monkeypatch.setattr(pop3_listings, "unique_id_rows", None)
    second = await house.log_in()
    assert [await second.command(line) for line in ("LIST", "UIDL")] == listings


async def test_what_was_worked_out_is_forgotten_when_the_mailbox_changes(house: House) -> None:
    for count in range(1, 4):
        await house.deliver(PLAIN)
        pump = await house.log_in()
        assert len((await pump.command("LIST")).split("\r\n")) == count + 2
        assert len((await pump.command("UIDL")).split("\r\n")) == count + 2
        await pump.command("QUIT")


async def test_only_so_many_listings_are_kept(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pop3_listings, "_ROWS", 2)
    for _ in range(3):
        await house.deliver(PLAIN)
    account = house.store_account()
    other = await house.store.account(await house.store.create_account())
    cache = ListingCache()
    large = await account.snapshot(account.inbox)
    empty = await other.snapshot(other.inbox)
    kept = cache.of(account, large)
    assert cache.of(account, large) is kept
    cache.of(other, empty)
    assert cache.of(account, large) is not kept


# Other programs at work


async def test_numbers_are_frozen_while_mail_arrives_and_goes(house: House) -> None:
    for text in (b"one\r\n", b"two!\r\n", b"three\r\n"):
        await house.deliver(text)
    pump = await house.log_in()
    await house.expunge(1)
    await house.deliver(b"four\r\n")
    assert await pump.command("STAT") == "+OK 3 18"
    assert (await pump.command("LIST")).split("\r\n")[1:-1] == ["1 5", "2 6", "3 7"]
    assert await body(pump, "RETR 2") == b"two!\r\n"
    gone = "-ERR This message was deleted meanwhile by another program"
    assert await pump.command("RETR 1") == gone
    assert await pump.command("TOP 1 0") == gone
    assert await pump.command("RETR 4") == "-ERR There is no such message"
    assert await body(pump, "TOP 3 0") == b"three\r\n"


async def test_the_store_is_asked_once_for_a_batch(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.deliver(PLAIN)
    pump = await house.log_in()
    asked = []

    def is_current(snapshot: MemorySnapshot) -> bool:
        asked.append(snapshot)
        return True

    monkeypatch.setattr(MemorySnapshot, "is_current", is_current)
    await pump.say(b"RETR 1\r\n" * 50)
    assert len(asked) == 1
    await pump.say(b"TOP 1 0\r\n")
    assert len(asked) == 2


# Faults


async def test_a_damaged_message_is_refused_and_the_others_are_not(house: House) -> None:
    await house.deliver(PLAIN)
    pump = await house.log_in()
    house.account.read_faults[0] = DamagedError("checksum")
    for line in ("RETR 1", "TOP 1 0"):
        assert (await pump.command(line)).startswith("-ERR [SYS/PERM] This message is damaged")
    house.account.read_faults[0] = UnavailableError("EIO")
    assert (await pump.command("RETR 1")).startswith("-ERR [SYS/TEMP] ")
    house.account.read_faults[0] = NotFoundError("purged")
    assert (await pump.command("RETR 1")).startswith("-ERR This message was deleted")
    del house.account.read_faults[0]
    assert await body(pump, "RETR 1") == PLAIN


@pytest.mark.parametrize("line", ["RETR 1", "TOP 1 99999999"])
async def test_damage_midway_ends_it_without_the_end_of_a_message(house: House, line: str) -> None:
    await house.deliver(LARGE)
    pump = await house.log_in()
    house.account.read_faults[BODY_CHUNK_OCTETS] = DamagedError("checksum")
    answer = await pump.say(line.encode() + b"\r\nSTAT\r\n")
    assert answer.startswith(b"+OK ")
    assert not answer.endswith(b"\r\n.\r\n")
    assert b"-ERR" not in answer
    assert pump.is_closed


async def test_a_large_message_that_is_damaged_at_once_is_refused(house: House) -> None:
    await house.deliver(LARGE)
    pump = await house.log_in()
    house.account.read_faults[0] = DamagedError("checksum")
    for line in ("RETR 1", "TOP 1 12000"):
        assert (await pump.command(line)).startswith("-ERR [SYS/PERM] ")
    assert not pump.is_closed


async def test_a_peer_that_is_gone_ends_a_large_message(house: House) -> None:
    await house.deliver(LARGE)
    pump = await house.log_in()
    pump.peer.is_gone = True
    with pytest.raises(ConnectionResetError):
        await pump.say(b"RETR 1\r\n")


# UTF-8


UTF8 = (
    "From: 花子 <花子@例え.jp>\r\nSubject: 鳩\r\nX-Note: ほ\r\n"
    "Content-Type: text/plain; charset=utf-8\r\n\r\n.本文\r\n"
).encode()
SHOWN = (
    f"From: {encode_words('花子 花子@例え.jp')} <invalid@internationalized-address.invalid>\r\n"
    f"Subject: {encode_words('鳩')}\r\n"
    "Content-Type: text/plain; charset=utf-8\r\n\r\n.本文\r\n"
).encode()


@pytest.mark.parametrize("has_cold_cache", [False, True])
async def test_outside_utf8_mode_the_surrogate_is_what_everything_speaks_of(
    house: House, has_cold_cache: bool
) -> None:
    await house.deliver(PLAIN)
    await house.deliver(UTF8, Traits.NEEDS_UTF8)
    house.account.has_cold_cache = has_cold_cache
    pump = await house.log_in()
    assert await pump.command("STAT") == f"+OK 2 {len(PLAIN) + len(SHOWN)}"
    assert await pump.command("LIST 2") == f"+OK 2 {len(SHOWN)}"
    assert f"\r\n2 {len(SHOWN)}\r\n" in await pump.command("LIST")
    assert await body(pump, "RETR 2") == SHOWN
    assert await body(pump, "TOP 2 99") == SHOWN
    assert await body(pump, "TOP 2 0") == SHOWN.removesuffix(".本文\r\n".encode())
    await pump.command("DELE 2")
    assert await pump.command("STAT") == f"+OK 1 {len(PLAIN)}"


async def test_dots_of_a_surrogate_are_doubled_wherever_it_is_cut(house: House) -> None:
    head = "Subject: 鳩\r\n\r\n".encode()
    for edge in (16_384, BODY_CHUNK_OCTETS):
        line = b"x" * (edge - len(head) - 2) + b"\r\n.dot\r\n.\r\n"
        await house.deliver(head + line, Traits.NEEDS_UTF8)
    pump = await house.log_in()
    for number in (1, 2):
        assert (await body(pump, f"RETR {number}")).endswith(b"x\r\n.dot\r\n.\r\n")


async def test_a_surrogate_is_measured_once_for_all_sessions(house: House) -> None:
    await house.deliver(UTF8, Traits.NEEDS_UTF8)
    first = await house.log_in()
    stat = await first.command("STAT")
    await first.command("QUIT")
    house.account.read_faults[0] = UnavailableError("EIO")
    second = await house.log_in()
    assert await second.command("STAT") == stat


async def test_retr_alone_knows_the_size_of_a_surrogate(house: House) -> None:
    await house.deliver(UTF8, Traits.NEEDS_UTF8)
    pump = await house.log_in()
    assert (await pump.command("RETR 1")).startswith(f"+OK {len(SHOWN)} octets\r\n")


async def test_in_utf8_mode_messages_are_what_they_are(house: House) -> None:
    await house.deliver(UTF8, Traits.NEEDS_UTF8)
    pump = await house.log_in("UTF8")
    assert await pump.command("STAT") == f"+OK 1 {len(UTF8)}"
    assert await body(pump, "RETR 1") == UTF8


async def test_legacy_letters_with_raw_octets_are_sent_as_they_are(house: House) -> None:
    message = "Subject: raw €\r\n\r\nbody\r\n".encode("utf-16-le").replace(b"\0", b"")
    await house.deliver(message, Traits.HAS_8BIT)
    pump = await house.log_in()
    assert await body(pump, "RETR 1") == message


async def test_a_surrogate_that_cannot_be_made_is_refused(house: House) -> None:
    await house.deliver(UTF8, Traits.NEEDS_UTF8)
    pump = await house.log_in()
    house.account.read_faults[0] = UnavailableError("EIO")
    for line in ("STAT", "LIST", "RETR 1", "TOP 1 0"):
        assert (await pump.command(line)).startswith("-ERR [SYS/TEMP] ")
    house.account.read_faults.clear()
    assert await pump.command("STAT") == f"+OK 1 {len(SHOWN)}"


async def test_one_damaged_surrogate_does_not_close_the_maildrop(house: House) -> None:
    await house.deliver(PLAIN)
    await house.deliver(UTF8, Traits.NEEDS_UTF8)
    pump = await house.log_in()
    house.account.read_faults[0] = DamagedError("checksum")
    assert await pump.command("STAT") == f"+OK 2 {len(PLAIN) + len(UTF8)}"
    assert (await pump.command("RETR 2")).startswith("-ERR [SYS/PERM] ")
    house.account.read_faults.clear()
    assert await body(pump, "RETR 1") == PLAIN
