"""The store in memory.

Called by tests, and by whoever wants to read what the contract means.
Never touches a disk and never starts a thread: it is gone with its process.
Standards: see `store.api`.
Fails with the errors that `store.api` names.
"""

from __future__ import annotations

import base64
import secrets

from hato.core.clock import Clock
from hato.core.errors import InUseError, NotFoundError
from hato.core.ids import AccountId
from hato.core.settings import StoreSettings
from hato.store.api import Account
from hato.store.directory import Counters, Directory, Leases, Queue
from hato.store.memory.account import MemoryAccount
from hato.store.memory.directory import (
    MemoryCounters,
    MemoryDirectory,
    MemoryLeases,
    MemoryQueue,
)
from hato.store.memory.staged import MemoryStaged
from hato.store.model import Room
from hato.store.staged import Staged


class MemoryStore:
    """Everything that is kept, in dictionaries."""

    def __init__(self, clock: Clock, settings: StoreSettings | None = None) -> None:
        """Begin with nothing."""
        self.directory: Directory = MemoryDirectory()
        self.counters: Counters = MemoryCounters()
        self.leases: Leases = MemoryLeases()
        self.queue: Queue = MemoryQueue()
        self._clock = clock
        self._settings = settings or StoreSettings()
        self._accounts: dict[AccountId, MemoryAccount] = {}

    def stage(self) -> Staged:
        """Begin to take in octets."""
        return MemoryStaged()

    async def create_account(self) -> AccountId:
        """Make an empty account with an INBOX."""
        account_id = AccountId(base64.b32encode(secrets.token_bytes(10)).decode().lower())
        undelete_seconds = self._settings.undelete_seconds
        self._accounts[account_id] = MemoryAccount(account_id, self._clock, undelete_seconds)
        return account_id

    async def account(self, account_id: AccountId) -> Account:
        """Return the handle of an account."""
        return self._find(account_id)

    async def account_ids(self) -> list[AccountId]:
        """Return the ids of all accounts, sorted."""
        return sorted(self._accounts)

    async def room(self) -> Room:
        """Tell that nothing is missing."""
        return Room()

    async def remove_account(self, account_id: AccountId) -> None:
        """Remove an account and all its mail for good."""
        account = self._find(account_id)
        if account.locks.is_any_held():
            raise InUseError("somebody is reading this mail just now")
        account.remove()
        del self._accounts[account_id]

    async def close(self) -> None:
        """End all subscriptions."""
        for account in self._accounts.values():
            account.close()

    def _find(self, account_id: AccountId) -> MemoryAccount:
        if account_id not in self._accounts:
            raise NotFoundError("the account is not there")
        return self._accounts[account_id]
