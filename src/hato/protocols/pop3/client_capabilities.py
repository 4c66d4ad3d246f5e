"""What a server says that it can do.

Made by the machine of the client from the answer to CAPA; read by it and by clients.
Never believes what was said before TLS or before login: the machine forgets it then.
Standards: RFC 2449 §5 and §6, RFC 5034 §3, RFC 6856 §2 and §3.
Fails never: a capability with odd arguments counts as one without.
"""

from __future__ import annotations

from typing import Final

import msgspec

_DAY_DIGITS: Final = 6


class Capabilities(msgspec.Struct, frozen=True):
    """The lines of the answer to CAPA, fit to be shown."""

    lines: tuple[str, ...] = ()

    def arguments(self, tag: str) -> tuple[str, ...] | None:
        """Return what stands behind a tag, in capitals; None where the server does not name it."""
        for line in self.lines:
            words = line.upper().split()
            if words and words[0] == tag:
                return tuple(words[1:])
        return None

    def __contains__(self, tag: str) -> bool:
        """Tell whether the server names a tag, given in capitals."""
        return self.arguments(tag) is not None

    @property
    def mechanisms(self) -> tuple[str, ...]:
        """The SASL mechanisms, in capitals, in the server's order (RFC 5034 §3)."""
        return self.arguments("SASL") or ()

    @property
    def has_pipelining(self) -> bool:
        """Whether commands may be sent ahead of answers (RFC 2449 §6.6)."""
        return "PIPELINING" in self

    @property
    def takes_utf8_names(self) -> bool:
        """Whether names and passwords may be more than ASCII in USER, PASS and APOP.

        Where it is not said, they must not be (RFC 6856 §2.2); in AUTH they may.
        """
        return "USER" in (self.arguments("UTF8") or ())

    @property
    def login_delay_seconds(self) -> int | None:
        """How long to wait between logins; before login it may be only the most (RFC 2449 §6.5)."""
        return _number(self.arguments("LOGIN-DELAY"))

    @property
    def expire_days(self) -> int | None:
        """After how many days the server may delete; None: never, or it does not say.

        0: nothing may be left on the server (RFC 2449 §6.7).
        """
        return _number(self.arguments("EXPIRE"))

    @property
    def implementation(self) -> str | None:
        """What the server is, in its own words (RFC 2449 §6.9)."""
        for line in self.lines:
            tag, _, words = line.partition(" ")
            if tag.upper() == "IMPLEMENTATION":
                return words
        return None


def _number(arguments: tuple[str, ...] | None) -> int | None:
    """Read the first argument where it is a number of sane length."""
    if not arguments:
        return None
    word = arguments[0]
    return int(word) if word.isascii() and word.isdigit() and len(word) <= _DAY_DIGITS else None
