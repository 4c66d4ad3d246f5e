"""How a POP3 conversation opens: what the client's own machine hears before any login.

Called by `probe`.
Never logs in; asks for TLS even where it is not offered: some networks hide the offer.
Standards: RFC 1939 §4, RFC 2449 §5, RFC 2595 §4.
Fails with DialError (TLS) and ConnectionLostError; all else is a fault in the opening.
"""

from __future__ import annotations

from typing import Final

from hato.clients.errors import BusyError, NonsenseError
from hato.clients.pop3_conversation import Pop3Conversation
from hato.core.errors import HatoError
from hato.net.dialled import Dialled
from hato.net.outgoing_tls import Trust
from hato.protocols.opening import Opening, OpeningFault, Upgrade
from hato.protocols.pop3.client import Pop3ClientMachine
from hato.protocols.pop3.client_events import Fault, Refused
from hato.protocols.pop3.commands import Capa, Quit, Stls

_FAULTS: Final = {
    Fault.NOT_POP3.name: OpeningFault.OTHER_PROTOCOL,
    Fault.SPEAKS_TLS.name: OpeningFault.SPEAKS_TLS,
    Fault.OVERLONG.name: OpeningFault.OVERLONG,
}


async def open_pop3(
    dialled: Dialled,
    opening: Opening,
    trust: Trust,
    pinned_sha256: bytes | None,
    *,
    is_encrypted: bool,
) -> None:
    """Fill in what a server says. Raises DialError, ConnectionLostError."""
    conversation = Pop3Conversation(dialled, Pop3ClientMachine(is_encrypted=is_encrypted))
    try:
        await _open(conversation, opening, trust, pinned_sha256)
    except NonsenseError as fault:
        if fault.fault == Fault.INJECTED.name:
            opening.upgrade = Upgrade.INJECTED
        else:
            opening.fault = _FAULTS.get(fault.fault, OpeningFault.GARBAGE)
            opening.words = fault.words
    except BusyError as fault:
        opening.fault, opening.words = OpeningFault.TURNED_AWAY, fault.words


async def _open(
    conversation: Pop3Conversation, opening: Opening, trust: Trust, pinned_sha256: bytes | None
) -> None:
    event = await conversation.next_event()
    opening.greeting = getattr(event, "text", "")
    if isinstance(event, Refused):
        opening.fault, opening.words = OpeningFault.TURNED_AWAY, event.text
        return
    machine = conversation.machine
    opening.offers_apop = machine.stamp is not None
    if machine.is_encrypted:
        opening.upgrade = Upgrade.NOT_NEEDED
    else:
        opening.before = await _abilities(conversation)
        opening.offers_tls = machine.capabilities is not None and "STLS" in machine.capabilities
        answer = await conversation.ask(Stls())
        if isinstance(answer, Refused):
            opening.upgrade, opening.words = Upgrade.REFUSED, answer.text
            return
        opening.upgrade = Upgrade.AGREED
        await conversation.start_tls(trust, pinned_sha256)
    opening.after = await _abilities(conversation)
    await _leave(conversation)


async def _abilities(conversation: Pop3Conversation) -> tuple[str, ...] | None:
    """Ask what the server can do; None: it does not say."""
    await conversation.ask(Capa())
    capabilities = conversation.machine.capabilities
    return None if capabilities is None else capabilities.lines


async def _leave(conversation: Pop3Conversation) -> None:
    """Take leave; what a server makes of that is nobody's business."""
    try:
        await conversation.ask(Quit())
    except HatoError:
        return
