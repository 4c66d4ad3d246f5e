"""What a server says in its answer to EHLO that it can do.

Made by the client's machine; asked by it and by clients.
Never believes a number of absurd length; never remembers anything over TLS (the machine forgets).
Standards: RFC 5321 §4.1.1.1, RFC 1870 §4, RFC 4954 §3, RFC 3207 §2, RFC 2920 §2, RFC 6152 §2,
RFC 6531 §3.2.
Fails never: a line that makes no sense is an extension that nobody asks for.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

AUTH_WITH_EQUALS: Final = "AUTH="
"""Leniency: `AUTH=PLAIN LOGIN`, as drafts of AUTH had it, and as some servers still write it."""

_SIZE_DIGITS: Final = 20


class Extensions:
    """Keywords in capitals, with what stands behind them."""

    def __init__(self, lines: Iterable[str]) -> None:
        """Read the lines behind the first, which names the server."""
        self.lines = tuple(lines)
        """As the server wrote them, fit to be shown."""
        self._words: dict[str, list[str]] = {}
        for line in self.lines:
            text = line
            if text.upper().startswith(AUTH_WITH_EQUALS):
                text = f"AUTH {text[len(AUTH_WITH_EQUALS) :]}"
            keyword, *words = text.upper().split()[:64] or [""]
            self._words.setdefault(keyword, []).extend(words)

    def __contains__(self, keyword: str) -> bool:
        """Whether an extension is offered; `keyword` in capitals."""
        return keyword in self._words

    @property
    def mechanisms(self) -> tuple[str, ...]:
        """SASL mechanisms, in the server's order."""
        return tuple(dict.fromkeys(self._words.get("AUTH", ())))

    @property
    def largest_octets(self) -> int | None:
        """The largest letter that the server takes; None: it does not say (RFC 1870 §4)."""
        word = next(iter(self._words.get("SIZE", ())), "")
        is_number = word.isascii() and word.isdigit() and len(word) <= _SIZE_DIGITS
        return int(word) or None if is_number else None
