"""The contract of small named things, ledgers of sources, and uploads.

Called by pytest through the test module of each backend.
Never looks inside a backend.
Standards: RFC 8620 §6 (uploads).
Fails as tests fail.
"""

from __future__ import annotations

import msgspec
import pytest

from hato.core.errors import InvalidInputError, NotFoundError
from hato.core.ids import EmailId, MailboxId, Uid
from hato.core.limits import BODY_CHUNK_OCTETS
from hato.store.changes import (
    Added,
    BlobPut,
    Expunge,
    LedgerPut,
    ObjectPut,
    Purge,
    PutBlob,
    PutLedger,
    PutObject,
)
from hato.store.contract.scene import LETTER, Scene, only
from hato.store.model import LedgerEntry, LedgerState, StoredObject


class TestObjects:
    async def test_they_are_put_replaced_and_removed(self, scene: Scene) -> None:
        put = await scene.commit(PutObject("script", "a", b"keep;"))
        assert put.facts == (ObjectPut("script", "a", b"keep;"),)
        found = await scene.account.stored_object("script", "a")
        assert found == StoredObject("script", "a", b"keep;", put.modseq)
        replaced = await scene.commit(PutObject("script", "a", b"stop;"))
        found = await scene.account.stored_object("script", "a")
        assert found == StoredObject("script", "a", b"stop;", replaced.modseq)
        await scene.commit(PutObject("script", "a", None))
        assert await scene.account.stored_object("script", "a") is None

    async def test_kinds_do_not_mix_and_come_sorted(self, scene: Scene) -> None:
        await scene.commit(
            PutObject("script", "b", b"1"),
            PutObject("script", "a", b""),
            PutObject("view", "c", b"2"),
        )
        scripts = await scene.account.stored_objects("script")
        assert [(one.object_id, one.content) for one in scripts] == [("a", b""), ("b", b"1")]
        assert await scene.account.stored_objects("identity") == []
        assert await scene.account.stored_object("view", "a") is None

    async def test_single_lines_are_found_in_the_order_asked_for(self, scene: Scene) -> None:
        lines = [entry(b"%d" % number) for number in range(300)]
        await scene.commit(PutLedger("home", tuple(lines)), PutLedger("work", (entry(b"w"),)))
        wanted = [b"7", b"w", b"nobody", b"299", b"0"]
        found = await scene.account.ledger_entries("home", wanted)
        assert found == [lines[7], lines[299], lines[0]]
        every = await scene.account.ledger_entries("home", [one.uidl for one in lines])
        assert every == lines
        assert await scene.account.ledger_entries("nowhere", wanted) == []

    async def test_what_is_so_already_does_not_happen(self, scene: Scene) -> None:
        await scene.commit(PutObject("script", "a", b"1"))
        again = await scene.commit(PutObject("script", "a", b"1"), PutObject("script", "b", None))
        assert again.facts == ()

    async def test_content_of_any_octets_is_kept(self, scene: Scene) -> None:
        content = bytes(range(256)) * 1_000
        await scene.commit(PutObject("view", "印", content))
        found = await scene.account.stored_object("view", "印")
        assert found is not None
        assert found.content == content


def entry(uidl: bytes, state: LedgerState = LedgerState.SEEN, **more: object) -> LedgerEntry:
    """Make a line of a ledger."""
    line = LedgerEntry(uidl, state, None, 5, b"", b"", 1_700_000_000)
    return msgspec.structs.replace(line, **more)


