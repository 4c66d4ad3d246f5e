"""What the contract says about the search index: what is put in is found, as the account is now.

Called by each backend's test module, which takes in all classes.
Never looks inside a backend; tokens here are words of one letter, which the index compares.
Standards: none.
Fails where a backend differs.
"""

from __future__ import annotations

import pytest

from hato.core.errors import DamagedError
from hato.core.ids import EmailId, MailboxId, ModSeq
from hato.store.changes import Added, Expunge, MoveEmail, SetKeywords, Undelete
from hato.store.contract.scene import Scene
from hato.store.model import FLAGGED, SEEN, Place
from hato.store.search import Phrase, SearchEntry, SearchField, SearchWanted


async def _indexed(scene: Scene, text: str, *, subject: str = "", received: int = 100) -> Added:
    """Add a letter and put its words into the index."""
    if await scene.account.search.state() is None:
        await scene.account.search.begin("us")
    email = await scene.add(received=received)
    await scene.account.search.put([_entry(email, text, subject)])
    return email


def _entry(
    email: Added, text: str, subject: str = "", *, has_attachments: bool = False
) -> SearchEntry:
    words = dict.fromkeys(SearchField, "") | {SearchField.TEXT: text, SearchField.SUBJECT: subject}
    return SearchEntry(email.email_id, email.received, has_attachments, tuple(words.values()))


async def _find(scene: Scene, *phrases: str, most: int = 99, **wanted: object) -> list[EmailId]:
    """Return what is found by words that stand one behind the other; `*` behind one: or longer."""
    asked = SearchWanted(phrases=tuple(map(_phrase, phrases)), **wanted)  # type: ignore[arg-type]  # handed on
    places = await scene.account.search.find(asked, most)
    assert await scene.account.search.count(asked) >= len(places)
    return [place.email_id for place in places]


def _phrase(text: str, *fields: SearchField) -> Phrase:
    return Phrase(tuple(text.rstrip("*").split()), text.endswith("*"), fields)


class TestSearching:
    async def test_tokens_are_found_in_order_whole_or_by_their_beginning(
        self, scene: Scene
    ) -> None:
        one = await _indexed(scene, "tea at five", received=1)
        two = await _indexed(scene, "five at tea 見積 積書 書", received=2)
        assert await _find(scene, "tea") == [two.email_id, one.email_id]
        assert await _find(scene, "tea at") == [one.email_id]
        assert await _find(scene, "five", "tea at") == [one.email_id]
        assert await _find(scene, "te") == []
        assert await _find(scene, "te*") == [two.email_id, one.email_id]
        assert await _find(scene, "at fi*") == [one.email_id]
        assert await _find(scene, "見積 積書") == [two.email_id]
        assert await _find(scene, "積*") == [two.email_id]

    async def test_fields_are_apart(self, scene: Scene) -> None:
        one = await _indexed(scene, "five", subject="tea")
        for field, expected in ((SearchField.SUBJECT, [one.email_id]), (SearchField.TEXT, [])):
            wanted = SearchWanted(phrases=(_phrase("tea", field),))
            found = await scene.account.search.find(wanted, 9)
            assert [place.email_id for place in found] == expected
        assert await _find(scene, "tea five") == []
        assert await _find(scene, "tea", "five") == [one.email_id]

    async def test_what_must_not_be_there_is_left_out(self, scene: Scene) -> None:
        one = await _indexed(scene, "tea milk")
        two = await _indexed(scene, "tea lemon")
        without = (_phrase("milk"), _phrase("sugar"))
        assert await _find(scene, "tea", without=without) == [two.email_id]
        assert await _find(scene, without=without) == [two.email_id]
        assert await _find(scene) == [two.email_id, one.email_id]

    async def test_the_newest_come_first_and_a_list_goes_on_where_it_ended(
        self, scene: Scene
    ) -> None:
        times = [500, 100, 300, 300, 300, 200, 4_000_000_000, 300, 0]
        emails = [await _indexed(scene, "tea", received=when) for when in times]
        places = sorted((Place(one.received, one.email_id) for one in emails), reverse=True)
        seen: list[Place] = []
        while found := await scene.account.search.find(
            SearchWanted(phrases=(_phrase("tea"),)), 2, before=seen[-1] if seen else None
        ):
            seen += found
        assert seen == places
        assert await _find(scene, "tea", most=0) == []

    async def test_times_bound_what_is_found(self, scene: Scene) -> None:
        emails = [await _indexed(scene, "tea", received=when) for when in (100, 200, 300)]
        ids = [email.email_id for email in emails]
        assert await _find(scene, "tea", received_from=200) == [ids[2], ids[1]]
        assert await _find(scene, received_before=200) == [ids[0]]
        assert await _find(scene, "tea", received_from=101, received_before=300) == [ids[1]]

    async def test_attachments_are_asked_for(self, scene: Scene) -> None:
        without = await _indexed(scene, "tea")
        email = await scene.add(received=200)
        await scene.account.search.put([_entry(email, "tea", has_attachments=True)])
        assert await _find(scene, "tea", has_attachments=True) == [email.email_id]
        assert await _find(scene, "tea", has_attachments=False) == [without.email_id]


