"""`hato config check` names what works but is hardly meant."""

from __future__ import annotations

from pathlib import Path

import msgspec

from hato.cli.server.config import _doubts
from hato.core.settings import Limits, Settings, Tls


def test_what_others_can_read_and_a_short_wait_are_named(tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    key.touch(mode=0o600)
    tmp_path.chmod(0o700)
    settings = Settings(data=str(tmp_path), tls=Tls(certificate=str(key), key=str(key)))
    assert _doubts(settings) == []
    key.chmod(0o644)
    tmp_path.chmod(0o755)
    doubts = _doubts(msgspec.structs.replace(settings, limits=Limits(idle_seconds=599)))
    said = [doubt.en for doubt in doubts]
    assert "RFC 1939" in said[0]
    assert f"chmod 700 {tmp_path}" in said[1]
    assert f"chmod o-rwx {key}" in said[2]
