"""Who is in stays in exactly as long as she may."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import bcrypt
import pytest

from hato.core.errors import UnavailableError
from hato.core.ids import PersonId
from hato.core.secret import Secret
from hato.services.auth.passwords import Passwords
from hato.services.auth.running_logins import RunningLogin, RunningLogins
from hato.store.directory import Credential, Person
from tests.unit.auth.house import ADA, PASSWORD, House, origin


class CountedDirectory:
    """Ada's house's directory, which knows how often it was asked who may come in."""

    def __init__(self, house: House) -> None:
        self._directory = house.store.directory
        self.asked = 0
        self.fault: UnavailableError | None = None

    async def version(self) -> int:
        return await self._directory.version()

    async def person(self, person_id: PersonId) -> Person:
        self.asked += 1
        if self.fault is not None:
            raise self.fault
        return await self._directory.person(person_id)

    async def credentials(self, person_id: PersonId) -> list[Credential]:
        return await self._directory.credentials(person_id)


async def enter(house: House, name: str = ADA, password: str = "") -> RunningLogin:
    login = await (house.login(name, password) if password else house.login(name))
    return house.authenticator.logins.enter(login, origin())


async def test_disabling_and_removing_end_a_login(house: House) -> None:
    await house.accounts.add_person("bob@example.org", Secret(PASSWORD))
    ada, bob = await enter(house), await enter(house, "bob@example.org")
    await house.authenticator.logins.look()
    assert not ada.is_revoked
    await house.accounts.disable_person(ADA)
    await house.authenticator.logins.look()
    assert (ada.is_revoked, bob.is_revoked) == (True, False)
    await house.accounts.enable_person(ADA)
    assert not await house.authenticator.logins.may_stay(ada)
    await house.accounts.remove_person("bob@example.org")
    assert not await house.authenticator.logins.may_stay(bob)


async def test_what_changed_between_the_check_and_the_session_is_noticed(house: House) -> None:
    login = await house.login()
    await house.accounts.disable_person(ADA)
    await house.authenticator.logins.look()
    assert not await house.authenticator.logins.may_stay(
        house.authenticator.logins.enter(login, origin())
    )


async def test_a_new_password_ends_the_logins_of_the_old_one_alone(house: House) -> None:
    phone_password = await house.accounts.add_app_password(ADA, "phone")
    main = await enter(house)
    phone = await enter(house, password=phone_password.reveal().decode())
    await house.accounts.set_password(ADA, Secret("another"))  # in the very same second
    await house.authenticator.logins.look()
    assert (main.is_revoked, phone.is_revoked) == (True, False)
    await house.accounts.revoke_app_password(ADA, "phone")
    assert not await house.authenticator.logins.may_stay(phone)


async def test_a_hash_that_becomes_ours_behind_the_login_ends_nothing(house: House) -> None:
    hashed = "{BLF-CRYPT}" + bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    await house.accounts.add_person("bob@example.org", hashed=hashed)
    bob = await enter(house, "bob@example.org", PASSWORD)
    assert "ARGON2ID" in (await house.credentials("bob@example.org"))[0].hashed
    assert await house.authenticator.logins.may_stay(bob)
    await house.accounts.set_password("bob@example.org", Secret("another"))
    assert not await house.authenticator.logins.may_stay(bob)


async def test_who_has_left_is_not_looked_after(house: House) -> None:
    ada = await enter(house)
    house.authenticator.logins.leave(ada)
    house.authenticator.logins.leave(ada)
    assert not house.authenticator.logins._open


@pytest.fixture
def directory(house: House) -> CountedDirectory:
    return CountedDirectory(house)


@pytest.fixture
def logins(directory: CountedDirectory) -> RunningLogins:
    return RunningLogins(directory, Passwords())  # type: ignore[arg-type]  # what they ask it for


async def test_while_nothing_changes_nobody_is_asked_for(
    house: House, directory: CountedDirectory, logins: RunningLogins
) -> None:
    for login in (await house.login(), await house.scram()):
        assert logins.enter(login, origin()).name == ADA  # type: ignore[arg-type]  # it was right
        await logins.look()
        await logins.look()
    assert directory.asked == 0
    await house.accounts.add_app_password(ADA, "phone")
    await logins.look()
    await logins.look()
    assert directory.asked == 2


async def test_others_get_their_turn_while_many_are_looked_at(
    house: House, directory: CountedDirectory, logins: RunningLogins
) -> None:
    login = await house.login()
    entered = [logins.enter(login, origin()) for _ in range(250)]
    await house.accounts.disable_person(ADA)
    looking = asyncio.create_task(logins.look())
    asked = [0]
    while not looking.done():
        await asyncio.sleep(0)
        asked.append(directory.asked)
        if len(asked) == 2:  # who leaves before her turn is not said to have been sent away
            logins.leave(min(entered, key=lambda one: one.is_revoked))
    assert all(after - before <= 100 for before, after in pairwise(asked))
    assert directory.asked == 249
    assert sum(one.is_revoked for one in entered) == 249


async def test_a_look_that_failed_is_repeated(
    house: House, directory: CountedDirectory, logins: RunningLogins
) -> None:
    ada = logins.enter(await house.login(), origin())
    await logins.look()
    await house.accounts.disable_person(ADA)
    directory.fault = UnavailableError("EIO")
    with pytest.raises(UnavailableError):
        await logins.look()
    directory.fault = None
    await logins.look()
    assert ada.is_revoked


async def test_who_entered_late_during_a_look_is_looked_at_by_the_next(
    house: House, logins: RunningLogins
) -> None:
    early = await house.login()
    for _ in range(150):
        logins.enter(early, origin())
    await logins.look()
    await house.accounts.disable_person(ADA)
    looking = asyncio.create_task(logins.look())
    await asyncio.sleep(0)
    late = logins.enter(early, origin())
    await looking
    await logins.look()
    assert late.is_revoked


async def test_an_imported_hash_that_became_ours_needs_no_second_hash(house: House) -> None:
    hashed = "{BLF-CRYPT}" + bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    await house.accounts.add_person("bob@example.org", hashed=hashed)
    await house.login("bob@example.org")
    house.passwords.take_checks()
    await house.login("bob@example.org")
    assert house.passwords.take_checks() == []
