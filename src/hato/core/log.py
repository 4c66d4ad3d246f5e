"""What happened, one line an event, for operators and their tools.

Called by net, services, servers and the command line; configured once by the composition root.
Never writes a secret (a `Secret` prints as ***) nor a raw control character; never raises.
Standards: RFC 8259 (the JSON format), RFC 3339 (times).
Fails silently by intent where the log cannot be written: mail goes on; `lost` counts the lines.
"""

from __future__ import annotations

import os
import sys
import time
import traceback
from enum import IntEnum
from functools import lru_cache
from typing import Final

import msgspec

from hato.core.secret import Secret


class Level(IntEnum):
    """How much an event matters."""

    DEBUG = 10
    INFO = 20
    WARNING = 30
    ERROR = 40


class Log:
    """Writes events to a file descriptor as text for eyes or JSON for tools."""

    def __init__(self) -> None:
        """Write warnings and worse, as text, to standard error, until configured."""
        self._descriptor: int = 2
        self._least = Level.WARNING
        self._as_json = False
        self.lost = 0
        """Lines that could not be written."""

    def configure(self, *, level: Level, as_json: bool, descriptor: int = 2) -> None:
        """Choose what is written, how and where."""
        self._least = level
        self._as_json = as_json
        self._descriptor = descriptor

    def debug(self, event: str, **fields: object) -> None:
        """Say something that matters while looking for a fault."""
        if self._least <= Level.DEBUG:
            self._write(Level.DEBUG, event, fields)

    def info(self, event: str, **fields: object) -> None:
        """Say that something went as it should."""
        if self._least <= Level.INFO:
            self._write(Level.INFO, event, fields)

    def warning(self, event: str, **fields: object) -> None:
        """Say that something needs a look one day."""
        if self._least <= Level.WARNING:
            self._write(Level.WARNING, event, fields)

    def error(self, event: str, fault: BaseException | None = None, **fields: object) -> None:
        """Say that something is broken; `fault` adds where."""
        if fault is not None:
            fields["fault"] = "".join(traceback.format_exception(fault))
        self._write(Level.ERROR, event, fields)

    def _write(self, level: Level, event: str, fields: dict[str, object]) -> None:
        line = _json_line(level, event, fields) if self._as_json else _line(level, event, fields)
        try:
            os.write(self._descriptor, line)
        except OSError:
            self.lost += 1


def _json_line(level: Level, event: str, fields: dict[str, object]) -> bytes:
    """Render an event as one JSON object and a line feed."""
    row = {"time": _timestamp(), "level": level.name.lower(), "event": event} | fields
    return msgspec.json.encode(row, enc_hook=_plain) + b"\n"


def _line(level: Level, event: str, fields: dict[str, object]) -> bytes:
    """Render an event for eyes; control characters are escaped."""
    words = [f"{_timestamp()} {level.name.lower():7} {event}"]
    words += [f"{name}={_shown(value)}" for name, value in fields.items() if name != "fault"]
    line = " ".join(words)
    if "fault" in fields:
        line += "\n" + "\n".join(map(_escaped, str(fields["fault"]).splitlines()))
    return line.encode("utf-8", "backslashreplace") + b"\n"


def _plain(value: object) -> object:
    """Turn what JSON does not know into text."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return repr(value) if isinstance(value, Secret) else str(value)


def _shown(value: object) -> str:
    """Render one value; quoted where it holds a blank or nothing."""
    text = _escaped(str(_plain(value)))
    return f'"{text}"' if not text or " " in text else text


_CONTROLS: Final = {
    code: f"\\x{code:02x}"
    for code in (*range(32), *range(127, 160), 0x2028, 0x2029, *range(0x202A, 0x202F))
}


def _escaped(text: str) -> str:
    """Replace what could move a terminal's cursor, end a line or turn the writing round."""
    return text if text.isprintable() and text.isascii() else text.translate(_CONTROLS)


def _timestamp() -> str:
    """Return the time as RFC 3339 in UTC, with milliseconds."""
    seconds, milliseconds = divmod(int(time.time() * 1000), 1000)
    return f"{_whole_second(seconds)}.{milliseconds:03d}Z"


@lru_cache(maxsize=1)
def _whole_second(seconds: int) -> str:
    """Render it once: a busy server writes many lines in the same second."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))


def is_terminal() -> bool:
    """Whether events go to somebody's eyes: text is the better format then."""
    return sys.stderr.isatty()


log: Final = Log()
"""The one log of the process."""
