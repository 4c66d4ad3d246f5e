"""Draws docs/protocols/*.md from the state tables of the conversations.

Called by people (`python tools/state_diagrams.py`) and by tests/architecture/test_state_tables.py.
Never holds anything about a protocol: states, commands and their descriptions come from the tables.
Standards: none; the tables cite theirs.
Fails with an exception when a table has not the shape described at `tables_of`.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parent.parent
PROTOCOLS = ROOT / "src/hato/protocols"
PAGES = ROOT / "docs/protocols"

# How a rule's fields for the next state are called, and what leads there.
OUTCOMES = {"after_ok": "", "after_err": " refused"}


@dataclass(frozen=True)
class Transition:
    """One cell of a table: what a command leads to, for each outcome, and what else is said."""

    state: Enum
    command: str
    outcomes: Mapping[str, Enum]
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class StateTable:
    """One protocol's table; `name` is that of its page."""

    name: str
    module: ModuleType
    states: tuple[Enum, ...]
    transitions: tuple[Transition, ...]
    other_ways: Mapping[str, Mapping[Enum, Enum]]
    """What else than an answered command leads on: `TLS`, `challenge`, `refusal`."""

    @property
    def final_states(self) -> tuple[Enum, ...]:
        """The states that nothing leads out of."""
        leaving = {transition.state for transition in self.transitions}
        leaving |= {state for ways in self.other_ways.values() for state in ways}
        return tuple(state for state in self.states if state not in leaving)


def state_modules() -> list[ModuleType]:
    """Import every `states.py`."""
    return [
        importlib.import_module(f"hato.protocols.{path.parent.name}.states")
        for path in sorted(PROTOCOLS.glob("*/states.py"))
    ]


def tables_of(module: ModuleType) -> Iterator[StateTable]:
    """Yield the tables of a module: mappings from each state to a mapping from command to rule.

    A rule is the next state, or a tuple with fields `after_ok`, `after_err` and true-or-false ones.
    A table called TABLE is its protocol's only one; others are dialects. Mappings from state to
    state are called AFTER_ something: what leads on besides answered commands.
    """
    other_ways = {
        name.removeprefix("AFTER_"): way
        for name, way in vars(module).items()
        if name.startswith("AFTER_") and isinstance(way, Mapping)
    }
    for name, table in vars(module).items():
        if not isinstance(table, Mapping) or set(table) != set(module.State):
            continue
        protocol = module.__name__.split(".")[-2]
        yield StateTable(
            name=protocol if name == "TABLE" else name.lower(),
            module=module,
            states=tuple(module.State),
            transitions=tuple(
                _transition(state, command, rule)
                for state in module.State
                for command, rule in table[state].items()
            ),
            other_ways=other_ways,
        )


def _transition(state: Enum, command: object, rule: object) -> Transition:
    if isinstance(rule, Enum):
        return Transition(state, command_name(command), {"after_ok": rule}, ())
    fields: dict[str, object] = rule._asdict()  # type: ignore[attr-defined]  # a named tuple
    outcomes = {
        field: target
        for field, target in fields.items()
        if field in OUTCOMES and isinstance(target, Enum)
    }
    remarks = tuple(field.replace("_", " ") for field, value in fields.items() if value is True)
    return Transition(state, command_name(command), outcomes, remarks)


def command_name(command: object) -> str:
    """Return a command as people write it: `RETR` for the class Retr, `MAIL` for Verb.MAIL."""
    if isinstance(command, Enum):
        word = str(command.value)
        return word if word.isalnum() else command.name.lower().replace("_", " ")
    name = command.__name__ if isinstance(command, type) else str(command)
    inner_capitals = [i for i, letter in enumerate(name) if letter.isupper() and i]
    if not inner_capitals:
        return name.upper()
    return f"{name[: inner_capitals[0]].upper()} {name[inner_capitals[0] :].lower()}"


def way_name(way: str) -> str:
    """Return what leads on besides commands: `a challenge` for AFTER_CHALLENGE."""
    return way if way == "TLS" else f"a {way.lower().replace('_', ' ')}"


def descriptions(module: ModuleType) -> dict[str, str]:
    """Return what the source says under each state, by the state's name."""
    tree = ast.parse(inspect.getsource(module.State))
    body = tree.body[0].body if isinstance(tree.body[0], ast.ClassDef) else []
    texts = {}
    for member, remark in pairwise(body):
        if (
            isinstance(member, ast.Assign)
            and isinstance(member.targets[0], ast.Name)
            and isinstance(remark, ast.Expr)
            and isinstance(remark.value, ast.Constant)
        ):
            texts[member.targets[0].id] = " ".join(str(remark.value.value).split())
    return texts


def page_of(table: StateTable) -> str:
    """Return a table's page: the picture, the states in words, the rules one by one."""
    summary = inspect.getdoc(table.module) or ""
    source = Path(table.module.__file__ or "").relative_to(ROOT)
    lines = [
        f"# {table.name.upper()}: the states of a conversation",
        "",
        f"{summary.splitlines()[0]}",
        f"Drawn by `tools/state_diagrams.py` from [{source}](../../{source}); do not edit.",
        "",
        "```mermaid",
        *_diagram(table),
        "```",
        "",
        "| state | meaning |",
        "|---|---|",
    ]
    words = descriptions(table.module)
    lines += [f"| {state.name} | {words.get(state.name, '')} |" for state in table.states]
    lines += ["", "| state | command | accepted | otherwise | remarks |", "|---|---|---|---|---|"]
    lines += [_row(transition) for transition in table.transitions]
    lines += [
        f"| {state.name} | ({way_name(way)}) | {target.name} | | |"
        for way, targets in table.other_ways.items()
        for state, target in targets.items()
    ]
    return "\n".join(lines) + "\n"


def _diagram(table: StateTable) -> Iterator[str]:
    labels: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for transition in table.transitions:
        for outcome, target in transition.outcomes.items():
            # A refusal that changes nothing is not worth an arrow.
            if outcome == "after_ok" or target is not transition.state:
                edge = (transition.state.name, target.name)
                if transition.command not in labels[edge]:
                    labels[edge].append(f"{transition.command}{OUTCOMES[outcome]}")
    for way, targets in table.other_ways.items():
        for state, target in targets.items():
            if target is not state:
                labels[state.name, target.name].append(way_name(way))
    yield "stateDiagram-v2"
    yield f"    [*] --> {table.states[0].name}"
    for (origin, end), commands in labels.items():
        yield f"    {origin} --> {end} : {', '.join(commands)}"
    for state in table.final_states:
        yield f"    {state.name} --> [*]"


def _row(transition: Transition) -> str:
    accepted = transition.outcomes["after_ok"].name
    otherwise = transition.outcomes.get("after_err", transition.state)
    cells = (transition.state.name, transition.command, accepted, otherwise.name)
    return f"| {' | '.join(cells)} | {', '.join(transition.remarks)} |".replace("|  |", "| |")


def pages() -> dict[Path, str]:
    """Return every page with its text."""
    tables = [table for module in state_modules() for table in tables_of(module)]
    return {PAGES / f"{table.name}.md": page_of(table) for table in tables}


def main() -> int:
    """Write the pages."""
    for path, text in pages().items():
        path.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
