"""Providers that are broken, slow or hostile: one behaviour each, with what must come of it.

Used by the tests of single polls, and by those that look at the advice and at the command line.
Never ends by itself where a real one would not: the client has to.
Standards: what RFC 1939, RFC 2449 and RFC 2595 forbid, and what servers were seen to do.
Fails with nothing of its own.
"""

from __future__ import annotations

import select
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import repeat
from typing import Final, Protocol, TypeAlias

from hato.clients.errors import (
    BusyError,
    NonsenseError,
    RefusedForGoodError,
    WrongCredentialsError,
)
from hato.core.errors import HatoError
from hato.net.dial_errors import ConnectionLostError
from tests.fetching.maildrop import Answer, Maildrop, Session, letters, rows
from tests.fetching.provider import Behaviour, Peer

PAUSE_SECONDS: Final = 0.02
ESCAPES: Final = b"\x1b]0;owned\x07\x1b[2J\x1b[31mYou won\x1b[0m \xe2\x80\xae\x9b1m\x00\x08"
"""Sets a title, clears a screen, colours, turns the direction of writing."""


@dataclass(frozen=True)
class Hostile:
    """A provider that no letter comes from."""

    name: str
    make: Callable[[], Behaviour]
    errors: tuple[type[Exception], ...]
    """One of them has to come of it."""
    is_endless: bool = False
    """Whether only a deadline ends it."""


def flood(peer: Peer, octets: Iterable[bytes]) -> None:
    """Say all of it, without end where it has none."""
    for piece in octets:
        peer.say(piece)


def drip(peer: Peer, octet: bytes) -> None:
    """Say one octet after the other, a moment apart, for ever."""
    while True:
        peer.say(octet)
        select.select([], [], [], PAUSE_SECONDS)


def saying(first: bytes, then: Iterable[bytes] = ()) -> Callable[[], Behaviour]:
    """Say something, whatever is asked, and listen in vain."""

    def behave(peer: Peer) -> None:
        peer.say(first)
        flood(peer, then)
        peer.listen_in_vain()

    return lambda: behave


def leaving(first: bytes = b"") -> Callable[[], Behaviour]:
    """Say something, and hang up."""
    return lambda: lambda peer: peer.say(first)


def dripping(after: bytes) -> Callable[[], Behaviour]:
    """Say something, then one octet after the other."""

    def behave(peer: Peer) -> None:
        peer.say(after)
        drip(peer, b"x")

    return lambda: behave


def answering(answers: dict[str, Answer], **options: str) -> Callable[[], Behaviour]:
    """Be a maildrop with three letters that answers some commands badly."""
    return lambda: Maildrop(letters(3), answers, **options)  # type: ignore[arg-type]  # capabilities only


class Spoken(Protocol):
    """A session of whatever protocol, as far as these behaviours know one."""

    @property
    def peer(self) -> Peer:
        """Who is spoken with."""
        ...


Reaction: TypeAlias = Callable[[Spoken, str], bytes | None]


def endless(first: bytes, piece: bytes) -> Reaction:
    """Answer with something that has no end."""

    def answer(session: Spoken, argument: str) -> bytes | None:
        session.peer.say(first)
        flood(session.peer, repeat(piece))
        return None

    return answer


def slow(first: bytes) -> Reaction:
    """Answer one octet after the other."""

    def answer(session: Spoken, argument: str) -> bytes | None:
        session.peer.say(first)
        drip(session.peer, b"x")
        return None

    return answer


def silent(session: Spoken, argument: str) -> bytes | None:
    """Answer nothing, and do not hang up."""
    session.peer.listen_in_vain()
    return None


LOST: Final = (ConnectionLostError,)
NONSENSE: Final = (NonsenseError,)
ENDED: Final = (ConnectionLostError, NonsenseError)

_LINE: Final = b"A" * 65_536

