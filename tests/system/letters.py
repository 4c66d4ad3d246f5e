"""Letters for the tests: plain ones, and those that break servers.

Used by session and system tests; a transcript names them.
Never depends on anything outside this file: every letter is made here, in wire form (CRLF).
Standards: RFC 5322, RFC 5321 §4.5.2, RFC 6532, RFC 1939 §11.
Fails with KeyError for an unknown name.
"""

from __future__ import annotations

import re

EDGES = (1023, 1024, 4096, 16_384, 65_536, 131_072)
"""Octets at which a buffer of a server may end."""


def _letter(subject: str, body: bytes, *, header: str = "", identifier: str = "") -> bytes:
    name = identifier or re.sub(r"[^a-z0-9]+", "-", subject.lower())
    head = (
        f"From: Mika <mika@example.net>\r\nTo: list@example.org\r\nSubject: {subject}\r\n"
        f"Date: Tue, 24 Nov 2026 09:00:00 +0900\r\nMessage-ID: <{name}@example.net>\r\n{header}"
    )
    return head.encode() + b"\r\n" + body


def _dots_around(edge: int, shift: int) -> bytes:
    """Lone dots in every line from 2 KiB before `edge` to 2 KiB after it.

    A line is three octets, four where its dot is doubled, so that four shifts put each of CR, LF
    and dot on the edge itself, in a message as it is kept and as it travels.
    """
    letter = _letter(f"dots around {edge}, shifted {shift}", b"")
    filler = max(0, edge - 2048 - len(letter)) + shift
    while filler > 72:
        letter += b"." + b"x" * 69 + b"\r\n"
        filler -= 72
    letter += b"y" * filler + b"\r\n"
    return letter + b".\r\n" * (4096 // 3)


_MIME_UTF8 = (
    "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
    "Content-Transfer-Encoding: 8bit\r\n"
)

LETTERS: dict[str, bytes] = {
    "plain": _letter("A plain letter", b"The pigeon came home.\r\nAll is well.\r\n"),
    "second": _letter("A second letter", b"Another day,\r\nanother letter.\r\n"),
    "third": _letter("A third letter", b"One.\r\nTwo.\r\nThree.\r\n\r\nFive.\r\n"),
    "no-message-id": b"Subject: no identifier\r\n\r\nEach copy of me counts.\r\n",
    "japanese": _letter(
        "=?iso-2022-jp?B?GyRCSD8bKEI=?=",
        "鳩が帰ってきた。\r\n元気です。\r\n".encode("iso-2022-jp"),
        header="MIME-Version: 1.0\r\nContent-Type: text/plain; charset=iso-2022-jp\r\n",
        identifier="japanese",
    ),
    "eight-bit": _letter(
        "Eight bits in the body", "鳩が帰ってきた。\r\n".encode(), header=_MIME_UTF8
    ),
    "latin-header": b"From: Andr\xe9 <andre@example.net>\r\nSubject: caf\xe9\r\n\r\nol\xe9\r\n",
    "every-octet": _letter(
        "Every octet but CR and LF",
        bytes(o for o in range(256) if o not in (10, 13)) + b"\r\n",
    ),
    "nul": _letter("A NUL", b"before\0after\r\n\0\r\n"),
    "dots": _letter("Dots", b".\r\n..\r\n...\r\n.hidden\r\n..hidden\r\nend.\r\n. \r\n"),
    "dot-first": _letter("A dot comes first", b".\r\nand then words\r\n"),
    "dot-last": _letter("A dot comes last", b"words and then\r\n.\r\n"),
    "only-a-dot": _letter("Only a dot", b".\r\n"),
    "dots-only": _letter("Many lone dots", b".\r\n" * 2000),
    "dot-header": b".Subject: a dot begins this\r\nSubject: x\r\n\r\nbody\r\n",
    "starts-with-dot": b".\r\n.\r\n",
    "starts-empty": b"\r\nA body without any header.\r\n",
    "one-line": b"hello\r\n",
    "one-empty-line": b"\r\n",
    "header-only": b"Subject: a header and nothing else\r\nFrom: mika@example.net\r\n",
    "header-and-empty-line": b"Subject: a header and an empty line\r\n\r\n",
    "empty-lines": _letter("Empty lines", b"\r\n" * 500),
    "spaces": _letter("Spaces", b" \r\n\t\r\n trailing \r\n \t . \r\n"),
    "from-line": _letter("From, at the beginning", b"From here to there.\r\n>From too.\r\n"),
    "line-998": _letter("A line of 998 octets", b"a" * 998 + b"\r\n.\r\n" + b"." * 998 + b"\r\n"),
    "line-64k": _letter("A line of 65536 octets", b"b" * 65_536 + b"\r\n.\r\n"),
    "line-1m": _letter("A line of 1048576 octets", b"c" * 1_048_576 + b"\r\n.\r\n"),
    "long-header": b"Subject: long\r\nX-Long: "
    + b"z" * 40_000
    + b"\r\n"
    + b"X-Many: 1\r\n" * 3000
    + b"\r\nbody\r\n",
    "utf8-header": (
        "From: 美香 <美香@例え.example>\r\nTo: list@example.org\r\nSubject: 鳩の手紙\r\n"
        "Date: Tue, 24 Nov 2026 09:00:00 +0900\r\nMessage-ID: <utf8-header@example.net>\r\n"
        f"X-Note: 秘密\r\n{_MIME_UTF8}\r\n鳩が帰ってきた。\r\n"
    ).encode(),
    "large": _letter("Two mebibytes", (b"." + b"0123456789abcdef" * 4 + b"\r\n") * 31_300),
}
LETTERS |= {
    f"dots-at-{edge}-{shift}": _dots_around(edge, shift) for edge in EDGES for shift in range(4)
}


def header_and_body(letter: bytes) -> tuple[bytes, bytes | None]:
    """Split at the first empty line; the header keeps its last CRLF, the body is None if absent."""
    if letter.startswith(b"\r\n"):
        return b"", letter[2:]
    at = letter.find(b"\r\n\r\n")
    return (letter, None) if at < 0 else (letter[: at + 2], letter[at + 4 :])


def top_of(letter: bytes, lines: int) -> bytes:
    """What TOP must answer: header, empty line, so many lines of the body (RFC 1939 §7)."""
    header, body = header_and_body(letter)
    if body is None:
        return header
    *whole, rest = body.split(b"\r\n")
    chosen = b"".join(line + b"\r\n" for line in whole[:lines])
    return header + b"\r\n" + chosen + (rest if lines > len(whole) else b"")
