"""CAPA is true in every state."""

from __future__ import annotations

from tests.unit.pop3.house import House
from tests.unit.pop3.pump import LoopPump

ALWAYS = {"TOP", "UIDL", "RESP-CODES", "AUTH-RESP-CODE", "PIPELINING", "UTF8 USER", "LANG"}
ALWAYS |= {"IMPLEMENTATION Hato"}


async def capabilities(pump: LoopPump) -> set[str]:
    """Return the lines of CAPA's answer."""
    first, *lines, end = (await pump.command("CAPA")).split("\r\n")
    assert first == "+OK Capabilities follow"
    assert end == "."
    assert len(set(lines)) == len(lines)
    return set(lines)


async def test_before_tls_a_stranger_sees_no_way_to_log_in(house: House) -> None:
    pump = await house.connect("192.0.2.7")
    assert await capabilities(pump) == ALWAYS | {"STLS", "EXPIRE NEVER"}


async def test_after_stls_the_ways_to_log_in_appear_and_stls_is_gone(house: House) -> None:
    pump = await house.connect("192.0.2.7")
    await pump.command("STLS")
    await pump.start_tls()
    seen = await capabilities(pump)
    assert seen == ALWAYS | {"USER", "SASL SCRAM-SHA-256 PLAIN", "EXPIRE NEVER"}


async def test_a_trusted_address_sees_both(house: House) -> None:
    seen = await capabilities(await house.connect())
    assert {"STLS", "USER", "SASL SCRAM-SHA-256 PLAIN"} <= seen


async def test_without_a_certificate_there_is_no_stls(house: House) -> None:
    assert "STLS" not in await capabilities(await house.connect(offers_tls=False))


async def test_after_login_everything_is_still_announced_but_stls(house: House) -> None:
    before = await capabilities(await house.connect())
    after = await capabilities(await house.log_in())
    assert before - after == {"STLS"}
    assert after <= before


async def test_the_strictest_retention_of_all_people_is_announced_before_login(
    house: House,
) -> None:
    await house.change_person(expire_days=30, login_delay_seconds=60)
    seen = await capabilities(await house.connect())
    assert {"EXPIRE 30 USER", "LOGIN-DELAY 60 USER"} <= seen
    await house.change_person(expire_days=7, login_delay_seconds=120)
    seen = await capabilities(await house.connect())
    assert {"EXPIRE 7 USER", "LOGIN-DELAY 120 USER"} <= seen


async def test_after_login_the_persons_own_retention_is_announced(house: House) -> None:
    await house.change_person(expire_days=30, login_delay_seconds=60)
    assert {"EXPIRE 30", "LOGIN-DELAY 60"} <= await capabilities(await house.log_in())
