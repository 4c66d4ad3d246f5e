"""What must not stand in any file: paths of a machine, package indexes, stubs, silent waivers."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache

import pytest

from tests.architecture.source import ROOT

# The patterns are written so that they do not match themselves.
MACHINE_PATHS = re.compile(
    r"(?<![\w.])/(?:home|Users)/\w+|(?<![\w.])/roo[t]/|(?<![\w.])/wor[k]/|/tmp/\w+/(?!\.)\w+/\w+"
)
PACKAGE_INDEXES = re.compile(
    r"\bpyp[i]\.org|pythonhoste[d]\.org|npmj[s]\.|deb\.debia[n]\.org|-{2}(?:extra-)?inde[x]-url"
    r"|\"resolved\": *\"http"
)
STUBS = re.compile(r"\bTOD[O]\b|\bFIXM[E]\b|\bXX[X]\b|NotImplemente[d]Error")
WAIVER = re.compile(r"#\s*(?:type: ?ignore|noqa|pragma: no cover)(?P<rest>.*)$")
# A waiver names its codes and, behind them, says why in at least two words.
REASONED = re.compile(
    r"(?:\[[a-z0-9, -]+\]|: ?[A-Z]+[0-9]+(?:, ?[A-Z]+[0-9]+)*)[ #:(-]+\w+.*?\s+\w+"
)
EMPTY_SKIP = re.compile(r"pytest\.ski[p]\(\s*\)|mark\.ski[p]\b(?!\()")


@cache
def tracked_texts() -> dict[str, str]:
    """Return the texts of all files that belong to the project, by relative path."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("the project is no git checkout: which files belong to it is not known")
    listed = subprocess.run(
        [git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    ).stdout.split("\0")
    texts = {}
    for name in sorted(filter(None, listed)):
        path = ROOT / name
        if path.is_file() and not path.is_symlink():
            texts[name] = path.read_bytes().decode("utf-8", "replace")
    return texts


def matches(pattern: re.Pattern[str], texts: dict[str, str]) -> Iterator[str]:
    """Yield a place for every match."""
    for name, text in texts.items():
        for match in pattern.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            yield f"{name}:{line}: {match[0]!r}"


def python_texts() -> dict[str, str]:
    """Return the Python files only."""
    return {name: text for name, text in tracked_texts().items() if name.endswith(".py")}


def silent_waivers(texts: dict[str, str]) -> Iterator[str]:
    """Yield each waiver of a check that does not say why."""
    for name, text in texts.items():
        for number, line in enumerate(text.splitlines(), 1):
            waiver = WAIVER.search(line)
            if waiver and not REASONED.match(waiver["rest"]):
                yield f"{name}:{number}: {line.strip()!r} gives no code or no reason"


def test_no_path_of_a_machine_stands_in_a_file() -> None:
    assert list(matches(MACHINE_PATHS, tracked_texts())) == []


def test_no_package_index_stands_in_a_file() -> None:
    assert list(matches(PACKAGE_INDEXES, tracked_texts())) == []


def test_nothing_is_left_for_later() -> None:
    assert list(matches(STUBS, tracked_texts())) == []


def test_every_waiver_says_why() -> None:
    assert list(silent_waivers(python_texts())) == []


def test_every_skip_says_why() -> None:
    assert list(matches(EMPTY_SKIP, python_texts())) == []


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (MACHINE_PATHS, "path = '/hom" + "e/hanako/mail'"),
        (MACHINE_PATHS, "see /roo" + "t/.cache"),
        (MACHINE_PATHS, "/wor" + "k/main/src"),
        (PACKAGE_INDEXES, "pip install --extra-inde" + "x-url x"),
        (PACKAGE_INDEXES, "https://pyp" + "i.org/simple"),
        (STUBS, "# TOD" + "O: later"),
        (STUBS, "raise NotImplemente" + "dError"),
        (EMPTY_SKIP, "pytest.ski" + "p()"),
        (EMPTY_SKIP, "@pytest.mark.ski" + "p\ndef test(): ..."),
    ],
)
def test_what_must_not_stand_there_is_noticed(pattern: re.Pattern[str], text: str) -> None:
    assert list(matches(pattern, {"a.py": text}))


# Keeps the examples from being taken for waivers of this file.
MARK = "#"


@pytest.mark.parametrize(
    "text",
    [
        f"x = y  {MARK} type: ignore[assignment]  # a secret is no key",
        f"x = y  {MARK} noqa: S105  # no password but its name",
        f"x = y  {MARK} noqa: S105, S106 - sample passwords",
        f"x = y  {MARK} noqa: S105 (only a name)",
    ],
)
def test_a_reasoned_waiver_is_left_alone(text: str) -> None:
    assert list(silent_waivers({"a.py": text})) == []


@pytest.mark.parametrize(
    "text",
    [
        f"x = y  {MARK} type: ignore[assignment]",
        f"x = y  {MARK} noqa: S105",
        f"x = y  {MARK} noqa",
    ],
)
def test_a_silent_waiver_is_noticed(text: str) -> None:
    assert list(silent_waivers({"a.py": text}))


def shell_scripts() -> list[str]:
    """Return the shell scripts, those that are only sourced included."""
    beginnings = ("#!/bin/sh", "#!/bin/bash", "#!/usr/bin/env bash", "# shellcheck shell=")
    return [name for name, text in tracked_texts().items() if text.startswith(beginnings)]


def test_the_scripts_can_be_run() -> None:
    commands = [name for name in shell_scripts() if tracked_texts()[name].startswith("#!")]
    assert {"scripts/up", "scripts/test", "scripts/peers", ".ci/run"} <= set(commands)
    assert [name for name in commands if not (ROOT / name).stat().st_mode & 0o111] == []


def test_the_scripts_are_sound_shell() -> None:
    shellcheck = shutil.which("shellcheck")
    if shellcheck is None:
        pytest.skip("shellcheck is not installed (scripts/peers installs it)")
    found = subprocess.run(
        [shellcheck, "-x", *shell_scripts()],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.stdout == ""
    assert found.returncode == 0
