"""What other programs noted of the letters that they fetched: three forms of the same.

Called by `hato account import`.
Never takes half of a damaged memory: what would be missing would be fetched a second time.
Standards: none; what fetchmail 6.4, getmail 6.18 and mpop 1.4 write. RFC 1939 §7 (unique-ids).
Fails with InvalidInputError: which file, which line, what to do. Never shows a line.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import msgspec

from hato.core.errors import InvalidInputError
from hato.core.language import Text
from hato.core.limits import (
    MEMORY_OF_OTHERS_OCTETS,
    MEMORY_OF_OTHERS_ROWS,
    POP3_UNIQUE_ID_OCTETS,
)
from hato.services.moving_in.found import Program

_TOO_LONG: Final = Text(
    en="{file} is too long for a memory of fetched letters: check that it is one.",
    ja="{file} は受信記録としては大きすぎます。中身を確かめてください。",
)
_HALF_WRITTEN: Final = Text(
    en="{file} ends in the middle of a line, so it was not written to its end: let the old program "
    "run once more, then import again.",
    ja="{file} は行の途中で終わっていて、最後まで書かれていません。"
    "元のプログラムをもう一度動かしてから引き継いでください。",
)
_DAMAGED: Final = Text(
    en="Line {line} of {file} is no entry of {program}: remove that line and import again.",
    ja="{file} の {line} 行目は {program} の記録ではありません。"
    "その行を消してからもう一度引き継いでください。",
)
_TOO_FEW: Final = Text(
    en="{file} has fewer letters than it says in line {line}, so it was not written to its end: "
    "let mpop run once more, then import again.",
    ja="{file} は {line} 行目に書かれた数より少なく、最後まで書かれていません。"
    "mpop をもう一度動かしてから引き継いでください。",
)

_GETMAIL_ENTRY: Final = re.compile(rb"([\x21-\x7e]+)\0[0-9]{1,20}\r?")
_MPOP_LIST: Final = re.compile(rb" ([0-9]{1,9}) (\S+) (.+)")
_PRINTABLE: Final = re.compile(rb"[\x21-\x7e]+")


class UniqueIds(msgspec.Struct):
    """The letters of one account that a program has fetched."""

    known: list[bytes] = []
    """Each once."""
    odd: int = 0
    """How many were left out, because no server may have such an unique-id."""


Memories = dict[str, UniqueIds]
"""By the account's key, as `found.Memory` has it, in small letters where case does not count."""


def read_memory(program: Program, data: bytes, file: Path) -> Memories:
    """Read a memory whole. Raises InvalidInputError."""
    if len(data) > MEMORY_OF_OTHERS_OCTETS:
        raise InvalidInputError(_TOO_LONG, file=file)
    if data and not data.endswith(b"\n"):
        raise InvalidInputError(_HALF_WRITTEN, file=file)
    if data.count(b"\n") > MEMORY_OF_OTHERS_ROWS:
        raise InvalidInputError(_TOO_LONG, file=file)
    entries = _READERS[program](data.split(b"\n")[:-1], file)
    return {key: _unique(ids) for key, ids in entries.items()}


def ids_of(memories: Memories, program: Program, key: str) -> UniqueIds | None:
    """Return what a memory has of one account; None: nothing."""
    if program is Program.FETCHMAIL:
        return memories.get(key.lower())
    return memories.get("" if program is Program.GETMAIL else key)


def key_of_mpop(host: str, user: str) -> str:
    """Return what marks an account's list in a memory of mpop."""
    return f"{host} {user}"


def _read_fetchmail(lines: list[bytes], file: Path) -> dict[str, list[bytes]]:
    """Read `user@host id`, an entry a line; users may have spaces, ids have none."""
    found: dict[str, list[bytes]] = {}
    for number, line in enumerate(lines, 1):
        if not line or line.isspace():
            continue
        account, _, unique_id = line.strip().rpartition(b" ")
        if b"@" not in account or not _PRINTABLE.fullmatch(unique_id):
            raise InvalidInputError(_DAMAGED, file=file, line=number, program="fetchmail")
        found.setdefault(_text(account.rstrip()).lower(), []).append(unique_id)
    return found


def _read_getmail(lines: list[bytes], file: Path) -> dict[str, list[bytes]]:
    """Read `id NUL time`, an entry a line."""
    found: list[bytes] = []
    for number, line in enumerate(lines, 1):
        entry = _GETMAIL_ENTRY.fullmatch(line)
        if entry is None:
            raise InvalidInputError(_DAMAGED, file=file, line=number, program="getmail")
        found.append(entry[1])
    return {"": found}


def _read_mpop(lines: list[bytes], file: Path) -> dict[str, list[bytes]]:
    """Read lists: a line ` count host user`, then so many lines, an id each."""
    found: dict[str, list[bytes]] = {}
    at = 0
    while at < len(lines):
        line = lines[at]
        at += 1
        if not line or line.startswith(b"#"):
            continue
        head = _MPOP_LIST.fullmatch(line)
        if head is None:
            raise InvalidInputError(_DAMAGED, file=file, line=at, program="mpop")
        count = int(head[1])
        ids = lines[at : at + count]
        if len(ids) < count or any(one.startswith(b" ") for one in ids):
            raise InvalidInputError(_TOO_FEW, file=file, line=at)
        for number, one in enumerate(ids, at + 1):
            if not _PRINTABLE.fullmatch(one):
                raise InvalidInputError(_DAMAGED, file=file, line=number, program="mpop")
        found.setdefault(key_of_mpop(_text(head[2]), _text(head[3])), []).extend(ids)
        at += count
    return found


_READERS: Final = {
    Program.FETCHMAIL: _read_fetchmail,
    Program.GETMAIL: _read_getmail,
    Program.MPOP: _read_mpop,
}


def _unique(ids: list[bytes]) -> UniqueIds:
    """Take each id once, and leave out what no server may have."""
    known = [one for one in dict.fromkeys(ids) if len(one) <= POP3_UNIQUE_ID_OCTETS]
    odd = sum(len(one) > POP3_UNIQUE_ID_OCTETS for one in ids)
    return UniqueIds(known, odd)


def _text(octets: bytes) -> str:
    return octets.decode("utf-8", "surrogateescape")
