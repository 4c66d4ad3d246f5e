"""The mail accounts elsewhere of one person, and their secrets."""

from __future__ import annotations

import msgspec
import pytest

from hato.core.clock import FixedClock
from hato.core.errors import (
    AlreadyExistsError,
    DamagedError,
    InUseError,
    KeyReplacedError,
    NotFoundError,
)
from hato.core.ids import EmailId
from hato.core.secret import Secret
from hato.services.auth.vault import Vault
from hato.services.settings_finder.candidate import Protocol, TlsMode
from hato.services.sources.removal import count_mail_of
from hato.services.sources.source import KIND, Keeping, Policy, Proof, Source, polling_lock
from hato.services.sources.sources import SECRET_KIND, Sources, new_source_id
from hato.store.api import Account, Store
from hato.store.changes import AddEmail, PutLedger, PutObject
from hato.store.memory import MemoryStore
from hato.store.model import LedgerEntry, LedgerState

KEY = Secret(b"k" * 32)
PASSWORD = Secret("my password there")
DRAFT = Source(
    source_id="",
    address="ada@provider.example",
    name="Provider",
    colour="#336699",
    added=0,
    protocol=Protocol.POP3,
    host="pop.provider.example",
    port=995,
    tls=TlsMode.IMPLICIT,
    login="ada@provider.example",
)
ENTRY = LedgerEntry(b"u1", LedgerState.STORED, None, 1, b"", b"", 1)


class Home:
    """An account with its sources, in a store in memory."""

    def __init__(self, store: Store, account: Account) -> None:
        self.clock = FixedClock()
        self.store = store
        self.account = account
        self.sources = Sources(account, Vault(KEY), self.clock)

    async def receive(self, source_id: str | None) -> EmailId:
        """Keep a message, as if it was fetched from a source."""
        staged = self.store.stage()
        await staged.write(b"Subject: hello\r\n\r\nhello\r\n")
        await staged.seal()
        wanted = AddEmail(staged, (self.account.inbox,), self.clock.now(), source=source_id)
        committed = await self.account.commit([wanted])
        return committed.facts[0].email_id  # type: ignore[union-attr]  # the first fact is Added

    async def count(self) -> int:
        return len(await self.account.snapshot(self.account.inbox))


@pytest.fixture
async def home() -> Home:
    store = MemoryStore(FixedClock())
    return Home(store, await store.account(await store.create_account()))


async def test_a_source_and_its_secret_are_kept_in_one_step(home: Home) -> None:
    before = await home.account.modseq()
    added = await home.sources.add(DRAFT, PASSWORD)
    assert await home.account.modseq() == before + 1
    assert added.added == home.clock.now()
    assert await home.sources.all() == [added]
    assert await home.sources.secret(added) == PASSWORD


async def test_what_is_known_of_its_letters_is_kept_in_the_same_step(home: Home) -> None:
    entry = LedgerEntry(b"uid-1", LedgerState.SEEN, None, 0, b"", b"", home.clock.now())
    before = await home.account.modseq()
    added = await home.sources.add(DRAFT, None, [entry])
    assert await home.account.modseq() == before + 1
    assert await home.account.ledger(added.source_id) == [entry]
    with pytest.raises(NotFoundError):
        await home.sources.secret(added)
    await home.sources.set_secret(added.source_id, PASSWORD)
    assert await home.sources.secret(added) == PASSWORD


async def test_it_is_found_by_its_address_however_it_is_typed_or_by_its_id(home: Home) -> None:
    added = await home.sources.add(DRAFT, PASSWORD)
    for text in ("ada@provider.example", "Ada@PROVIDER.example.", added.source_id):
        assert await home.sources.find(text) == added
    with pytest.raises(NotFoundError):
        await home.sources.find("bob@provider.example")


async def test_sources_are_named_in_the_order_in_which_they_were_added(home: Home) -> None:
    addresses = [f"{name}@provider.example" for name in "zmafq"]
    for address in addresses:
        home.clock.advance(60)
        await home.sources.add(
            msgspec.structs.replace(DRAFT, address=address, login=address), PASSWORD
        )
    assert [source.address for source in await home.sources.all()] == addresses


