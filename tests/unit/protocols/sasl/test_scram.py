"""SCRAM-SHA-256, both sides: the published exchange, a second implementation, and bad input."""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import NamedTuple

import pytest
import scramp  # type: ignore[import-untyped]  # it comes without types
from hypothesis import given, settings
from hypothesis import strategies as st

from hato.core.secret import Secret
from hato.protocols.sasl import scram_messages
from hato.protocols.sasl.scram_client import ScramClient
from hato.protocols.sasl.scram_keys import derive_keys
from hato.protocols.sasl.scram_server import ScramServer
from hato.protocols.sasl.steps import (
    Challenge,
    KeysWanted,
    Proven,
    Reason,
    Refused,
    ServerStep,
)

# RFC 7677 §3
CLIENT_NONCE = "rOprNGfwEbeRWgbNEkqO"
SERVER_NONCE = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
SALT = b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
CLIENT_FIRST = b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
SERVER_FIRST = (
    b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
)
CLIENT_FINAL = (
    b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
    b"p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
)
SERVER_FINAL = b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="

PENCIL = derive_keys(b"pencil", SALT, 4096)
RUBBER = derive_keys(b"rubber", SALT, 4096)
BINDING = hashlib.sha256(b"channel").digest()


class Ended(NamedTuple):
    """How an exchange between our two sides ended."""

    server: ServerStep
    is_client_satisfied: bool


def server_at_final(
    first: bytes = CLIENT_FIRST, *, binding: bytes | None = None, is_plus: bool = False
) -> ScramServer:
    """Return a server that waits for the client's second message."""
    server = ScramServer(channel_binding=binding, is_plus=is_plus)
    assert isinstance(server.step(first), KeysWanted)
    server.offer([RUBBER, PENCIL], SALT, 4096, SERVER_NONCE)
    return server


def converse(client: ScramClient, server: ScramServer) -> Ended:
    """Let our client and our server talk until one of them is done."""
    step = server.step(None)
    while True:
        if isinstance(step, KeysWanted):
            step = server.offer([PENCIL], SALT, 4096, "server")
        if not isinstance(step, Challenge):
            return Ended(step, client.is_satisfied)
        response = client.step(step.data)
        if isinstance(response, Refused):
            return Ended(response, client.is_satisfied)
        step = server.step(response)


def test_the_server_holds_the_published_exchange() -> None:
    server = ScramServer(channel_binding=None, is_plus=False)
    assert server.step(None) == Challenge(b"")
    assert server.step(CLIENT_FIRST) == KeysWanted("user", "")
    assert server.offer([PENCIL], SALT, 4096, SERVER_NONCE) == Challenge(SERVER_FIRST)
    assert server.step(CLIENT_FINAL) == Challenge(SERVER_FINAL)
    assert server.step(b"") == Proven(0)


def test_the_client_holds_the_published_exchange() -> None:
    client = ScramClient("user", Secret("pencil"), nonce=CLIENT_NONCE)
    assert client.step(b"") == CLIENT_FIRST
    assert client.step(SERVER_FIRST) == CLIENT_FINAL
    assert not client.is_satisfied
    assert client.step(SERVER_FINAL) == b""
    assert client.is_satisfied


def test_another_implementation_derives_the_same_keys() -> None:
    mechanism = scramp.ScramMechanism()
    salt, stored_key, server_key, iterations = mechanism.make_auth_info(
        "pencil", iteration_count=4096, salt=SALT
    )
    assert (salt, iterations) == (SALT, 4096)
    assert (PENCIL.stored_key, PENCIL.server_key) == (stored_key, server_key)


def test_another_implementation_of_the_client_is_let_in() -> None:
    other = scramp.ScramClient(["SCRAM-SHA-256"], "us=er,", "pencil")
    server = ScramServer(channel_binding=None, is_plus=False)
    assert server.step(other.get_client_first().encode()) == KeysWanted("us=er,", "")
    other.set_server_first(server.offer([PENCIL], SALT, 4096, "abc").data.decode())
    final = server.step(other.get_client_final().encode())
    assert isinstance(final, Challenge)
    other.set_server_final(final.data.decode())
    assert server.step(b"") == Proven(0)


