"""Whole conversations as they stand on the wire: C: is what our client says, S: a server."""

from __future__ import annotations

from collections.abc import Sequence

from hato.core.ids import MessageNumber
from hato.core.secret import Secret
from hato.protocols.machine import Signal
from hato.protocols.pop3.client_apop import make_apop
from hato.protocols.pop3.client_events import (
    BodyEnd,
    CapabilityList,
    Challenge,
    ConversationBroken,
    DropListing,
    Event,
    Fault,
    LanguageList,
    ListingEnd,
    Ok,
    Refused,
    ScanRows,
    UniqueIdRows,
)
from hato.protocols.pop3.client_login import SaslLogin
from hato.protocols.pop3.commands import (
    Capa,
    Command,
    Dele,
    Lang,
    List,
    Quit,
    Retr,
    Stat,
    Stls,
    Uidl,
    UserPass,
)
from hato.protocols.sasl.bearer import XOAuth2Client
from hato.protocols.sasl.plain import PlainClient
from tests.unit.pop3_client.dialogue import Dialogue

ONE, TWO, THREE = MessageNumber(1), MessageNumber(2), MessageNumber(3)


def play(
    script: str,
    questions: Sequence[Command | SaslLogin],
    *,
    is_encrypted: bool = False,
    may_log_in_plainly: bool = False,
) -> tuple[Dialogue, list[Event]]:
    """Let a server say the lines of S: and see the client say those of C:.

    The client asks the next question where the script has a C: and it has nothing to say yet; a
    SaslLogin among the questions answers challenges. `TLS` shakes hands, `CUT` ends it.
    """
    dialogue = Dialogue(is_encrypted=is_encrypted, may_log_in_plainly=may_log_in_plainly)
    waiting = list(questions)
    pending: list[str] = []
    events: list[Event] = []
    login: SaslLogin | None = None
    for line in (one.strip() for one in script.strip().splitlines()):
        pending += [said for said in dialogue.said().split("|") if said]
        if line == "TLS":
            assert dialogue.signal is Signal.START_TLS
            dialogue.machine.tls_established()
        elif line == "CUT":
            events += dialogue.hear_end()
        elif line.startswith("S:"):
            heard = dialogue.hear(line[2:].removeprefix(" "))
            events += heard
            if heard and isinstance(heard[-1], Challenge) and login is not None:
                dialogue.machine.send(login.answer(heard[-1]))
        else:
            if not pending:
                question = waiting.pop(0)
                if isinstance(question, SaslLogin):
                    login = question
                    auth = login.begin()
                    assert auth is not None
                    question = auth
                pending += dialogue.ask(question).split("|")
            assert pending.pop(0) == line[2:].removeprefix(" ")
    assert pending == []
    assert waiting == []
    return dialogue, events


def test_the_session_of_rfc_1939() -> None:
    """RFC 1939 §10."""
    apop = make_apop("mrose", Secret("tanstaaf"), b"<1896.697170952@dbc.mtview.ca.us>")
    assert apop is not None
    _, events = play(
        """
        S: +OK POP3 server ready <1896.697170952@dbc.mtview.ca.us>
        C: APOP mrose c4c9334bac560ecc979e58001b3e22fb
        S: +OK mrose's maildrop has 2 messages (320 octets)
        C: STAT
        S: +OK 2 320
        C: LIST
        S: +OK 2 messages (320 octets)
        S: 1 120
        S: 2 200
        S: .
        C: RETR 1
        S: +OK 120 octets
        S: <the POP3 server sends message 1>
        S: .
        C: DELE 1
        S: +OK message 1 deleted
        C: QUIT
        S: +OK dewey POP3 server signing off (maildrop empty)
        """,
        [apop, Stat(), List(), Retr(ONE), Dele(ONE), Quit()],
        may_log_in_plainly=True,
    )
    assert DropListing(Stat(), 2, 320) in events
    rows = [row for event in events if isinstance(event, ScanRows) for row in event.rows]
    assert rows == [(ONE, 120), (TWO, 200)]
    assert isinstance(events[-1], Ok)


