"""Domains, people, addresses and credentials in `hato.db`.

Called through `store.directory.Directory`.
Never waits on the event loop: reads come from the page cache, writes go to the writer's thread.
Standards: none of its own.
Fails as `store.directory` names it.
"""

from __future__ import annotations

from typing import Any, Final, TypeVar

import apsw
import msgspec

from hato.core.errors import AlreadyExistsError, ConflictError, NotFoundError
from hato.core.ids import AccountId, PersonId
from hato.core.language import Language
from hato.store.directory import Credential, CredentialId, Person, ScramKeys, Strictest
from hato.store.embedded.hato_db_reader import Reader, Row
from hato.store.embedded.hato_db_writer import Work, Writer

ResultT = TypeVar("ResultT")

_PERSON: Final = (
    "SELECT p.person_id, p.account_id, p.name, p.is_enabled, p.language, p.retr_sets_seen,"
    " p.expire_days, p.login_delay_seconds FROM person p"
)
_STRICTEST: Final = (
    "SELECT (SELECT max(login_delay_seconds) FROM person), (SELECT min(expire_days) FROM person)"
)
"""Two queries in one: so that each is answered by its index."""
_CREDENTIAL: Final = (
    "SELECT credential_id, person_id, label, hashed, scram_salt, scram_iterations,"
    " scram_stored_key, scram_server_key, recoverable, created, last_used FROM credential"
)


