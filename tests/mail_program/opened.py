"""What is true of every letter that was read, however broken it is.

Used by the tests of letters that are broken, hostile, mutated or of the corpora.
Never looks at what a letter should say, only at what no reader may do with it.
Standards: RFC 5322 §2.2 (a field's value has no line end), RFC 2045 §6 (encodings).
Fails with AssertionError, which says what was not sound.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from hato.message.letter import Letter, read_letter
from hato.message.structure import Part, decoded

MOST_DEEP = 101
"""Nothing that a reader hands out is nested deeper than this, so that whoever walks it may
recurse."""


def opened(raw: bytes) -> Letter:
    """Read a letter, look at everything that it offers, and return it if all of it is sound."""
    letter = read_letter(raw)
    check_header(letter)
    check_text(letter)
    check_structure(letter, raw)
    check_attachments(letter)
    return letter


def check_header(letter: Letter) -> None:
    """No value breaks a line, a terminal or an encoder."""
    shown = [letter.subject]
    for addresses in (
        letter.senders,
        letter.recipients,
        letter.copies,
        letter.blind_copies,
        letter.reply_to,
    ):
        for address in addresses:
            shown += [address.name or "", address.mailbox]
    for value in shown:
        check_line(value)
    for identifier in (letter.message_id, *letter.in_reply_to, *letter.references):
        check_line(identifier)
        assert not set(identifier) & set("<> \t"), identifier
    assert letter.sent is None or isinstance(letter.sent, datetime)
    if letter.sent is not None:
        assert letter.sent.utcoffset() is not None, "a moment without its zone"
        letter.sent.timestamp()


def check_line(value: str) -> None:
    """One line of text that can be shown and encoded."""
    assert isinstance(value, str)
    value.encode("utf-8")
    bad = [letter for letter in value if unicodedata.category(letter) in {"Cc", "Zl", "Zp", "Cs"}]
    assert not bad, f"{bad[:5]} in {value[:80]!r}"


def check_text(letter: Letter) -> None:
    """The text can be encoded; a letter that was not read whole has its raw text instead."""
    letter.text.encode("utf-8")


def check_structure(letter: Letter, raw: bytes) -> None:
    """Parts lie in the letter, one in the other, one behind the other."""
    for depth, part in walk(letter.root):
        assert depth < MOST_DEEP, "nested too deeply"
        assert 0 <= part.header_start <= part.start <= part.stop <= len(raw), part
        before = part.start
        for child in part.parts:
            assert before <= child.header_start, "a part begins inside the one before it"
            assert child.stop <= part.stop, "a part ends behind its parent"
            before = child.stop
        check_line(part.media_type)
        assert part.media_type == part.media_type.lower()
        check_line(part.filename or "")
        for octets in decoded(raw, part):
            assert isinstance(octets, bytes)


def check_attachments(letter: Letter) -> None:
    """Each has a name of its own that can be shown on one line, and is a name in one folder."""
    names = [attachment.name for attachment in letter.attachments]
    assert len({name.casefold() for name in names}) == len(names)
    for name in names:
        check_file_name(name)


_NO_NAMES: Final = re.compile(r"(?i)(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)")


def check_file_name(name: str) -> None:
    """A name that a file may have in any folder of any system, and that looks like what it is."""
    check_line(name)
    assert name
    assert not set(name) & set('/\\:*?"<>|'), name
    assert not name.startswith((".", " ", "-", "~")), name
    assert not name.endswith((".", " ")), name
    assert len(name.encode()) <= 255
    assert not _NO_NAMES.match(name), name
    assert name.strip() == name
    hidden = [letter for letter in name if unicodedata.category(letter) == "Cf"]
    assert not hidden, f"{hidden[:5]} in {name!r}"


def walk(root: Part) -> Iterator[tuple[int, Part]]:
    """Yield each part and how deep it lies, parents first; recurses nowhere."""
    waiting = [(0, root)]
    while waiting:
        depth, part = waiting.pop()
        yield depth, part
        waiting.extend((depth + 1, child) for child in reversed(part.parts))


def leaves(root: Part) -> list[Part]:
    """Return the parts that have none themselves, in their order."""
    return [part for _, part in walk(root) if not part.parts]


def content(raw: bytes, part: Part) -> bytes:
    """Return what a part says, its encoding undone."""
    return b"".join(decoded(raw, part))
