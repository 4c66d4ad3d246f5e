"""Whom to ask for a token for one mail account.

Called by the command line before it asks the person for anything.
Never guesses an issuer from an address: the table knows him, or the person names him.
Standards: RFC 8414 §3 where the person names him.
Fails with InvalidInputError, and as discovery does.
"""

from __future__ import annotations

from typing import Final

import msgspec

from hato.core.errors import InvalidInputError
from hato.core.language import Text
from hato.services.oauth.issuer import Issuer
from hato.services.oauth.issuer_discovery import discover
from hato.services.oauth.issuer_table import Row, built_in_issuers
from hato.services.oauth.tokens import Tokens
from hato.services.sources.source import Source

_WHO: Final = Text(
    en="Hato does not know who gives tokens for {address}: name the issuer with --issuer, as the "
    "provider writes its address.",
    ja="{address} のトークンを出す発行者が分かりません。"
    "プロバイダーが示すアドレスを --issuer で指定してください。",
)


async def choose_issuer(
    source: Source,
    *,
    named: str = "",
    scopes: tuple[str, ...] = (),
    ca_file: str = "",
    known: Tokens | None = None,
) -> Issuer:
    """Return whom to ask. `named`, `scopes`: by the person; `known`: what was authorised before.

    See above for errors.
    """
    row = row_of(source)
    if not named and known is not None and (row is None or known.issuer != row.issuer):
        named, scopes = known.issuer, scopes or known.asked_scopes
    if named:
        issuer = await discover(named, row=row, protocol=source.protocol, ca_file=ca_file)
    elif row is not None:
        issuer = row.issuer_for(source.protocol)
    else:
        raise InvalidInputError(_WHO, address=source.address)
    return msgspec.structs.replace(issuer, scopes=scopes) if scopes else issuer


def row_of(source: Source) -> Row | None:
    """Return what the table of issuers knows of a source's provider."""
    return built_in_issuers().for_source(source.provider_id, source.host)
