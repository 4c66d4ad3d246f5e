"""People, names, secrets, counters, leases and queue in memory: the readable specification.

Called by `store.memory` and by tests of services and edges.
Never keeps anything over a restart; never waits.
Standards: none of its own.
Fails as `store.directory` names it, except that nothing here is ever unavailable.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from itertools import count

import msgspec

from hato.core.errors import AlreadyExistsError, ConflictError, InUseError, NotFoundError
from hato.core.ids import PersonId
from hato.store.directory import (
    Credential,
    CredentialId,
    Lease,
    Person,
    QueueId,
    QueueItem,
    Strictest,
)


class MemoryDirectory:
    """Domains, people, addresses and credentials in dictionaries."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self._version = 1
        self._domains: set[str] = set()
        self._people: dict[PersonId, Person] = {}
        self._addresses: set[tuple[str, PersonId]] = set()
        self._credentials: dict[CredentialId, Credential] = {}
        self._person_ids = count(1)
        self._credential_ids = count(1)

    async def version(self) -> int:
        """Return a number that grows with every change."""
        return self._version

    # Domains

    async def add_domain(self, name: str) -> None:
        """Serve a domain."""
        if name in self._domains:
            raise AlreadyExistsError(name)
        self._domains.add(name)
        self._version += 1

    async def remove_domain(self, name: str) -> None:
        """Serve it no longer."""
        if name not in self._domains:
            raise NotFoundError(name)
        if any(_domain_of(address) == name for address, _ in self._addresses):
            raise ConflictError(name)
        self._domains.remove(name)
        self._version += 1

    async def domains(self) -> list[str]:
        """Return all domains, sorted."""
        return sorted(self._domains)

    # People

    async def add_person(self, person: Person) -> Person:
        """Add somebody; her id is given here."""
        self._check_name(person.name, None)
        added = msgspec.structs.replace(person, person_id=PersonId(next(self._person_ids)))
        self._people[added.person_id] = added
        self._addresses.add((added.name, added.person_id))
        self._version += 1
        return added

    async def change_person(self, person: Person) -> None:
        """Replace what is known of somebody."""
        await self.person(person.person_id)
        self._check_name(person.name, person.person_id)
        self._people[person.person_id] = person
        self._addresses.add((person.name, person.person_id))
        self._version += 1

    async def remove_person(self, person_id: PersonId) -> None:
        """Remove somebody with her addresses and credentials."""
        await self.person(person_id)
        del self._people[person_id]
        self._addresses = {pair for pair in self._addresses if pair[1] != person_id}
        for credential in await self.credentials(person_id):
            del self._credentials[credential.credential_id]
        self._version += 1

    async def person(self, person_id: PersonId) -> Person:
        """Return somebody."""
        if person_id not in self._people:
            raise NotFoundError(str(person_id))
        return self._people[person_id]

    async def find_person(self, name: str) -> Person | None:
        """Find somebody by her exact name."""
        return next((p for p in self._people.values() if p.name == name), None)

    async def find_people_by_local_part(self, local_part: str) -> list[Person]:
        """Find people whose name begins with `local_part@`."""
        return [p for p in await self.people() if p.name.rpartition("@")[0] == local_part]

    async def people(self) -> list[Person]:
        """Return everybody, by name."""
        return sorted(self._people.values(), key=lambda person: person.name)

    async def first_person(self) -> Person | None:
        """Return whoever was added first."""
        return min(self._people.values(), key=lambda person: person.person_id, default=None)

    async def strictest(self) -> Strictest:
        """Return the strictest delay and expiry of all people."""
        people = self._people.values()
        days = [person.expire_days for person in people if person.expire_days is not None]
        delays = [person.login_delay_seconds for person in people]
        return Strictest(max(delays, default=0), min(days, default=None))

    def _check_name(self, name: str, owner: PersonId | None) -> None:
        """Refuse a name that is somebody else's or of a domain that is not served."""
        if any(p.name == name and p.person_id != owner for p in self._people.values()):
            raise AlreadyExistsError(name)
        if _domain_of(name) not in self._domains:
            raise NotFoundError(_domain_of(name))

    # Addresses

    async def add_address(self, address: str, person_id: PersonId) -> None:
        """Let mail to an address reach somebody."""
        await self.person(person_id)
        if _domain_of(address) not in self._domains:
            raise NotFoundError(_domain_of(address))
        if (address, person_id) in self._addresses:
            raise AlreadyExistsError(address)
        self._addresses.add((address, person_id))
        self._version += 1

    async def remove_address(self, address: str, person_id: PersonId) -> None:
        """Let it reach her no longer."""
        if (address, person_id) not in self._addresses:
            raise NotFoundError(address)
        if self._people[person_id].name == address:
            raise ConflictError(address)
        self._addresses.remove((address, person_id))
        self._version += 1

    async def addresses(self) -> list[tuple[str, PersonId]]:
        """Return all addresses and whom they reach, sorted."""
        return sorted(self._addresses)

    async def people_at(self, address: str) -> list[Person]:
        """Return whom an exact address reaches, by id."""
        return [self._people[who] for known, who in sorted(self._addresses) if known == address]

    # Credentials

    async def credentials(self, person_id: PersonId) -> list[Credential]:
        """Return all ways in of somebody, the main password first."""
        hers = [c for c in self._credentials.values() if c.person_id == person_id]
        return sorted(hers, key=lambda credential: (credential.label != "", credential.label))

    async def put_credential(
        self, credential: Credential, *, replacing: str | None = None
    ) -> Credential:
        """Add a credential or replace one."""
        await self.person(credential.person_id)
        known = self._credentials.get(credential.credential_id)
        if known is None and credential.credential_id:
            raise NotFoundError(str(credential.credential_id))
        if replacing is not None and (known is None or known.hashed != replacing):
            raise ConflictError(credential.label)
        for other in await self.credentials(credential.person_id):
            if other.label == credential.label and other.credential_id != credential.credential_id:
                raise AlreadyExistsError(credential.label)
        if known is None:
            given = CredentialId(next(self._credential_ids))
            credential = msgspec.structs.replace(credential, credential_id=given)
        self._credentials[credential.credential_id] = credential
        self._version += 1
        return credential

    async def remove_credential(self, credential_id: CredentialId) -> None:
        """Revoke it."""
        if self._credentials.pop(credential_id, None) is None:
            raise NotFoundError(str(credential_id))
        self._version += 1

    async def note_use(self, credential_id: CredentialId, at: int) -> None:
        """Remember when it was last used."""
        known = self._credentials.get(credential_id)
        if known is not None:
            self._credentials[credential_id] = msgspec.structs.replace(known, last_used=at)


