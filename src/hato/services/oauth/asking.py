"""Asking an issuer over HTTPS; why he cannot be reached, in a sentence.

Called by everything in services.oauth that asks.
Never tells a person who waits for her mail about the mail server what is true of the issuer.
Standards: RFC 6749 §1.6 and §3.2 (TLS for whatever is secret).
Fails with IssuerBusyError: each is tried again later.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from hato.core.language import Text
from hato.net.dial_errors import ConnectionLostError, DialError, DialFault
from hato.net.https import Answer, ask
from hato.services.oauth.errors import IssuerBusyError
from hato.services.settings_finder.explain import reason_of

_NOT_FOUND: Final = Text(
    en="{host}, which gives the authorisation, is not found just now: check this machine's "
    "connection; Hato tries again later.",
    ja="認可を出す {host} がいま見つかりません。このマシンのネットワークを確かめてください。"
    "後でもう一度試します。",
)
_SILENT: Final = Text(
    en="{host}, which gives the authorisation, does not answer: Hato tries again later.",
    ja="認可を出す {host} から応答がありません。後でもう一度試します。",
)
_CERTIFICATE: Final = Text(
    en="{host}, which gives the authorisation, cannot prove who it is ({reason}), so nothing was "
    "sent: if it has a certificate authority of its own, authorise again with --ca-file.",
    ja="認可を出す {host} が本物か確かめられない({reason})ため、何も送っていません。"
    "独自の認証局を使っているなら、--ca-file を付けてもう一度認可してください。",
)
_NO_TLS: Final = Text(
    en="{host}, which gives the authorisation, does not encrypt as it should ({reason}), so "
    "nothing was sent: ask its operator.",
    ja="認可を出す {host} の暗号化に問題がある({reason})ため、何も送っていません。"
    "管理者に尋ねてください。",
)
_TEXTS: Final = {
    DialFault.NO_SUCH_HOST: _NOT_FOUND,
    DialFault.NAME_SERVICE: _NOT_FOUND,
    DialFault.REFUSED: _SILENT,
    DialFault.UNREACHABLE: _SILENT,
    DialFault.TIMED_OUT: _SILENT,
    DialFault.NO_TLS: _NO_TLS,
    DialFault.OLD_TLS: _NO_TLS,
    DialFault.TLS_FAILED: _NO_TLS,
}


async def ask_issuer(
    method: str,
    url: str,
    *,
    content: bytes = b"",
    headers: dict[str, str],
    ca_file: str = "",
) -> Answer:
    """Ask once. Raises IssuerBusyError; InvalidInputError for a file of authorities."""
    try:
        return await ask(method, url, content=content, headers=headers, authorities_file=ca_file)
    except DialError as fault:
        text = _TEXTS.get(fault.fault, _CERTIFICATE)
        raise IssuerBusyError(text, host=fault.host, reason=reason_of(fault)) from fault
    except ConnectionLostError as fault:
        raise IssuerBusyError(_SILENT, host=urlsplit(url).hostname or url) from fault
