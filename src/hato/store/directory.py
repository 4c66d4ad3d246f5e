"""The part of the store's contract that belongs to nobody alone: people, names, secrets, queues.

Called by services (auth, accounts, delivery, sending) and the command line.
Never decides who may do what; never sees a password, only what is kept of it.
Standards: RFC 5321 §2.3.11 (addresses), RFC 5802 §5.1 (SCRAM's stored keys).
Fails with NotFoundError, AlreadyExistsError, UnavailableError as named.
"""

from __future__ import annotations

from typing import NewType, Protocol

import msgspec

from hato.core.ids import AccountId, PersonId
from hato.core.language import Language

CredentialId = NewType("CredentialId", int)
QueueId = NewType("QueueId", int)


class Person(msgspec.Struct, frozen=True):
    """Somebody who can log in, and how she wants things."""

    person_id: PersonId
    account_id: AccountId
    name: str
    """Her main address, normalised: `ada@example.org`. It is what she logs in with."""
    is_enabled: bool = True
    language: Language | None = None
    """Of replies to her; None: she has not chosen, the configured one holds."""
    retr_sets_seen: bool = False
    """Whether reading by POP3 marks a message as seen."""
    expire_days: int | None = None
    """Messages of INBOX older than this are deleted (RFC 2449 §6.7), at least 1; None: never."""
    login_delay_seconds: int = 0
    """Least time between two POP3 logins (RFC 2449 §6.5)."""


class Strictest(msgspec.Struct, frozen=True):
    """The strictest of what holds for all people together."""

    login_delay_seconds: int = 0
    """The longest; 0 where nobody has one."""
    expire_days: int | None = None
    """The shortest; None where nobody has one."""


class ScramKeys(msgspec.Struct, frozen=True):
    """What SCRAM-SHA-256 needs of a password (RFC 5802 §5.1)."""

    salt: bytes
    iterations: int
    stored_key: bytes
    server_key: bytes

    def __repr__(self) -> str:
        """Hide what a stolen log could be tried against."""
        return "ScramKeys(***)"


class Credential(msgspec.Struct, frozen=True):
    """One way in: the main password or one device's."""

    credential_id: CredentialId
    person_id: PersonId
    label: str
    """Empty for the main password; the device's name for an app password."""
    hashed: str
    """`{SCHEME}…`: what a password is checked against."""
    scram: ScramKeys | None
    recoverable: bytes | None
    """The secret itself, only where the operator opted in to APOP; encrypted elsewhere."""
    created: int
    last_used: int | None
    """Seconds since 1970 UTC, written at most every five minutes."""

    def __repr__(self) -> str:
        """Say whose it is, and nothing of the secret."""
        who = f"credential_id={self.credential_id}, person_id={self.person_id}"
        return f"Credential({who}, label={self.label!r}, ***)"


class Directory(Protocol):
    """Domains, people, addresses and their credentials."""

    async def version(self) -> int:
        """Return a number that differs after any change, by any process; cheap."""
        ...

    async def add_domain(self, name: str) -> None:
        """Serve a domain (lower case, A-labels: normalised by the caller).

        Raises AlreadyExistsError.
        """
        ...

    async def remove_domain(self, name: str) -> None:
        """Serve it no longer.

        Raises NotFoundError; ConflictError while people or addresses are in it.
        """
        ...

    async def domains(self) -> list[str]:
        """Return all domains, sorted."""
        ...

    async def add_person(self, person: Person) -> Person:
        """Add somebody; `person_id` is given here. Her name becomes an address of hers.

        Raises AlreadyExistsError when the name is somebody's, NotFoundError for its domain.
        """
        ...

    async def change_person(self, person: Person) -> None:
        """Replace what is known of `person.person_id`, name included.

        A new name becomes an address of hers; the old one stays an address. Raises as `add_person`.
        """
        ...

    async def remove_person(self, person_id: PersonId) -> None:
        """Remove somebody with her addresses and credentials; her account stays.

        Raises NotFoundError.
        """
        ...

    async def person(self, person_id: PersonId) -> Person:
        """Return somebody. Raises NotFoundError."""
        ...

    async def find_person(self, name: str) -> Person | None:
        """Find somebody by her exact normalised name."""
        ...

    async def find_people_by_local_part(self, local_part: str) -> list[Person]:
        """Find people whose name begins with `local_part@`: for logins without a domain."""
        ...

    async def people(self) -> list[Person]:
        """Return everybody, by name."""
        ...

    async def first_person(self) -> Person | None:
        """Return whoever was added first of those who are there, enabled or not."""
        ...

    async def strictest(self) -> Strictest:
        """Return the strictest delay and expiry of all people, enabled or not; cheap."""
        ...

    async def add_address(self, address: str, person_id: PersonId) -> None:
        """Let mail to an address reach somebody; `@domain` catches all. Several may share one.

        Raises NotFoundError (domain or person), AlreadyExistsError (this very pair).
        """
        ...

    async def remove_address(self, address: str, person_id: PersonId) -> None:
        """Undo it. Raises NotFoundError; ConflictError for somebody's name."""
        ...

    async def addresses(self) -> list[tuple[str, PersonId]]:
        """Return all addresses and whom they reach, sorted."""
        ...

    async def people_at(self, address: str) -> list[Person]:
        """Return whom an exact normalised address reaches; enabled or not."""
        ...

    async def credentials(self, person_id: PersonId) -> list[Credential]:
        """Return all ways in of somebody, the main password first."""
        ...

    async def put_credential(
        self, credential: Credential, *, replacing: str | None = None
    ) -> Credential:
        """Add a credential (`credential_id` 0) or replace one; labels are unique per person.

        With `replacing`, only while its `hashed` is still that: who upgrades an old hash must not
        undo a new password. Raises NotFoundError (person or credential), AlreadyExistsError
        (label), ConflictError (`replacing`).
        """
        ...

    async def remove_credential(self, credential_id: CredentialId) -> None:
        """Revoke it. Raises NotFoundError."""
        ...

    async def note_use(self, credential_id: CredentialId, at: int) -> None:
        """Remember when it was last used; does not change `version`. Harmless when it is gone."""
        ...


