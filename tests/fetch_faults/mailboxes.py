"""Somebody's mailbox at a provider, of which the letters are known: our own server, or Dovecot.

Used by the runs that kill a fetching process or cut its connection.
Never asks the fetching side what is there: it looks into the provider's own store.
Standards: none.
Fails as the providers do.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from hato.core.clock import SystemClock
from hato.core.settings import StoreSettings
from hato.store.embedded import EmbeddedStore
from tests.faults.marked_letters import DamageError, letter_of
from tests.fetching.dovecot import Dovecot, dovecot
from tests.fetching.maildrop import LOGIN, PASSWORD
from tests.system.fixtures import deliver_letters
from tests.system.people import Person
from tests.system.server_process import Certificates, HatoServer


class ProviderMailbox(Protocol):
    """What a run wants of a provider."""

    name: str
    login: str
    password: str
    port: int
    """Without TLS: the runs look at octets."""

    def put(self, marks: Sequence[str]) -> None:
        """Let letters arrive."""
        ...

    def present(self) -> list[bytes]:
        """Return the letters that are there."""
        ...


class AtDovecot:
    """A mailbox at Dovecot."""

    name = "Dovecot"
    login = LOGIN
    password = PASSWORD

    def __init__(self, server: Dovecot) -> None:
        self._server = server
        self.port = server.pop3

    def put(self, marks: Sequence[str]) -> None:
        """As in ProviderMailbox."""
        self._server.put([letter_of(mark) for mark in marks])

    def present(self) -> list[bytes]:
        """As in ProviderMailbox."""
        return self._server.present()


class AtHato:
    """A mailbox at a server of our own."""

    name = "Hato"

    def __init__(self, server: HatoServer, person: Person) -> None:
        self._server = server
        self._person = person
        self.login = person.address
        self.password = person.password
        self.port = server.addresses["pop3"][1]

    def put(self, marks: Sequence[str]) -> None:
        """As in ProviderMailbox."""
        deliver_letters(self._server, self._person, *[letter_of(mark) for mark in marks])

    def present(self) -> list[bytes]:
        """As in ProviderMailbox."""
        return stored_letters(self._server.data_folder)


@contextlib.contextmanager
def at_dovecot(folder: Path) -> Iterator[ProviderMailbox]:
    """Serve an empty mailbox by Dovecot."""
    certificates = Certificates(folder / "certificates")
    with dovecot(certificates.certificate_file, certificates.key_file) as server:
        yield AtDovecot(server)


@contextlib.contextmanager
def at_hato(folder: Path) -> Iterator[ProviderMailbox]:
    """Serve an empty mailbox by a server of our own."""
    certificates = Certificates(folder / "certificates")
    anybody: dict[str, dict[str, object]] = {"auth": {"allow_plaintext_from": ["127.0.0.0/8"]}}
    server = HatoServer(folder / "provider", certificates, anybody, workers=1)
    server.prepare()
    person = Person("ada@example.org", "open sesame ada")
    server.add_person(person)
    server.start()
    try:
        yield AtHato(server, person)
    finally:
        server.kill()
    assert "Traceback" not in server.log(), server.log()[-6000:]


def stored_letters(data_folder: Path) -> list[bytes]:
    """Read every letter of a store that has one account, whoever else has it open."""
    return list(stored_emails(data_folder).values())


def stored_emails(data_folder: Path) -> dict[int, bytes]:
    """Read the same letters by their ids, in order."""
    return asyncio.run(_stored_emails(data_folder))


async def _stored_emails(data_folder: Path) -> dict[int, bytes]:
    store = await EmbeddedStore(data_folder, StoreSettings(), SystemClock()).open()
    try:
        (account_id,) = await store.account_ids()
        account = await store.account(account_id)
        found: dict[int, bytes] = {}
        for mailbox in await account.mailboxes():
            snapshot = await account.snapshot(mailbox.mailbox_id)
            for email in await account.emails(list(snapshot.email_ids)):  # type: ignore[arg-type]  # they are ids
                pieces: list[bytes] = []
                while (at := sum(map(len, pieces))) < email.body.size_octets:
                    piece = await account.read(email.body, at, email.body.size_octets)
                    pieces.append(bytes(piece.data))
                found[email.email_id] = b"".join(pieces)
        return dict(sorted(found.items()))
    finally:
        await store.close()


def mark_of(stored: bytes) -> str:
    """Return the mark of a letter, all of whose octets are compared; DamageError."""
    at = stored.find(b"\r\nMessage-ID: <m")
    if at < 0:
        raise DamageError(f"a letter without a mark: {stored[:300]!r}")
    mark = stored[at + len(b"\r\nMessage-ID: <") :].partition(b"@")[0].decode()
    if not stored.endswith(letter_of(mark)):
        raise DamageError(f"{mark} came with other octets ({len(stored)} of them)")
    return mark
