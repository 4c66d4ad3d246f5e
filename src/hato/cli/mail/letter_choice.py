"""Which letters are meant: `3`, `3-7,9` of the last list, or `id:81234`.

Called by the verbs that do something with letters.
Never takes a number for an id, nor an id for a number.
Standards: none.
Fails with InvalidInputError: what is no choice, and how to see the numbers.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from hato.cli.mail.last_list import last_list
from hato.core.errors import InvalidInputError
from hato.core.ids import EmailId
from hato.core.language import Text
from hato.store.api import Account
from hato.store.model import Email

ID_MARK: Final = "id:"
_ID: Final = re.compile(r"id:([0-9]{1,18})")
_RANGE: Final = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9}))?")
_NO_CHOICE: Final = Text(
    en="{text!r} is no letter: name it by its number in the last list (3, or 3-7,9), or as "
    "id:81234.",
    ja="{text!r} は手紙の指定ではありません。"
    "直前の一覧の番号(3 や 3-7,9)か id:81234 と書いてください。",
)
_NO_LIST: Final = Text(
    en="There is no list yet whose numbers could be meant: run `hato inbox` first.",
    ja="番号のもとになる一覧がまだありません。まず `hato inbox` を実行してください。",
)
_NOT_LISTED: Final = Text(
    en="The last list ends with number {last}: there is no {number} in it.",
    ja="直前の一覧は {last} 番までで、{number} 番はありません。",
)
_GONE: Final = Text(
    en="{text} is not there any more: run `hato inbox` for what is, or `hato undelete` for what "
    "was deleted.",
    ja="{text} はもうありません。`hato inbox` で今あるものを、"
    "`hato undelete` で消したものを見てください。",
)
_ONE: Final = Text(
    en="{text!r} names several letters: this takes one.",
    ja="{text!r} は複数の手紙を指しています。ここでは一通だけ指定してください。",
)


async def chosen_letters(account: Account, words: Sequence[str]) -> list[Email]:
    """Return the letters that are meant, copies from other accounts included, each once.

    Raises InvalidInputError.
    """
    found: dict[EmailId, Email] = {}
    for word in words:
        for email_ids in _read_word(account, word):
            emails = await account.emails(email_ids)
            if not emails:
                raise InvalidInputError(_GONE, text=f"{ID_MARK}{email_ids[0]}")
            found |= {email.email_id: email for email in emails}
    return list(found.values())


async def chosen_letter(account: Account, word: str) -> list[Email]:
    """Return the one letter that is meant, first, and its copies. Raises InvalidInputError."""
    rows = _read_word(account, word)
    if len(rows) != 1:
        raise InvalidInputError(_ONE, text=word)
    emails = await account.emails(rows[0])
    if not emails:
        raise InvalidInputError(_GONE, text=word)
    return emails


def _read_word(account: Account, word: str) -> list[list[EmailId]]:
    """Return the ids that a word names, letter by letter. Raises InvalidInputError."""
    rows: list[list[EmailId]] = []
    for part in unicodedata.normalize("NFKC", word).replace("、", ",").split(","):
        named = _ID.fullmatch(part.strip())
        if named:
            rows.append([EmailId(int(named[1]))])
            continue
        numbers = _RANGE.fullmatch(part.strip())
        if numbers is None:
            raise InvalidInputError(_NO_CHOICE, text=word)
        first, last = int(numbers[1]), int(numbers[2] or numbers[1])
        if first < 1 or last < first:
            raise InvalidInputError(_NO_CHOICE, text=word)
        rows += _listed(account, first, last)
    return rows


def _listed(account: Account, first: int, last: int) -> list[list[EmailId]]:
    """Return the rows of the last list by their numbers. Raises InvalidInputError."""
    listed = last_list(account.account_id)
    if listed is None:
        raise InvalidInputError(_NO_LIST)
    if last > len(listed.rows):
        raise InvalidInputError(_NOT_LISTED, last=len(listed.rows), number=last)
    return listed.rows[first - 1 : last]
