"""Whom an answer goes to.

Called by whoever composes.
Never answers oneself, unless nobody else is left; never names anybody twice. Pure.
Standards: RFC 5322 §3.6.2 and §3.6.3 (Reply-To, answers), RFC 2369 §3.4 (List-Post).
Fails never: where nobody can be found, nobody is named.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Final, NamedTuple

from hato.message.addresses import Address
from hato.message.letter import Letter

_LIST_POST: Final = re.compile(r"<mailto:([^<>?\s]+)")


class Recipients(NamedTuple):
    """Who gets a letter."""

    to: tuple[Address, ...]
    copies: tuple[Address, ...] = ()


def answer_recipients(letter: Letter, own: Collection[str], *, to_all: bool) -> Recipients:
    """Return whom an answer goes to. `own`: the person's own addresses, in any spelling of case.

    A letter of her own is answered to those whom it went to. Mail-Followup-To, where somebody set
    it, says who wants answers that go to all.
    """
    mine = {address.casefold() for address in own}
    is_hers = bool(letter.senders) and all(_is(one, mine) for one in letter.senders)
    author = letter.recipients if is_hers else letter.reply_to or letter.senders
    if not to_all:
        return Recipients(_without(author, (), mine))
    followers = letter.header.addresses("Mail-Followup-To")
    if followers and not is_hers:
        return Recipients(_without(followers, (), mine))
    to = _without(author, (), mine)
    others = letter.copies if is_hers else (*letter.recipients, *letter.copies)
    copies = _without(others, to, mine, keeps_own=False)
    # A list that writes itself into Reply-To must not swallow who wrote.
    if not is_hers and letter.reply_to and _is_list(letter, letter.reply_to):
        copies = (*_without(letter.senders, (*to, *copies), mine, keeps_own=False), *copies)
    return Recipients(to, copies)


def _is_list(letter: Letter, addresses: Iterable[Address]) -> bool:
    """Tell whether one of the addresses is the list that the letter came by."""
    posts = {one.casefold() for one in _LIST_POST.findall(letter.header.text("List-Post"))}
    return any(_is(one, posts) for one in addresses)


def _is(address: Address, known: Collection[str]) -> bool:
    return address.mailbox.casefold() in known


def _without(
    addresses: Iterable[Address],
    there: Iterable[Address],
    mine: Collection[str],
    *,
    keeps_own: bool = True,
) -> tuple[Address, ...]:
    """Return those that are not named yet, each once, and not her own if anybody else is left."""
    known = {one.mailbox.casefold() for one in there}
    found: dict[str, Address] = {}
    for one in addresses:
        if "@" in one.mailbox and one.mailbox.casefold() not in known:
            found.setdefault(one.mailbox.casefold(), one)
    others = tuple(one for key, one in found.items() if key not in mine)
    return others or (tuple(found.values()) if keeps_own else ())