BEFORE_LOGIN: Final = (
    Hostile("a greeting that never comes", saying(b""), LOST, is_endless=True),
    Hostile("a greeting, one octet at a time", dripping(b""), LOST, is_endless=True),
    Hostile("an endless greeting", saying(b"+OK ", repeat(_LINE)), NONSENSE),
    Hostile("an endless line of zeros", saying(b"", repeat(bytes(65_536))), NONSENSE),
    Hostile("a web server", saying(b"HTTP/1.1 400 Bad Request\r\n\r\n"), NONSENSE),
    Hostile("an SMTP server", saying(b"220 mx.example ESMTP\r\n"), NONSENSE),
    Hostile("an IMAP server", saying(b"* OK [CAPABILITY IMAP4rev1] ready\r\n"), NONSENSE),
    Hostile("a TLS alert in clear", saying(b"\x15\x03\x01\x00\x02\x02\x46"), NONSENSE),
    Hostile("nobody stays", leaving(), LOST),
    Hostile("half a greeting", leaving(b"+OK wel"), ENDED),
    Hostile("leaves after the greeting", leaving(b"+OK\r\n"), LOST),
    Hostile("two greetings", saying(b"+OK one\r\n+OK two\r\n"), NONSENSE),
    Hostile("turns us away", leaving(b"-ERR go away\r\n"), (RefusedForGoodError, *LOST)),
    Hostile(
        "endless capabilities", answering({"CAPA": endless(b"+OK\r\n", b"X\r\n" * 9000)}), NONSENSE
    ),
    Hostile("an endless capability", answering({"CAPA": endless(b"+OK\r\n", _LINE)}), NONSENSE),
    Hostile("silence after CAPA", answering({"CAPA": silent}), LOST, is_endless=True),
    Hostile("capabilities, one octet at a time", answering({"CAPA": slow(b"+OK\r\n")}), LOST, True),
    Hostile("silence after USER", answering({"USER": silent}), LOST, is_endless=True),
    Hostile("an endless answer to USER", answering({"USER": endless(b"+OK ", _LINE)}), NONSENSE),
    Hostile("leaves after USER", answering({"USER": None}), ENDED),
)
"""They must not hear the password."""

AT_LOGIN: Final = (
    Hostile("silence after PASS", answering({"PASS": silent}), LOST, is_endless=True),
    Hostile("an answer to PASS, one octet at a time", answering({"PASS": slow(b"+")}), LOST, True),
    Hostile("an endless answer to PASS", answering({"PASS": endless(b"+OK ", _LINE)}), NONSENSE),
    Hostile("leaves after PASS", answering({"PASS": None}), LOST),
    Hostile(
        "a wrong password", answering({"PASS": b"-ERR [AUTH] no\r\n"}), (WrongCredentialsError,)
    ),
    Hostile("neither yes nor no", answering({"PASS": b"PERHAPS\r\n"}), NONSENSE),
    Hostile("in use", answering({"PASS": b"-ERR [IN-USE] later\r\n"}), (BusyError,)),
    Hostile(
        "no to everything",
        answering(
            dict.fromkeys(("CAPA", "USER", "PASS", "AUTH", "UIDL", "LIST", "QUIT"), b"-ERR no\r\n")
        ),
        (HatoError,),
    ),
)

AFTER_LOGIN: Final = (
    Hostile("silence after UIDL", answering({"UIDL": silent}), LOST, is_endless=True),
    Hostile("silence after LIST", answering({"LIST": silent}), LOST, is_endless=True),
    Hostile(
        "unique-ids, one octet at a time",
        answering({"UIDL": slow(b"+OK\r\n")}),
        LOST,
        is_endless=True,
    ),
    Hostile("an endless unique-id", answering({"UIDL": endless(b"+OK\r\n1 ", _LINE)}), NONSENSE),
    Hostile("an endless size", answering({"LIST": endless(b"+OK\r\n1 ", b"9" * 65_536)}), NONSENSE),
    Hostile(
        "endless unique-ids",
        answering({"UIDL": endless(b"+OK\r\n", b"1 a\r\n" * 20_000)}),
        ENDED,
        is_endless=True,
    ),
    Hostile(
        "endless sizes",
        answering({"LIST": endless(b"+OK\r\n", b"1 1\r\n" * 20_000)}),
        ENDED,
        is_endless=True,
    ),
    Hostile("leaves after UIDL", answering({"UIDL": None}), LOST),
    Hostile("leaves after LIST", answering({"LIST": None}), LOST),
    Hostile("half a list", answering({"UIDL": lambda s, _: _half(s)}), ENDED),
    Hostile(
        "no listing at all",
        answering({"UIDL": b"-ERR no\r\n", "LIST": b"-ERR no\r\n"}),
        (HatoError,),
    ),
    Hostile("one answer too many", answering({"UIDL": rows(["1 a"]) + b"+OK\r\n+OK\r\n"}), ENDED),
)

ALL: Final = BEFORE_LOGIN + AT_LOGIN + AFTER_LOGIN


def _half(session: Session) -> bytes | None:
    session.peer.say(b"+OK\r\n1 uid-1\r\n2 ui")
    return None
