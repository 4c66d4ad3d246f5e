"""Whole conversations of an SMTP client, word for word."""

from __future__ import annotations

import pytest

from hato.core.secret import Secret
from hato.protocols.machine import Signal
from hato.protocols.sasl.exchange import Exchange, InitialResponse
from hato.protocols.sasl.login import LoginClient
from hato.protocols.sasl.plain import PlainClient
from hato.protocols.smtp.client_commands import (
    Auth,
    AuthCancel,
    AuthResponse,
    EndOfData,
    StartTls,
)
from hato.protocols.smtp.client_events import Challenge, Greeting, Replied
from hato.protocols.smtp.commands import BodyType, Mail, Quit, Rcpt, Rset
from tests.unit.smtp_client.dialogue import DATA, EHLO, MAIL, RCPT, Dialogue, codes

PIECES = pytest.mark.parametrize("piece_octets", [1, 3, 1 << 20])


@PIECES
def test_a_letter_for_one(piece_octets: int) -> None:
    """The scenario of RFC 5321 D.1, with EHLO's extensions."""
    dialogue = Dialogue(piece_octets=piece_octets)
    events = dialogue.play(
        """
        S: 220 foo.example.com Simple Mail Transfer Service Ready
        C: EHLO [127.0.0.1]
        S: 250-foo.example.com greets bar.example.com
        S: 250-8BITMIME
        S: 250-SIZE 1000
        S: 250-PIPELINING
        S: 250 HELP
        C: MAIL FROM:<ada@example.org> SIZE=500 BODY=8BITMIME
        S: 250 2.1.0 Ok
        C: RCPT TO:<bob@example.net>
        S: 250 2.1.5 Ok
        C: DATA
        S: 354 Start mail input; end with <CRLF>.<CRLF>
        """,
        [EHLO, Mail("ada@example.org", 500, BodyType.EIGHT_BIT_MIME), RCPT, DATA],
    )
    assert isinstance(events[0], Greeting)
    assert codes(events) == [250, 250, 250, 354]
    extensions = dialogue.machine.extensions
    assert extensions is not None
    assert (extensions.largest_octets, "8BITMIME" in extensions) == (1000, True)
    dialogue.machine.send_octets(b"Subject: x\r\n\r\n.one\r\n", [14])
    assert dialogue.said() == "Subject: x||..one"
    (answer, farewell) = dialogue.play(
        """
        C: .
        S: 250 2.0.0 Queued as 12345
        C: QUIT
        S: 221 2.0.0 Bye
        """,
        [EndOfData(), Quit()],
    )
    assert isinstance(answer, Replied)
    assert (answer.reply.enhanced, answer.reply.lines) == ("2.0.0", ("Queued as 12345",))
    assert answer.reply.words == "250 2.0.0 Queued as 12345"
    assert isinstance(farewell, Replied)
    assert dialogue.signal is Signal.CLOSED


@PIECES
def test_recipients_run_ahead_and_are_answered_each(piece_octets: int) -> None:
    """RFC 2920 §3.1: MAIL and RCPT in one go; the answers come in their order."""
    dialogue = Dialogue(piece_octets=piece_octets)
    dialogue.greet("PIPELINING")
    names = ["a@example.net", "b@example.net", "c@example.net"]
    machine = dialogue.machine
    machine.send(MAIL)
    for name in names:
        machine.send(Rcpt(name))
    assert not machine.may_send(DATA)
    assert dialogue.said() == (
        "MAIL FROM:<ada@example.org>"
        "|RCPT TO:<a@example.net>|RCPT TO:<b@example.net>|RCPT TO:<c@example.net>"
    )
    events = dialogue.hear("250 ok", "250 ok", "550 5.1.1 no such user", "452 4.5.3 too many")
    answers = [(event.command, event.reply.code) for event in events if isinstance(event, Replied)]
    assert answers == [
        (MAIL, 250),
        (Rcpt(names[0]), 250),
        (Rcpt(names[1]), 550),
        (Rcpt(names[2]), 452),
    ]
    assert machine.may_send(DATA)


def test_without_pipelining_nothing_runs_ahead() -> None:
    dialogue = Dialogue()
    dialogue.greet("SIZE 0")
    dialogue.machine.send(MAIL)
    assert not dialogue.machine.may_send(RCPT)
    dialogue.hear("250 ok")
    assert dialogue.machine.may_send(RCPT)


def test_a_refused_sender_leaves_no_transaction() -> None:
    dialogue = Dialogue()
    dialogue.greet("PIPELINING")
    dialogue.machine.send(MAIL)
    dialogue.machine.send(RCPT)
    assert codes(dialogue.hear("550 5.7.1 not yours", "503 5.5.1 MAIL first")) == [550, 503]
    assert not dialogue.machine.may_send(DATA)
    assert dialogue.machine.may_send(MAIL)


