"""The LMTP edge over a store in memory: commands become deliveries, faults become replies."""

from __future__ import annotations

import gc
from typing import get_args

import pytest

from hato.core.errors import (
    HatoError,
    MailLoopError,
    NotFoundError,
    OverQuotaError,
    StorageFullError,
    TooLargeError,
    UnavailableError,
)
from hato.net.session import Handler, TlsFacts
from hato.protocols.machine import Signal
from hato.protocols.smtp.commands import Command
from hato.servers.lmtp import REFUSALS, UNAVAILABLE, LmtpSession, refusal_of
from hato.services.delivery import DeliveryService
from hato.store.memory.staged import MemoryStaged
from hato.store.model import Traits
from tests.unit.delivery.office import Office, behind_prefix
from tests.unit.smtp.conversation import codes_of

LETTER = b"Message-ID: <1@example.net>\r\n\r\nHello.\r\n"


class FakePeer:
    session_id = "s1"
    address = "192.0.2.1"
    port = 4321
    local_address = "192.0.2.2"
    local_port = 24
    tls: TlsFacts | None = None
    is_encrypted = False

    async def drain(self) -> None:
        raise AssertionError("replies are written by the pump alone")


class Line:
    """A connection to the edge, without a socket."""

    def __init__(self, service: DeliveryService) -> None:
        self.session = LmtpSession(FakePeer(), service, recipients=100)
        self.is_closed = False

    async def say(self, data: bytes) -> bytes:
        """Send octets; return what is answered."""
        machine = self.session.machine
        machine.receive_data(data)
        while True:
            command = machine.next_command()
            if isinstance(command, Signal):
                self.is_closed = command is Signal.CLOSED
                return b"".join(bytes(piece) for piece in machine.data_to_send())
            handler: Handler = self.session.handlers[type(command)]
            awaitable = handler(command)
            if awaitable is not None:
                await awaitable


def envelope(*names: str, sender: str = "bob@example.net", parameters: str = "") -> bytes:
    to = "".join(f"RCPT TO:<{name}@example.org>\r\n" for name in names)
    return f"MAIL FROM:<{sender}>{parameters}\r\n{to}DATA\r\n".encode()


@pytest.fixture
async def office() -> Office:
    made = Office()
    for name in ("ada", "ben"):
        await made.add(name)
    await made.add("away", is_enabled=False)
    return made


async def test_every_command_of_the_machine_has_a_handler(office: Office) -> None:
    session = LmtpSession(FakePeer(), office.service, recipients=10)
    assert set(session.handlers) == set(get_args(Command))


async def test_a_whole_conversation(office: Office) -> None:
    line = Line(office.service)
    has_greeted = [line.session.is_logged_in]
    said = await line.say(b"LHLO client.example.net\r\n")
    has_greeted.append(line.session.is_logged_in)
    assert said.startswith(b"220 mail.example.org LMTP ready\r\n250-mail.example.org\r\n")
    assert said.endswith(b"250 SIZE 4194304\r\n")
    assert has_greeted == [False, True]
    said = await line.say(envelope("ada", "nobody", "ben"))
    assert codes_of(said) == [
        "250 2.1.0",
        "250 2.1.5",
        "550 5.1.1",
        "250 2.1.5",
        "354",
    ]
    said = await line.say(LETTER + b".\r\nNOOP\r\nHELP\r\nVRFY ada\r\nRSET\r\nQUIT\r\n")
    assert codes_of(said) == [
        "250 2.0.0",
        "250 2.0.0",
        "250 2.0.0",
        "214 2.0.0",
        "252 2.5.0",
        "250 2.0.0",
        "221 2.0.0",
    ]
    assert b"Saved as s1-1\r\n" in said
    assert line.is_closed
    await line.session.close()
    for name in ("ada", "ben"):
        (served,) = await office.stored(name)
        prefix = behind_prefix(served, LETTER)
        assert b"from client.example.net ([192.0.2.1])" in prefix
        assert b"with LMTP id s1-1\r\n" in prefix


async def test_each_message_of_a_connection_has_its_own_name(office: Office) -> None:
    line = Line(office.service)
    await line.say(b"LHLO x\r\n")
    for number in (1, 2, 3):
        said = await line.say(envelope("ada") + b"%d\r\n.\r\n" % number)
        assert said.endswith(b"250 2.0.0 Saved as s1-%d\r\n" % number)
    assert len(await office.stored("ada")) == 3


async def test_nobody_learns_who_is_disabled(office: Office) -> None:
    line = Line(office.service)
    await line.say(b"LHLO x\r\n")
    said = await line.say(envelope("away") + LETTER + b".\r\n")
    assert codes_of(said) == ["250 2.1.0", "250 2.1.5", "354", "250 2.0.0"]
    assert len(await office.stored("away")) == 1


