"""PLAIN and LOGIN, both sides."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hato.core.secret import Secret
from hato.protocols.sasl.login import LoginClient, LoginServer
from hato.protocols.sasl.plain import PlainClient, PlainServer
from hato.protocols.sasl.steps import Challenge, PasswordOffered, Reason, Refused

MALFORMED = Refused(Reason.MALFORMED)


def test_plain_asks_with_an_empty_challenge_and_reads_the_answer() -> None:
    server = PlainServer()
    assert server.step(None) == Challenge(b"")
    assert server.step(b"\0tim\0tanstaaftanstaaf") == PasswordOffered(
        "tim", Secret("tanstaaftanstaaf"), ""
    )


def test_plain_takes_an_initial_response_and_an_authorization_identity() -> None:
    assert PlainServer().step(b"Ursel\0Kurt\0xipj3plmq") == PasswordOffered(
        "Kurt", Secret("xipj3plmq"), "Ursel"
    )


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\0",
        b"\0\0",
        b"\0a\0",
        b"\0\0b",
        b"a",
        b"a\0b",
        b"\0a\0b\0",
        b"\0a\0b\0c",
        b"\0\xff\0b",
    ],
)
def test_plain_refuses_what_is_not_of_its_grammar(message: bytes) -> None:
    assert PlainServer().step(message) == MALFORMED


def test_plain_takes_a_password_in_any_character_set() -> None:
    assert PlainServer().step(b"\0tim\0p\xe4ss") == PasswordOffered("tim", Secret(b"p\xe4ss"), "")


def test_login_asks_twice() -> None:
    server = LoginServer()
    assert server.step(None) == Challenge(b"Username:")
    assert server.step(b"tim") == Challenge(b"Password:")
    assert server.step(b"secret") == PasswordOffered("tim", Secret("secret"), "")


def test_login_takes_the_name_as_initial_response() -> None:
    server = LoginServer()
    assert server.step(b"tim") == Challenge(b"Password:")
    assert server.step(b"secret") == PasswordOffered("tim", Secret("secret"), "")


@pytest.mark.parametrize("answer", [b"", b"\xff", b"a\0b"])
def test_login_refuses_a_name_that_is_none(answer: bytes) -> None:
    assert LoginServer().step(answer) == MALFORMED


def test_the_clients_say_what_the_servers_read() -> None:
    message = PlainClient("ｔim", Secret("pass word"), "boss").step(b"")
    assert isinstance(message, bytes)
    assert PlainServer().step(message) == PasswordOffered("tim", Secret("pass word"), "boss")
    client, server = LoginClient("tim", Secret("pw")), LoginServer()
    for question in (b"Username:", b"Password:"):
        assert server.step(None if question == b"Username:" else b"tim") == Challenge(question)
        assert isinstance(client.step(question), bytes)
    assert client.step(b"More?") == MALFORMED


@pytest.mark.parametrize("password", ["", "a\0b"])
def test_the_client_keeps_back_a_password_that_cannot_be_sent(password: str) -> None:
    assert PlainClient("tim", Secret(password)).step(b"") == Refused(Reason.UNPREPARABLE)
    assert PlainClient("\x07", Secret("pw")).step(b"") == Refused(Reason.UNPREPARABLE)


@settings(deadline=None)
@given(st.lists(st.none() | st.binary(), max_size=4))
def test_no_octets_raise(responses: list[bytes | None]) -> None:
    for server in (PlainServer(), LoginServer()):
        for response in responses:
            assert isinstance(server.step(response), Challenge | PasswordOffered | Refused)


def test_a_client_of_plain_answers_nothing_but_the_empty_challenge() -> None:
    assert PlainClient("tim", Secret("pw")).step(b"Password:") == MALFORMED
