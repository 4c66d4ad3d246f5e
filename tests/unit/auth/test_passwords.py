"""Login by password: who gets in, what is remembered, what becomes our own."""

from __future__ import annotations

import asyncio

import bcrypt
import msgspec
import pytest

from hato.core.errors import (
    AuthenticationError,
    InvalidInputError,
    LoginDelayError,
    UnavailableError,
)
from hato.core.language import Language
from hato.core.limits import PASSWORD_HASHES_WAITING, REMEMBERED_LOGIN_SECONDS
from hato.core.secret import Secret
from hato.core.settings import Auth, Settings
from hato.services.auth.authenticator import Authenticator
from hato.services.auth.hashing_threads import HashingThreads
from tests.unit.auth.house import ADA, PASSWORD, House, origin

SHA512_OF_CORRECT_HORSE = (
    "$6$rounds=1000$salt$"
    "Op5Pr8IefYjtJFNiLT8d.Xb85v8VtEyyKosvqEUXP9/.f4IC5kMbKoUZwss1ymncWvUZB6QVTmIH88IN1Uc5C."
)


async def test_the_right_password_opens_her_account(house: House) -> None:
    login = await house.login()
    assert login.person.name == ADA
    assert login.credential.label == ""
    assert login.account.account_id == login.person.account_id


@pytest.mark.parametrize(
    "name", ["ada", "ADA", "Ada@Example.ORG", "ada@example.org.", "ＡＤＡ", '"ada"@example.org']
)
async def test_a_name_may_be_typed_in_many_ways(house: House, name: str) -> None:
    assert (await house.login(name)).person.name == ADA


async def test_a_name_without_a_domain_must_mean_one_person(house: House) -> None:
    await house.accounts.add_domain("example.com")
    other = await house.accounts.add_person("ada@example.com", Secret("something else"))
    for password in (PASSWORD, "something else"):
        with pytest.raises(AuthenticationError):
            await house.login("ada", password)
    assert (await house.login("ada@example.com", "something else")).person == other


async def test_an_alias_logs_in_where_it_reaches_her_alone(house: House) -> None:
    await house.accounts.add_address("lovelace@example.org", ADA)
    assert (await house.login("lovelace@example.org")).person.name == ADA
    bob = await house.accounts.add_person("bob@example.org", Secret("bob's"))
    await house.accounts.add_address("lovelace@example.org", bob.name)
    house.authenticator = house.another_process()
    with pytest.raises(AuthenticationError):
        await house.login("lovelace@example.org")


async def test_detail_and_catch_all_are_for_mail_not_for_logins(house: House) -> None:
    await house.accounts.add_address("@example.org", ADA)
    for name in ("ada+tag@example.org", "whoever@example.org", "@example.org", "", "@", "a" * 999):
        with pytest.raises(AuthenticationError):
            await house.login(name)


async def test_a_renamed_person_logs_in_by_both_names(house: House) -> None:
    await house.accounts.rename_person(ADA, "lovelace@example.org")
    assert (await house.login("lovelace@example.org")).person.name == "lovelace@example.org"
    assert (await house.login(ADA)).person.name == "lovelace@example.org"


async def test_a_disabled_person_is_refused_at_once_everywhere(house: House) -> None:
    await house.login()
    await house.accounts.disable_person(ADA)
    with pytest.raises(AuthenticationError):
        await house.login()
    await house.accounts.enable_person(ADA)
    assert (await house.login()).person.is_enabled


async def test_without_tls_only_named_addresses_log_in(house: House) -> None:
    line = origin("192.0.2.7", is_encrypted=False)
    assert house.authenticator.may_log_in(line)
    assert (await house.authenticator.login(ADA, Secret(PASSWORD), line)).person.name == ADA
    for address in ("198.51.100.1", "", "2001:db8::1"):
        line = origin(address, is_encrypted=False)
        assert not house.authenticator.may_log_in(line)
        assert house.authenticator.mechanisms(line) == ()
        with pytest.raises(AuthenticationError):
            await house.authenticator.login(ADA, Secret(PASSWORD), line)
    await house.authenticator.close()


def test_a_network_that_cannot_be_read_is_told(house: House) -> None:
    settings = Settings(auth=Auth(allow_plaintext_from=("everybody",)))
    with pytest.raises(InvalidInputError, match="everybody"):
        Authenticator(house.store, settings, house.clock)


# Same answer, same work, same time


async def test_unknown_wrong_and_disabled_cost_the_same_and_say_the_same(house: House) -> None:
    await house.accounts.add_person("bob@example.org", Secret(PASSWORD))
    await house.accounts.disable_person("bob@example.org")
    await house.accounts.add_person("eve@example.org")
    seen = set()
    for name in (ADA, "bob@example.org", "eve@example.org", "nobody@example.org", "nobody"):
        for password in ("wrong", "wr\u00adong"):
            house.pauses.clear()
            with pytest.raises(AuthenticationError) as refusal:
                await house.login(name, password)
            checks = (password, tuple(house.passwords.take_checks()))
            seen.add((str(refusal.value), tuple(house.pauses), checks))
    assert len(seen) == 2
    assert {checks for _, _, checks in seen} == {
        ("wrong", ("ARGON2ID",)),
        ("wr\u00adong", ("ARGON2ID", "ARGON2ID")),
    }


