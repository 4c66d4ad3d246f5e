"""Whatever a server does: a letter is sent, waits, is refused or unknown, and that is told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hato.core.secret import Secret
from hato.services.sending.waiting_letter import Fate
from hato.store.model import Role
from tests.fetching.household import IMPATIENT
from tests.fetching.maildrop import LOGIN, PASSWORD
from tests.fetching.provider import Provider
from tests.mail_program.hostile_submission import ALL, BEFORE_LOGIN, Hostile
from tests.unit.sending.post_room import BOB, LETTER, PostRoom, open_post_room


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let what would end after minutes end after parts of a second."""
    with monkeypatch.context() as patch:
        patch.setattr("hato.services.sending.ways_out.PATIENCE", IMPATIENT)
        yield


async def furnish(port: int) -> PostRoom:
    """Return Ada's outbox, whose letters leave by a port of this machine."""
    room = await open_post_room()
    await room.settle(port, login=LOGIN)
    (source,) = await room.sources.all()
    await room.sources.set_secret(source.source_id, Secret(PASSWORD))
    return room


@pytest.mark.parametrize("server", ALL, ids=[server.name for server in ALL])
async def test_what_becomes_of_a_letter(server: Hostile) -> None:
    with Provider(server.make()) as provider:
        room = await furnish(provider.port)
        number = await room.put([BOB])
        outcome = await room.courier.send_now(number)
        tried = provider.connections
        fate = (await room.fates(number))["bob"]
        if fate is not Fate.WAITING:
            room.clock.advance(86_400)
            await room.send_due()
        later = provider.connections
    assert fate in server.fates, outcome.text.en
    assert bool(outcome.text.en) == bool(outcome.text.ja) == (fate is not Fate.SENT)
    assert later == tried, "what does not wait was tried again"
    is_sent = fate is Fate.SENT
    assert await room.in_mailbox(Role.SENT) == ([LETTER] if is_sent else [])
    assert await room.in_mailbox(Role.DRAFTS) == ([] if is_sent else [LETTER])


@pytest.mark.parametrize("server", BEFORE_LOGIN, ids=[server.name for server in BEFORE_LOGIN])
async def test_who_is_no_submission_server_hears_no_password(server: Hostile) -> None:
    with Provider(server.make()) as provider:
        room = await furnish(provider.port)
        await room.courier.send_now(await room.put([BOB]))
        assert b"AUTH" not in provider.heard.upper()