def test_another_implementation_of_the_server_lets_our_client_in() -> None:
    mechanism = scramp.ScramMechanism()
    info = mechanism.make_auth_info("pencil", iteration_count=4096)
    other = mechanism.make_server({"user": info}.__getitem__)
    client = ScramClient("user", Secret("pencil"), nonce="abcdef")
    challenge = b""
    for send, receive in (
        (other.set_client_first, other.get_server_first),
        (other.set_client_final, other.get_server_final),
    ):
        response = client.step(challenge)
        assert isinstance(response, bytes)
        send(response.decode())
        challenge = receive().encode()
    assert client.step(challenge) == b""
    assert client.is_satisfied


def test_every_key_of_the_person_is_tried() -> None:
    server = server_at_final()
    assert server.step(CLIENT_FINAL) == Challenge(SERVER_FINAL)
    assert server.step(b"") == Proven(1)


def test_the_two_sides_agree_with_and_without_binding() -> None:
    password = Secret("pencil")
    for binding, is_plus in ((None, False), (BINDING, True)):
        client = ScramClient("user", password, nonce="c", channel_binding=binding, is_plus=is_plus)
        server = ScramServer(channel_binding=binding, is_plus=is_plus)
        assert converse(client, server) == Ended(Proven(0), is_client_satisfied=True)


def test_a_man_in_the_middle_is_noticed_by_the_binding() -> None:
    client = ScramClient(
        "user", Secret("pencil"), nonce="c", channel_binding=b"his channel", is_plus=True
    )
    server = ScramServer(channel_binding=BINDING, is_plus=True)
    assert converse(client, server) == Ended(
        Refused(Reason.BINDING_DIFFERS), is_client_satisfied=False
    )


def test_a_removed_plus_is_noticed() -> None:
    client = ScramClient("user", Secret("pencil"), nonce="c", channel_binding=BINDING)
    server = ScramServer(channel_binding=BINDING, is_plus=False)
    assert converse(client, server).server == Refused(Reason.DOWNGRADED)


def test_a_client_that_could_bind_is_let_in_where_we_cannot() -> None:
    client = ScramClient("user", Secret("pencil"), nonce="c", channel_binding=BINDING)
    server = ScramServer(channel_binding=None, is_plus=False)
    assert converse(client, server).server == Proven(0)


@pytest.mark.parametrize(
    ("first", "binding", "is_plus"),
    [
        (b"p=tls-exporter,,n=user,r=abc", None, False),
        (b"p=tls-exporter,,n=user,r=abc", None, True),
        (b"p=tls-exporter,,n=user,r=abc", BINDING, False),
        (b"p=tls-unique,,n=user,r=abc", BINDING, True),
        (b"n,,n=user,r=abc", BINDING, True),
        (b"y,,n=user,r=abc", BINDING, True),
    ],
)
def test_a_binding_that_does_not_suit_the_mechanism_is_refused(
    first: bytes, binding: bytes | None, is_plus: bool
) -> None:
    server = ScramServer(channel_binding=binding, is_plus=is_plus)
    assert server.step(first) == Refused(Reason.BINDING_UNSUPPORTED)


@pytest.mark.parametrize(
    "first",
    [
        b"",
        b"n",
        b"n,,",
        b"n,,n=user",
        b"n,,n=,r=abc",
        b"n,,n=user,r=",
        b"n,,r=abc,n=user",
        b"x,,n=user,r=abc",
        b"N,,n=user,r=abc",
        b"p=,,n=user,r=abc",
        b"p=tls_unique,,n=user,r=abc",
        b"n,user,n=user,r=abc",
        b"n,a=,n=user,r=abc",
        b"n,,n=us=er,r=abc",
        b"n,,n=us=2cer,r=abc",
        b"n,,n=user,r=a c",
        b"n,,n=user,r=\xc3\xa9",
        b"n,,n=us\x00er,r=abc",
        b"n,,n=us\xffer,r=abc",
        b"n,,n=user,r=abc,",
        b"n,,n=user,r=abc,1=x",
        b"n,,n=user,r=abc,x=",
    ],
)
def test_a_first_message_outside_the_grammar_is_refused(first: bytes) -> None:
    server = ScramServer(channel_binding=None, is_plus=False)
    assert server.step(first) == Refused(Reason.MALFORMED)


