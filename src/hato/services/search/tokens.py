"""Words as the search index compares them: tokens of a text, and a phrase out of what is typed.

Called by `letter_words` (texts of letters) and `query` (what a person types).
Never looks at a text character by character, and never at more than a part of a long one at once,
so that whoever shares the process is not held up.
Standards: Unicode Standard Annex 15 (NFKC), the Unicode Standard (case folding).
Fails never.
"""

from __future__ import annotations

import re
import string
import sys
import time
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, zip_longest
from typing import Final, NamedTuple

from hato.store.search import Phrase, SearchField

MAKER: Final = f"tokens 1, Unicode {unicodedata.unidata_version}"
"""Names what makes tokens of texts: those of another maker cannot be compared with ours."""

_UNSPACED: Final = (
    "\u0e00-\u0eff\u1000-\u109f\ua9e0-\ua9ff\uaa60-\uaa7f\u1780-\u17ff"  # Thai, Lao, Myanmar, Khmer
    "\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff"  # Hangul
    "\u2e80-\u2fdf\u3005-\u3007\u3021-\u302f\u3031-\u3035\u3038-\u303c"  # Han: radicals, marks
    "\u3041-\u3096\u3099-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff"  # Hiragana, Katakana
    "\u3105-\u312f\u3190-\u319f\u31a0-\u31bf"  # Bopomofo
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"  # Han
    "\U00016fe0-\U00016fff\U0001aff0-\U0001b16f\U0001d372-\U0001d376"  # rarer ones
    "\U00020000-\U0003ffff"
)
"""Characters of scripts that put no blanks between words (and Korean, whose words take endings):
a word of them is found anywhere in a run of them."""
_MARKS: Final = "".join(
    chr(code)
    for first, last in (
        (0x0300, 0x2100),
        (0x2CEF, 0x309B),
        (0xA66F, 0xABEF),
        (0xFB1E, 0xFB1F),
        (0xFE20, 0xFE30),
        (0xFE00, 0xFE10),
        (0x101FD, 0x1037B),
        (0x10A01, 0x11EF7),
        (0x16AF0, 0x16B37),
        (0x16F4F, 0x16FF2),
        (0x1BC9D, 0x1BC9F),
        (0x1CF00, 0x1D245),
        (0x1DA00, 0x1DAB0),
        (0x1E000, 0x1E2F0),
        (0x1E8D0, 0x1E94B),
        (0xE0100, 0xE01F0),
    )
    for code in range(first, last)
    if unicodedata.category(chr(code)).startswith("M")
)
"""Marks that belong to the letter before them (Hindi has its vowels so): parts of a word."""
_SEPARATORS: Final = re.compile(f"(?:[^\\w{_MARKS}]|_)+")
_RUN: Final = re.compile(f"[{_UNSPACED}]+")
_SPACED: Final = re.compile(f"([^{_UNSPACED} ]+)")
_A_WORD: Final = "\0"
_WIDE: Final = f"utf-32-{sys.byteorder[0]}e"
"""Every character is four octets."""
_PIECES: Final = re.compile(f"[{_UNSPACED}]+|[^{_UNSPACED} ]+")
_ASCII_SEPARATORS: Final = str.maketrans(
    {chr(code): " " for code in range(128) if chr(code) not in string.ascii_letters + string.digits}
)
_PART_CHARACTERS: Final = 16_384
"""A text is worked on in parts of this size: a few milliseconds each."""

_STARTS_FROM: Final = 0xE000
"""What begins a token of STARTS: a character for private use, which no word has. The first is for
all fields together, the next ones for those that operators name."""
_FIELDS_WITH_STARTS: Final = (
    None,
    SearchField.SENDERS,
    SearchField.RECIPIENTS,
    SearchField.SUBJECT,
    SearchField.FILES,
)
_START_CHARACTERS: Final = 3
"""Beginnings up to this length are tokens of their own: looking for all words that begin with a
letter or two would take seconds among a hundred thousand letters."""


class Words(NamedTuple):
    """The words of a text."""

    tokens: str
    """A blank between two."""
    starts: frozenset[str]
    """What the tokens begin with: one character, and two and three of words that have them."""


