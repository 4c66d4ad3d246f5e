"""Who is in stays in exactly as long as she may."""

from __future__ import annotations

import bcrypt

from hato.core.secret import Secret
from hato.services.auth import RunningLogin
from tests.unit.auth.house import ADA, PASSWORD, House, origin


async def enter(house: House, name: str = ADA, password: str = "") -> RunningLogin:
    login = await (house.login(name, password) if password else house.login(name))
    return house.authenticator.running.enter(login, origin())


async def test_disabling_and_removing_end_a_login(house: House) -> None:
    await house.accounts.add_person("bob@example.org", Secret(PASSWORD))
    ada, bob = await enter(house), await enter(house, "bob@example.org")
    await house.authenticator.running.look()
    assert not ada.is_revoked
    await house.accounts.disable_person(ADA)
    await house.authenticator.running.look()
    assert (ada.is_revoked, bob.is_revoked) == (True, False)
    await house.accounts.enable_person(ADA)
    assert not await ada.look()
    await house.accounts.remove_person("bob@example.org")
    assert not await bob.look()


async def test_what_changed_between_the_check_and_the_session_is_noticed(house: House) -> None:
    login = await house.login()
    await house.accounts.disable_person(ADA)
    await house.authenticator.running.look()
    assert not await house.authenticator.running.enter(login, origin()).look()


async def test_a_new_password_ends_the_logins_of_the_old_one_alone(house: House) -> None:
    phone_password = await house.accounts.add_app_password(ADA, "phone")
    main = await enter(house)
    phone = await enter(house, password=phone_password.reveal().decode())
    await house.accounts.set_password(ADA, Secret("another"))  # in the very same second
    await house.authenticator.running.look()
    assert (main.is_revoked, phone.is_revoked) == (True, False)
    await house.accounts.revoke_app_password(ADA, "phone")
    assert not await phone.look()


async def test_a_hash_that_becomes_ours_behind_the_login_ends_nothing(house: House) -> None:
    hashed = "{BLF-CRYPT}" + bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    await house.accounts.add_person("bob@example.org", hashed=hashed)
    bob = await enter(house, "bob@example.org", PASSWORD)
    assert "ARGON2ID" in (await house.credentials("bob@example.org"))[0].hashed
    assert await bob.look()
    house.clock.advance(1)
    await house.accounts.set_password("bob@example.org", Secret("another"))
    assert not await bob.look()


async def test_who_has_left_is_not_looked_after(house: House) -> None:
    ada = await enter(house)
    ada.leave()
    ada.leave()
    assert not house.authenticator.running.running
