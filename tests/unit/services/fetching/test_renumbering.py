"""Letters under new names, found among those that are known."""

from __future__ import annotations

from hato.core.ids import EmailId
from hato.services.fetching.header_marks import (
    header_of_top,
    is_telling,
    key_without_unique_id,
    mark_of,
)
from hato.services.fetching.renumbering import Orphans, looks_renumbered
from hato.store.model import LedgerEntry, LedgerState


def entry(key: bytes, size: int = 10, *, mark: bytes = b"h", checksum: bytes = b"w") -> LedgerEntry:
    return LedgerEntry(key, LedgerState.STORED, EmailId(1), size, checksum, mark, 0)


def claimed(found: LedgerEntry | None) -> bytes | None:
    return None if found is None else found.uidl


def test_header_and_size_name_a_letter_once() -> None:
    orphans = Orphans([entry(b"a"), entry(b"b", mark=b"other")])
    assert claimed(orphans.claim_by_header(b"h", 10, is_telling=False)) == b"a"
    assert orphans.claim_by_header(b"h", 10, is_telling=True) is None
    assert len(orphans) == 1


def test_copies_are_claimed_one_after_the_other() -> None:
    orphans = Orphans([entry(b"a"), entry(b"b")])
    keys = [claimed(orphans.claim_by_header(b"h", 10, is_telling=False)) for _ in range(3)]
    assert keys == [b"a", b"b", None]


def test_another_size_is_believed_only_where_the_header_is_telling() -> None:
    orphans = Orphans([entry(b"a", 10)])
    assert orphans.claim_by_header(b"h", 11, is_telling=False) is None
    assert claimed(orphans.claim_by_header(b"h", 11, is_telling=True)) == b"a"


def test_the_whole_letter_names_itself_unless_it_was_claimed() -> None:
    orphans = Orphans([entry(b"a")])
    assert orphans.claim_by_checksum(b"unknown") is None
    assert claimed(orphans.claim_by_header(b"h", 10, is_telling=False)) == b"a"
    assert orphans.claim_by_checksum(b"w") is None


def test_what_another_program_took_is_never_claimed() -> None:
    orphans = Orphans([entry(b"a", mark=b"", checksum=b"")])
    assert not orphans.can_be_told_by_header
    assert orphans.claim_by_header(b"", 10, is_telling=True) is None
    assert orphans.claim_by_checksum(b"") is None


def test_a_few_new_letters_are_no_renumbering() -> None:
    assert looks_renumbered(new=100, listed=100, orphans=100)
    assert not looks_renumbered(new=15, listed=15, orphans=15)
    assert not looks_renumbered(new=100, listed=1000, orphans=100)
    assert not looks_renumbered(new=100, listed=100, orphans=0)


def test_top_and_the_whole_letter_show_the_same_header() -> None:
    header = b"Subject: a\r\nMessage-ID: <1@b>\r\n\r\n"
    assert header_of_top(header + b"Dear Ada\r\n") == header
    assert mark_of(header_of_top(b"Subject: a\nMessage-ID: <1@b>\n\n")) == mark_of(header)
    assert mark_of(header_of_top(b"Subject: a\r\nMessage-ID: <1@b>\r\n")) == mark_of(header)
    assert mark_of(header_of_top(b"\r\nno header\r\n")) == mark_of(b"\r\n")


def test_a_header_tells_where_it_has_what_no_two_letters_share() -> None:
    assert is_telling(b"Subject: a\r\nMessage-ID : <1@b>\r\n\r\n")
    assert is_telling(b"received: from a by b\r\n\r\n")
    assert not is_telling(b"Subject: a\r\nX-Message-ID: <1@b>\r\n\r\n")


def test_names_of_our_own_are_no_unique_ids_and_all_different() -> None:
    names = [key_without_unique_id(b"\x01", 10, copies) for copies in range(3)]
    assert len(set(names)) == 3
    assert all(name.startswith(b" ") for name in names)
