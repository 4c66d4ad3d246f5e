"""Marks on the letters that somebody answered or passed on.

Called by the verbs that send, once the letter is in the outbox.
Never marks a letter that the answer does not name.
Standards: RFC 8621 §4.1.1 ($answered, $forwarded), RFC 5322 §3.6.4 (In-Reply-To).
Fails as the store does; a letter that cannot be read is not marked.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from hato.core.errors import DamagedError, NotFoundError
from hato.core.ids import EmailId
from hato.message.header_fields import read_header
from hato.store.api import Account
from hato.store.changes import SetKeywords, Wanted
from hato.store.model import ANSWERED, SEEN, Email

FORWARDED: Final = "$forwarded"
_HEAD_OCTETS: Final = 65_536
_MOST_LETTERS: Final = 200
"""Of a longer thread the latest are looked at: what is answered is nearly always among them."""


async def mark_answered(
    account: Account,
    answer: EmailId,
    in_reply_to: Collection[str],
    forwards: Sequence[EmailId] = (),
) -> None:
    """Mark what a letter of the account answers, and what it passes on.

    `in_reply_to`: identifiers without <>.
    """
    wanted: list[Wanted] = []
    if in_reply_to:
        ids = await _answered_letters(account, answer, in_reply_to)
        wanted.append(SetKeywords(tuple(ids), add=frozenset({ANSWERED, SEEN})))
    if forwards:
        wanted.append(SetKeywords(tuple(forwards), add=frozenset({FORWARDED})))
    if wanted:
        await account.commit(wanted)


async def _answered_letters(
    account: Account, answer: EmailId, in_reply_to: Collection[str]
) -> list[EmailId]:
    """Find the letters that have one of the identifiers: they are in the thread of the answer."""
    owns = await account.emails([answer])
    there = [email for own in owns for email in await account.thread(own.thread_id)]
    return [
        email.email_id
        for email in there[-_MOST_LETTERS:]
        if not set(await _identifiers(account, email)).isdisjoint(in_reply_to)
    ]


async def _identifiers(account: Account, email: Email) -> tuple[str, ...]:
    try:
        piece = await account.read(email.body, 0, _HEAD_OCTETS)
    except (DamagedError, NotFoundError):
        return ()
    return read_header(piece.data).identifiers("Message-ID")
