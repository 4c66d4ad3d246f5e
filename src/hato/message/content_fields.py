"""What the header of a part says about its body: media type, encoding, boundary.

Called by `message.structure` for each part; this is where its time goes.
Never reads other fields; never decodes a parameter.
Standards: RFC 2045 §5 and §6 (the fields and their defaults), RFC 2046 §5.1.1 (boundary).
Fails never: what cannot be read has its default.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from hato.core.limits import LETTER_HEADER_OCTETS
from hato.message.parameters import read_parameters

_SIMPLE_TYPE: Final = re.compile(rb"[a-z0-9.+_-]++/[a-z0-9.+_-]++")
_NO_TOKEN: Final = re.compile(rb"[^!#-'*+.\/0-9A-Z^_`a-z{|}~-]++")
"""What neither a type nor a subtype may have (RFC 2045 §5.1): left out."""
_ENCODING: Final = re.compile(rb"[A-Za-z0-9-]++")
_BOUNDARY: Final = re.compile(
    rb'[^;"(]*+(?>(?:;\s*+(?!boundary)[^\s=;"(*]++\s*+=\s*+(?:"[^"\\]*+"\s*+|[^;"(]*+))*)'
    rb';\s*+boundary\s*+=\s*+(?:"([^"\\\r\n]++)"|([^\s;"(]++))',
    re.IGNORECASE,
)
_REMEMBERED_OCTETS: Final = 256
_REMEMBERED_HEADERS: Final = 1_024


class Content(NamedTuple):
    """What a header says about the body."""

    media_type: str
    """Empty where the header does not say."""
    encoding: str
    content_type: bytes
    """The field's value."""


def content_of(raw: bytes, begin: int, stop: int) -> Content:
    """Read the header in `raw[begin:stop]`."""
    if stop - begin <= _REMEMBERED_OCTETS:
        return _remembered(raw[begin:stop])
    return _content(raw[begin : min(stop, begin + LETTER_HEADER_OCTETS)])


def boundary_of(content_type: bytes) -> bytes:
    """Return the boundary that a Content-Type names; empty where it names none that can be one."""
    found = _BOUNDARY.match(content_type)
    if found is not None:
        return (found[1] or found[2]).rstrip()
    return read_parameters(content_type).parameters.get("boundary", "").encode()


def _content(header: bytes) -> Content:
    """Read a header; of two fields with one name the first counts."""
    lines = b"\n" + header
    lowered = lines.lower()
    content_type = encoding = b""
    at = lowered.find(b"\ncontent-t")
    while at >= 0:
        colon = lowered.find(b":", at)
        if colon < 0:
            break
        end = lines.find(b"\n", colon)
        while end >= 0 and lines.startswith((b" ", b"\t"), end + 1):
            end = lines.find(b"\n", end + 1)
        end = len(lines) if end < 0 else end
        name = lowered[at + 10 : colon].rstrip()
        if name == b"ype":
            content_type = content_type or lines[colon + 1 : end]
        elif name == b"ransfer-encoding":
            encoding = encoding or lines[colon + 1 : end]
        at = lowered.find(b"\ncontent-t", end)
    return Content(_media_type_of(content_type), _encoding_of(encoding), content_type)


_remembered = lru_cache(_REMEMBERED_HEADERS)(_content)
"""Parts of most letters have one of a few short headers."""


def _media_type_of(value: bytes) -> str:
    """Return `type/subtype` in lower case; what is none is text/plain (RFC 2045 §5.2)."""
    if not value:
        return ""
    name = value.partition(b";")[0].strip().lower()
    if not _SIMPLE_TYPE.fullmatch(name):
        name = _NO_TOKEN.sub(b"", read_parameters(value).value.encode("ascii", "replace"))
    is_type = name.count(b"/") == 1 and not name.startswith(b"/") and not name.endswith(b"/")
    return name.decode("ascii") if is_type else "text/plain"


def _encoding_of(value: bytes) -> str:
    """Return the name of a transfer encoding."""
    name = value.strip()
    if not name.isalnum():
        found = _ENCODING.search(name)
        name = found[0] if found else b""
    return name.decode("ascii", "replace").lower()
