"""When a letter arrived where it was fetched from, read from its topmost Received field.

Called by `services.fetching`: a mailbox of ten years must not seem to have arrived today.
Never reads a second Received field: those below are older, and anybody can have written them.
Standards: RFC 5321 §4.4 (Received), RFC 5322 §3.3 (date-time).
Fails never: what cannot be read, or cannot be true, is None. Pure.
"""

from __future__ import annotations

import re
from calendar import timegm
from typing import Final

from hato.message.header import find_values

_DATE: Final = re.compile(
    rb";\s*(?:[A-Za-z]{3},?\s+)?(\d{1,2})\s+([A-Za-z]{3})\s+(\d{4})\s+"
    rb"(\d{2}):(\d{2})(?::(\d{2}))?\s+(?:([+-])(\d{2})(\d{2})|GMT|UTC?)\b"
)
_MONTHS: Final = {
    name: number
    for number, name in enumerate(b"jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)
}
_FIRST_YEAR: Final = 1982
"""Mail as we know it is of this year; what is older comes from a clock that was never set."""
_LONGEST_FIELD: Final = 4_096
_FIRST_LOOK: Final = 2_048


def arrival_of(header: bytes, now: int) -> int | None:
    """Return when the topmost Received says that the letter came, in seconds since 1970 UTC.

    `header`: up to and with the empty line. None where there is no such field, where it has no
    date, or one before e-mail was or after `now`.
    """
    # Nearly always the field stands at the top, where it was put last.
    found = find_values(header[:_FIRST_LOOK], b"received") or find_values(header, b"received")
    if not found:
        return None
    start, stop = found[0]
    if stop >= _FIRST_LOOK:
        stop = find_values(header, b"received")[0].stop
    semicolon = header.rfind(b";", start, min(stop, start + _LONGEST_FIELD))
    date = _DATE.match(header, semicolon, stop) if semicolon >= 0 else None
    return None if date is None else _seconds_of(date, now)


def _seconds_of(date: re.Match[bytes], now: int) -> int | None:
    """Return the moment that a date names, where it can be true."""
    month = _MONTHS.get(date[2].lower())
    day, year = int(date[1]), int(date[3])
    hour, minute, second = int(date[4]), int(date[5]), int(date[6] or 0)
    is_date = month is not None and 1 <= day <= 31 and year >= _FIRST_YEAR
    if month is None or not is_date or hour > 23 or minute > 59 or second > 60:
        return None
    offset = 60 * (60 * int(date[8]) + int(date[9])) if date[7] else 0
    if offset >= 86_400:
        return None
    seconds = timegm((year, month, day, hour, minute, second))
    seconds -= -offset if date[7] == b"-" else offset
    return seconds if 0 < seconds <= now else None
