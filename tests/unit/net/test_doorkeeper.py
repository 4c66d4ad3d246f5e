"""Who may come in: counts by address, by /64, and who speaks for others."""

from __future__ import annotations

from hato.core.addresses import Networks
from hato.core.settings import Limits
from hato.net.doorkeeper import Doorkeeper


def test_an_address_has_room_for_so_many_connections_and_no_more() -> None:
    door = Doorkeeper(Limits(connections_per_address=2), Networks(()))
    assert door.enter("first", "192.0.2.7")
    assert door.enter("second", "192.0.2.7")
    assert not door.enter("third", "192.0.2.7")
    assert door.enter("somebody else", "192.0.2.8")
    door.leave("first")
    assert door.enter("third", "192.0.2.7")


def test_a_64_of_ipv6_is_one_subscriber() -> None:
    door = Doorkeeper(Limits(connections_per_address=1), Networks(()))
    assert door.enter("first", "2001:db8:0:1::1")
    assert not door.enter("second", "2001:db8:0:1:ffff::9")
    assert door.enter("neighbour", "2001:db8:0:2::1")


def test_the_whole_house_has_a_limit_too() -> None:
    door = Doorkeeper(Limits(connections_total=2), Networks(()))
    assert door.enter("a", "192.0.2.1")
    assert door.enter("b", "192.0.2.2")
    assert not door.enter("c", "192.0.2.3")


def test_unix_sockets_are_not_counted_by_address() -> None:
    door = Doorkeeper(Limits(connections_per_address=1), Networks(()))
    assert door.enter("a", "")
    assert door.enter("b", "")


def test_who_was_not_let_in_may_leave_all_the_same() -> None:
    door = Doorkeeper(Limits(connections_per_address=1), Networks(()))
    assert door.enter("a", "192.0.2.1")
    door.leave("never here")
    assert not door.enter("b", "192.0.2.1")


def test_only_named_balancers_speak_for_others() -> None:
    door = Doorkeeper(Limits(), Networks(("192.0.2.0/24", "2001:db8::1")))
    assert door.is_balancer("192.0.2.200")
    assert door.is_balancer("2001:db8::1")
    assert not door.is_balancer("198.51.100.1")
    assert not door.is_balancer("")
