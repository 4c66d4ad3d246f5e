"""Words of a peer, made fit to be shown to a person.

Called by the client machines, for what a server says besides the protocol.
Never lets through what steers a terminal or reorders a line; never loses an octet for it.
Standards: RFC 6856 §3.2 (UTF-8 texts); RFC 1939 §3 says ASCII, which not every server keeps to.
Fails never: what cannot be shown stands as an escape, beginning with a backslash.
"""

from __future__ import annotations

from typing import Final

_WIDE_SPACE: Final = "\u3000"
"""The space of Japanese: as harmless as the plain one, though not counted as printable."""


_ECHOED: Final = 60
_ELLIPSIS: Final = "…"


def echoed(text: str) -> str:
    """Return what somebody typed as it may be shown again: harmless, and 60 columns at most."""
    said = shown(text.encode("utf-8", "surrogateescape"))
    room = _ECHOED if said.isascii() else _ECHOED // 2  # a wide character takes two columns
    return said if len(said) <= room else said[: room - 1] + _ELLIPSIS


def shown(octets: bytes) -> str:
    """Return a peer's words as text without control, format or other invisible characters."""
    text = octets.decode("utf-8", "backslashreplace")
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() or character == _WIDE_SPACE else _escape(character)
        for character in text
    )


def _escape(character: str) -> str:
    """Write a character by its number."""
    return character.encode("unicode_escape").decode("ascii")
