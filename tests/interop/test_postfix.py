"""Postfix hands mail over to Hato: by LMTP, and through its pipe to `hato deliver`.

RFC 2033 §4 (LMTP), RFC 1870 §6 (SIZE), RFC 6152 §2 (8BITMIME), RFC 3463 §3 (status codes).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from tests.interop.conftest import EVERY, letters_of_the_wire, read_all
from tests.interop.corpus import CORPORA
from tests.interop.pipe_relay import PipeRelay
from tests.interop.postfix import HOST_NAME, Postfix, may_be_started
from tests.interop.programs import needs
from tests.system.people import DOMAIN, Person
from tests.system.server_process import Certificates, HatoServer

PIPE_DOMAIN = "pipe.example.org"
LETTER = b"From: mika@example.net\r\nSubject: over Postfix\r\n\r\nThe pigeon came home.\r\n.\r\n"
LARGEST_OCTETS = 5_000_000

pytestmark = [
    pytest.mark.interop,
    pytest.mark.xdist_group("postfix"),  # one Postfix is enough
    needs("postfix", "perl"),
    pytest.mark.skipif(not may_be_started(), reason="Postfix can be started by root only"),
]


@dataclass
class Site:
    """A Postfix in front of a Hato."""

    hato: HatoServer
    postfix: Postfix
    relay: PipeRelay
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def person(self, domain: str = DOMAIN) -> Person:
        """Add somebody."""
        person = Person(f"person{next(self._numbers)}@{domain}", "open sesame")
        self.hato.add_person(person)
        return person


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, certificates: Certificates) -> Iterator[Site]:
    hato = HatoServer(
        tmp_path_factory.mktemp("postfix"),
        certificates,
        {"limits": {"message_octets": LARGEST_OCTETS}},
        workers=1,
        domains=(DOMAIN, PIPE_DOMAIN),
    )
    hato.prepare()
    hato.start()

    def deliver(arguments: list[str], message: bytes) -> int:
        return hato.run(*arguments, standard_input=message, status=None).returncode

    relay = PipeRelay(deliver)
    host, port = hato.addresses["lmtp"]
    postfix = Postfix(
        {DOMAIN: f"lmtp:inet:{host}:{port}", PIPE_DOMAIN: "hato"},
        f"{relay.command} deliver ${{recipient}} -f ${{sender}}",
    )
    postfix.start()
    yield Site(hato, postfix, relay)
    postfix.stop()
    relay.close()
    hato.stop()
    assert "Traceback" not in hato.log()


def is_passed_on(served: bytes, letter: bytes, *, sender: str, protocol: str) -> bool:
    """Whether `served` is the letter behind what Hato and Postfix added, and no more."""
    host = re.escape(HOST_NAME.encode())
    hato = (
        rb"Return-Path: <%s>\r\nDelivered-To: [!-~]+\r\n"
        rb"Received: %sby mail\.example\.org%s id [!-~]+\r\n\tfor <[!-~]+>; [ -~]+\r\n"
        % (
            re.escape(sender.encode()),
            rb"from %s \(\[127\.0\.0\.1\]\)\r\n\t" % host if protocol else b"",
            b" with " + protocol.encode() if protocol else b"",
        )
    )
    postfix = (
        rb"Received: from client\.example\.net \(unknown \[127\.0\.0\.1\]\)\r\n"
        rb"\tby %s \(Postfix\) with ESMTP id [0-9A-F]+"
        rb"(?:;\r\n\t|\r\n\tfor <[!-~]+>; )[ -~]+\r\n" % host
    )
    if not served.endswith(letter):
        return False
    return re.fullmatch(hato + postfix, served[: len(served) - len(letter)]) is not None


def test_mail_that_comes_in_by_smtp_reaches_the_mailbox(site: Site) -> None:
    ada, ben = site.person(), site.person()
    recipients = [ada.address, ben.address]
    queue_id = site.postfix.send("mika@example.net", recipients, LETTER)
    fates = site.postfix.fates(queue_id, 2)
    assert all("status=sent (250 2.0.0" in fate for fate in fates), fates
    for person in (ada, ben):
        (served,) = read_all(site.hato, person)
        assert is_passed_on(served, LETTER, sender="mika@example.net", protocol="LMTP"), served


@pytest.mark.skipif(not CORPORA.is_dir(), reason="the mail corpora do not lie beside the project")
def test_letters_of_the_corpora_come_through_as_they_are(site: Site) -> None:
    """8BITMIME where a letter needs it."""
    ada = site.person()
    letters = [letter.in_wire_form() for letter in letters_of_the_wire()[::EVERY]]
    for letter in letters:
        options = [] if letter.isascii() else ["BODY=8BITMIME"]
        queue_id = site.postfix.send("mika@example.net", [ada.address], letter, options)
        (fate,) = site.postfix.fates(queue_id)
        assert "status=sent (250 2.0.0" in fate
    served = read_all(site.hato, ada, in_utf8_mode=True)
    for found, letter in zip(served, letters, strict=True):
        assert is_passed_on(found, letter, sender="mika@example.net", protocol="LMTP"), letter[:200]


def test_mail_for_somebody_unknown_is_returned_with_the_reason(site: Site) -> None:
    """The others of the same message get theirs; the bounce has the null path."""
    ada, ben = site.person(), site.person()
    queue_id = site.postfix.send(ada.address, [ben.address, f"nobody@{DOMAIN}"], LETTER)
    sent, bounced = sorted(site.postfix.fates(queue_id, 2), key=lambda fate: "bounced" in fate)
    assert "status=sent (250 2.0.0" in sent
    assert "dsn=5.1.1, status=bounced" in bounced
    assert "550 5.1.1" in bounced
    site.postfix.await_removal(queue_id)
    bounce_id = re.search(
        rf"{queue_id}: sender non-delivery notification: (\w+)", site.postfix.log()
    )
    assert bounce_id is not None
    (fate,) = site.postfix.fates(bounce_id[1])
    assert "status=sent" in fate
    (bounce,) = read_all(site.hato, ada)
    assert bounce.startswith(b"Return-Path: <>\r\n")
    assert b"Status: 5.1.1\r\n" in bounce
    assert len(read_all(site.hato, ben)) == 1


def test_a_letter_that_is_too_large_is_refused_by_its_declared_size(site: Site) -> None:
    """SIZE in MAIL: not an octet of it travels."""
    ada, ben = site.person(), site.person()
    letter = LETTER + b"x" * 70 + b"\r\n"
    letter += (b"y" * 70 + b"\r\n") * (LARGEST_OCTETS // 70)
    queue_id = site.postfix.send(ada.address, [ben.address], letter)
    (fate,) = site.postfix.fates(queue_id)
    assert "dsn=5.3.4, status=bounced" in fate
    assert read_all(site.hato, ben) == ()


def test_mail_waits_while_hato_is_down_and_then_arrives_once(site: Site) -> None:
    ada = site.person()
    site.hato.stop()
    try:
        queue_id = site.postfix.send("mika@example.net", [ada.address], LETTER)
        (fate,) = site.postfix.fates(queue_id)
        assert "status=deferred" in fate
    finally:
        site.hato.start()
    site.postfix.try_again()
    _, fate = site.postfix.fates(queue_id, 2)
    assert "status=sent (250 2.0.0" in fate
    site.postfix.await_removal(queue_id)
    (served,) = read_all(site.hato, ada)
    assert is_passed_on(served, LETTER, sender="mika@example.net", protocol="LMTP")


def test_a_pipe_delivers(site: Site) -> None:
    """The lines of a pipe end in LF; those of the mailbox in CRLF."""
    ada = site.person(PIPE_DOMAIN)
    queue_id = site.postfix.send("mika@example.net", [ada.address], LETTER)
    (fate,) = site.postfix.fates(queue_id)
    assert "relay=hato" in fate
    assert "status=sent" in fate
    assert ["deliver", ada.address, "-f", "mika@example.net"] in site.relay.calls
    (served,) = read_all(site.hato, ada)
    assert is_passed_on(served, LETTER, sender="mika@example.net", protocol="")


def test_a_pipe_returns_mail_for_somebody_unknown(site: Site) -> None:
    """Exit status 67, which Postfix knows (sysexits.h)."""
    ada = site.person()
    queue_id = site.postfix.send(ada.address, [f"nobody@{PIPE_DOMAIN}"], LETTER)
    (fate,) = site.postfix.fates(queue_id)
    assert "dsn=5.1.1, status=bounced (user unknown)" in fate


def test_a_pipe_takes_bounces_too(site: Site) -> None:
    """What has the null path has no sender: Postfix says MAILER-DAEMON."""
    ada = site.person(PIPE_DOMAIN)
    queue_id = site.postfix.send("", [ada.address], LETTER)
    (fate,) = site.postfix.fates(queue_id)
    assert "status=sent" in fate
    (served,) = read_all(site.hato, ada)
    assert is_passed_on(served, LETTER, sender="", protocol="")
