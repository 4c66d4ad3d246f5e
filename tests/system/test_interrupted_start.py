"""Ctrl-C is heard in silence, however early it is pressed."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import signal, sys
sys.argv = ["hato", "--help"]
from hato.__main__ import main

class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == "{module}":
            signal.raise_signal(signal.SIGINT)

sys.meta_path.insert(0, Interrupting())
main()
"""


@pytest.mark.parametrize("module", ["hato.app", "msgspec", "hato.cli.program"])
def test_an_interruption_while_the_program_loads_prints_nothing(module: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(module=module)], capture_output=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")


def test_the_module_is_the_program() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hato", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("hato, version ")
