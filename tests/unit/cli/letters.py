"""Letters put into ada's mailbox straight, for the tests of the mail verbs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import msgspec

from hato.app import Composition
from hato.core.ids import EmailId, MailboxId
from hato.core.settings_file import read_settings
from hato.services.settings_finder.candidate import Protocol, TlsMode
from hato.services.sources.source import KIND, Source
from hato.store.api import Account, Store
from hato.store.changes import Added, AddEmail, MailboxMade, MakeMailbox, PutObject
from hato.store.model import TOP, Email, Role

AnswerT = TypeVar("AnswerT")
NOON = 1_800_000_000


def in_account(
    config: Path,
    work: Callable[[Store, Account], Awaitable[AnswerT]],
    name: str = "ada@example.org",
) -> AnswerT:
    """Do something with somebody's account, the store open."""

    async def run() -> AnswerT:
        store = await Composition().open_store(read_settings(config))
        try:
            person = await store.directory.find_person(name)
            assert person is not None
            return await work(store, await store.account(person.account_id))
        finally:
            await store.close()

    return asyncio.run(run())


def put(
    config: Path,
    *letters: bytes,
    received: int = NOON,
    folder: str = "",
    source: str | None = None,
    keywords: frozenset[str] = frozenset(),
    reference_hashes: tuple[int, ...] = (),
    role: Role | None = None,
) -> list[EmailId]:
    """Put letters into INBOX or a folder, a minute apart; return their ids."""

    async def work(store: Store, account: Account) -> list[EmailId]:
        mailbox = await _folder(account, folder, role) if folder else account.inbox
        ids = []
        for number, octets in enumerate(letters):
            staged = store.stage()
            await staged.write(octets.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
            await staged.seal()
            wanted = AddEmail(
                staged,
                (mailbox,),
                received + 60 * number,
                source=source,
                keywords=keywords,
                reference_hashes=reference_hashes,
            )
            committed = await account.commit([wanted])
            ids += [fact.email_id for fact in committed.facts if isinstance(fact, Added)]
        return ids

    return in_account(config, work)


async def _folder(account: Account, name: str, role: Role | None) -> MailboxId:
    for mailbox in await account.mailboxes():
        if mailbox.name == name:
            return mailbox.mailbox_id
    committed = await account.commit([MakeMailbox(TOP, name, role)])
    return next(f.mailbox_id for f in committed.facts if isinstance(f, MailboxMade))


def add_source(config: Path, source_id: str, address: str, **fields: object) -> None:
    """Keep an account elsewhere, without a secret."""
    source = Source(
        source_id=source_id,
        address=address,
        name=address.partition("@")[0],
        colour="#2a6fb0",
        added=NOON,
        protocol=Protocol.POP3,
        host="localhost",
        port=995,
        tls=TlsMode.IMPLICIT,
        login=address,
    )
    source = msgspec.structs.replace(source, **fields)

    async def work(_store: Store, account: Account) -> None:
        await account.commit([PutObject(KIND, source_id, msgspec.json.encode(source))])

    in_account(config, work)


def look(config: Path, *ids: EmailId) -> list[Email]:
    """Return what is known of letters."""

    async def work(_store: Store, account: Account) -> list[Email]:
        return await account.emails(ids)

    return in_account(config, work)


def letter(
    subject: str, *, sender: str = "ken@example.com", text: str = "Hello", more: str = ""
) -> bytes:
    """Return a plain letter."""
    header = f"From: {sender}\nTo: ada@example.org\nSubject: {subject}\n{more}"
    return f"{header}Content-Type: text/plain; charset=utf-8\n\n{text}\n".encode()
