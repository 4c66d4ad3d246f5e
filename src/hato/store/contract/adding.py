"""The contract of messages that come in.

Called by pytest through the test module of each backend.
Never looks inside a backend.
Standards: RFC 1939 §7 (UIDLs), RFC 8621 §3 (threads), RFC 8474 §5 (ids).
Fails as tests fail.
"""

from __future__ import annotations

import asyncio

import pytest

from hato.core.errors import InvalidInputError, NotFoundError
from hato.core.ids import MailboxId, Uid
from hato.core.limits import DELIVERY_ID_SECONDS, HEADER_SCAN_OCTETS
from hato.store.changes import Added, AddEmail, DeliverySeen, Expunge, Purge
from hato.store.contract.scene import LETTER, Scene, all_of, has, only
from hato.store.model import SEEN, Traits

_PLAIN = Traits(0)


class TestStaging:
    async def test_octets_come_back_by_range(self, scene: Scene) -> None:
        staged = await scene.stage(LETTER, chunk_octets=7)
        assert staged.size_octets == len(LETTER)
        assert await staged.read(0, staged.size_octets) == LETTER
        assert await staged.read(10, 31) == LETTER[10:31]
        assert await staged.read(len(LETTER) - 3, len(LETTER) + 9) == LETTER[-3:]

    @pytest.mark.parametrize("size", [0, 1, 131_072, 300_000])
    async def test_any_size_is_taken(self, scene: Scene, size: int) -> None:
        octets = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
        staged = await scene.stage(octets)
        assert staged.size_octets == size
        assert await staged.read(0, size) == octets

    async def test_the_head_ends_with_the_empty_line(self, scene: Scene) -> None:
        staged = await scene.stage(b"A: 1\r\nB: 2\r\n\r\nbody\r\n\r\nmore\r\n", chunk_octets=1)
        assert staged.head() == b"A: 1\r\nB: 2\r\n\r\n"

    async def test_a_head_without_fields_is_the_empty_line(self, scene: Scene) -> None:
        assert (await scene.stage(b"\r\nbody\r\n\r\n")).head() == b"\r\n"

    async def test_a_head_without_an_end_is_everything(self, scene: Scene) -> None:
        assert (await scene.stage(b"A: 1\r\nB: 2\r\n")).head() == b"A: 1\r\nB: 2\r\n"

    async def test_a_head_is_looked_at_only_so_far(self, scene: Scene) -> None:
        octets = b"A: 1\r\n" * 100_000 + b"\r\nbody\r\n"
        head = (await scene.stage(octets)).head()
        assert head == octets[:HEADER_SCAN_OCTETS]

    async def test_the_checksum_depends_on_the_octets_alone(self, scene: Scene) -> None:
        whole, pieces = await scene.stage(LETTER), await scene.stage(LETTER, chunk_octets=3)
        other = await scene.stage(LETTER[:-1] + b"\r")
        assert whole.checksum == pieces.checksum != other.checksum
        assert len(whole.checksum) == 16

    @pytest.mark.parametrize("chunk_octets", [1, 1000])
    @pytest.mark.parametrize(
        ("octets", "traits"),
        [
            (b"", _PLAIN),
            (b"A: b\r\n\r\nplain\r\n", _PLAIN),
            (b"A: b\r\n\r\nno line end", _PLAIN),
            (b"A: b\r\n\r\nbare \n\r\n", Traits.BARE_CR_OR_LF),
            (b"A: b\r\n\r\nbare \r\r\n", Traits.BARE_CR_OR_LF),
            (b"A: b\r\n\r\nlast \r", Traits.BARE_CR_OR_LF),
            (b"\nfirst", Traits.BARE_CR_OR_LF),
            (b"A: b\r\n\r\nturned \n\r", Traits.BARE_CR_OR_LF),
            (b"A: b\r\n\r\nnul \0\r\n", Traits.HAS_NUL),
            (b"A: b\r\n\r\ncaf\xe9\r\n", Traits.HAS_8BIT),
            (b"\n\0\xff", Traits.BARE_CR_OR_LF | Traits.HAS_NUL | Traits.HAS_8BIT),
        ],
    )
    async def test_traits_are_found(
        self, scene: Scene, octets: bytes, traits: Traits, chunk_octets: int
    ) -> None:
        assert (await scene.stage(octets, chunk_octets)).traits == traits

    async def test_discarding_is_harmless_twice_and_after_a_commit(self, scene: Scene) -> None:
        wanted = await scene.letter()
        added = only(Added, await scene.commit(wanted))
        wanted.staged.discard()
        wanted.staged.discard()
        assert await scene.octets(added.email_id) == LETTER

    async def test_what_is_discarded_leaves_nothing(self, scene: Scene) -> None:
        staged = scene.store.stage()
        await staged.write(LETTER)
        staged.discard()
        assert await scene.uids() == []


