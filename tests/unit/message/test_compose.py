"""A letter that is written says the same to every reader, and nothing typed breaks it."""

from __future__ import annotations

import email
import email.policy
from datetime import datetime, timedelta, timezone
from email.message import EmailMessage
from typing import Any

import pytest

from hato.message.addresses import Address
from hato.message.compose import Enclosure, NewLetter, compose
from hato.message.letter import read_letter

MOMENT = datetime(2026, 11, 25, 14, 5, 6, tzinfo=timezone(timedelta(hours=9)))
ADA = Address("Ada Lovelace", "ada@example.org")
KEN = Address("", "ken@example.com")


def octets(**fields: Any) -> bytes:  # noqa: ANN401 - any field's
    """Compose a letter."""
    given: dict[str, Any] = {
        "sender": ADA,
        "to": (KEN,),
        "copies": (),
        "blind_copies": (),
        "subject": "Tea",
        "text": "At five?\n",
        "message_id": "m1@example.org",
        "sent": MOMENT,
    }
    return b"".join(compose(NewLetter(**(given | fields)), "boundary"))


def read(raw: bytes) -> EmailMessage:
    """Read a letter as the standard library does."""
    found = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    assert not found.defects
    return found


def test_a_plain_letter_word_for_word() -> None:
    assert octets() == (
        b"Date: Wed, 25 Nov 2026 14:05:06 +0900\r\n"
        b"From: Ada Lovelace <ada@example.org>\r\n"
        b"To: ken@example.com\r\n"
        b"Subject: Tea\r\n"
        b"Message-ID: <m1@example.org>\r\n"
        b"MIME-Version: 1.0\r\n"
        b"Content-Type: text/plain; charset=utf-8\r\n"
        b"Content-Transfer-Encoding: 7bit\r\n"
        b"\r\n"
        b"At five?\r\n"
    )


@pytest.mark.parametrize(
    "subject", ["", "x" * 2_000, "word " * 300, "見積書" * 100, "=?utf-8?q?raw?=", "é" * 90, "a: b"]
)
def test_every_subject_comes_back(subject: str) -> None:
    raw = octets(subject=subject)
    assert read_letter(raw).subject == subject.strip()
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert str(read(raw)["subject"] or "") == subject.strip()


@pytest.mark.parametrize(
    "name", ["", "Doe, Jane", 'He "said"', "back\\slash", "鈴木 花子", "a" * 200, "(no comment)"]
)
def test_every_name_comes_back(name: str) -> None:
    raw = octets(sender=Address(name, "a@example.org"), to=(Address(name, "b@example.com"),) * 9)
    assert read_letter(raw).senders == (Address(name, "a@example.org"),)
    assert [one.display_name for one in read(raw)["to"].addresses] == [name] * 9


@pytest.mark.parametrize(
    "evil", ["a\r\nBcc: e@example.com", "a\nX: y", "a\rX: y", "a\0b", "a\x85b"]
)
def test_nothing_typed_makes_a_field(evil: str) -> None:
    raw = octets(
        subject=evil,
        sender=Address(evil, "a@example.org"),
        to=(Address(evil, f"b@example.com{evil}"),),
        message_id=evil,
        in_reply_to=evil,
        references=(evil, evil),
        enclosures=(Enclosure(evil, f"text/plain{evil}", lambda: [b"x"]),),
    )
    header = raw.partition(b"\r\n\r\n")[0]
    names = [line.partition(b":")[0] for line in header.split(b"\r\n") if line[:1] != b" "]
    assert names == [
        b"Date",
        b"From",
        b"To",
        b"Subject",
        b"Message-ID",
        b"In-Reply-To",
        b"References",
        b"MIME-Version",
        b"Content-Type",
    ]
    assert raw.replace(b"\r\n", b"").translate(None, b"\r\n\0") == raw.replace(b"\r\n", b"")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        "見積書です。\n" * 50,
        "mostly ascii, one é\n",
        "x" * 3_000 + "\n",
        ".\n..\nFrom here\n",
        "trailing blank \n\ttab\t\n",
        "no end",
        "carriage\rreturn\r\nboth\n",
        "\0control\x1b[2J\n",
    ],
)
def test_every_text_comes_back(text: str) -> None:
    raw = octets(text=text)
    wanted = text.replace("\r\n", "\n").replace("\r", "\n")
    wanted += "" if wanted.endswith("\n") or not wanted else "\n"
    body = read(raw).get_payload(decode=True)
    assert isinstance(body, bytes)
    assert body.decode().replace("\r\n", "\n") == wanted
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert b"\0" not in raw


@pytest.mark.parametrize(
    "name", ["plan.pdf", "計画.pdf", "計画" * 60 + ".pdf", "a;b=\"c'%.txt", ""]
)
def test_every_enclosure_comes_back(name: str) -> None:
    content = bytes(range(256)) * 300
    chunks = [content[start : start + 1_000] for start in range(0, len(content), 1_000)]
    inner = octets(subject="inner")
    raw = octets(
        enclosures=(
            Enclosure(name, "application/pdf", lambda: chunks),
            Enclosure("letter.eml", "message/rfc822", lambda: [inner]),
            Enclosure("odd", "multipart/mixed; boundary=x", lambda: [b""]),
        )
    )
    found = list(read(raw).iter_attachments())
    assert [one.get_content_type() for one in found] == [
        "application/pdf",
        "message/rfc822",
        "application/octet-stream",
    ]
    assert found[0].get_filename() == (name or "attachment")
    assert found[0].get_payload(decode=True) == content
    assert found[1].get_content()["subject"] == "inner"
    letter = read_letter(raw)
    assert b"".join(letter.attachments[0].content(raw)) == content
    assert b"".join(letter.attachments[1].content(raw)) == inner
    assert letter.text == "At five?\n"


def test_references_are_folded() -> None:
    references = tuple(f"{number}.{'x' * 40}@example.com" for number in range(40))
    raw = octets(references=references, in_reply_to=references[-1])
    assert read_letter(raw).references == references
    assert max(map(len, raw.split(b"\r\n"))) <= 78
