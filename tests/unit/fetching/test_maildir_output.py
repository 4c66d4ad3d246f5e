"""A Maildir gets each message once, whole, with this machine's line ends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hato.services.fetching.maildir_output import MaildirOutput

RECEIVED = 1_800_000_000


async def octets(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_a_message_lies_in_new_with_its_time(tmp_path: Path) -> None:
    maildir = MaildirOutput(str(tmp_path / "Mail"))
    assert await maildir.put("acc_1", octets(b"Subject: x\r\n\r\n", b"one\r\ntwo\r\n"), RECEIVED)
    await maildir.settle()
    (path,) = (tmp_path / "Mail/new").iterdir()
    assert path.read_bytes() == b"Subject: x\n\none\ntwo\n"
    assert int(path.stat().st_mtime) == RECEIVED
    assert path.stat().st_mode & 0o777 == 0o600
    assert names(tmp_path / "Mail/tmp") == []
    assert names(tmp_path / "Mail") == ["cur", "new", "tmp"]


@pytest.mark.parametrize(
    ("pieces", "written"),
    [
        ((b"a\r", b"\nb"), b"a\nb"),
        ((b"a\r", b"\r", b"\nb"), b"a\r\nb"),
        ((b"a\rb\nc\r",), b"a\rb\nc\r"),
        ((b"a", b"\r", b""), b"a\r"),
        ((), b""),
    ],
)
async def test_only_crlf_becomes_lf_wherever_it_is_cut(
    tmp_path: Path, pieces: tuple[bytes, ...], written: bytes
) -> None:
    await MaildirOutput(str(tmp_path)).put("acc_1", octets(*pieces), RECEIVED)
    (path,) = (tmp_path / "new").iterdir()
    assert path.read_bytes() == written


async def test_the_same_message_is_not_put_twice_even_where_it_was_read(tmp_path: Path) -> None:
    assert await MaildirOutput(str(tmp_path)).put("acc_1", octets(b"x"), RECEIVED)
    (path,) = (tmp_path / "new").iterdir()
    path.rename(tmp_path / "cur" / f"{path.name}:2,S")
    assert not await MaildirOutput(str(tmp_path)).put("acc_1", octets(b"x"), RECEIVED)
    assert await MaildirOutput(str(tmp_path)).put("acc_2", octets(b"y"), RECEIVED)
    assert len(names(tmp_path / "new")) == 1


async def test_what_a_killed_process_left_is_begun_anew(tmp_path: Path) -> None:
    first = MaildirOutput(str(tmp_path))
    await first.put("acc_1", octets(b"whole"), RECEIVED)
    (path,) = (tmp_path / "new").iterdir()
    path.rename(tmp_path / "tmp" / path.name)
    (tmp_path / "tmp" / path.name).write_bytes(b"wh")
    assert await MaildirOutput(str(tmp_path)).put("acc_1", octets(b"whole"), RECEIVED)
    assert (tmp_path / "new" / path.name).read_bytes() == b"whole"


async def test_nothing_is_left_of_a_message_that_cannot_be_read(tmp_path: Path) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"half"
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await MaildirOutput(str(tmp_path)).put("acc_1", broken(), RECEIVED)
    assert names(tmp_path / "tmp") == names(tmp_path / "new") == []


async def test_a_path_that_is_no_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        await MaildirOutput(str(tmp_path / "file")).put("acc_1", octets(b"x"), RECEIVED)
