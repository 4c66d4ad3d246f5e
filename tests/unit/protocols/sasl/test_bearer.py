"""OAUTHBEARER and XOAUTH2, the client's side: published exchanges and refused tokens."""

from __future__ import annotations

from base64 import b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hato.core.secret import Secret
from hato.protocols.sasl.bearer import OAuthBearerClient, TokenRefusal, XOAuth2Client
from hato.protocols.sasl.steps import Reason, Refused

TOKEN = Secret("vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==")


def bearer(name: str = "user@example.com", token: Secret = TOKEN) -> OAuthBearerClient:
    return OAuthBearerClient(name, token, host="server.example.com", port=143)


def test_the_published_message_of_oauthbearer() -> None:
    """RFC 7628 §4.1."""
    assert bearer().step(b"") == b64decode(
        "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhv"
        "c3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9QmVhcmVyI"
        "HZGOWRmdDRxbVRjMk52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQ"
        "EB"
    )


def test_the_published_refusal_of_oauthbearer() -> None:
    """RFC 7628 §4.3: the error is read, and answered with a single control A."""
    client = bearer()
    client.step(b"")
    refusal = b64decode(
        "eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIiwic2NvcGUiOiJleGFtcGxl"
        "X3Njb3BlIiwib3BlbmlkLWNvbmZpZ3VyYXRpb24iOiJodHRwczovL2V4"
        "YW1wbGUuY29tLy53ZWxsLWtub3duL29wZW5pZC1jb25maWd1cmF0aW9u"
        "In0="
    )
    assert client.step(refusal) == b64decode("AQ==")
    assert client.refusal == TokenRefusal("invalid_token", "example_scope")
    assert client.step(refusal) == Refused(Reason.MALFORMED)


def test_the_message_of_xoauth2_as_google_shows_it() -> None:
    token = Secret("ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg")
    assert XOAuth2Client("someuser@example.com", token).step(b"") == b64decode(
        "dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZGOWRmdDRxbVRjMk52"
        "YjNSbGNrQmhkSFJoZG1semRHRXVZMjl0Q2cBAQ=="
    )


def test_the_refusal_of_xoauth2_is_answered_with_nothing() -> None:
    client = XOAuth2Client("someuser@example.com", TOKEN)
    client.step(b"")
    refusal = b64decode(
        "eyJzdGF0dXMiOiI0MDEiLCJzY2hlbWVzIjoiYmVhcmVyIG1hYyIsInNjb3BlIjoiaHR0cHM6Ly9t"
        "YWlsLmdvb2dsZS5jb20vIn0K"
    )
    assert client.step(refusal) == b""
    assert client.refusal == TokenRefusal("401", "https://mail.google.com/")


def test_a_comma_and_an_equals_sign_in_a_name_are_written_otherwise() -> None:
    message = bearer("a=b,c@example.com").step(b"")
    assert isinstance(message, bytes)
    assert message.startswith(b"n,a=a=3Db=2Cc@example.com,\x01host=")


@pytest.mark.parametrize(
    ("name", "token"),
    [
        ("", "token"),
        ("us er", "token"),
        ("user\x01auth=Bearer x", "token"),
        ("user", ""),
        ("user", "to ken"),
        ("user", "token\x01host=evil"),
        ("user", "token\r\n"),
    ],
)
def test_what_would_break_the_frame_is_not_sent(name: str, token: str) -> None:
    for client in (bearer(name, Secret(token)), XOAuth2Client(name, Secret(token))):
        assert client.step(b"") == Refused(Reason.UNPREPARABLE)


def test_a_challenge_before_the_message_is_refused() -> None:
    assert bearer().step(b"{}") == Refused(Reason.MALFORMED)


def test_numbers_and_odd_words_of_a_refusal_can_be_shown() -> None:
    for error, refusal in {
        b'{"status":401}': TokenRefusal("401"),
        b'{"status":"\\u001b[2J","scope":"a\\nb"}': TokenRefusal("\\x1b[2J", "a\\nb"),
        b"Go away\x1b[2J": TokenRefusal("Go away\\x1b[2J"),
        b"": TokenRefusal(),
    }.items():
        client = bearer()
        client.step(b"")
        assert client.step(error) == b"\x01"
        assert client.refusal == refusal


@given(st.one_of(st.binary(max_size=200), st.sampled_from([b"[" * 9000, b'{"a":' * 2000])))
def test_any_refusal_is_taken(error: bytes) -> None:
    client = XOAuth2Client("user", TOKEN)
    client.step(b"")
    assert client.step(error) == b""
    assert client.refusal is not None
