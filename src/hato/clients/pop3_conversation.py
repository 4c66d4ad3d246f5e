"""A POP3 conversation over a real connection: questions out, events in.

Made and driven by `clients.pop3` and its login.
Never reads before the machine has used up what came; never holds more than one read of it.
Standards: RFC 2449 §6.6 (PIPELINING), RFC 2595 §4 (STLS).
Fails with ConnectionLostError, NonsenseError, BusyError (a goodbye that says so) and DialError.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from typing import Final

import msgspec

from hato.clients.errors import NonsenseError
from hato.clients.octets import exchange_octets
from hato.clients.peer_words import PeerWords
from hato.clients.pop3_refusals import error_of_end
from hato.clients.pop3_window import Pop3Window
from hato.core.errors import HatoError
from hato.net.dial_errors import ConnectionLostError, Loss
from hato.net.dialled import Dialled
from hato.net.outgoing_tls import Trust
from hato.protocols.machine import Signal
from hato.protocols.pop3.client import Pop3ClientMachine
from hato.protocols.pop3.client_events import (
    ConversationBroken,
    Event,
    Greeting,
    Ok,
    Refused,
)
from hato.protocols.pop3.commands import Command

_SHORT_ANSWER_OCTETS: Final = 64
"""What a command without a letter is answered with, more or less."""


class Pop3Conversation:
    """The machine, and the connection that carries its words."""

    def __init__(self, dialled: Dialled, machine: Pop3ClientMachine) -> None:
        """Begin; the greeting is the first event."""
        self.dialled = dialled
        self.machine = machine
        self.words = PeerWords()
        """Through which everything goes that the server says in words."""

    async def next_event(self) -> Event:
        """Return what the server said next. Raises for every way in which it can end."""
        machine = self.machine
        waiting = machine.unanswered
        while True:
            event = machine.next_event()
            if isinstance(event, ConversationBroken):
                raise self._error_of_end(event)
            if isinstance(event, Event):
                if machine.unanswered < waiting:
                    self.dialled.expect_answer()
                if isinstance(event, Refused | Greeting | Ok):
                    return msgspec.structs.replace(event, text=self.words.fit(event.text))
                return event
            if event is not Signal.NEED_DATA:
                raise ConnectionLostError(Loss.CLOSED)
            await exchange_octets(self.dialled, machine)

    def _error_of_end(self, broken: ConversationBroken) -> HatoError:
        text = self.words.fit(broken.text)
        return error_of_end(msgspec.structs.replace(broken, text=text))

    async def ask(self, command: Command) -> Event:
        """Send a command and return the first event of its answer.

        What earlier commands are still answered with is passed over. Raises ValueError for what
        cannot be said.
        """
        await self._settle()
        self.machine.send(command)
        return await self.next_event()

    async def events(
        self, commands: Iterable[Command], octets_of: Callable[[Command], int] | None = None
    ) -> AsyncGenerator[Event, None]:
        """Send commands, ahead of their answers where that is allowed; yield all events in order.

        Nothing is read faster than the events are taken. `octets_of`: how long a command's answer
        is thought to be; None: short.
        """
        await self._settle()
        waiting, window = iter(commands), Pop3Window()
        while self._has_asked(waiting, window, octets_of):
            event = await self.next_event()
            if not self.machine.unanswered and self._has_asked(waiting, window, octets_of):
                # The way is empty: the next question travels while this answer is dealt with.
                with contextlib.suppress(ConnectionLostError):  # the next read says it
                    await self.dialled.write(self.machine.data_to_send())
            yield event
        if not self.machine.room:
            # It ended before anything could be asked: no answer must not look like an empty one.
            await self.next_event()

    async def _settle(self) -> None:
        """Pass over what earlier commands are still answered with."""
        while self.machine.unanswered:
            await self.next_event()

    def _has_asked(
        self,
        commands: Iterator[Command],
        window: Pop3Window,
        octets_of: Callable[[Command], int] | None,
    ) -> bool:
        """Send more where it is time to, and tell whether answers are due."""
        machine = self.machine
        if window.is_time_to_send(machine.unanswered):
            for command in itertools.islice(commands, machine.room):
                machine.send(command)
                window.has_sent(octets_of(command) if octets_of else _SHORT_ANSWER_OCTETS)
                if not window.has_room():
                    break
        return machine.unanswered > 0

    async def start_tls(self, trust: Trust, pinned_sha256: bytes | None) -> None:
        """Shake hands, now that the server agreed; raises where somebody spoke in between."""
        signal = self.machine.next_event()
        if isinstance(signal, ConversationBroken):
            raise self._error_of_end(signal)
        if signal is not Signal.START_TLS:
            raise NonsenseError("STLS")
        await self.dialled.start_tls(trust, pinned_sha256=pinned_sha256)
        self.machine.tls_established()
        self.dialled.expect_answer()