def test_a_mandatory_extension_is_refused_and_an_optional_one_ignored() -> None:
    mandatory = ScramServer(channel_binding=None, is_plus=False)
    assert mandatory.step(b"n,,m=x,n=user,r=abc") == Refused(Reason.UNKNOWN_EXTENSION)
    optional = ScramServer(channel_binding=None, is_plus=False)
    assert optional.step(b"n,a=boss,n=us=2C=3Der,r=abc,x=y=z") == KeysWanted("us,=er", "boss")


FINAL_NONCE = CLIENT_FINAL.split(b",")[1]
PROOF = CLIENT_FINAL.split(b",")[2]


@pytest.mark.parametrize(
    ("final", "reason"),
    [
        (b"", Reason.MALFORMED),
        (b"c=biws," + FINAL_NONCE, Reason.MALFORMED),
        (b"c=," + FINAL_NONCE + b"," + PROOF, Reason.MALFORMED),
        (b"c=biws,r=other," + PROOF, Reason.MALFORMED),
        (b"c=biw," + FINAL_NONCE + b"," + PROOF, Reason.MALFORMED),
        (b"c=biws==," + FINAL_NONCE + b"," + PROOF, Reason.MALFORMED),
        (b"c=biws," + FINAL_NONCE + b",p=*", Reason.MALFORMED),
        (b"c=biws," + FINAL_NONCE + b"," + PROOF + b",x=y", Reason.MALFORMED),
        (b"c=biws," + FINAL_NONCE + b",m=x," + PROOF, Reason.UNKNOWN_EXTENSION),
        (b"c=eSws," + FINAL_NONCE + b"," + PROOF, Reason.BINDING_DIFFERS),
        (b"c=biwsYQ==," + FINAL_NONCE + b"," + PROOF, Reason.BINDING_DIFFERS),
        (b"c=biws," + FINAL_NONCE + b",p=" + b64encode(bytes(32)), Reason.WRONG_PROOF),
        (b"c=biws," + FINAL_NONCE + b",p=" + b64encode(bytes(31)), Reason.WRONG_PROOF),
        (b"c=biws," + FINAL_NONCE + b",x=y," + PROOF, Reason.WRONG_PROOF),
    ],
)
def test_a_final_message_must_fit_in_every_part(final: bytes, reason: Reason | None) -> None:
    step = server_at_final().step(final)
    assert step == (Challenge(SERVER_FINAL) if reason is None else Refused(reason))


def test_a_longer_proof_does_not_fit() -> None:
    proof = b64decode(PROOF[2:]) + b"more"
    final = b"c=biws," + FINAL_NONCE + b",p=" + b64encode(proof)
    assert server_at_final().step(final) == Refused(Reason.WRONG_PROOF)


def test_nobody_proves_anything_where_there_are_no_keys() -> None:
    server = ScramServer(channel_binding=None, is_plus=False)
    server.step(CLIENT_FIRST)
    assert server.offer([], SALT, 4096, SERVER_NONCE) == Challenge(SERVER_FIRST)
    assert server.step(CLIENT_FINAL) == Refused(Reason.WRONG_PROOF)


