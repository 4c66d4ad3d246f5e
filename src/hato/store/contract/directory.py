"""The contract of what belongs to no account: people, names, secrets, counters, leases, queue.

Called by pytest through a test module that gives the fixture `shelf`.
Never looks inside a backend.
Standards: the contract is `store.directory`.
Fails as tests fail.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

import msgspec
import pytest

from hato.core.errors import AlreadyExistsError, ConflictError, InUseError, NotFoundError
from hato.core.ids import AccountId, PersonId
from hato.core.language import Language
from hato.store.directory import (
    Counters,
    Credential,
    CredentialId,
    Directory,
    Leases,
    Person,
    Queue,
    QueueId,
    ScramKeys,
    Strictest,
)

NOBODY = PersonId(0)
NOW = 1_800_000_000


class Shelf(Protocol):
    """The four parts, and another process's view of the same."""

    directory: Directory
    counters: Counters
    leases: Leases
    queue: Queue

    def second(self) -> Shelf:
        """Open the same data once more; itself where there is only one process."""
        ...


def somebody(name: str = "ada@example.org") -> Person:
    """Return somebody who is not yet known."""
    return Person(NOBODY, AccountId(f"account-{name}"), name)


async def settled(shelf: Shelf, *names: str) -> list[Person]:
    """Serve example.org and .com, and add people."""
    for domain in ("example.com", "example.org"):
        await shelf.directory.add_domain(domain)
    return [await shelf.directory.add_person(somebody(name)) for name in names]


def way_in(person: Person, label: str = "", hashed: str = "{SHA256}x") -> Credential:
    """Return a credential that is not yet kept."""
    keys = ScramKeys(b"salt", 4096, b"stored", b"server")
    return Credential(CredentialId(0), person.person_id, label, hashed, keys, b"sealed", NOW, None)


class TestDomains:
    async def test_they_are_served_once_and_sorted(self, shelf: Shelf) -> None:
        assert await shelf.directory.domains() == []
        await settled(shelf)
        assert await shelf.directory.domains() == ["example.com", "example.org"]
        with pytest.raises(AlreadyExistsError):
            await shelf.directory.add_domain("example.org")

    async def test_one_with_people_stays(self, shelf: Shelf) -> None:
        (ada,) = await settled(shelf, "ada@example.org")
        with pytest.raises(ConflictError):
            await shelf.directory.remove_domain("example.org")
        await shelf.directory.add_address("@example.com", ada.person_id)
        with pytest.raises(ConflictError):
            await shelf.directory.remove_domain("example.com")
        await shelf.directory.remove_person(ada.person_id)
        await shelf.directory.remove_domain("example.com")
        await shelf.directory.remove_domain("example.org")
        assert await shelf.directory.domains() == []
        with pytest.raises(NotFoundError):
            await shelf.directory.remove_domain("example.org")


