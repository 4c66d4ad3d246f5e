"""A letter is read as a person reads it, and nothing that it says makes reading fail."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from hato.message.addresses import Address
from hato.message.letter import Letter, read_letter

SIMPLE = (
    b"Date: Wed, 25 Nov 2026 10:00:00 +0900\r\n"
    b"From: =?ISO-2022-JP?B?GyRCOzNFRBsoQg==?= <yamada@example.jp>\r\n"
    b'To: "Doe, Jane" <jane@example.com>, bob@example.com (Bob)\r\n'
    b"Cc: team: a@example.com, b@example.com;\r\n"
    b"Subject: =?utf-8?Q?=E8=A6=8B?=\r\n =?utf-8?Q?=E7=A9=8D?= 5\r\n"
    b"Message-ID: <1@example.jp>\r\n"
    b"In-Reply-To: <0@example.com>\r\n"
    b"References: <a@example.com>\r\n\t<0@example.com>\r\n"
    b"\r\n"
    b"Hello.\r\n"
)


def read_everything(letter: Letter) -> int:
    """Read all that a letter has; return how much it is."""
    texts = [letter.subject, letter.text, letter.preview, letter.message_id]
    everybody = (*letter.senders, *letter.recipients, *letter.copies, *letter.reply_to)
    texts += [address.name + address.mailbox for address in everybody]
    texts += [attachment.name for attachment in letter.attachments]
    texts += [*letter.references, *letter.in_reply_to, str(letter.sent)]
    return sum(len(text.encode()) for text in texts)


def test_a_simple_letter() -> None:
    letter = read_letter(SIMPLE)
    assert letter.subject == "見積 5"
    assert letter.senders == (Address("山田", "yamada@example.jp"),)
    assert letter.recipients == (
        Address("Doe, Jane", "jane@example.com"),
        Address("Bob", "bob@example.com"),
    )
    assert [address.group for address in letter.copies] == ["team", "team"]
    assert letter.sent == datetime(2026, 11, 25, 10, tzinfo=timezone(timedelta(hours=9)))
    assert (letter.message_id, letter.in_reply_to) == ("1@example.jp", ("0@example.com",))
    assert letter.references == ("a@example.com", "0@example.com")
    assert (letter.text, letter.preview) == ("Hello.\n", "Hello.")
    assert letter.attachments == ()
    assert letter.is_whole


def test_the_summary_needs_only_the_header() -> None:
    summary = read_letter(SIMPLE[: SIMPLE.index(b"\r\n\r\n") + 4]).header.summary()
    assert summary.subject == "見積 5"
    assert summary.senders == (Address("山田", "yamada@example.jp"),)
    assert summary.sent == datetime(2026, 11, 25, 1, tzinfo=UTC)
    assert (summary.message_id, summary.media_type) == ("1@example.jp", "")


def test_an_attachment_is_found_and_decoded() -> None:
    raw = (
        b"Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        b"--b\r\n\r\nSee below.\r\n"
        b"--b\r\nContent-Type: application/pdf; name*=utf-8''%E8%A6%8B.pdf\r\n"
        b"Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment\r\n\r\n"
        b"JVBERi0=\r\n--b--\r\n"
    )
    letter = read_letter(raw)
    [attachment] = letter.attachments
    assert letter.text == "See below.\n"
    assert (attachment.name, attachment.media_type) == ("見.pdf", "application/pdf")
    assert attachment.size_octets == 5
    assert b"".join(attachment.content(raw)) == b"%PDF-"


@given(st.binary(max_size=400))
def test_no_octets_make_reading_fail(raw: bytes) -> None:
    assert read_everything(read_letter(raw)) >= 0