class TestAdding:
    async def test_a_message_is_there_with_all_that_was_said(self, scene: Scene) -> None:
        added = await scene.add(
            prefix=b"Return-Path: <a@example.org>\r\n",
            received=1_700_000_001,
            keywords=frozenset({SEEN, "work"}),
            traits=Traits.NEEDS_UTF8,
            source="home",
        )
        email = await scene.email(added.email_id)
        octets = b"Return-Path: <a@example.org>\r\n" + LETTER
        assert await scene.octets(added.email_id) == octets
        assert email.body.size_octets == added.size_octets == len(octets)
        assert email.received == 1_700_000_001
        assert email.keywords == {SEEN, "work"}
        assert added.keywords == (SEEN, "work")
        assert has(email, Traits.NEEDS_UTF8)
        assert email.source == "home"
        assert email.placements == ((scene.account.inbox, Uid(1)),)
        assert email.modseq == email.created_modseq == await scene.account.modseq()

    async def test_staged_and_given_traits_add_up(self, scene: Scene) -> None:
        added = await scene.add(b"A: b\r\n\r\n\xff\0\r\n", traits=Traits.NEEDS_UTF8)
        email = await scene.email(added.email_id)
        assert email.traits == Traits.NEEDS_UTF8 | Traits.HAS_8BIT | Traits.HAS_NUL

    async def test_an_empty_message_is_a_message(self, scene: Scene) -> None:
        added = await scene.add(b"")
        assert await scene.octets(added.email_id) == b""
        assert list((await scene.account.snapshot(scene.account.inbox)).sizes) == [0]

    async def test_uids_ascend_within_one_step(self, scene: Scene) -> None:
        assert [one.placements[0][1] for one in await scene.add_many(3)] == [1, 2, 3]
        assert [one.placements[0][1] for one in await scene.add_many(2)] == [4, 5]

    async def test_one_message_may_lie_in_several_mailboxes(self, scene: Scene) -> None:
        inbox, archive = scene.account.inbox, await scene.make_mailbox("Archive")
        await scene.add()
        added = await scene.add(mailboxes=(archive, inbox, archive))
        email = await scene.email(added.email_id)
        assert set(email.placements) == {(inbox, 2), (archive, 1)}
        usage = await scene.account.usage()
        assert (usage.used_count, usage.used_octets) == (2, 2 * len(LETTER))

    async def test_ids_of_different_kinds_are_never_the_same_number(self, scene: Scene) -> None:
        numbers = [
            number
            for added in await scene.add_many(3)
            for number in (added.email_id, added.body_id, added.thread_id)
        ]
        assert len(set(numbers)) == 9

    async def test_the_same_octets_twice_are_two_messages(self, scene: Scene) -> None:
        wanted = await scene.letter()
        first, second = all_of(Added, await scene.commit(wanted, wanted))
        assert first.email_id != second.email_id
        assert await scene.octets(first.email_id) == await scene.octets(second.email_id)

    async def test_one_staged_message_reaches_several_accounts(self, scene: Scene) -> None:
        staged = await scene.stage(LETTER)
        others = [await scene.store.account(await scene.store.create_account()) for _ in range(3)]
        prefixes = [b"Delivered-To: %d@example.org\r\n" % number for number in range(3)]
        await asyncio.gather(
            *(
                account.commit([AddEmail(staged, (account.inbox,), 5, prefix)])
                for account, prefix in zip(others, prefixes, strict=True)
            )
        )
        staged.discard()
        for account, prefix in zip(others, prefixes, strict=True):
            snapshot = await account.snapshot(account.inbox)
            piece = await account.read(snapshot.body(0), 0, 10_000)
            assert piece.data == prefix + LETTER

    async def test_a_message_needs_a_mailbox_that_exists(self, scene: Scene) -> None:
        with pytest.raises(InvalidInputError):
            await scene.add(mailboxes=())
        with pytest.raises(NotFoundError):
            await scene.add(mailboxes=(scene.account.inbox, MailboxId(99)))
        assert await scene.uids() == []

    async def test_when_one_fails_nothing_happens(self, scene: Scene) -> None:
        before = await scene.account.modseq()
        good, bad = await scene.letter(), await scene.letter(mailboxes=(MailboxId(99),))
        with pytest.raises(NotFoundError):
            await scene.commit(good, bad)
        assert await scene.uids() == []
        assert await scene.account.modseq() == before
        assert (await scene.add()).placements == ((scene.account.inbox, 1),)

    async def test_deliveries_at_the_same_time_are_steps_of_their_own(self, scene: Scene) -> None:
        letters = [await scene.letter(b"N: %d\r\n\r\n" % number) for number in range(64)]
        done = await asyncio.gather(*(scene.commit(letter) for letter in letters))
        assert len({committed.modseq for committed in done}) == 64
        by_step = sorted(done, key=lambda committed: committed.modseq)
        assert [only(Added, one).placements[0][1] for one in by_step] == list(range(1, 65))
        for number, committed in enumerate(done):
            octets = await scene.octets(only(Added, committed).email_id)
            assert octets == b"N: %d\r\n\r\n" % number

    async def test_one_bad_delivery_does_not_spoil_others_at_the_same_time(
        self, scene: Scene
    ) -> None:
        good = [await scene.letter() for _ in range(10)]
        bad = [await scene.letter(mailboxes=(MailboxId(99),)) for _ in range(10)]
        pairs = [one for pair in zip(good, bad, strict=True) for one in pair]
        done = await asyncio.gather(*map(scene.commit, pairs), return_exceptions=True)
        assert [isinstance(one, NotFoundError) for one in done] == [False, True] * 10
        assert await scene.uids() == list(range(1, 11))

    async def test_a_step_in_which_nothing_happens_has_no_number(self, scene: Scene) -> None:
        added = await scene.add()
        before = await scene.account.modseq()
        committed = await scene.commit(Expunge(scene.account.inbox, (Uid(77),)))
        assert (committed.modseq, committed.facts) == (before, ())
        assert (await scene.commit()).modseq == before
        assert (await scene.email(added.email_id)).modseq == before