class TestPeople:
    async def test_they_are_kept_as_they_are(self, shelf: Shelf) -> None:
        await settled(shelf)
        wanted = Person(
            NOBODY,
            AccountId("a"),
            "鳩@example.org",
            is_enabled=False,
            language=Language.JAPANESE,
            retr_sets_seen=True,
            expire_days=30,
            login_delay_seconds=60,
        )
        added = await shelf.directory.add_person(wanted)
        assert added == msgspec.structs.replace(wanted, person_id=added.person_id)
        assert added.person_id > 0
        assert await shelf.directory.person(added.person_id) == added
        assert await shelf.directory.find_person("鳩@example.org") == added
        assert await shelf.second().directory.people() == [added]

    async def test_who_has_chosen_no_language_has_none(self, shelf: Shelf) -> None:
        (ada,) = await settled(shelf, "ada@example.org")
        assert ada.language is None
        for chosen in (Language.ENGLISH, None):
            wanted = msgspec.structs.replace(ada, language=chosen)
            await shelf.directory.change_person(wanted)
            assert await shelf.second().directory.person(ada.person_id) == wanted

    async def test_a_name_is_somebodys_and_of_a_served_domain(self, shelf: Shelf) -> None:
        ada, bob = await settled(shelf, "ada@example.org", "bob@example.org")
        with pytest.raises(AlreadyExistsError):
            await shelf.directory.add_person(somebody("ada@example.org"))
        with pytest.raises(NotFoundError):
            await shelf.directory.add_person(somebody("ada@elsewhere.example"))
        renamed = msgspec.structs.replace(bob, name=ada.name)
        with pytest.raises(AlreadyExistsError):
            await shelf.directory.change_person(renamed)
        assert await shelf.directory.people() == [ada, bob]

    async def test_a_name_is_also_an_address(self, shelf: Shelf) -> None:
        (ada,) = await settled(shelf, "ada@example.org")
        assert await shelf.directory.people_at("ada@example.org") == [ada]
        with pytest.raises(ConflictError):
            await shelf.directory.remove_address("ada@example.org", ada.person_id)
        assert await shelf.directory.people_at("ada@example.org") == [ada]

    async def test_a_new_name_is_found_and_the_old_one_stays_an_address(self, shelf: Shelf) -> None:
        (ada,) = await settled(shelf, "ada@example.org")
        renamed = msgspec.structs.replace(ada, name="lovelace@example.com")
        await shelf.directory.change_person(renamed)
        assert await shelf.directory.find_person("ada@example.org") is None
        assert await shelf.directory.find_person("lovelace@example.com") == renamed
        assert await shelf.directory.people_at("ada@example.org") == [renamed]
        assert await shelf.directory.people_at("lovelace@example.com") == [renamed]
        assert await shelf.directory.find_people_by_local_part("lovelace") == [renamed]
        assert await shelf.directory.find_people_by_local_part("ada") == []
        await shelf.directory.remove_address("ada@example.org", ada.person_id)
        assert await shelf.directory.people_at("ada@example.org") == []

    async def test_one_local_part_can_be_several_people(self, shelf: Shelf) -> None:
        people = await settled(shelf, "ada@example.org", "ada@example.com", "ad@example.org")
        found = await shelf.directory.find_people_by_local_part("ada")
        assert found == [people[1], people[0]]

    async def test_who_is_removed_is_gone_with_everything_and_her_number(
        self, shelf: Shelf
    ) -> None:
        ada, bob = await settled(shelf, "ada@example.org", "bob@example.org")
        await shelf.directory.put_credential(way_in(bob))
        await shelf.directory.add_address("b@example.org", bob.person_id)
        await shelf.directory.remove_person(bob.person_id)
        assert await shelf.directory.people() == [ada]
        assert await shelf.directory.people_at("b@example.org") == []
        assert await shelf.directory.credentials(bob.person_id) == []
        again = await shelf.directory.add_person(somebody("bob@example.org"))
        assert again.person_id > bob.person_id
        assert await shelf.directory.credentials(again.person_id) == []

    async def test_the_first_is_whoever_was_added_first_and_is_still_there(
        self, shelf: Shelf
    ) -> None:
        assert await shelf.directory.first_person() is None
        eve, ada = await settled(shelf, "eve@example.org", "ada@example.org")
        assert await shelf.directory.first_person() == eve
        await shelf.directory.remove_person(eve.person_id)
        assert await shelf.directory.first_person() == ada

    async def test_the_strictest_delay_and_expiry_are_of_all_people(self, shelf: Shelf) -> None:
        assert await shelf.directory.strictest() == Strictest(0, None)
        ada, bob, _eve = await settled(shelf, *(f"{n}@example.org" for n in ("ada", "bob", "eve")))
        assert await shelf.directory.strictest() == Strictest(0, None)
        change, replace = shelf.second().directory.change_person, msgspec.structs.replace
        await change(replace(ada, login_delay_seconds=60, expire_days=30))
        await change(replace(bob, login_delay_seconds=20, expire_days=7, is_enabled=False))
        assert await shelf.directory.strictest() == Strictest(60, 7)
        await shelf.directory.remove_person(bob.person_id)
        assert await shelf.directory.strictest() == Strictest(60, 30)

    async def test_nobody_is_not_found(self, shelf: Shelf) -> None:
        await settled(shelf)
        unknown = msgspec.structs.replace(somebody(), person_id=PersonId(99))
        with pytest.raises(NotFoundError):
            await shelf.directory.person(PersonId(99))
        with pytest.raises(NotFoundError):
            await shelf.directory.change_person(unknown)
        with pytest.raises(NotFoundError):
            await shelf.directory.remove_person(PersonId(99))
        assert await shelf.directory.find_person("ada@example.org") is None


