"""The header lines that delivery puts in front of a message: where it came from, whom it reached.

Called by `services.delivery` for each copy of a message.
Never touches a line that was there before.
Standards: RFC 5321 §4.4 (Return-Path, Received), RFC 3848 and RFC 6531 §3.7.3 (WITH).
Fails never: what goes in was checked by the grammar of SMTP or by the directory.
"""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime

import msgspec


class Arrival(msgspec.Struct, frozen=True, gc=False):
    """How a message came: what its Received line tells."""

    protocol: str
    """The word behind WITH (RFC 3848): `LMTP`; empty where it was handed over by a pipe."""
    trace_id: str
    """One word (an atom, RFC 5322 §3.2.3) by which the message is found in the log."""
    client_name: str = ""
    """The name with which the client greeted; empty where nobody did."""
    address: str = ""
    """The client's IP address; empty for a UNIX socket and for a pipe."""


class TraceLines:
    """Makes the lines of one server."""

    __slots__ = ("_date", "_date_at", "_hostname")

    def __init__(self, hostname: str) -> None:
        """Speak as `hostname`."""
        self._hostname = hostname
        self._date_at = -1
        self._date = ""

    def lines(self, arrival: Arrival, sender: str | None, recipient: str, now: int) -> bytes:
        """Return the lines for one copy, each with its CRLF.

        `sender`: the reverse-path, empty for `<>`; None where it is not known.
        `recipient`: the address that was asked for. `now`: seconds since 1970 UTC.
        """
        return_path = "" if sender is None else f"Return-Path: <{sender}>\r\n"
        with_protocol = f" with {arrival.protocol}" if arrival.protocol else ""
        return (
            f"{return_path}Delivered-To: {recipient}\r\n"
            f"Received: {_from_clause(arrival)}by {self._hostname}{with_protocol}"
            f" id {arrival.trace_id}\r\n\tfor <{recipient}>; {self._date_of(now)}\r\n"
        ).encode()

    def _date_of(self, now: int) -> str:
        """Return a date in local time, with its offset (RFC 5322 §3.3); made once per second."""
        if now != self._date_at:
            self._date = format_datetime(datetime.fromtimestamp(now, UTC).astimezone())
            self._date_at = now
        return self._date


def _from_clause(arrival: Arrival) -> str:
    """Return who handed the message over, and from where; empty where nobody greeted."""
    if not arrival.client_name:
        return ""
    if not arrival.address:
        return f"from {arrival.client_name}\r\n\t"
    kind = "IPv6:" if ":" in arrival.address else ""
    return f"from {arrival.client_name} ([{kind}{arrival.address}])\r\n\t"