class TestLedgers:
    async def test_lines_are_written_replaced_and_forgotten(self, scene: Scene) -> None:
        one, two = entry(b"1"), entry(b"2", LedgerState.QUARANTINED, checksum=b"\xff" * 16)
        assert (await scene.commit(PutLedger("home", (two, one)))).facts == (
            LedgerPut("home", (two, one), ()),
        )
        assert await scene.account.ledger("home") == [one, two]
        changed = entry(b"1", LedgerState.GONE, header_checksum=b"h", at=1_700_000_009)
        await scene.commit(PutLedger("home", (changed,), forget=(b"2",)))
        assert await scene.account.ledger("home") == [changed]

    async def test_sources_do_not_mix(self, scene: Scene) -> None:
        await scene.commit(PutLedger("home", (entry(b"1"),)), PutLedger("work", (entry(b"2"),)))
        assert [one.uidl for one in await scene.account.ledger("home")] == [b"1"]
        assert [one.uidl for one in await scene.account.ledger("work")] == [b"2"]
        assert await scene.account.ledger("nowhere") == []

    async def test_lines_are_sorted_by_their_octets(self, scene: Scene) -> None:
        uidls = [b"b", b"a", b"\xff", b"aa", b"", b"B", b"\0"]
        await scene.commit(PutLedger("home", tuple(map(entry, uidls))))
        assert [one.uidl for one in await scene.account.ledger("home")] == sorted(uidls)
        behind = await scene.account.ledger("home", after=min(uidls), most=1)
        assert [one.uidl for one in behind] == sorted(uidls)[1:2]
        assert await scene.account.ledger("home", after=max(uidls)) == []

    async def test_a_ledger_may_be_read_part_by_part(self, scene: Scene) -> None:
        uidls = [b"", b"a", b"aa", b"b", b"\xff"]
        await scene.commit(PutLedger("home", tuple(map(entry, uidls))))
        await scene.commit(PutLedger("work", (entry(b"c"),)))
        ledger = scene.account.ledger
        assert [one.uidl for one in await ledger("home", most=2)] == uidls[:2]
        assert [one.uidl for one in await ledger("home", after=b"", most=2)] == uidls[1:3]
        assert [one.uidl for one in await ledger("home", after=b"aab")] == uidls[3:]
        assert await ledger("home", after=b"\xff", most=2) == []
        assert await ledger("home", most=0) == []

    async def test_what_is_so_already_does_not_happen(self, scene: Scene) -> None:
        await scene.commit(PutLedger("home", (entry(b"1"),)))
        committed = await scene.commit(PutLedger("home", (entry(b"1"),), forget=(b"9",)))
        assert committed.facts == ()

    async def test_writing_is_stronger_than_forgetting(self, scene: Scene) -> None:
        await scene.commit(PutLedger("home", (entry(b"1"),)))
        newer = entry(b"1", LedgerState.GONE)
        await scene.commit(PutLedger("home", (newer,), forget=(b"1",)))
        assert await scene.account.ledger("home") == [newer]

    async def test_a_message_and_its_line_come_in_one_step(self, scene: Scene) -> None:
        line = entry(b"1", LedgerState.STORED, checksum=b"c" * 16)
        committed = await scene.commit(await scene.letter(source="home", ledger=(line,)))
        added = only(Added, committed)
        assert await scene.account.ledger("home") == [
            msgspec.structs.replace(line, email_id=added.email_id)
        ]

    async def test_neither_comes_alone(self, scene: Scene) -> None:
        line = entry(b"1", LedgerState.STORED)
        letter = await scene.letter(source="home", ledger=(line,))
        with pytest.raises(NotFoundError):
            await scene.commit(letter, await scene.letter(mailboxes=(MailboxId(99),)))
        assert await scene.account.ledger("home") == []
        assert await scene.uids() == []

    async def test_a_line_needs_a_source(self, scene: Scene) -> None:
        with pytest.raises(InvalidInputError):
            await scene.add(ledger=(entry(b"1"),))

    async def test_it_outlives_its_message(self, scene: Scene) -> None:
        line = entry(b"1", LedgerState.STORED)
        added = await scene.add(source="home", ledger=(line,))
        await scene.commit(Expunge(scene.account.inbox, (Uid(1),)), Purge((added.email_id,)))
        (found,) = await scene.account.ledger("home")
        assert found.email_id == added.email_id

    async def test_two_thousand_lines_are_written_at_once(self, scene: Scene) -> None:
        lines = tuple(entry(b"%06d" % number, email_id=EmailId(number)) for number in range(2_000))
        await scene.commit(PutLedger("home", lines))
        assert await scene.account.ledger("home") == list(lines)
        assert (await scene.commit(PutLedger("home", lines))).facts == ()


