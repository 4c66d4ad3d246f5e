"""Texts for people, in every language that Hato speaks.

Called by protocols, edges and the command line wherever a person reads the words.
Never guesses a language: the caller says which one.
Standards: RFC 5646 §2.1 (language tags), RFC 6856 §3 (LANG).
Fails with KeyError when a text wants a field that was not given: a bug, found by tests.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Language(StrEnum):
    """A language in which Hato speaks; the value is its language tag."""

    ENGLISH = "en"
    JAPANESE = "ja"


class Counted(int):
    """A number that chooses words: `{count} {count:letter|letters}` is `1 letter`, `2 letters`.

    English has one form for 1 and another for the rest; Japanese needs none.
    """

    def __format__(self, format_spec: str) -> str:
        """Return the form that fits; without `|` the number as numbers are written."""
        one, divides, many = format_spec.partition("|")
        if not divides:
            return super().__format__(format_spec)
        return one if self == 1 else many


class Text(NamedTuple):
    """One sentence in every language; `{name}` marks a field, `{name:one|many}` what it counts."""

    en: str
    ja: str

    def in_language(self, language: Language, **fields: object) -> str:
        """Return the sentence in `language` with its fields filled in.

        A field that is a Text speaks the same language.
        """
        words = self.ja if language is Language.JAPANESE else self.en
        if not fields:
            return words
        said = {name: _said(value, language) for name, value in fields.items()}
        return words.format(**said)

    def filled(self, **fields: object) -> Text:
        """Return the sentence in every language with its fields filled in."""
        return Text(*(self.in_language(language, **fields) for language in Language))


def _said(value: object, language: Language) -> object:
    """Return a field as `str.format` is to have it."""
    if isinstance(value, Text):
        return value.in_language(language)
    return Counted(value) if type(value) is int else value


def match_language(tag: str) -> Language | None:
    """Find the language of a tag such as `ja`, `en-GB` or `ja_JP.UTF-8`; None when unknown.

    Matching is the lookup of RFC 4647 §3.4 cut down to primary subtags: regions are ignored.
    """
    primary = tag.replace("_", "-").split("-", 1)[0].split(".", 1)[0].lower()
    for language in Language:
        if primary == language.value:
            return language
    return None