def test_the_last_response_must_be_empty() -> None:
    server = server_at_final()
    server.step(CLIENT_FINAL)
    assert server.step(b"more") == Refused(Reason.MALFORMED)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (b"r=c1,s=QSXCR,i=4096", Reason.MALFORMED),
        (b"r=c1,s=,i=4096", Reason.MALFORMED),
        (b"r=c1,s=QSXC", Reason.MALFORMED),
        (b"r=c1,s=QSXC,i=", Reason.MALFORMED),
        (b"r=c1,s=QSXC,i=0", Reason.MALFORMED),
        (b"r=c1,s=QSXC,i=-4096", Reason.MALFORMED),
        (b"r=c1,s=QSXC,i=+4096", Reason.MALFORMED),
        (b"r=c1,s=QSXC,i=04096", Reason.MALFORMED),
        ("r=c1,s=QSXC,i=४०९६".encode(), Reason.MALFORMED),
        (b"m=x,r=c1,s=QSXC,i=4096", Reason.UNKNOWN_EXTENSION),
        (b"r=c1,s=QSXC,i=1", Reason.UNREASONABLE),
        (b"r=c1,s=QSXC,i=4095", Reason.UNREASONABLE),
        (b"r=c1,s=QSXC,i=5000001", Reason.UNREASONABLE),
        (b"r=c1,s=QSXC,i=" + b"9" * 5000, Reason.UNREASONABLE),
        (b"r=c,s=QSXC,i=4096", Reason.UNREASONABLE),
        (b"r=d1,s=QSXC,i=4096", Reason.UNREASONABLE),
        (b"\xff", Reason.MALFORMED),
    ],
)
def test_the_client_refuses_an_odd_or_unreasonable_server(message: bytes, reason: Reason) -> None:
    client = ScramClient("user", Secret("pencil"), nonce="c")
    client.step(b"")
    assert client.step(message) == Refused(reason)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (b"v=" + b64encode(bytes(32)), Reason.SERVER_UNPROVEN),
        (b"v=", Reason.MALFORMED),
        (b"", Reason.MALFORMED),
        (b"e=invalid-proof", Reason.SERVER_REFUSED),
        (SERVER_FINAL + b",m", Reason.MALFORMED),
    ],
)
def test_the_client_is_not_satisfied_by_a_server_without_the_keys(
    message: bytes, reason: Reason
) -> None:
    client = ScramClient("user", Secret("pencil"), nonce=CLIENT_NONCE)
    client.step(b"")
    client.step(SERVER_FIRST)
    assert client.step(message) == Refused(reason)
    assert not client.is_satisfied


def test_the_client_prepares_names_and_passwords() -> None:
    client = ScramClient("us\u00ader", Secret("pen\u00adcil"), nonce=CLIENT_NONCE)
    assert client.step(b"") == CLIENT_FIRST
    assert client.step(SERVER_FIRST) == CLIENT_FINAL
    for name, password in (("\x07", b"pw"), ("user", b"\x07"), ("user", b"\xff")):
        odd = ScramClient(name, Secret(password), nonce=CLIENT_NONCE)
        steps = [odd.step(b""), odd.step(SERVER_FIRST)]
        assert Refused(Reason.UNPREPARABLE) in steps


@settings(deadline=None)
@given(st.lists(st.none() | st.binary() | st.just(CLIENT_FIRST), max_size=4))
def test_no_octets_raise_at_the_server(responses: list[bytes | None]) -> None:
    server = ScramServer(channel_binding=None, is_plus=False)
    for response in responses:
        if isinstance(server.step(response), KeysWanted):
            server.offer([PENCIL], SALT, 4096, SERVER_NONCE)


@settings(deadline=None)
@given(st.binary(), st.binary())
def test_no_octets_raise_at_the_client(first: bytes, final: bytes) -> None:
    client = ScramClient("user", Secret("pencil"), nonce=CLIENT_NONCE)
    client.step(b"")
    client.step(first)
    client.step(final)
    assert not client.is_satisfied


CHARACTERS = st.sampled_from(list("npycrsivaem=,19+/ QSXC"))


@settings(deadline=None)
@given(st.lists(CHARACTERS).map("".join))
def test_no_near_miss_raises_in_any_reader(text: str) -> None:
    for read in (
        scram_messages.read_client_first,
        scram_messages.read_server_first,
        scram_messages.read_client_final,
        scram_messages.read_server_final,
    ):
        assert read(text.encode()) is not None


def test_a_server_that_was_given_no_keys_goes_no_further() -> None:
    server = ScramServer(channel_binding=None, is_plus=False)
    assert server.offer([PENCIL], SALT, 4096, SERVER_NONCE) == Challenge(b"")
    assert server.step(CLIENT_FIRST) == KeysWanted("user", "")
    assert server.step(CLIENT_FIRST) == Refused(Reason.MALFORMED)


@pytest.mark.parametrize(
    ("read", "message", "reason"),
    [
        (scram_messages.read_server_first, b"r=c1,s=QSXC,i=4096,x", Reason.MALFORMED),
        (scram_messages.read_client_final, b"c=biws,r=a,x,p=QSXC", Reason.MALFORMED),
    ],
)
def test_an_extension_has_a_letter_and_a_value(
    read: Callable[[bytes], object], message: bytes, reason: Reason
) -> None:
    assert read(message) == reason
