"""What the answers to a client's commands look like.

Called by the machine of the client when the first line of an answer has arrived.
Never decides what an answer leads to; never believes a number.
Standards: RFC 1939 §5 and §7, RFC 2449 §5 and §8, RFC 6856 §3.2.
Fails never: an answer that is not as it should be is an OddRow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Protocol

from hato.protocols.foreign_text import shown
from hato.protocols.lines import LineBuffer
from hato.protocols.pop3.client_body import BodyReader
from hato.protocols.pop3.client_events import (
    DropListing,
    Event,
    Fault,
    Oddity,
    OddRow,
    Ok,
    ScanRows,
    UniqueIdRows,
)
from hato.protocols.pop3.client_list import ListReader, capability_list, language_list
from hato.protocols.pop3.client_listing import (
    SCAN_ROWS,
    UNIQUE_ID_ROWS,
    RowReader,
    read_scan_row,
    read_unique_id_row,
)
from hato.protocols.pop3.commands import Capa, Command, Lang, List, Retr, Stat, Top, Uidl
from hato.protocols.pop3.grammar import Status, parse_two_numbers

_INDICATOR_OCTETS: Final = len(b"+OK ")


class AnswerReader(Protocol):
    """Takes an answer of many lines off the stream."""

    is_complete: bool

    def read(self, lines: LineBuffer) -> Event | Fault | None:
        """Return the next event of it; None where more octets are needed."""
        ...


_READERS: Final[Mapping[type[Command], Callable[[Command], AnswerReader]]] = {
    Capa: lambda command: ListReader(command, capability_list),
    Lang: lambda command: ListReader(command, language_list),
    List: lambda command: RowReader(command, SCAN_ROWS),
    Uidl: lambda command: RowReader(command, UNIQUE_ID_ROWS),
    Retr: BodyReader,
    Top: BodyReader,
}


def reader_of(command: Command) -> AnswerReader | None:
    """Return what reads the rest of an answer that began with yes; None: there is no rest."""
    match command:
        case List(int()) | Uidl(int()) | Lang(str()):
            return None
    make_reader = _READERS.get(type(command))
    return None if make_reader is None else make_reader(command)


def read_answer(command: Command, status: Status, line: bytes) -> Event:
    """Read what a yes of one line says."""
    text = line[_INDICATOR_OCTETS:]
    match command:
        case Stat():
            pair = parse_two_numbers(text)
            if pair is None:
                return OddRow(command, None, text, Oddity.MALFORMED)
            return DropListing(command, *pair)
        case List(int(number)):
            return _about(number, read_scan_row(command, text), text)
        case Uidl(int(number)):
            return _about(number, read_unique_id_row(command, text), text)
        case _:
            return Ok(command, words_of(status), line)


def _about(number: int, event: ScanRows | UniqueIdRows | OddRow, text: bytes) -> Event:
    """See to it that an answer speaks of the message that was asked about."""
    if isinstance(event, OddRow) or event.rows[0][0] == number:
        return event
    return OddRow(event.command, event.rows[0][0], text, Oddity.OTHER_NUMBER)


def words_of(status: Status) -> str:
    """Return what a server says to people, fit to be shown."""
    return shown(status.text.encode())


def code_of(status: Status) -> str | None:
    """Return what a server says to programs, fit to be shown."""
    return None if status.code is None else shown(status.code.encode())