class EmbeddedDirectory:
    """The directory of one data folder."""

    def __init__(self, reader: Reader, writer: Writer) -> None:
        """Begin; the version is read when it is asked for."""
        self._reader = reader
        self._writer = writer
        self._seen: int | None = None
        self._version = 0

    async def version(self) -> int:
        """Return a number that grows with every change; 3 µs while the file is as it was."""
        seen = self._reader.data_version()
        if seen is None or seen != self._seen:
            self._version = await self._reader.run(_read_version)
            self._seen = seen
        return self._version

    # Domains

    async def add_domain(self, name: str) -> None:
        """Serve a domain."""

        def work(connection: apsw.Connection) -> None:
            if _has_domain(connection, name):
                raise AlreadyExistsError(name)
            connection.execute("INSERT INTO domain VALUES(?)", (name,))

        await self._change(work)

    async def remove_domain(self, name: str) -> None:
        """Serve it no longer."""

        def work(connection: apsw.Connection) -> None:
            if not _has_domain(connection, name):
                raise NotFoundError(name)
            if connection.execute("SELECT 1 FROM address WHERE domain = ?", (name,)).fetchall():
                raise ConflictError(name)
            connection.execute("DELETE FROM domain WHERE name = ?", (name,))

        await self._change(work)

    async def domains(self) -> list[str]:
        """Return all domains, sorted."""
        rows = await self._reader.rows("SELECT name FROM domain ORDER BY name")
        return [str(name) for (name,) in rows]

    # People

    async def add_person(self, person: Person) -> Person:
        """Add somebody; her id is given here."""

        def work(connection: apsw.Connection) -> Person:
            _check_name(connection, person.name, 0)
            connection.execute(
                "INSERT INTO person(account_id, name, is_enabled, language, retr_sets_seen,"
                " expire_days, login_delay_seconds, local_part) VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
                _person_fields(person),
            )
            given = PersonId(connection.last_insert_rowid())
            _add_address(connection, person.name, given)
            return msgspec.structs.replace(person, person_id=given)

        return await self._change(work)

    async def change_person(self, person: Person) -> None:
        """Replace what is known of somebody."""

        def work(connection: apsw.Connection) -> None:
            _require_person(connection, person.person_id)
            _check_name(connection, person.name, person.person_id)
            connection.execute(
                "UPDATE person SET account_id = ?, name = ?, is_enabled = ?, language = ?,"
                " retr_sets_seen = ?, expire_days = ?, login_delay_seconds = ?, local_part = ?"
                " WHERE person_id = ?",
                (*_person_fields(person), person.person_id),
            )
            _add_address(connection, person.name, person.person_id)

        await self._change(work)

    async def remove_person(self, person_id: PersonId) -> None:
        """Remove somebody with her addresses and credentials."""

        def work(connection: apsw.Connection) -> None:
            _require_person(connection, person_id)
            connection.execute("DELETE FROM person WHERE person_id = ?", (person_id,))

        await self._change(work)

    async def person(self, person_id: PersonId) -> Person:
        """Return somebody."""
        people = await self._people(f"{_PERSON} WHERE p.person_id = ?", person_id)
        if not people:
            raise NotFoundError(str(person_id))
        return people[0]

    async def find_person(self, name: str) -> Person | None:
        """Find somebody by her exact name."""
        people = await self._people(f"{_PERSON} WHERE p.name = ?", name)
        return people[0] if people else None

    async def find_people_by_local_part(self, local_part: str) -> list[Person]:
        """Find people whose name begins with `local_part@`."""
        return await self._people(f"{_PERSON} WHERE p.local_part = ? ORDER BY p.name", local_part)

    async def people(self) -> list[Person]:
        """Return everybody, by name."""
        return await self._people(f"{_PERSON} ORDER BY p.name")

    async def first_person(self) -> Person | None:
        """Return whoever was added first."""
        people = await self._people(f"{_PERSON} ORDER BY p.person_id LIMIT 1")
        return people[0] if people else None

    async def strictest(self) -> Strictest:
        """Return the strictest delay and expiry of all people."""
        ((delay, days),) = await self._reader.rows(_STRICTEST)
        return Strictest(delay or 0, days)

    # Addresses

    async def add_address(self, address: str, person_id: PersonId) -> None:
        """Let mail to an address reach somebody."""

        def work(connection: apsw.Connection) -> None:
            _require_person(connection, person_id)
            if not _has_domain(connection, _domain_of(address)):
                raise NotFoundError(_domain_of(address))
            if not _add_address(connection, address, person_id):
                raise AlreadyExistsError(address)

        await self._change(work)

    async def remove_address(self, address: str, person_id: PersonId) -> None:
        """Let it reach her no longer."""

        def work(connection: apsw.Connection) -> None:
            pair = (address, person_id)
            connection.execute("DELETE FROM address WHERE address = ? AND person_id = ?", pair)
            if not connection.changes():
                raise NotFoundError(address)
            query = "SELECT 1 FROM person WHERE name = ? AND person_id = ?"
            if connection.execute(query, pair).fetchall():
                raise ConflictError(address)

        await self._change(work)

    async def addresses(self) -> list[tuple[str, PersonId]]:
        """Return all addresses and whom they reach, sorted."""
        rows = await self._reader.rows("SELECT address, person_id FROM address ORDER BY 1, 2")
        return msgspec.convert(rows, list[tuple[str, PersonId]])

    async def people_at(self, address: str) -> list[Person]:
        """Return whom an exact address reaches, by id."""
        return await self._people(
            f"{_PERSON} JOIN address a USING(person_id) WHERE a.address = ? ORDER BY a.person_id",
            address,
        )

    # Credentials

    async def credentials(self, person_id: PersonId) -> list[Credential]:
        """Return all ways in of somebody, the main password first."""
        rows = await self._reader.rows(
            f"{_CREDENTIAL} WHERE person_id = ? ORDER BY label", person_id
        )
        return [_credential(row) for row in rows]

    async def put_credential(
        self, credential: Credential, *, replacing: str | None = None
    ) -> Credential:
        """Add a credential or replace one."""

        def work(connection: apsw.Connection) -> Credential:
            _require_person(connection, credential.person_id)
            _check_credential(connection, credential, replacing)
            given = credential.credential_id or None
            connection.execute(
                "INSERT OR REPLACE INTO credential(credential_id, person_id, label, hashed,"
                " scram_salt, scram_iterations, scram_stored_key, scram_server_key, recoverable,"
                " created, last_used) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (given, *_credential_fields(credential)),
            )
            written = CredentialId(connection.last_insert_rowid())
            return msgspec.structs.replace(credential, credential_id=written)

        return await self._change(work)

    async def remove_credential(self, credential_id: CredentialId) -> None:
        """Revoke it."""

        def work(connection: apsw.Connection) -> None:
            connection.execute("DELETE FROM credential WHERE credential_id = ?", (credential_id,))
            if not connection.changes():
                raise NotFoundError(str(credential_id))

        await self._change(work)

    async def note_use(self, credential_id: CredentialId, at: int) -> None:
        """Remember when it was last used."""
        statement = "UPDATE credential SET last_used = ? WHERE credential_id = ?"
        await self._writer.run(
            lambda connection: connection.execute(statement, (at, credential_id)).fetchall()
        )

    async def _people(self, query: str, *values: str | int) -> list[Person]:
        return [_person(row) for row in await self._reader.rows(query, *values)]

    async def _change(self, work: Work[ResultT]) -> ResultT:
        """Do some work and count it as a change of the directory."""

        def counted(connection: apsw.Connection) -> ResultT:
            result = work(connection)
            connection.execute("UPDATE directory_version SET number = number + 1")
            return result

        return await self._writer.run(counted)