class TestAddresses:
    async def test_several_may_share_one_and_one_may_have_several(self, shelf: Shelf) -> None:
        ada, bob = await settled(shelf, "ada@example.org", "bob@example.org")
        await shelf.directory.add_address("sales@example.com", bob.person_id)
        await shelf.directory.add_address("sales@example.com", ada.person_id)
        await shelf.directory.add_address("@example.com", ada.person_id)
        assert await shelf.directory.people_at("sales@example.com") == [ada, bob]
        assert await shelf.directory.addresses() == [
            ("@example.com", ada.person_id),
            ("ada@example.org", ada.person_id),
            ("bob@example.org", bob.person_id),
            ("sales@example.com", ada.person_id),
            ("sales@example.com", bob.person_id),
        ]
        await shelf.directory.remove_address("sales@example.com", ada.person_id)
        assert await shelf.directory.people_at("sales@example.com") == [bob]

    async def test_what_cannot_be_is_refused(self, shelf: Shelf) -> None:
        (ada,) = await settled(shelf, "ada@example.org")
        await shelf.directory.add_address("a@example.org", ada.person_id)
        with pytest.raises(AlreadyExistsError):
            await shelf.directory.add_address("a@example.org", ada.person_id)
        with pytest.raises(NotFoundError):
            await shelf.directory.add_address("a@elsewhere.example", ada.person_id)
        with pytest.raises(NotFoundError):
            await shelf.directory.add_address("b@example.org", PersonId(99))
        with pytest.raises(NotFoundError):
            await shelf.directory.remove_address("b@example.org", ada.person_id)


