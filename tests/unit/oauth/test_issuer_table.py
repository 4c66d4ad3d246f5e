"""The table of issuers: facts that are whole, and found where they belong."""

from __future__ import annotations

from pathlib import Path

import pytest

from hato.core.errors import InvalidInputError
from hato.services.oauth.issuer_table import (
    Row,
    built_in_issuers,
    read_issuer_table,
)
from hato.services.settings_finder.candidate import LoginMethod, Protocol
from hato.services.settings_finder.provider_table import read_provider_table

ROWS = built_in_issuers().rows
every_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: str(row.id))


@every_row
def test_a_row_has_scopes_for_pop3_and_steps_in_both_languages(row: Row) -> None:
    assert row.scopes[Protocol.POP3]
    assert len(row.steps) >= 3
    assert all(step.en != step.ja for step in row.steps)
    assert all(source for source in row.sources)


@every_row
def test_a_row_belongs_to_providers_that_take_oauth2(row: Row) -> None:
    providers = {provider.id: provider for provider in read_provider_table().rows}
    for name in row.providers:
        provider = providers[name]
        assert LoginMethod.OAUTH2 in provider.methods
        for server in provider.servers:
            assert built_in_issuers().for_source("", server.host) == row


def test_what_looks_like_a_known_host_is_none() -> None:
    table = built_in_issuers()
    assert table.for_source("", "pop.notgmail.com") is None
    assert table.for_source("", "gmail.com.evil.example") is None
    assert table.for_source("fastmail", "pop.fastmail.com") is None
    assert table.for_source("", "POP.GMAIL.COM.") is table.by_id("google")


@pytest.mark.parametrize(
    "text",
    [
        "[[issuer]]\nid = 'x'",
        "not toml",
        "\x00",
        "[[issuer]]\nsecret = 1",
    ],
)
def test_a_file_that_does_not_fit_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "issuers.toml"
    path.write_text(text)
    with pytest.raises(InvalidInputError, match="does not fit"):
        read_issuer_table(path)
