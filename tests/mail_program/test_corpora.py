"""Every letter of the corpora opens, and says what other readers say that it says."""

from __future__ import annotations

import email
import email.policy
import json
import random
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from hato.message.letter import read_letter
from tests.interop.corpus import CORPORA, letters
from tests.mail_program.opened import content, leaves, opened

needs_corpora = pytest.mark.skipif(
    not CORPORA.is_dir(), reason="the mail corpora do not lie beside the project"
)
SEED = 20_261_125
MUTATIONS = 600
"""Half a second's worth; more of them found nothing more."""


@needs_corpora
def test_every_letter_opens() -> None:
    seen = 0
    for letter in letters():
        opened(letter.octets)
        opened(letter.in_wire_form())
        seen += 1
    assert seen > 400


@needs_corpora
def test_every_other_file_opens_as_if_it_were_a_letter() -> None:
    for path in CORPORA.rglob("*"):
        if path.is_file() and path.stat().st_size < 200_000:
            opened(path.read_bytes())


def mutated(octets: bytes, chance: random.Random) -> bytes:
    """Return a letter that suffered on its way."""
    spoiled = bytearray(octets)
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(spoiled) + 1)
        until = min(len(spoiled), at + chance.randint(0, 40))
        match chance.randrange(5):
            case 0:
                del spoiled[at:until]
            case 1:
                spoiled[at:at] = spoiled[at:until] * chance.randint(1, 50)
            case 2:
                spoiled[at:until] = chance.randbytes(until - at)
            case 3:
                spoiled[at:at] = chance.choice(
                    [b"\r\n", b"\n", b"\r", b"\0", b"=?", b"--", b'"', b"(", b"\x1b$B", b"\xff"]
                )
            case _:
                spoiled[:] = spoiled[:at] or b"x"
    return bytes(spoiled)


@needs_corpora
def test_spoiled_letters_open() -> None:
    chance = random.Random(SEED)
    small = [letter.octets for letter in letters() if 100 < len(letter.octets) < 20_000]
    for number in range(MUTATIONS):
        octets = mutated(chance.choice(small), chance)
        try:
            opened(octets)
        except Exception as fault:
            raise AssertionError(f"mutation {number}: {octets[:2_000]!r}") from fault


_PLAIN: Final = frozenset({"", "7bit", "8bit", "binary", "base64", "quoted-printable"})


def python_says(octets: bytes) -> list[tuple[str, bytes]] | None:
    """Return what Python's own reader has for leaves that say something.

    None where there is room for opinions: it noted a defect, took a report for a multipart, or did
    not understand an encoding.
    """
    message = email.message_from_bytes(octets, policy=email.policy.compat32)
    found = []
    for part in message.walk():
        kind, encoding = part.get_content_type(), str(part.get("Content-Transfer-Encoding", ""))
        if part.defects or encoding.lower() not in _PLAIN:
            return None
        if kind.startswith("message/") and kind != "message/rfc822":
            return None
        payload = part.get_payload(decode=True)
        if isinstance(payload, bytes) and not part.is_multipart():
            found.append((kind, payload))
    return told(found)


def told(parts: Iterable[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    """Leave out what says nothing, and blanks at the ends of lines (RFC 2045 §6.7)."""
    plain = [(kind, re.sub(rb"[ \t]+(?=\r?\n)", b"", said).strip()) for kind, said in parts]
    return [(kind, said) for kind, said in plain if said]


@needs_corpora
def test_parts_are_those_that_python_finds() -> None:
    compared, differences = 0, []
    for letter in letters():
        octets = letter.in_wire_form()
        theirs = python_says(octets)
        if theirs is None:
            continue
        compared += 1
        ours = [
            (part.media_type, content(octets, part)) for part in leaves(read_letter(octets).root)
        ]
        if told(ours) != theirs:
            differences.append(letter.name)
    assert compared > 250
    assert differences == []


def _expected(path: Path) -> Iterator[tuple[str, Any]]:
    """Yield the decoded header values that another reader's authors wrote down."""
    tree = json.loads(path.read_text())
    for field in tree["parts"][0]["headers"]:
        if isinstance(field["name"], str):
            yield field["name"], field["value"]


@needs_corpora
def test_subjects_are_those_that_others_wrote_down() -> None:
    differences = []
    compared = 0
    for path in sorted((CORPORA / "stalwart-mail-parser").rglob("*.json")):
        if path.name.endswith(".crlf.json"):
            continue
        wanted = dict(_expected(path)).get("subject")
        if not isinstance(wanted, dict) or "Text" not in wanted:
            continue
        compared += 1
        subject = opened(path.with_suffix(".eml").read_bytes()).subject
        if subject.split() != wanted["Text"].split():
            differences.append((path.name, subject, wanted["Text"]))
    assert compared > 20
    assert differences == []
