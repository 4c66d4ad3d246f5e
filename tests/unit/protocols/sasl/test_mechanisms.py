"""Which mechanism is chosen, and how its client is made."""

from __future__ import annotations

import pytest

from hato.core.secret import Secret
from hato.protocols.sasl.mechanisms import ON_REQUEST, best_of, by_password
from hato.protocols.sasl.scram_client import ScramClient

ALL = {"SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "PLAIN", "LOGIN", "CRAM-MD5", "GSSAPI"}
BINDING = b"b" * 32


def first_words(client: object) -> bytes:
    assert isinstance(client, ScramClient)
    message = client.step(b"")
    assert isinstance(message, bytes)
    return message


def test_the_best_comes_first_and_then_the_next_best() -> None:
    refused: list[str] = []
    while name := best_of(ALL, has_channel_binding=True, refused=refused, asked_for=ON_REQUEST):
        refused.append(name)
    assert refused == ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "PLAIN", "LOGIN", "CRAM-MD5"]


def test_plus_needs_a_channel_binding() -> None:
    assert best_of(ALL) == "SCRAM-SHA-256"


def test_cram_md5_is_used_only_where_it_is_asked_for() -> None:
    assert best_of({"CRAM-MD5"}) is None
    assert best_of({"CRAM-MD5"}, asked_for={"CRAM-MD5"}) == "CRAM-MD5"
    assert best_of({"CRAM-MD5"}, asked_for={"GSSAPI"}) is None


@pytest.mark.parametrize("name", sorted(ALL - {"GSSAPI"}))
def test_each_is_made_by_its_name(name: str) -> None:
    client = by_password(name, "ada", Secret("x"), nonce="abc", channel_binding=BINDING)
    assert client is not None
    assert client.sends_first == (name not in {"LOGIN", "CRAM-MD5"})
    assert client.is_satisfied == (not name.startswith("SCRAM"))


def test_an_unknown_one_is_not_made() -> None:
    assert by_password("GSSAPI", "ada", Secret("x"), nonce="abc") is None


def test_scram_tells_whether_plus_was_offered() -> None:
    """RFC 5802 §6: `y` where it was not, though it could be used."""

    def flag(mechanism: str, binding: bytes | None, offered: set[str]) -> bytes:
        client = by_password(
            mechanism,
            "ada",
            Secret("x"),
            nonce="abc",
            channel_binding=binding,
            offered=offered,
        )
        return first_words(client).partition(b",")[0]

    assert flag("SCRAM-SHA-256", BINDING, {"SCRAM-SHA-256"}) == b"y"
    assert flag("SCRAM-SHA-256", BINDING, ALL) == b"n"
    assert flag("SCRAM-SHA-256", None, {"SCRAM-SHA-256"}) == b"n"
    assert flag("SCRAM-SHA-256-PLUS", BINDING, ALL) == b"p=tls-exporter"
