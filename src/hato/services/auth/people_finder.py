"""Whom a login name means.

Called by services.auth.
Never tells an unknown name from an ambiguous one.
Standards: RFC 4616 §2 and RFC 5802 §5.1 leave the comparison of names to the server.
Fails never of its own: the directory's UnavailableError passes through.
"""

from __future__ import annotations

from hato.core.limits import LOGIN_NAME_OCTETS
from hato.services.names import normalized_address, normalized_local_part
from hato.store.directory import Directory, Person


async def find_by_login(directory: Directory, typed: str) -> Person | None:
    """Find who is meant: her name, an address that reaches her alone, or a local part.

    A name without a domain means somebody only if nobody else has that local part. Disabled people
    are found: whether they may come in is the caller's question.
    """
    if len(typed) > LOGIN_NAME_OCTETS:
        return None
    if "@" not in typed:
        local_part = normalized_local_part(typed)
        people = await directory.find_people_by_local_part(local_part) if local_part else []
        return people[0] if len(people) == 1 else None
    name = normalized_address(typed)
    if name is None:
        return None
    person = await directory.find_person(name)
    if person is not None:
        return person
    people = await directory.people_at(name)
    return people[0] if len(people) == 1 else None


async def is_called(directory: Directory, person: Person, typed: str) -> bool:
    """Tell whether a login name means this very person."""
    found = await find_by_login(directory, typed)
    return found is not None and found.person_id == person.person_id
