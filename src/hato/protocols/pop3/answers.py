"""The replies that the machine gives by itself, made once.

Called by the machine of the server.
Never says anything that depends on what a peer sent.
Standards: RFC 1939 §3, RFC 2449 §8, RFC 2595 §4, RFC 5034 §4, RFC 6856 §3.
Fails never, once it is imported.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from hato.protocols.machine import Farewell
from hato.protocols.pop3 import texts
from hato.protocols.pop3.grammar import Refusal
from hato.protocols.pop3.replies import LANGUAGES, Code, Err, Ok, Rows

CAPABILITIES: Final = Ok(texts.CAPABILITIES)
BEGIN_TLS: Final = Ok(texts.BEGIN_TLS)
UTF8_ON: Final = Ok(texts.UTF8_ON)
LANGUAGE_LISTING: Final = Ok(texts.LANGUAGES)
CHOSEN: Final = {
    language: Ok(texts.LANGUAGE_CHOSEN, {"tag": language.value}) for language in LANGUAGES
}
LANGUAGE_ROWS: Final = Rows(
    "".join(
        f"{language.value} {texts.LANGUAGE_NAME.in_language(language)}\r\n"
        for language in LANGUAGES
    ).encode()
)
NAME_TAKEN: Final = Ok(texts.NAME_TAKEN)
DONE: Final = Ok(texts.DONE)
GOODBYE: Final = Ok(texts.GOODBYE)
CANCELLED: Final = Err(texts.CANCELLED)
NOT_NOW: Final = Err(texts.NOT_NOW)
TLS_FIRST: Final = Err(texts.TLS_FIRST)
TLS_NOT_OFFERED: Final = Err(texts.TLS_NOT_OFFERED)
NO_SUCH_LANGUAGE: Final = Err(texts.NO_SUCH_LANGUAGE)
BAD_LINE_END: Final = Err(texts.BAD_LINE_END)
TOO_LONG: Final = Err(texts.LINE_TOO_LONG)
NO_END: Final = Err(texts.LINE_WITHOUT_END)
NOT_BASE64: Final = Err(texts.NOT_BASE64)
TOO_MANY_BAD: Final = Err(texts.TOO_MANY_BAD_COMMANDS)
THIS_IS_POP3: Final = Err(texts.THIS_IS_POP3)
PLAIN_PORT: Final = Err(texts.PLAIN_PORT)
REFUSALS: Final = {
    Refusal.UNKNOWN: Err(texts.UNKNOWN_COMMAND),
    Refusal.ARGUMENTS: Err(texts.BAD_ARGUMENTS),
    Refusal.OCTETS: Err(texts.BAD_OCTETS),
}
FAREWELLS: Final = {
    Farewell.SHUTTING_DOWN: Err(texts.SHUTTING_DOWN, code=Code.SYS_TEMP),
    Farewell.TOO_MANY_CONNECTIONS: Err(texts.TOO_MANY_CONNECTIONS, code=Code.SYS_TEMP),
    Farewell.LOGIN_REVOKED: Err(texts.LOGIN_REVOKED, code=Code.AUTH),
    Farewell.INTERNAL_FAULT: Err(texts.INTERNAL_FAULT, code=Code.SYS_TEMP),
}
"""What is said. Timeouts end without a word (RFC 1939 §3): it would be taken for an answer."""


@lru_cache(maxsize=8)
def greeting(hostname: str) -> Ok:
    """Return what a connection hears first (RFC 1939 §4)."""
    return Ok(texts.GREETING, {"hostname": hostname})