@pytest.mark.parametrize(
    "changed",
    [
        {"login": "other"},  # the same address
        {"address": "ADA@provider.example", "port": 110},
        {"address": "alias@provider.example"},  # the same login at the same server
        {"address": "alias@provider.example", "port": 110, "host": DRAFT.host.upper() + "."},
    ],
)
async def test_what_would_fetch_the_same_mail_twice_is_refused(
    home: Home, changed: dict[str, object]
) -> None:
    await home.sources.add(DRAFT, PASSWORD)
    with pytest.raises(AlreadyExistsError):
        await home.sources.add(msgspec.structs.replace(DRAFT, **changed), PASSWORD)
    assert len(await home.sources.all()) == 1


async def test_tunnels_to_two_providers_are_two_mailboxes(home: Home) -> None:
    for port in (1995, 2995):
        draft = msgspec.structs.replace(
            DRAFT, address=f"ada@{port}.example", host="127.0.0.1", port=port
        )
        await home.sources.add(draft, PASSWORD)
    assert len(await home.sources.all()) == 2


async def test_a_source_does_not_become_another_one_by_editing_either(home: Home) -> None:
    await home.sources.add(DRAFT, PASSWORD)
    other = await home.sources.add(
        msgspec.structs.replace(DRAFT, address="b@provider.example", login="b"), PASSWORD
    )
    with pytest.raises(AlreadyExistsError):
        await home.sources.change(other.source_id, address=DRAFT.address)


async def test_fields_are_changed_one_by_one(home: Home) -> None:
    added = await home.sources.add(DRAFT, PASSWORD)
    policy = Policy(Keeping.DELETE_AFTER_DAYS, 30)
    await home.sources.change(added.source_id, policy=policy)
    await home.sources.change(added.source_id, is_paused=True)
    changed = await home.sources.find(added.source_id)
    assert (changed.policy, changed.is_paused) == (policy, True)
    with pytest.raises(NotFoundError):
        await home.sources.change("nothing", is_paused=True)


async def test_fields_and_a_secret_are_changed_in_one_step(home: Home) -> None:
    added = await home.sources.add(DRAFT, PASSWORD)
    before = await home.account.modseq()
    changed = await home.sources.change(added.source_id, secret=Secret("new"), login="b")
    assert await home.account.modseq() == before + 1
    assert (changed.login, await home.sources.secret(changed)) == ("b", Secret("new"))


async def test_another_secret_takes_the_place_of_the_first(home: Home) -> None:
    added = await home.sources.add(DRAFT, PASSWORD)
    await home.sources.set_secret(added.source_id, Secret("new"))
    assert await home.sources.secret(added) == Secret("new")
    with pytest.raises(NotFoundError):
        await home.sources.set_secret("nothing", Secret("new"))


async def test_nothing_that_is_kept_shows_a_secret(home: Home) -> None:
    added = await home.sources.add(DRAFT, PASSWORD)
    kept = [
        *await home.account.stored_objects(KIND),
        *await home.account.stored_objects(SECRET_KIND),
    ]
    assert len(kept) == 2
    assert not any(PASSWORD.reveal() in one.content for one in kept)
    assert "password there" not in repr(added)


async def test_a_secret_opens_only_for_its_own_source_and_account(home: Home) -> None:
    added = await home.sources.add(DRAFT, PASSWORD)
    kept = await home.account.stored_object(SECRET_KIND, added.source_id)
    assert kept is not None
    other = await home.store.account(await home.store.create_account())
    for account, source_id in ((home.account, "elsewhere"), (other, added.source_id)):
        await account.commit([PutObject(SECRET_KIND, source_id, kept.content)])
        sources = Sources(account, Vault(KEY), home.clock)
        with pytest.raises(DamagedError):
            await sources.secret(msgspec.structs.replace(added, source_id=source_id))


async def test_a_replaced_key_is_told_from_damage(home: Home) -> None:
    added = await home.sources.add(DRAFT, PASSWORD)
    later = Sources(home.account, Vault(Secret(b"n" * 32)), home.clock)
    with pytest.raises(KeyReplacedError):
        await later.secret(added)
    assert await later.all() == [added]
    await later.set_secret(added.source_id, PASSWORD)
    assert await later.secret(added) == PASSWORD


