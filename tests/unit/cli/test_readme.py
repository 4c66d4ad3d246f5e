"""What the READMEs tell newcomers to type can be typed, and is the same in both languages."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hato.net.own_certificate import make_own_certificate
from tests.readmes import READMES, ROOT, typed

SERVING = ".venv/bin/hato serve\n"


def blocks(name: str) -> list[str]:
    """Return what stands in frames, without remarks."""
    return typed((ROOT / name).read_text())


def test_both_languages_tell_the_same_commands() -> None:
    english, japanese = (blocks(name) for name in READMES)
    assert english[1:] == japanese[1:]  # the first is the picture


@pytest.mark.parametrize("name", READMES)
def test_a_server_of_ones_own_is_made_as_the_tour_says(name: str, tmp_path: Path) -> None:
    (tour,) = (block for block in blocks(name) if SERVING in block)
    make_own_certificate(tmp_path / "hato-data" / "tls", int(time.time()))
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "bin").symlink_to(Path(sys.executable).parent)
    done = subprocess.run(
        ["sh", "-eu"],
        input=tour.replace(SERVING, "").replace("unset HATO_CONFIG\n", ""),
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert f"fine: data in {tmp_path}/own-mail, 3 addresses" in done.stdout
    assert "1 new, 0 there already, 0 empty, 0 failed" in done.stdout
    ports = [
        int(port) for port in re.findall(r'"[\d.]+:(\d+)"', (tmp_path / "hato.toml").read_text())
    ]
    assert min(ports) > 1023
