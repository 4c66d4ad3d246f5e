"""The command line starts fast: help, and what runs for each letter, load nothing heavy."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = {"dns", "httpx2", "authlib", "rich", "OpenSSL", "cryptography", "argon2"}
PROGRAM = """
import contextlib, io, json, sys
from hato.app import Composition
from hato.cli.program import run
with contextlib.redirect_stdout(io.StringIO()):
    status = run(Composition(), sys.argv[1:])
print(json.dumps([status, sorted(sys.modules)]))
"""


@pytest.mark.parametrize(
    "arguments",
    [("--help",), ("account", "--help"), ("fetch", "--help"), ("deliver", "--help")],
    ids=" ".join,
)
def test_help_loads_nothing_heavy(arguments: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments], capture_output=True, check=True
    )
    status, modules = json.loads(done.stdout)
    assert status == 0
    assert HEAVY.isdisjoint(modules)
