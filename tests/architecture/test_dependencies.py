"""Every dependency is locked with hashes, has a reason in docs/dependencies.md, and is used."""

from __future__ import annotations

import re
import tomllib

from tests.architecture.source import ROOT, project_modules

REQUIREMENTS = ROOT / "requirements"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_LOCKED = re.compile(
    r"(?P<name>[a-z0-9][a-z0-9._-]*)==(?P<version>[0-9][0-9A-Za-z.!+-]*)(?: ; [^\\\n]+)? \\\n"
    r"(?P<hashes>(?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)"
)
# Distributions whose module has another name.
MODULE_NAMES = {"argon2-cffi": "argon2", "dnspython": "dns", "pyopenssl": "OpenSSL"}


def normal(name: str) -> str:
    """Return a distribution's name in the form in which lock files write it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def names_in(lines: list[str]) -> set[str]:
    """Return the names at the beginning of requirement lines; comments are left out."""
    found = (_NAME.match(line) for line in lines)
    return {normal(match[0]) for match in found if match}


def runtime_names() -> set[str]:
    """Return what pyproject.toml asks for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return names_in(project["dependencies"])


def names_in_file(name: str) -> set[str]:
    """Return what a file of requirements asks for."""
    return names_in((REQUIREMENTS / name).read_text().splitlines())


def locked(name: str) -> dict[str, str]:
    """Return the versions in a lock file; fail when a line of it is anything else."""
    text = (REQUIREMENTS / name).read_text()
    rest = re.sub(r"^ *#.*\n", "", _LOCKED.sub("", text), flags=re.MULTILINE)
    assert rest == "", f"{name} holds more than versions and hashes: {rest[:200]!r}"
    return {match["name"]: match["version"] for match in _LOCKED.finditer(text)}


def documented(heading: str) -> set[str]:
    """Return the names in the table under a heading of docs/dependencies.md."""
    text = (ROOT / "docs/dependencies.md").read_text("utf-8")
    section = text.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return {normal(name) for name in re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE)}


def test_everything_asked_for_is_locked() -> None:
    runtime = runtime_names() | names_in_file("build.in")
    assert runtime <= locked("runtime.txt").keys()
    assert runtime | names_in_file("test.in") <= locked("test.txt").keys()


def test_the_tests_run_with_what_people_run() -> None:
    runtime, test = locked("runtime.txt"), locked("test.txt")
    assert {name: test.get(name) for name in runtime} == runtime


def test_every_dependency_has_its_reason() -> None:
    assert documented("At run time") == runtime_names()
    assert documented("To build") == names_in_file("build.in")
    assert documented("To check") == names_in_file("test.in")


def test_every_dependency_is_used() -> None:
    imported = {item.target.split(".")[0] for m in project_modules("src") for item in m.imports}
    modules = {name: MODULE_NAMES.get(name, name.replace("-", "_")) for name in runtime_names()}
    assert {name for name, module in modules.items() if module not in imported} == set()
