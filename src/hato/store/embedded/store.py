"""The embedded store: a data folder of this machine, shared by any number of processes.

Called by the composition root, which names it; everybody else sees `store.api.Store`.
Never needs a server: file locks keep processes apart.
Standards: none.
Fails with the errors that `store.api` names.
"""

from __future__ import annotations

import asyncio
import base64
import os
import re
import secrets
import shutil
import time
from collections import OrderedDict
from pathlib import Path
from typing import Final
from weakref import WeakValueDictionary

import msgspec

from hato.core.clock import Clock
from hato.core.errors import InUseError, NotFoundError, StorageFullError
from hato.core.ids import AccountId
from hato.core.settings import StoreSettings
from hato.store.changes import Committed
from hato.store.directory import Counters, Directory, Leases, Queue
from hato.store.embedded.account import EmbeddedAccount
from hato.store.embedded.encode import Draft
from hato.store.embedded.faults import domain_error
from hato.store.embedded.gate import Gate
from hato.store.embedded.hato_db import FILE_NAME, HatoDb
from hato.store.embedded.journal import Journal
from hato.store.embedded.locks import PREFIX, EmbeddedLock, try_lock
from hato.store.embedded.shared import Shared
from hato.store.embedded.staging import EmbeddedStaged
from hato.store.embedded.system import give_to_owner, sync_folder
from hato.store.model import Room
from hato.store.resolve import FIRST_MODSEQ, first_facts
from hato.store.staged import Staged

_ACCOUNT_ID: Final = re.compile("[a-z2-7]{16}")
_NEW: Final = ".new-"
_GONE: Final = ".gone-"
_ABANDONED_SECONDS: Final = 3_600
"""An account that has been in the making for so long never will be one."""
_REMEMBERED_ACCOUNTS: Final = 4_096


