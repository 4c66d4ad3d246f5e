"""Hundreds of words find exactly what a plain scan of all letters finds."""

from __future__ import annotations

import os
import random
from pathlib import Path

import hypothesis
import pytest
from hypothesis import strategies as st

from hato.core.clock import FixedClock
from hato.message.letter import read_letter
from hato.services.search.letter_words import texts_of
from hato.services.search.query import parse_query
from hato.services.search.search import Search
from hato.store.contract.scene import Scene
from hato.store.memory import MemoryStore
from hato.store.search import SearchField
from tests.unit.search.conftest import SearchBackend
from tests.unit.search.scanning import has, has_piece, pieces_of
from tests.unit.search.test_search import letter

CORPORA = Path(__file__).resolve().parents[3].parent / "shared" / "corpora"
FILES = sorted(path for path in CORPORA.rglob("*") if path.is_file() and path.suffix != ".md")
WORDS_TRIED = 500
EVERY = int(os.environ.get("HATO_SEARCH_CORPORA_EVERY", "10"))
"""One letter in so many is taken: all of them (1) need most of a minute."""
_FIELDS = {
    "from:": SearchField.SENDERS,
    "to:": SearchField.RECIPIENTS,
    "subject:": SearchField.SUBJECT,
}

Texts = dict[int, dict[SearchField, str]]

_SENTENCES = (
    "お世話になっております。", "明日の会議の資料をお送りします。", "御見積書をご確認ください。",
    "請求書は別途郵送いたします。", "東京駅でお会いしましょう。", "ﾃﾞｰﾀはＰＤＦ形式です。",
    "Please find the invoice attached.", "The meeting is at 5 o'clock.", "第3回の打合せ",
    "Straße und Übergrößen", "𠮷野家で昼食", "한국어 메일입니다.", "foo_bar@example.com",
)  # fmt: skip


async def _kept(scene: Scene, letters: list[bytes]) -> Texts:
    """Deliver letters, and return the texts of each as they are read."""
    texts: Texts = {}
    for octets in letters:
        wire = octets.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        email = await scene.add(wire)
        texts[email.email_id] = texts_of(read_letter(wire))
    return texts


async def _find(scene: Scene, text: str) -> set[int]:
    found = await Search(scene.account).find(parse_query(text), most=100_000)
    return set(found.email_ids)


class Scan:
    """All letters, looked through; a single word among all different ones, which is the same."""

    def __init__(self, texts: Texts) -> None:
        self.texts = texts
        self._places: dict[tuple[str, str], set[tuple[int, SearchField]]] = {}
        for email_id, parts in texts.items():
            for field, text in parts.items():
                for piece in pieces_of(text):
                    self._places.setdefault(piece, set()).add((email_id, field))

    def find(self, wanted: str, *fields: SearchField, is_exact: bool = False) -> set[int]:
        asked = pieces_of(wanted)
        if len(asked) == 1:
            found = [
                places
                for piece, places in self._places.items()
                if has_piece(piece, *asked[0], is_exact=is_exact)
            ]
            places = set[tuple[int, SearchField]]().union(*found)
            return {email_id for email_id, field in places if not fields or field in fields}
        return {
            email_id
            for email_id, parts in self.texts.items()
            for field, text in parts.items()
            if (not fields or field in fields) and has(text, wanted, is_exact=is_exact)
        }


def _word(chance: random.Random, pieces: list[tuple[str, str]]) -> str:
    """Choose a word: of a run some characters, of another word its beginning or all of it."""
    kind, text = chance.choice(pieces)
    if kind == "run":
        start = chance.randrange(len(text))
        return text[start : start + chance.choice((1, 2, 2, 2, 3, 4))]
    return text[: chance.choice((1, 2, 3, 4, len(text), len(text)))]


async def _compare(scene: Scene, texts: Texts, count: int, seed: int) -> None:
    chance, scan = random.Random(seed), Scan(texts)
    everything = [
        [piece for text in parts.values() for piece in pieces_of(text)] for parts in texts.values()
    ]
    everything = [pieces for pieces in everything if pieces]
    runs = [[piece for piece in pieces if piece[0] == "run"] for pieces in everything]
    japanese = [pieces for pieces in runs if pieces]
    for number in range(count):
        word = _word(chance, chance.choice(japanese if number % 2 and japanese else everything))
        assert await _find(scene, f" {word}") == scan.find(word), word
        if number % 5 == 0:
            name, field = chance.choice(list(_FIELDS.items()))
            assert await _find(scene, f"{name}{word}") == scan.find(word, field), (name, word)
        if number % 7 == 0:
            pieces = chance.choice(everything)
            start = chance.randrange(len(pieces))
            words = " ".join(text for _, text in pieces[start : start + 3])
            expected = scan.find(words, is_exact=True)
            assert await _find(scene, f'"{words}"') == expected, words
        if number % 11 == 0:
            other = _word(chance, chance.choice(everything))
            expected = scan.find(word) - scan.find(other)
            assert await _find(scene, f"{word} -{other}") == expected, (word, other)


@pytest.mark.skipif(not FILES, reason="../shared/corpora is not there")
async def test_words_of_the_corpora(embedded_scene: Scene) -> None:
    letters = [path.read_bytes()[:60_000] for path in FILES[::EVERY]]
    texts = await _kept(embedded_scene, letters)
    await _compare(embedded_scene, texts, WORDS_TRIED, seed=5)


async def test_words_of_made_letters(scene: Scene) -> None:
    chance = random.Random(7)
    letters = [
        letter(
            "\n".join(chance.choices(_SENTENCES, k=chance.randrange(1, 6))),
            subject=f"{chance.choice(_SENTENCES)} {number}",
            sender=f"{chance.choice(('森', 'Ada', '田中'))} <user{number % 7}@example.jp>",
        )
        for number in range(60)
    ]
    await _compare(scene, await _kept(scene, letters), WORDS_TRIED, seed=11)


@hypothesis.settings(max_examples=25, deadline=None)
@hypothesis.given(
    st.lists(
        st.text(st.sampled_from("ab 1é見積書。の会ーメﾃﾞ한ไ-_"), max_size=30), min_size=1, max_size=5
    ),
    st.text(st.sampled_from("ab1é見積書の会ーメﾃﾞ한ไ"), min_size=1, max_size=4),
)
async def test_words_of_any_letters(bodies: list[str], word: str) -> None:
    backend = SearchBackend(MemoryStore(FixedClock()), FixedClock(), None)
    account = await backend.store.account(await backend.store.create_account())
    scene = Scene(backend, account)
    texts = await _kept(scene, [letter(body) for body in bodies])
    if pieces_of(word):
        assert await _find(scene, word) == Scan(texts).find(word)
