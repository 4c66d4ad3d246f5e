"""CRAM-MD5, the client's side: the published exchange and what does not fit."""

from __future__ import annotations

from base64 import b64decode

from hato.core.secret import Secret
from hato.protocols.sasl.cram_md5 import CramMd5Client
from hato.protocols.sasl.steps import Reason, Refused

CHALLENGE = b64decode("PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+")


def test_the_published_exchange() -> None:
    """RFC 2195 §2."""
    client = CramMd5Client("tim", Secret("tanstaaftanstaaf"))
    response = client.step(CHALLENGE)
    assert response == b"tim b913a602c7eda7a495b4e6e7334d3890"
    assert response == b64decode("dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw")


def test_the_server_speaks_first_and_once() -> None:
    client = CramMd5Client("tim", Secret("tanstaaftanstaaf"))
    assert not client.sends_first
    assert client.step(b"") == Refused(Reason.MALFORMED)
    assert isinstance(client.step(CHALLENGE), bytes)
    assert client.step(CHALLENGE) == Refused(Reason.MALFORMED)


def test_a_name_that_cannot_be_prepared_is_not_sent() -> None:
    for name, password in (("", "x"), ("t\x07m", "x"), ("tim", "")):
        client = CramMd5Client(name, Secret(password))
        assert client.step(CHALLENGE) == Refused(Reason.UNPREPARABLE)
