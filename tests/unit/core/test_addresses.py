"""Addresses: in which networks they are, and which are one subscriber."""

from __future__ import annotations

import pytest

from hato.core.addresses import Networks, subscriber_of
from hato.core.errors import InvalidInputError


def test_an_address_is_in_a_network_or_is_named_itself() -> None:
    networks = Networks(("192.0.2.0/24", "2001:db8::1"))
    assert "192.0.2.200" in networks
    assert "2001:db8::1" in networks
    for other in ("198.51.100.1", "2001:db8::2", ""):
        assert other not in networks
        assert other not in networks, "it is remembered as it was"
    assert "192.0.2.200" not in Networks(())


def test_a_network_that_is_none_is_told_in_one_sentence() -> None:
    with pytest.raises(InvalidInputError, match=r"'300\.1\.1\.1' .* is not an IP address"):
        Networks(("300.1.1.1",))


def test_a_64_of_ipv6_is_one_subscriber() -> None:
    assert subscriber_of("2001:db8:0:1::1") == subscriber_of("2001:db8:0:1:a:b:c:d")
    assert subscriber_of("2001:db8:0:1::1") != subscriber_of("2001:db8:0:2::1")
    assert subscriber_of("192.0.2.7") == "192.0.2.7"
    assert subscriber_of("") == ""
