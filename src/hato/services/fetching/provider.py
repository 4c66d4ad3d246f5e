"""From a source, as its owner set it up, to a mailbox that is open: connected and logged in.

Called by `services.fetching.fetch_round` at the beginning of each poll.
Never says the secret to a server that is not who it should be; never tries another way in.
Standards: RFC 8314 §3.
Fails with DialError, ConnectionLostError, InvalidInputError and the errors of `clients.errors`.
"""

from __future__ import annotations

import asyncio
from functools import lru_cache
from typing import Final

from hato.clients.pop3 import Pop3Client, connect
from hato.clients.server import MailServer
from hato.core.errors import InvalidInputError
from hato.core.language import Text
from hato.core.secret import Secret
from hato.net.dialled import Patience
from hato.net.outgoing_tls import Trust
from hato.services.fetching.poll_outcome import Stage, Tally
from hato.services.settings_finder.candidate import Protocol
from hato.services.settings_finder.way_in import identity_of, server_at
from hato.services.sources.source import Proof, Source

_NOT_POP3 = Text(
    en="{address} is set up for {protocol}, and Hato fetches by POP3: change its settings.",
    ja="{address} は {protocol} 用に設定されています。"
    "鳩は POP3 で受信します。設定を変えてください。",
)
_TRUST_KEPT: Final = 16


async def open_mailbox(
    source: Source, secret: Secret, tally: Tally, patience: Patience | None = None
) -> tuple[Pop3Client, str]:
    """Connect and log in; return the connection and the method of the login."""
    tally.stage = Stage.CONNECTING
    patience = patience or Patience()
    trust = await asyncio.to_thread(_trust, source.ca_file)
    client = await connect(_server_of(source), trust, patience=patience)
    try:
        tally.stage = Stage.LOGGING_IN
        is_token = source.proof is Proof.OAUTH2
        identity = identity_of(source.login, secret, is_token=is_token, outdated=source.outdated)
        return client, await client.log_in(identity)
    except BaseException:
        client.close()
        raise


def _server_of(source: Source) -> MailServer:
    """Return where the mail is. Raises InvalidInputError."""
    if source.protocol is not Protocol.POP3:
        raise InvalidInputError(
            _NOT_POP3, address=source.address, protocol=source.protocol.value.upper()
        )
    return server_at(source.host, source.port, source.tls, source.pinned_sha256)


@lru_cache(maxsize=_TRUST_KEPT)
def _trust(authorities_file: str) -> Trust:
    """Read whom we believe, once for many polls: it takes some 20 ms."""
    return Trust(authorities_file or None)
