"""SASL as an edge sees it: which mechanisms, challenges and responses, a Login at last."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hato.core.errors import (
    AuthenticationError,
    LoginDelayError,
    NotFoundError,
    ThrottledError,
    UnavailableError,
)
from hato.core.secret import Secret
from hato.protocols.sasl.scram_client import ScramClient
from hato.services.auth.origin import Login
from hato.services.auth.sasl_exchange import SaslExchange
from hato.services.auth.secret_key import SecretKey
from tests.unit.auth.house import ADA, PASSWORD, House, origin

BINDING = hashlib.sha256(b"channel").digest()


def begin(house: House, mechanism: str) -> SaslExchange:
    return house.authenticator.begin_sasl(mechanism, origin())


async def first_salt(house: House, name: str) -> bytes:
    """Return the part of the server's first message that would tell people apart."""
    challenge = await begin(house, "SCRAM-SHA-256").step(f"n,,n={name},r=abc".encode())
    assert isinstance(challenge, bytes)
    return challenge.partition(b",")[2]


def test_the_mechanisms_are_those_that_the_line_allows(house: House) -> None:
    authenticator = house.authenticator
    assert authenticator.mechanisms(origin()) == ("SCRAM-SHA-256", "PLAIN", "LOGIN")
    assert authenticator.mechanisms(origin(channel_binding=BINDING)) == (
        "SCRAM-SHA-256-PLUS",
        "SCRAM-SHA-256",
        "PLAIN",
        "LOGIN",
    )
    assert authenticator.mechanisms(origin(is_encrypted=False)) == ()


def test_the_operator_may_do_without_scram(tmp_path: Path) -> None:
    house = House(tmp_path, scram=False)
    assert house.authenticator.mechanisms(origin(channel_binding=BINDING)) == ("PLAIN", "LOGIN")
    with pytest.raises(NotFoundError):
        begin(house, "SCRAM-SHA-256")


async def test_the_operator_may_do_without_plus(tmp_path: Path) -> None:
    """Then `y`, the client's "I could, but you cannot", is the truth and no downgrade."""
    house = House(tmp_path, plus=False)
    await house.furnish()
    line = origin(channel_binding=BINDING)
    assert house.authenticator.mechanisms(line) == ("SCRAM-SHA-256", "PLAIN", "LOGIN")
    with pytest.raises(NotFoundError):
        house.authenticator.begin_sasl("SCRAM-SHA-256-PLUS", line)
    for flag in ("y", "n"):
        client = ScramClient(ADA, Secret(PASSWORD), nonce="abc")
        client._header = f"{flag},,".encode()
        exchange = house.authenticator.begin_sasl("SCRAM-SHA-256", line)
        challenge: bytes | Login = b""
        while isinstance(challenge, bytes):
            response = client.step(challenge)
            assert isinstance(response, bytes)
            challenge = await exchange.step(response)
        assert challenge.person.name == ADA


@pytest.mark.parametrize("mechanism", ["", "CRAM-MD5", "SCRAM-SHA-256-PLUS", "ANONYMOUS"])
def test_another_mechanism_is_not_found(house: House, mechanism: str) -> None:
    with pytest.raises(NotFoundError):
        begin(house, mechanism)
    with pytest.raises(NotFoundError):
        house.authenticator.begin_sasl("PLAIN", origin(is_encrypted=False))


async def test_plain_with_and_without_initial_response(house: House) -> None:
    message = b"\0ada@example.org\0correct horse"
    login = await begin(house, "plain").step(message)
    assert isinstance(login, Login)
    exchange = begin(house, "PLAIN")
    assert await exchange.step(None) == b""
    login = await exchange.step(message)
    assert isinstance(login, Login)
    assert login.person.name == ADA


async def test_login_asks_for_name_and_password(house: House) -> None:
    exchange = begin(house, "LOGIN")
    assert await exchange.step(None) == b"Username:"
    assert await exchange.step(b"ada") == b"Password:"
    login = await exchange.step(b"correct horse")
    assert isinstance(login, Login)


