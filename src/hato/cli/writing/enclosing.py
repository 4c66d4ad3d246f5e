"""What goes with a letter: files that are named, attachments of another letter, that letter itself.

Called by `cli.writing`.
Never reads a file before the letter is written; never follows what is no plain file.
Standards: RFC 2046 §5.2.1 (a letter inside a letter), RFC 2183.
Fails with InvalidInputError for a file that cannot be attached.
"""

from __future__ import annotations

import mimetypes
import os
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

from hato.core.errors import InvalidInputError
from hato.core.language import Text
from hato.core.limits import READ_CHUNK_OCTETS
from hato.message.attachment_names import safe_name
from hato.message.compose import Enclosure
from hato.message.letter import Letter

_NO_FILE: Final = Text(
    en="{path} cannot be attached ({reason}): check the line Attach, or --attach.",
    ja="{path} を添付できません({reason})。Attach の行か --attach を確かめてください。",
)
_NOT_PLAIN: Final = Text(
    en="{path} is no file that can be attached: it is a folder, a pipe or a device.",
    ja="{path} は添付できるファイルではありません(フォルダー、パイプ、デバイスなど)。",
)
_ANYTHING: Final = "application/octet-stream"
_LONGEST_LINE_OCTETS: Final = 998


def enclosed_file(typed: str) -> Enclosure:
    """Return a file as it goes along. Raises InvalidInputError."""
    path = Path(typed).expanduser()
    try:
        if not path.is_file():
            path.stat()  # what is not there says so
            raise InvalidInputError(_NOT_PLAIN, path=typed)
        with path.open("rb"):
            pass
    except OSError as fault:
        raise InvalidInputError(_NO_FILE, path=typed, reason=fault.strerror) from fault
    kind, encoding = mimetypes.guess_type(path.name)
    if kind is None or encoding is not None or kind.startswith(("message/", "multipart/")):
        kind = _ANYTHING
    return Enclosure(path.name, kind, partial(_chunks_of, path))


def enclosed_attachments(letter: Letter) -> Iterator[Enclosure]:
    """Yield the attachments of a letter, as they go along with another one."""
    for one in letter.attachments:
        kind = one.media_type
        if kind.startswith(("message/", "multipart/")):
            kind = _ANYTHING
        yield Enclosure(one.name, kind, partial(one.content, letter.raw))


def enclosed_letter(letter: Letter) -> Enclosure:
    """Return a whole letter as it goes along: as a letter if servers take it so, else as a file."""
    name = safe_name(f"{letter.subject[:60]}.eml", "message/rfc822", 1)
    is_fit = b"\0" not in letter.raw and all(
        len(line) <= _LONGEST_LINE_OCTETS for line in letter.raw.split(b"\r\n")
    )
    rest = letter.raw.replace(b"\r\n", b"")
    has_bare_ends = b"\r" in rest or b"\n" in rest
    kind = "message/rfc822" if is_fit and not has_bare_ends else _ANYTHING
    return Enclosure(name, kind, lambda: _cut(letter.raw))


def _cut(octets: bytes) -> Iterable[bytes]:
    """Yield octets in pieces."""
    for start in range(0, len(octets), READ_CHUNK_OCTETS):
        yield octets[start : start + READ_CHUNK_OCTETS]


def _chunks_of(path: Path) -> Iterator[bytes]:
    """Read a file in pieces; it may have changed since. Raises InvalidInputError, OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        while chunk := file.read(READ_CHUNK_OCTETS):
            yield chunk
