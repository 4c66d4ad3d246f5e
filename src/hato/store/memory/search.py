"""The search index of an account in memory: each letter's tokens, compared one by one.

Called by services.search, which knows it as `store.search.SearchIndex`.
Never is fast: it is the readable specification of what is found.
Standards: see `store.search`.
Fails with the errors that `store.search` names; nothing here can be full, damaged or unavailable.
"""

from __future__ import annotations

from collections.abc import Sequence

from hato.core.errors import DamagedError
from hato.core.ids import EmailId, ModSeq
from hato.store.memory.state import AccountState, EmailState
from hato.store.model import Place
from hato.store.search import Phrase, SearchEntry, SearchField, SearchState, SearchWanted

_FIELDS = tuple(SearchField)


class MemorySearchIndex:
    """Which words stand in which letter of an account."""

    def __init__(self, state: AccountState) -> None:
        """Of an account; there is no index yet."""
        self._account = state
        self._maker: str | None = None
        self._modseq = ModSeq(0)
        self._entries: dict[EmailId, SearchEntry] = {}

    async def state(self) -> SearchState | None:
        """Return how far it is; None: there is none."""
        if self._maker is None:
            return None
        return SearchState(self._maker, self._modseq, len(self._entries))

    async def begin(self, maker: str) -> None:
        """Make an empty one in place of what is there."""
        self._maker, self._modseq, self._entries = maker, ModSeq(0), {}

    async def unknown(self, email_ids: Sequence[EmailId]) -> list[EmailId]:
        """Return those of the letters that are not in it, in the order asked for."""
        self._check()
        return [one for one in email_ids if one not in self._entries]

    async def strangers(self, email_ids: Sequence[EmailId]) -> list[EmailId]:
        """Return the letters that are in it and not among these."""
        self._check()
        return sorted(self._entries.keys() - set(email_ids))

    async def put(
        self,
        entries: Sequence[SearchEntry],
        removed: Sequence[EmailId] = (),
        *,
        until: ModSeq | None = None,
    ) -> None:
        """Add letters, take others out and note how far it is now: in one step."""
        self._check()
        for email_id in removed:
            self._entries.pop(email_id, None)
        for entry in entries:
            self._entries.setdefault(entry.email_id, entry)
        if until is not None:
            self._modseq = until

    async def find(
        self, wanted: SearchWanted, most: int, *, before: Place | None = None
    ) -> list[Place]:
        """Return the newest letters for which all of `wanted` holds, newest first."""
        self._check()
        places = (
            Place(entry.received, entry.email_id)
            for entry in self._entries.values()
            if self._is_wanted(entry, wanted)
        )
        found = (place for place in places if before is None or place < before)
        return sorted(found, reverse=True)[: max(most, 0)]

    async def count(self, wanted: SearchWanted) -> int:
        """Return for how many letters all of `wanted` holds."""
        self._check()
        return sum(self._is_wanted(entry, wanted) for entry in self._entries.values())

    async def tidy(self) -> int:
        """Do nothing: there is nothing to put together."""
        self._check()
        return 0

    def _check(self) -> None:
        if self._maker is None:
            raise DamagedError("there is no search index")

    def _is_wanted(self, entry: SearchEntry, wanted: SearchWanted) -> bool:
        email = self._account.all_emails.get(entry.email_id)
        first, end = wanted.received_from, wanted.received_before
        return (
            email is not None
            and bool(email.placements)
            and all(_stands_in(phrase, entry) for phrase in wanted.phrases)
            and not any(_stands_in(phrase, entry) for phrase in wanted.without)
            and (first is None or entry.received >= first)
            and (end is None or entry.received < end)
            and wanted.has_attachments in {None, entry.has_attachments}
            and _fits(email, wanted)
        )


def _fits(email: EmailState, wanted: SearchWanted) -> bool:
    """Tell whether a letter lies, is marked and came as is wanted."""
    lies_in, source = email.placements.keys(), email.added.source
    return (
        all(not lies_in.isdisjoint(mailboxes) for mailboxes in wanted.mailboxes)
        and lies_in.isdisjoint(wanted.not_mailboxes)
        and wanted.keywords <= email.keywords
        and not wanted.not_keywords & email.keywords
        and all(source in sources for sources in wanted.sources)
        and source not in wanted.not_sources
    )


def _stands_in(phrase: Phrase, entry: SearchEntry) -> bool:
    """Tell whether the tokens of a phrase stand one behind the other in a field."""
    fields = phrase.fields or tuple(field for field in _FIELDS if field is not SearchField.STARTS)
    words = dict(zip(_FIELDS, entry.words, strict=True))
    return any(_follows(phrase, words[field].split()) for field in fields)


def _follows(phrase: Phrase, tokens: list[str]) -> bool:
    *first, last = phrase.tokens
    for start in range(len(tokens) - len(first)):
        end = start + len(first)
        if tokens[start:end] == first and (
            tokens[end].startswith(last) if phrase.is_prefix else tokens[end] == last
        ):
            return True
    return False