class TestUidls:
    async def test_uidls_are_unique_and_well_formed(self, scene: Scene) -> None:
        await scene.add_many(30)
        snapshot = await scene.account.snapshot(scene.account.inbox)
        uidls = [snapshot.uidl(index) for index in range(30)]
        assert len(set(uidls)) == 30
        assert all(1 <= len(uidl) <= 70 for uidl in uidls)
        assert all("!" <= character <= "~" for uidl in uidls for character in uidl)

    async def test_accounts_do_not_repeat_each_others_uidls(self, scene: Scene) -> None:
        other = await scene.store.account(await scene.store.create_account())
        await scene.add()
        await other.commit([await scene.letter()])
        first = await scene.account.snapshot(scene.account.inbox)
        second = await other.snapshot(other.inbox)
        assert first.uidl(0) != second.uidl(0)

    async def test_a_uidl_from_elsewhere_is_kept(self, scene: Scene) -> None:
        added = await scene.add(uidl="000001234567abcd")
        assert (await scene.email(added.email_id)).uidl == "000001234567abcd"
        snapshot = await scene.account.snapshot(scene.account.inbox)
        assert snapshot.uidl(0) == "000001234567abcd"

    @pytest.mark.parametrize("uidl", ["", "x" * 71, "a b", "a\x7f", "caf\xe9", "a\r\nb"])
    async def test_a_malformed_one_is_not(self, scene: Scene, uidl: str) -> None:
        added = await scene.add(uidl=uidl)
        assert added.uidl is None
        assert (await scene.email(added.email_id)).uidl != uidl

    async def test_a_taken_one_is_not(self, scene: Scene) -> None:
        first, second = await scene.letter(uidl="one"), await scene.letter(uidl="one")
        assert [one.uidl for one in all_of(Added, await scene.commit(first, second))] == [
            "one",
            None,
        ]
        assert (await scene.add(uidl="one")).uidl is None

    async def test_a_held_messages_uidl_is_taken(self, scene: Scene) -> None:
        await scene.add(uidl="one")
        await scene.commit(Expunge(scene.account.inbox, (Uid(1),)))
        assert (await scene.add(uidl="one")).uidl is None

    async def test_one_that_could_be_made_here_is_not(self, scene: Scene) -> None:
        made = (await scene.email((await scene.add()).email_id)).uidl
        assert (await scene.add(uidl=made)).uidl is None