@pytest.mark.parametrize("password", [b"", b"\0", b"correct\0horse", b"x" * 1_048_576])
async def test_what_is_no_password_is_refused_without_a_hash(house: House, password: bytes) -> None:
    with pytest.raises(AuthenticationError):
        await house.login(ADA, password)
    assert house.passwords.take_checks() == []


async def test_a_refusal_comes_when_its_time_has_come(house: House) -> None:
    with pytest.raises(AuthenticationError):
        await house.login(ADA, "wrong")
    assert house.pauses == [1.0]


# Remembering


async def test_a_poll_costs_no_hash(house: House) -> None:
    await house.login()
    assert house.passwords.take_checks() == ["ARGON2ID"]
    for _ in range(3):
        assert (await house.login()).person.name == ADA
    assert house.passwords.take_checks() == []


async def test_what_is_remembered_is_of_one_address_and_one_password(house: House) -> None:
    await house.login()
    house.passwords.take_checks()
    await house.login(address="198.51.100.2")
    with pytest.raises(AuthenticationError):
        await house.login(password="wrong")
    assert house.passwords.take_checks() == ["ARGON2ID", "ARGON2ID"]


async def test_it_is_forgotten_after_a_while(house: House) -> None:
    await house.login()
    house.passwords.take_checks()
    house.clock.advance(REMEMBERED_LOGIN_SECONDS + 1)
    await house.login()
    assert house.passwords.take_checks() == ["ARGON2ID"]


async def test_a_new_password_ends_the_old_one_at_once(house: House) -> None:
    await house.login()
    await house.accounts.set_password(ADA, Secret("new"))
    with pytest.raises(AuthenticationError):
        await house.login()
    assert (await house.login(password="new")).person.name == ADA


async def test_a_password_that_was_wrong_may_become_right(house: House) -> None:
    with pytest.raises(AuthenticationError):
        await house.login(password="new")
    await house.accounts.set_password(ADA, Secret("new"))
    assert (await house.login(password="new")).person.name == ADA


async def test_other_people_s_changes_cost_no_hash(house: House) -> None:
    await house.login()
    house.passwords.take_checks()
    await house.accounts.add_person("bob@example.org", Secret("bob's"))
    await house.accounts.set_language(ADA, Language.JAPANESE)
    await house.login()
    assert house.passwords.take_checks() == []


async def test_settings_of_a_remembered_person_are_the_new_ones(house: House) -> None:
    await house.login()
    await house.accounts.set_retr_sets_seen(ADA, sets_seen=True)
    assert (await house.login()).person.retr_sets_seen


async def test_a_name_that_became_ambiguous_is_no_longer_remembered(house: House) -> None:
    await house.login("ada")
    await house.accounts.add_domain("example.com")
    await house.accounts.add_person("ada@example.com", Secret("other"))
    with pytest.raises(AuthenticationError):
        await house.login("ada")


async def test_a_device_with_an_old_password_costs_one_hash_and_one_count(house: House) -> None:
    for _ in range(50):
        with pytest.raises(AuthenticationError):
            await house.login(password="old")
    assert house.passwords.take_checks() == ["ARGON2ID"]
    assert (await house.login()).person.name == ADA


# App passwords


async def test_an_app_password_opens_the_account_without_a_slow_hash(house: House) -> None:
    phone = await house.accounts.add_app_password(ADA, "phone")
    login = await house.login(password=phone.reveal())
    assert login.credential.label == "phone"
    assert set(house.passwords.take_checks()) == {"SHA256"}
    assert (await house.login()).credential.label == ""


async def test_a_revoked_app_password_is_refused_at_once(house: House) -> None:
    phone = await house.accounts.add_app_password(ADA, "phone")
    await house.login(password=phone.reveal())
    await house.accounts.revoke_app_password(ADA, "phone")
    with pytest.raises(AuthenticationError):
        await house.login(password=phone.reveal())


async def test_the_last_use_is_written_at_most_every_five_minutes(house: House) -> None:
    began = house.clock.now()
    await house.login()
    house.clock.advance(299)
    await house.login()
    assert (await house.credentials())[0].last_used == began
    house.clock.advance(1)
    await house.login()
    assert (await house.credentials())[0].last_used == began + 300


# Hashes that come from elsewhere