class TestUploads:
    async def test_they_are_found_by_id(self, scene: Scene) -> None:
        expires = scene.clock.now() + 100
        committed = await scene.commit(PutBlob(await scene.stage(LETTER), expires))
        fact = only(BlobPut, committed)
        assert (fact.size_octets, fact.expires) == (len(LETTER), expires)
        body = await scene.account.find_body(fact.body_id)
        assert body.size_octets == len(LETTER)
        assert (await scene.account.read(body, 6, 9)).data == LETTER[6:9]

    async def test_large_ones_too(self, scene: Scene) -> None:
        octets = bytes(range(256)) * 2_000
        committed = await scene.commit(PutBlob(await scene.stage(octets), scene.clock.now() + 9))
        body = await scene.account.find_body(only(BlobPut, committed).body_id)
        piece = await scene.account.read(body, BODY_CHUNK_OCTETS - 5, BODY_CHUNK_OCTETS + 5)
        assert piece.data == octets[BODY_CHUNK_OCTETS - 5 : BODY_CHUNK_OCTETS + 5]

    async def test_they_are_kept_until_they_expire(self, scene: Scene) -> None:
        wanted = PutBlob(await scene.stage(LETTER), scene.clock.now() + 100)
        body_id = only(BlobPut, await scene.commit(wanted)).body_id
        scene.clock.advance(99)
        assert await scene.account.purge(scene.clock.now()) == 0
        body = await scene.account.find_body(body_id)
        scene.clock.advance(1)
        assert await scene.account.purge(scene.clock.now()) == 1
        with pytest.raises(NotFoundError):
            await scene.account.find_body(body_id)
        with pytest.raises(NotFoundError):
            await scene.account.read(body, 0, 5)
        assert await scene.account.purge(scene.clock.now()) == 0

    async def test_or_until_somebody_ends_them(self, scene: Scene) -> None:
        wanted = PutBlob(await scene.stage(LETTER), scene.clock.now() + 100)
        body_id = only(BlobPut, await scene.commit(wanted)).body_id
        await scene.commit(Purge(body_ids=(body_id, body_id)))
        with pytest.raises(NotFoundError):
            await scene.account.find_body(body_id)
        assert (await scene.commit(Purge(body_ids=(body_id,)))).facts == ()

    async def test_a_message_is_no_upload_that_could_be_ended(self, scene: Scene) -> None:
        added = await scene.add()
        assert (await scene.commit(Purge(body_ids=(added.body_id,)))).facts == ()
        assert await scene.octets(added.email_id) == LETTER

    async def test_they_do_not_count(self, scene: Scene) -> None:
        before = await scene.account.usage()
        await scene.commit(PutBlob(await scene.stage(LETTER), scene.clock.now() + 100))
        assert await scene.account.usage() == before
        assert await scene.uids() == []

    async def test_messages_and_uploads_in_one_step_are_not_mixed_up(self, scene: Scene) -> None:
        expires = scene.clock.now() + 100
        committed = await scene.commit(
            PutBlob(await scene.stage(b"upload"), expires),
            await scene.letter(b"message"),
            PutBlob(await scene.stage(b"another"), expires),
        )
        first, message, second = committed.facts
        assert isinstance(first, BlobPut)
        assert isinstance(message, Added)
        assert isinstance(second, BlobPut)
        for fact, octets in ((first, b"upload"), (message, b"message"), (second, b"another")):
            body = await scene.account.find_body(fact.body_id)
            assert (await scene.account.read(body, 0, 99)).data == octets
