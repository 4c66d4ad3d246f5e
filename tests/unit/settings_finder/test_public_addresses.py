"""Which addresses discovery may reach."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as some

from hato.services.settings_finder.public_addresses import is_public, why_not_public

PUBLIC = ["8.8.8.8", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1", "223.255.255.255"]
NOT_PUBLIC = [
    *("0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.127.255.255", "127.0.0.1"),
    *("127.255.255.255", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.8"),
    *("192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.19.255.255", "198.51.100.1"),
    *("203.0.113.9", "224.0.0.1", "239.1.2.3", "240.0.0.1", "255.255.255.255"),
]


@pytest.mark.parametrize("address", [*PUBLIC, "2606:4700::1111", "2a00:1450:4001:80e::200e"])
def test_addresses_of_the_internet_may_be_reached(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_ipv4_addresses_of_no_server_of_a_stranger_may_not(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        *("::", "::1", "::7f00:1", "::8.8.8.8", "fc00::1", "fd12::1", "fe80::1", "fe80::1%eth0"),
        *("febf::1", "fec0::1", "ff02::1", "2001::1", "2001:2::1", "2001:20::1", "2001:db8::1"),
        *("3fff::1", "64:ff9b:1::808:808", "100::1", "5f00::1", "4000::1", "2a00::1%1"),
    ],
)
def test_ipv6_addresses_of_no_server_of_a_stranger_may_not(address: str) -> None:
    assert not is_public(address)


def carrying(address: str) -> list[str]:
    """Return the IPv6 addresses that carry an IPv4 address."""
    number = int(ipaddress.IPv4Address(address))
    return [
        f"::ffff:{address}",
        f"64:ff9b::{number:x}"
        if number < 0x1_0000
        else f"64:ff9b::{number >> 16:x}:{number & 0xFFFF:x}",
        f"2002:{number >> 16:x}:{number & 0xFFFF:x}::1",
    ]


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_an_address_that_carries_a_forbidden_one_is_forbidden(address: str) -> None:
    assert [carrier for carrier in carrying(address) if is_public(carrier)] == []


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_that_carries_a_public_one_is_public(address: str) -> None:
    assert [carrier for carrier in carrying(address) if not is_public(carrier)] == []


@given(some.ip_addresses())
def test_whatever_the_standard_library_calls_private_is_not_public_here(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    odd = address.is_private or address.is_loopback or address.is_link_local
    if odd or address.is_multicast or address.is_unspecified:
        mapped = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None)
        assert not is_public(str(address)) or (mapped is not None and is_public(str(mapped)))


@given(some.text(max_size=40))
def test_what_is_no_address_is_not_public(text: str) -> None:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        assert not is_public(text)


def test_the_reason_is_told_in_both_languages() -> None:
    why = why_not_public("192.168.0.1")
    assert why is not None
    assert why.en.format(address="192.168.0.1") == "192.168.0.1 belongs to a private network"
    assert "プライベート" in why.ja
    assert why_not_public("8.8.8.8") is None
