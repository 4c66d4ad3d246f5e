"""From what a person's settings say to how a client connects and logs in: one place for all.

Called by the settings finder's test, by `services.fetching` and by `services.sending`.
Never connects, never judges.
Standards: RFC 8314 §3, RFC 5034 §4 (AUTH in one line or two).
Fails with InvalidInputError for a fingerprint that is none.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from hato.clients.login import Identity
from hato.clients.server import MailServer, Security
from hato.core.errors import InvalidInputError
from hato.core.language import Text
from hato.core.secret import Secret
from hato.protocols.sasl.exchange import InitialResponse
from hato.services.settings_finder.candidate import TlsMode

_SECURITY: Final = {
    TlsMode.IMPLICIT: Security.IMPLICIT_TLS,
    TlsMode.STARTTLS: Security.STARTTLS,
    TlsMode.NONE: Security.NONE,
}
_BAD_PIN: Final = Text(
    en="The fingerprint of the certificate of {host} is not 64 hexadecimal digits: set it again.",
    ja="{host} の証明書フィンガープリントが 16 進数 64 桁ではありません。"
    "もう一度設定してください。",
)
_PIN_OCTETS: Final = 32


def server_at(host: str, port: int, tls: TlsMode, pinned_sha256: str = "") -> MailServer:
    """Return where to connect; `pinned_sha256`: in hexadecimal, with colons or without.

    Raises InvalidInputError.
    """
    return MailServer(host, port, _SECURITY[tls], _pin_of(pinned_sha256, host))


def _pin_of(pinned_sha256: str, host: str) -> bytes | None:
    """Return the fingerprint of the one certificate to be believed. Raises InvalidInputError."""
    if not pinned_sha256:
        return None
    try:
        pin = bytes.fromhex(pinned_sha256.replace(":", ""))
    except ValueError:
        pin = b""
    if len(pin) != _PIN_OCTETS:
        raise InvalidInputError(_BAD_PIN, host=host)
    return pin


def identity_of(
    login: str, secret: Secret, *, is_token: bool, outdated: Iterable[str] = ()
) -> Identity:
    """Return who logs in.

    A token goes on a line of its own: Exchange takes it in no other way, and everybody takes it so.
    """
    return Identity(
        login,
        secret,
        is_token=is_token,
        outdated=frozenset(outdated),
        initial=InitialResponse.NEVER if is_token else InitialResponse.WHERE_IT_FITS,
    )
