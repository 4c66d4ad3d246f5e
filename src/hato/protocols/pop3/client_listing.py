"""Reading the rows of LIST and UIDL, many at a time.

Called by the machine of the client while such an answer arrives.
Never keeps a row; never lets an odd row spoil the others; never looks for duplicates or lies.
Standards: RFC 1939 §5 and §7.
Fails with a Fault where the listing has no end.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, NamedTuple

from hato.core.ids import MessageNumber
from hato.core.limits import POP3_LISTING_ROWS, POP3_ROW_OCTETS, POP3_UNIQUE_ID_OCTETS
from hato.protocols.lines import Incomplete, LineBuffer
from hato.protocols.pop3.client_events import (
    Event,
    Fault,
    ListingEnd,
    Oddity,
    OddRow,
    ScanRows,
    UniqueIdRows,
)
from hato.protocols.pop3.commands import Command
from hato.protocols.pop3.grammar import parse_two_numbers, parse_unique_id_listing

_NUMBERED: Final = re.compile(rb"([0-9]{1,20}) (.*)", re.DOTALL)
_PRINTABLE: Final = re.compile(rb"[\x21-\x7e]+")

_SCAN_BLOCK: Final = re.compile(rb"(?:[0-9]{1,10} [0-9]{1,20}\r\n){1,1000}")
"""No more than what is dealt with in a few milliseconds."""
_SCAN_ROW: Final = re.compile(rb"([0-9]+) ([0-9]+)\r")
_UNIQUE_ID_BLOCK: Final = re.compile(rb"(?:[0-9]{1,10} [\x21-\x7e]{1,70}\r\n){1,1000}")
_UNIQUE_ID_ROW: Final = re.compile(rb"([0-9]+) ([\x21-\x7e]+)\r")


class Rows(NamedTuple):
    """How the rows of one command look."""

    block: re.Pattern[bytes]
    """As many sound rows as there are, up to a limit, CRLF included."""
    read_block: Callable[[Command, bytes], ScanRows | UniqueIdRows]
    read_row: Callable[[Command, bytes], Event]
    """Read any row by itself, without its end."""


class RowReader:
    """Takes the rows of one answer off the stream."""

    def __init__(self, command: Command, rows: Rows) -> None:
        """Begin behind the first line of the answer."""
        self._command = command
        self._rows = rows
        self._left = POP3_LISTING_ROWS
        self.is_complete = False

    def read(self, lines: LineBuffer) -> Event | Fault | None:
        """Return the next rows, or the end; None where more octets are needed."""
        block = lines.take_matching(self._rows.block)
        if block:
            event = self._rows.read_block(self._command, block)
            return self._counted(event, len(event.rows))
        line = lines.next_line(POP3_ROW_OCTETS)
        if line is Incomplete.NEED_DATA:
            return None
        if line is Incomplete.OVERLONG:
            odd = OddRow(self._command, None, b"", Oddity.OVERLONG)
            return self._counted(odd, 1)
        if line == b".":
            self.is_complete = True
            return ListingEnd(self._command)
        return self._counted(self._rows.read_row(self._command, line), 1)

    def _counted(self, event: Event, rows: int) -> Event | Fault:
        """Give up a listing that is too long to be true."""
        self._left -= rows
        return Fault.TOO_MANY_ROWS if self._left < 0 else event


def _read_scan_block(command: Command, block: bytes) -> ScanRows:
    rows = [(MessageNumber(int(n)), int(size)) for n, size in _SCAN_ROW.findall(block)]
    return ScanRows(command, rows)


def _read_unique_id_block(command: Command, block: bytes) -> UniqueIdRows:
    rows = [(MessageNumber(int(n)), text) for n, text in _UNIQUE_ID_ROW.findall(block)]
    return UniqueIdRows(command, rows)


def read_scan_row(command: Command, row: bytes) -> ScanRows | OddRow:
    """Read one row of LIST; what follows the size is passed over (RFC 1939 §5)."""
    pair = parse_two_numbers(row)
    if pair is None:
        return _odd(command, row, Oddity.MALFORMED)
    return ScanRows(command, [(MessageNumber(pair[0]), pair[1])])


def read_unique_id_row(command: Command, row: bytes) -> UniqueIdRows | OddRow:
    """Read one row of UIDL (RFC 1939 §7)."""
    pair = parse_unique_id_listing(row)
    if pair is not None:
        return UniqueIdRows(command, [pair])
    numbered = _NUMBERED.fullmatch(row)
    if numbered is None or not numbered[2]:
        return _odd(command, row, Oddity.MALFORMED)
    is_printable = _PRINTABLE.fullmatch(numbered[2])
    is_long = len(numbered[2]) > POP3_UNIQUE_ID_OCTETS
    return _odd(command, row, Oddity.OVERLONG if is_printable and is_long else Oddity.OCTETS)


def _odd(command: Command, row: bytes, oddity: Oddity) -> OddRow:
    """Say what is wrong with a row, and with which message's."""
    numbered = _NUMBERED.fullmatch(row)
    if numbered is None:
        return OddRow(command, None, row, oddity)
    return OddRow(command, MessageNumber(int(numbered[1])), numbered[2], oddity)


SCAN_ROWS: Final = Rows(_SCAN_BLOCK, _read_scan_block, read_scan_row)
UNIQUE_ID_ROWS: Final = Rows(_UNIQUE_ID_BLOCK, _read_unique_id_block, read_unique_id_row)
