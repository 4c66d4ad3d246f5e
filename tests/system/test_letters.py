"""Every hard letter, in by LMTP and out by POP3, octet for octet (RFC 1939 §11, RFC 5321 §4.5.2).

LIST names the octets that RETR sends; TOP n 0 is the header and the empty line; TOP n 99999999 is
the whole letter.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.sessions.player import is_served_form_of
from tests.system.fixtures import (
    Connect,
    Deliver,
    Pop3Connection,
    deliver_letters,
    mail_parameters,
    open_mailbox,
    open_wire,
    unique_sender,
)
from tests.system.letters import LETTERS, header_and_body, top_of
from tests.system.lmtp import LmtpClient, LmtpReply
from tests.system.people import Person
from tests.system.pop3 import Pop3Client
from tests.system.server_process import HatoServer

WHOLE = 99_999_999
CORPORA = Path(__file__).resolve().parents[3] / "shared" / "corpora"
NEEDS_UTF8 = {"utf8-header"}
"""Served as it is only in UTF-8 mode (RFC 6856 §2.1)."""
_LINE_END = re.compile(rb"\r\n|\r|\n")


def try_delivery(server: HatoServer, person: Person, letter: bytes) -> LmtpReply:
    """One transaction; the reply for the recipient."""
    with LmtpClient(open_wire(server, "lmtp")) as client:
        client.lhlo()
        (reply,) = client.deliver(
            unique_sender(), [person.address], letter, mail_parameters(letter)
        )
        return reply


def check_message(client: Pop3Client, number: int, listed_octets: int) -> bytes:
    """RETR, LIST and TOP must agree about a message; return it."""
    message = client.retrieve(number)
    assert len(message) == listed_octets
    assert client.command(f"LIST {number}").words == [str(number), str(len(message))]
    assert client.top(number, WHOLE) == message
    top = client.top(number, 0)
    header, body = header_and_body(message)
    assert top == header + b"\r\n" if body is not None else top in (header, header + b"\r\n")
    return message


@pytest.mark.parametrize("name", sorted(LETTERS.keys() - NEEDS_UTF8))
@pytest.mark.parametrize("service", ["pop3", "pop3s"])
def test_a_hard_letter_comes_back_as_it_was_sent(
    server: HatoServer, person: Person, pop3_connection: Pop3Connection, name: str, service: str
) -> None:
    letter = LETTERS[name]
    deliver_letters(server, person, letter)
    client = pop3_connection(person, service=service)
    total = client.stat()
    sizes = client.sizes()
    assert (total.count, total.octets) == (1, sum(sizes.values()))
    message = check_message(client, 1, sizes[1])
    assert is_served_form_of(message, letter)
    client.quit()


@pytest.mark.parametrize("name", ["third", "dots", "dots-only", "empty-lines", "line-64k"])
def test_top_counts_the_lines_of_the_body(
    server: HatoServer, person: Person, pop3_connection: Pop3Connection, name: str
) -> None:
    deliver_letters(server, person, LETTERS[name])
    client = pop3_connection(person)
    message = client.retrieve(1)
    for lines in (0, 1, 2, 3, 4, 5, 6, 100, 499, 500, 501, 1999, 2000, 2001):
        assert client.top(1, lines) == top_of(message, lines)
    client.quit()


def test_letters_in_one_mailbox_do_not_touch_each_other(
    server: HatoServer, person: Person, pop3_connection: Pop3Connection
) -> None:
    """All of them pipelined: RETR of each in one segment (RFC 2449 §6.6)."""
    names = sorted(LETTERS.keys() - NEEDS_UTF8)
    deliver_letters(server, person, *(LETTERS[name] for name in names))
    client = pop3_connection(person)
    sizes = client.sizes()
    client.wire.send(b"".join(b"RETR %d\r\n" % number for number in sizes))
    for number, name in enumerate(names, 1):
        assert client.read_status().ok
        message = client.read_body()
        assert len(message) == sizes[number], name
        assert is_served_form_of(message, LETTERS[name]), name
    client.quit()


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        (b"Subject: x\n\nline\nlast\n", b"Subject: x\r\n\r\nline\r\nlast\r\n"),
        (b"Subject: x\n\nno end of line", b"Subject: x\r\n\r\nno end of line"),
        (b"Subject: x\r\n\r\nalready\r\n", b"Subject: x\r\n\r\nalready\r\n"),
        (b"Subject: x\n\n.\n.dot\n", b"Subject: x\r\n\r\n.\r\n.dot\r\n"),
        (b"Subject: x\n\nmixed\r\nends\n", b"Subject: x\r\n\r\nmixed\r\nends\r\n"),
        (b"Subject: x\n", b"Subject: x\r\n"),
        (b"Subject: x", b"Subject: x"),
    ],
    ids=repr,
)
def test_hato_deliver_makes_line_ends_whole(
    server: HatoServer, person: Person, typed: bytes, stored: bytes
) -> None:
    """A letter without a last line end is sent with one, and LIST counts it."""
    server.run("deliver", person.address, standard_input=typed)
    with open_mailbox(server, person) as client:
        message = check_message(client, 1, client.sizes()[1])
        client.quit()
    assert is_served_form_of(message, stored) or is_served_form_of(message, stored + b"\r\n")
    assert message.endswith(b"\r\n")


def test_imported_letters_have_nothing_put_before_them(
    server: HatoServer, person: Person, tmp_path: Path
) -> None:
    """So that the very first octet of a message may be a dot, or of its first line end."""
    names = sorted(LETTERS.keys() - NEEDS_UTF8)
    for number, name in enumerate(names):
        (tmp_path / f"{number:03}.eml").write_bytes(LETTERS[name])
    server.run("import", person.address, "eml", str(tmp_path))
    with open_mailbox(server, person) as client:
        sizes = client.sizes()
        served = {check_message(client, number, octets) for number, octets in sizes.items()}
        client.quit()
    assert served == {LETTERS[name] for name in names}


def test_hato_deliver_to_nobody_says_so(server: HatoServer) -> None:
    """EX_NOUSER of sysexits: the MTA bounces and does not try again."""
    done = server.run(
        "deliver", "nobody@example.org", standard_input=b"Subject: x\n\nx\n", status=None
    )
    assert done.returncode == 67
    assert b"Traceback" not in done.stderr


def corpus_files() -> list[Path]:
    """Every file of the corpora, whatever is in it."""
    return sorted(path for path in CORPORA.rglob("*") if path.is_file())


@pytest.mark.skipif(not CORPORA.is_dir(), reason="the mail corpora do not lie beside the project")
@pytest.mark.slow
def test_every_file_of_the_corpora_comes_back_as_it_was_sent(
    server: HatoServer, new_person: Person
) -> None:
    """Whatever the file holds: with its line ends made CRLF it is a letter."""
    sent: list[tuple[Path, bytes]] = []
    with LmtpClient(open_wire(server, "lmtp")) as lmtp:
        lmtp.lhlo()
        for path in corpus_files():
            letter = _LINE_END.sub(b"\r\n", path.read_bytes())
            letter += b"" if letter.endswith(b"\r\n") else b"\r\n"
            parameters = "" if letter.isascii() else " BODY=8BITMIME"
            (reply,) = lmtp.deliver(unique_sender(), [new_person.address], letter, parameters)
            assert reply.ok, (path, str(reply))
            sent.append((path, letter))
    with Pop3Client(open_wire(server, "pop3s")) as client:
        client.expect_ok("UTF8")
        client.login(new_person)
        sizes = client.sizes()
        assert len(sizes) == len(sent)
        for number, (path, letter) in enumerate(sent, 1):
            message = client.retrieve(number)
            assert len(message) == sizes[number], path
            assert is_served_form_of(message, letter), path
            assert client.top(number, WHOLE) == message, path
        client.quit()


@pytest.mark.skipif(not CORPORA.is_dir(), reason="the mail corpora do not lie beside the project")
def test_corpus_letters_with_bare_line_ends_are_refused_with_a_reason(
    server: HatoServer, person: Person
) -> None:
    """RFC 5321 §2.3.8: CR and LF only together; the connection is closed after the refusal."""
    refused = 0
    for path in corpus_files():
        letter = path.read_bytes()
        lone = _LINE_END.sub(lambda found: b"" if found.group() == b"\r\n" else b"!", letter)
        if b"\r\n.\r\n" in b"\r\n" + letter or lone.count(b"!") == letter.count(b"!"):
            continue
        reply = try_delivery(server, person, letter + b"\r\n")
        assert (reply.code, reply.enhanced) == (550, "5.6.0"), path
        refused += 1
        if refused == 60:
            break
    assert refused > 20
    with open_mailbox(server, person) as client:
        assert client.stat().count == 0
        client.quit()


def test_sizes_agree_outside_utf8_mode_too(
    connect: Connect, person: Person, deliver: Deliver
) -> None:
    """LIST reports the surrogate's size (RFC 6856 §2.1: SHOULD match what RETR sends)."""
    deliver(person, LETTERS["utf8-header"], LETTERS["plain"], LETTERS["latin-header"])
    for utf8 in (False, True):
        client = Pop3Client(connect("pop3s"))
        if utf8:
            client.expect_ok("UTF8")
        client.login(person)
        sizes = client.sizes()
        assert client.stat().octets == sum(sizes.values())
        for number, octets in sizes.items():
            check_message(client, number, octets)
        client.quit()


