"""From the text of `hato.toml` to Settings.

Called by the composition root and `hato config check`.
Never guesses: an unknown key or an unfit value is an error that names what was probably meant.
Standards: TOML 1.0.
Fails with InvalidInputError: one sentence with the place in the file and what to do.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from pathlib import Path
from typing import Any, Final

import msgspec

from hato.core.errors import InvalidInputError
from hato.core.language import Language, Text
from hato.core.settings import Part, Settings

_NO_FILE = Text(
    en="There is no configuration file {path}: make one with `hato config example`.",
    ja="設定ファイル {path} がありません。`hato config example` で作れます。",
)
_UNREADABLE = Text(
    en="The configuration file {path} cannot be read ({reason}): check its permissions.",
    ja="設定ファイル {path} を読めません({reason})。権限を確認してください。",
)
_NOT_UTF8 = Text(
    en="The configuration file {path} is not UTF-8 (line {line}): save it as UTF-8 in your editor.",
    ja="設定ファイル {path} が UTF-8 ではありません({line} 行目)。UTF-8 で保存してください。",
)
_NOT_TOML = Text(
    en="{path} is not valid TOML: {reason}.",
    ja="{path} は正しい TOML ではありません: {reason}。",
)
_UNKNOWN_KEY = Text(
    en="{path}: there is no setting {key}; did you mean {nearest}?",
    ja="{path}: {key} という設定はありません。{nearest} のことですか?",
)
_NO_LANGUAGE = Text(
    en="{path}: Hato does not speak the language {value!r}: choose one of {choices}.",
    ja="{path}: 鳩は {value!r} という言語を話せません。{choices} から選んでください。",
)
_UNFIT_VALUE = Text(
    en="{path}: the value of {key} does not fit: {reason}.",
    ja="{path}: {key} の値が合いません: {reason}。",
)

_PLACES: Final = ("hato.toml", "~/.config/hato/hato.toml", "/etc/hato/hato.toml")


def find_settings_file() -> Path | None:
    """Return the configuration file that counts where none is named, or None."""
    named = os.environ.get("HATO_CONFIG")
    if named:
        return Path(named)
    for place in _PLACES:
        path = Path(place).expanduser()
        if path.exists():
            return path
    return None


def read_settings(path: Path) -> Settings:
    """Read a configuration file. Raises InvalidInputError.

    Relative paths in it are meant from the folder of the file.
    """
    try:
        octets = path.read_bytes()
    except FileNotFoundError as fault:
        raise InvalidInputError(_NO_FILE, path=path) from fault
    except OSError as fault:
        reason = fault.strerror or fault
        raise InvalidInputError(_UNREADABLE, path=path, reason=reason) from fault
    try:
        text = octets.decode("utf-8-sig")  # some editors put a mark in front
    except UnicodeDecodeError as fault:
        line = octets.count(b"\n", 0, fault.start) + 1
        raise InvalidInputError(_NOT_UTF8, path=path, line=line) from fault
    return settings_from_text(text, path)


def settings_from_text(text: str, path: Path) -> Settings:
    """Turn TOML into Settings; `path` is for the sentences. Raises InvalidInputError."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise InvalidInputError(_NOT_TOML, path=path, reason=fault) from fault
    _refuse_unknown_keys(table, Settings, "", path)
    try:
        settings = msgspec.convert(table, Settings)
    except msgspec.ValidationError as fault:
        reason, key = _where(str(fault))
        if key == "language":
            raise InvalidInputError(
                _NO_LANGUAGE, path=path, value=table[key], choices=", ".join(Language)
            ) from fault
        raise InvalidInputError(_UNFIT_VALUE, path=path, key=key, reason=reason) from fault
    return _with_whole_paths(settings, path.resolve().parent)


def _refuse_unknown_keys(table: dict[str, Any], part: type[Part], where: str, path: Path) -> None:
    """Compare the keys of a table, and of the tables in it, with what there is."""
    fields = {field.name: field.type for field in msgspec.structs.fields(part)}
    for key, value in table.items():
        if key not in fields:
            near = difflib.get_close_matches(key, fields, 1, 0.0)
            raise InvalidInputError(
                _UNKNOWN_KEY, path=path, key=where + key, nearest=where + near[0]
            )
        inner = _part_of(fields[key])
        if inner is not None:
            for entry in value if isinstance(value, list) else [value]:
                if isinstance(entry, dict):
                    _refuse_unknown_keys(entry, inner, f"{where}{key}.", path)


def _part_of(kind: Any) -> type[Part] | None:  # noqa: ANN401 - a type as msgspec tells it
    """Return the table's type where a field is a table or a row of tables."""
    for candidate in (kind, *getattr(kind, "__args__", ())):
        if isinstance(candidate, type) and issubclass(candidate, Part):
            return candidate
    return None


def _where(sentence: str) -> tuple[str, str]:
    """Divide the library's sentence into what is wrong and where."""
    found = re.fullmatch(r"(.*?)(?: - at `\$\.?(.*)`)?", sentence, re.DOTALL)
    if found is None:
        return sentence, "?"
    return found[1], found[2] or "?"


def _with_whole_paths(settings: Settings, folder: Path) -> Settings:
    """Make relative paths mean what their writer meant."""

    def whole(path: str) -> str:
        return str(folder / Path(path).expanduser()) if path else path

    tls = settings.tls
    names = tuple(
        msgspec.structs.replace(n, certificate=whole(n.certificate), key=whole(n.key))
        for n in tls.names
    )
    tls = msgspec.structs.replace(
        tls, certificate=whole(tls.certificate), key=whole(tls.key), names=names
    )
    return msgspec.structs.replace(settings, data=whole(settings.data), tls=tls)