def words_of(text: str) -> Words:
    """Return the words of a text.

    A word is a token; a run of characters that are written without blanks gives each pair of
    neighbours and the last one alone, so that each of its characters begins a token.
    """
    tokens: list[str] = []
    starts: set[str] = set()
    for part in _parts(text):
        if part.isascii():
            tokens.append(part.lower().translate(_ASCII_SEPARATORS))
            words = set(tokens[-1].split())
        else:
            runs, spaced = _apart(_evened(part))
            tokens.append(_together(_pairs_of(runs), spaced))
            words = set(spaced)
            starts.update(*runs)
            starts.discard(_A_WORD)
        for length in range(_START_CHARACTERS, 0, -1):
            words = {word[:length] for word in words}
            starts |= words
        if len(text) > _PART_CHARACTERS:
            time.sleep(0)  # whoever waits for the interpreter goes on now: the loop above all
    return Words(" ".join(tokens), frozenset(starts))


def _evened(text: str) -> str:
    """Return a text so that spellings of the same are the same, its words apart."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return _SEPARATORS.sub(" ", folded)


def _apart(evened: str) -> tuple[list[str], list[str]]:
    """Return the runs of a text, `_A_WORD` in place of each other word, and those words."""
    between = _SPACED.split(evened)
    return f" {_A_WORD} ".join(between[::2]).split(), between[1::2]


def _pairs_of(runs: Sequence[str]) -> str:
    """Return the pairs of neighbours in each run and its last character, a blank between two.

    First characters, second ones and blanks are put side by side by their octets: many times as
    fast as pair by pair.
    """
    firsts = " ".join([*runs, ""]).encode(_WIDE)
    seconds = "  ".join([*(run[1:] for run in runs), ""]).encode(_WIDE)
    pairs = bytearray(" ".encode(_WIDE) * (3 * len(firsts) // 4))
    with memoryview(pairs).cast("I") as places:
        places[0::3] = memoryview(firsts).cast("I")
        places[1::3] = memoryview(seconds).cast("I")
    return pairs.decode(_WIDE)


def _together(pairs: str, spaced: Sequence[str]) -> str:
    """Put the words of spaced scripts where they stood."""
    between = pairs.split(_A_WORD)
    return "".join(chain.from_iterable(zip_longest(between, spaced, fillvalue="")))


def _parts(text: str) -> Iterator[str]:
    """Yield a text in parts that end between words, where it has any blanks at all."""
    start = 0
    while len(text) - start > _PART_CHARACTERS:
        stop = start + _PART_CHARACTERS
        gaps = (text.rfind(gap, start + 1, stop) for gap in ("\n", " ", "。", "\u3000"))
        gap = next((found for found in gaps if found > 0), stop)
        yield text[start:gap]
        start = gap
    yield text[start:]


def starts_of(words: Mapping[SearchField, Words]) -> str:
    """Return the tokens of STARTS for the words of the other fields."""
    everywhere: frozenset[str] = frozenset().union(*(one.starts for one in words.values()))
    found = _marked(everywhere, None)
    for field in _FIELDS_WITH_STARTS[1:]:
        if field in words:
            found += _marked(words[field].starts, field)
    return " ".join(found)


def _marked(starts: Iterable[str], field: SearchField | None) -> list[str]:
    mark = chr(_STARTS_FROM + _FIELDS_WITH_STARTS.index(field))
    return [mark + start for start in starts]


def phrase_of(
    text: str, *, is_exact: bool = False, field: SearchField | None = None
) -> Phrase | None:
    """Return what must stand in a letter for a text that was typed; None: it has no word.

    Its words must stand one behind the other. The last one may go on in the letter unless
    `is_exact`, but behind others only if it has three characters. A run of characters that are
    written without blanks may begin within one (the first) and end within one (the last).
    """
    pieces = _PIECES.findall(_evened(text))
    if not pieces:
        return None
    tokens: list[str] = []
    for piece in pieces[:-1]:
        tokens += _pairs_of([piece]).split() if _RUN.match(piece) else [piece]
    last = pieces[-1]
    fields = () if field is None else (field,)
    if not _RUN.match(last):
        is_prefix = not is_exact and (not tokens or len(last) >= _START_CHARACTERS)
        tokens.append(last)
    elif len(last) > 1:
        is_prefix = False
        tokens += _pairs_of([last]).split()[:-1]
    else:
        is_prefix = True
        tokens.append(last)
    return _as_start(tokens, fields) if is_prefix else Phrase(tuple(tokens), False, fields)


def _as_start(tokens: Sequence[str], fields: tuple[SearchField, ...]) -> Phrase:
    """Return a phrase that ends in a beginning, by a token of STARTS where there is one."""
    field = fields[0] if fields else None
    is_short = len(tokens[0]) <= (1 if _RUN.match(tokens[0]) else _START_CHARACTERS)
    if len(tokens) == 1 and is_short and field in _FIELDS_WITH_STARTS:
        return Phrase(tuple(_marked(tokens, field)), False, (SearchField.STARTS,))
    return Phrase(tuple(tokens), True, fields)
