"""Names say what a thing is: nothing is called after being useful or being in charge."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

import pytest

from tests.architecture.source import FOLDERS, Module, made_up, project_modules

FORBIDDEN = frozenset("util utils helper helpers common manager base misc".split())
_WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")


def words_of(name: str) -> set[str]:
    """Split a module's or class's name: `mail_utils` and `MailUtils` into `mail` and `utils`."""
    return {word.lower() for word in _WORD.findall(name)}


def empty_names(modules: Iterable[Module]) -> Iterator[str]:
    """Yield each module and class whose name says nothing."""
    for module in modules:
        if FORBIDDEN & words_of(module.name):
            yield f"{module.path}: the name says nothing"
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ClassDef) and FORBIDDEN & words_of(node.name):
                yield f"{module.place(node.lineno)}: the name {node.name} says nothing"


def test_every_name_says_what_the_thing_is() -> None:
    assert list(empty_names(project_modules(*FOLDERS))) == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("hato.net.utils", ""),
        ("hato.common.text", ""),
        ("tests.unit.test_helpers", ""),
        ("hato.services.auth", "class SessionManager:\n    pass"),
        ("hato.protocols.machine", "class MachineBase:\n    pass"),
    ],
)
def test_an_empty_name_is_noticed(name: str, text: str) -> None:
    assert list(empty_names([made_up(name, text)]))


def test_words_that_only_contain_one_are_left_alone() -> None:
    sound = made_up("hato.protocols.base64", "class Database:\n    pass")
    assert list(empty_names([sound])) == []
