"""Edges dispatch through one literal table, and it names every command that can reach them."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import get_args

import pytest

from hato.protocols.pop3.commands import Pass, UserPass
from hato.protocols.pop3.states import TABLE
from hato.protocols.smtp.commands import Command as SmtpCommand
from tests.architecture.source import Module, made_up, project_modules


def handler_tables(modules: Iterable[Module]) -> Iterator[tuple[Module, int, ast.expr | None]]:
    """Yield what is assigned to `self.handlers`, wherever."""
    for module in modules:
        for node in ast.walk(module.tree):
            targets: list[ast.expr] = []
            if isinstance(node, ast.AnnAssign):
                targets = [node.target]
            elif isinstance(node, ast.Assign):
                targets = node.targets
            if any(isinstance(t, ast.Attribute) and t.attr == "handlers" for t in targets):
                assert isinstance(node, ast.Assign | ast.AnnAssign)
                yield module, node.lineno, node.value


def crooked_tables(modules: Iterable[Module]) -> Iterator[str]:
    """Yield each table that is no literal `{Command: self.method}`."""
    for module, line, value in handler_tables(modules):
        if not isinstance(value, ast.Dict):
            yield f"{module.place(line)}: handlers are a literal dictionary"
            continue
        for key, handler in zip(value.keys, value.values, strict=True):
            if not isinstance(key, ast.Name) or not _is_own_method(handler):
                yield f"{module.place(handler.lineno)}: not of the form `Command: self.method`"


def _is_own_method(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
    )


def other_dispatch(modules: Iterable[Module]) -> Iterator[str]:
    """Yield each place in an edge that asks which command it got: the table knows."""
    for module in modules:
        if not module.name.startswith("hato.servers."):
            continue
        for node in ast.walk(module.tree):
            asked = None
            if isinstance(node, ast.Match):
                asked = node.subject
            elif isinstance(node, ast.Call) and ast.unparse(node.func) == "isinstance":
                asked = node.args[0]
            if isinstance(asked, ast.Name) and asked.id == "command":
                yield f"{module.place(asked.lineno)}: dispatch goes through the handler table"


def handled_by(prefix: str) -> set[str]:
    """Return the commands in the tables of the edge modules whose name begins so."""
    modules = [m for m in project_modules("src") if m.name.startswith(f"hato.servers.{prefix}")]
    return {
        key.id
        for _, _, value in handler_tables(modules)
        if isinstance(value, ast.Dict)
        for key in value.keys
        if isinstance(key, ast.Name)
    }


def test_handler_tables_are_literal() -> None:
    assert list(crooked_tables(project_modules("src"))) == []


def test_edges_dispatch_through_their_table_only() -> None:
    assert list(other_dispatch(project_modules("src"))) == []


def test_pop3_answers_every_command_that_its_machine_leaves_to_it() -> None:
    left = {
        command
        for rules in TABLE.values()
        for command, rule in rules.items()
        if not rule.is_answered_here
    }
    # The machine puts USER and PASS together.
    expected = left - {Pass} | {UserPass}
    assert handled_by("pop3") == {command.__name__ for command in expected}


def test_lmtp_answers_every_command_that_its_machine_yields() -> None:
    assert handled_by("lmtp") == {command.__name__ for command in get_args(SmtpCommand)}


@pytest.mark.parametrize(
    "text",
    [
        "self.handlers = dict(table)",
        "self.handlers: Mapping[type, Handler] = {Stat: stat}",
        "self.handlers = {**others, Stat: self.stat}",
    ],
)
def test_a_crooked_table_is_noticed(text: str) -> None:
    assert list(crooked_tables([made_up("hato.servers.pop3", text)]))


@pytest.mark.parametrize(
    "text",
    ["isinstance(command, Stat)", "match command:\n    case Stat():\n        pass"],
)
def test_another_way_to_dispatch_is_noticed(text: str) -> None:
    assert list(other_dispatch([made_up("hato.servers.pop3", text)]))
