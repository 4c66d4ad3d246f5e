"""APOP, only where the operator opted in, and the vault that its secrets lie in."""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path

import pytest

from hato.core.errors import AuthenticationError, DamagedError, ThrottledError, UnavailableError
from hato.core.secret import Secret
from hato.services.auth.origin import Login
from hato.services.auth.secret_key import FILE_NAME, SecretKey, derive, read_secret_key
from hato.services.auth.vault import Vault
from tests.unit.auth.house import ADA, KEY, PASSWORD, House, origin

STAMP = b"<1896.697170952@mail.example.org>"


@pytest.fixture
async def opted_in(tmp_path: Path) -> House:
    house = House(tmp_path, apop=True)
    await house.furnish()
    return house


async def apop(house: House, name: str = ADA, password: str = PASSWORD) -> Login:
    digest = hashlib.md5(STAMP + password.encode(), usedforsecurity=False).digest()
    try:
        return await house.authenticator.apop(name, STAMP, digest, origin())
    finally:
        await house.authenticator.settle()


async def test_the_digest_of_stamp_and_secret_opens_the_account(opted_in: House) -> None:
    assert (await apop(opted_in)).person.name == ADA
    phone = await opted_in.accounts.add_app_password(ADA, "phone")
    assert (await apop(opted_in, "ada", phone.reveal().decode())).credential.label == "phone"


async def test_everything_else_is_refused_alike(opted_in: House) -> None:
    await opted_in.accounts.add_person("bob@example.org", Secret(PASSWORD))
    await opted_in.accounts.disable_person("bob@example.org")
    for name, password in (
        (ADA, "wrong"),
        ("bob@example.org", PASSWORD),
        ("nobody@example.org", PASSWORD),
    ):
        with pytest.raises(AuthenticationError):
            await apop(opted_in, name, password)
    assert opted_in.pauses == [1.0] * 3
    for _ in range(7):
        with pytest.raises(AuthenticationError):
            await apop(opted_in, password="wrong")
    with pytest.raises(ThrottledError):
        await apop(opted_in)


async def test_without_the_operator_s_word_there_is_none_and_nothing_is_kept(
    house: House,
) -> None:
    with pytest.raises(AuthenticationError):
        await apop(house)
    assert (await house.credentials())[0].recoverable is None


async def test_the_secret_is_not_readable_in_the_database(opted_in: House) -> None:
    (credential,) = await opted_in.credentials()
    assert credential.recoverable is not None
    assert PASSWORD.encode() not in credential.recoverable


async def test_who_was_there_before_can_use_it_after_her_next_login(
    house: House, tmp_path: Path
) -> None:
    opted_in = House(tmp_path, apop=True)
    opted_in.store = house.store
    opted_in.authenticator = opted_in.another_process()
    with pytest.raises(AuthenticationError):
        await apop(opted_in)
    await opted_in.login()
    assert (await apop(opted_in)).person.name == ADA


async def test_what_is_kept_goes_when_the_operator_takes_his_word_back(
    opted_in: House, tmp_path: Path
) -> None:
    house = House(tmp_path)
    house.store = opted_in.store
    house.authenticator = house.another_process()
    await house.login()
    credentials = await house.store.directory.credentials((await house.login()).person.person_id)
    assert [credential.recoverable for credential in credentials] == [None]


async def test_one_person_s_secret_does_not_open_for_another(opted_in: House) -> None:
    (credential,) = await opted_in.credentials()
    assert credential.recoverable is not None
    vault = Vault(KEY)
    purpose = f"apop/{credential.person_id}"
    assert vault.open(credential.recoverable, purpose) == Secret(PASSWORD)
    changed = bytearray(credential.recoverable)
    changed[-1] ^= 1
    for sealed, what_for, key in (
        (credential.recoverable, "apop/99", KEY),
        (credential.recoverable, purpose, Secret(b"another key" * 3)),
        (bytes(changed), purpose, KEY),
        (b"", purpose, KEY),
        (b"\x03" + credential.recoverable[1:], purpose, KEY),
        (credential.recoverable[:5], purpose, KEY),
        (credential.recoverable[:15], purpose, KEY),
    ):
        with pytest.raises(DamagedError):
            Vault(key).open(sealed, what_for)


async def test_a_replaced_key_refuses_apop_but_nothing_else(opted_in: House) -> None:
    (credential,) = await opted_in.credentials()
    assert credential.recoverable is not None
    apop_login = opted_in.authenticator._apop_login
    assert apop_login is not None
    apop_login._vault = Vault(Secret(b"another key" * 3))
    with pytest.raises(AuthenticationError):
        await apop(opted_in)
    assert (await opted_in.login()).person.name == ADA


def test_the_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    first = read_secret_key(tmp_path)
    assert read_secret_key(tmp_path) == first
    assert len(first.reveal()) == 32
    assert [path.name for path in tmp_path.iterdir()] == [FILE_NAME]
    assert stat.S_IMODE((tmp_path / FILE_NAME).stat().st_mode) == 0o600
    assert derive(first, "a") != derive(first, "b")


def test_a_credential_of_systemd_goes_before_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = tmp_path / "given"
    given.mkdir()
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(given))
    own = read_secret_key(tmp_path)
    (given / FILE_NAME).write_bytes(b"s" * 32)
    assert read_secret_key(tmp_path) == Secret(b"s" * 32)
    assert read_secret_key(tmp_path) != own


def test_a_key_that_cannot_be_used_is_told_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="cannot be used"):
        read_secret_key(tmp_path / "nowhere")
    (tmp_path / FILE_NAME).write_bytes(b"short")
    with pytest.raises(UnavailableError, match="restore it"):
        read_secret_key(tmp_path)


def test_the_secret_key_is_read_when_it_is_first_needed_and_only_once(tmp_path: Path) -> None:
    key = SecretKey(tmp_path)
    assert not (tmp_path / FILE_NAME).exists()
    first = key.read()
    (tmp_path / FILE_NAME).unlink()
    assert key.read() == first
    assert SecretKey(tmp_path / "nowhere", first).read() == first
    with pytest.raises(UnavailableError):
        SecretKey(tmp_path / "nowhere").read()
