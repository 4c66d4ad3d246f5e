"""Reading short lists as a whole: capabilities and languages.

Called by the machine of the client while the answer to CAPA or LANG arrives.
Never keeps more lines, or longer ones, than the limits allow.
Standards: RFC 2449 §5, RFC 6856 §3.2, RFC 1939 §3 (doubled dots).
Fails with a Fault where the list or a line of it is too long.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from hato.core.limits import POP3_LIST_LINES, POP3_ROW_OCTETS
from hato.protocols.foreign_text import shown
from hato.protocols.lines import Incomplete, LineBuffer
from hato.protocols.pop3.client_capabilities import Capabilities
from hato.protocols.pop3.client_events import CapabilityList, Event, Fault, LanguageList
from hato.protocols.pop3.commands import Command

MakeEvent: TypeAlias = Callable[[Command, list[str]], Event]


class ListReader:
    """Takes the lines of one answer off the stream, up to its end."""

    def __init__(self, command: Command, make_event: MakeEvent) -> None:
        """Begin behind the first line of the answer."""
        self._command = command
        self._make_event = make_event
        self._found: list[str] = []
        self.is_complete = False

    def read(self, lines: LineBuffer) -> Event | Fault | None:
        """Return the whole list; None where more octets are needed."""
        while (line := lines.next_line(POP3_ROW_OCTETS)) is not Incomplete.NEED_DATA:
            if line is Incomplete.OVERLONG:
                return Fault.OVERLONG
            if line == b".":
                self.is_complete = True
                return self._make_event(self._command, self._found)
            if len(self._found) == POP3_LIST_LINES:
                return Fault.TOO_MANY_ROWS
            self._found.append(shown(line.removeprefix(b".")))
        return None


def capability_list(command: Command, lines: list[str]) -> CapabilityList:
    """Make the event of CAPA."""
    return CapabilityList(command, Capabilities(tuple(lines)))


def language_list(command: Command, lines: list[str]) -> LanguageList:
    """Make the event of LANG: a tag, and perhaps the language's name in itself."""
    divided = [line.partition(" ") for line in lines]
    return LanguageList(command, tuple((tag, name) for tag, _, name in divided))