class TestCredentials:
    async def test_they_are_kept_as_they_are_the_main_one_first(self, shelf: Shelf) -> None:
        (ada,) = await settled(shelf, "ada@example.org")
        phone = await shelf.directory.put_credential(way_in(ada, "phone"))
        bare = msgspec.structs.replace(way_in(ada), scram=None, recoverable=None)
        main = await shelf.directory.put_credential(bare)
        assert phone == msgspec.structs.replace(
            way_in(ada, "phone"), credential_id=phone.credential_id
        )
        assert await shelf.second().directory.credentials(ada.person_id) == [main, phone]

    async def test_one_is_replaced_under_its_number(self, shelf: Shelf) -> None:
        (ada,) = await settled(shelf, "ada@example.org")
        main = await shelf.directory.put_credential(way_in(ada))
        changed = msgspec.structs.replace(main, hashed="{SHA256}y")
        assert await shelf.directory.put_credential(changed) == changed
        assert await shelf.directory.credentials(ada.person_id) == [changed]

    async def test_an_upgrade_does_not_undo_a_new_password(self, shelf: Shelf) -> None:
        (ada,) = await settled(shelf, "ada@example.org")
        main = await shelf.directory.put_credential(way_in(ada))
        changed = msgspec.structs.replace(main, hashed="{SHA256}new")
        await shelf.directory.put_credential(changed, replacing=main.hashed)
        upgraded = msgspec.structs.replace(main, hashed="{ARGON2ID}of the old one")
        with pytest.raises(ConflictError):
            await shelf.directory.put_credential(upgraded, replacing=main.hashed)
        assert await shelf.directory.credentials(ada.person_id) == [changed]

    async def test_what_cannot_be_is_refused(self, shelf: Shelf) -> None:
        ada, bob = await settled(shelf, "ada@example.org", "bob@example.org")
        main = await shelf.directory.put_credential(way_in(ada))
        await shelf.directory.put_credential(way_in(bob))
        with pytest.raises(AlreadyExistsError):
            await shelf.directory.put_credential(way_in(ada))
        phone = await shelf.directory.put_credential(way_in(ada, "phone"))
        with pytest.raises(AlreadyExistsError):
            await shelf.directory.put_credential(msgspec.structs.replace(phone, label=""))
        unknown = msgspec.structs.replace(main, credential_id=CredentialId(99))
        with pytest.raises(NotFoundError):
            await shelf.directory.put_credential(unknown)
        nobody = msgspec.structs.replace(ada, person_id=PersonId(99))
        with pytest.raises(NotFoundError):
            await shelf.directory.put_credential(way_in(nobody))
        await shelf.directory.remove_credential(phone.credential_id)
        with pytest.raises(NotFoundError):
            await shelf.directory.remove_credential(phone.credential_id)
        assert await shelf.directory.credentials(ada.person_id) == [main]

    async def test_the_last_use_is_remembered(self, shelf: Shelf) -> None:
        (ada,) = await settled(shelf, "ada@example.org")
        main = await shelf.directory.put_credential(way_in(ada))
        await shelf.directory.note_use(main.credential_id, NOW + 5)
        await shelf.directory.note_use(CredentialId(99), NOW)
        used = msgspec.structs.replace(main, last_used=NOW + 5)
        assert await shelf.directory.credentials(ada.person_id) == [used]


class TestVersions:
    async def test_every_change_by_whomever_gives_another_number(self, shelf: Shelf) -> None:
        (ada,) = await settled(shelf, "ada@example.org")
        here, there = shelf.directory, shelf.second().directory
        seen = {await here.version()}
        main = await there.put_credential(way_in(ada))
        seen.add(await here.version())
        await here.change_person(msgspec.structs.replace(ada, is_enabled=False))
        seen.add(await here.version())
        await there.add_address("a@example.org", ada.person_id)
        seen.add(await here.version())
        await there.remove_address("a@example.org", ada.person_id)
        seen.add(await here.version())
        await there.remove_credential(main.credential_id)
        seen.add(await here.version())
        await there.remove_person(ada.person_id)
        seen.add(await here.version())
        await there.remove_domain("example.com")
        seen.add(await here.version())
        assert len(seen) == 8
        assert await here.version() == await there.version()

    async def test_what_changes_nothing_leaves_it(self, shelf: Shelf) -> None:
        (ada,) = await settled(shelf, "ada@example.org")
        here, there = shelf, shelf.second()
        main = await there.directory.put_credential(way_in(ada))
        version = await here.directory.version()
        await there.directory.note_use(main.credential_id, NOW)
        await there.counters.add("key", NOW)
        await there.leases.acquire("job", "me", NOW, 10)
        await there.queue.put("key", b"", b"", NOW, NOW)
        with pytest.raises(AlreadyExistsError):
            await there.directory.add_domain("example.org")
        assert await here.directory.version() == version