class TestThreads:
    async def test_a_reply_joins_the_thread_of_what_it_refers_to(self, scene: Scene) -> None:
        first = await scene.add(reference_hashes=(11,))
        reply = await scene.add(reference_hashes=(22, 11))
        other = await scene.add(reference_hashes=(33,))
        assert reply.thread_id == first.thread_id != other.thread_id

    async def test_so_does_one_in_the_same_step(self, scene: Scene) -> None:
        first, reply = (
            await scene.letter(reference_hashes=(11,)),
            await scene.letter(reference_hashes=(22, 11)),
        )
        threads = [one.thread_id for one in all_of(Added, await scene.commit(first, reply))]
        assert threads[0] == threads[1]

    async def test_two_replies_to_what_never_came_share_a_thread(self, scene: Scene) -> None:
        first = await scene.add(reference_hashes=(22, 11))
        second = await scene.add(reference_hashes=(33, 11))
        assert first.thread_id == second.thread_id

    async def test_what_refers_to_several_threads_joins_the_oldest(self, scene: Scene) -> None:
        first = await scene.add(reference_hashes=(11,))
        second = await scene.add(reference_hashes=(22,))
        bridge = await scene.add(reference_hashes=(33, 22, 11))
        assert bridge.thread_id == first.thread_id
        assert (await scene.email(second.email_id)).thread_id == second.thread_id

    async def test_hashes_use_all_64_bits(self, scene: Scene) -> None:
        hashes = (2**64 - 1, 2**63, 0)
        first = await scene.add(reference_hashes=hashes)
        for one in hashes:
            assert (await scene.add(reference_hashes=(one,))).thread_id == first.thread_id

    async def test_a_message_without_references_is_its_own_thread(self, scene: Scene) -> None:
        first, second = await scene.add_many(2)
        assert first.thread_id != second.thread_id


class TestDeliveryIds:
    async def test_a_retry_is_recognised(self, scene: Scene) -> None:
        first = await scene.commit(await scene.letter(), delivery_id=b"d1")
        assert not first.is_duplicate
        assert only(DeliverySeen, first).delivery_id == b"d1"
        again = await scene.commit(await scene.letter(), delivery_id=b"d1")
        assert (again.is_duplicate, again.facts) == (True, ())
        assert again.modseq == first.modseq
        assert await scene.uids() == [1]

    async def test_so_are_retries_at_the_same_time(self, scene: Scene) -> None:
        letters = [await scene.letter() for _ in range(8)]
        done = await asyncio.gather(*(scene.commit(one, delivery_id=b"d1") for one in letters))
        assert [one.is_duplicate for one in done].count(False) == 1
        assert await scene.uids() == [1]

    async def test_another_id_is_another_delivery(self, scene: Scene) -> None:
        await scene.commit(await scene.letter(), delivery_id=b"d1")
        assert not (await scene.commit(await scene.letter(), delivery_id=b"d2")).is_duplicate
        assert await scene.uids() == [1, 2]

    async def test_another_account_is_another_delivery(self, scene: Scene) -> None:
        other = await scene.store.account(await scene.store.create_account())
        await scene.commit(await scene.letter(), delivery_id=b"d1")
        assert not (await other.commit([await scene.letter()], delivery_id=b"d1")).is_duplicate

    async def test_what_failed_may_be_tried_again(self, scene: Scene) -> None:
        with pytest.raises(NotFoundError):
            await scene.commit(await scene.letter(mailboxes=(MailboxId(99),)), delivery_id=b"d1")
        assert not (await scene.commit(await scene.letter(), delivery_id=b"d1")).is_duplicate

    async def test_an_id_is_remembered_for_its_time(self, scene: Scene) -> None:
        await scene.commit(await scene.letter(), delivery_id=b"d1")
        scene.clock.advance(DELIVERY_ID_SECONDS - 1)
        await scene.account.purge(scene.clock.now())
        assert (await scene.commit(await scene.letter(), delivery_id=b"d1")).is_duplicate
        scene.clock.advance(1)
        assert not (await scene.commit(await scene.letter(), delivery_id=b"d1")).is_duplicate
        assert (await scene.commit(await scene.letter(), delivery_id=b"d1")).is_duplicate

    async def test_it_outlives_the_message(self, scene: Scene) -> None:
        added = only(Added, await scene.commit(await scene.letter(), delivery_id=b"d1"))
        await scene.commit(Expunge(scene.account.inbox, (Uid(1),)))
        await scene.commit(Purge((added.email_id,)))
        assert (await scene.commit(await scene.letter(), delivery_id=b"d1")).is_duplicate
