"""The delivery door: durable for each recipient or told why not, once, and byte for byte."""

from __future__ import annotations

import asyncio

import pytest

from hato.core import limits
from hato.core.errors import (
    HatoError,
    MailLoopError,
    NotFoundError,
    OverQuotaError,
    StorageFullError,
    TooLargeError,
    UnavailableError,
)
from hato.services.delivery import Placing
from hato.services.delivery_trace import Arrival
from hato.store.changes import Committed, MakeMailbox, Wanted
from hato.store.memory.account import MemoryAccount
from hato.store.memory.staged import MemoryStaged
from hato.store.memory.store import MemoryStore
from hato.store.model import LedgerEntry, LedgerState, Role, Traits
from tests.unit.delivery.office import NOW, Office, behind_prefix, in_chunks

LETTER = b"From: bob@example.net\r\nMessage-ID: <1@example.net>\r\n\r\nHello.\r\n"
WITHOUT_ID = b"Subject: x\r\n\r\nHello.\r\n"


async def test_a_letter_is_stored_behind_its_trace_lines() -> None:
    office = Office()
    await office.add("ada")
    assert await office.deliver(LETTER, "ada") == [None]
    (served,) = await office.stored("ada")
    lines = behind_prefix(served, LETTER).decode().split("\r\n")
    assert lines[0] == "Return-Path: <bob@example.net>"
    assert lines[1] == "Delivered-To: ada@example.org"
    assert lines[2] == "Received: from client.example.net ([192.0.2.1])"
    assert lines[3] == "\tby mail.example.org with LMTP id s1-1"
    assert lines[4].startswith("\tfor <ada@example.org>; ")
    (email,) = await office.emails("ada")
    assert email.received == NOW


async def test_one_letter_reaches_many_each_with_her_own_lines() -> None:
    office = Office()
    for name in ("ada", "ben", "cleo"):
        await office.add(name)
    assert await office.deliver(LETTER, "ada", "ben", "cleo") == [None] * 3
    for name in ("ada", "ben", "cleo"):
        (served,) = await office.stored(name)
        prefix = behind_prefix(served, LETTER).decode()
        others = {"ada", "ben", "cleo"} - {name}
        assert f"for <{name}@example.org>" in prefix
        assert not any(other in prefix for other in others)


async def test_who_is_reached_twice_gets_one_copy_and_two_answers() -> None:
    office = Office()
    ada = await office.add("ada")
    office.addresses.reached["sales@example.org"] = [ada]
    assert await office.deliver(LETTER, "sales", "ada", "ada") == [None] * 3
    (served,) = await office.stored("ada")
    assert b"Delivered-To: sales@example.org\r\n" in served
    assert office.store.commits == 1


async def test_a_name_without_domain_is_shown_as_the_persons_own_address() -> None:
    office = Office()
    office.addresses.reached["postmaster"] = [await office.add("ada")]
    delivery = office.service.begin("", Arrival("LMTP", "s1-1", "x"))
    await delivery.recipient("postmaster")
    await delivery.write(LETTER)
    assert await delivery.finish() == [None]
    (served,) = await office.stored("ada")
    assert served.startswith(
        b"Return-Path: <>\r\nDelivered-To: ada@example.org\r\nReceived: from x\r\n\tby "
    )


async def test_an_address_that_reaches_several_people_is_done_when_all_have_it() -> None:
    office = Office()
    ada, ben = await office.add("ada"), await office.add("ben")
    office.addresses.reached["all@example.org"] = [ada, ben]
    office.store.commit_faults[ben.account_id] = fault = UnavailableError("busy")
    assert await office.deliver(LETTER, "all", "ada") == [fault, None]
    del office.store.commit_faults[ben.account_id]
    assert await office.deliver(LETTER, "all", "ada") == [None, None]
    assert len(await office.stored("ada")) == len(await office.stored("ben")) == 1


async def test_nobody_else_suffers_from_one_full_mailbox() -> None:
    office = Office()
    await office.add("ada")
    ben = await office.add("ben")
    office.store.commit_faults[ben.account_id] = OverQuotaError("full")
    first, second = await office.deliver(LETTER, "ada", "ben")
    assert first is None
    assert isinstance(second, OverQuotaError)
    assert len(await office.stored("ada")) == 1
    assert await office.stored("ben") == []


