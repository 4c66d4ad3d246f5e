"""Every link of a page to another file of the project leads somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.source import ROOT
from tests.architecture.test_repository import tracked_texts

_LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)(?:#[^)]*)?\)")
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def dead_links(texts: dict[str, str]) -> Iterator[str]:
    """Yield each relative link of a Markdown page to a file that is not there."""
    for name, text in texts.items():
        if name.endswith(".md"):
            for target in _LINK.findall(_FENCE.sub("", text)):
                if not (ROOT / Path(name).parent / target).exists():
                    yield f"{name}: {target} is not there"


def test_every_link_leads_somewhere() -> None:
    assert list(dead_links(tracked_texts())) == []


def test_a_dead_link_is_noticed() -> None:
    page = {"docs/page.md": "[a](../README.md) [b](https://example.org) [c](nowhere.md#x)"}
    assert list(dead_links(page)) == ["docs/page.md: nowhere.md is not there"]
