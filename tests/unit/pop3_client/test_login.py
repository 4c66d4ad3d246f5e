"""SASL exchanges and APOP, against our own mechanisms and against transcripts of providers."""

from __future__ import annotations

import pytest

from hato.core.secret import Secret
from hato.protocols.pop3.client_apop import make_apop
from hato.protocols.pop3.client_events import Challenge, Event, Ok, Refused
from hato.protocols.pop3.client_login import SaslLogin
from hato.protocols.pop3.commands import Apop, AuthCancel
from hato.protocols.sasl.bearer import OAuthBearerClient, TokenRefusal, XOAuth2Client
from hato.protocols.sasl.cram_md5 import CramMd5Client
from hato.protocols.sasl.exchange import InitialResponse, decode_base64
from hato.protocols.sasl.login import LoginClient
from hato.protocols.sasl.plain import PlainClient
from hato.protocols.sasl.scram_client import ScramClient
from hato.protocols.sasl.scram_keys import derive_keys
from hato.protocols.sasl.scram_messages import to_base64
from hato.protocols.sasl.scram_server import ScramServer
from hato.protocols.sasl.steps import Challenge as Step
from hato.protocols.sasl.steps import KeysWanted, Proven, Reason
from tests.unit.pop3_client.dialogue import Dialogue

SECRET = Secret("secret")
TOKEN = Secret("t" * 40)


class Exchange:
    """A client that logs in; `said` is what it wrote last."""

    def __init__(self, login: SaslLogin) -> None:
        self.login = login
        self.dialogue = Dialogue()
        self.dialogue.greet()
        auth = login.begin()
        assert auth is not None
        self.said = self.dialogue.ask(auth)

    def hear(self, line: str) -> list[Event]:
        """Let the server say a line; a challenge is answered."""
        events = self.dialogue.hear(line)
        for event in events:
            if isinstance(event, Challenge):
                self.said = self.dialogue.ask(self.login.answer(event))
        return events

    @property
    def is_in(self) -> bool:
        return self.dialogue.machine.is_logged_in and self.login.is_proven


def test_plain_in_one_line() -> None:
    """RFC 5034 §6."""
    exchange = Exchange(SaslLogin("PLAIN", PlainClient("test", Secret("test"))))
    assert exchange.said == "AUTH PLAIN AHRlc3QAdGVzdA=="
    exchange.hear("+OK Maildrop locked and ready")
    assert exchange.is_in


def test_plain_in_two_lines() -> None:
    """RFC 5034 §6."""
    client = PlainClient("test", Secret("test"))
    exchange = Exchange(SaslLogin("PLAIN", client, InitialResponse.NEVER))
    assert exchange.said == "AUTH PLAIN"
    assert not exchange.login.is_proven
    exchange.hear("+ ")
    assert exchange.said == "AHRlc3QAdGVzdA=="
    exchange.hear("+OK Maildrop locked and ready")
    assert exchange.is_in


@pytest.mark.parametrize("octets", range(170, 190))
def test_a_first_response_stands_on_the_line_where_it_fits(octets: int) -> None:
    client = PlainClient("ada", Secret("x" * (octets - 5)))
    exchange = Exchange(SaslLogin("PLAIN", client))
    whole = f"AUTH PLAIN {to_base64(b'x' * octets).decode()}"
    if len(whole) + 2 <= 255:
        assert len(exchange.said) == len(whole)
    else:
        assert exchange.said == "AUTH PLAIN"


def test_a_line_of_255_octets_is_one_line_and_no_longer_one() -> None:
    for octets, is_one_line in ((157, True), (158, False)):
        client = XOAuth2Client("ada", Secret("t" * octets))
        said = Exchange(SaslLogin("XOAUTH2", client)).said
        assert len(said) + 2 == (255 if is_one_line else len("AUTH XOAUTH2\r\n"))


def test_a_token_is_too_long_for_one_line_unless_that_is_wanted() -> None:
    token = Secret("t" * 1500)
    assert Exchange(SaslLogin("XOAUTH2", XOAuth2Client("ada", token))).said == "AUTH XOAUTH2"
    client = XOAuth2Client("ada", token)
    said = Exchange(SaslLogin("XOAUTH2", client, InitialResponse.ALWAYS)).said
    assert said.startswith("AUTH XOAUTH2 dXNlcj1hZGEB")
    assert len(said) > 2000


def test_xoauth2_as_exchange_wants_it() -> None:
    client = XOAuth2Client("ada", TOKEN)
    exchange = Exchange(SaslLogin("XOAUTH2", client, InitialResponse.NEVER))
    assert exchange.said == "AUTH XOAUTH2"
    exchange.hear("+ ")
    token = b"user=ada\x01auth=Bearer " + TOKEN.reveal() + b"\x01\x01"
    assert decode_base64(exchange.said.encode()) == token
    exchange.hear("+OK User successfully authenticated.")
    assert exchange.is_in


