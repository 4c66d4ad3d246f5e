"""What a session that ended leaves behind."""

from __future__ import annotations

import gc

from hato.servers.pop3 import Pop3Session
from hato.servers.pop3_transaction import Transaction
from tests.unit.pop3.house import PASSWORD, TRUSTED, House
from tests.unit.pop3.pump import LoopPeer, LoopPump


def alive(*kinds: type) -> int:
    """Count objects of some kinds, those included that only the collector would free."""
    return sum(type(one) in kinds for one in gc.get_objects())


async def test_a_session_that_ended_needs_no_collector(house: House) -> None:
    await house.deliver(b"Subject: plain\r\n\r\none\r\n")
    gc.collect()
    gc.disable()
    try:
        before = alive(Pop3Session, Transaction)
        peer = LoopPeer(TRUSTED)
        pump = LoopPump(Pop3Session(peer, house.edge, offers_tls=True), peer)
        await pump.say(f"USER ada@example.org\r\nPASS {PASSWORD}\r\n".encode())
        assert alive(Pop3Session, Transaction) == before + 2
        await pump.command("QUIT")
        peer.pump = None
        del pump
        assert alive(Pop3Session, Transaction) == before
    finally:
        gc.enable()