class Counters(Protocol):
    """Counts of events in time, shared by all processes, kept over restarts."""

    async def add(self, key: str, at: int) -> None:
        """Count one event. `at`: seconds since 1970 UTC."""
        ...

    async def count(self, key: str, since: int) -> int:
        """Return how many events of `key` happened at or after `since`."""
        ...

    async def latest(self, key: str) -> int | None:
        """Return when the last event of `key` happened, or None."""
        ...

    async def forget(self, key: str) -> None:
        """Begin anew with `key`."""
        ...

    async def prune(self, before: int) -> None:
        """Drop what happened before a time."""
        ...


class Lease(msgspec.Struct, frozen=True):
    """The right to do something for a while."""

    name: str
    owner: str
    fence: int
    until: int


class Leases(Protocol):
    """Who does a job that must be done by one process only."""

    async def acquire(self, name: str, owner: str, now: int, seconds: int) -> Lease | None:
        """Take the lease if it is free, expired or one's own; None when somebody else has it."""
        ...

    async def renew(self, lease: Lease, now: int, seconds: int) -> Lease:
        """Hold it longer. Raises ConflictError when it was lost."""
        ...

    async def release(self, lease: Lease) -> None:
        """Give it back; harmless when it was lost."""
        ...

    async def end_all(self) -> None:
        """End all of them: for who knows that nobody is there any more who could hold one."""
        ...


class QueueItem(msgspec.Struct, frozen=True):
    """Something that must leave for another machine."""

    queue_id: QueueId
    key: str
    """Idempotency key: putting the same key again adds nothing."""
    payload: bytes
    """What to do, and how far it is: small."""
    body: bytes
    """Octets that lie nowhere else: small too, since lists of items bring them along. A letter lies
    in its account, and the payload names it."""
    due: int
    attempts: int
    reason: str
    """Why the last attempt failed, in words."""
    created: int


class Queue(Protocol):
    """What waits to leave, durable."""

    async def put(self, key: str, payload: bytes, body: bytes, due: int, now: int) -> QueueId:
        """Add an item, or find the one with the same key."""
        ...

    async def claim(self, owner: str, now: int, seconds: int, limit: int) -> list[QueueItem]:
        """Take due items that nobody holds, for `seconds`; counts an attempt for each."""
        ...

    async def claim_one(self, queue_id: QueueId, owner: str, now: int, seconds: int) -> QueueItem:
        """Take one item, due or not, for `seconds`; counts an attempt.

        Raises NotFoundError; InUseError while somebody holds it.
        """
        ...

    async def keep(
        self, queue_id: QueueId, owner: str, now: int, seconds: int, payload: bytes | None = None
    ) -> None:
        """Hold a claimed item for `seconds` from now, and write how far it is, durably.

        `payload`: None leaves it as it is. Raises ConflictError when the claim was lost.
        """
        ...

    async def retry(
        self,
        queue_id: QueueId,
        owner: str,
        due: int,
        reason: str,
        payload: bytes | None = None,
    ) -> None:
        """Give an item back for later; `payload`: None leaves it as it is.

        Raises ConflictError when the claim was lost.
        """
        ...

    async def done(self, queue_id: QueueId, owner: str) -> None:
        """Remove an item that has left. Raises ConflictError when the claim was lost."""
        ...

    async def drop(self, queue_id: QueueId) -> None:
        """Remove an item by decision. Raises NotFoundError."""
        ...

    async def item(self, queue_id: QueueId) -> QueueItem:
        """Return an item, claimed or not. Raises NotFoundError."""
        ...

    async def items(self) -> list[QueueItem]:
        """Return all that waits, by due time."""
        ...