def test_a_refused_token_is_acknowledged_and_explained() -> None:
    for client, acknowledgement in (
        (XOAuth2Client("ada", TOKEN), ""),
        (OAuthBearerClient("ada", TOKEN, host="pop.example.org", port=995), "AQ=="),
    ):
        exchange = Exchange(SaslLogin("X", client))
        error = to_base64(b'{"status":"invalid_token","scope":"mail"}').decode()
        exchange.hear(f"+ {error}")
        assert exchange.said == acknowledgement
        (refused,) = exchange.hear("-ERR [AUTH] no")
        assert isinstance(refused, Refused)
        assert client.refusal == TokenRefusal("invalid_token", "mail")


def test_login_answers_by_order() -> None:
    exchange = Exchange(SaslLogin("LOGIN", LoginClient("ada", SECRET)))
    assert exchange.said == "AUTH LOGIN"
    exchange.hear("+ VXNlcm5hbWU6")
    assert exchange.said == "YWRh"
    exchange.hear("+ UGFzc3dvcmQ6")
    assert exchange.said == "c2VjcmV0"
    exchange.hear("+OK")
    assert exchange.is_in


def test_cram_md5() -> None:
    client = CramMd5Client("tim", Secret("tanstaaftanstaaf"))
    exchange = Exchange(SaslLogin("CRAM-MD5", client))
    exchange.hear("+ PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+")
    assert exchange.said == "dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw"


@pytest.mark.parametrize("initial", list(InitialResponse))
@pytest.mark.parametrize("binding", [None, b"b" * 32])
def test_scram_with_our_own_server(initial: InitialResponse, binding: bytes | None) -> None:
    server = ScramServer(channel_binding=binding, is_plus=binding is not None)
    client = ScramClient(
        "ada", SECRET, nonce="abc", channel_binding=binding, is_plus=binding is not None
    )
    exchange = Exchange(SaslLogin("SCRAM-SHA-256-PLUS", client, initial))
    words = exchange.said.split(" ")
    response = None if len(words) == 2 else decode_base64(words[2].encode())
    step = server.step(response)
    while not isinstance(step, Proven):
        if isinstance(step, KeysWanted):
            step = server.offer([derive_keys(b"secret", b"salt", 4096)], b"salt", 4096, "xyz")
        assert isinstance(step, Step)
        assert not exchange.login.is_proven
        exchange.hear(f"+ {to_base64(step.data).decode()}")
        step = server.step(decode_base64(exchange.said.encode()))
    exchange.hear("+OK")
    assert exchange.is_in


def test_a_yes_of_a_server_that_has_not_proven_itself_is_not_believed() -> None:
    client = ScramClient("ada", SECRET, nonce="abc")
    exchange = Exchange(SaslLogin("SCRAM-SHA-256", client))
    (event,) = exchange.hear("+OK welcome")
    assert isinstance(event, Ok)
    assert not exchange.login.is_proven


@pytest.mark.parametrize("challenge", ["+ not base64", "+ =AAA", "+ YWJj", "+ e30="])
def test_a_challenge_that_does_not_fit_ends_the_exchange(challenge: str) -> None:
    exchange = Exchange(SaslLogin("PLAIN", PlainClient("ada", SECRET), InitialResponse.NEVER))
    exchange.hear(challenge)
    assert exchange.said == "*"
    assert exchange.login.refusal is Reason.MALFORMED
    (refused,) = exchange.hear("-ERR cancelled")
    assert isinstance(refused, Refused)
    assert not exchange.login.is_proven


def test_a_mechanism_that_gives_up_cancels() -> None:
    login = SaslLogin("LOGIN", LoginClient("ada", SECRET))
    auth = login.begin()
    assert auth is not None
    challenge = Challenge(auth, b"", b"+ ")
    login.answer(challenge)
    login.answer(challenge)
    assert login.answer(challenge) == AuthCancel()
    assert not login.is_proven


def test_what_cannot_be_said_is_not_begun() -> None:
    login = SaslLogin("PLAIN", PlainClient("a\x07", SECRET))
    assert login.begin() is None
    assert login.refusal is Reason.UNPREPARABLE


def test_apop() -> None:
    """RFC 1939 §7."""
    dialogue = Dialogue()
    dialogue.hear("+OK POP3 server ready <1896.697170952@dbc.mtview.ca.us>")
    stamp = dialogue.machine.stamp
    assert stamp is not None
    apop = make_apop("mrose", Secret("tanstaaf"), stamp)
    assert apop is not None
    assert dialogue.ask(apop) == "APOP mrose c4c9334bac560ecc979e58001b3e22fb"
    assert dialogue.hear("+OK") == [Ok(apop, "", b"+OK")]
    assert dialogue.machine.is_logged_in


def test_without_a_stamp_there_is_no_apop() -> None:
    dialogue = Dialogue()
    dialogue.greet()
    assert not dialogue.machine.may_send(Apop("ada", bytes(16)))


def test_apop_prepares_what_people_type() -> None:
    stamp = b"<1.2@mx>"
    plain = make_apop("ada", Secret("pässword"), stamp)
    assert plain == make_apop("a\u00adda", Secret("pa\u0308ssword"), stamp)
    for name, secret in (
        ("a\x07", b"x"),
        ("ada", b"\xff"),
        ("", b"x"),
        ("ada", b""),
        ("ada", "\u0221".encode()),
    ):
        assert make_apop(name, Secret(secret), stamp) is None