class TestCounters:
    async def test_they_count_since_a_time_for_all_processes(self, shelf: Shelf) -> None:
        here, there = shelf.counters, shelf.second().counters
        for at in (10, 20, 20, 30):
            await there.add("key", at)
        await here.add("other", 20)
        assert [await here.count("key", since) for since in (0, 20, 21, 31)] == [4, 3, 1, 0]
        assert await here.latest("key") == 30
        assert await here.latest("none") is None

    async def test_they_forget(self, shelf: Shelf) -> None:
        counters = shelf.counters
        for key in ("a", "b"):
            for at in (10, 20):
                await counters.add(key, at)
        await counters.forget("a")
        await counters.prune(20)
        assert [await counters.count(key, 0) for key in ("a", "b")] == [0, 1]
        await counters.prune(21)
        assert await counters.latest("b") is None

    async def test_nothing_is_lost_when_many_count_at_once(self, shelf: Shelf) -> None:
        other = shelf.second()
        adding = [part.counters.add("key", 10) for part in (shelf, other) for _ in range(50)]
        await asyncio.gather(*adding)
        assert await shelf.counters.count("key", 0) == 100


class TestLeases:
    async def test_one_has_it_until_it_runs_out(self, shelf: Shelf) -> None:
        here, there = shelf.leases, shelf.second().leases
        first = await here.acquire("job", "me", NOW, 10)
        assert first is not None
        assert (first.name, first.owner, first.until) == ("job", "me", NOW + 10)
        assert await there.acquire("job", "you", NOW + 9, 10) is None
        assert await there.acquire("other", "you", NOW, 10) is not None
        second = await there.acquire("job", "you", NOW + 10, 10)
        assert second is not None
        assert second.fence > first.fence
        with pytest.raises(ConflictError):
            await here.renew(first, NOW + 11, 10)

    async def test_its_holder_renews_and_takes_it_again(self, shelf: Shelf) -> None:
        first = await shelf.leases.acquire("job", "me", NOW, 10)
        assert first is not None
        renewed = await shelf.leases.renew(first, NOW + 20, 10)
        assert (renewed.fence, renewed.until) == (first.fence, NOW + 30)
        assert await shelf.leases.acquire("job", "you", NOW + 29, 10) is None
        again = await shelf.leases.acquire("job", "me", NOW + 21, 10)
        assert again is not None
        assert again.fence > first.fence

    async def test_what_is_given_back_is_free_but_its_fence_is_used_up(self, shelf: Shelf) -> None:
        first = await shelf.leases.acquire("job", "me", NOW, 10)
        assert first is not None
        await shelf.leases.release(first)
        with pytest.raises(ConflictError):
            await shelf.leases.renew(first, NOW, 10)
        second = await shelf.leases.acquire("job", "you", NOW, 10)
        assert second is not None
        assert second.fence > first.fence
        await shelf.leases.release(first)
        assert await shelf.leases.acquire("job", "me", NOW, 10) is None

    async def test_all_are_ended_when_nobody_is_there_any_more(self, shelf: Shelf) -> None:
        former = [await shelf.leases.acquire(name, "dead", NOW, 10) for name in ("job", "other")]
        await shelf.second().leases.end_all()
        for name, before in zip(("job", "other"), former, strict=True):
            assert before is not None
            with pytest.raises(ConflictError):
                await shelf.leases.renew(before, NOW, 10)
            after = await shelf.leases.acquire(name, "me", NOW, 10)
            assert after is not None
            assert after.fence > before.fence