@pytest.mark.parametrize(
    "hashed",
    [
        "{SHA512-CRYPT}" + SHA512_OF_CORRECT_HORSE,
        "{BLF-CRYPT}" + bcrypt.hashpw(b"correct horse", bcrypt.gensalt(4)).decode(),
        "{PLAIN}correct horse",
    ],
    ids=["sha512-crypt", "bcrypt", "plain"],
)
async def test_an_imported_hash_is_taken_and_becomes_our_own(house: House, hashed: str) -> None:
    await house.accounts.set_password_hash(ADA, hashed)
    with pytest.raises(AuthenticationError):
        await house.login(password="wrong")
    assert (await house.login()).person.name == ADA
    (credential,) = await house.credentials()
    assert house.passwords.is_ours(credential.hashed)
    assert credential.scram is not None
    assert credential.scram.iterations == 4096
    house.authenticator = house.another_process()
    assert (await house.login()).person.name == ADA
    assert not isinstance(await house.scram(), tuple)


async def test_an_imported_hash_of_another_character_set_is_taken(house: House) -> None:
    latin = "pässwörd".encode("latin-1")
    hashed = "{BLF-CRYPT}" + bcrypt.hashpw(latin, bcrypt.gensalt(4)).decode()
    await house.accounts.set_password_hash(ADA, hashed)
    await house.login(password=latin)
    (credential,) = await house.credentials()
    assert house.passwords.is_ours(credential.hashed)
    assert credential.scram is None
    house.authenticator = house.another_process()
    await house.login(password=latin)
    assert house.passwords.made == 2


async def test_an_upgrade_does_not_undo_a_new_password(house: House) -> None:
    hashed = "{BLF-CRYPT}" + bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    await house.accounts.set_password_hash(ADA, hashed)
    await house.authenticator.login(ADA, Secret(PASSWORD), origin())
    await house.accounts.set_password(ADA, Secret("new"))
    await house.authenticator.settle()
    with pytest.raises(AuthenticationError):
        await house.login()
    assert (await house.login(password="new")).person.name == ADA


# Limits


async def test_a_pop3_login_too_soon_is_told_how_long_to_wait(house: House) -> None:
    await house.accounts.set_login_delay(ADA, 60)
    await house.authenticator.note_opened(await house.login(), origin())
    house.clock.advance(20)
    house.authenticator = house.another_process()
    with pytest.raises(LoginDelayError) as refusal:
        await house.login()
    assert refusal.value.wait_seconds == 40
    imap = origin(service="imap")
    assert (await house.authenticator.login(ADA, Secret(PASSWORD), imap)).person.name == ADA
    with pytest.raises(AuthenticationError):
        await house.login(password="wrong")
    house.clock.advance(40)
    assert (await house.login()).person.name == ADA


async def test_a_login_that_opened_nothing_delays_no_other(house: House) -> None:
    await house.accounts.set_login_delay(ADA, 60)
    await house.login()
    login = await house.login()
    await house.authenticator.note_opened(login, origin(service="imap"))
    await house.authenticator.note_opened(await house.login(), origin())
    with pytest.raises(LoginDelayError):
        await house.login()


async def test_an_account_that_is_missing_is_unavailable(house: House) -> None:
    person = await house.accounts.person(ADA)
    await house.store.remove_account(person.account_id)
    with pytest.raises(UnavailableError):
        await house.login()


async def test_too_many_hashes_at_once_are_put_off() -> None:
    threads = HashingThreads()
    works = [threads.run(lambda: None) for _ in range(PASSWORD_HASHES_WAITING + 10)]
    ends = await asyncio.gather(*works, return_exceptions=True)
    assert [type(end) for end in ends].count(UnavailableError) == 10
    assert await threads.run(lambda: "free again") == "free again"
    threads.close()


async def test_a_fault_of_ours_in_what_was_put_off_is_logged_and_does_not_stop_the_end(
    house: House, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    async def fail(*arguments: object) -> None:
        raise ZeroDivisionError(str(arguments))

    monkeypatch.setattr(house.store.directory, "note_use", fail)
    assert (await house.authenticator.login(ADA, Secret(PASSWORD), origin())).person.name == ADA
    await house.authenticator.close()
    assert "ZeroDivisionError" in capfd.readouterr().err


async def test_what_cannot_be_written_afterwards_harms_nobody(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise UnavailableError("full")

    monkeypatch.setattr(house.store.directory, "note_use", fail)
    monkeypatch.setattr(house.store.counters, "add", fail)
    assert (await house.login()).person.name == ADA
    with pytest.raises(AuthenticationError):
        await house.login(password="wrong")


async def test_a_password_is_never_seen_in_what_is_printed(
    house: House, capfd: pytest.CaptureFixture[str]
) -> None:
    login = await house.login()
    with pytest.raises(AuthenticationError) as refusal:
        await house.login(password="wrong horse")
    seen = (login, refusal.value, vars(house.authenticator), capfd.readouterr())
    shown = "".join(map(repr, seen))
    assert PASSWORD not in shown
    assert "wrong horse" not in shown
    assert msgspec.json.encode(login.person)
