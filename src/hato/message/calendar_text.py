"""An invitation as a few lines: what, when, where, who.

Called by `message.reading` for text/calendar.
Never asks for a time zone's rules: times are shown as they stand, with the zone's name.
Standards: RFC 5545 §3.1 and §3.3.11 (folding, escapes), RFC 5545 §3.8 (properties).
Fails never: what is no calendar has no lines.
"""

from __future__ import annotations

import re
from typing import Final

_FOLD: Final = re.compile(r"\n[ \t]")
_LINE: Final = re.compile(r"([A-Za-z-]++)((?>(?:;[^\s=;:]++=(?:\"[^\"\n]*+\"|[^\";:\n]*+))*)):(.*)")
_ZONE: Final = re.compile(r"(?i);tzid=\"?([^\";:]++)")
_NAME: Final = re.compile(r"(?i);cn=(?:\"([^\"]*+)\"|([^\";:]*+))")
_ESCAPED: Final = re.compile(r"\\([\\;,nN])")
_MOMENT: Final = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z?))?")
_MOST_LINES: Final = 1_000
_MOST_PEOPLE: Final = 50


def calendar_to_text(text: str) -> str:
    """Return what an invitation says; `text` has LF as line end."""
    shown: list[str] = []
    event: dict[str, list[str]] | None = None
    lines = _FOLD.sub("", text).split("\n")
    for line in lines:
        found = _LINE.match(line)
        if found is None or len(shown) >= _MOST_LINES:
            continue
        name, parameters, value = found[1].upper(), found[2], found[3].strip()
        if name == "BEGIN" and value.upper() in {"VEVENT", "VTODO"}:
            event = {}
        elif name == "END" and value.upper() in {"VEVENT", "VTODO"} and event is not None:
            shown += [*_event_lines(event), ""]
            event = None
        elif event is not None:
            event.setdefault(name, []).append(_value(name, parameters, value))
    return "\n".join(shown)


def _value(name: str, parameters: str, value: str) -> str:
    """Return one property as a person reads it."""
    if name in {"DTSTART", "DTEND", "DUE"}:
        return _moment(parameters, value)
    if name in {"ORGANIZER", "ATTENDEE"}:
        address = re.sub(r"(?i)^mailto:", "", value)
        named = _NAME.search(parameters)
        words = (named[1] or named[2] or "") if named else ""
        return f"{words} <{address}>" if words and words != address else address
    return _ESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], value)


def _moment(parameters: str, value: str) -> str:
    """Return a date or a moment: `2026-11-25 10:00 Asia/Tokyo`."""
    found = _MOMENT.match(value)
    if found is None:
        return value
    day = f"{found[1]}-{found[2]}-{found[3]}"
    if found[4] is None:
        return day
    zone = _ZONE.search(parameters)
    words = "UTC" if found[7] else zone[1] if zone else ""
    return f"{day} {found[4]}:{found[5]} {words}".strip()


def _event_lines(event: dict[str, list[str]]) -> list[str]:
    """Return the lines that show an event."""
    first = {name: values[0] for name, values in event.items()}
    start, end = first.get("DTSTART", ""), first.get("DTEND", first.get("DUE", ""))
    when = f"{start} – {end}" if start and end else start or end
    lines = [first.get("SUMMARY", ""), when, first.get("LOCATION", ""), first.get("ORGANIZER", "")]
    people = event.get("ATTENDEE", [])[:_MOST_PEOPLE]
    lines += [", ".join(people), first.get("DESCRIPTION", "").strip()]
    return [line for line in lines if line]
