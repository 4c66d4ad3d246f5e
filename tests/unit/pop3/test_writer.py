"""The writer of replies."""

from __future__ import annotations

from collections.abc import Iterator

from hato.protocols.pop3.replies import Reply
from hato.protocols.pop3.writer import WRITERS


def _kinds(kind: type[Reply]) -> Iterator[type[Reply]]:
    for one in kind.__subclasses__():
        if not one.__name__.startswith("_"):
            yield one
        yield from _kinds(one)


def test_every_reply_can_be_written() -> None:
    assert set(_kinds(Reply)) == set(WRITERS)
