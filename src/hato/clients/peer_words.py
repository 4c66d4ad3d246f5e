"""What a peer says about us, fit to be kept: without the secret, no longer than a sentence.

Called by the conversations of POP3 and SMTP for every text of a server, and by their logins.
Never lets a password through that a server sends back, plain, in base64 or in part.
Standards: none; RFC 1939 §3 has answers of up to 512 octets.
Fails never.
"""

from __future__ import annotations

from base64 import b64encode
from typing import Final

from hato.core.limits import PEER_WORDS_CHARACTERS
from hato.core.secret import Secret
from hato.protocols.foreign_text import shown

_HIDDEN: Final = "***"
_TELLING_CHARACTERS: Final = 8
"""So much of a longer secret is already too much."""
_ORDINARY_CHARACTERS: Final = 3
"""So short a secret would show by where it is missing: the whole text goes."""
_LOOKED_AT: Final = 2_048


class PeerWords:
    """Passes a server's texts on."""

    def __init__(self) -> None:
        """Begin without a secret."""
        self._secret = Secret(b"")

    def hide(self, secret: Secret) -> None:
        """Let no text through any more that has this in it."""
        self._secret = secret

    def fit(self, text: str) -> str:
        """Return a text as it may be kept."""
        text = text[:_LOOKED_AT]
        for form in _forms_of(self._secret):
            text = _without(text, form)
        if len(text) > PEER_WORDS_CHARACTERS:
            text = f"{text[: PEER_WORDS_CHARACTERS - 1]}…"
        return text


def _forms_of(secret: Secret) -> list[str]:
    """Return how a secret may stand in a text, longest first."""
    octets = secret.reveal()
    words = shown(octets)
    forms = {words, "".join(words.split()), *_encoded(octets)}
    return sorted(filter(None, forms), key=len, reverse=True)


def _encoded(octets: bytes) -> list[str]:
    """Return what base64 makes of octets wherever they begin, as far as their neighbours let."""
    found = []
    for before, first in ((0, 0), (1, 2), (2, 3)):
        last = (before + len(octets)) * 8 // 6
        encoded = b64encode(bytes(before) + octets)[first:last].decode()
        if len(encoded) >= _TELLING_CHARACTERS:
            found.append(encoded)
    return found


def _without(text: str, form: str) -> str:
    """Return a text with stars in the place of all that tells a form of the secret."""
    lowered, form = text.lower(), form.lower()
    if len(lowered) != len(text):
        lowered = text
    if len(form) <= _ORDINARY_CHARACTERS:
        return _HIDDEN if form in lowered else text
    least = min(len(form), _TELLING_CHARACTERS)
    kept: list[str] = []
    at = 0
    while at < len(text):
        end = at + least
        if end > len(text) or lowered[at:end] not in form:
            kept.append(text[at])
            at += 1
            continue
        while end < len(text) and lowered[at : end + 1] in form:
            end += 1
        kept.append(_HIDDEN)
        at = end
    return "".join(kept)