class TestSearchingTheAccountAsItIs:
    async def test_flags_count_as_they_are_now(self, scene: Scene) -> None:
        one, two = await _indexed(scene, "tea"), await _indexed(scene, "tea")
        await scene.commit(SetKeywords((one.email_id,), add=frozenset({SEEN, FLAGGED})))
        assert await _find(scene, "tea", keywords=frozenset({SEEN})) == [one.email_id]
        assert await _find(scene, "tea", not_keywords=frozenset({SEEN})) == [two.email_id]
        await scene.commit(SetKeywords((one.email_id,), remove=frozenset({SEEN})))
        assert await _find(scene, "tea", keywords=frozenset({SEEN})) == []
        assert await _find(scene, keywords=frozenset({FLAGGED})) == [one.email_id]

    async def test_folders_count_as_they_are_now(self, scene: Scene) -> None:
        email, inbox = await _indexed(scene, "tea"), scene.account.inbox
        other = await scene.make_mailbox("Other")
        nowhere = frozenset({MailboxId(9_999)})
        assert await _find(scene, "tea", mailboxes=(frozenset({inbox}),)) == [email.email_id]
        assert await _find(scene, "tea", not_mailboxes=frozenset({inbox})) == []
        assert await _find(scene, "tea", mailboxes=(nowhere,)) == []
        await scene.commit(MoveEmail(inbox, email.placements[0][1], other))
        assert await _find(scene, "tea", mailboxes=(frozenset({inbox}),)) == []
        assert await _find(scene, "tea", mailboxes=(frozenset({inbox, other}),)) == [email.email_id]

    async def test_sources_count(self, scene: Scene) -> None:
        email = await scene.add(source="shop")
        await _indexed(scene, "tea")
        await scene.account.search.put([_entry(email, "tea")])
        assert await _find(scene, "tea", sources=(frozenset({"shop"}),)) == [email.email_id]
        assert await _find(scene, "tea", sources=(frozenset(),)) == []
        assert email.email_id not in await _find(scene, "tea", not_sources=frozenset({"shop"}))
        assert len(await _find(scene, "tea", not_sources=frozenset({"shop"}))) == 1

    async def test_what_was_removed_is_not_found_and_is_found_when_it_is_back(
        self, scene: Scene
    ) -> None:
        email, inbox = await _indexed(scene, "tea"), scene.account.inbox
        await scene.commit(Expunge(inbox, (email.placements[0][1],)))
        assert await _find(scene, "tea") == []
        await scene.commit(Undelete((email.email_id,), inbox))
        assert await _find(scene, "tea") == [email.email_id]


class TestKeepingASearchIndex:
    async def test_there_is_none_until_it_is_begun(self, scene: Scene) -> None:
        index = scene.account.search
        assert await index.state() is None
        for ask in (index.find(SearchWanted(), 9), index.count(SearchWanted()), index.put([])):
            with pytest.raises(DamagedError):
                await ask
        await index.begin("us")
        state = await index.state()
        assert state is not None
        assert (state.maker, state.modseq, state.letters) == ("us", 0, 0)

    async def test_how_far_it_is_is_kept(self, scene: Scene) -> None:
        email = await _indexed(scene, "tea")
        await scene.account.search.put([], until=ModSeq(7))
        state = await scene.account.search.state()
        assert state is not None
        assert (state.modseq, state.letters) == (7, 1)
        assert await scene.account.search.unknown([EmailId(99), email.email_id]) == [99]
        assert await scene.account.search.strangers([EmailId(99)]) == [email.email_id]
        assert await scene.account.search.strangers([email.email_id]) == []

    async def test_letters_are_taken_out_and_taken_in_once(self, scene: Scene) -> None:
        one, two = await _indexed(scene, "tea"), await _indexed(scene, "tea")
        await scene.account.search.put([_entry(one, "coffee")])
        assert await _find(scene, "coffee") == []
        await scene.account.search.put([], [one.email_id, EmailId(99)])
        assert await _find(scene, "tea") == [two.email_id]
        await scene.account.search.put([_entry(one, "coffee")], [one.email_id])
        assert await _find(scene, "coffee") == [one.email_id]

    async def test_beginning_again_empties_it(self, scene: Scene) -> None:
        await _indexed(scene, "tea")
        await scene.account.search.begin("others")
        assert await _find(scene, "tea") == []
        state = await scene.account.search.state()
        assert state is not None
        assert state.maker == "others"

    async def test_tidying_changes_nothing_that_is_found(self, scene: Scene) -> None:
        for when in range(20):
            await _indexed(scene, f"tea number{when}", received=when)
        before = await _find(scene, "tea")
        await scene.account.search.put([], before[3:9])
        await scene.account.search.tidy()
        assert await _find(scene, "tea") == before[:3] + before[9:]
        assert await scene.account.search.tidy() == 0
