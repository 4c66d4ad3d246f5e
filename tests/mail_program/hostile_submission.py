"""Submission servers that are broken, slow or hostile: one behaviour each, and what comes of it.

Used by the tests of sending.
Never ends by itself where a real one would not: the client has to.
Standards: what RFC 5321, RFC 4954, RFC 3207 and RFC 2920 forbid, and what servers were seen to do.
Fails with nothing of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import repeat
from typing import Final

from hato.services.sending.waiting_letter import Fate
from tests.fetching.hostile import endless, leaving, saying, silent, slow
from tests.fetching.provider import Behaviour, Peer
from tests.mail_program.submission import Answer, Session, Submission

_LINE: Final = b"A" * 65_536


@dataclass(frozen=True)
class Hostile:
    """A server, and what comes of a letter that is handed to it."""

    name: str
    make: Callable[[], Behaviour]
    fates: tuple[Fate, ...]
    """One of them."""
    hears_password: bool = True
    is_endless: bool = False
    """Whether only a deadline ends it."""


NOT_TAKEN: Final = (Fate.WAITING, Fate.REFUSED)


def answering(
    answers: dict[str, Answer], **options: bytes | tuple[str, ...]
) -> Callable[[], Behaviour]:
    """Be a server that answers some commands badly."""
    return lambda: Submission(answers, **options)  # type: ignore[arg-type]  # greeting and capabilities only


def last_words(octets: bytes) -> Answer:
    """Say something, and hang up."""

    def answer(session: Session, argument: str) -> bytes | None:
        session.peer.say(octets)
        return None

    return answer


def taking(octets: bytes | None) -> Answer:
    """Take the letter, and answer something else than that."""

    def answer(session: Session, argument: str) -> bytes | None:
        session.server.take(session, argument.encode("latin-1"))
        if octets is not None:
            session.peer.say(octets)
        return None

    return answer


def in_pieces(octets: bytes) -> Answer:
    """Take the letter, and answer one octet at a time."""

    def answer(session: Session, argument: str) -> bytes | None:
        session.server.take(session, argument.encode("latin-1"))
        for octet in octets[:-1]:
            session.peer.say(bytes((octet,)))
        return octets[-1:]

    return answer


def _goes_in_the_body(session: Session, argument: str) -> bytes | None:
    session.peer.hear_line()
    return None


def _refuses_in_the_body(session: Session, argument: str) -> bytes | None:
    session.peer.hear_line()
    session.peer.say(b"552 5.3.4 too large\r\n")
    session.peer.listen_in_vain()
    return None


def _deaf(peer: Peer) -> None:
    """Greet, and read nothing."""
    peer.say(b"220 ready\r\n")
    peer.listen_in_vain()


BEFORE_LOGIN: Final = (
    Hostile("a greeting that never comes", saying(b""), NOT_TAKEN, False, True),
    Hostile("an endless greeting", saying(b"220 ", repeat(_LINE)), NOT_TAKEN, False),
    Hostile(
        "endless lines of greeting", saying(b"", repeat(b"220-x\r\n" * 9000)), NOT_TAKEN, False
    ),
    Hostile("an endless line of zeros", saying(b"", repeat(bytes(65_536))), NOT_TAKEN, False),
    Hostile("a web server", saying(b"HTTP/1.1 400 Bad Request\r\n\r\n"), NOT_TAKEN, False),
    Hostile("a POP3 server", saying(b"+OK ready\r\n"), NOT_TAKEN, False),
    Hostile("an IMAP server", saying(b"* OK IMAP4rev1 ready\r\n"), NOT_TAKEN, False),
    Hostile("a TLS alert in clear", saying(b"\x15\x03\x01\x00\x02\x02\x46"), NOT_TAKEN, False),
    Hostile("nobody stays", leaving(), NOT_TAKEN, False),
    Hostile("half a greeting", leaving(b"220 wel"), NOT_TAKEN, False),
    Hostile("leaves after the greeting", leaving(b"220 x\r\n"), NOT_TAKEN, False),
    Hostile("turns us away for now", leaving(b"421 4.3.2 busy\r\n"), (Fate.WAITING,), False),
    Hostile("turns us away", leaving(b"554 5.3.2 go away\r\n"), NOT_TAKEN, False),
    Hostile("two greetings", saying(b"220 one\r\n220 two\r\n"), NOT_TAKEN, False),
    Hostile("a greeting of two codes", saying(b"220-one\r\n554 two\r\n"), NOT_TAKEN, False),
    Hostile("a greeting without a code", saying(b"hello\r\n"), NOT_TAKEN, False),
    Hostile("a greeting of digits", saying(b"99999999999 x\r\n"), NOT_TAKEN, False),
    Hostile("a greeting of other digits", saying("２２０ x\r\n".encode()), NOT_TAKEN, False),
    Hostile("silence after EHLO", answering({"EHLO": silent}), NOT_TAKEN, False, True),
    Hostile("EHLO, one octet at a time", answering({"EHLO": slow(b"250")}), NOT_TAKEN, False, True),
    Hostile(
        "endless abilities",
        answering({"EHLO": endless(b"250-x\r\n", b"250-X\r\n" * 9000)}),
        NOT_TAKEN,
        False,
    ),
    Hostile("an endless ability", answering({"EHLO": endless(b"250-", _LINE)}), NOT_TAKEN, False),
    Hostile("leaves after EHLO", answering({"EHLO": None}), NOT_TAKEN, False),
    Hostile(
        "half of the abilities",
        answering({"EHLO": last_words(b"250-x\r\n250-AUTH PL")}),
        NOT_TAKEN,
        False,
    ),
    Hostile("abilities of two codes", answering({"EHLO": b"250-x\r\n421 y\r\n"}), NOT_TAKEN, False),
    Hostile("EHLO for now not", answering({"EHLO": b"421 4.3.2 busy\r\n"}), (Fate.WAITING,), False),
    Hostile("no EHLO", answering({"EHLO": b"502 5.5.1 no\r\n"}), NOT_TAKEN, False),
    Hostile("no AUTH", answering({}, capabilities=("PIPELINING",)), NOT_TAKEN, False),
    Hostile(
        "no method that will do", answering({}, capabilities=("AUTH GSSAPI",)), NOT_TAKEN, False
    ),
    Hostile("nothing is heard", lambda: _deaf, NOT_TAKEN, False, True),
)
"""They must not hear the password."""

AT_LOGIN: Final = (
    Hostile("silence after AUTH", answering({"AUTH": silent}), NOT_TAKEN, True, True),
    Hostile("AUTH, one octet at a time", answering({"AUTH": slow(b"2")}), NOT_TAKEN, True, True),
    Hostile("an endless answer to AUTH", answering({"AUTH": endless(b"235-", _LINE)}), NOT_TAKEN),
    Hostile("leaves after AUTH", answering({"AUTH": None}), NOT_TAKEN),
    Hostile("a wrong password", answering({"AUTH": b"535 5.7.8 no\r\n"}), NOT_TAKEN),
    Hostile("a wrong password, without a code", answering({"AUTH": b"535 no\r\n"}), NOT_TAKEN),
    Hostile("AUTH for now not", answering({"AUTH": b"454 4.7.0 later\r\n"}), (Fate.WAITING,)),
    Hostile("AUTH: too many logins", answering({"AUTH": b"421 4.7.0 later\r\n"}), (Fate.WAITING,)),
    Hostile("AUTH is too weak", answering({"AUTH": b"534 5.7.9 stronger\r\n"}), NOT_TAKEN),
    Hostile("AUTH needs TLS", answering({"AUTH": b"538 5.7.11 TLS\r\n"}), NOT_TAKEN),
    Hostile("neither yes nor no", answering({"AUTH": b"PERHAPS\r\n"}), NOT_TAKEN),
    Hostile("yes and no", answering({"AUTH": b"235-yes\r\n535 no\r\n"}), NOT_TAKEN),
    Hostile("questions without end", answering({"AUTH": endless(b"", b"334 \r\n")}), NOT_TAKEN),
    Hostile("a question of noise", answering({"AUTH": b"334 !!!!\r\n"}), NOT_TAKEN, True, True),
)

IN_TRANSACTION: Final = (
    *(
        Hostile(f"silence after {verb}", answering({verb: silent}), NOT_TAKEN, True, True)
        for verb in ("MAIL", "RCPT", "DATA")
    ),
    *(
        Hostile(f"leaves after {verb}", answering({verb: None}), NOT_TAKEN)
        for verb in ("MAIL", "RCPT", "DATA")
    ),
    *(
        Hostile(
            f"an endless answer to {verb}", answering({verb: endless(b"250-", _LINE)}), NOT_TAKEN
        )
        for verb in ("MAIL", "RCPT", "DATA")
    ),
    *(
        Hostile(f"{verb} for now not", answering({verb: b"451 4.3.0 later\r\n"}), (Fate.WAITING,))
        for verb in ("MAIL", "RCPT", "DATA")
    ),
    *(
        Hostile(
            f"{verb}: going down",
            answering({verb: last_words(b"421 4.3.2 bye\r\n")}),
            (Fate.WAITING,),
        )
        for verb in ("MAIL", "RCPT", "DATA")
    ),
    *(
        Hostile(f"{verb} never", answering({verb: b"550 5.7.1 no\r\n"}), (Fate.REFUSED,))
        for verb in ("MAIL", "RCPT", "DATA")
    ),
    Hostile("MAIL: log in first", answering({"MAIL": b"530 5.7.0 log in\r\n"}), NOT_TAKEN),
    Hostile(
        "RCPT: the mailbox is full", answering({"RCPT": b"452 4.2.2 full\r\n"}), (Fate.WAITING,)
    ),
    Hostile("DATA is answered like another command", answering({"DATA": b"250 ok\r\n"}), NOT_TAKEN),
    # A small letter is on its way with its last line before anybody can hear that the server left.
    Hostile(
        "leaves in the letter",
        answering({"body": _goes_in_the_body}),
        (*NOT_TAKEN, Fate.UNKNOWN),
    ),
    Hostile(
        "refuses in the letter",
        answering({"body": _refuses_in_the_body}),
        (*NOT_TAKEN, Fate.UNKNOWN),
        True,
        True,
    ),
    Hostile("the letter for now not", answering({".": b"451 4.3.0 later\r\n"}), (Fate.WAITING,)),
    Hostile("the letter: too much now", answering({".": b"452 4.3.1 full\r\n"}), (Fate.WAITING,)),
    Hostile("the letter never", answering({".": b"554 5.7.1 spam\r\n"}), (Fate.REFUSED,)),
    Hostile("the letter is too large", answering({".": b"552 5.3.4 large\r\n"}), (Fate.REFUSED,)),
    Hostile("a lie in the enhanced code", answering({".": b"554 2.0.0 no\r\n"}), (Fate.REFUSED,)),
    Hostile("another lie in it", answering({".": b"451 5.7.1 no\r\n"}), NOT_TAKEN),
)

AFTER_THE_LETTER: Final = (
    Hostile("takes it and leaves", answering({".": taking(None)}), (Fate.UNKNOWN,)),
    Hostile("takes it and says half of it", answering({".": taking(b"25")}), (Fate.UNKNOWN,)),
    Hostile(
        "takes it and says a line without its end",
        answering({".": taking(b"250 ok")}),
        (Fate.UNKNOWN,),
    ),
    Hostile(
        "takes it and says half an answer", answering({".": taking(b"250-ok\r\n")}), (Fate.UNKNOWN,)
    ),
    Hostile("takes nothing and leaves", answering({".": None}), (Fate.UNKNOWN,)),
    Hostile("silence after the letter", answering({".": silent}), (Fate.UNKNOWN,), True, True),
    Hostile(
        "one octet at a time after the letter",
        answering({".": slow(b"250-")}),
        (Fate.UNKNOWN,),
        True,
        True,
    ),
    Hostile(
        "an endless answer to the letter",
        answering({".": endless(b"250-", _LINE)}),
        (Fate.UNKNOWN,),
    ),
    Hostile("neither yes nor no to the letter", answering({".": b"PERHAPS\r\n"}), (Fate.UNKNOWN,)),
    Hostile("354 to the letter", answering({".": b"354 go on\r\n"}), (Fate.UNKNOWN,)),
    Hostile(
        "going down after the letter",
        answering({".": last_words(b"421 4.3.2 bye\r\n")}),
        (Fate.WAITING, Fate.UNKNOWN),
    ),
)

TAKEN: Final = (
    Hostile(
        "an answer in pieces",
        answering({".": in_pieces(b"250-2.0.0 well\r\n250 2.0.0 ok\r\n")}),
        (Fate.SENT,),
    ),
    Hostile("an answer without words", answering({".": in_pieces(b"250\r\n")}), (Fate.SENT,)),
    Hostile(
        "an answer that ends with LF",
        answering({".": in_pieces(b"250 ok\n")}),
        (Fate.SENT, Fate.UNKNOWN),
    ),
    Hostile(
        "takes it, says so and leaves", answering({".": taking(b"250 2.0.0 ok\r\n")}), (Fate.SENT,)
    ),
    Hostile("leaves after QUIT", answering({"QUIT": None}), (Fate.SENT,)),
    Hostile("silence after QUIT", answering({"QUIT": silent}), (Fate.SENT,), True, True),
    Hostile("no to QUIT", answering({"QUIT": b"500 no\r\n"}), (Fate.SENT,)),
    Hostile(
        "an endless answer to QUIT", answering({"QUIT": endless(b"221-", _LINE)}), (Fate.SENT,)
    ),
    Hostile("no ability but AUTH", answering({}, capabilities=("AUTH PLAIN",)), (Fate.SENT,)),
    Hostile("AUTH LOGIN alone", answering({}, capabilities=("AUTH LOGIN",)), (Fate.SENT,)),
    Hostile(
        "AUTH as it was written once",
        answering({}, capabilities=("AUTH=PLAIN LOGIN", "AUTH LOGIN")),
        (Fate.SENT,),
    ),
    Hostile(
        "abilities in small letters",
        answering({}, capabilities=("pipelining", "auth plain")),
        (Fate.SENT,),
    ),
    Hostile(
        "abilities of noise",
        answering(
            {},
            capabilities=(
                "",
                "=",
                "SIZE x",
                "SIZE -1",
                "SIZE 99999999999999999999999",
                "X\x1b[2J",
                "AUTH",
                "AUTH PLAIN",
            ),
        ),
        (Fate.SENT,),
    ),
    Hostile(
        "a greeting of many lines",
        answering({}, greeting=b"220-a\r\n220-\r\n220 c\r\n"),
        (Fate.SENT,),
    ),
    Hostile("a greeting without words", answering({}, greeting=b"220\r\n"), (Fate.SENT,)),
    Hostile(
        "MAIL and RCPT in many lines",
        answering(
            {
                "MAIL": lambda s, a: (s.server.properly(s, f"MAIL {a}") or b"").replace(
                    b"250 ", b"250-2.1.0 x\r\n250 "
                )
            }
        ),
        (Fate.SENT,),
    ),
)

ALL: Final = BEFORE_LOGIN + AT_LOGIN + IN_TRANSACTION + AFTER_THE_LETTER + TAKEN
