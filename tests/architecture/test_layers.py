"""Imports go only downward, exactly as the picture in ARCHITECTURE.md says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest

from tests.architecture.source import Module, Rule, imported_modules, made_up, project_modules

# The picture, as data: each package and the packages below it that it may import.
PURE = ("core",)
LAYERS: dict[str, tuple[str, ...]] = {
    "core": (),
    "protocols": PURE,
    "mailauth": PURE,
    "message": PURE,
    "store": ("core", "message"),
    "net": ("core", "protocols"),
    "clients": ("core", "message", "protocols", "net"),
    "services": ("core", "message", "mailauth", "protocols", "store", "net", "clients"),
}
EDGES = ("servers", "web", "cli")
for edge in EDGES:
    LAYERS[edge] = (*LAYERS["services"], "services")
LAYERS["app"] = (*LAYERS["services"], "services", *EDGES)
LAYERS["__main__"] = ("app",)

# Protocols do not know each other, nor do servers; a client speaks one protocol.
SIBLINGS = {
    "protocols": ("pop3", "smtp", "lmtp", "imap", "jmap"),
    "servers": ("pop3", "smtp", "submission", "lmtp", "imap", "jmap"),
    "clients": ("pop3", "smtp", "imap"),
}
# LMTP and submission are SMTP with other rules.
BUILT_ON = {"lmtp": "smtp", "submission": "smtp"}

BACKENDS = ("memory", "embedded", "cluster")
# What edges may see of the store: the contract and its words.
STORE_FOR_EDGES = ("api", "model", "changes", "directory", "staged")


def layer_of(name: str) -> str:
    """Return the package below `hato` that a module belongs to; empty for `hato` itself."""
    return name.split(".")[1] if "." in name else ""


def part_of(name: str) -> str:
    """Return what stands below the package: `pop3` for `hato.protocols.pop3.server`."""
    return name.split(".")[2] if name.count(".") > 1 else ""


def upward_imports(modules: Iterable[Module]) -> Iterator[str]:
    """Yield each import that does not go down."""
    modules = list(modules)
    for module in modules:
        layer = layer_of(module.name)
        if layer and layer not in LAYERS:
            yield f"{module.path}: `{layer}` is no layer of ARCHITECTURE.md"
            continue
        for item in imported_modules(module, [m.name for m in modules]):
            target = layer_of(item.target)
            if target and target != layer and target not in LAYERS.get(layer, ()):
                yield f"{module.place(item.line)}: {layer} imports {item.target}"


def sibling_imports(modules: Iterable[Module]) -> Iterator[str]:
    """Yield each import from one protocol, server or client to another one."""
    modules = list(modules)
    for module in modules:
        layer, part = layer_of(module.name), part_of(module.name)
        siblings = SIBLINGS.get(layer, ())
        for item in imported_modules(module, [m.name for m in modules]):
            other = part_of(item.target)
            if layer_of(item.target) != layer or other == part or other not in siblings:
                continue
            if part in siblings and BUILT_ON.get(part) == other:
                continue
            yield f"{module.place(item.line)}: {layer}.{part or '*'} imports its sibling {other}"


def backend_imports(modules: Iterable[Module]) -> Iterator[str]:
    """Yield each import of a store backend from anywhere but `app` and the backend itself."""
    modules = list(modules)
    for module in modules:
        home = (layer_of(module.name), part_of(module.name))
        for item in imported_modules(module, [m.name for m in modules]):
            if layer_of(item.target) != "store" or home[0] == "app":
                continue
            target = part_of(item.target)
            if target in BACKENDS and home != ("store", target):
                yield f"{module.place(item.line)}: only app may import {item.target}"
            if home[0] in EDGES and target not in STORE_FOR_EDGES:
                yield f"{module.place(item.line)}: edges see only {STORE_FOR_EDGES} of the store"


RULES = (upward_imports, sibling_imports, backend_imports)


@pytest.mark.parametrize("rule", RULES, ids=["upward", "siblings", "backends"])
def test_imports_only_go_down(rule: Rule) -> None:
    assert list(rule(project_modules("src"))) == []


KNOWN = (
    "hato.core.ids hato.protocols.lines hato.protocols.pop3.server hato.protocols.smtp.server "
    "hato.store.api hato.store.contract hato.store.memory.account hato.store.embedded.journal "
    "hato.net.connection hato.services.auth hato.servers.pop3 hato.servers.smtp hato.servers.lmtp "
    "hato.cli.server.up hato.app"
).split()

BROKEN = {
    "hato.core.clock": "import hato.protocols.lines",
    "hato.protocols.machine": "from hato.net import connection",
    "hato.protocols.lines": "from hato.protocols.pop3 import server",
    "hato.protocols.smtp.grammar": "from hato.protocols.pop3.server import Pop3Server",
    "hato.store.model": "from hato.protocols import lines",
    "hato.store.embedded.writer": "from hato.store.memory.account import MemoryAccount",
    "hato.net.listener": "import hato.store.api",
    "hato.services.delivery": "from hato.store.embedded.journal import Journal",
    "hato.services.throttle": "def later():\n    from hato.servers import pop3",
    "hato.servers.session": "from hato.servers.pop3 import Pop3",
    "hato.servers.lmtp": "from hato.servers.pop3 import Pop3",
    "hato.servers.imap": "from hato.store.contract import check",
    "hato.cli.server.serve": "import hato.app",
    "hato.cli.people.user": "from hato.servers import pop3",
    "hato.helpers.text": "",
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_wrong_import_is_noticed(name: str) -> None:
    modules = [made_up(name, BROKEN[name]), *(made_up(n, "") for n in KNOWN if n != name)]
    assert [sentence for rule in RULES for sentence in rule(modules)]


SOUND = {
    "hato.protocols.pop3.client": "from hato.protocols.lines import LineBuffer",
    "hato.servers.lmtp": "from hato.servers.smtp import Smtp\nfrom hato.store.api import Account",
    "hato.store.embedded.writer": "from hato.store.embedded.journal import Journal",
    "hato.app": "from hato.store.embedded import journal\nfrom hato.cli.server import up",
}


@pytest.mark.parametrize("name", SOUND)
def test_a_sound_import_is_left_alone(name: str) -> None:
    modules = [made_up(name, SOUND[name]), *(made_up(n, "") for n in KNOWN if n != name)]
    assert [sentence for rule in RULES for sentence in rule(modules)] == []
