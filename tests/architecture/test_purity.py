"""Protocols, messages and their authentication know no clock, no chance and no outside world."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator

import pytest

from tests.architecture.source import Module, Rule, made_up, project_modules

PURE_PACKAGES = ("hato.protocols", "hato.message", "hato.mailauth")
OUTSIDE_WORLD = frozenset(
    "asyncio socket ssl selectors select sqlite3 apsw uvloop os pathlib shutil tempfile glob "
    "subprocess threading multiprocessing concurrent signal time random secrets uuid http urllib "
    "logging structlog click rich".split()
)
OUTSIDE_CALLS = frozenset({"open", "input", "print"})
ASKING_THE_TIME = frozenset({"now", "today", "utcnow"})

# Settings are msgspec structures: unknown keys are errors.
CORE_LIBRARIES = frozenset({"hato", "msgspec"})

# Packages, and the third-party or system modules that only they may import.
RESERVED = {
    "socket": ("hato.net", "hato.app"),
    "ssl": ("hato.net", "hato.app"),
    "OpenSSL": ("hato.net", "hato.app"),
    "uvloop": ("hato.net", "hato.app"),
    "sqlite3": (),
    "apsw": ("hato.store.embedded",),
    "click": ("hato.cli", "hato.app"),
    "rich": ("hato.cli", "hato.app"),
    "argon2": ("hato.services",),
    "bcrypt": ("hato.services",),
}


def within(name: str, packages: Iterable[str]) -> bool:
    """Tell whether a module is one of these packages or lies in one."""
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def impurities(modules: Iterable[Module]) -> Iterator[str]:
    """Yield each place where a pure module reaches for the outside world."""
    for module in modules:
        if not within(module.name, PURE_PACKAGES):
            continue
        for item in module.imports:
            if item.target.split(".")[0] in OUTSIDE_WORLD:
                yield f"{module.place(item.line)}: a pure module imports {item.target}"
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and _asks_outside(node.func):
                yield f"{module.place(node.lineno)}: a pure module calls {ast.unparse(node.func)}"


def _asks_outside(function: ast.expr) -> bool:
    if isinstance(function, ast.Name):
        return function.id in OUTSIDE_CALLS
    return isinstance(function, ast.Attribute) and function.attr in ASKING_THE_TIME


def foreign_imports_of_core(modules: Iterable[Module]) -> Iterator[str]:
    """Yield each import of core that is neither the standard library nor allowed."""
    for module in modules:
        if within(module.name, ("hato.core",)):
            for item in module.imports:
                top = item.target.split(".")[0]
                if top not in CORE_LIBRARIES | sys.stdlib_module_names:
                    yield f"{module.place(item.line)}: core imports {top}"


def reserved_imports(modules: Iterable[Module]) -> Iterator[str]:
    """Yield each import of a library by a package that it is not meant for."""
    for module in modules:
        for item in module.imports:
            homes = RESERVED.get(item.target.split(".")[0])
            if homes is not None and not within(module.name, homes):
                yield f"{module.place(item.line)}: {item.target} is for {homes or 'nobody'}"


RULES = (impurities, foreign_imports_of_core, reserved_imports)


@pytest.mark.parametrize("rule", RULES, ids=["pure packages", "core", "reserved libraries"])
def test_each_package_keeps_to_its_world(rule: Rule) -> None:
    assert list(rule(project_modules("src"))) == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("hato.protocols.pop3.server", "import asyncio"),
        ("hato.protocols.sasl", "from secrets import token_bytes"),
        ("hato.message.parse", "def read():\n    import os.path"),
        ("hato.message.compose", "stamp = datetime.now()"),
        ("hato.mailauth.dkim", "key = open('key.pem')"),
        ("hato.core.log", "import structlog"),
        ("hato.services.auth", "import ssl"),
        ("hato.servers.pop3", "import apsw"),
        ("hato.store.embedded.schema", "import sqlite3"),
        ("hato.net.tls", "from rich import print"),
    ],
)
def test_a_reach_outside_is_noticed(name: str, text: str) -> None:
    assert [sentence for rule in RULES for sentence in rule([made_up(name, text)])]
