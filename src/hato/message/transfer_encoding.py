"""Content-Transfer-Encoding undone: what the octets between two boundaries stand for.

Called by `message.structure` for bodies, by `message.encoded_words` for the words of a header.
Never holds more than a chunk; never refuses what can be read in part.
Standards: RFC 2045 §6.7 and §6.8 (quoted-printable, base64); uuencode as POSIX has it.
Fails never: octets that cannot be decoded are left out, an unknown encoding is none.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable, Iterator
from typing import Final

CHUNK_OCTETS: Final = 131_072
"""What is decoded in one step (core.limits.BODY_CHUNK_OCTETS)."""

_ALPHABET: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
_NOISE: Final = bytes(octet for octet in range(256) if octet not in _ALPHABET)
_BLANKS_AT_END: Final = re.compile(rb"(?<![ \t])[ \t]++(?=\r?\n|\Z)")
_LONGEST_ESCAPE: Final = 3

Chunks = Iterator[bytes]


def decode_body(raw: bytes, start: int, stop: int, encoding: str) -> Iterator[bytes]:
    """Yield what `raw[start:stop]` stands for, in chunks; `encoding` in lower case."""
    decoder = _DECODERS.get(encoding, _as_it_is)
    return decoder(raw, start, stop)


def decode_base64(octets: bytes) -> bytes:
    """Decode base64 that may be broken: without padding, with noise, cut anywhere."""
    return b"".join(_base64(octets, 0, len(octets))) if octets else b""


def _as_it_is(raw: bytes, start: int, stop: int) -> Chunks:
    """7bit, 8bit, binary, and encodings that nobody knows."""
    for at in range(start, stop, CHUNK_OCTETS):
        yield raw[at : min(at + CHUNK_OCTETS, stop)]


def _base64(raw: bytes, start: int, stop: int) -> Chunks:
    """Base64: octets outside its alphabet are skipped, padding ends it (RFC 2045 §6.8)."""
    rest = b""
    for chunk in _as_it_is(raw, start, stop):
        letters = rest + chunk.translate(None, _NOISE)
        padding = letters.find(b"=")
        if padding >= 0:
            if padding % 4 > 1:
                yield _whole_groups(letters[:padding])
                return
            letters = letters.replace(b"=", b"")  # no padding, where it stands: noise
        whole = len(letters) & ~3
        rest = letters[whole:]
        yield binascii.a2b_base64(letters[:whole])
    yield _whole_groups(rest)


def _whole_groups(letters: bytes) -> bytes:
    """Decode letters whose padding is missing; one letter alone stands for nothing."""
    if len(letters) % 4 == 1:
        letters = letters[:-1]
    return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))


def _quoted_printable(raw: bytes, start: int, stop: int) -> Chunks:
    """Quoted-printable: blanks at the end of a line were added on the way (RFC 2045 §6.7)."""
    rest = b""
    for chunk in _as_it_is(raw, start, stop):
        text = rest + chunk
        whole = text.rfind(b"\n") + 1
        if not whole:
            escape = text.rfind(b"=", -_LONGEST_ESCAPE)
            whole = len(text) if escape < 0 else escape
        rest = text[whole:]
        yield _quoted_printable_text(text[:whole])
    yield _quoted_printable_text(rest)


def _quoted_printable_text(text: bytes) -> bytes:
    """Decode whole lines."""
    if b" \r" in text or b" \n" in text or b"\t\r" in text or b"\t\n" in text:
        text = _BLANKS_AT_END.sub(b"", text)
    return binascii.a2b_qp(text)


def _uuencode(raw: bytes, start: int, stop: int) -> Chunks:
    """Uuencode: from the line that begins it to the one that ends it."""
    begin = raw.find(b"begin ", start, stop)
    at = raw.find(b"\n", begin, stop) + 1 if begin >= 0 else start
    decoded: list[bytes] = []
    size = 0
    while start <= at < stop and at:
        end = raw.find(b"\n", at, stop)
        end = stop if end < 0 else end
        line = raw[at:end].rstrip(b"\r")
        at = end + 1
        if line in {b"end", b"`", b" ", b""}:
            break
        piece = _uuencoded_line(line)
        size += len(piece)
        decoded.append(piece)
        if size >= CHUNK_OCTETS:
            yield b"".join(decoded)
            decoded, size = [], 0
    yield b"".join(decoded)


def _uuencoded_line(line: bytes) -> bytes:
    """Decode a line; one with a wrong length is read by the length that it names."""
    try:
        return binascii.a2b_uu(line)
    except binascii.Error:
        pass
    letters = (((line[0] - 32) & 63) * 4 + 5) // 3
    try:
        return binascii.a2b_uu(line[:letters])
    except binascii.Error:
        return b""


_DECODERS: Final[dict[str, Callable[[bytes, int, int], Chunks]]] = {
    "base64": _base64,
    "quoted-printable": _quoted_printable,
    "x-uuencode": _uuencode,
    "x-uue": _uuencode,
    "uuencode": _uuencode,
    "uue": _uuencode,
}