async def test_she_may_say_once_more_who_she_is_but_nobody_else(house: House) -> None:
    await house.accounts.add_person("bob@example.org", Secret("bob's"))
    login = await begin(house, "PLAIN").step(b"ADA@example.org\0ada\0correct horse")
    assert isinstance(login, Login)
    for other in (b"bob@example.org", b"nobody"):
        with pytest.raises(AuthenticationError):
            await begin(house, "PLAIN").step(other + b"\0ada\0correct horse")


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "SCRAM-SHA-256"])
@pytest.mark.parametrize("response", [b"", b"\0", b"nonsense\xff", b"n,,n=ada\0", b"\0\0\0"])
async def test_what_is_not_of_the_grammar_is_refused_and_counted(
    house: House, mechanism: str, response: bytes
) -> None:
    for _ in range(10):
        with pytest.raises(AuthenticationError):
            await begin(house, mechanism).step(response)
    with pytest.raises(ThrottledError):
        await house.login(address="198.51.100.1")


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "SCRAM-SHA-256"])
async def test_an_exchange_that_is_over_is_over(house: House, mechanism: str) -> None:
    exchange = begin(house, mechanism)
    with pytest.raises(AuthenticationError):
        await exchange.step(b"\xff")
    for response in (b"\0ada@example.org\0correct horse", None, b""):
        with pytest.raises(AuthenticationError):
            await exchange.step(response)


async def test_scram_lets_her_in_with_every_one_of_her_passwords(house: House) -> None:
    phone = await house.accounts.add_app_password(ADA, "phone")
    house.passwords.take_checks()
    main = await house.scram()
    app = await house.scram("ada", phone.reveal().decode())
    assert isinstance(main, Login)
    assert isinstance(app, Login)
    assert (main.credential.label, app.credential.label) == ("", "phone")
    assert house.passwords.take_checks() == []
    await house.accounts.set_password(ADA, Secret("new"))
    assert isinstance(await house.scram(password="new"), Login)
    assert isinstance(await house.scram(password=phone.reveal().decode()), Login)
    with pytest.raises(AuthenticationError):
        await house.scram()
    await house.accounts.revoke_app_password(ADA, "phone")
    with pytest.raises(AuthenticationError):
        await house.scram(password=phone.reveal().decode())


async def test_the_last_scram_message_is_a_challenge(house: House) -> None:
    exchange = begin(house, "SCRAM-SHA-256")
    client = ScramClient(ADA, Secret(PASSWORD), nonce="abc")
    assert await exchange.step(None) == b""
    first = await exchange.step(client.step(b""))  # type: ignore[arg-type]  # it is sound
    assert isinstance(first, bytes)
    final = await exchange.step(client.step(first))  # type: ignore[arg-type]  # the same
    assert isinstance(final, bytes)
    assert final.startswith(b"v=")
    assert isinstance(await exchange.step(b""), Login)


async def test_scram_prepares_passwords_on_both_sides(house: House) -> None:
    await house.accounts.set_password(ADA, Secret("ｐａｓｓ\u3000鳩🕊"))
    assert isinstance(await house.scram(password="pass 鳩🕊"), Login)
    assert (await house.login(password="pass 鳩🕊")).person.name == ADA


async def test_scram_refuses_wrong_unknown_and_disabled_alike(house: House) -> None:
    await house.accounts.add_person("bob@example.org", Secret(PASSWORD))
    await house.accounts.disable_person("bob@example.org")
    refusals = set()
    for name, password in (
        (ADA, "wrong"),
        ("bob@example.org", PASSWORD),
        ("nobody@example.org", PASSWORD),
    ):
        house.pauses.clear()
        with pytest.raises(AuthenticationError) as refusal:
            await house.scram(name, password)
        refusals.add((str(refusal.value), tuple(house.pauses)))
    assert len(refusals) == 1


async def test_nobody_has_a_salt_too_and_keeps_it(house: House) -> None:
    assert await first_salt(house, ADA) == await first_salt(house, "ada")
    unknown = await first_salt(house, "nobody@example.org")
    assert unknown.endswith(b",i=4096")
    assert len(unknown) == len(await first_salt(house, ADA))
    assert unknown == await first_salt(house, "NOBODY")
    house.authenticator = house.another_process()
    assert unknown == await first_salt(house, "nobody@Example.org")
    assert unknown != await first_salt(house, "other@example.org")


async def test_a_disabled_person_keeps_her_salt(house: House) -> None:
    before = await first_salt(house, ADA)
    await house.accounts.disable_person(ADA)
    assert await first_salt(house, ADA) == before


async def test_who_has_only_an_imported_hash_cannot_use_scram_yet(house: House) -> None:
    await house.accounts.add_person("bob@example.org", hashed="{BLF-CRYPT}$2b$04$" + "a" * 53)
    with pytest.raises(AuthenticationError):
        await house.scram("bob@example.org")


