"""What a person asks for, out of what she types: words, "phrases", -without, from:, before: ….

Called by the command line and whoever else offers a search.
Never looks at an account: the names of folders and accounts are looked up when it is asked.
Standards: none; the operators are those that mail programs have in common.
Fails with InvalidInputError where a date is none, or the question is too long.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from typing import Final

import msgspec

from hato.core.errors import InvalidInputError
from hato.core.language import Text
from hato.core.limits import SEARCH_QUERY_CHARACTERS, SEARCH_QUERY_WORDS
from hato.services.search.tokens import phrase_of
from hato.store.model import ANSWERED, DRAFT, FLAGGED, SEEN
from hato.store.search import Phrase, SearchField, SearchWanted

_TERM: Final = re.compile(
    r'(-?)(?:(from|to|subject|has|before|after|in|account|is):\s*)?(?:"([^"]*)"?|(\S+))',
    re.IGNORECASE,
)
_QUOTES: Final = str.maketrans("\u201c\u201d\u201e\u201f\u2212\u2010\u2011", '""""---')
"""Quotation marks and signs that programs put in place of those of the keyboard."""
_FIELDS: Final = {
    "from": SearchField.SENDERS,
    "to": SearchField.RECIPIENTS,
    "subject": SearchField.SUBJECT,
}
_FLAGS: Final = {
    "unread": (SEEN, False),
    "read": (SEEN, True),
    "flagged": (FLAGGED, True),
    "answered": (ANSWERED, True),
    "draft": (DRAFT, True),
}
_DATE: Final = re.compile(r"(\d{4})(?:[-/](\d{1,2})(?:[-/](\d{1,2}))?)?")
_NO_DATE: Final = Text(
    en="{word!r} is no date: write {name}:2026, {name}:2026-11 or {name}:2026-11-25.",
    ja="{word!r} は日付ではありません。{name}:2026、{name}:2026-11、{name}:2026-11-25 のように"
    "書いてください。",
)
_TOO_LONG: Final = Text(
    en="The search is too long: use at most {characters} characters and {words} words.",
    ja="検索が長すぎます。{characters} 文字、{words} 語までにしてください。",
)


class Query(msgspec.Struct, frozen=True):
    """What is asked for, before the names in it are looked up."""

    wanted: SearchWanted = SearchWanted()
    """All that needs no names."""
    folders: tuple[str, ...] = ()
    """Of `in:`: the letter lies in each of them."""
    not_folders: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    """Of `account:`: the letter came by each of them."""
    not_accounts: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing is asked for: everything would be found."""
        return self == Query()


def parse_query(text: str) -> Query:
    """Return what a text asks for: what is no operator is a word, and no word asks nothing.

    Times are those of this machine's zone. Raises InvalidInputError.
    """
    evened = unicodedata.normalize("NFKC", text).translate(_QUOTES)
    terms = _TERM.findall(evened) if len(evened) <= SEARCH_QUERY_CHARACTERS else []
    if len(evened) > SEARCH_QUERY_CHARACTERS or len(terms) > SEARCH_QUERY_WORDS:
        raise InvalidInputError(
            _TOO_LONG, characters=SEARCH_QUERY_CHARACTERS, words=SEARCH_QUERY_WORDS
        )
    reading = _Reading()
    for minus, name, quoted, word in _TERM.findall(evened):
        reading.add(name, quoted or word, is_not=bool(minus), is_exact=bool(quoted))
    return reading.query()


class _Reading:
    """The terms that were read so far."""

    def __init__(self) -> None:
        self._phrases: list[Phrase] = []
        self._without: list[Phrase] = []
        self._names: dict[str, list[str]] = {"in": [], "account": [], "-in": [], "-account": []}
        self._keywords: set[str] = set()
        self._not_keywords: set[str] = set()
        self._received_from: list[int] = []
        self._received_before: list[int] = []
        self._has_attachments: bool | None = None

    def add(self, name: str, value: str, *, is_not: bool, is_exact: bool) -> None:
        """Take one term in. Raises InvalidInputError."""
        name, plain = name.lower(), value.strip().lower()
        if name in {"before", "after"}:
            first = _begin_of(name, plain)
            is_before = (name == "before") != is_not
            (self._received_before if is_before else self._received_from).append(first)
        elif name in {"in", "account"}:
            self._names[f"-{name}" if is_not else name].append(value.strip())
        elif name == "has" and plain in {"attachment", "attachments"}:
            self._has_attachments = not is_not
        elif name == "is" and plain in _FLAGS:
            keyword, is_set = _FLAGS[plain]
            (self._keywords if is_set != is_not else self._not_keywords).add(keyword)
        else:
            field = _FIELDS.get(name)
            text = f"{name}:{value}" if name and field is None else value
            phrase = phrase_of(text, is_exact=is_exact, field=field)
            if phrase is not None:
                (self._without if is_not else self._phrases).append(phrase)

    def query(self) -> Query:
        """Return what was read."""
        wanted = SearchWanted(
            phrases=tuple(self._phrases),
            without=tuple(self._without),
            received_from=max(self._received_from, default=None),
            received_before=min(self._received_before, default=None),
            has_attachments=self._has_attachments,
            keywords=frozenset(self._keywords),
            not_keywords=frozenset(self._not_keywords),
        )
        names = (tuple(self._names[key]) for key in ("in", "-in", "account", "-account"))
        return Query(wanted, *names)


def _begin_of(name: str, text: str) -> int:
    """Return when a year, a month or a day begins here, in seconds since 1970 UTC."""
    found = _DATE.fullmatch(text)
    try:
        if found is None:
            raise ValueError(text)
        year, month, day = (int(part or 1) for part in found.groups())
        return int(dt.datetime(year, month, day).astimezone().timestamp())
    except (ValueError, OverflowError, OSError) as fault:
        raise InvalidInputError(_NO_DATE, word=text, name=name) from fault
