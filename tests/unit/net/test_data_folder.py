"""`hato config check` knows before the start whether the data folder can be used."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hato.core.errors import InvalidInputError
from hato.core.language import Language
from hato.net.data_folder import check_data_folder

OTHER = "nobody"
THIRD = "daemon"
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder that everybody can get to."""
    for folder in (tmp_path, *tmp_path.parents[:3]):
        if folder.stat().st_uid == os.geteuid():
            folder.chmod(folder.stat().st_mode | 0o011)
    return tmp_path


@contextmanager
def asked_by(name: str) -> Iterator[None]:
    os.seteuid(pwd.getpwnam(name).pw_uid)
    try:
        yield
    finally:
        os.seteuid(0)


def give(folder: Path, name: str) -> None:
    """Make a folder that is somebody's alone; it must be reachable for her."""
    folder.mkdir(mode=0o700)
    entry = pwd.getpwnam(name)
    os.chown(folder, entry.pw_uid, entry.pw_gid)
    if not all(above.stat().st_mode & 0o001 for above in folder.resolve().parents):
        pytest.skip("the folder for tests is closed to others")


def complaint(folder: Path, user: str) -> str:
    with pytest.raises(InvalidInputError) as refusal:
        check_data_folder(folder, user)
    assert refusal.value.in_language(Language.JAPANESE) != str(refusal.value)
    return str(refusal.value)


def test_an_own_folder_and_one_that_can_be_made_are_fine(tmp_path: Path) -> None:
    check_data_folder(tmp_path, "")
    check_data_folder(tmp_path / "not" / "yet", "")
    check_data_folder(tmp_path, pwd.getpwuid(os.geteuid()).pw_name)
    assert not list(tmp_path.iterdir())


def test_an_unknown_user_is_named(tmp_path: Path) -> None:
    assert "no user 'no-such-user'" in complaint(tmp_path, "no-such-user")


def test_what_is_no_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "is no folder" in complaint(tmp_path / "file", "")
    assert "is no folder" in complaint(tmp_path / "file" / "data", "")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    assert "is no folder" in complaint(tmp_path / "dangling", "")


@needs_root
def test_a_folder_of_somebody_else_is_not_for_the_user(place: Path) -> None:
    place.chmod(0o755)
    assert f"chown -R {OTHER}" in complaint(place, OTHER)
    assert f"install -d -m 700 -o {OTHER}" in complaint(place / "data", OTHER)


@needs_root
def test_a_folder_of_the_user_with_roots_database_is_not_either(place: Path) -> None:
    entry, data = pwd.getpwnam(OTHER), place / "data"
    give(data, OTHER)
    check_data_folder(data, OTHER)
    for name in ("hato.db", "hato.db-wal", "secret.key"):
        (data / name).touch(mode=0o600)
        assert f"chown -R {OTHER}" in complaint(data, OTHER)
        os.chown(data / name, entry.pw_uid, entry.pw_gid)
        check_data_folder(data, OTHER)


@needs_root
def test_what_the_disk_itself_put_there_is_nobodys(place: Path) -> None:
    give(place / "data", OTHER)
    (place / "data" / "lost+found").mkdir(mode=0o700)
    (place / "data" / "dangling").symlink_to(place / "nowhere")
    check_data_folder(place / "data", OTHER)


@needs_root
def test_who_cannot_look_is_told_who_can(place: Path) -> None:
    give(place / "data", THIRD)
    (place / "closed").mkdir(mode=0o700)
    hidden = place / "closed" / "data"
    with asked_by(OTHER):
        for folder in (place / "data", hidden, hidden / "below"):
            refusal = complaint(folder, THIRD)
            assert f"cannot be looked at by you: run this as root or as {THIRD}." in refusal
            assert "chown -R" in complaint(folder, "")
            assert "chown -R" in complaint(folder, OTHER)
