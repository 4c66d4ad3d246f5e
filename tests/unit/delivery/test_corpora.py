"""Every letter of the corpora comes back as it was sent, or is refused for its line ends."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hato.message.line_ends import LineEndConverter
from hato.store.memory.store import MemoryStore
from tests.unit.delivery.office import Office, behind_prefix
from tests.unit.delivery.test_lmtp_session import Line, envelope
from tests.unit.smtp.conversation import codes_of

CORPORA = Path(__file__).resolve().parents[3].parent / "shared" / "corpora"
# Every file, whatever it is: mailboxes, pictures and expected results are octets as well.
LETTERS = sorted(path for path in CORPORA.rglob("*") if path.is_file())
BARE = re.compile(rb"(?<!\r)\n|\r(?!\n)")

needs_corpora = pytest.mark.skipif(not LETTERS, reason="../shared/corpora is not there")


def stuffed(letter: bytes) -> bytes:
    return (b"\r\n" + letter).replace(b"\r\n.", b"\r\n..")[2:] + b".\r\n"


def in_wire_form(letter: bytes) -> bytes:
    converter = LineEndConverter()
    return converter.convert(letter) + converter.finish()


async def sent(office: Office, letter: bytes, number: int) -> tuple[str, bool]:
    """Send a letter to ada; return the code of the answer, and whether we were hung up on."""
    line = Line(office.service)
    sender = f"bob-{number}@example.net"  # some letters are there twice
    await line.say(b"LHLO client.example.net\r\n" + envelope("ada", sender=sender))
    said = await line.say(stuffed(letter))
    await line.session.close()
    return codes_of(said)[0], line.is_closed


@needs_corpora
async def test_every_letter_comes_back_as_it_was_sent() -> None:
    office = Office(message_octets=1 << 26)
    ada = await office.add("ada")
    account = await MemoryStore.account(office.store, ada.account_id)
    count = 0
    for number, path in enumerate(LETTERS):
        letter = in_wire_form(path.read_bytes())
        outcome = await sent(office, letter, number)
        assert not BARE.search(letter), path
        assert outcome == ("250 2.0.0", False), path
        count += 1
        snapshot = await account.snapshot(account.inbox)
        assert len(snapshot) == count, path
        body = snapshot.body(count - 1)
        served = (await account.read(body, 0, body.size_octets)).data
        behind_prefix(served, letter)
    assert count > 600


@needs_corpora
async def test_letters_with_bare_line_ends_are_refused_and_the_client_left() -> None:
    office = Office(message_octets=1 << 26)
    await office.add("ada")
    refused = 0
    for number, path in enumerate(LETTERS):
        letter = path.read_bytes()
        if BARE.search(letter):
            # The true end needs a CRLF before it.
            assert await sent(office, letter + b"\r\n", number) == ("550 5.6.0", True), path
            refused += 1
    assert refused > 200
    assert await office.stored("ada") == []
