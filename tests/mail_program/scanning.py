"""Searching as slowly and plainly as can be: each letter is looked through, letter by letter.

Used by the tests of searching, to know what is to be found.
Never uses anything of what is tested: neither its words nor its reader.
Standards: Unicode Standard Annex 15 (NFKC); what a word finds is said in the guide: a Japanese,
Chinese or Korean word anywhere, another one where a word begins with it.
Fails never.
"""

from __future__ import annotations

import unicodedata
from typing import Final

from tests.mail_program.library import Written

_RUNS_TOGETHER: Final = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "IDEOGRAPHIC")


def even(text: str) -> str:
    """Return a text so that spellings of the same are the same."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return unicodedata.normalize("NFKC", folded)


def is_run_together(character: str) -> bool:
    """Whether a character is of a script that is written without gaps (Korean is taken for one)."""
    return character in "々〆ー〇" or unicodedata.name(character, "").startswith(_RUNS_TOGETHER)


def words(text: str) -> list[str]:
    """Cut a text into words, and into runs of characters that are written without gaps."""
    found: list[str] = []
    kind = ""
    for character in even(text):
        now = (
            "together"
            if is_run_together(character)
            else "word"
            if unicodedata.category(character)[0] in "LNM"
            else ""
        )
        if now and now == kind:
            found[-1] += character
        elif now:
            found.append(character)
        kind = now
    return found


def fields(letter: Written) -> list[str]:
    """Return all that is looked at without an operator."""
    return [
        letter.subject,
        *letter.sender,
        *letter.recipient,
        letter.text,
        *letter.files,
    ]


def has(texts: list[str], word: str) -> bool:
    """Whether a word, which is cut into one piece, is in one of the texts."""
    (piece,) = words(word)
    for text in texts:
        for there in words(text):
            if is_run_together(piece[0]):
                if is_run_together(there[0]) and piece in there:
                    return True
            elif there.startswith(piece):
                return True
    return False
