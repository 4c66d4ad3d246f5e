"""Encoded words read: text outside ASCII as it stands in header fields.

Called wherever `message` shows a field; `message.words` writes them.
Never decodes twice; never returns a control character: those become blanks or U+FFFD.
Standards: RFC 2047 §2 and §6.2, RFC 2231 §5 (language).
Fails never: a word that cannot be read stays as it is.
"""

from __future__ import annotations

import binascii
import re
from typing import Final

from hato.message.charsets import decode_text
from hato.message.transfer_encoding import decode_base64

_WORD: Final = re.compile(
    r"=\?([^?*\s]{1,64})(?:\*[^?\s]{0,64})?\?([bBqQ])\?([^?]*+(?:\?(?!=)[^?]*+)?)\?="
)
_BLANKS: Final = re.compile(r"\s*+")
_FOLD: Final = re.compile(rb"\r?\n(?=[ \t])|\r?\n$")
_LINE_CHARACTERS: Final = re.compile(r"[\t\n\v\f\r\x85\u2028\u2029]+")
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def decode_value(value: bytes) -> str:
    """Return a field's value as one line of text: unfolded, decoded, without control characters.

    Octets beyond ASCII that stand there as they are are taken for UTF-8 (RFC 6532 §3), or for what
    they look like.
    """
    return one_line(decode_words(decode_text(unfold(value)))).strip()


def unfold(value: bytes) -> bytes:
    """Return a field's value without the line ends at which it was folded (RFC 5322 §2.2.3)."""
    return _FOLD.sub(b"", value) if b"\n" in value else value


def decode_words(text: str) -> str:
    """Return `text` with its encoded words decoded.

    Blanks between two words do not count (RFC 2047 §6.2); neighbours in one charset are decoded
    together, because senders cut characters in two.
    """
    if "=?" not in text:
        return text
    shown: list[str] = []
    run: list[tuple[str, str]] = []
    charset = ""
    at = 0
    for found in _WORD.finditer(text):
        is_next = bool(run) and _BLANKS.fullmatch(text, at, found.start()) is not None
        if not is_next or found[1].lower() != charset:
            shown.append(_decoded(run, charset))
            run = []
            charset = found[1].lower()
        if not is_next:
            shown.append(text[at : found.start()])
        run.append((found[2].lower(), found[3]))
        at = found.end()
    shown += (_decoded(run, charset), text[at:])
    return "".join(shown)


def _decoded(run: list[tuple[str, str]], charset: str) -> str:
    """Decode words that stand side by side."""
    octets: list[bytes] = []
    rest = ""
    for encoding, word in run:
        if encoding == "b":
            rest += "".join(word.split())
            if len(rest) % 4 and not rest.endswith("="):
                continue  # base64 cut inside a group: it goes on in the next word
        octets.append(decode_base64(rest.encode("ascii", "replace")))
        rest = ""
        if encoding == "q":
            octets.append(binascii.a2b_qp(word.encode("utf-8", "replace"), header=True))
    octets.append(decode_base64(rest.encode("ascii", "replace")))
    return decode_text(b"".join(octets), charset)


def one_line(text: str) -> str:
    """Return `text` with blanks for line ends and tabs, and U+FFFD for other control characters."""
    return _CONTROLS.sub("\ufffd", _LINE_CHARACTERS.sub(" ", text))
