"""Whom mail to an address reaches.

Called by services.accounts; through it by delivery.
Never looks at a message; never asks whether somebody may log in: disabled people still get mail.
Standards: RFC 5321 §4.5.1 (postmaster), RFC 5233 §1 (user+detail).
Fails with NotFoundError where an address reaches nobody.
"""

from __future__ import annotations

from typing import Final

from hato.core.errors import NotFoundError
from hato.services.names import normalized_address, without_detail
from hato.store.directory import Directory, Person

POSTMASTER: Final = "postmaster"


async def find_recipients(directory: Directory, address: str) -> list[Person]:
    """Return everybody whom an address reaches. Raises NotFoundError.

    The first of these that reaches somebody: the address itself; the same without `+detail`; for
    `postmaster`, with or without a domain, whoever must hear of it; the domain's catch-all.
    """
    if address.lower() == POSTMASTER:
        return await _postmasters(directory, "")
    name = normalized_address(address)
    if name is None:
        raise NotFoundError(address)
    plain = without_detail(name)
    people = await directory.people_at(name)
    if not people and plain:
        people = await directory.people_at(plain)
    local_part, _, domain = name.rpartition("@")
    if not people and local_part == POSTMASTER and domain in await directory.domains():
        return await _postmasters(directory, domain)
    people = people or await directory.people_at(f"@{domain}")
    if not people:
        raise NotFoundError(name)
    return people


async def _postmasters(directory: Directory, domain: str) -> list[Person]:
    """Return who reads a domain's mail to the postmaster, which is never refused.

    The domain's catch-all, else the postmaster of the server's first domain that has one, else
    whoever was added first.
    """
    people = await directory.people_at(f"@{domain}") if domain else []
    if people:
        return people
    for other in await directory.domains():
        people = await directory.people_at(f"{POSTMASTER}@{other}")
        if people:
            return people
    first = await directory.first_person()
    if first is None:
        raise NotFoundError(POSTMASTER)
    return [first]