async def test_scram_may_say_once_more_who_she_is_but_nobody_else(house: House) -> None:
    await house.accounts.add_person("bob@example.org", Secret(PASSWORD))
    for acts_as, is_herself in ((ADA, True), ("bob@example.org", False), ("nobody", False)):
        client = ScramClient(ADA, Secret(PASSWORD), nonce="abc")
        client._header = f"n,a={acts_as},".encode()
        exchange = begin(house, "SCRAM-SHA-256")
        response = client.step(b"")
        assert isinstance(response, bytes)
        challenge = await exchange.step(response)
        assert isinstance(challenge, bytes)
        proof = client.step(challenge)
        assert isinstance(proof, bytes)
        if is_herself:
            assert isinstance(await exchange.step(proof), bytes)
        else:
            with pytest.raises(AuthenticationError):
                await exchange.step(proof)


async def test_scram_binds_to_the_channel_where_there_is_one(house: House) -> None:
    line = origin(channel_binding=BINDING)
    for binding, is_right in ((BINDING, True), (b"another channel", False)):
        exchange = house.authenticator.begin_sasl("SCRAM-SHA-256-PLUS", line)
        client = ScramClient(
            ADA, Secret(PASSWORD), nonce="abc", channel_binding=binding, is_plus=True
        )
        response = client.step(b"")
        assert isinstance(response, bytes)
        challenge = await exchange.step(response)
        assert isinstance(challenge, bytes)
        proof = client.step(challenge)
        assert isinstance(proof, bytes)
        if is_right:
            assert isinstance(await exchange.step(proof), bytes)
            assert isinstance(await exchange.step(b""), Login)
        else:
            with pytest.raises(AuthenticationError):
                await exchange.step(proof)


async def test_a_client_that_was_lied_to_about_plus_is_refused(house: House) -> None:
    line = origin(channel_binding=BINDING)
    exchange = house.authenticator.begin_sasl("SCRAM-SHA-256", line)
    with pytest.raises(AuthenticationError):
        await exchange.step(b"y,,n=ada,r=abc")


async def test_wrong_proofs_are_counted_like_wrong_passwords(house: House) -> None:
    for _ in range(10):
        with pytest.raises(AuthenticationError):
            await house.scram(password="wrong")
    with pytest.raises(ThrottledError):
        await house.scram()
    with pytest.raises(ThrottledError):
        await house.login()
    assert isinstance(await house.scram(address="203.0.113.1"), Login)


async def test_many_exchanges_at_once_do_not_pass_uncounted(house: House) -> None:
    exchanges = []
    for number in range(30):
        exchange = begin(house, "SCRAM-SHA-256")
        client = ScramClient(ADA, Secret(f"guess {number}"), nonce="abc")
        response = client.step(b"")
        assert isinstance(response, bytes)
        challenge = await exchange.step(response)
        assert isinstance(challenge, bytes)
        proof = client.step(challenge)
        assert isinstance(proof, bytes)
        exchanges.append((exchange, proof))
    ends: list[type[Exception]] = []
    for exchange, proof in exchanges:
        with pytest.raises((AuthenticationError, ThrottledError)) as refusal:
            await exchange.step(proof)
        ends.append(refusal.type)
    assert ends == [AuthenticationError] * 10 + [ThrottledError] * 20


async def test_the_login_delay_is_kept_by_scram_too(house: House) -> None:
    await house.accounts.set_login_delay(ADA, 60)
    login = await house.scram()
    assert isinstance(login, Login)
    await house.authenticator.note_opened(login, origin())
    with pytest.raises(LoginDelayError):
        await house.scram()


async def test_an_unusable_secret_key_does_not_keep_strangers_out_or_in(tmp_path: Path) -> None:
    house = House(tmp_path / "nowhere")
    await house.furnish()
    house.authenticator._scram_login._secret_key = SecretKey(tmp_path / "nowhere").read
    with pytest.raises(AuthenticationError):
        await house.scram("nobody@example.org")
    assert isinstance(await house.scram(), Login)
    house.authenticator._scram_login._decoy_key  # noqa: B018 - drawn for this process
    with pytest.raises(UnavailableError):
        house.authenticator._scram_login._secret_key()


@given(
    st.sampled_from(["PLAIN", "LOGIN", "SCRAM-SHA-256"]),
    st.lists(st.none() | st.binary(max_size=40) | st.just(b"n,,n=ada,r=abc"), max_size=4),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
async def test_no_octets_raise_anything_but_a_refusal(
    house: House, mechanism: str, responses: list[bytes | None]
) -> None:
    exchange = begin(house, mechanism)
    house.clock.advance(86_401)
    for response in responses:
        try:
            assert isinstance(await exchange.step(response), bytes)
        except (AuthenticationError, ThrottledError):
            continue
