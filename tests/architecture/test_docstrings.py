"""Every module says what it is; those of src also what they never do and how they fail."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

import pytest

from tests.architecture.source import FOLDERS, Module, made_up, project_modules

# Below the first line (what it is) and the second (who calls it), each begins a sentence.
PROMISES = ("Never", "Standards:", "Fails")


def silent_modules(modules: Iterable[Module]) -> Iterator[str]:
    """Yield each module that does not say what it is, or that of src leaves a promise out."""
    for module in modules:
        docstring = ast.get_docstring(module.tree)
        if not docstring:
            if module.text:
                yield f"{module.path}: no module docstring"
        elif module.path.startswith("src/") and not module.is_package:
            lines = [line.strip() for line in docstring.splitlines()]
            for promise in PROMISES:
                if not any(line.startswith(promise) for line in lines):
                    yield f"{module.path}: no line of the docstring begins with {promise!r}"


def test_every_module_says_what_it_is() -> None:
    assert list(silent_modules(project_modules(*FOLDERS))) == []


@pytest.mark.parametrize(
    "text",
    [
        "x = 1\n",
        '"""What it is."""\n',
        '"""What it is.\n\nCalled by tests.\nNever sleeps.\nStandards: none.\n"""\n',
    ],
)
def test_a_silent_module_is_noticed(text: str) -> None:
    assert list(silent_modules([made_up("hato.core.clock", text)]))