async def test_an_unreadable_source_does_not_stop_the_others(home: Home) -> None:
    added = await home.sources.add(DRAFT, PASSWORD)
    for content in (b"", b"{}", b'{"source_id": 5}', b"\xff"):
        await home.account.commit([PutObject(KIND, "broken", content)])
        assert await home.sources.all() == [added]
        with pytest.raises(DamagedError):
            await home.sources.change("broken", is_paused=True)
    await home.sources.remove("broken", keep_mail=True)
    assert [one.object_id for one in await home.account.stored_objects(KIND)] == [added.source_id]


async def test_what_a_later_version_knows_besides_is_passed_over(home: Home) -> None:
    added = await home.sources.add(DRAFT, PASSWORD)
    fields = msgspec.to_builtins(added) | {"a field to come": True}
    content = msgspec.json.encode(fields)
    await home.account.commit([PutObject(KIND, added.source_id, content)])
    assert await home.sources.all() == [added]


async def test_a_source_goes_with_its_secret_and_its_mail_stays(home: Home) -> None:
    added = await home.sources.add(DRAFT, PASSWORD)
    await home.receive(added.source_id)
    assert await home.sources.remove(added.source_id, keep_mail=True) == 0
    assert await home.sources.all() == []
    assert await home.account.stored_objects(SECRET_KIND) == []
    assert await home.count() == 1
    with pytest.raises(NotFoundError):
        await home.sources.secret(added)
    with pytest.raises(NotFoundError):
        await home.sources.remove(added.source_id, keep_mail=True)


@pytest.mark.parametrize("changed", [{"host": "new.provider.example"}, {"address": "a@b.example"}])
async def test_who_comes_back_is_known_again_so_that_nothing_comes_twice(
    home: Home, changed: dict[str, object]
) -> None:
    added = await home.sources.add(DRAFT, PASSWORD)
    await home.account.commit([PutLedger(added.source_id, (ENTRY,))])
    await home.sources.remove(added.source_id, keep_mail=True)
    again = await home.sources.add(msgspec.structs.replace(DRAFT, **changed), PASSWORD)
    assert again.source_id == added.source_id
    assert await home.account.ledger(again.source_id) == [ENTRY]
    other = msgspec.structs.replace(DRAFT, address="b@provider.example", login="b")
    assert (await home.sources.add(other, PASSWORD)).source_id != added.source_id


async def test_its_mail_goes_only_where_that_is_wanted_and_nobody_else_s(home: Home) -> None:
    added = await home.sources.add(DRAFT, PASSWORD)
    await home.account.commit([PutLedger(added.source_id, (ENTRY,))])
    for source_id in (added.source_id, added.source_id, None, "other"):
        await home.receive(source_id)
    assert await count_mail_of(home.account, added.source_id) == 2
    assert await home.sources.remove(added.source_id, keep_mail=False) == 2
    assert await home.count() == 2
    assert len(await home.account.held()) == 2  # can be brought back
    assert await home.account.ledger(added.source_id) == []
    assert (await home.sources.add(DRAFT, PASSWORD)).source_id != added.source_id


async def test_a_source_that_is_being_fetched_is_not_removed(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hato.services.sources.sources._POLL_SECONDS", 0.0)
    added = await home.sources.add(DRAFT, PASSWORD)
    poll = await home.account.lock(polling_lock(added.source_id))
    with pytest.raises(InUseError):
        await home.sources.remove(added.source_id, keep_mail=False)
    assert await home.sources.all() == [added]
    await poll.release()
    await home.sources.remove(added.source_id, keep_mail=False)
    assert await home.sources.all() == []


async def test_one_that_is_to_be_authorised_has_no_secret_yet(home: Home) -> None:
    added = await home.sources.add(DRAFT, None)
    with pytest.raises(NotFoundError):
        await home.sources.secret(added)
    await home.sources.set_secret(added.source_id, Secret("{}"), Proof.OAUTH2)
    assert (await home.sources.find(added.source_id)).proof is Proof.OAUTH2


def test_ids_are_short_and_their_own() -> None:
    ids = {new_source_id() for _ in range(200)}
    assert len(ids) == 200
    assert all(len(one) == 8 and set(one) <= set("abcdefghijklmnopqrstuvwxyz234567") for one in ids)