def test_the_surrogate_keeps_what_can_be_kept(
    person: Person, deliver: Deliver, pop3_connection: Pop3Connection
) -> None:
    """RFC 6858 §2: addresses become invalid ones, the subject an encoded word, the rest goes."""
    letter = (
        "From: 美香 <美香@例え.example>\r\nTo: plain@example.org, 太郎@例え.example\r\n"
        "Reply-To: ascii@example.net\r\nSubject: 鳩の手紙\r\nX-Note: 秘密\r\nX-Plain: kept\r\n"
        "Date: Tue, 24 Nov 2026 09:00:00 +0900\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
        "鳩\r\n--b\r\nContent-Type: application/octet-stream\r\n"
        'Content-Disposition: attachment; filename="鳩.txt"\r\n\r\nx\r\n--b--\r\n'
    ).encode()
    deliver(person, letter)
    client = pop3_connection(person)
    surrogate = client.retrieve(1)
    client.quit()
    header, body = header_and_body(surrogate)
    assert header.isascii()
    assert body is not None
    fields = re.sub(r"\r\n[ \t]", " ", header.decode()).split("\r\n")
    named = {field.partition(":")[0].lower(): field for field in fields if field}
    assert "例え" not in header.decode()
    assert ".invalid" in named["from"] or ":;" in named["from"]
    assert "plain@example.org" in named["to"]
    assert named["reply-to"] == "Reply-To: ascii@example.net"
    assert "=?utf-8?" in named["subject"].lower()
    assert "x-note" not in named
    assert named["x-plain"] == "X-Plain: kept"
    assert "鳩\r\n".encode() in body
    for part_header in re.findall(rb"--b\r\n(.*?)\r\n\r\n", body, re.DOTALL):
        assert part_header.isascii()