def test_rset_begins_anew() -> None:
    dialogue = Dialogue()
    dialogue.greet()
    events = dialogue.play(
        """
        C: MAIL FROM:<ada@example.org>
        S: 250 ok
        C: RCPT TO:<bob@example.net>
        S: 450 4.2.1 busy
        C: RSET
        S: 250 ok
        C: MAIL FROM:<ada@example.org>
        S: 250 ok
        """,
        [MAIL, RCPT, Rset(), MAIL],
    )
    assert codes(events) == [250, 450, 250, 250]


def test_starttls_and_everything_anew() -> None:
    """RFC 3207 §4.2: what was said before is forgotten, and EHLO is said again."""
    dialogue = Dialogue(is_encrypted=False)
    dialogue.greet("STARTTLS", "AUTH PLAIN")
    machine = dialogue.machine
    assert not machine.may_send(Auth("PLAIN"))
    dialogue.play(
        """
        C: STARTTLS
        S: 220 2.0.0 Ready to start TLS
        """,
        [StartTls()],
    )
    assert dialogue.signal is Signal.START_TLS
    machine.tls_established()
    assert not machine.may_send(MAIL)
    assert dialogue.mechanisms() == ()
    machine.send(EHLO)
    assert dialogue.said() == "EHLO [127.0.0.1]"
    dialogue.hear("250-mail.example.org", "250 AUTH PLAIN LOGIN")
    assert dialogue.mechanisms() == ("PLAIN", "LOGIN")
    assert machine.may_send(Auth("PLAIN"))
    assert not machine.may_send(StartTls())


def exchange(client: PlainClient | LoginClient, name: str) -> Exchange:
    return Exchange(name, client, InitialResponse.WHERE_IT_FITS, 12_288)


def test_auth_plain_in_one_line() -> None:
    """RFC 4954 §4.1."""
    dialogue = Dialogue()
    dialogue.greet("AUTH PLAIN")
    login = exchange(PlainClient("test", Secret("1234")), "PLAIN")
    first = login.open()
    assert first is not None
    events = dialogue.play(
        """
        C: AUTH PLAIN AHRlc3QAMTIzNA==
        S: 235 2.7.0 Authentication successful
        """,
        [Auth("PLAIN", Secret(first))],
    )
    assert codes(events) == [235]
    assert login.is_proven
    assert dialogue.machine.may_send(MAIL)


def test_auth_login_in_steps() -> None:
    dialogue = Dialogue()
    dialogue.greet("AUTH=LOGIN")
    assert dialogue.machine.extensions is not None
    assert dialogue.machine.extensions.mechanisms == ("LOGIN",)
    (first,) = dialogue.play("C: AUTH LOGIN\nS: 334 VXNlcm5hbWU6", [Auth("LOGIN")])
    assert first == Challenge(b"Username:")
    assert not dialogue.machine.may_send(MAIL)
    (second, done) = dialogue.play(
        """
        C: dGVzdA==
        S: 334 UGFzc3dvcmQ6
        C: MTIzNA==
        S: 535 5.7.8 Authentication credentials invalid
        """,
        [AuthResponse(Secret("test")), AuthResponse(Secret("1234"))],
    )
    assert second == Challenge(b"Password:")
    assert isinstance(done, Replied)
    assert (done.reply.code, done.reply.enhanced) == (535, "5.7.8")
    assert dialogue.machine.may_send(Auth("PLAIN"))


def test_a_challenge_that_is_no_base64_is_cancelled() -> None:
    dialogue = Dialogue()
    dialogue.greet("AUTH PLAIN")
    (challenge,) = dialogue.play("C: AUTH PLAIN\nS: 334 ???", [Auth("PLAIN")])
    assert challenge == Challenge(None)
    assert codes(dialogue.play("C: *\nS: 501 5.7.0 cancelled", [AuthCancel()])) == [501]


@pytest.mark.parametrize(
    ("letter", "said"),
    [
        (b"", "."),
        (b"one\r\n", "one|."),
        (b"one", "one|."),
        (b"one\r", "one\r|."),
        (b".\r\n", "..|."),
    ],
    ids=repr,
)
def test_the_end_stands_on_a_line_of_its_own(letter: bytes, said: str) -> None:
    dialogue = Dialogue()
    dialogue.greet()
    dialogue.play(
        "C: MAIL FROM:<ada@example.org>\nS: 250 ok\nC: RCPT TO:<bob@example.net>\nS: 250 ok"
        "\nC: DATA\nS: 354 go",
        [MAIL, RCPT, DATA],
    )
    dialogue.machine.send_octets(letter, [0] if letter.startswith(b".") else [])
    dialogue.machine.send(EndOfData())
    assert dialogue.said() == said
