"""What is kept of an authorisation shows nothing, and is read back whole."""

from __future__ import annotations

import copy
import importlib
import pkgutil
import string
import traceback

import msgspec
import pytest

import hato.services.oauth
from hato.core.errors import DamagedError
from hato.core.language import Text
from hato.core.secret import Secret
from hato.services.oauth.tokens import Client, Tokens, read_tokens

TOKENS = Tokens(
    access_token=Secret("access-secret"),
    expires=7,
    refresh_token=Secret("refresh-secret"),
    refresh_expires=9,
    authorised=1,
    refreshed=2,
    scope="mail",
    issuer="https://issuer.example",
    issuer_name="Issuer",
    issuer_row="google",
    client=Client(
        client_id="id",
        client_secret=Secret("client-secret"),
        secret_method="client_secret_post",
        token_endpoint="https://issuer.example/token",
        ca_file="/etc/ca.pem",
    ),
)


def test_tokens_are_read_back_whole() -> None:
    assert read_tokens(TOKENS.sealed_form()) == TOKENS


def test_the_words_of_the_kept_form_are_those_that_are_written_down() -> None:
    kept = msgspec.json.decode(TOKENS.sealed_form().reveal())
    assert {"refresh_token", "access_token", "expires", "issuer", "client"} <= kept.keys()
    assert kept["client"]["client_id"] == "id"


def test_nothing_secret_can_be_printed_or_written_by_accident() -> None:
    for shown in (repr(TOKENS), f"{TOKENS}", repr(TOKENS.client)):
        assert "-secret" not in shown
    with pytest.raises(TypeError):
        msgspec.json.encode(TOKENS)
    with pytest.raises(TypeError):
        copy.deepcopy(TOKENS)


@pytest.mark.parametrize(
    "kept", [b"", b"hunter2", b'"hunter2"', b'{"access_token": "hunter2"}', b"[" * 90_000]
)
def test_what_is_no_authorisation_is_told_without_showing_it(kept: bytes) -> None:
    with pytest.raises(DamagedError) as caught:
        read_tokens(Secret(kept))
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))


def texts() -> list[tuple[str, Text]]:
    """Return every sentence of the package."""
    found = []
    for module in pkgutil.iter_modules(hato.services.oauth.__path__, "hato.services.oauth."):
        loaded = vars(importlib.import_module(module.name))
        found += [(f"{module.name}{n}", text) for n, text in loaded.items() if type(text) is Text]
    return found


@pytest.mark.parametrize(("name", "text"), texts(), ids=lambda value: str(value)[:60])
def test_a_sentence_has_the_same_fields_in_both_languages(name: str, text: Text) -> None:
    english, japanese = (
        {field for _, field, _, _ in string.Formatter().parse(words) if field} for words in text
    )
    assert english == japanese, name