class MemoryCounters:
    """The times of events, sorted, by key."""

    def __init__(self) -> None:
        """Begin with no event."""
        self._events: dict[str, list[int]] = {}

    async def add(self, key: str, at: int) -> None:
        """Count one event."""
        insort(self._events.setdefault(key, []), at)

    async def count(self, key: str, since: int) -> int:
        """Return how many events happened at or after `since`."""
        events = self._events.get(key, [])
        return len(events) - bisect_left(events, since)

    async def latest(self, key: str) -> int | None:
        """Return when the last event happened, or None."""
        events = self._events.get(key)
        return events[-1] if events else None

    async def forget(self, key: str) -> None:
        """Begin anew with `key`."""
        self._events.pop(key, None)

    async def prune(self, before: int) -> None:
        """Drop what happened before a time."""
        for key, events in list(self._events.items()):
            del events[: bisect_left(events, before)]
            if not events:
                del self._events[key]


class MemoryLeases:
    """Who holds what until when; a lease that was given back leaves its fence behind."""

    def __init__(self) -> None:
        """Begin with none."""
        self._leases: dict[str, Lease] = {}

    async def acquire(self, name: str, owner: str, now: int, seconds: int) -> Lease | None:
        """Take the lease if it is free, expired or one's own."""
        known = self._leases.get(name)
        if known and known.until > now and known.owner != owner:
            return None
        lease = Lease(name, owner, known.fence + 1 if known else 1, now + seconds)
        self._leases[name] = lease
        return lease

    async def renew(self, lease: Lease, now: int, seconds: int) -> Lease:
        """Hold it longer; also when it expired, as long as nobody else took it."""
        known = self._leases.get(lease.name)
        if known is None or known.fence != lease.fence or known.until == 0:
            raise ConflictError(lease.name)
        renewed = msgspec.structs.replace(known, until=now + seconds)
        self._leases[lease.name] = renewed
        return renewed

    async def release(self, lease: Lease) -> None:
        """Give it back."""
        known = self._leases.get(lease.name)
        if known and known.fence == lease.fence:
            self._leases[lease.name] = msgspec.structs.replace(known, until=0)

    async def end_all(self) -> None:
        """End all of them."""
        for name, known in self._leases.items():
            self._leases[name] = msgspec.structs.replace(known, until=0)