async def test_smtputf8_is_told_to_the_store(office: Office) -> None:
    line = Line(office.service)
    await line.say(b"LHLO x\r\n")
    letter = "Subject: 鳩\r\n\r\n".encode()
    said = await line.say(envelope("ada", sender="鳩@例え.example", parameters=" SMTPUTF8"))
    assert codes_of(said)[-1] == "354"
    assert codes_of(await line.say(letter + b".\r\n")) == ["250 2.0.0"]
    (email,) = await office.emails("ada")
    assert email.traits & Traits.NEEDS_UTF8
    (served,) = await office.stored("ada")
    assert b"with UTF8LMTP id" in served
    assert served.startswith("Return-Path: <鳩@例え.example>\r\n".encode())


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (OverQuotaError("x"), "452 4.2.2"),
        (StorageFullError("x"), "452 4.3.1"),
        (UnavailableError("x"), "451 4.3.0"),
        (TooLargeError("x"), "552 5.3.4"),
    ],
)
async def test_what_goes_wrong_for_one_is_told_for_one(
    office: Office, fault: HatoError, code: str
) -> None:
    office.store.commit_faults[office.people["ben"].account_id] = fault
    line = Line(office.service)
    await line.say(b"LHLO x\r\n")
    await line.say(envelope("ben", "ada", "ben"))
    assert codes_of(await line.say(LETTER + b".\r\n")) == [code, "250 2.0.0", code]


def test_every_fault_has_its_reply() -> None:
    assert refusal_of(NotFoundError("x")).enhanced == "5.1.1"
    assert refusal_of(MailLoopError("x")).enhanced == "5.4.6"
    assert refusal_of(HatoError("whatever")) == UNAVAILABLE
    assert all(reply.code >= 400 for reply in REFUSALS.values())


async def test_a_fault_while_the_message_comes_is_told_at_its_end(office: Office) -> None:
    line = Line(office.service)
    await line.say(b"LHLO x\r\n" + envelope("ada", "ben"))

    async def fail(*_: object) -> None:
        raise StorageFullError("no room")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MemoryStaged, "write", fail)
        assert await line.say(b"first\r\n") == b""
    assert await line.say(b"Subject: x\r\n\r\n") == b""
    assert await line.say(b"more\r\n" * 1000) == b""
    assert codes_of(await line.say(b".\r\n")) == ["452 4.3.1"] * 2
    said = await line.say(envelope("ada") + LETTER + b".\r\n")
    assert codes_of(said)[-1] == "250 2.0.0"


async def test_a_badly_ended_message_leaves_nothing_and_closes(office: Office) -> None:
    line = Line(office.service)
    await line.say(b"LHLO x\r\n")
    said = await line.say(envelope("ada", "ben") + b"a\nb\r\n.\r\n" + envelope("ada"))
    assert codes_of(said)[-2:] == ["550 5.6.0"] * 2
    assert line.is_closed
    await line.session.close()
    assert await office.stored("ada") == []


async def test_a_directory_out_of_order_is_told_at_rcpt(office: Office) -> None:
    office.addresses.fault = UnavailableError("locked")
    line = Line(office.service)
    await line.say(b"LHLO x\r\n")
    assert codes_of(await line.say(envelope("ada"))) == ["250 2.1.0", "451 4.3.0", "503 5.5.1"]


@pytest.mark.parametrize("data", [b"RSET\r\n", b"LHLO y\r\n", b"QUIT\r\n"])
async def test_a_transaction_given_up_leaves_nothing(office: Office, data: bytes) -> None:
    line = Line(office.service)
    await line.say(b"LHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<ada@example.org>\r\n")
    delivery = line.session._delivery
    await line.say(data)
    assert line.session._delivery is None
    assert delivery is not None
    assert delivery._staged._is_discarded  # type: ignore[attr-defined]  # the store in memory has it


async def test_a_connection_lost_in_data_leaves_nothing(office: Office) -> None:
    line = Line(office.service)
    await line.say(b"LHLO x\r\n" + envelope("ada") + b"half a mess")
    await line.session.close()
    assert await office.stored("ada") == []


async def test_a_session_that_ended_needs_no_collector(office: Office) -> None:
    def alive() -> int:
        return sum(type(one) is LmtpSession for one in gc.get_objects())

    gc.collect()
    gc.disable()
    try:
        before = alive()
        line = Line(office.service)
        await line.say(b"LHLO here\r\n")
        await line.say(b"QUIT\r\n")
        await line.session.close()
        del line
        assert alive() == before
    finally:
        gc.enable()
