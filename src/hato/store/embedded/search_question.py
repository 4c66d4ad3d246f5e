"""What is wanted of a search index, as one question in SQL.

Called by `search_index`.
Never puts what a person typed into SQL: names are ours, all else is bound.
Standards: the query syntax of SQLite's FTS5.
Fails never.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import apsw
import msgspec

from hato.store.embedded.search_schema import ACCOUNT, PLACE_BITS
from hato.store.model import Place
from hato.store.search import Phrase, SearchWanted

_END: Final = 1 << 62


class Question(NamedTuple):
    """The part of a SELECT behind its columns, and what is bound to it."""

    sql: str
    place: str
    """The column of places, by which it is sorted."""
    bindings: dict[str, int | str]


def question(
    connection: apsw.Connection, wanted: SearchWanted, overflow: int, before: Place | None
) -> Question:
    """Return the question for what is wanted. `overflow`: as the index keeps it."""
    bindings: dict[str, int | str] = {}
    match = " AND ".join(map(_match, wanted.phrases))
    without = " OR ".join(map(_match, wanted.without))
    conditions = [*_of_letter(wanted, before, bindings), _of_account(connection, wanted, bindings)]
    if match:
        table = "words CROSS JOIN letter ON letter.place = words.rowid"
        place = "words.rowid"
        bindings["match"] = f"({match}) NOT ({without})" if without else match
        conditions.insert(0, "words MATCH :match")
    else:
        table, place = "letter", "letter.place"
        if without:
            bindings["match"] = without
            conditions.append(
                "letter.place NOT IN (SELECT rowid FROM words WHERE words MATCH :match)"
            )
    first, end = _range(wanted, overflow, before)
    bindings |= {"first": first, "end": end}
    conditions.insert(1 if match else 0, f"{place} >= :first AND {place} < :end")
    return Question(f"FROM {table} WHERE {' AND '.join(conditions)}", place, bindings)


def _match(phrase: Phrase) -> str:
    """Return a phrase as FTS5 writes it; tokens have no quotes in them."""
    text = f'"{" ".join(phrase.tokens)}"' + (" *" if phrase.is_prefix else "")
    return f"{{{' '.join(phrase.fields)}}} : {text}" if phrase.fields else text


def _range(wanted: SearchWanted, overflow: int, before: Place | None) -> tuple[int, int]:
    """Return between which places all that is wanted lies."""
    first = max(wanted.received_from or 0, 0) << PLACE_BITS
    ends = [] if wanted.received_before is None else [wanted.received_before]
    ends += [] if before is None else [before.received + 1]
    if not ends:
        return first, _END
    return first, (max(min(ends), 0) << PLACE_BITS) + overflow


def _of_letter(
    wanted: SearchWanted, before: Place | None, bindings: dict[str, int | str]
) -> list[str]:
    """Return the conditions that the search index judges."""
    conditions = []
    if wanted.received_from is not None:
        bindings["received_from"] = wanted.received_from
        conditions.append("letter.received >= :received_from")
    if wanted.received_before is not None:
        bindings["received_before"] = wanted.received_before
        conditions.append("letter.received < :received_before")
    if before is not None:
        bindings |= {"before": before.received, "before_id": before.email_id}
        conditions.append("(letter.received, letter.email) < (:before, :before_id)")
    if wanted.has_attachments is not None:
        bindings["has_attachments"] = int(wanted.has_attachments)
        conditions.append("letter.has_attachments = :has_attachments")
    return conditions


def _of_account(
    connection: apsw.Connection, wanted: SearchWanted, bindings: dict[str, int | str]
) -> str:
    """Return the conditions that the account's own index judges."""
    conditions = ["email.id = letter.email", "email.held_until IS NULL"]
    if wanted.keywords or wanted.not_keywords:
        bindings["sets"] = _as_json(_keyword_sets(connection, wanted))
        conditions.append(f"email.keywords IN {_values(':sets')}")
    for number, sources in enumerate(wanted.sources):
        bindings[f"sources{number}"] = _as_json(sources)
        conditions.append(f"email.source IN {_values(f':sources{number}')}")
    if wanted.not_sources:
        bindings["not_sources"] = _as_json(wanted.not_sources)
        conditions.append(f"coalesce(email.source, '') NOT IN {_values(':not_sources')}")
    for number, mailboxes in enumerate(wanted.mailboxes):
        bindings[f"mailboxes{number}"] = _as_json(mailboxes)
        conditions.append(_lies_in(f":mailboxes{number}"))
    if wanted.not_mailboxes:
        bindings["not_mailboxes"] = _as_json(wanted.not_mailboxes)
        conditions.append(f"NOT {_lies_in(':not_mailboxes')}")
    return f"EXISTS(SELECT 1 FROM {ACCOUNT}.email WHERE {' AND '.join(conditions)})"  # noqa: S608 - names of ours


def _lies_in(mailboxes: str) -> str:
    return (
        f"EXISTS(SELECT 1 FROM {ACCOUNT}.placement WHERE placement.email = letter.email"  # noqa: S608 - the same
        f" AND placement.mailbox IN {_values(mailboxes)})"
    )


def _values(name: str) -> str:
    return f"(SELECT value FROM json_each({name}))"  # noqa: S608 - names of ours


def _keyword_sets(connection: apsw.Connection, wanted: SearchWanted) -> list[int]:
    """Return the sets of keywords that a letter may have."""
    rows: Sequence[tuple[int, str]] = connection.execute(  # type: ignore[assignment]  # STRICT columns
        f"SELECT id, names FROM {ACCOUNT}.keyword_set"  # noqa: S608 - the same
    ).fetchall()
    sets = ((one, frozenset(msgspec.json.decode(names, type=list[str]))) for one, names in rows)
    return [
        one for one, names in sets if wanted.keywords <= names and not wanted.not_keywords & names
    ]


def _as_json(values: Iterable[int | str]) -> str:
    return msgspec.json.encode(sorted(values)).decode()
