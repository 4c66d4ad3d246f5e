"""The date of a letter as its sender wrote it.

Called by `message.header_fields`.
Never asks the clock; never gives a moment without a zone.
Standards: RFC 5322 §3.3 and §4.3 (obsolete years and zones), ISO 8601 as some senders have it.
Fails never: what is no date is None.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

_LONGEST: Final = 200
_COLON: Final = re.compile(r" ?: ?")
_COMMENTS: Final = re.compile(r"\([^()]*+\)")
_MONTHS: Final = {
    name: number
    for number, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)
}
_MONTH: Final = r"(?P<month>[A-Za-z]{3})[a-z]*+\.?"
_TIME: Final = (
    r"(?P<hour>\d{1,2})[:.](?P<minute>\d{1,2})(?:[:.](?P<second>\d{1,2}))?(?:[.,]\d{1,9})?"
    r"(?:\s*(?P<half>[AaPp])\.?[Mm]\.?)?"
)
_ZONE: Final = r"\s*(?P<zone>(?:GMT|UTC?|Z)?\s*[+-]\s*\d{1,2}:?\d{0,2}|[A-Za-z]{1,5})?"
_WEEKDAY: Final = r"(?:[A-Za-z]{2,9}\.?,?\s*)?"
_DAY: Final = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_AS_IN_RFC_5322: Final = (
    rf"{_WEEKDAY}{_DAY}[\s-]*{_MONTH}[\s,-]*(?P<year>\d{{2,4}})(?:,?\s+(?:at\s+)?{_TIME}{_ZONE})?"
)
_AS_IN_ASCTIME: Final = (
    rf"{_WEEKDAY}{_MONTH}\s+{_DAY},?\s+{_TIME}(?:\s+(?P<zone>[A-Z]{{1,5}}|[+-]\d{{4}}))?"
    r"\s+(?P<year>\d{4})(?:\s+(?P<last_zone>[+-]\d{4}))?"
)
_AS_IN_AMERICA: Final = (
    rf"{_WEEKDAY}{_MONTH}\s+{_DAY},?\s+(?P<year>\d{{4}})(?:,?\s+(?:at\s+)?{_TIME}{_ZONE})?"
)
_AS_IN_ISO_8601: Final = (
    rf"(?P<year>\d{{4}})[-/](?P<month>\d{{1,2}})[-/]{_DAY}(?:[T\s]+{_TIME}{_ZONE})?"
)
_FORMS: Final = tuple(
    re.compile(form) for form in (_AS_IN_RFC_5322, _AS_IN_ASCTIME, _AS_IN_AMERICA, _AS_IN_ISO_8601)
)
_ZONES: Final = {
    name: int(minutes)
    for name, _, minutes in (
        word.partition("=")
        for word in (
            "UT=0 UTC=0 GMT=0 Z=0 EDT=-240 EST=-300 CDT=-300 CST=-360 MDT=-360 MST=-420 PDT=-420 "
            "PST=-480 JST=540 KST=540 HKT=480 SGT=480 AEST=600 AEDT=660 NZST=720 NZDT=780 BST=60 "
            "WET=0 WEST=60 CET=60 CEST=120 MET=60 MEST=120 EET=120 EEST=180 MSK=180"
        ).split()
    )
}
"""Minutes east of Greenwich; what RFC 5322 §4.3 names and what mail programs write besides."""
_OFFSET: Final = re.compile(r"([+-])\s*(\d{1,2}):?(\d{0,2})$")
_MOST_OFFSET_MINUTES: Final = 24 * 60


def read_date(value: str) -> datetime | None:
    """Return the moment that a Date field names, in its own zone; without one in UTC."""
    text = value[:_LONGEST]
    while "(" in text:
        shorter = _COMMENTS.sub(" ", text)
        text = shorter if shorter != text else shorter.partition("(")[0]
    text = _COLON.sub(":", " ".join(text.split())).replace(" ,", ",")
    for form in _FORMS:
        found = form.match(text)
        moment = _moment(found.groupdict()) if found else None
        if moment is not None:
            return moment
    return None


def _moment(parts: dict[str, str | None]) -> datetime | None:
    """Put the parts together, if there is such a moment."""
    month_word = parts["month"] or ""
    month = int(month_word) if month_word.isdigit() else _MONTHS.get(month_word.lower(), 0)
    hour = int(parts["hour"] or 0)
    if parts["half"]:
        hour = hour % 12 + (12 if parts["half"] in "pP" else 0)
    second = min(int(parts["second"] or 0), 59)  # RFC 5322 §3.3 allows a leap second
    zone = _zone(parts["zone"] or parts.get("last_zone") or "")
    try:
        return datetime(
            _year(parts["year"] or ""), month, int(parts["day"] or 0),
            hour, int(parts["minute"] or 0), second, tzinfo=zone,
        )  # fmt: skip
    except ValueError:
        return None


def _year(digits: str) -> int:
    """Return a year; those of two and three digits are of the last century (RFC 5322 §4.3)."""
    year = int(digits)
    if len(digits) == 2:
        return year + (2000 if year < 50 else 1900)
    return year + 1900 if len(digits) == 3 else year


def _zone(words: str) -> timezone:
    """Return a zone; one that is unknown counts as UTC (RFC 5322 §4.3)."""
    offset = _OFFSET.search(words)
    if offset is None:
        minutes = _ZONES.get(words.upper(), 0)
    else:
        minutes = 60 * int(offset[2]) + int(offset[3] or 0)
        minutes = -minutes if offset[1] == "-" else minutes
    if not minutes or abs(minutes) >= _MOST_OFFSET_MINUTES:
        return UTC
    return timezone(timedelta(minutes=minutes))
