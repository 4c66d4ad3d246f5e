"""What an account of a person is logged in with: its password, or an access token.

Called by the verbs of `hato account` that log in to an account that is there.
Never shows it.
Standards: RFC 6749 §6 (tokens are renewed when they are due).
Fails with NotFoundError where there is none yet, KeyReplacedError, and as `access_token` does.
"""

from __future__ import annotations

from hato.cli.account.owner import the_source
from hato.cli.desk import Desk
from hato.core.clock import SystemClock
from hato.core.secret import Secret
from hato.services.oauth.access_token import access_token
from hato.services.sources.source import Proof, Source


async def proof_of(desk: Desk, source: Source, owner: str | None) -> Secret:
    """Return what proves that it is her."""
    async with desk.store() as store:
        found, _ = await the_source(desk, store, source.source_id, owner)
        if source.proof is Proof.OAUTH2:
            return await access_token(found.sources, source, SystemClock())
        return await found.sources.secret(source)
