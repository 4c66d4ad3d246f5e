"""From a source, as its owner set it up, to a mailbox that is open: connected and logged in.

Called by `services.fetching.fetch_round` at the beginning of each poll.
Never says the secret to a server that is not who it should be; never tries another way in.
Standards: RFC 8314 §3, RFC 5034 §4 (AUTH in one line or two).
Fails with DialError, ConnectionLostError, InvalidInputError and the errors of `clients.errors`.
"""

from __future__ import annotations

import asyncio
from functools import lru_cache
from typing import Final

from hato.clients.login import Identity
from hato.clients.pop3 import Pop3Client, connect
from hato.clients.server import MailServer, Security
from hato.core.errors import InvalidInputError
from hato.core.language import Text
from hato.core.secret import Secret
from hato.net.dialled import Patience
from hato.net.outgoing_tls import Trust
from hato.protocols.sasl.exchange import InitialResponse
from hato.services.fetching.poll_outcome import Stage, Tally
from hato.services.settings_finder.candidate import Protocol, TlsMode
from hato.services.sources.source import Proof, Source

_SECURITY: Final = {
    TlsMode.IMPLICIT: Security.IMPLICIT_TLS,
    TlsMode.STARTTLS: Security.STARTTLS,
    TlsMode.NONE: Security.NONE,
}
_NOT_POP3 = Text(
    en="{address} is set up for {protocol}, and Hato fetches by POP3: change its settings.",
    ja="{address} は {protocol} 用に設定されています。"
    "鳩は POP3 で受信します。設定を変えてください。",
)
_BAD_PIN = Text(
    en="The fingerprint of the certificate of {address} is not 64 hexadecimal digits: "
    "set it again.",
    ja="{address} の証明書フィンガープリントが 16 進数 64 桁ではありません。"
    "もう一度設定してください。",
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
        return client, await client.log_in(_identity_of(source, secret))
    except BaseException:
        client.close()
        raise


def _server_of(source: Source) -> MailServer:
    """Return where the mail is. Raises InvalidInputError."""
    if source.protocol is not Protocol.POP3:
        raise InvalidInputError(
            _NOT_POP3, address=source.address, protocol=source.protocol.value.upper()
        )
    return MailServer(source.host, source.port, _SECURITY[source.tls], _pin_of(source))


def _pin_of(source: Source) -> bytes | None:
    """Return the fingerprint of the one certificate to be believed. Raises InvalidInputError."""
    if not source.pinned_sha256:
        return None
    try:
        pin = bytes.fromhex(source.pinned_sha256.replace(":", ""))
    except ValueError:
        pin = b""
    if len(pin) != 32:
        raise InvalidInputError(_BAD_PIN, address=source.address)
    return pin


def _identity_of(source: Source, secret: Secret) -> Identity:
    """Return who logs in.

    A token goes on a line of its own: Exchange takes it in no other way, and everybody takes it so.
    """
    is_token = source.proof is Proof.OAUTH2
    return Identity(
        source.login,
        secret,
        is_token=is_token,
        outdated=frozenset(source.outdated),
        initial=InitialResponse.NEVER if is_token else InitialResponse.WHERE_IT_FITS,
    )


@lru_cache(maxsize=_TRUST_KEPT)
def _trust(authorities_file: str) -> Trust:
    """Read whom we believe, once for many polls: it takes some 20 ms."""
    return Trust(authorities_file or None)