def _read_version(connection: apsw.Connection) -> int:
    rows: list[Any] = connection.execute("SELECT number FROM directory_version").fetchall()
    return int(rows[0][0])


def _has_domain(connection: apsw.Connection, name: str) -> bool:
    return bool(connection.execute("SELECT 1 FROM domain WHERE name = ?", (name,)).fetchall())


def _require_person(connection: apsw.Connection, person_id: PersonId) -> None:
    """Raise NotFoundError for nobody."""
    query = "SELECT 1 FROM person WHERE person_id = ?"
    if not connection.execute(query, (person_id,)).fetchall():
        raise NotFoundError(str(person_id))


def _check_name(connection: apsw.Connection, name: str, owner: int) -> None:
    """Refuse a name that is somebody else's or of a domain that is not served."""
    query = "SELECT 1 FROM person WHERE name = ? AND person_id <> ?"
    if connection.execute(query, (name, owner)).fetchall():
        raise AlreadyExistsError(name)
    if not _has_domain(connection, _domain_of(name)):
        raise NotFoundError(_domain_of(name))


def _check_credential(
    connection: apsw.Connection, credential: Credential, replacing: str | None
) -> None:
    """Refuse what is gone, was changed, or whose label is another one's."""
    rows: list[Any] = connection.execute(
        "SELECT credential_id, label, hashed FROM credential WHERE person_id = ?",
        (credential.person_id,),
    ).fetchall()
    known = {int(row[0]): row for row in rows}
    row = known.get(credential.credential_id)
    if row is None and credential.credential_id:
        raise NotFoundError(str(credential.credential_id))
    if replacing is not None and (row is None or row[2] != replacing):
        raise ConflictError(credential.label)
    labels = {label: number for number, label, _ in rows}
    if labels.get(credential.label, credential.credential_id) != credential.credential_id:
        raise AlreadyExistsError(credential.label)


def _add_address(connection: apsw.Connection, address: str, person_id: PersonId) -> bool:
    """Add an address; False when it was there."""
    statement = "INSERT OR IGNORE INTO address VALUES(?, ?, ?)"
    connection.execute(statement, (address, person_id, _domain_of(address)))
    return connection.changes() > 0


def _person_fields(person: Person) -> tuple[Any, ...]:
    """Return the values of a person's columns, without the id."""
    return (
        person.account_id,
        person.name,
        int(person.is_enabled),
        person.language.value if person.language else "",
        int(person.retr_sets_seen),
        person.expire_days,
        person.login_delay_seconds,
        person.name.rpartition("@")[0],
    )


def _person(row: Row) -> Person:
    number, account, name, is_enabled, language, sets_seen, expire_days, login_delay = row
    return Person(
        PersonId(number),
        AccountId(account),
        name,
        is_enabled=bool(is_enabled),
        language=Language(language) if language else None,
        retr_sets_seen=bool(sets_seen),
        expire_days=expire_days,
        login_delay_seconds=login_delay,
    )


def _credential_fields(credential: Credential) -> tuple[Any, ...]:
    """Return the values of a credential's columns, without the id."""
    scram = credential.scram
    keys = (
        (scram.salt, scram.iterations, scram.stored_key, scram.server_key) if scram else (None,) * 4
    )
    return (
        credential.person_id,
        credential.label,
        credential.hashed,
        *keys,
        credential.recoverable,
        credential.created,
        credential.last_used,
    )


def _credential(row: Row) -> Credential:
    number, person, label, hashed, salt, *keys, recoverable, created, last_used = row
    return Credential(
        CredentialId(number),
        PersonId(person),
        label,
        hashed,
        None if salt is None else ScramKeys(salt, *keys),
        recoverable,
        created,
        last_used,
    )


def _domain_of(address: str) -> str:
    """Return what stands behind the last `@`."""
    return address.rpartition("@")[2]
