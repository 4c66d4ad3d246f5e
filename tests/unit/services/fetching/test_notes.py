"""Notes in the place of letters: whose they are, and what they say in both languages."""

from __future__ import annotations

from email import message_from_bytes
from email.policy import default

import pytest

from hato.services.fetching.notes import NoteFacts, Reason, write_note

HEADER = (
    b"Received: from a\r\nFrom: =?utf-8?q?B=C3=B6b?= <bob@example.net>\r\n"
    b"Subject: A long\r\n way\r\nDate: Mon, 2 Jan 2023 03:04:05 +0900\r\n"
    b"Content-Type: image/png\r\nMessage-ID: <1@example.net>\r\n\r\n"
)


def facts(reason: Reason, size_octets: int = 12_345_678) -> NoteFacts:
    return NoteFacts(reason, "ada@example.org", size_octets, "mail.example.org", 1_800_000_000)


def test_a_note_has_the_sender_and_the_subject_of_its_letter() -> None:
    note = message_from_bytes(write_note(facts(Reason.TOO_LARGE), HEADER), policy=default)
    assert note["From"] == "Böb <bob@example.net>"
    assert note["Subject"] == "A long way"
    assert note["Auto-Submitted"] == "auto-generated"
    assert note.get_content_type() == "text/plain"
    assert note["Received"] is None
    assert "12.3 MB" in note.get_content()
    assert "ada@example.org" in note.get_content()


@pytest.mark.parametrize("reason", list(Reason))
def test_a_note_is_whole_without_any_header(reason: Reason) -> None:
    octets = write_note(facts(reason, 0), b"")
    assert octets.replace(b"\r\n", b"").count(b"\n") == 0
    note = message_from_bytes(octets, policy=default)
    assert note["From"] == "Hato <postmaster@mail.example.org>"
    assert "受信できなかったメール" in note["Subject"]
    assert note["Date"]
    assert "サーバー" in note.get_content()


def test_a_field_without_end_is_left_out() -> None:
    note = write_note(facts(Reason.REFUSED), b"Subject: " + b"x" * 10_000 + b"\r\n\r\n")
    assert len(note) < 3_000
