"""A search finds all letters that are there, whatever happened since the last one."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from hato.core.errors import ConflictError, InvalidInputError
from hato.core.ids import EmailId
from hato.core.limits import REMEMBER_REMOVED_SECONDS
from hato.services.search.indexing import bring_up_to_date, is_up_to_date
from hato.services.search.query import parse_query
from hato.services.search.search import Search
from hato.services.search.tokens import MAKER
from hato.services.settings_finder.candidate import Protocol, TlsMode
from hato.services.sources.source import KIND, Source
from hato.store.changes import Expunge, MoveEmail, PutObject, SetKeywords, Undelete
from hato.store.contract.scene import Scene
from hato.store.model import SEEN, TOP, ChangeKind, Role
from hato.store.search import SEARCH_LOCK

SHOP = Source(
    source_id="s1",
    address="me@shop.example",
    name="店",
    colour="#000000",
    added=0,
    protocol=Protocol.POP3,
    host="pop.shop.example",
    port=995,
    tls=TlsMode.IMPLICIT,
    login="me",
)


def letter(
    text: str, *, subject: str = "-", sender: str = "ada@example.org", more: str = ""
) -> bytes:
    return (
        f"From: {sender}\r\nTo: kenji@example.org\r\nSubject: {subject}\r\n{more}"
        f"Content-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
    ).encode()


async def find(scene: Scene, text: str, most: int = 99) -> list[EmailId]:
    found = await Search(scene.account).find(parse_query(text), most=most)
    assert found.is_complete
    return list(found.email_ids)


async def add(scene: Scene, text: str, *, received: int = 100, **parts: str) -> EmailId:
    return (await scene.add(letter(text, **parts), received=received)).email_id


class TestFinding:
    async def test_words_in_all_parts_of_a_letter(self, scene: Scene) -> None:
        one = await add(scene, "明日の会議", subject="見積書の件", sender="森 <mori@example.jp>")
        await add(scene, "nothing of it")
        for word in ("会議", "会", "議", "見積", "書", "森", "mori", "MOR", "example.jp", "kenji"):
            assert one in await find(scene, word), word
        assert await find(scene, "from:森 subject:見積 to:kenji 会議") == [one]
        assert await find(scene, "to:mori") == []
        assert await find(scene, "会議 -見積") == []

    async def test_names_of_attachments_and_whether_there_are_any(self, scene: Scene) -> None:
        octets = (
            b'From: a@example.org\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
            b"--b\r\n\r\nhello\r\n--b\r\nContent-Type: application/pdf\r\n"
            b"Content-Disposition: attachment; filename*=utf-8''%E8%A6%8B%E7%A9%8D.pdf\r\n\r\nx\r\n"
            b"--b--\r\n"
        )
        one = (await scene.add(octets)).email_id
        two = await add(scene, "hello")
        assert await find(scene, "見積.pdf") == [one]
        assert await find(scene, "hello has:attachment") == [one]
        assert await find(scene, "hello -has:attachment") == [two]

    async def test_newest_first_and_no_more_than_wanted(self, scene: Scene) -> None:
        times = (300, 100, 4_000_000_000, 200)
        ids = [await add(scene, "tea", received=when) for when in times]
        search, query = Search(scene.account), parse_query("tea")
        found = await search.find(query, most=3)
        assert list(found.email_ids) == [ids[2], ids[0], ids[3]]
        assert found.has_more
        rest = await search.find(query, most=3, before=found.places[-1])
        assert list(rest.email_ids) == [ids[1]]
        assert not rest.has_more
        assert await search.count(query) == 4

    async def test_folders_by_path_by_role_and_by_their_last_name(self, scene: Scene) -> None:
        email = await scene.add(letter("tea"))
        bin_ = await scene.make_mailbox("Papierkorb", role=Role.TRASH)
        below = await scene.make_mailbox("Ada", await scene.make_mailbox("Family", TOP))
        assert await find(scene, "tea in:INBOX") == [email.email_id]
        assert await find(scene, "tea in:trash") == []
        await scene.commit(MoveEmail(scene.account.inbox, email.placements[0][1], bin_))
        assert await find(scene, "tea in:trash") == await find(scene, "in:papierkorb")
        assert await find(scene, "tea -in:trash") == []
        moved = (await scene.email(email.email_id)).placements[0][1]
        await scene.commit(MoveEmail(bin_, moved, below))
        assert await find(scene, "tea in:family/ada in:Ada") == [email.email_id]
        with pytest.raises(InvalidInputError, match="Nowhere"):
            await find(scene, "in:Nowhere")

    async def test_accounts_by_name_or_address(self, scene: Scene) -> None:
        await scene.commit(PutObject(KIND, "s1", msgspec.json.encode(SHOP)))
        one = (await scene.add(letter("tea"), source="s1")).email_id
        two = await add(scene, "tea")
        assert await find(scene, "tea account:shop") == [one]
        assert await find(scene, "account:店") == [one]
        assert await find(scene, "tea -account:shop") == [two]
        with pytest.raises(InvalidInputError, match="nobody"):
            await find(scene, "account:nobody")


class TestWhatHappensMeanwhile:
    async def test_what_came_went_moved_and_came_back(self, scene: Scene) -> None:
        inbox = scene.account.inbox
        email = await scene.add(letter("tea"))
        assert await find(scene, "tea") == [email.email_id]
        await scene.commit(Expunge(inbox, (email.placements[0][1],)))
        assert await find(scene, "tea") == []
        await scene.commit(Undelete((email.email_id,), inbox))
        assert await find(scene, "tea") == [email.email_id]
        assert await find(scene, "tea is:unread") == [email.email_id]
        await scene.commit(SetKeywords((email.email_id,), add=frozenset({SEEN})))
        assert await find(scene, "tea is:unread") == []
        late = await add(scene, "tea", received=1)
        assert await find(scene, "tea") == [email.email_id, late]

    async def test_the_index_follows_and_is_left_alone_where_nothing_changed(
        self, scene: Scene
    ) -> None:
        await add(scene, "tea")
        assert not await is_up_to_date(scene.account)
        assert [one.total async for one in Search(scene.account).prepare()] == [1]
        assert await is_up_to_date(scene.account)
        assert [one async for one in Search(scene.account).prepare()] == []

    async def test_changes_that_are_forgotten_are_found_by_comparing(self, scene: Scene) -> None:
        old = [await scene.add(letter("tea")) for _ in range(3)]
        assert len(await find(scene, "tea")) == 3
        state = await scene.account.search.state()
        assert state is not None
        await scene.commit(Expunge(scene.account.inbox, (old[0].placements[0][1],)))
        new = await add(scene, "tea")
        scene.clock.advance(REMEMBER_REMOVED_SECONDS + 100)
        await scene.account.purge(scene.clock.now())
        with pytest.raises(ConflictError):
            await scene.account.changes(ChangeKind.EMAIL, state.modseq, 9)
        expected = {old[1].email_id, old[2].email_id, new}
        assert set(await find(scene, "tea")) == expected
        after = await scene.account.search.state()
        assert after is not None
        assert after.letters == 3

    async def test_an_index_of_another_maker_or_ahead_of_the_account_is_made_anew(
        self, scene: Scene
    ) -> None:
        one = await add(scene, "tea")
        for maker, until in (("older", await scene.account.modseq()), (MAKER, 9_999)):
            await scene.account.search.begin(maker)
            await scene.account.search.put([], until=until)  # type: ignore[arg-type]  # a number
            assert await find(scene, "tea") == [one]

    async def test_an_index_that_was_left_half_made_is_finished(self, scene: Scene) -> None:
        ids = [await add(scene, "tea", received=when) for when in range(100, 1_300)]
        groups = bring_up_to_date(scene.account)
        progress = await anext(groups)
        await groups.aclose()
        assert 0 < progress.done < progress.total == 1_200
        assert not await is_up_to_date(scene.account)
        rest = [one.total async for one in bring_up_to_date(scene.account)]
        assert rest[0] <= 1_200 - progress.done
        assert await find(scene, "tea", most=2_000) == ids[::-1]

    async def test_who_searches_waits_for_who_indexes(self, scene: Scene) -> None:
        one = await add(scene, "tea")
        lock = await scene.account.lock(SEARCH_LOCK)
        waiting = asyncio.create_task(find(scene, "tea"))
        await asyncio.sleep(0)
        await lock.release()
        assert await waiting == [one]

    async def test_letters_come_in_while_it_is_searched(self, scene: Scene) -> None:
        for when in range(40):
            await add(scene, "tea", received=when)
        arriving = asyncio.create_task(scene.add_many(40, received=500))
        found = await asyncio.gather(*(find(scene, "tea") for _ in range(3)))
        await arriving
        assert all(len(one) == 40 for one in found)
        assert await Search(scene.account).count(parse_query("is:unread")) == 80
