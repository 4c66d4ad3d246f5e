"""The letters that are delivered and must come back, and the people who get them.

Called by the scenarios; `load/letters.c` reads the files that are written here.
Never random: the same call makes the same octets.
Standards: RFC 5322 §2.1.
Fails never.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Final

DOMAIN: Final = "bench.example"
DOT_EVERY: Final = 8
"""One letter in so many has lines that begin with a dot."""

_WORDS: Final = (
    "The pigeon carried the letter over the hills and the river before the evening came.",
    "鳩は丘を越え、川を越え、日が暮れる前に手紙を届けました。",
    "Please find the figures of the last quarter below; the totals are on page three.",
    "> On Tuesday you asked whether the meeting could be moved to the following week.",
    "https://www.bench.example/reports/2024/quarter?id=1234567890&view=summary#totals",
    "",
    "Kind regards, and thank you for the patience that this long thread has needed.",
)


@dataclass(frozen=True)
class Group:
    """People with the same mail: so many messages each, all of one size."""

    name: str
    people: int
    messages_each: int
    letter_octets: int = 8192
    letters: int = 1000
    """Different letters; the file of them is `letters` x `letter_octets` long."""

    def names(self) -> list[str]:
        """Return the login names, which are the addresses too."""
        return [f"{self.name}{number:04}@{DOMAIN}" for number in range(self.people)]

    @property
    def recipients(self) -> int:
        """Return how many people one transaction of the filling delivers to."""
        return min(self.people, 100)


def password_of(name: str) -> str:
    """Return the password of the person `name`: everybody of a group has the same."""
    return f"open-{name.partition('@')[0].rstrip('0123456789')}-sesame"


def letter(number: int, octets: int) -> bytes:
    """Make letter `number`, exactly `octets` long; its serial (in Message-ID) is zero.

    The first two lines stand at fixed places: the generator writes a serial into the first and
    knows the letter by the second.
    """
    head = (
        f"Message-ID: <{0:016x}@{DOMAIN}>\r\nX-Letter: {number:07}\r\n"
        f"From: Sender <sender@elsewhere.example>\r\nTo: Everybody <everybody@{DOMAIN}>\r\n"
        f"Subject: letter {number}\r\nDate: Mon, 01 Jul 2024 09:00:00 +0900\r\n"
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
        "Content-Transfer-Encoding: 8bit\r\n\r\n"
    )
    parts = [head.encode()]
    if number % DOT_EVERY == 0:
        parts.append(b".\r\n..a line with two dots\r\n.signature\r\n")
    left = octets - sum(map(len, parts)) - 2
    for line in cycle(f"{number % 97:02} {words}\r\n".encode() for words in _WORDS):
        if len(line) > left:
            break
        parts.append(line)
        left -= len(line)
    parts.append(b"=" * left + b"\r\n")
    return b"".join(parts)


def write_letters(path: Path, group: Group) -> None:
    """Write the file of letters of `group`."""
    with path.open("wb") as file:
        for number in range(group.letters):
            file.write(letter(number, group.letter_octets))


def write_people(path: Path, passwords: dict[str, str]) -> None:
    """Write the file of login names and passwords, one person a line."""
    path.write_text("".join(f"{name} {password}\n" for name, password in passwords.items()))
