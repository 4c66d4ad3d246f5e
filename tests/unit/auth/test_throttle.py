"""Too many failures: who waits, and who does not because of others."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from hato.core.errors import AuthenticationError, ThrottledError
from hato.core.limits import (
    FRIEND_FAILURES_PER_MINUTE,
    KNOWN_ADDRESS_SECONDS,
    RECHECKED_LOGIN_SECONDS,
    REMEMBERED_LOGIN_SECONDS,
)
from hato.core.secret import Secret
from tests.unit.auth.house import ADA, PASSWORD, House, origin

OWNER = "198.51.100.1"
STRANGER = "203.0.113.9"


async def fail(house: House, times: int, *, name: str = ADA, address: str = STRANGER) -> None:
    """Try as many wrong passwords, all different."""
    for number in range(times):
        with pytest.raises(AuthenticationError):
            await house.login(name, f"wrong {house.clock.monotonic()} {number}", address)


async def test_an_address_waits_after_ten_failures_in_a_minute(house: House) -> None:
    await fail(house, 10)
    with pytest.raises(ThrottledError) as refusal:
        await house.login(password="wrong", address=STRANGER)
    assert refusal.value.wait_seconds == 60
    with pytest.raises(ThrottledError):
        await house.login(address=STRANGER)
    house.clock.advance(61)
    assert (await house.login(address=STRANGER)).person.name == ADA


async def test_an_address_waits_after_a_hundred_failures_in_a_day(house: House) -> None:
    for _ in range(10):
        await fail(house, 10)
        house.clock.advance(61)
    with pytest.raises(ThrottledError) as refusal:
        await house.login(address=STRANGER)
    assert refusal.value.wait_seconds == 3600
    house.clock.advance(86_400)
    assert (await house.login(address=STRANGER)).person.name == ADA


async def test_all_names_count_together_known_or_not(house: House) -> None:
    await fail(house, 5)
    await fail(house, 5, name="nobody@example.org")
    with pytest.raises(ThrottledError):
        await house.login(address=STRANGER)


async def test_an_ipv6_subscriber_is_one_whatever_address_she_takes(house: House) -> None:
    for number in range(10):
        await fail(house, 1, address=f"2001:db8::{number:x}")
        house.clock.advance(1)
    with pytest.raises(ThrottledError):
        await house.login(address="2001:db8::ffff:1")
    assert (await house.login(address="2001:db8:0:1::1")).person.name == ADA


async def test_failures_are_shared_by_all_processes_and_survive_a_restart(house: House) -> None:
    await fail(house, 10)
    house.authenticator = house.another_process()
    with pytest.raises(ThrottledError):
        await house.login(address=STRANGER)


async def test_strangers_never_lock_her_out_elsewhere(house: House) -> None:
    for number in range(50):
        await fail(house, 10, address=f"203.0.113.{number}")
    house.authenticator = house.another_process()
    assert (await house.login(address=OWNER)).person.name == ADA


async def test_somebody_at_her_own_address_never_locks_her_out(house: House) -> None:
    await house.login(address=OWNER)
    await fail(house, 10, name="nobody@example.org", address=OWNER)
    house.authenticator = house.another_process()
    assert (await house.login(address=OWNER)).person.name == ADA
    with pytest.raises(ThrottledError):
        await house.login("nobody@example.org", address=OWNER)


async def test_guessing_her_password_from_her_own_address_is_limited_too(house: House) -> None:
    await house.login(address=OWNER)
    await fail(house, 10, address=OWNER)
    house.authenticator = house.another_process()
    with pytest.raises(ThrottledError):
        await house.login(address=OWNER)


async def test_a_password_that_was_right_just_now_passes_every_throttle(house: House) -> None:
    await house.login(address=OWNER)
    await fail(house, 10, address=OWNER)
    assert (await house.login(address=OWNER)).person.name == ADA


async def test_who_looks_every_half_hour_is_not_held_up_by_a_neighbour(house: House) -> None:
    await house.login(address=OWNER)
    for _ in range(3):
        house.clock.advance(REMEMBERED_LOGIN_SECONDS + 60)
        await fail(house, 10, address=OWNER)
        house.passwords.take_checks()
        assert (await house.login(address=OWNER)).person.name == ADA
        assert len(house.passwords.take_checks()) == 1


async def test_what_was_right_long_ago_waits_like_everything_else(house: House) -> None:
    await house.login(address=OWNER)
    house.clock.advance(REMEMBERED_LOGIN_SECONDS + RECHECKED_LOGIN_SECONDS + 1)
    await fail(house, 10, address=OWNER)
    with pytest.raises(ThrottledError):
        await house.login(address=OWNER)


async def test_a_password_that_is_right_no_longer_passes_no_throttle(house: House) -> None:
    await house.login(address=OWNER)
    await house.accounts.set_password(ADA, Secret("another horse"))
    house.clock.advance(REMEMBERED_LOGIN_SECONDS + 60)
    await fail(house, 9, address=OWNER)
    house.passwords.take_checks()
    for refusal in (AuthenticationError, ThrottledError):
        with pytest.raises(refusal):
            await house.login(password=PASSWORD, address=OWNER)
        await house.accounts.add_person(f"{refusal.__name__}@example.org", Secret(PASSWORD))
    assert len(house.passwords.take_checks()) == 1


async def test_a_neighbour_who_guesses_at_her_name_does_not_take_her_the_day(house: House) -> None:
    await house.login(address=OWNER)
    for _ in range(10):
        await fail(house, 10, address=OWNER)
        house.clock.advance(61)
    house.authenticator = house.another_process()
    await fail(house, FRIEND_FAILURES_PER_MINUTE, address=OWNER)
    with pytest.raises(ThrottledError) as refusal:
        await house.login(address=OWNER)
    assert refusal.value.wait_seconds == 60
    house.clock.advance(61)
    assert (await house.login(address=OWNER)).person.name == ADA
    with pytest.raises(ThrottledError):
        await house.login("nobody@example.org", address=OWNER)


async def test_what_is_remembered_helps_nobody_at_another_address(house: House) -> None:
    await house.login(address=OWNER)
    await fail(house, 10)
    with pytest.raises(ThrottledError):
        await house.login(address=STRANGER)


async def test_a_friend_is_one_for_a_month(house: House) -> None:
    await house.login(address=OWNER)
    house.clock.advance(KNOWN_ADDRESS_SECONDS + 1)
    await fail(house, 10, name="nobody@example.org", address=OWNER)
    with pytest.raises(ThrottledError):
        await house.login(address=OWNER)


async def test_strangers_wait_at_the_door_of_somebody_who_is_attacked(house: House) -> None:
    for number in range(5):
        await fail(house, 6, address=f"203.0.113.{number}")
    house.pauses.clear()
    assert (await house.login(address="203.0.113.99")).person.name == ADA
    assert house.pauses == [3]
    house.pauses.clear()
    house.authenticator = house.another_process()
    await house.login(address="203.0.113.99")
    assert house.pauses == []


async def test_they_wait_as_long_at_the_door_of_nobody(house: House) -> None:
    for number in range(50):
        await fail(house, 6, name="nobody@example.org", address=f"203.0.113.{number}")
    house.pauses.clear()
    await fail(house, 1, name="nobody@example.org", address="203.0.113.99")
    assert house.pauses == [10, 1.0]


async def test_many_attempts_at_the_same_moment_do_not_pass_uncounted(house: House) -> None:
    processes = [house.authenticator, house.another_process()]
    attempts = [
        processes[number % 2].login(ADA, Secret(f"guess {number}"), origin(STRANGER))
        for number in range(60)
    ]
    ends = [type(end) for end in await asyncio.gather(*attempts, return_exceptions=True)]
    assert (ends.count(AuthenticationError), ends.count(ThrottledError)) == (10, 50)
    assert len(house.passwords.checks) == 10
    house.clock.advance(61)  # and none of them has kept its place
    assert (await house.login(address=STRANGER)).person.name == ADA


async def test_nor_do_they_at_an_address_of_hers(house: House) -> None:
    await house.login(address=OWNER)
    house.passwords.take_checks()
    attempts = [
        house.authenticator.login(ADA, Secret(f"guess {number}"), origin(OWNER))
        for number in range(60)
    ]
    ends = [type(end) for end in await asyncio.gather(*attempts, return_exceptions=True)]
    assert (ends.count(AuthenticationError), len(house.passwords.checks)) == (10, 10)


async def test_what_is_left_of_a_day_is_not_passed_by_many_at_once(tmp_path: Path) -> None:
    house = House(tmp_path, login_failures_per_day=3)
    await house.furnish()
    attempts = [
        house.authenticator.login(ADA, Secret(f"guess {number}"), origin(STRANGER))
        for number in range(20)
    ]
    ends = [type(end) for end in await asyncio.gather(*attempts, return_exceptions=True)]
    assert (ends.count(AuthenticationError), ends.count(ThrottledError)) == (3, 17)


async def test_an_honest_office_comes_back_all_at_once(tmp_path: Path) -> None:
    house = House(tmp_path)
    names = [f"person{number}@example.org" for number in range(40)]
    await house.furnish(*names)
    processes = [house.authenticator, house.another_process()]
    logins = [
        processes[number % 2].login(name, Secret(PASSWORD), origin(OWNER))
        for number, name in enumerate(names)
    ]
    assert [login.person.name for login in await asyncio.gather(*logins)] == names
    await house.authenticator.close()


async def test_the_operator_sets_the_limits(tmp_path: Path) -> None:
    house = House(tmp_path, login_failures_per_minute=2, failed_login_seconds=0.0)
    await house.furnish()
    await fail(house, 2)
    assert house.pauses == []
    with pytest.raises(ThrottledError):
        await house.login(address=STRANGER)
