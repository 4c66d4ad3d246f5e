"""What other programs that Hato starts are told: never where the key is."""

from __future__ import annotations

from pathlib import Path

import pytest

from hato.cli.terminal.editor import edit
from hato.services.auth.secret_key import environment_for_others


def test_an_editor_does_not_see_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HATO_SECRET_KEY", "c2VjcmV0")
    monkeypatch.setenv("HATO_SECRET_KEY_FILE", "/run/key")
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", "sh -c 'env > \"$0\"'")
    assert edit(tmp_path / "draft") == 0
    seen = (tmp_path / "draft").read_text()
    assert "EDITOR=" in seen
    assert "HATO_SECRET_KEY" not in seen


def test_the_rest_of_the_environment_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HATO_SECRET_KEY", "c2VjcmV0")
    monkeypatch.setenv("LANG", "ja_JP.UTF-8")
    passed_on = environment_for_others()
    assert passed_on["LANG"] == "ja_JP.UTF-8"
    assert "HATO_SECRET_KEY" not in passed_on
