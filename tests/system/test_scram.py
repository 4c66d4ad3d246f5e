"""SCRAM-SHA-256 over POP3 (RFC 5034 §4, RFC 5802 §5, RFC 7677 §3)."""

from __future__ import annotations

import base64
import unicodedata
from collections.abc import Callable

import pytest

from tests.system.fixtures import Connect
from tests.system.people import PeoplePool, Person
from tests.system.pop3 import Pop3Client, parse_status_line
from tests.system.scram import ScramClient, begin, encode, outcome, read_challenge

LEAST_ITERATIONS = 4096
"""RFC 7677 §3."""


@pytest.fixture
def pop3(connect: Connect) -> Pop3Client:
    return Pop3Client(connect("pop3s"))


def test_the_right_password_logs_in_and_the_server_proves_itself(
    pop3: Pop3Client, person: Person
) -> None:
    scram = ScramClient(person.address, person.password)
    begin(pop3, scram)
    pop3.send(encode(scram.final()))
    # POP3 has no room for data in +OK: the last message travels as a challenge (RFC 5034 §4).
    assert read_challenge(pop3) == f"v={scram.server_signature()}"
    pop3.expect_ok("")
    assert pop3.stat().count == 0


def test_without_initial_response_an_empty_challenge_comes_first(
    pop3: Pop3Client, person: Person
) -> None:
    scram = ScramClient(person.address, person.password)
    pop3.send("AUTH SCRAM-SHA-256")
    assert read_challenge(pop3) == ""
    pop3.send(encode(scram.first))
    scram.server_first = read_challenge(pop3)
    pop3.send(encode(scram.final()))
    assert outcome(pop3).ok


def test_a_client_that_believes_us_unable_to_bind_is_refused_where_we_offered_it(
    pop3: Pop3Client, person: Person
) -> None:
    """RFC 5802 §6: with `y` somebody has removed -PLUS from what the client saw, if we offer it."""
    offers_binding = "SCRAM-SHA-256-PLUS" in pop3.capabilities()["SASL"]
    scram = ScramClient(person.address, person.password, gs2_header="y,,")
    pop3.send(b"AUTH SCRAM-SHA-256 " + encode(scram.first))
    line = pop3.wire.read_line()
    if line.startswith(b"+ "):
        scram.server_first = base64.b64decode(line[2:-2], validate=True).decode()
        pop3.send(encode(scram.final()))
        assert outcome(pop3).ok is not offers_binding
    else:
        assert offers_binding
    assert pop3.command("STAT").ok is not offers_binding


def test_the_same_authorization_identity_is_let_in(pop3: Pop3Client, person: Person) -> None:
    scram = ScramClient(person.address, person.password, gs2_header=f"n,a={person.address},")
    begin(pop3, scram)
    pop3.send(encode(scram.final()))
    assert outcome(pop3).ok


def test_the_server_extends_the_nonce_and_names_salt_and_iterations(
    pop3: Pop3Client, person: Person
) -> None:
    scram = ScramClient(person.address, person.password)
    begin(pop3, scram)
    assert scram.full_nonce.startswith(scram.nonce)
    assert len(scram.full_nonce) >= len(scram.nonce) + 16
    assert scram.iterations >= LEAST_ITERATIONS
    assert len(base64.b64decode(scram.salt, validate=True)) >= 16


def test_each_exchange_has_its_own_nonce_and_the_same_salt(
    connect: Connect, person: Person
) -> None:
    exchanges = [ScramClient(person.address, person.password) for _ in range(2)]
    for scram in exchanges:
        begin(Pop3Client(connect("pop3s")), scram)
    assert exchanges[0].full_nonce != exchanges[1].full_nonce
    assert exchanges[0].salt == exchanges[1].salt


def test_an_unknown_name_looks_like_a_known_one(connect: Connect, new_person: Person) -> None:
    """Its salt must not change from try to try, nor its form differ from a real one."""
    known = ScramClient(new_person.address, "wrong")
    unknown = [ScramClient("nobody-at-all@example.org", "wrong") for _ in range(2)]
    clients = [Pop3Client(connect("pop3s")) for _ in range(3)]
    answers = []
    for scram, client in zip([known, *unknown], clients, strict=True):
        begin(client, scram)
        client.send(encode(scram.final()))
        answers.append(outcome(client).line)
    assert unknown[0].salt == unknown[1].salt
    assert unknown[0].iterations == known.iterations
    assert len(unknown[0].salt) == len(known.salt)
    assert len(set(answers)) == 1
    assert answers[0].startswith("-ERR")


