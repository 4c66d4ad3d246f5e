"""What the program says where it cannot say anything, or is not asked for anything."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HATO = Path(sys.executable).with_name("hato")
FULL = Path("/dev/full")


def run(*words: str, language: str = "C.UTF-8", output: int = subprocess.PIPE) -> tuple[int, str]:
    done = subprocess.run(
        [str(HATO), *words],
        env={**os.environ, "LC_ALL": language},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.PIPE,
        check=False,
    )
    return done.returncode, done.stderr.decode()


@pytest.mark.skipif(not FULL.exists(), reason="only Linux has a file that is always full")
@pytest.mark.parametrize("words", [["--version"], ["user", "--help"], ["config", "example"]])
@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("C.UTF-8", "What there is to say cannot be written to standard output ({reason}).\n"),
        ("ja_JP.UTF-8", "標準出力に書けません({reason})。\n"),
    ],
)
def test_output_that_nobody_takes_is_told_in_one_sentence(
    words: list[str], language: str, sentence: str
) -> None:
    with FULL.open("wb") as full:
        status, said = run(*words, language=language, output=full.fileno())
    assert (status, said) == (1, sentence.format(reason=os.strerror(28)))


@pytest.mark.parametrize("words", [[], ["user"], ["domain"]], ids=" ".join)
@pytest.mark.parametrize("language", ["C.UTF-8", "ja_JP.UTF-8"])
def test_no_verb_at_all_gets_the_help_and_nothing_behind_it(
    words: list[str], language: str
) -> None:
    status, said = run(*words, language=language)
    assert status == 2
    assert said.startswith(f"Usage: {' '.join(['hato', *words])} ")
    assert "See `hato" not in said
    assert not said.rstrip().endswith("を見てください。")
