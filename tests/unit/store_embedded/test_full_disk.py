"""What the system says when there is no room means the same everywhere."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import apsw
import pytest

from hato.core.errors import StorageFullError, UnavailableError
from hato.store.embedded.faults import domain_error, is_full
from hato.store.embedded.hato_db_connection import translated
from hato.store.embedded.locks import try_lock

FULL = [errno.ENOSPC, errno.EDQUOT, errno.EFBIG]


def fault(number: int) -> OSError:
    return OSError(number, os.strerror(number))


@pytest.mark.parametrize("number", FULL)
def test_disk_quota_and_size_of_a_file_are_all_a_full_disk(number: int) -> None:
    assert isinstance(domain_error(fault(number), "writing"), StorageFullError)
    assert isinstance(translated(fault(number)), StorageFullError)
    assert is_full(fault(number))


def test_another_fault_is_none() -> None:
    assert isinstance(domain_error(fault(errno.EIO), "writing"), UnavailableError)
    assert isinstance(translated(fault(errno.EIO)), UnavailableError)
    assert not is_full(fault(errno.EIO))


@pytest.mark.parametrize("number", FULL)
def test_a_lock_can_be_taken_on_a_full_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def fail(*_arguments: object) -> int:
        raise fault(number)

    monkeypatch.setattr(os, "pwrite", fail)
    lock = try_lock(f"{tmp_path}/lock")
    assert lock is not None
    assert lock.is_valid()


def test_shared_memory_that_cannot_grow_is_a_full_disk_too() -> None:
    fault = apsw.exception_for(apsw.SQLITE_IOERR_SHMSIZE)
    assert is_full(fault)
    assert isinstance(domain_error(fault, "reading"), StorageFullError)
    assert not is_full(apsw.exception_for(apsw.SQLITE_IOERR_READ))
