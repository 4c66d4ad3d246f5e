"""Locks of an account, where the contract does not reach."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from hato.store.embedded.locks import EmbeddedLock
from hato.store.embedded.system import open_file


class GivenBack(EmbeddedLock):
    """Is given back by another thread as soon as somebody has looked at it."""

    def __getattribute__(self, name: str) -> Any:  # noqa: ANN401 - whatever stands there
        value = super().__getattribute__(name)
        if name == "_file":
            self._file = None
        return value


def test_a_lock_given_back_while_it_is_checked_is_no_fault(tmp_path: Path) -> None:
    lock = GivenBack(open_file(f"{tmp_path}/lock", os.O_RDWR | os.O_CREAT), 0)
    assert lock.is_valid()
    assert not lock.is_valid()