class _Waiting(msgspec.Struct):
    """An item and who holds it."""

    item: QueueItem
    owner: str
    until: int


class MemoryQueue:
    """What waits to leave, in a dictionary."""

    def __init__(self) -> None:
        """Begin empty."""
        self._waiting: dict[QueueId, _Waiting] = {}
        self._ids = count(1)

    async def put(self, key: str, payload: bytes, body: bytes, due: int, now: int) -> QueueId:
        """Add an item, or find the one with the same key."""
        for waiting in self._waiting.values():
            if waiting.item.key == key:
                return waiting.item.queue_id
        queue_id = QueueId(next(self._ids))
        item = QueueItem(queue_id, key, payload, body, due, 0, "", now)
        self._waiting[queue_id] = _Waiting(item, "", 0)
        return queue_id

    async def claim(self, owner: str, now: int, seconds: int, limit: int) -> list[QueueItem]:
        """Take due items that nobody holds, for `seconds`; counts an attempt for each."""
        free = [w for w in self._waiting.values() if w.item.due <= now and w.until <= now]
        free.sort(key=lambda waiting: (waiting.item.due, waiting.item.queue_id))
        for waiting in free[:limit]:
            attempts = waiting.item.attempts + 1
            waiting.item = msgspec.structs.replace(waiting.item, attempts=attempts)
            waiting.owner, waiting.until = owner, now + seconds
        return [waiting.item for waiting in free[:limit]]

    async def claim_one(self, queue_id: QueueId, owner: str, now: int, seconds: int) -> QueueItem:
        """Take one item, due or not, for `seconds`; counts an attempt."""
        waiting = self._waiting.get(queue_id)
        if waiting is None:
            raise NotFoundError(str(queue_id))
        if waiting.until > now:
            raise InUseError(str(queue_id))
        attempts = waiting.item.attempts + 1
        waiting.item = msgspec.structs.replace(waiting.item, attempts=attempts)
        waiting.owner, waiting.until = owner, now + seconds
        return waiting.item

    async def keep(
        self, queue_id: QueueId, owner: str, now: int, seconds: int, payload: bytes | None = None
    ) -> None:
        """Hold a claimed item longer, and write how far it is."""
        waiting = self._claimed(queue_id, owner)
        if payload is not None:
            waiting.item = msgspec.structs.replace(waiting.item, payload=payload)
        waiting.until = now + seconds

    async def retry(
        self,
        queue_id: QueueId,
        owner: str,
        due: int,
        reason: str,
        payload: bytes | None = None,
    ) -> None:
        """Give an item back for later."""
        waiting = self._claimed(queue_id, owner)
        kept = waiting.item.payload if payload is None else payload
        waiting.item = msgspec.structs.replace(waiting.item, due=due, reason=reason, payload=kept)
        waiting.owner, waiting.until = "", 0

    async def done(self, queue_id: QueueId, owner: str) -> None:
        """Remove an item that has left."""
        self._claimed(queue_id, owner)
        del self._waiting[queue_id]

    async def drop(self, queue_id: QueueId) -> None:
        """Remove an item by decision."""
        if self._waiting.pop(queue_id, None) is None:
            raise NotFoundError(str(queue_id))

    async def item(self, queue_id: QueueId) -> QueueItem:
        """Return an item, claimed or not."""
        waiting = self._waiting.get(queue_id)
        if waiting is None:
            raise NotFoundError(str(queue_id))
        return waiting.item

    async def items(self) -> list[QueueItem]:
        """Return all that waits, by due time."""
        items = [waiting.item for waiting in self._waiting.values()]
        return sorted(items, key=lambda item: (item.due, item.queue_id))

    def _claimed(self, queue_id: QueueId, owner: str) -> _Waiting:
        """Return an item that `owner` holds; a claim that ran out counts until another takes it."""
        waiting = self._waiting.get(queue_id)
        if waiting is None or not owner or waiting.owner != owner:
            raise ConflictError(str(queue_id))
        return waiting


def _domain_of(address: str) -> str:
    """Return what stands behind the last `@`."""
    return address.rpartition("@")[2]
