"""The gate: one at a time, and free again however a block ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from hato.store.embedded.gate import Gate


def test_one_at_a_time(tmp_path: Path) -> None:
    mine, other = Gate(str(tmp_path)), Gate(str(tmp_path))
    with mine.held():
        with other.held_if_free() as is_held:
            assert not is_held
        assert not mine.try_take()
    with other.held_if_free() as is_held:
        assert is_held
        assert not mine.try_take()
    assert mine.try_take()


def test_it_is_free_again_when_a_block_fails(tmp_path: Path) -> None:
    mine, other = Gate(str(tmp_path)), Gate(str(tmp_path))
    with pytest.raises(ZeroDivisionError), mine.held():
        raise ZeroDivisionError
    with pytest.raises(ZeroDivisionError), other.held_if_free():
        raise ZeroDivisionError
    assert mine.try_take()


def test_a_folder_that_is_gone_is_told_and_nothing_is_held(tmp_path: Path) -> None:
    gate = Gate(str(tmp_path / "there"))
    with pytest.raises(FileNotFoundError), gate.held():
        pass
    with pytest.raises(FileNotFoundError), gate.held_if_free():
        pass
    (tmp_path / "there").mkdir()
    assert gate.try_take()
