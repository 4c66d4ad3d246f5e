"""Fixtures of the interop tests: a mailbox with the corpus in it, a small one, strangers' trust."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

from tests.interop.corpus import CORPORA, Letter, letters
from tests.system.fixtures import deliver_letters, mail_parameters, open_wire, unique_sender
from tests.system.letters import header_and_body
from tests.system.lmtp import LmtpClient
from tests.system.people import PeoplePool, Person
from tests.system.pop3 import Pop3Client
from tests.system.server_process import HOST_NAME, HatoServer
from tests.system.wire import WireError

EVERY = 40
"""A small mailbox has every fortieth letter."""


@dataclass(frozen=True)
class Mailbox:
    """Somebody's mail: what the server holds, in wire form, with what delivery put in front."""

    server: HatoServer
    person: Person
    served: tuple[bytes, ...]
    """To a client that says nothing about UTF-8."""
    served_as_utf8: tuple[bytes, ...]
    """To a client that asked for UTF-8 mode: exactly what was delivered."""


def letters_of_the_wire() -> list[Letter]:
    """The letters that can be delivered: those that do not mix line ends."""
    return [letter for letter in letters() if not letter.mixes_line_ends]


def fill(server: HatoServer, person: Person, chosen: list[Letter]) -> Mailbox:
    """Deliver letters over LMTP, and read them back by hand."""
    with LmtpClient(open_wire(server, "lmtp")) as client:
        client.lhlo()
        for letter in chosen:
            octets = letter.in_wire_form()
            # Legacy letters with raw octets in their header stay as they are: without SMTPUTF8.
            parameters = mail_parameters(octets).removesuffix(" SMTPUTF8")
            (reply,) = client.deliver(unique_sender(), [person.address], octets, parameters)
            if not reply.ok:
                raise WireError(f"{letter.name} was answered {reply}")
    served, as_utf8 = read_all(server, person), read_all(server, person, in_utf8_mode=True)
    assert len(served) == len(as_utf8) == len(chosen)
    for plain, utf8, letter in zip(served, as_utf8, chosen, strict=True):
        assert is_behind_a_prefix(utf8, letter.in_wire_form(), person), letter.name
        assert plain == utf8 or is_for_utf8_only(utf8, plain), letter.name
    return Mailbox(server, person, served, as_utf8)


def read_all(
    server: HatoServer, person: Person, *, in_utf8_mode: bool = False
) -> tuple[bytes, ...]:
    """All letters of a mailbox, as RETR gives them."""
    with Pop3Client(open_wire(server, "pop3s")) as client:
        if in_utf8_mode:
            client.expect_ok("UTF8")
        client.login(person)
        served = tuple(client.retrieve(number) for number in client.sizes())
        client.quit()
    return served


def is_for_utf8_only(letter: bytes, surrogate: bytes) -> bool:
    """Whether a header has UTF-8 in it, and what others are given instead has none (RFC 6858)."""
    header, _ = header_and_body(letter)
    other_header, _ = header_and_body(surrogate)
    try:
        return not header.decode("utf-8").isascii() and other_header.isascii()
    except UnicodeDecodeError:
        return False


def is_behind_a_prefix(served: bytes, letter: bytes, person: Person) -> bool:
    """Whether `served` is the letter behind the three fields that delivery adds, and no more."""
    prefix = re.compile(
        rb"Return-Path: <sender[0-9]+@example\.net>\r\n"
        rb"Delivered-To: %(address)s\r\n"
        rb"Received: from client\.example\.net \(\[127\.[0-9.]+\]\)\r\n"
        rb"\tby %(host)s with LMTP id [!-~]+\r\n"
        rb"\tfor <%(address)s>; [A-Z][a-z]{2}, [ -~]{1,40}\r\n"
        % {
            b"address": re.escape(person.address.encode()),
            b"host": re.escape(HOST_NAME.encode()),
        }
    )
    if not served.endswith(letter):
        return False
    return prefix.fullmatch(served[: len(served) - len(letter)]) is not None


def _corpus() -> list[Letter]:
    if not CORPORA.is_dir():
        pytest.skip("the mail corpora do not lie beside the project")
    return letters_of_the_wire()


@pytest.fixture(scope="session")
def corpus_mailbox(server: HatoServer, people: PeoplePool) -> Mailbox:
    """A mailbox with every letter of the corpora that can be delivered; nobody may change it."""
    return fill(server, people.new("corpus"), _corpus())


@pytest.fixture(scope="session")
def some_letters(server: HatoServer, people: PeoplePool) -> Mailbox:
    """A mailbox with a few letters of the corpora; nobody may change it."""
    return fill(server, people.new("some"), _corpus()[::EVERY])


@pytest.fixture
def small_mailbox(server: HatoServer, new_person: Person) -> Mailbox:
    """A mailbox with a few letters of the corpora, for one test alone."""
    return fill(server, new_person, _corpus()[::EVERY])


@pytest.fixture
def deliver_one_more() -> Callable[[Mailbox], bytes]:
    """Deliver one more letter; return it as it is served."""

    def deliver(mailbox: Mailbox) -> bytes:
        letter = b"From: mika@example.net\r\nSubject: one more\r\n\r\nOne more.\r\n"
        deliver_letters(mailbox.server, mailbox.person, letter)
        return read_all(mailbox.server, mailbox.person)[-1]

    return deliver


@pytest.fixture(scope="session")
def authority_of_strangers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate authority that has nothing to do with the server."""
    path = tmp_path_factory.mktemp("strangers") / "authority.pem"
    trustme.CA().cert_pem.write_to_path(str(path))
    return path
