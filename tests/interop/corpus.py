"""The letters of the mail corpora: those to deliver, in wire form, and those to refuse.

Used by the interop fixtures and by the test of refusals.
Never changes a letter but for its line ends: LF becomes CRLF, the last line gets one.
Standards: RFC 5322 §2.1 (lines end with CRLF), RFC 5321 §2.3.8 (CR and LF only together).
Fails when a file cannot be read; the folder may be absent (`CORPORA.is_dir()`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

CORPORA = Path(__file__).resolve().parents[3] / "shared" / "corpora"

_HEADER_FIELD = re.compile(rb"[!-9;-~]+[ \t]*:")
_ENVELOPE_LINE = re.compile(rb"^From .*\n", re.MULTILINE)
_LONE_CR = re.compile(rb"\r(?!\n)")
_LONE_LF = re.compile(rb"(?<!\r)\n")


@dataclass(frozen=True)
class Letter:
    """A letter of the corpora."""

    name: str
    octets: bytes

    @property
    def mixes_line_ends(self) -> bool:
        """Whether it has a CR alone, or LF alone beside CRLF: a letter of no wire and no disk."""
        lone_lf = _LONE_LF.search(self.octets) is not None
        return _LONE_CR.search(self.octets) is not None or (lone_lf and b"\r\n" in self.octets)

    def in_wire_form(self) -> bytes:
        """Its octets with CRLF at the end of each line, the last one too."""
        octets = _LONE_LF.sub(b"\r\n", self.octets)
        return octets if octets.endswith(b"\r\n") else octets + b"\r\n"


@cache
def letters() -> tuple[Letter, ...]:
    """Every letter, as it lies on the disk: each message file, each message of an mbox file."""
    return tuple(letter for path in sorted(CORPORA.rglob("*")) for letter in _letters_of(path))


def _letters_of(path: Path) -> Iterator[Letter]:
    if not path.is_file() or path.name == "SOURCE.txt":
        return
    name, octets = str(path.relative_to(CORPORA)), path.read_bytes()
    if ".mbox" in path.suffixes:
        for number, message in enumerate(_ENVELOPE_LINE.split(octets)[1:], 1):
            yield Letter(f"{name}#{number}", message)
    elif path.suffix in (".eml", ".msg") or _HEADER_FIELD.match(octets):
        yield Letter(name, octets)
