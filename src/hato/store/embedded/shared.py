"""What all accounts of one open store share: folders, handles, snapshots, the committer.

Called by `store` (makes it) and `account` (uses it).
Never knows an account's content.
Standards: none.
Fails never.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from hato.core.clock import Clock
from hato.core.ids import AccountId
from hato.core.settings import StoreSettings
from hato.store.embedded.account_writer import AccountWriter
from hato.store.embedded.body_reader import Layout
from hato.store.embedded.committer import Committer, Publish
from hato.store.embedded.handles import Indexes, SegmentFiles, Writers
from hato.store.embedded.snapshot import Snapshots
from hato.store.embedded.space import Space

_SWEEP_SECONDS: Final = 60.0
"""For so long, at least, a process keeps segments open that another one removed."""


class Shared:
    """One open store's parts."""

    def __init__(
        self, data_folder: str, settings: StoreSettings, clock: Clock, publish: Publish
    ) -> None:
        """Put the parts together; nothing is opened yet."""
        self.accounts_folder = f"{data_folder}/accounts"
        self.settings = settings
        self.clock = clock
        self.space = Space(data_folder, settings.free_space_octets)
        self.files = SegmentFiles()
        self.layouts: OrderedDict[tuple[str, int, int], Layout] = OrderedDict()
        self.indexes = Indexes()
        self.snapshots = Snapshots()
        self.writers = Writers(self._make_writer)
        self._swept_until = clock.monotonic() + _SWEEP_SECONDS
        self.committer = Committer(self.writers.get, publish, self.space)

    def must_sweep(self) -> bool:
        """Tell, once a minute, that segments which were removed should be closed."""
        now = self.clock.monotonic()
        if now < self._swept_until:
            return False
        self._swept_until = now + _SWEEP_SECONDS
        return True

    def sweep(self) -> int:
        """Close segments that were removed, so that their space is free; return how many."""
        return self.files.forget_removed() + self.writers.forget_removed()

    def forget(self, account_id: AccountId) -> None:
        """Let go of all that is known or open of an account, its writer excepted."""
        folder = self.folder_of(account_id)
        self.files.forget(folder)
        self.indexes.forget(folder)
        self.snapshots.forget(account_id)
        for key in tuple(self.layouts):
            if key[0] == folder:
                self.layouts.pop(key, None)

    def folder_of(self, account_id: AccountId) -> str:
        """Return an account's folder."""
        return f"{self.accounts_folder}/{account_id}"

    def _make_writer(self, account_id: AccountId) -> AccountWriter:
        folder = self.folder_of(account_id)
        return AccountWriter(folder, account_id, self.settings, self.clock, self.space)
