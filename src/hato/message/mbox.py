"""mbox: where one message ends and the next begins, and what the lines between say.

Called by `hato import`, which maps the file into memory.
Never copies a message; never takes a line for a separator that does not look like one.
Standards: RFC 4155 (the format), mboxrd for the quoting of `From ` lines.
Fails never: what stands before the first separator is passed over.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from mmap import mmap
from typing import Final, NamedTuple

_DATE: Final = re.compile(
    rb"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) +"
    rb"(\d{1,2}) (\d{2}):(\d{2})(?::(\d{2}))?(?: [A-Z]{1,5}| [+-]\d{4})* (\d{4})"
)
_MONTHS: Final = b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_FIELD: Final = re.compile(rb"[!-9;-~]+[ \t]*:|>From ")
"""A header field, or the separator of another file that became one."""

_DASH_SEPARATOR: Final = b"From - "
"""Leniency: how the mail programs of Netscape's family begin a separator."""

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_QUOTED: Final = re.compile(rb"^>(>*From )", re.MULTILINE)


class MboxMessage(NamedTuple):
    """Where a message stands in its file."""

    start: int
    stop: int
    received: int | None
    """What its `From ` line says, in seconds since 1970 UTC (RFC 4155: UTC); None if nothing."""


def find_messages(data: bytes | mmap) -> Iterator[MboxMessage]:
    """Yield each message of an mbox file, in order.

    A separator is a line that begins with `From `, has a header field behind it, and says a date or
    stands at the beginning of the file or behind an empty line: other lines that begin so belong to
    the message around them.
    """
    separator = _next_separator(data, 0)
    while separator is not None:
        start, received = separator
        following = _next_separator(data, start)
        stop = len(data) if following is None else _line_start(data, following[0])
        yield MboxMessage(start, _without_empty_line(data, start, stop), received)
        separator = following


def unquote(line_aligned: bytes) -> bytes:
    """Undo the quoting of `From ` lines in a piece that begins and ends with whole lines."""
    return _QUOTED.sub(rb"\1", line_aligned) if b">From " in line_aligned else line_aligned


def _next_separator(data: bytes | mmap, position: int) -> tuple[int, int | None] | None:
    """Return where the message behind the next separator begins, and the separator's date."""
    while True:
        if position == 0 and data[:8].removeprefix(_BYTE_ORDER_MARK)[:5] == b"From ":
            found = 0
        else:
            found = data.find(b"\nFrom ", max(position - 1, 0)) + 1
            if found == 0:
                return None
        end = data.find(b"\n", found)
        if end < 0:
            return None
        date = _DATE.search(data[found:end])
        is_set_off = (
            date is not None
            or data[found : found + 7] == _DASH_SEPARATOR
            or _follows_empty_line(data, found)
        )
        if is_set_off and _FIELD.match(data[end + 1 : end + 80]):
            return end + 1, _seconds(date) if date is not None else None
        position = end + 1


def _follows_empty_line(data: bytes | mmap, position: int) -> bool:
    """Whether a line begins the file or stands behind an empty one."""
    before = data[max(position - 3, 0) : position]
    return position == 0 or before.endswith((b"\n\n", b"\n\r\n")) or before in (b"\n", b"\r\n")


def _line_start(data: bytes | mmap, behind: int) -> int:
    """Return where the separator line that ends before `behind` begins."""
    return data.rfind(b"\n", 0, behind - 1) + 1


def _without_empty_line(data: bytes | mmap, start: int, stop: int) -> int:
    """Leave out the empty line that stands before a separator and at the end."""
    if stop - start >= 3 and data[stop - 3 : stop] == b"\n\r\n":
        return stop - 2
    return stop - 1 if stop - start >= 2 and data[stop - 2 : stop] == b"\n\n" else stop


def _seconds(date: re.Match[bytes]) -> int | None:
    """Return the moment of a separator's date."""
    month, day, hour, minute, second, year = date.groups()
    try:
        return calendar.timegm(
            (
                int(year),
                _MONTHS.index(month) + 1,
                int(day),
                int(hour),
                int(minute),
                int(second or 0),
            )
        )
    except (ValueError, OverflowError):
        return None
