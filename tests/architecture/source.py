"""The project's Python files as the architecture tests see them: texts, trees, imports.

Every rule is a function from such modules to sentences about what is wrong, so that each test file
applies it twice: to the project, and to a made-up module that breaks it.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TypeAlias

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("src", "tests", "bench", "tools")


@dataclass(frozen=True)
class Import:
    """One name that a module imports: `target` is the module or the module's attribute."""

    target: str
    line: int


@dataclass(frozen=True)
class Module:
    """One Python file."""

    name: str
    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """Its syntax tree."""
        return ast.parse(self.text, self.path)

    @property
    def is_package(self) -> bool:
        """Whether it is an `__init__.py`."""
        return self.path.endswith("__init__.py")

    @cached_property
    def imports(self) -> tuple[Import, ...]:
        """What it imports, wherever: inside functions and under TYPE_CHECKING too.

        A reader follows those just as well, so that they count like all others.
        """
        return tuple(self._imports())

    def _imports(self) -> Iterator[Import]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (Import(alias.name, node.lineno) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                origin = self._origin(node)
                yield from (Import(f"{origin}.{alias.name}", node.lineno) for alias in node.names)

    def _origin(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        parts = self.name.split(".")
        kept = len(parts) - node.level + self.is_package
        return ".".join([*parts[:kept], *([node.module] if node.module else [])])

    def place(self, line: int) -> str:
        """Say where: `path:line`."""
        return f"{self.path}:{line}"


def made_up(name: str, text: str) -> Module:
    """Return a module that does not exist, to see that a rule notices what it should."""
    folder = "src/" if name.startswith("hato") else ""
    return Module(name, f"{folder}{name.replace('.', '/')}.py", text)


Rule: TypeAlias = Callable[[Iterable[Module]], Iterator[str]]


@cache
def project_modules(*folders: str) -> tuple[Module, ...]:
    """Return all Python files of the given top-level folders, in a fixed order."""
    return tuple(
        _read(path) for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))
    )


def _read(path: Path) -> Module:
    relative = path.relative_to(ROOT)
    dotted = relative.relative_to("src") if relative.parts[0] == "src" else relative
    parts = [*dotted.parts[:-1], dotted.stem]
    if parts[-1] == "__init__":
        parts.pop()
    return Module(".".join(parts), str(relative), path.read_text("utf-8"))


def imported_modules(module: Module, known: Iterable[str]) -> Iterator[Import]:
    """Return the modules among `known` that `module` imports, each name cut down to its module."""
    names = frozenset(known)
    for item in module.imports:
        target = item.target
        while target and target not in names:
            target = target.rpartition(".")[0]
        if target and target != module.name:
            yield Import(target, item.line)
