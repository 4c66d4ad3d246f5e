"""The parts of a letter, found by offset: no octet is copied or decoded.

Called by `message.letter`; later by IMAP's BODYSTRUCTURE and JMAP's bodyStructure.
Never goes deeper, or finds more, than its limits; linear in the length of the letter.
Standards: RFC 2046 §5.1 and §5.2 (multiparts, messages), RFC 2045 §5.2 (defaults), RFC 6532 §3.7.
Fails never: a multipart without delimiters, or one that is too deep, is text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from hato.core.limits import (
    LETTER_HEADER_OCTETS,
    MIME_DELIMITERS_LOOKED_AT,
    MIME_DEPTH,
    MIME_PARTS,
    MIME_SCAN_OCTETS,
)
from hato.message.content_fields import Content, boundary_of, content_of
from hato.message.header_fields import Fields, end_of_header
from hato.message.parameters import FieldWithParameters, read_parameters
from hato.message.transfer_encoding import decode_body

_NOT_ENCODED: Final = frozenset({"", "7bit", "8bit", "binary"})
_NESTED: Final = frozenset({"message/rfc822", "message/global"})
_A_FIELD: Final = re.compile(rb"^[!-9;-~]++[ \t]*+:", re.MULTILINE)
_HEADER: Final = re.compile(rb"(?>(?:[!-9;-~]++[ \t]*+:[^\n]*+(?>(?:\n[ \t][^\n]*+)*)\n?)*)")
_LOOK_OCTETS: Final = 1_024
_BLANKS: Final = b" \t\r\n"


class _Delimiter(NamedTuple):
    """A line between two parts."""

    at: int
    behind: int
    """Where the next line begins."""
    is_last: bool


class Part:
    """One part, from its header to the end of its body; offsets count from the letter's start."""

    __slots__ = (
        "_disposition",
        "_parameters",
        "_raw",
        "content_type",
        "encoding",
        "header_start",
        "is_understood",
        "media_type",
        "parts",
        "start",
        "stop",
    )

    def __init__(
        self,
        raw: bytes,
        header_start: int,
        start: int,
        stop: int,
        content: Content,
        default_type: str,
    ) -> None:
        """Take what lies between two boundaries. `message.structure` alone makes parts."""
        self._raw = raw
        self._disposition: FieldWithParameters | None = None
        self._parameters: dict[str, str] | None = None
        self.header_start = header_start
        """Where its header begins."""
        self.start = start
        """Where its body begins."""
        self.stop = stop
        """Where its body ends; the line end before a delimiter belongs to the delimiter."""
        media_type, self.encoding, self.content_type = content
        self.media_type = media_type or default_type
        """`type/subtype` in lower case, by default `text/plain` (RFC 2045 §5.2).

        `encoding` is its Content-Transfer-Encoding in lower case, empty where it names none;
        `content_type` the value of that field as it stands there.
        """
        self.parts: tuple[Part, ...] = ()
        """Those of a multipart; the one letter in a `message/rfc822`."""
        self.is_understood = True
        """False for a multipart that has no delimiters, or lies too deep: its body is text."""

    @property
    def parameters(self) -> dict[str, str]:
        """Those of Content-Type, decoded, by name in lower case."""
        if self._parameters is None:
            self._parameters = read_parameters(self.content_type).parameters
        return self._parameters

    @property
    def charset(self) -> str:
        """The label of its charset; empty where it names none."""
        return self.parameters.get("charset", "")

    @property
    def fields(self) -> Fields:
        """Its header."""
        stop = min(self.start, self.header_start + LETTER_HEADER_OCTETS)
        return Fields(self._raw[self.header_start : stop])

    @property
    def disposition(self) -> str:
        """`inline`, `attachment` or another word in lower case; empty where it names none."""
        return self._content_disposition().value

    @property
    def filename(self) -> str:
        """The name that its sender gave it, decoded: never to be used as a path as it is."""
        named = self._content_disposition().parameters.get("filename", "")
        return named or self.parameters.get("name", "")

    @property
    def content_id(self) -> str:
        """Its Content-ID without <>; empty where it has none."""
        return next(iter(self.fields.identifiers("Content-ID")), "")

    def _content_disposition(self) -> FieldWithParameters:
        if self._disposition is None:
            self._disposition = read_parameters(self.fields.value("Content-Disposition"))
        return self._disposition

    @property
    def is_root(self) -> bool:
        """Whether it is the letter itself."""
        return self.header_start == 0

    @property
    def is_blank(self) -> bool:
        """Whether nothing but blanks stands in it, as far as a look at its beginning tells."""
        return not self._raw[self.start : min(self.stop, self.start + _LOOK_OCTETS)].strip()

    def walk(self) -> Iterator[Part]:
        """Yield it and all parts in it, as they stand in the letter."""
        yield self
        for part in self.parts:
            yield from part.walk()


class Structure:
    """The parts of one letter."""

    __slots__ = ("is_whole", "root")

    def __init__(self, root: Part, *, is_whole: bool) -> None:
        self.root = root
        self.is_whole = is_whole
        """False where a limit was reached: what lies beyond is part of what was found."""


