"""The PROXY header: whole, in pieces, and as nobody should send it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hato.net.proxy_protocol import Header, ProxiedClient, read_header

V2 = b"\r\n\r\n\x00\r\nQUIT\n"
V2_TCP4 = V2 + b"\x21\x11\x00\x0c" + bytes([192, 0, 2, 7, 192, 0, 2, 1]) + b"\xc0\x00\x03\xe3"
V2_TCP6 = (
    V2
    + b"\x21\x21\x00\x24"
    + bytes.fromhex("20010db8000000000000000000000007")
    + bytes.fromhex("20010db8000000000000000000000001")
    + b"\xc0\x00\x03\xe3"
)
V2_MAPPED = (
    V2
    + b"\x21\x21\x00\x24"
    + bytes.fromhex("00000000000000000000ffffc0000207")
    + bytes.fromhex("00000000000000000000ffffc0000201")
    + b"\xc0\x00\x03\xe3"
)
GOOD = [
    (b"PROXY TCP4 192.0.2.7 192.0.2.1 49152 995\r\n", "192.0.2.7", 49152),
    (b"PROXY TCP6 2001:db8::7 2001:db8::1 49152 995\r\n", "2001:db8::7", 49152),
    (b"PROXY TCP6 ::ffff:192.0.2.7 ::ffff:192.0.2.1 49152 995\r\n", "192.0.2.7", 49152),
    (b"PROXY TCP6 fe80::7%eth0 fe80::1%eth0 49152 995\r\n", "fe80::7", 49152),
    (V2_MAPPED, "192.0.2.7", 49152),
    (b"PROXY UNKNOWN\r\n", None, 0),
    (b"PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", None, 0),
    (V2_TCP4, "192.0.2.7", 49152),
    (V2_TCP6, "2001:db8::7", 49152),
    (V2 + b"\x20\x00\x00\x00", None, 0),
    (V2 + b"\x21\x11\x00\x10" + V2_TCP4[16:] + b"\x04\x00\x01\x00", "192.0.2.7", 49152),
]
BAD = [
    b"CAPA\r\n",
    b"PROXY TCP4 192.0.2.7 192.0.2.1 49152\r\n",
    b"PROXY TCP4 2001:db8::7 2001:db8::1 49152 995\r\n",
    b"PROXY TCP4 192.0.2.999 192.0.2.1 49152 995\r\n",
    b"PROXY TCP4 192.0.2.7 192.0.2.1 70000 995\r\n",
    b"PROXY TCP4 192.0.2.7 192.0.2.1 -1 995\r\n",
    b"PROXY " + b"x" * 200,
    V2 + b"\x31\x11\x00\x0c" + V2_TCP4[16:],
    V2 + b"\x21\x31\x00\x0c" + V2_TCP4[16:],
    V2 + b"\x21\x11\x00\x04" + b"\x00" * 4,
    V2 + b"\x21\x11\xff\xff",
]


@pytest.mark.parametrize(("header", "address", "port"), GOOD)
def test_a_header_is_read_and_what_follows_is_left_alone(
    header: bytes, address: str | None, port: int
) -> None:
    assert read_header(header + b"CAPA\r\n") == ProxiedClient(address, port, len(header))


@pytest.mark.parametrize("header", [row[0] for row in GOOD])
def test_every_part_of_a_header_asks_for_more(header: bytes) -> None:
    for length in range(len(header)):
        assert read_header(header[:length]) is Header.NEED_DATA


@pytest.mark.parametrize("data", BAD)
def test_what_is_no_header_is_refused(data: bytes) -> None:
    assert read_header(data) is Header.INVALID


@given(st.binary(max_size=300))
def test_no_octets_raise(data: bytes) -> None:
    found = read_header(data)
    assert isinstance(found, Header) or found.length_octets <= len(data)
