"""A transcript: the head of its file and its steps, read from text.

Used by the player and by test_sessions.
Never plays anything.
Standards: none; the format is described in README.md beside this file.
Fails with TranscriptError, which names file and line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

HEAD_KEYS = ("rfc", "people", "over", "pace", "from", "spoils")
SERVICES = ("pop3", "pop3s", "lmtp")


class TranscriptError(Exception):
    """The file is not a transcript."""


@dataclass(frozen=True, slots=True)
class Send:
    """Octets of the client; those that follow each other leave in one segment."""

    line: int
    connection: str
    text: str
    ends_line: bool


@dataclass(frozen=True, slots=True)
class SendLetter:
    """A letter with its dots doubled and the end of data behind it."""

    line: int
    connection: str
    letter: str


@dataclass(frozen=True, slots=True)
class Expect:
    """One line of the server."""

    line: int
    connection: str
    text: str


@dataclass(slots=True)
class ExpectBlock:
    """A body to its lone dot (POP3), or a reply of several lines (LMTP)."""

    line: int
    connection: str
    words: tuple[str, ...]
    present: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Direction:
    """What stands between `--` and `--`, taken apart."""

    line: int
    verb: str
    arguments: tuple[str, ...]


Step: TypeAlias = Send | SendLetter | Expect | ExpectBlock | Direction


@dataclass(slots=True)
class Transcript:
    """One file."""

    path: Path
    title: str = ""
    head: dict[str, str] = field(default_factory=dict)
    mailboxes: dict[str, list[str]] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)

    @property
    def protocol(self) -> str:
        """The folder of the file: `pop3` or `lmtp`."""
        return self.path.parent.name

    @property
    def people(self) -> list[str]:
        """Names of those who exist for this transcript."""
        return split_list(self.head.get("people", ""))

    @property
    def services(self) -> list[str]:
        """The ports over which the transcript is played."""
        default = "lmtp" if self.protocol == "lmtp" else "pop3, pop3s"
        return split_list(self.head.get("over", default))

    @property
    def paces(self) -> list[str]:
        """How the client's octets are cut: `whole`, `bytes`."""
        return split_list(self.head.get("pace", "whole, bytes"))


_SENT = re.compile(r"C(?P<connection>\d?)(?P<form>[-*]?):(?: (?P<text>.*))?")
_EXPECTED = re.compile(r"S(?P<connection>\d?)(?P<form>\*?):(?: (?P<text>.*))?")
_ITEM = re.compile(r"  (?P<sign>[+-]) (?P<text>.+)")
_DIRECTION = re.compile(r"-- (?P<text>.+) --")
# Each way of writing a direction, with the verb that the player knows.
_DIRECTIONS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("tls", re.compile(r"tls(?: on (\d))?")),
    ("server-closes", re.compile(r"the server closes(?: (\d))?")),
    ("hang-up", re.compile(r"hang up(?: (\d))?")),
    ("reset", re.compile(r"reset(?: (\d))?")),
    ("connect", re.compile(r"connect (\d): (pop3s?|lmtp)(?: from a (stranger))?")),
    ("next-segment", re.compile(r"next segment")),
    ("deliver", re.compile(r"deliver (\S+) to (\S+)")),
    ("has", re.compile(r"(\w+) has: (.+)")),
    ("has", re.compile(r"(\w+) has (nothing)")),
)


def read_transcript(path: Path) -> Transcript:
    """Read one file."""
    transcript = Transcript(path)
    lines = path.read_text("utf-8").split("\n")
    first_step = _read_head(transcript, lines)
    for number, line in enumerate(lines[first_step:], first_step + 1):
        if not line or line.startswith("#"):
            continue
        if item := _ITEM.fullmatch(line):
            _add_item(transcript, number, item)
        else:
            transcript.steps.append(_read_step(transcript, number, line))
    if not transcript.steps:
        raise TranscriptError(f"{path}: there are no steps")
    return transcript


def split_list(text: str) -> list[str]:
    """Split `a, b` into its parts."""
    return [part.strip() for part in text.split(",") if part.strip()]


def _read_head(transcript: Transcript, lines: list[str]) -> int:
    """Read title and head; return the index of the line after the head."""
    transcript.title = lines[0].strip()
    for index, line in enumerate(lines[1:], 1):
        if not line:
            break
        key, colon, value = line.partition(": ")
        if colon and key.startswith("mailbox "):
            transcript.mailboxes[key.removeprefix("mailbox ")] = split_list(value)
        elif colon and key in HEAD_KEYS:
            transcript.head[key] = value.strip()
        else:
            raise TranscriptError(f"{transcript.path}:{index + 1}: no head line: {line!r}")
    else:
        raise TranscriptError(f"{transcript.path}: an empty line must end the head")
    if not transcript.title or "rfc" not in transcript.head:
        raise TranscriptError(f"{transcript.path}: title or rfc is missing")
    for name in transcript.mailboxes:
        if name not in transcript.people:
            raise TranscriptError(f"{transcript.path}: mailbox of {name}, who is nobody")
    return index + 1


def _add_item(transcript: Transcript, number: int, item: re.Match[str]) -> None:
    """Add a `+` or `-` line to the block above it."""
    block = transcript.steps[-1] if transcript.steps else None
    if not isinstance(block, ExpectBlock):
        raise TranscriptError(f"{transcript.path}:{number}: nothing above to which this belongs")
    (block.present if item["sign"] == "+" else block.absent).append(item["text"])


def _read_step(transcript: Transcript, number: int, line: str) -> Step:
    if found := _SENT.fullmatch(line):
        text = found["text"] or ""
        if found["form"] == "*" and text.startswith("letter "):
            return SendLetter(number, found["connection"], text.removeprefix("letter "))
        if found["form"] != "*":
            return Send(number, found["connection"], text, ends_line=not found["form"])
    if found := _EXPECTED.fullmatch(line):
        text = found["text"] or ""
        if found["form"]:
            return ExpectBlock(number, found["connection"], tuple(text.split()))
        return Expect(number, found["connection"], text)
    if found := _DIRECTION.fullmatch(line):
        for verb, form in _DIRECTIONS:
            if words := form.fullmatch(found["text"]):
                return Direction(number, verb, tuple(word or "" for word in words.groups()))
    raise TranscriptError(f"{transcript.path}:{number}: no step: {line!r}")