async def test_commits_to_many_people_run_side_by_side() -> None:
    """So that they share one group commit: each waits until all have begun."""
    office = Office()
    names = [f"person{number}" for number in range(200)]
    for name in names:
        await office.add(name)
    everybody = asyncio.Barrier(len(names))

    class Waiting(MemoryStaged):
        async def read(self, start: int, stop: int) -> bytes:
            await everybody.wait()
            return await super().read(start, stop)

    office.store.stage = Waiting  # type: ignore[method-assign]  # for this test
    async with asyncio.timeout(10):
        assert await office.deliver(LETTER, *names) == [None] * 200
    assert all([len(await office.stored(name)) == 1 for name in names])


async def test_a_stranger_is_not_found_and_costs_nothing() -> None:
    office = Office()
    await office.add("ada")
    delivery = office.service.begin("", Arrival("LMTP", "s1-1", "x"))
    with pytest.raises(NotFoundError):
        await delivery.recipient("nobody@example.org")
    await delivery.recipient("ada@example.org")
    await delivery.write(LETTER)
    assert await delivery.finish() == [None]


async def test_who_may_not_log_in_gets_her_mail_all_the_same() -> None:
    office = Office()
    await office.add("ada", is_enabled=False)
    assert await office.deliver(LETTER, "ada") == [None]
    assert len(await office.stored("ada")) == 1


async def test_an_account_that_is_missing_does_not_bounce_mail() -> None:
    office = Office()
    ada = await office.add("ada")
    await office.store.remove_account(ada.account_id)
    (fault,) = await office.deliver(LETTER, "ada")
    assert isinstance(fault, UnavailableError)


async def test_a_directory_that_is_out_of_order_is_a_passing_fault() -> None:
    office = Office()
    office.addresses.fault = UnavailableError("locked")
    with pytest.raises(UnavailableError):
        await office.deliver(LETTER, "ada")