def test_stls_and_auth_of_rfc_5034() -> None:
    """RFC 5034 §6."""
    dialogue, events = play(
        """
        S: +OK pop.example.com BlurdyBlurp POP3 server ready
        C: CAPA
        S: +OK List of capabilities follows
        S: SASL DIGEST-MD5 GSSAPI ANONYMOUS
        S: STLS
        S: IMPLEMENTATION BlurdyBlurp POP3 server
        S: .
        C: STLS
        S: +OK Begin TLS negotiation now
        TLS
        C: CAPA
        S: +OK List of capabilities follows
        S: SASL PLAIN DIGEST-MD5 GSSAPI ANONYMOUS
        S: IMPLEMENTATION BlurdyBlurp POP3 server
        S: .
        C: AUTH PLAIN dGVzdAB0ZXN0AHRlc3Q=
        S: +OK Maildrop locked and ready
        """,
        [Capa(), Stls(), Capa(), SaslLogin("PLAIN", PlainClient("test", Secret("test"), "test"))],
    )
    first, second = [e.capabilities for e in events if isinstance(e, CapabilityList)]
    assert "PLAIN" not in first.mechanisms
    assert "PLAIN" in second.mechanisms
    assert dialogue.machine.is_logged_in


def test_languages_of_rfc_6856() -> None:
    """RFC 6856 §3.3."""
    _, events = play(
        """
        S: +OK
        C: LANG MUL
        S: -ERR invalid language MUL
        C: LANG
        S: +OK Language listing follows:
        S: en English
        S: en-boont English Boontling dialect
        S: sv Svenska
        S: .
        C: LANG
        S: -ERR Server is unable to list languages
        C: LANG es
        S: +OK es Idioma cambiado
        """,
        [Lang("MUL"), Lang(), Lang(), Lang("es")],
    )
    assert events[2] == LanguageList(
        Lang(),
        (("en", "English"), ("en-boont", "English Boontling dialect"), ("sv", "Svenska")),
    )


def test_a_provider_that_takes_only_tokens() -> None:
    """A password is refused in words that can be shown; a token is taken in two lines."""
    token = SaslLogin("XOAUTH2", XOAuth2Client("ada", Secret("t" * 200)))
    dialogue, events = play(
        f"""
        S: +OK The POP3 service is ready. [TQBBAEkATAA=]
        C: USER ada
        S: +OK
        C: PASS secret
        S: -ERR Authentication failure: basic authentication is disabled.
        C: AUTH XOAUTH2
        S: +
        C: dXNlcj1hZGEBYXV0aD1CZWFyZXIg{"dHR0" * 66}dHQBAQ==
        S: +OK User successfully authenticated.
        """,
        [UserPass("ada", Secret("secret")), token],
        is_encrypted=True,
    )
    (refused,) = [event for event in events if isinstance(event, Refused)]
    assert refused.code is None
    assert refused.text == "Authentication failure: basic authentication is disabled."
    assert dialogue.machine.is_logged_in
    assert token.is_proven


def test_a_fetch_that_is_cut_off() -> None:
    _, events = play(
        """
        S: +OK
        C: USER ada
        S: +OK
        C: PASS secret
        S: +OK
        C: CAPA
        S: +OK
        S: PIPELINING
        S: .
        C: UIDL
        S: +OK
        S: 1 a
        S: 2 b
        S: 3 c
        S: .
        C: RETR 1
        C: RETR 2
        S: +OK
        S: one
        S: .
        C: RETR 3
        S: +OK
        S: two
        CUT
        """,
        [UserPass("ada", Secret("secret")), Capa(), Uidl(), Retr(ONE), Retr(TWO), Retr(THREE)],
        is_encrypted=True,
    )
    assert ListingEnd(Uidl()) in events
    rows = [row for event in events if isinstance(event, UniqueIdRows) for row in event.rows]
    assert rows == [(ONE, b"a"), (TWO, b"b"), (THREE, b"c")]
    assert [event.command for event in events if isinstance(event, BodyEnd)] == [Retr(ONE)]
    assert events[-1] == ConversationBroken(Fault.CUT_OFF)


def test_a_mailbox_in_use_and_a_server_that_says_goodbye() -> None:
    _, events = play(
        """
        S: +OK
        C: USER ada
        S: +OK
        C: PASS secret
        S: -ERR [IN-USE] Do you have another POP session running?
        S: -ERR [SYS/TEMP] Goodbye
        """,
        [UserPass("ada", Secret("secret"))],
        is_encrypted=True,
    )
    (refused,) = [event for event in events if isinstance(event, Refused)]
    assert refused.code == "IN-USE"
    assert events[-1] == ConversationBroken(Fault.SAID_GOODBYE, "SYS/TEMP", "Goodbye")
