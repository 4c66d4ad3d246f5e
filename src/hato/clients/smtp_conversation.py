"""An SMTP conversation over a real connection: commands out, answers in.

Made and driven by `clients.smtp` and its login.
Never holds more than one read of what the server says; its words are without our secret.
Standards: RFC 5321 §4.5.3.2 (how long each answer may take), RFC 2920 §3.1, RFC 3207 §4.
Fails with ConnectionLostError, NonsenseError and DialError.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import msgspec

from hato.clients.errors import NonsenseError
from hato.clients.octets import exchange_octets
from hato.clients.peer_words import PeerWords
from hato.clients.smtp_refusals import error_of_end
from hato.clients.time_limit import within
from hato.core import limits
from hato.core.errors import HatoError
from hato.net.dial_errors import ConnectionLostError, Loss
from hato.net.dialled import Dialled
from hato.net.outgoing_tls import Trust
from hato.protocols.machine import Signal
from hato.protocols.smtp.client import SmtpClientMachine
from hato.protocols.smtp.client_commands import ClientCommand
from hato.protocols.smtp.client_events import (
    Challenge,
    ConversationBroken,
    Event,
    Greeting,
    Replied,
)
from hato.protocols.smtp.client_replies import ServerReply

CommandT = TypeVar("CommandT", bound=ClientCommand)


class SmtpConversation:
    """The machine, and the connection that carries its words."""

    def __init__(self, dialled: Dialled, machine: SmtpClientMachine) -> None:
        """Begin; the greeting is the first event."""
        self.dialled = dialled
        self.machine = machine
        self.words = PeerWords()
        """Through which everything goes that the server says in words."""

    async def greeting(self) -> ServerReply:
        """Return what the server says first."""
        async with within(limits.SMTP_GREETING_SECONDS):
            event = await self._next_event()
        if not isinstance(event, Greeting):
            raise NonsenseError("greeting")
        return self._fit(event.reply)

    async def ask(
        self, command: ClientCommand, seconds: float = limits.SMTP_COMMAND_SECONDS
    ) -> ServerReply | Challenge:
        """Send a command and return its answer, which may take so long.

        Raises ValueError for what cannot be said.
        """
        self.machine.send(command)
        async with within(seconds):
            return self._answer(await self._next_event())

    async def reply_to(
        self, command: ClientCommand, seconds: float = limits.SMTP_COMMAND_SECONDS
    ) -> ServerReply:
        """Send a command that is no part of a login, and return its answer."""
        answer = await self.ask(command, seconds)
        if isinstance(answer, Challenge):
            raise NonsenseError("challenge")
        return answer

    async def ask_ahead(
        self, first: ClientCommand, others: Sequence[CommandT]
    ) -> tuple[ServerReply, dict[CommandT, ServerReply]]:
        """Send a command and others behind it, ahead of the answers where the server allows that.

        Returns the answer to the first, and those to the others. Where the first is refused,
        those that were not sent yet are not sent any more, and have no answer.
        """
        machine = self.machine
        machine.send(first)
        waiting = list(reversed(others))
        first_answer: ServerReply | None = None
        answers: dict[CommandT, ServerReply] = {}
        asked: list[CommandT] = []
        while True:
            while waiting and (room := machine.room) > 0:
                for _ in range(min(room, len(waiting))):
                    asked.append(waiting.pop())
                    machine.send(asked[-1])
            if not machine.unanswered and first_answer is not None:
                return first_answer, answers
            async with within(limits.SMTP_COMMAND_SECONDS):
                answer = self._answer(await self._next_event())
            if isinstance(answer, Challenge):
                raise NonsenseError("challenge")
            if first_answer is None:
                first_answer = answer
            else:
                answers[asked[len(answers)]] = answer

    async def _next_event(self) -> Event:
        """Return what the server said next. Raises for every way in which it can end."""
        machine = self.machine
        while True:
            event = machine.next_event()
            if isinstance(event, ConversationBroken):
                raise self._error_of_end(event)
            if isinstance(event, Event):
                self.dialled.expect_answer()
                return event
            if event is not Signal.NEED_DATA:
                raise ConnectionLostError(Loss.CLOSED)
            await exchange_octets(self.dialled, machine)

    def _error_of_end(self, broken: ConversationBroken) -> HatoError:
        text = self.words.fit(broken.text)
        return error_of_end(msgspec.structs.replace(broken, text=text))

    def _answer(self, event: Event) -> ServerReply | Challenge:
        if isinstance(event, Challenge):
            return event
        if not isinstance(event, Replied):
            raise NonsenseError("answer")
        return self._fit(event.reply)

    def _fit(self, reply: ServerReply) -> ServerReply:
        """Return an answer as it may be kept: one line, without our secret."""
        text = self.words.fit(" ".join(filter(None, reply.lines)))
        return msgspec.structs.replace(reply, lines=(text,))

    async def send_octets(self, data: bytes, dots: Sequence[int]) -> None:
        """Send the next octets of a letter, waiting until the kernel has them."""
        self.machine.send_octets(data, dots)
        async with within(limits.SMTP_BLOCK_SECONDS):
            await self.dialled.write(self.machine.data_to_send())

    async def start_tls(self, trust: Trust, pinned_sha256: bytes | None) -> None:
        """Shake hands, now that the server agreed; raises where somebody spoke in between."""
        signal = self.machine.next_event()
        if isinstance(signal, ConversationBroken):
            raise self._error_of_end(signal)
        if signal is not Signal.START_TLS:
            raise NonsenseError("STARTTLS")
        await self.dialled.start_tls(trust, pinned_sha256=pinned_sha256)
        self.machine.tls_established()
        self.dialled.expect_answer()