Spoil = Callable[[ScramClient], str]


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda s: s.final(nonce=s.nonce), id="only our own nonce"),
        pytest.param(lambda s: s.final(nonce=s.full_nonce + "x"), id="a longer nonce"),
        pytest.param(lambda s: s.final(nonce=""), id="no nonce"),
        pytest.param(lambda s: s.final(proof=b"\0" * 32), id="a proof of zeros"),
        pytest.param(lambda s: s.final(proof=b""), id="an empty proof"),
        pytest.param(lambda s: s.final(proof=b"x" * 31), id="a short proof"),
        pytest.param(lambda s: s.final(proof=b"x" * 5000), id="a long proof"),
        pytest.param(lambda s: s.final(binding=b"y,,"), id="another GS2 header"),
        pytest.param(lambda s: s.final(binding=b"n,,data"), id="binding data unasked"),
        pytest.param(lambda s: s.final().rpartition(",p=")[0], id="no proof"),
        pytest.param(lambda s: s.final().replace("c=", "c=!"), id="c is not base64"),
        pytest.param(lambda s: s.final() + ",p=AAAA", id="two proofs"),
        pytest.param(lambda s: s.final().replace(",r=", ",m=1,r="), id="a mandatory extension"),
        pytest.param(lambda s: s.final()[::-1], id="backwards"),
        pytest.param(lambda s: "", id="nothing"),
        pytest.param(lambda s: ",,,,", id="commas"),
        pytest.param(lambda s: "\0" * 100, id="NULs"),
    ],
)
def test_a_spoiled_last_message_is_refused_and_the_session_lives(
    pop3: Pop3Client, new_person: Person, spoil: Spoil
) -> None:
    scram = ScramClient(new_person.address, new_person.password)
    begin(pop3, scram)
    pop3.send(encode(spoil(scram)))
    assert not outcome(pop3).ok
    pop3.login(new_person)


@pytest.mark.parametrize(
    "first",
    [
        "",
        "n",
        "n,,",
        "n,,n=ada",
        "n,,r=abc",
        "n,,n=,r=abc",
        "n,,n=ada,r=",
        "n,,n=a=2Zda,r=abc",
        "n,,n=a=,r=abc",
        "x,,n=ada,r=abc",
        "p=tls-unique,,n=ada,r=abc",
        "p=no-such-binding,,n=ada,r=abc",
        "n,a=somebody-else@example.org,n=ada,r=abc",
        "n,,m=1,n=ada,r=abc",
        "n,,r=abc,n=ada",
        "n,,n=ada,r=a\0b",
        "n,,n=a\0da,r=abc",
        "n,,n=\ufffe,r=abc",
        "n,,n=ada,r=" + "x" * 8000,
    ],
)
def test_a_malformed_first_message_is_refused_at_the_latest_at_the_end(
    pop3: Pop3Client, person: Person, first: str
) -> None:
    pop3.send("AUTH SCRAM-SHA-256")
    assert read_challenge(pop3) == ""
    pop3.send(encode(first))
    line = pop3.wire.read_line()
    if line.startswith(b"+ "):  # an unknown name is told only at the end
        pop3.send(encode("c=biws,r=abc,p=" + "A" * 43 + "="))
        line = pop3.wire.read_line()
    assert not parse_status_line(line).ok
    pop3.login(person)


def test_an_exchange_can_be_cancelled_half_way(pop3: Pop3Client, person: Person) -> None:
    begin(pop3, ScramClient(person.address, person.password))
    pop3.expect_error("*")
    pop3.login(person)


@pytest.fixture
def francois(people: PeoplePool) -> Person:
    return people.new("françois")


def test_names_are_prepared_before_they_are_looked_up(pop3: Pop3Client, francois: Person) -> None:
    """NFD like NFC (RFC 4013 §2.2, RFC 8265 §3.3)."""
    scram = ScramClient(unicodedata.normalize("NFD", francois.address), francois.password)
    begin(pop3, scram)
    pop3.send(encode(scram.final()))
    assert outcome(pop3).ok
