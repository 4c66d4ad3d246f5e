"""The contract of reading: ranges of octets, where dots must be doubled, snapshots.

Called by pytest through the test module of each backend.
Never looks inside a backend.
Standards: RFC 1939 §3 (dots), RFC 1939 §5 (a view that does not change).
Fails as tests fail.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from hato.core.errors import DamagedError, NotFoundError
from hato.core.ids import BodyId, EmailId, MailboxId, Uid
from hato.core.limits import BODY_CHUNK_OCTETS
from hato.store.changes import Expunge, PlaceEmail, SetDeleted, SetKeywords
from hato.store.contract.scene import LETTER, Scene, dots_of
from hato.store.model import FLAGGED, SEEN, BodyRef, Traits

_EDGE = BODY_CHUNK_OCTETS


def long_letter(size: int, seed: int) -> bytes:
    """Make octets in lines of all lengths, many of which begin with dots."""
    chance = random.Random(seed)  # noqa: S311 - sample data
    lines = []
    length = 0
    while length < size:
        beginning = chance.choice([b"", b"", b".", b"..", b"a."])
        lines.append(
            beginning + bytes(chance.choices(range(256), k=chance.randrange(120))) + b"\r\n"
        )
        length += len(lines[-1])
    return b"".join(lines)[:size]


class TestRanges:
    @pytest.mark.parametrize("prefix", [b"", b"Return-Path: <>\r\n"])
    @pytest.mark.parametrize(
        "size",
        [1, 2, _EDGE - 1, _EDGE, _EDGE + 1, 2 * _EDGE - 1, 2 * _EDGE, 2 * _EDGE + 1, 700_001],
    )
    async def test_a_whole_message_comes_back(self, scene: Scene, size: int, prefix: bytes) -> None:
        octets = long_letter(size, size)
        added = await scene.add(octets, prefix=prefix)
        whole = prefix + octets
        body = (await scene.email(added.email_id)).body
        assert body.size_octets == len(whole)
        piece = await scene.account.read(body, 0, len(whole))
        assert piece.data == whole
        assert list(piece.dots) == dots_of(whole, 0, len(whole))

    @pytest.mark.parametrize("prefix", [b"", b"Return-Path: <>\r\n"])
    async def test_any_range_comes_back(self, scene: Scene, prefix: bytes) -> None:
        octets = long_letter(3 * _EDGE + 77, 4)
        added = await scene.add(octets, prefix=prefix)
        whole = prefix + octets
        body = (await scene.email(added.email_id)).body
        chance = random.Random(5)  # noqa: S311 - sample data
        edges = [0, 1, len(prefix), len(prefix) + 1, len(whole) - 1, len(whole)]
        edges += [
            n * _EDGE + d + p for n in (1, 2, 3) for d in (-1, 0, 1) for p in (0, len(prefix))
        ]
        pairs = [(start, stop) for start in edges for stop in edges if start <= stop]
        starts = [chance.randrange(len(whole)) for _ in range(40)]
        pairs += [(start, chance.randrange(start, len(whole))) for start in starts]
        dots = dots_of(whole, 0, len(whole))
        for start, stop in pairs:
            piece = await scene.account.read(body, start, stop)
            assert piece.data == whole[start:stop], (start, stop)
            expected = [dot - start for dot in dots if start <= dot < stop]
            assert list(piece.dots) == expected, (start, stop)

    async def test_a_range_is_cut_to_the_size(self, scene: Scene) -> None:
        added = await scene.add()
        body = (await scene.email(added.email_id)).body
        assert (await scene.account.read(body, 5, 10**9)).data == LETTER[5:]
        assert (await scene.account.read(body, 7, 7)).data == b""
        assert (await scene.account.read(body, len(LETTER), len(LETTER) + 5)).data == b""
        assert (await scene.account.read(body, len(LETTER) + 5, len(LETTER) + 9)).data == b""

    async def test_pieces_together_are_the_message(self, scene: Scene) -> None:
        octets = long_letter(2 * _EDGE + 999, 6)
        body = (await scene.email((await scene.add(octets)).email_id)).body
        data, dots = b"", list[int]()
        while len(data) < body.size_octets:
            piece = await scene.account.read(body, len(data), len(data) + 10_007)
            dots += [len(data) + offset for offset in piece.dots]
            data += piece.data
        assert data == octets
        assert dots == dots_of(octets, 0, len(octets))

    async def test_what_is_in_memory_is_the_same(self, scene: Scene) -> None:
        octets = long_letter(_EDGE + 5, 7)
        body = (await scene.email((await scene.add(octets)).email_id)).body
        await scene.account.read(body, 0, body.size_octets)
        for start, stop in ((0, 10), (_EDGE - 3, _EDGE + 3), (0, body.size_octets)):
            piece = scene.account.read_now(body, start, stop)
            if piece is not None:
                assert piece.data == octets[start:stop]
                assert list(piece.dots) == dots_of(octets, start, stop)


class TestDots:
    @pytest.mark.parametrize(
        "octets",
        [
            b".",
            b".\r\n",
            b"..\r\n.\r\n",
            b"a.\r\n.b\r\n",
            b"\r\n.\r\n",
            b"a\n.b\r.c\r\n",
            b"\n.\r\n",
            b"\r.\r\n",
            b"\r\r\n.\n",
            b".\r\n" * 5_000,
            b"...\r\n...\r\n",
            b"x" * (_EDGE - 2) + b"\r\n.dot at the edge\r\n",
            b"x" * (_EDGE - 1) + b"\r\n.dot behind the edge\r\n",
            b"x" * (_EDGE - 3) + b"\r\n.dot before the edge\r\n",
        ],
    )
    @pytest.mark.parametrize("prefix", [b"", b"A: b\r\n"])
    async def test_they_are_found_where_a_line_begins(
        self, scene: Scene, octets: bytes, prefix: bytes
    ) -> None:
        body = (await scene.email((await scene.add(octets, prefix=prefix)).email_id)).body
        whole = prefix + octets
        steps = (len(whole), _EDGE, 4_096) if len(whole) > 100 else (len(whole), 1, 2, 3)
        for octets_at_once in steps:
            for start in range(0, len(whole), octets_at_once):
                piece = await scene.account.read(body, start, start + octets_at_once)
                assert list(piece.dots) == dots_of(whole, start, start + octets_at_once)


class TestFindingBodies:
    async def test_by_id(self, scene: Scene) -> None:
        added = await scene.add()
        body = await scene.account.find_body(added.body_id)
        assert (body.body_id, body.size_octets) == (added.body_id, len(LETTER))
        assert (await scene.account.read(body, 0, 9_999)).data == LETTER

    async def test_an_email_id_is_no_body_id(self, scene: Scene) -> None:
        added = await scene.add()
        with pytest.raises(NotFoundError):
            await scene.account.find_body(BodyId(added.email_id))
        with pytest.raises(NotFoundError):
            await scene.account.find_body(BodyId(10**12))

    async def test_the_id_is_enough_to_read(self, scene: Scene) -> None:
        added = await scene.add()
        body = BodyRef(added.body_id, added.size_octets)
        assert (await scene.account.read(body, 0, 9_999)).data == LETTER
        with pytest.raises(NotFoundError):
            await scene.account.read(BodyRef(BodyId(10**12), 5), 0, 5)

    async def test_a_reference_lives_as_long_as_the_message(self, scene: Scene) -> None:
        octets = long_letter(_EDGE + 5, 8)
        body = (await scene.email((await scene.add(octets)).email_id)).body
        for way in ("compact", *scene.backend.ways_to_begin_again):
            if way == "compact":
                await scene.account.compact()
            else:
                await scene.begin_again(way)
            assert (await scene.account.read(body, 0, body.size_octets)).data == octets


class TestDamage:
    @pytest.mark.parametrize("size", [2_000, 3 * _EDGE])
    async def test_wrong_octets_are_never_served(self, scene: Scene, size: int) -> None:
        folder = scene.backend.data_folder
        if folder is None:
            pytest.skip("this store has no files that could be damaged")
        mark = b"the mark of this message %d" % size
        octets = long_letter(size // 2, 9) + mark + long_letter(size // 2, 10)
        bad = await scene.add(octets)
        good = await scene.add()
        assert _flip_a_bit(folder, mark) > 0
        body = (await scene.email(bad.email_id)).body
        with pytest.raises(DamagedError):
            await scene.account.read(body, 0, body.size_octets)
        with pytest.raises(DamagedError):
            await scene.account.read(body, size // 2, size // 2 + len(mark))
        assert await scene.octets(good.email_id) == LETTER
        report = await scene.account.verify()
        assert report.damaged == (bad.email_id,)
        assert _flip_a_bit(folder, mark.replace(b"m", b"l", 1)) > 0
        assert await scene.octets(bad.email_id) == octets


def _flip_a_bit(folder: Path, mark: bytes) -> int:
    """Turn the first `m` of a mark into `l`, or back, wherever it stands in a file; count them."""
    found = 0
    for path in sorted(folder.rglob("*")):
        content = path.read_bytes() if path.is_file() else b""
        offset = content.find(mark)
        if offset < 0:
            continue
        offset += mark.find(b" ") + 1
        with path.open("r+b") as file:
            file.seek(offset)
            file.write(bytes([content[offset] ^ 1]))
        found += 1
    return found


class TestSnapshots:
    async def test_arrays_are_ascending_by_uid(self, scene: Scene) -> None:
        inbox = scene.account.inbox
        added = [
            await scene.add(b"x" * number, prefix=b"A: b\r\n", traits=Traits(number % 2))
            for number in range(5)
        ]
        await scene.commit(Expunge(inbox, (Uid(3),)))
        added.pop(2)
        snapshot = await scene.account.snapshot(inbox)
        assert len(snapshot) == 4
        assert list(snapshot.uids) == [1, 2, 4, 5]
        assert list(snapshot.email_ids) == [one.email_id for one in added]
        assert list(snapshot.sizes) == [one.size_octets for one in added] == [6, 7, 9, 10]
        assert list(snapshot.traits) == [one.traits for one in added] == [0, 1, 1, 0]
        assert snapshot.total_octets == 32
        assert snapshot.uidnext == 6
        assert snapshot.mailbox_id == inbox
        assert snapshot.modseq == await scene.account.modseq()
        (mailbox,) = await scene.account.mailboxes()
        assert snapshot.uidvalidity == mailbox.uidvalidity

    async def test_it_says_when_each_message_arrived(self, scene: Scene) -> None:
        inbox, times = scene.account.inbox, [1_800_000_000, 0, 5_000_000_000, 1_700_000_000]
        for count, received in enumerate(times, start=1):
            await scene.add(received=received)
            snapshot = await scene.account.snapshot(inbox)
            assert list(snapshot.received) == times[:count]
        await scene.commit(Expunge(inbox, (Uid(2),)))
        snapshot = await scene.account.snapshot(inbox)
        assert list(snapshot.received) == [times[0], *times[2:]]

    async def test_flags_have_a_bit_for_each_name(self, scene: Scene) -> None:
        added = await scene.add(keywords=frozenset({SEEN, "work"}))
        await scene.add()
        await scene.commit(
            SetKeywords((added.email_id,), frozenset({FLAGGED})),
            SetDeleted(scene.account.inbox, (Uid(2),), is_deleted=True),
        )
        snapshot = await scene.account.snapshot(scene.account.inbox)
        names = [
            {name for bit, name in enumerate(snapshot.keyword_names) if flags >> (bit + 1) & 1}
            for flags in snapshot.flags
        ]
        assert names == [{SEEN, FLAGGED, "work"}, set()]
        assert [flags & 1 for flags in snapshot.flags] == [0, 1]

    async def test_bodies_can_be_read(self, scene: Scene) -> None:
        await scene.add(b"one")
        await scene.add(b"two!")
        snapshot = await scene.account.snapshot(scene.account.inbox)
        for index, octets in enumerate((b"one", b"two!")):
            body = snapshot.body(index)
            assert body.size_octets == len(octets)
            assert (await scene.account.read(body, 0, 99)).data == octets

    async def test_it_does_not_change_afterwards(self, scene: Scene) -> None:
        await scene.add_many(2)
        snapshot = await scene.account.snapshot(scene.account.inbox)
        await scene.commit(Expunge(scene.account.inbox, (Uid(1),)))
        await scene.add()
        assert list(snapshot.uids) == [1, 2]
        assert (await scene.account.read(snapshot.body(0), 0, 99)).data == b"Subject: 0\r\n\r\n"

    async def test_it_knows_whether_it_is_current(self, scene: Scene) -> None:
        inbox, work = scene.account.inbox, await scene.make_mailbox("Work")
        added = await scene.add()

        async def is_spoiled_by(*wanted: object) -> bool:
            snapshot = await scene.account.snapshot(inbox)
            assert snapshot.is_current()
            await scene.commit(*wanted)  # type: ignore[arg-type]  # each is a wanted change
            return not snapshot.is_current()

        assert await is_spoiled_by(await scene.letter())
        assert await is_spoiled_by(SetKeywords((added.email_id,), frozenset({SEEN})))
        assert await is_spoiled_by(SetDeleted(inbox, (Uid(1),), True))
        assert await is_spoiled_by(Expunge(inbox, (Uid(2),)))
        assert not await is_spoiled_by(PlaceEmail(EmailId(added.email_id), inbox))
        await scene.commit(PlaceEmail(added.email_id, work))
        assert await is_spoiled_by(SetKeywords((added.email_id,), frozenset(), frozenset({SEEN})))

    async def test_two_of_the_same_state_are_the_same(self, scene: Scene) -> None:
        await scene.add_many(3)
        first = await scene.account.snapshot(scene.account.inbox)
        second = await scene.account.snapshot(scene.account.inbox)
        assert (first.uids, first.email_ids, first.sizes) == (
            second.uids,
            second.email_ids,
            second.sizes,
        )

    async def test_a_mailbox_must_be_there(self, scene: Scene) -> None:
        with pytest.raises(NotFoundError):
            await scene.account.snapshot(MailboxId(99))


class TestReadingEmails:
    async def test_they_come_in_the_order_asked_for(self, scene: Scene) -> None:
        first, second, third = await scene.add_many(3)
        ids = [third.email_id, EmailId(999), first.email_id, second.email_id]
        emails = await scene.account.emails(ids)
        assert [one.email_id for one in emails] == [ids[0], ids[2], ids[3]]
        assert await scene.account.emails([]) == []

    async def test_two_thousand_come_at_once(self, scene: Scene) -> None:
        wanted = await scene.letter(b"\r\n")
        await scene.commit(*([wanted] * 2_000))
        snapshot = await scene.account.snapshot(scene.account.inbox)
        ids = [EmailId(email_id) for email_id in snapshot.email_ids]
        assert [one.email_id for one in await scene.account.emails(ids)] == ids
