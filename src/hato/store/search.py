"""The contract of an account's search index: which words stand in which letter.

Called by services.search, which makes words of letters and of what a person types.
Never the truth: it can be lost at any moment and is made anew from the letters; never knows what a
word is, it only compares tokens. Folders, flags and sources are those that the account has now.
Standards: none.
Fails with the errors of `core.errors`, named at each method.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

import msgspec

from hato.core.ids import EmailId, MailboxId, ModSeq
from hato.store.model import Place


class SearchField(StrEnum):
    """A part of a letter that is searched by itself; the order is that of `SearchEntry.words`."""

    SENDERS = "senders"
    RECIPIENTS = "recipients"
    SUBJECT = "subject"
    TEXT = "text"
    FILES = "files"
    """Names of attachments."""
    STARTS = "starts"
    """What tokens of all other fields begin with, so that short beginnings are found quickly."""


class SearchEntry(msgspec.Struct, frozen=True, gc=False):
    """What is searchable of one letter; it never changes."""

    email_id: EmailId
    received: int
    """Seconds since 1970 UTC."""
    has_attachments: bool
    words: tuple[str, ...]
    """Of each SearchField its tokens, with a blank between two. A token is of ASCII letters (small
    ones) and digits and of whatever is not ASCII."""


class Phrase(msgspec.Struct, frozen=True):
    """Tokens that stand one behind the other."""

    tokens: tuple[str, ...]
    """One at least; as in `SearchEntry.words`."""
    is_prefix: bool = False
    """Whether the last one may be longer in the letter."""
    fields: tuple[SearchField, ...] = ()
    """Where it must stand, in one of them; empty: in any but STARTS."""


class SearchWanted(msgspec.Struct, frozen=True, kw_only=True):
    """What to find: letters for which all of this holds. None and empty say nothing."""

    phrases: tuple[Phrase, ...] = ()
    """All of them stand in the letter."""
    without: tuple[Phrase, ...] = ()
    """None of them stands in it."""
    received_from: int | None = None
    """It arrived then or later, in seconds since 1970 UTC."""
    received_before: int | None = None
    has_attachments: bool | None = None
    mailboxes: tuple[frozenset[MailboxId], ...] = ()
    """It lies in a mailbox of each of these sets."""
    not_mailboxes: frozenset[MailboxId] = frozenset()
    """It lies in none of these."""
    keywords: frozenset[str] = frozenset()
    """It has all of them."""
    not_keywords: frozenset[str] = frozenset()
    """It has none of them."""
    sources: tuple[frozenset[str], ...] = ()
    """It was fetched from a source of each of these sets."""
    not_sources: frozenset[str] = frozenset()
    """It was fetched from none of these."""


class SearchState(msgspec.Struct, frozen=True):
    """How far an index is."""

    maker: str
    """What the words were made by; those of another maker are no use."""
    modseq: ModSeq
    """All that happened up to this step is in it; 0: it is being made, and some letters are in."""
    letters: int
    """How many are in it, letters included that have gone since."""


class SearchIndex(Protocol):
    """The search index of one account. Whoever writes holds the account's lock SEARCH_LOCK."""

    async def state(self) -> SearchState | None:
        """Return how far it is; None: there is none, or none that can be used.

        Raises UnavailableError.
        """
        ...

    async def begin(self, maker: str) -> None:
        """Make an empty one in place of what is there, damaged or not.

        Raises StorageFullError, UnavailableError.
        """
        ...

    async def unknown(self, email_ids: Sequence[EmailId]) -> list[EmailId]:
        """Return those of the letters that are not in it, in the order asked for.

        Raises DamagedError, UnavailableError.
        """
        ...

    async def strangers(self, email_ids: Sequence[EmailId]) -> list[EmailId]:
        """Return the letters that are in it and not among these. Raises as `unknown`."""
        ...

    async def put(
        self,
        entries: Sequence[SearchEntry],
        removed: Sequence[EmailId] = (),
        *,
        until: ModSeq | None = None,
    ) -> None:
        """Add letters, take others out and, with `until`, note how far it is now: in one step.

        Letters that are in it already stay as they are; those that are not are not taken out.
        Raises DamagedError, StorageFullError, UnavailableError.
        """
        ...

    async def find(
        self, wanted: SearchWanted, most: int, *, before: Place | None = None
    ) -> list[Place]:
        """Return the newest letters for which all of `wanted` holds, newest first.

        Sorted by Place: when they arrived, then by id. `before`: only those behind that place. Only
        letters that lie in a mailbox now are found. Raises DamagedError (also: there is no index),
        UnavailableError.
        """
        ...

    async def count(self, wanted: SearchWanted) -> int:
        """Return for how many letters all of `wanted` holds. Raises as `find`."""
        ...

    async def tidy(self) -> int:
        """Put what was added bit by bit together, so that it is found more quickly.

        A part at a time; return how many parts that took. Raises as `put`.
        """
        ...


SEARCH_LOCK = "search"
"""The name of the lock of an account under which its search index is written."""
