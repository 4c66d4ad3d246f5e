"""What the operator reads about a refused login: why, as no client is told; and no secret."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hato.core.errors import AuthenticationError, LoginDelayError, NotFoundError, ThrottledError
from hato.core.log import Level, log
from hato.core.secret import Secret
from tests.unit.auth.house import ADA, PASSWORD, House, origin

BOB = "bob@example.org"


@pytest.fixture
def last_reason(tmp_path: Path) -> Iterator[Callable[[], str]]:
    """What the last line of the log says; every line is a refusal without a password."""
    path = tmp_path / "log"
    with path.open("wb") as file:
        log.configure(level=Level.INFO, as_json=True, descriptor=file.fileno())

        def read() -> str:
            text = path.read_text()
            assert PASSWORD not in text
            assert "wrong horse" not in text
            row = json.loads(text.splitlines()[-1])
            assert row["event"] == "login-refused"
            assert row["session"] == "session"
            return str(row["reason"])

        yield read
        log.configure(level=Level.WARNING, as_json=False)


async def test_a_password(house: House, last_reason: Callable[[], str]) -> None:
    await house.accounts.add_person(BOB, Secret(PASSWORD))
    await house.accounts.disable_person(BOB)
    for name, password, reason in (
        (ADA, "wrong horse", "wrong-password"),
        (ADA, "wrong horse", "wrong-password"),
        (BOB, PASSWORD, "disabled"),
        ("nobody@example.org", PASSWORD, "unknown-person"),
        ("nobody@example.org", PASSWORD, "unknown-person"),
    ):
        with pytest.raises(AuthenticationError):
            await house.login(name, password)
        assert last_reason() == reason


async def test_a_proof(house: House, last_reason: Callable[[], str]) -> None:
    await house.accounts.add_person(BOB, Secret(PASSWORD))
    await house.accounts.disable_person(BOB)
    await house.accounts.add_person("eve@example.org", hashed="{BLF-CRYPT}$2b$04$" + "a" * 53)
    for name, reason in (
        (ADA, "wrong-password"),
        (BOB, "disabled"),
        ("nobody@example.org", "unknown-person"),
        ("eve@example.org", "no-keys"),
    ):
        with pytest.raises(AuthenticationError):
            await house.scram(name, "wrong horse")
        assert last_reason() == reason


async def test_an_exchange(house: House, last_reason: Callable[[], str]) -> None:
    line = origin(channel_binding=b"binding")
    await house.accounts.add_person(BOB, Secret(PASSWORD))
    for mechanism, response, reason in (
        ("PLAIN", b"no grammar", "malformed"),
        ("PLAIN", b"bob\0ada\0" + PASSWORD.encode(), "acts-for-another"),
        ("SCRAM-SHA-256", b"y,,n=ada,r=abc", "downgraded"),
        ("SCRAM-SHA-256-PLUS", b"n,,n=ada,r=abc", "channel-binding"),
    ):
        with pytest.raises(AuthenticationError):
            await house.authenticator.begin_sasl(mechanism, line).step(response)
        assert last_reason() == reason


async def test_a_door_that_is_closed(house: House, last_reason: Callable[[], str]) -> None:
    with pytest.raises(NotFoundError):
        house.authenticator.begin_sasl("CRAM-MD5", origin())
    assert last_reason() == "mechanism"
    with pytest.raises(NotFoundError):
        house.authenticator.begin_sasl("PLAIN", origin(is_encrypted=False))
    assert last_reason() == "no-tls"
    with pytest.raises(AuthenticationError):
        await house.authenticator.apop("ada", b"<1.2@x>", b"0" * 16, origin())
    assert last_reason() == "mechanism"
    with pytest.raises(AuthenticationError):
        await house.authenticator.login(ADA, Secret(PASSWORD), origin(is_encrypted=False))
    assert last_reason() == "no-tls"


async def test_too_many_and_too_soon(house: House, last_reason: Callable[[], str]) -> None:
    await house.accounts.set_login_delay(ADA, 60)
    login = await house.login()
    await house.authenticator.note_opened(login, origin())
    with pytest.raises(LoginDelayError):
        await house.login()
    assert last_reason() == "login-delay"
    for number in range(10):
        with pytest.raises(AuthenticationError):
            await house.login("nobody", f"wrong horse {number}", "203.0.113.9")
    with pytest.raises(ThrottledError):
        await house.login(ADA, "wrong horse", "203.0.113.9")
    assert last_reason() == "throttled"
