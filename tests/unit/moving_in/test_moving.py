"""An old program's account becomes a source in one step, with what is known of its letters."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from hato.core.clock import FixedClock
from hato.core.errors import AlreadyExistsError, StorageFullError
from hato.core.ids import ModSeq
from hato.core.secret import Secret
from hato.services.auth.vault import Vault
from hato.services.moving_in import notes
from hato.services.moving_in.fetchmail_accounts import read_fetchmailrc
from hato.services.moving_in.found import Found, Place, fault_of
from hato.services.moving_in.memories import UniqueIds
from hato.services.moving_in.moving import Ready, Standing, move_in, standing_of
from hato.services.moving_in.netrc_passwords import find_password
from hato.services.sources.sources import Sources
from hato.store.api import Account
from hato.store.memory import MemoryStore
from hato.store.model import LedgerState

PLACE = Place(Path("/somewhere/.fetchmailrc"), Path("/somewhere"))
CLOCK = FixedClock()
PASSWORD = Secret("there")


def found(words: str = "user ada pass there ssl", server: str = "pop.example.net") -> Found:
    (one,) = read_fetchmailrc(f"poll {server} proto pop3 {words}", PLACE).found
    return one


def ready(*ids: bytes, secret: Secret | None = PASSWORD) -> Ready:
    why = None if secret else notes.NO_PASSWORD
    return Ready(found(), secret, why, UniqueIds(list(ids)) if ids else None)


@pytest.fixture
async def account() -> Account:
    store = MemoryStore(CLOCK)
    return await store.account(await store.create_account())


@pytest.fixture
def sources(account: Account) -> Sources:
    return Sources(account, Vault(Secret(b"k" * 32)), CLOCK)


async def test_source_password_and_memory_are_one_step(account: Account, sources: Sources) -> None:
    before = await account.modseq()
    one = ready(b"a", b"b")
    source = await move_in(sources, one.found.source, one, CLOCK)
    assert await account.modseq() == ModSeq(before + 1)
    assert await sources.secret(source) == Secret("there")
    ledger = await account.ledger(source.source_id)
    assert [entry.uidl for entry in ledger] == [b"a", b"b"]


async def test_letters_of_the_old_program_are_known_but_not_here(
    account: Account, sources: Sources
) -> None:
    one = ready(b"a")
    source = await move_in(sources, one.found.source, one, CLOCK)
    (entry,) = await account.ledger(source.source_id)
    assert entry.state is LedgerState.SEEN
    assert entry.email_id is None
    assert entry.stored_at == 0


async def test_nothing_is_kept_of_an_account_where_the_disk_is_full(
    account: Account, sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: object, **__: object) -> None:
        raise StorageFullError

    monkeypatch.setattr(account, "commit", refuse)
    one = ready(b"a")
    with pytest.raises(StorageFullError):
        await move_in(sources, one.found.source, one, CLOCK)
    assert await sources.all() == []


def test_an_account_is_here_by_its_server_and_login_and_an_address_can_be_taken() -> None:
    one = found().source
    assert standing_of(one, []) is Standing.NEW
    changed = msgspec.structs.replace(one, address="other@example.net", port=110)
    assert standing_of(one, [changed]) is Standing.HERE
    elsewhere = msgspec.structs.replace(one, host="pop.example.org")
    assert standing_of(one, [elsewhere]) is Standing.ADDRESS_TAKEN


async def test_a_second_time_nothing_changes(account: Account, sources: Sources) -> None:
    one = ready(b"a")
    source = await move_in(sources, one.found.source, one, CLOCK)
    before = await account.modseq()
    again = ready(b"a", b"b")
    assert standing_of(again.found.source, [source]) is Standing.HERE
    with pytest.raises(AlreadyExistsError):
        await move_in(sources, again.found.source, again, CLOCK)
    assert await account.modseq() == before


def test_what_the_person_should_know_is_said() -> None:
    said = [note.en for note in ready(b"a", b"b").notes()]
    assert said[0].startswith("Letters that fetchmail fetched and Hato does not: 2.")
    assert any("deleted at the server once it is safe here" in note for note in said)
    unknown = [note.en for note in ready(secret=None).notes()]
    assert any("no memory of fetchmail" in note for note in unknown)
    assert any("hato account password ada@pop.example.net" in note for note in unknown)


@pytest.mark.parametrize(
    "words",
    [
        "user 'a\x1b[2Jb' pass x",
        "user 'a\nb' pass x",
        "user \\xe9 pass x",
        f"user {'x' * 321} pass x",
        "user a pass x ssl sslcertfile \\xff",
    ],
)
def test_words_that_cannot_be_kept_or_shown_are_refused(words: str) -> None:
    source = found(words).source
    assert fault_of(source) is notes.BAD_WORDS
    assert source.address.isprintable()


@pytest.mark.parametrize(
    ("server", "host"),
    [
        ("POP.Example.NET", "pop.example.net"),
        ("192.0.2.1", "192.0.2.1"),
        ("'2001:db8::1'", "2001:db8::1"),
        ("bücher.example", "xn--bcher-kva.example"),
    ],
)
def test_a_host_has_one_form(server: str, host: str) -> None:
    source = found(server=server).source
    assert source.host == host
    assert fault_of(source) is None


@pytest.mark.parametrize("server", ["'a b'", "../x", "a..b", "'-x'"])
def test_a_server_that_can_be_none_is_refused(server: str) -> None:
    assert fault_of(found(server=server).source) is notes.BAD_HOST


NETRC = """\
# mine
machine POP.example.net login bob password "not \\"this\\""
macdef init
machine pop.example.net login ada password neither

machine pop.example.net
  login ada account x password this#one
default login anonymous password me@
"""


@pytest.mark.parametrize(
    ("host", "login", "password"),
    [
        ("pop.example.net", "ada", b"this#one"),
        ("pop.example.net", "bob", b'not "this"'),
        ("pop.example.net", "eve", None),
        ("other.example", "ada", None),
    ],
)
def test_a_netrc_file_has_a_password_for_one_login_at_one_host(
    host: str, login: str, password: bytes | None
) -> None:
    secret = find_password(NETRC, host, login)
    assert (secret.reveal() if secret else None) == password
