"""State tables are data only and whole, and the pictures drawn from them are fresh."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from enum import Enum

import pytest

from tests.architecture.source import Module, made_up, project_modules
from tools import state_diagrams
from tools.state_diagrams import StateTable, tables_of

TABLES = [table for module in state_diagrams.state_modules() for table in tables_of(module)]
every_table = pytest.mark.parametrize("table", TABLES, ids=lambda table: str(table.name))

CODE = (
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.Lambda,
    ast.If,
    ast.For,
    ast.While,
    ast.ListComp,
    ast.DictComp,
    ast.SetComp,
    ast.GeneratorExp,
)


def deciding_tables(modules: Iterable[Module]) -> Iterator[str]:
    """Yield each place in a `states.py` that computes instead of saying."""
    for module in modules:
        if module.name.startswith("hato.protocols.") and module.name.endswith(".states"):
            for node in ast.walk(module.tree):
                if isinstance(node, CODE):
                    yield f"{module.place(node.lineno)}: a state table is data only"


def edges(table: StateTable) -> Iterator[tuple[Enum, Enum]]:
    """Yield every way from a state to a state."""
    for transition in table.transitions:
        for target in transition.outcomes.values():
            yield transition.state, target
    for way in table.other_ways.values():
        yield from way.items()


def unreachable(table: StateTable) -> set[Enum]:
    """Return the states that no conversation gets into."""
    reached = {table.states[0]}
    ways = list(edges(table))
    while more := {target for source, target in ways if source in reached} - reached:
        reached |= more
    return set(table.states) - reached


def test_there_is_a_table_for_every_protocol_with_states() -> None:
    assert {table.name for table in TABLES} >= {"pop3", "lmtp"}


def test_state_tables_are_data_only() -> None:
    assert list(deciding_tables(project_modules("src"))) == []


def test_a_table_that_decides_is_noticed() -> None:
    table = made_up("hato.protocols.pop3.states", "TABLE = {s: {} for s in State}")
    assert list(deciding_tables([table]))


@every_table
def test_every_state_can_be_reached(table: StateTable) -> None:
    assert unreachable(table) == set()


@every_table
def test_every_conversation_can_end(table: StateTable) -> None:
    assert table.final_states


@every_table
def test_every_state_is_described(table: StateTable) -> None:
    words = state_diagrams.descriptions(table.module)
    assert [state.name for state in table.states if not words.get(state.name)] == []


def test_the_pictures_are_fresh() -> None:
    pages = state_diagrams.pages()
    stale = [p.name for p, text in pages.items() if not p.exists() or p.read_text("utf-8") != text]
    assert stale == [], "run: python tools/state_diagrams.py"
    assert set(state_diagrams.PAGES.glob("*.md")) == set(pages), "a page without a table"