@pytest.mark.parametrize("step", ["write", "seal"])
async def test_a_disk_without_room_is_told_for_everybody(
    monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    office = Office()
    await office.add("ada")
    await office.add("ben")

    async def fail(*_: object) -> None:
        raise StorageFullError("no room")

    delivery = office.service.begin("", Arrival("LMTP", "s1-1", "x"))
    await delivery.recipient("ada@example.org")
    await delivery.recipient("ben@example.org")
    monkeypatch.setattr(MemoryStaged, step, fail)
    if step == "write":
        with pytest.raises(StorageFullError):
            await delivery.write(LETTER)
        delivery.discard()
    else:
        await delivery.write(LETTER)
        assert [type(fault) for fault in await delivery.finish()] == [StorageFullError] * 2
    assert await office.stored("ada") == []


# Retries


async def test_a_retry_after_a_lost_answer_is_the_same_delivery() -> None:
    office = Office()
    await office.add("ada")
    again = Arrival("LMTP", "s9-7", "client.example.net", "198.51.100.9")
    assert await office.deliver(LETTER, "ada") == [None]
    office.clock.advance(3600)
    assert await office.deliver(LETTER, "ada", arrival=again) == [None]
    assert len(await office.stored("ada")) == 1


@pytest.mark.parametrize(
    ("letter", "sender", "client"),
    [
        (LETTER + b"x\r\n", "bob@example.net", "client.example.net"),
        (LETTER, "eve@example.net", "client.example.net"),
        (LETTER, "bob@example.net", "other.example.net"),
    ],
    ids=["other octets", "other sender", "other client"],
)
async def test_whatever_differs_makes_another_delivery(
    letter: bytes, sender: str, client: str
) -> None:
    office = Office()
    await office.add("ada")
    await office.deliver(LETTER, "ada")
    await office.deliver(letter, "ada", sender=sender, arrival=Arrival("LMTP", "s1-2", client))
    assert len(await office.stored("ada")) == 2


async def test_another_recipient_is_another_delivery() -> None:
    office = Office()
    office.addresses.reached["list@example.org"] = [await office.add("ada")]
    await office.deliver(LETTER, "ada")
    await office.deliver(LETTER, "list")
    assert len(await office.stored("ada")) == 2


async def test_a_day_later_it_is_another_delivery() -> None:
    office = Office()
    await office.add("ada")
    await office.deliver(LETTER, "ada")
    office.clock.advance(limits.DELIVERY_ID_SECONDS + 1)
    await office.deliver(LETTER, "ada")
    assert len(await office.stored("ada")) == 2


async def test_without_a_message_id_nobody_can_tell_a_retry() -> None:
    office = Office()
    await office.add("ada")
    await office.deliver(WITHOUT_ID, "ada")
    await office.deliver(WITHOUT_ID, "ada")
    assert len(await office.stored("ada")) == 2


async def test_a_retry_in_other_pieces_is_the_same() -> None:
    office = Office()
    await office.add("ada")
    await office.deliver(LETTER, "ada")
    delivery = office.service.begin(
        "bob@example.net", Arrival("LMTP", "s1-2", "client.example.net")
    )
    await delivery.recipient("ada@example.org")
    for octet in LETTER:
        await delivery.write(bytes([octet]))
    assert await delivery.finish() == [None]
    assert len(await office.stored("ada")) == 1


# What a letter is


@pytest.mark.parametrize(
    ("letter", "stored"),
    [
        (b"", b""),
        (b"x", b"x\r\n"),
        (b"x\r\n", b"x\r\n"),
        (b"x\n", b"x\n\r\n"),
        (b"x\r", b"x\r\r\n"),
        (b"\r\n", b"\r\n"),
    ],
)
async def test_what_is_stored_ends_with_crlf(letter: bytes, stored: bytes) -> None:
    office = Office()
    await office.add("ada")
    for pieces in (1, 9):
        delivery = office.service.begin("", Arrival("LMTP", f"s1-{pieces}", "x"))
        await delivery.recipient("ada@example.org")
        async for chunk in in_chunks(letter, pieces):
            await delivery.write(chunk)
        assert await delivery.finish() == [None]
    first, second = await office.stored("ada")
    assert behind_prefix(first, stored).endswith(b"00\r\n")
    assert behind_prefix(second, stored).endswith(b"00\r\n")


async def test_a_letter_over_the_limit_is_refused_while_it_comes() -> None:
    office = Office(message_octets=1000)
    await office.add("ada")
    with pytest.raises(TooLargeError):
        await office.deliver(b"x" * 1001, "ada")
    assert await office.deliver(b"x" * 998 + b"\r\n", "ada") == [None]


async def test_a_letter_that_goes_in_circles_is_stopped() -> None:
    """RFC 5321 §6.3."""
    office = Office()
    await office.add("ada")
    hop = b"Received: from a by b; Tue, 24 Nov 2026 09:00:00 +0900\r\n"
    assert await office.deliver(hop * 100 + LETTER, "ada") == [None]
    (fault,) = await office.deliver(hop * 101 + LETTER, "ada")
    assert isinstance(fault, MailLoopError)
    assert len(await office.stored("ada")) == 1


UTF8_HEADER = "Subject: 鳩\r\n\r\nbody\r\n".encode()


@pytest.mark.parametrize(
    ("letter", "needs_utf8", "recipient", "is_marked"),
    [
        (UTF8_HEADER, True, "ada@example.org", True),
        (UTF8_HEADER, False, "ada@example.org", False),
        ("Subject: x\r\n\r\n鳩\r\n".encode(), True, "ada@example.org", False),
        (LETTER, True, "ada@example.org", False),
        (LETTER, True, "鳩@example.org", True),
    ],
    ids=["declared", "legacy 8-bit", "only the body", "ASCII", "address"],
)
async def test_letters_that_need_utf8_are_marked(
    *, letter: bytes, needs_utf8: bool, recipient: str, is_marked: bool
) -> None:
    """RFC 6531 §3.6: the sender says so, and the header shows it."""
    office = Office()
    office.addresses.reached["鳩@example.org"] = [await office.add("ada")]
    assert await office.deliver(letter, recipient, needs_utf8=needs_utf8) == [None]
    (email,) = await office.emails("ada")
    assert bool(email.traits & Traits.NEEDS_UTF8) is is_marked


async def test_answers_join_the_thread_of_what_they_answer() -> None:
    office = Office()
    await office.add("ada")
    await office.deliver(LETTER, "ada")
    answer = (
        b"Message-ID: <2@example.org>\r\nReferences: <0@x>\r\n\t<1@example.net>\r\n\r\nYes.\r\n"
    )
    await office.deliver(answer, "ada")
    await office.deliver(LETTER.replace(b"<1@", b"<3@"), "ada")
    threads = [email.thread_id for email in await office.emails("ada")]
    assert threads[0] == threads[1] != threads[2]


async def test_what_is_discarded_is_gone() -> None:
    office = Office()
    await office.add("ada")
    delivery = office.service.begin("", Arrival("LMTP", "s1-1", "x"))
    await delivery.recipient("ada@example.org")
    await delivery.write(LETTER)
    delivery.discard()
    delivery.discard()
    assert await office.stored("ada") == []


async def test_a_client_that_leaves_while_the_store_writes_spoils_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The store goes on with what it has begun, and must find all the octets."""
    office = Office()
    await office.add("ada")
    has_begun, may_go_on = asyncio.Event(), asyncio.Event()
    background: list[asyncio.Task[Committed]] = []
    commit = MemoryAccount.commit

    async def later(account: MemoryAccount, wanted: list[Wanted]) -> Committed:
        has_begun.set()
        await may_go_on.wait()
        return await commit(account, wanted)

    async def slowly(account: MemoryAccount, wanted: list[Wanted], **_: object) -> Committed:
        background.append(asyncio.ensure_future(later(account, wanted)))
        return await asyncio.shield(background[0])

    monkeypatch.setattr(MemoryAccount, "commit", slowly)
    delivery = office.service.begin("", Arrival("LMTP", "s1-1", "x"))
    await delivery.recipient("ada@example.org")
    await delivery.write(LETTER)
    finishing = asyncio.ensure_future(delivery.finish())
    await has_begun.wait()
    finishing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await finishing
    delivery.discard()
    may_go_on.set()
    await background[0]
    (served,) = await office.stored("ada")
    behind_prefix(served, LETTER)


# Letters from elsewhere


async def test_a_letter_from_elsewhere_keeps_what_it_had() -> None:
    office = Office()
    ada = await office.add("ada")
    account = await MemoryStore.account(office.store, ada.account_id)
    await account.commit([MakeMailbox(parent=0, name="Old", role=Role.ARCHIVE)])  # type: ignore[arg-type]  # the top
    archive = next(m for m in await account.mailboxes() if m.role is Role.ARCHIVE)
    entry = LedgerEntry(b"u1", LedgerState.STORED, None, 9, b"", b"", NOW)
    placing = Placing(
        archive.mailbox_id,
        received=1_000_000_000,
        keywords=frozenset({"$seen"}),
        uidl="kept-uidl",
        source="maildir",
        ledger=(entry,),
    )
    committed = await office.service.bring_in(
        account, in_chunks(b"Message-ID: <x@y>\n\nHello.", 4), placing
    )
    assert not committed.is_duplicate
    snapshot = await account.snapshot(archive.mailbox_id)
    (email,) = await account.emails(snapshot.email_ids)  # type: ignore[arg-type]  # they are ids
    assert (email.received, email.uidl, email.keywords) == (
        1_000_000_000,
        "kept-uidl",
        frozenset({"$seen"}),
    )
    octets = (await account.read(email.body, 0, email.body.size_octets)).data
    assert octets == b"Message-ID: <x@y>\r\n\r\nHello.\r\n"
    (written,) = await account.ledger("maildir")
    assert written.email_id == email.email_id


async def test_a_letter_from_elsewhere_over_the_limit_is_refused() -> None:
    office = Office(message_octets=1000)
    ada = await office.add("ada")
    account = await MemoryStore.account(office.store, ada.account_id)
    with pytest.raises(TooLargeError):
        await office.service.bring_in(account, in_chunks(b"x" * 2000), Placing(account.inbox, NOW))
    assert await office.stored("ada") == []


async def test_faults_are_values_that_edges_can_map() -> None:
    office = Office()
    ada = await office.add("ada")
    for fault in (OverQuotaError("x"), StorageFullError("x"), UnavailableError("x")):
        office.store.commit_faults[ada.account_id] = fault
        outcomes: list[HatoError | None] = await office.deliver(WITHOUT_ID, "ada")
        assert outcomes == [fault]
