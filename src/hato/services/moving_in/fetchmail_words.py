"""The words of a fetchmailrc: plain and quoted ones, with comments and punctuation taken away.

Called by `fetchmail_grammar`.
Never gives a meaning to a word.
Standards: fetchmail(1), "Run Control Syntax"; where it is silent, what fetchmail 6.4 does.
Fails never: what no rule fits is a word by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

_TOKEN: Final = re.compile(
    r"(?P<space>[\s,;:]+|#[^\n]*)"
    r"|(?P<equals>=)"
    r"|(?P<quoted>\"[^\"]*\"|'[^']*')(?=[\s,;:=]|\Z)"
    r"|(?P<plain>[^\s,;:=]+)"
)
_ESCAPE: Final = re.compile(
    r"\\(?:(?P<octal>0[0-7]{0,2})|x(?P<hexadecimal>[0-9A-Fa-f]{1,2})|(?P<decimal>[1-9][0-9]{0,2})"
    r"|(?P<line>\n)|(?P<other>.))"
)
_LETTERS: Final = {"n": "\n", "t": "\t", "b": "\b", "r": "\r"}


class Word(NamedTuple):
    """One word."""

    text: str
    line: int
    """From 1."""
    is_quoted: bool

    @property
    def number(self) -> int | None:
        """Return the number that it is, or None."""
        is_number = not self.is_quoted and re.fullmatch(r"-?[0-9]{1,18}", self.text)
        return int(self.text) if is_number else None


def words_of(text: str) -> Iterator[Word]:
    """Yield the words; `=`, which joins two names, is one of them."""
    line = 1
    for token in _TOKEN.finditer(text):
        found = token[0]
        if token["quoted"] is not None:
            yield Word(_unescaped(found[1:-1]), line, is_quoted=True)
        elif token["space"] is None:
            yield Word(_unescaped(found), line, is_quoted=False)
        line += found.count("\n")


def _unescaped(text: str) -> str:
    """Replace what begins with a backslash by what it stands for."""
    return _ESCAPE.sub(_escaped, text) if "\\" in text else text


def _escaped(escape: re.Match[str]) -> str:
    if escape["octal"]:
        return _octet(int(escape["octal"], 8))
    if escape["hexadecimal"]:
        return _octet(int(escape["hexadecimal"], 16))
    if escape["decimal"]:
        return _octet(int(escape["decimal"]) & 0xFF)
    if escape["line"]:
        return ""
    return _LETTERS.get(escape["other"], escape["other"])


def _octet(number: int) -> str:
    """Return an octet as the text that becomes this octet again."""
    return bytes((number,)).decode("utf-8", "surrogateescape")
