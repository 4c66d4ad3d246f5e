"""No module is imported, on whatever way, by what it imports. TYPE_CHECKING imports count."""

from __future__ import annotations

from collections.abc import Iterable

from tests.architecture.source import Module, imported_modules, made_up, project_modules


def cycles(modules: Iterable[Module]) -> list[list[str]]:
    """Return the groups of modules that import each other in a circle."""
    modules = list(modules)
    known = [module.name for module in modules]
    graph = {m.name: {item.target for item in imported_modules(m, known)} for m in modules}
    reachable = {name: _reachable_from(name, graph) for name in graph}
    circular = {name for name in graph if name in reachable[name]}
    groups = {
        frozenset(other for other in reachable[name] if name in reachable[other])
        for name in circular
    }
    return sorted(sorted(group) for group in groups)


def _reachable_from(start: str, graph: dict[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        for target in graph[waiting.pop()] - seen:
            seen.add(target)
            waiting.append(target)
    return seen


def test_no_module_imports_itself_in_a_circle() -> None:
    assert cycles(project_modules("src", "tests", "tools", "bench")) == []


def test_a_circle_is_noticed_even_under_type_checking() -> None:
    circle = [
        made_up("hato.store.api", "from hato.store.model import Email"),
        made_up("hato.store.model", "from hato.store import changes"),
        made_up("hato.store.changes", "if TYPE_CHECKING:\n    from hato.store.api import Store"),
        made_up("hato.store.memory", "from hato.store.api import Store"),
    ]
    assert cycles(circle) == [["hato.store.api", "hato.store.changes", "hato.store.model"]]