class TestQueue:
    async def test_an_item_is_put_once(self, shelf: Shelf) -> None:
        first = await shelf.queue.put("key", b"to", b"body", NOW, NOW - 1)
        assert await shelf.second().queue.put("key", b"else", b"else", 0, 0) == first
        (item,) = await shelf.queue.items()
        assert (item.queue_id, item.key, item.payload, item.body) == (first, "key", b"to", b"body")
        assert (item.due, item.attempts, item.reason, item.created) == (NOW, 0, "", NOW - 1)

    async def test_each_due_item_goes_to_one_owner_in_order(self, shelf: Shelf) -> None:
        here, there = shelf.queue, shelf.second().queue
        numbers = [await here.put(f"{n}", b"", b"", due, 0) for n, due in enumerate((20, 10, 99))]
        (first,) = await here.claim("me", 20, 60, 1)
        assert (first.queue_id, first.attempts) == (numbers[1], 1)
        assert [item.queue_id for item in await there.claim("you", 20, 60, 9)] == [numbers[0]]
        assert await here.claim("me", 20, 60, 9) == []

    async def test_a_claim_that_runs_out_goes_to_another(self, shelf: Shelf) -> None:
        number = await shelf.queue.put("key", b"", b"", 10, 0)
        await shelf.queue.claim("me", 10, 60, 1)
        (item,) = await shelf.queue.claim("you", 70, 60, 1)
        assert item.attempts == 2
        with pytest.raises(ConflictError):
            await shelf.queue.done(number, "me")
        with pytest.raises(ConflictError):
            await shelf.queue.retry(number, "me", 99, "late")
        await shelf.queue.done(number, "you")
        assert await shelf.queue.items() == []

    async def test_what_failed_waits_with_its_reason(self, shelf: Shelf) -> None:
        number = await shelf.queue.put("key", b"", b"", 10, 0)
        await shelf.queue.claim("me", 10, 60, 1)
        await shelf.queue.retry(number, "me", 50, "greylisted")
        (item,) = await shelf.queue.items()
        assert (item.due, item.reason, item.attempts) == (50, "greylisted", 1)
        assert await shelf.queue.claim("you", 49, 60, 1) == []
        with pytest.raises(ConflictError):
            await shelf.queue.done(number, "me")
        assert len(await shelf.queue.claim("you", 50, 60, 1)) == 1

    async def test_one_item_can_be_taken_before_it_is_due(self, shelf: Shelf) -> None:
        here, there = shelf.queue, shelf.second().queue
        number = await here.put("key", b"to", b"", 99, 0)
        item = await here.claim_one(number, "me", 10, 60)
        assert (item.queue_id, item.payload, item.attempts) == (number, b"to", 1)
        with pytest.raises(InUseError):
            await there.claim_one(number, "you", 69, 60)
        assert (await there.claim_one(number, "you", 70, 60)).attempts == 2
        with pytest.raises(NotFoundError):
            await there.claim_one(QueueId(99), "you", 70, 60)

    async def test_whoever_holds_an_item_writes_how_far_it_is(self, shelf: Shelf) -> None:
        queue = shelf.queue
        number = await queue.put("key", b"to", b"", 10, 0)
        await queue.claim("me", 10, 60, 1)
        await queue.keep(number, "me", 60, 60, b"halfway")
        assert (await shelf.second().queue.item(number)).payload == b"halfway"
        assert await queue.claim("you", 119, 60, 1) == []
        await queue.keep(number, "me", 60, 70)
        await queue.retry(number, "me", 200, "later", b"further")
        item = await queue.item(number)
        assert (item.payload, item.due, item.reason) == (b"further", 200, "later")
        with pytest.raises(ConflictError):
            await queue.keep(number, "me", 70, 60, b"too late")
        with pytest.raises(NotFoundError):
            await queue.item(QueueId(99))

    async def test_who_lost_an_item_writes_nothing(self, shelf: Shelf) -> None:
        number = await shelf.queue.put("key", b"to", b"", 10, 0)
        await shelf.queue.claim("me", 10, 60, 1)
        await shelf.queue.claim("you", 70, 60, 1)
        with pytest.raises(ConflictError):
            await shelf.queue.keep(number, "me", 70, 60, b"mine")
        assert (await shelf.queue.item(number)).payload == b"to"

    async def test_an_item_can_be_dropped(self, shelf: Shelf) -> None:
        number = await shelf.queue.put("key", b"", b"", 10, 0)
        await shelf.queue.drop(number)
        with pytest.raises(NotFoundError):
            await shelf.queue.drop(number)
        assert await shelf.queue.put("key", b"", b"", 10, 0) > number
        with pytest.raises(ConflictError):
            await shelf.queue.done(QueueId(99), "")
