"""MIME fields with parameters: Content-Type and Content-Disposition.

Called by `message.structure` for each part.
Never takes more than a limited number of parameters; linear in the length of the field.
Standards: RFC 2045 §5.1, RFC 2231 §3 and §4 (continuations, charsets), RFC 2183 §2.
Fails never: what cannot be read is left out.
"""

from __future__ import annotations

import re
from binascii import unhexlify
from typing import Final, NamedTuple

from hato.core.limits import MIME_FIELD_OCTETS, MIME_PARAMETERS
from hato.message.charset_guess import is_utf_8
from hato.message.charsets import decode_text
from hato.message.encoded_words import decode_words, one_line, unfold

_PARAMETER: Final = re.compile(
    rb';\s*+([^\s=;"]++)\s*+=\s*+(?:"((?>(?:[^"\\]++|\\.)*))"?[^;]*+|([^;]*+))', re.DOTALL
)
_PARAMETER_OF_PAIRS: Final = re.compile(
    rb';\s*+([^\s=;"]++)\s*+=\s*+'
    rb'(?:"((?>(?:[\x81-\xfe][\x40-\xfe]|[^"\\]|\\.)*))"?[^;]*+|([^;]*+))',
    re.DOTALL,
)
"""In Shift_JIS, Big5 and GB 18030 the second octet of a character may be a backslash."""
_VALUE: Final = re.compile(rb"\s*+([^\s;(]*+(?:\s*+/\s*+[^\s;(]++)?)")
_BLANKS: Final = re.compile(rb"\s++")
_COMMENT: Final = re.compile(rb'"(?>(?:[^"\\]++|\\.)*)"?|\((?>(?:[^()\\]++|\\.)*)\)', re.DOTALL)
_ESCAPED: Final = re.compile(rb"\\(.)", re.DOTALL)
_ESCAPED_OF_PAIRS: Final = re.compile(rb"([\x81-\xfe][\x40-\xfe])|\\(.)", re.DOTALL)
_ESCAPED_OCTET: Final = re.compile(rb"%([0-9A-Fa-f]{2})")
_SECTION: Final = re.compile(r"([^*]++)(?:\*(\d{1,4}))?(\*)?", re.ASCII)


class FieldWithParameters(NamedTuple):
    """A MIME field."""

    value: str
    """`text/plain`, `attachment`: in lower case; empty where there is none."""
    parameters: dict[str, str]
    """By name in lower case, decoded, each on one line; where one stands twice, the first."""


def read_parameters(field: bytes) -> FieldWithParameters:
    """Read a field's value (what stands behind the colon)."""
    text = unfold(field[:MIME_FIELD_OCTETS])
    if b"(" in text:
        text = _COMMENT.sub(_without_comment, text)
    value = _VALUE.match(text)
    name = _BLANKS.sub(b"", value[1]).decode("ascii", "replace").lower() if value else ""
    text = text[value.end() :].lstrip() if value else text
    if b"=" not in text:
        return FieldWithParameters(name, {})
    if not text.startswith(b";"):
        text = b";" + text  # the first semicolon is missing
    plain: dict[str, str] = {}
    sections: dict[str, dict[int, tuple[bytes, bool]]] = {}
    pairs = not is_utf_8(text)
    for count, found in enumerate((_PARAMETER_OF_PAIRS if pairs else _PARAMETER).finditer(text)):
        if count >= MIME_PARAMETERS:
            break
        octets = found[3].strip() if found[2] is None else _unescaped(found[2], pairs=pairs)
        key = _SECTION.fullmatch(found[1].decode("ascii", "replace").lower())
        if key is None:
            continue
        if key[2] is None and key[3] is None:
            plain.setdefault(key[1], one_line(decode_words(decode_text(octets))).strip())
        else:
            numbered = sections.setdefault(key[1], {})
            numbered.setdefault(int(key[2] or 0), (octets, key[3] is not None))
    plain.update((key, _joined(numbered)) for key, numbered in sections.items())
    return FieldWithParameters(name, plain)


def _without_comment(found: re.Match[bytes]) -> bytes:
    """Return a quoted string as it is, and a blank for a comment."""
    return found[0] if found[0].startswith(b'"') else b" "


def _unescaped(quoted: bytes, *, pairs: bool) -> bytes:
    """Return what a quoted string says. `pairs`: it has characters of two octets."""
    if pairs:
        return _ESCAPED_OF_PAIRS.sub(lambda found: found[1] or found[2], quoted)
    return _ESCAPED.sub(rb"\1", quoted)


def _joined(numbered: dict[int, tuple[bytes, bool]]) -> str:
    """Put the sections of one parameter together (RFC 2231 §3 and §4.1)."""
    charset = ""
    whole: list[bytes] = []
    for position, number in enumerate(sorted(numbered)):
        octets, is_encoded = numbered[number]
        if is_encoded:
            if not position and octets.count(b"'") >= 2:
                label, _, octets = octets.split(b"'", 2)
                charset = label.decode("ascii", "replace")
            octets = _ESCAPED_OCTET.sub(lambda found: unhexlify(found[1]), octets)
        whole.append(octets)
    text = decode_text(b"".join(whole), charset)
    return one_line(text if charset else decode_words(text)).strip()