def read_structure(raw: bytes) -> Structure:
    """Find the parts of a letter."""
    reader = _Reader(raw)
    root = reader.read(0, len(raw), 0, "text/plain")
    return Structure(root, is_whole=not reader.is_full)


def decoded(raw: bytes, part: Part) -> Iterator[bytes]:
    """Yield a part's body in chunks, its transfer encoding undone."""
    return decode_body(raw, part.start, part.stop, part.encoding)


class _Reader:
    """Reads one letter and counts what it costs."""

    __slots__ = ("_looked_at", "_parts", "_raw", "_scanned", "is_full")

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._parts = 0
        self._looked_at = 0
        self._scanned = 0
        self.is_full = False

    def read(self, begin: int, stop: int, depth: int, default_type: str) -> Part:
        """Read the part in `raw[begin:stop]`, header first."""
        raw = self._raw
        start = end_of_header(raw, begin, stop)
        content = content_of(raw, begin, start)
        if start == stop or not content.media_type:
            start = _real_start(raw, begin, start, stop)
        part = Part(raw, begin, start, stop, content, default_type)
        if part.media_type.startswith("multipart/"):
            self._read_multipart(part, depth)
        elif part.media_type in _NESTED and part.encoding in _NOT_ENCODED:
            self._parts += 1
            if depth < MIME_DEPTH and self._parts < MIME_PARTS:
                part.parts = (self.read(part.start, stop, depth + 1, "text/plain"),)
            else:
                part.is_understood, self.is_full = False, True
        return part

    def _read_multipart(self, part: Part, depth: int) -> None:
        """Find the parts between a multipart's delimiters."""
        bounds: list[tuple[int, int]] = []
        if depth >= MIME_DEPTH:
            self.is_full = True
        else:
            boundary = boundary_of(part.content_type)
            early = self._raw.find(b"\n--" + boundary, part.header_start, part.start)
            if early >= 0 and boundary:  # no empty line ends the header
                part.start = early + 1
            bounds = self._bounds(part.start, part.stop, boundary) if boundary else []
        part.is_understood = bool(bounds)
        digest = part.media_type == "multipart/digest"
        default_type = "message/rfc822" if digest else "text/plain"
        part.parts = tuple(self.read(*each, depth + 1, default_type) for each in bounds)

    def _bounds(self, start: int, stop: int, boundary: bytes) -> list[tuple[int, int]]:
        """Return where the parts of a multipart begin and end (RFC 2046 §5.1.1)."""
        bounds: list[tuple[int, int]] = []
        begin = -1
        for at, behind, is_last in self._delimiters(start, stop, b"--" + boundary):
            if begin >= 0:
                bounds.append((begin, _before_line_end(self._raw, begin, at)))
                self._parts += 1
            begin = behind
            if is_last:
                return bounds
            if self._parts >= MIME_PARTS:
                self.is_full = True
                break
        if 0 <= begin < stop:
            bounds.append((begin, stop))
        return bounds

    def _delimiters(self, start: int, stop: int, delimiter: bytes) -> Iterator[_Delimiter]:
        """Yield the lines that are `delimiter`, up to the last one, which ends with `--`."""
        raw, needle = self._raw, b"\n" + delimiter
        self._scanned += stop - start
        if self._scanned > MIME_SCAN_OCTETS:
            self.is_full = True
            return
        at = start if raw.startswith(delimiter, start) else raw.find(needle, start, stop) + 1
        while at > 0:
            self._looked_at += 1
            if self._looked_at > MIME_DELIMITERS_LOOKED_AT:
                self.is_full = True
                return
            end = at + len(delimiter)
            is_last = raw.startswith(b"--", end)
            behind = _end_of_blank_line(raw, end + 2 if is_last else end, stop)
            if behind >= 0:
                yield _Delimiter(at, behind, is_last)
                if is_last:
                    return
            at = raw.find(needle, end, stop) + 1


def _end_of_blank_line(raw: bytes, at: int, stop: int) -> int:
    """Return where the next line begins if only blanks stand between `at` and it, else -1."""
    if raw.startswith(b"\r\n", at):
        return min(at + 2, stop)
    if at >= stop:
        return stop
    line_end = raw.find(b"\n", at, stop)
    line_end = stop if line_end < 0 else line_end
    return -1 if raw[at:line_end].strip(_BLANKS) else min(line_end + 1, stop)


def _before_line_end(raw: bytes, begin: int, at: int) -> int:
    """Return where the body ends whose delimiter is at `at`: its line end is the delimiter's."""
    stop = at - 1
    if raw.startswith(b"\r", stop - 1):
        stop -= 1
    return max(stop, begin)


def _real_start(raw: bytes, begin: int, start: int, stop: int) -> int:
    """Return where the body of a part begins that has no empty line or hardly a header.

    What no field is begins the body, so that nothing of a letter is ever hidden.
    """
    if raw.startswith((b"\r\n", b"\n"), begin):
        return start
    if start < stop:
        return start if _A_FIELD.search(raw, begin, start) else begin
    header = _HEADER.match(raw, begin, min(stop, begin + LETTER_HEADER_OCTETS))
    return header.end() if header else begin
