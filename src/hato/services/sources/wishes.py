"""How a person wants a source, besides where it is: read from what she writes.

Called by the command line when a source is added or changed.
Never looks at the server; never starts a program.
Standards: none.
Fails with InvalidInputError: what is wrong, what to do.
"""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path
from typing import Final

from hato.core.errors import InvalidInputError
from hato.core.language import Text
from hato.protocols.foreign_text import echoed
from hato.services.names import is_plain, normalized_address
from hato.services.sources.source import Keeping, Policy

COLOURS: Final = (
    "#2a6fb0",
    "#b0452a",
    "#2a8f5b",
    "#7a4fb0",
    "#b0822a",
    "#2a8fa3",
    "#b02a74",
    "#5b6b7a",
)
"""Given in turn to sources whose owner names none."""

_ONE_RULE: Final = Text(
    en="Choose one of --keep, --delete-after-days and --delete-when-read.",
    ja="--keep、--delete-after-days、--delete-when-read は一つだけ選んでください。",
)
_NO_COLOUR: Final = Text(
    en="{text} is no colour: write it like #2a6fb0.",
    ja="{text} は色ではありません。#2a6fb0 のように書いてください。",
)
_NO_SIZE: Final = Text(
    en="{text} is no size: write it like 20M, 500K or 1G; 0 is no limit.",
    ja="{text} は大きさではありません。20M、500K、1G のように書いてください(0 は無制限)。",
)
_NO_PIN: Final = Text(
    en="A pinned certificate is named by its SHA-256 fingerprint, 64 hexadecimal digits: {text} "
    "is none.",
    ja="証明書の固定には SHA-256 フィンガープリント(16 進数 64 桁)が要ります。{text} は違います。",
)
_NO_COMMAND: Final = Text(
    en="There is no program {name} to run for new mail: check --hook.",
    ja="新着メールで動かすプログラム {name} がありません。--hook を確認してください。",
)
_NO_QUOTES: Final = Text(
    en="The quotes in --hook do not end: check them.",
    ja="--hook の引用符が閉じていません。確認してください。",
)

_NO_ADDRESS: Final = Text(
    en="{text} is no mail address: write it like ada@example.org.",
    ja="{text} はメールアドレスではありません。ada@example.org のように書いてください。",
)
_UNREADABLE: Final = Text(
    en="{text} has characters that cannot be shown: leave them out.",
    ja="{text} に表示できない文字があります。取り除いてください。",
)
_RELATIVE: Final = Text(
    en="{path} does not say where from: write the whole path of the Maildir, from / on.",
    ja="{path} では場所が決まりません。Maildir は / から始まるパスで書いてください。",
)
_NO_PARENT: Final = Text(
    en="There is no folder {parent} to make the Maildir {name} in: make it, or check --maildir.",
    ja="Maildir {name} を置くフォルダー {parent} がありません。"
    "作るか --maildir を確認してください。",
)
_NO_FOLDER: Final = Text(
    en="{path} is a file and no folder: name a Maildir, or one to be made.",
    ja="{path} はフォルダーではなくファイルです。Maildir か、これから作る名前を書いてください。",
)

_COLOUR: Final = re.compile(r"#[0-9a-f]{6}")
_SIZE: Final = re.compile(r"(\d{1,12}) ?(?:([KMG])I?)?B?")
_UNITS: Final = {None: 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
_PIN: Final = re.compile(r"[0-9a-f]{64}")


def policy_of(
    *, keeps: bool, days: int | None, deletes_when_read: bool, otherwise: Policy
) -> Policy:
    """Return the rule for what stays on the server; 0 days: deleted as soon as it is safe here."""
    if sum((keeps, days is not None, deletes_when_read)) > 1:
        raise InvalidInputError(_ONE_RULE)
    if keeps:
        return Policy()
    if deletes_when_read:
        return Policy(Keeping.DELETE_WHEN_READ)
    if days is None:
        return otherwise
    return Policy(Keeping.DELETE_AFTER_DAYS, days) if days else Policy(Keeping.DELETE_WHEN_STORED)


def address_of(text: str) -> str:
    """Return the address of an account elsewhere, as it was written."""
    address = text.strip()
    form = normalized_address(address)
    if form is None or not is_plain(form.rpartition("@")[0]):
        raise InvalidInputError(_NO_ADDRESS, text=echoed(text))
    return address


def words_of(text: str) -> str:
    """Return a name or a login name, which must be fit to be shown; empty: none."""
    words = text.strip()
    if not words.isprintable():
        raise InvalidInputError(_UNREADABLE, text=echoed(text))
    return words


def colour_of(text: str) -> str:
    """Return a colour in its one form."""
    colour = text.strip().lower()
    if not _COLOUR.fullmatch(colour):
        raise InvalidInputError(_NO_COLOUR, text=echoed(text))
    return colour


def octets_of(text: str) -> int | None:
    """Return a size in octets; None: no limit."""
    found = _SIZE.fullmatch(text.strip().upper())
    if found is None:
        raise InvalidInputError(_NO_SIZE, text=echoed(text))
    return int(found[1]) * _UNITS[found[2]] or None


def pin_of(text: str) -> str:
    """Return a fingerprint in its one form; empty: none."""
    pin = text.strip().lower().replace(":", "")
    if pin and not _PIN.fullmatch(pin):
        raise InvalidInputError(_NO_PIN, text=echoed(text))
    return pin


def command_of(text: str) -> tuple[str, ...]:
    """Return a command and its arguments, divided as a shell would; empty: none."""
    try:
        words = tuple(shlex.split(text))
    except ValueError as fault:
        raise InvalidInputError(_NO_QUOTES) from fault
    if words and shutil.which(words[0]) is None:
        raise InvalidInputError(_NO_COMMAND, name=echoed(words[0]))
    return words


def maildir_of(text: str) -> str:
    """Return the whole path of a Maildir, which is made where only itself is missing; empty: none.

    A path that means another folder to a server than to whoever types it is refused.
    """
    if not text:
        return ""
    path = Path(words_of(text)).expanduser()
    shown = echoed(str(path))
    if not path.is_absolute():
        raise InvalidInputError(_RELATIVE, path=shown)
    if not path.parent.is_dir():
        raise InvalidInputError(_NO_PARENT, parent=echoed(str(path.parent)), name=path.name)
    if path.exists() and not path.is_dir():
        raise InvalidInputError(_NO_FOLDER, path=shown)
    return str(path)


def whole_path(text: str) -> str:
    """Return a path that means the same from every folder; empty: none."""
    return str(Path(text).expanduser().absolute()) if text else ""