class EmbeddedStore:
    """Everything that is kept, in a folder."""

    directory: Directory
    counters: Counters
    leases: Leases
    queue: Queue

    def __init__(self, data_folder: Path, settings: StoreSettings, clock: Clock) -> None:
        """Know where; `open` opens it."""
        self._folder = str(data_folder)
        self._clock = clock
        self._shared = Shared(self._folder, settings, clock, self._publish)
        self._accounts: WeakValueDictionary[AccountId, EmbeddedAccount] = WeakValueDictionary()
        self._recent: OrderedDict[AccountId, EmbeddedAccount] = OrderedDict()
        self._hato_db: HatoDb | None = None

    async def open(self) -> EmbeddedStore:
        """Make what is missing and open it. Raises StorageFullError, UnavailableError."""
        try:
            await asyncio.to_thread(self._prepare)
        except OSError as fault:
            raise domain_error(fault, "opening the data folder") from fault
        database = self._hato_db = await asyncio.to_thread(self._open_hato_db)
        self.directory = database.directory
        self.counters = database.counters
        self.leases = database.leases
        self.queue = database.queue
        return self

    def _prepare(self) -> None:
        os.makedirs(self._shared.accounts_folder, mode=0o700, exist_ok=True)
        give_to_owner(self._shared.accounts_folder)
        sync_folder(self._folder)
        self._sweep()
        self._shared.space.keep_reserve()

    def _sweep(self) -> None:
        """Remove accounts whose removal, or making, a crash cut short."""
        abandoned_before = time.time() - _ABANDONED_SECONDS
        with os.scandir(self._shared.accounts_folder) as entries:
            for entry in entries:
                is_abandoned = entry.name.startswith(_NEW) and _is_older(entry, abandoned_before)
                if is_abandoned or entry.name.startswith(_GONE):
                    shutil.rmtree(entry.path, ignore_errors=True)

    def _open_hato_db(self) -> HatoDb:
        """Open what belongs to nobody alone; on a full disk in the room that was put aside."""
        path = Path(self._folder) / FILE_NAME
        make_room = self._shared.space.release_reserve
        try:
            return HatoDb.open(path, make_room)
        except StorageFullError:
            if not make_room():
                raise
        return HatoDb.open(path, make_room)

    def stage(self) -> Staged:
        """Begin to take in octets."""
        return EmbeddedStaged(self._folder)

    async def create_account(self) -> AccountId:
        """Make an empty account with an INBOX."""
        account_id = AccountId(base64.b32encode(secrets.token_bytes(10)).decode().lower())
        try:
            await asyncio.to_thread(self._create, account_id)
        except OSError as fault:
            raise domain_error(fault, "making an account") from fault
        return account_id

    def _create(self, account_id: AccountId) -> None:
        """Make the folder under another name first: it is there whole or not at all."""
        self._shared.space.check(0)
        folder = f"{self._shared.accounts_folder}/{_NEW}{account_id}"
        os.mkdir(folder, 0o700)
        give_to_owner(folder)
        now = self._clock.now()
        journal = Journal(folder, account_id)
        journal.begin_next(now)
        facts = msgspec.msgpack.encode(tuple(first_facts(now)))
        journal.write(journal.plan(Draft(FIRST_MODSEQ, now, facts, ())))
        journal.sync()
        os.rename(folder, self._shared.folder_of(account_id))
        sync_folder(self._shared.accounts_folder)

    async def account(self, account_id: AccountId) -> EmbeddedAccount:
        """Return the handle of an account."""
        account = self._accounts.get(account_id)
        if account is None:
            if not _ACCOUNT_ID.fullmatch(account_id):
                raise NotFoundError("the account is not there")
            if not os.path.isdir(self._shared.folder_of(account_id)):
                raise NotFoundError("the account is not there")
            account = self._accounts[account_id] = EmbeddedAccount(self._shared, account_id)
        self._recent[account_id] = account
        self._recent.move_to_end(account_id)
        if len(self._recent) > _REMEMBERED_ACCOUNTS:
            self._recent.popitem(last=False)
        return account

    async def account_ids(self) -> list[AccountId]:
        """Return the ids of all accounts, sorted."""
        try:
            names = await asyncio.to_thread(os.listdir, self._shared.accounts_folder)
        except OSError as fault:
            raise domain_error(fault, "listing accounts") from fault
        return sorted(AccountId(name) for name in names if _ACCOUNT_ID.fullmatch(name))

    async def room(self) -> Room:
        """Tell how much room the disk has."""
        try:
            return await asyncio.to_thread(self._shared.space.room)
        except OSError as fault:
            raise domain_error(fault, "asking for free space") from fault

    async def remove_account(self, account_id: AccountId) -> None:
        """Remove an account and all its mail for good."""
        account = await self.account(account_id)
        try:
            await asyncio.to_thread(self._remove, account_id)
        except FileNotFoundError:
            raise NotFoundError("the account is not there") from None
        except OSError as fault:
            raise domain_error(fault, "removing an account") from fault
        account.close()
        self._accounts.pop(account_id, None)
        self._recent.pop(account_id, None)
        self._shared.forget(account_id)
        await asyncio.to_thread(self._shared.writers.forget, account_id)

    def _remove(self, account_id: AccountId) -> None:
        folder = self._shared.folder_of(account_id)
        locks: list[EmbeddedLock] = []
        gate = Gate(folder)
        for name in os.listdir(folder):
            if name.startswith(PREFIX):
                lock = try_lock(f"{folder}/{name}")
                if lock is None:
                    raise InUseError("somebody is using the account")
                locks.append(lock)
        with gate.held():
            gone = f"{self._shared.accounts_folder}/{_GONE}{account_id}"
            os.rename(folder, gone)
            sync_folder(self._shared.accounts_folder)
        shutil.rmtree(gone, ignore_errors=True)

    def _publish(self, account_id: AccountId, committed: Committed) -> None:
        account = self._accounts.get(account_id)
        if account is not None:
            account.published(committed)

    async def close(self) -> None:
        """Finish what was begun and let go of everything."""
        await asyncio.to_thread(self._shared.committer.close)
        for account in list(self._accounts.values()):
            account.close()
        self._shared.indexes.forget()
        self._shared.writers.close()
        if self._hato_db is not None:
            await asyncio.to_thread(self._hato_db.close)
            self._hato_db = None


def _is_older(entry: os.DirEntry[str], time_before: float) -> bool:
    try:
        return entry.stat().st_mtime < time_before
    except FileNotFoundError:
        return False
