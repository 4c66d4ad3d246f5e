"""A file is one idea of at most 600 lines, a function one step of at most 60."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from tests.architecture.source import FOLDERS, Module, made_up, project_modules

FILE_LINES = 600
FUNCTION_LINES = 60


def oversized(modules: Iterable[Module]) -> Iterator[str]:
    """Yield each file and function that is too long."""
    for module in modules:
        lines = module.text.count("\n")
        if lines > FILE_LINES:
            yield f"{module.path}: {lines} lines"
        for node in ast.walk(module.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
                lines = node.end_lineno - node.lineno + 1
                if lines > FUNCTION_LINES:
                    yield f"{module.place(node.lineno)}: {node.name} has {lines} lines"


def test_files_and_functions_are_short() -> None:
    assert list(oversized(project_modules(*FOLDERS))) == []


def test_a_long_file_is_noticed() -> None:
    assert list(oversized([made_up("hato.core.long", "x = 1\n" * 600)])) == []
    assert list(oversized([made_up("hato.core.long", "x = 1\n" * 601)]))


def test_a_long_function_is_noticed() -> None:
    fits = "async def step():\n" + "    x = 1\n" * 59
    assert list(oversized([made_up("hato.core.step", fits)])) == []
    assert list(oversized([made_up("hato.core.step", fits + "    x = 1\n")]))
