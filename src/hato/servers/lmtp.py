"""LMTP for the people of this server: each command becomes one call, each fault one reply.

Called by `net.connection`, one session for each connection.
Never decides who gets mail or when it is safe: `services.delivery` does.
Standards: RFC 2033, RFC 3463, RFC 5321 §4.2.
Fails never: an error without a line of its own in the table is a passing fault (451).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from hato.core.errors import (
    HatoError,
    MailLoopError,
    NotFoundError,
    OverQuotaError,
    StorageFullError,
    TooLargeError,
)
from hato.core.log import log
from hato.net.session import Handler, Peer
from hato.protocols.smtp import replies
from hato.protocols.smtp.commands import (
    Data,
    DataChunk,
    DataEnd,
    DataRefused,
    Help,
    Lhlo,
    Mail,
    Noop,
    Quit,
    Rcpt,
    Rset,
    Vrfy,
)
from hato.protocols.smtp.replies import Reply
from hato.protocols.smtp.server import LMTP, SmtpServerMachine
from hato.services.delivery import Delivery, DeliveryService
from hato.services.delivery_trace import Arrival

PART_COMMANDS: Final = frozenset({DataChunk, DataRefused})
"""Pieces of a message: a client that trickles them is too slow all the same."""

UNAVAILABLE: Final = Reply(451, "4.3.0", ("Not possible now, try again later",))
REFUSALS: Final[Mapping[type[HatoError], Reply]] = {
    NotFoundError: Reply(550, "5.1.1", ("No such person here",)),
    OverQuotaError: Reply(452, "4.2.2", ("This mailbox is full",)),
    TooLargeError: Reply(552, "5.3.4", ("Message too large",)),
    MailLoopError: Reply(554, "5.4.6", ("This message goes in circles",)),
    StorageFullError: Reply(452, "4.3.1", ("No room on this server now, try again later",)),
}
"""What is said for what went wrong; everything else is UNAVAILABLE. A full mailbox may have room
later: RFC 3463 §3.3 wants a persistent transient failure, and so does the example of RFC 2033 §4.2.
"""

HELP: Final = Reply(214, "2.0.0", ("LHLO MAIL RCPT DATA RSET NOOP VRFY HELP QUIT",))


def refusal_of(fault: HatoError) -> Reply:
    """Return what to say about a fault."""
    return REFUSALS.get(type(fault), UNAVAILABLE)


class LmtpSession:
    """One client's connection."""

    __slots__ = (
        "_client_name",
        "_count",
        "_deliveries",
        "_delivery",
        "_fault",
        "_mail",
        "_peer",
        "_recipients",
        "_trace_id",
        "handlers",
        "machine",
    )

    def __init__(self, peer: Peer, deliveries: DeliveryService, *, recipients: int) -> None:
        """Greet; `recipients` is how many one message may have."""
        self._peer = peer
        self._deliveries = deliveries
        self._client_name = ""
        self._count = 0
        self._delivery: Delivery | None = None
        self._fault: HatoError | None = None
        self._mail = Mail("")
        self._recipients = 0
        self._trace_id = ""
        self.machine = SmtpServerMachine(
            LMTP,
            deliveries.hostname,
            message_octets=deliveries.message_octets,
            recipients=recipients,
        )
        self.handlers: dict[type, Handler] = {
            Lhlo: self.greet,
            Mail: self.begin,
            Rcpt: self.add_recipient,
            Data: self.invite,
            DataChunk: self.take,
            DataEnd: self.deliver,
            DataRefused: self.drop,
            Rset: self.reset,
            Noop: self.answer_noop,
            Vrfy: self.answer_vrfy,
            Help: self.answer_help,
            Quit: self.part,
        }

    @property
    def is_logged_in(self) -> bool:
        """Whether the client has greeted: there is no login on LMTP."""
        return self._client_name != ""

    @property
    def is_revoked(self) -> bool:
        """Never: there is no login that could be."""
        return False

    async def close(self) -> None:
        """Forget a message that was not complete."""
        self._forget()
        self.handlers.clear()  # they refer to the session: a circle that only a collector breaks

    def greet(self, command: Lhlo) -> None:
        """Say what we can."""
        self._forget()
        self._client_name = command.name
        self.machine.send(self.machine.capabilities())

    def begin(self, command: Mail) -> None:
        """Begin a message."""
        self._forget()
        self._count += 1
        self._trace_id = f"{self._peer.session_id}-{self._count}"
        arrival = Arrival(
            "UTF8LMTP" if command.smtputf8 else "LMTP",
            self._trace_id,
            self._client_name,
            self._peer.address,
        )
        self._mail = command
        self._delivery = self._deliveries.begin(
            command.sender, arrival, needs_utf8=command.smtputf8
        )
        self.machine.send(replies.SENDER_OK)

    async def add_recipient(self, command: Rcpt) -> None:
        """Ask whether mail for an address can be taken."""
        assert self._delivery is not None  # noqa: S101 - the state table: RCPT comes after MAIL
        try:
            await self._delivery.recipient(command.recipient)
        except HatoError as fault:
            log.info(
                "recipient-refused",
                session=self._peer.session_id,
                id=self._trace_id,
                recipient=command.recipient,
                reason=type(fault).__name__,
            )
            self.machine.send(refusal_of(fault))
        else:
            self._recipients += 1
            self.machine.send(replies.RECIPIENT_OK)

    def invite(self, _: Data) -> None:
        """Ask for the message."""
        self.machine.send(replies.SEND_MESSAGE)

    async def take(self, command: DataChunk) -> None:
        """Take octets of the message; after a fault only wait for their end."""
        assert self._delivery is not None  # noqa: S101 - the state table: DATA comes after MAIL
        if self._fault is not None:
            return
        try:
            await self._delivery.write(command.octets)
        except HatoError as fault:
            self._fault = fault
            self._delivery.discard()

    async def deliver(self, command: DataEnd) -> None:
        """Deliver, then answer for each recipient (RFC 2033 §4.2)."""
        assert self._delivery is not None  # noqa: S101 - the state table: DATA comes after MAIL
        outcomes: list[HatoError | None] = [self._fault] * self._recipients
        if self._fault is None:
            outcomes = await self._delivery.finish()
        saved = Reply(250, "2.0.0", (f"Saved as {self._trace_id}",))
        for fault in outcomes:
            self.machine.send(saved if fault is None else refusal_of(fault))
        self._log_outcomes(command.size_octets, outcomes)
        self._forget()

    def _log_outcomes(self, size_octets: int, outcomes: list[HatoError | None]) -> None:
        """Say in one line what became of a message."""
        faults = [fault for fault in outcomes if fault is not None]
        details = {"reason": f"{type(faults[0]).__name__}: {faults[0]}"} if faults else {}
        log.info(
            "delivered" if len(faults) < len(outcomes) else "not-delivered",
            session=self._peer.session_id,
            id=self._trace_id,
            sender=self._mail.sender,
            recipients=len(outcomes),
            refused=len(faults),
            octets=size_octets,
            **details,
        )

    def drop(self, command: DataRefused) -> None:
        """Forget a message that the machine refuses."""
        log.info(
            "message-refused",
            session=self._peer.session_id,
            id=self._trace_id,
            sender=self._mail.sender,
            reason=command.fault.name.lower().replace("_", "-"),
        )
        if self._delivery is not None:
            self._delivery.discard()

    def reset(self, _: Rset) -> None:
        """Forget the message that was begun."""
        self._forget()
        self.machine.send(replies.FORGOTTEN)

    def answer_noop(self, _: Noop) -> None:
        """Do nothing."""
        self.machine.send(replies.NOTHING_DONE)

    def answer_vrfy(self, _: Vrfy) -> None:
        """Tell nobody who lives here (RFC 5321 §7.3)."""
        self.machine.send(replies.NOT_VERIFIED)

    def answer_help(self, _: Help) -> None:
        """Name the commands."""
        self.machine.send(HELP)

    def part(self, _: Quit) -> None:
        """Say goodbye."""
        self._forget()
        self.machine.send(replies.GOODBYE)

    def _forget(self) -> None:
        """Let go of the transaction."""
        if self._delivery is not None:
            self._delivery.discard()
            self._delivery = None
        self._fault = None
        self._recipients = 0
