"""Whom addresses reach, remembered for as long as nothing in the directory changes.

Called by services.accounts, at each recipient of each message.
Never answers from what was true before a change, whichever process made it.
Standards: none.
Fails as `find_recipients` does; who reaches nobody is asked for again each time.
"""

from __future__ import annotations

from hato.core.limits import REMEMBERED_RECIPIENTS
from hato.services.accounts.routing import find_recipients
from hato.store.directory import Directory, Person


class RecipientCache:
    """The answers of `find_recipients` at one version of the directory."""

    def __init__(self, directory: Directory) -> None:
        """Know nothing yet."""
        self._directory = directory
        self._version = -1
        self._known: dict[str, tuple[Person, ...]] = {}

    async def recipients_of(self, address: str) -> list[Person]:
        """Return everybody whom an address reaches. Raises NotFoundError."""
        version = await self._directory.version()
        if version != self._version:
            self._known.clear()
            self._version = version
        people = self._known.get(address)
        if people is None:
            people = tuple(await find_recipients(self._directory, address))
            # A change meanwhile may be in the answer or not: what it was asked under decides.
            if version == self._version:
                if len(self._known) >= REMEMBERED_RECIPIENTS:
                    self._known.clear()
                self._known[address] = people
        return list(people)
