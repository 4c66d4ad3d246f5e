"""The tests that every backend must pass.

Called by a backend's own test module, which gives the fixture `backend` and imports everything
from here (`from hato.store.contract import *`); pytest then finds the classes and `scene`.
Never part of a running server: it needs pytest.
Standards: the contract is `store.api`.
Fails as tests fail.
"""

from hato.store.contract.accounts import TestAccounts, TestBeginningAgain, TestUpkeep
from hato.store.contract.adding import (
    TestAdding,
    TestDeliveryIds,
    TestStaging,
    TestThreads,
    TestUidls,
)
from hato.store.contract.following import (
    TestChanges,
    TestChangesInParts,
    TestExpunged,
    TestTheFloor,
    TestWatching,
)
from hato.store.contract.holding import TestHolding, TestPurging, TestQuota
from hato.store.contract.listing import TestLatest, TestThreadsAsLists
from hato.store.contract.locking import TestExpectedStates, TestFences, TestLocks
from hato.store.contract.mailboxes import (
    TestChangingMailboxes,
    TestMakingMailboxes,
    TestRemovingMailboxes,
)
from hato.store.contract.marking import TestDeletedMarks, TestKeywords
from hato.store.contract.placing import TestExpunging, TestMoving, TestPlacing
from hato.store.contract.reading import (
    TestDamage,
    TestDots,
    TestFindingBodies,
    TestRanges,
    TestReadingEmails,
    TestSnapshots,
)
from hato.store.contract.scene import Backend, Scene, scene
from hato.store.contract.small_things import TestLedgers, TestObjects, TestUploads

__all__ = [
    "Backend",
    "Scene",
    "TestAccounts",
    "TestAdding",
    "TestBeginningAgain",
    "TestChanges",
    "TestChangesInParts",
    "TestChangingMailboxes",
    "TestDamage",
    "TestDeletedMarks",
    "TestDeliveryIds",
    "TestDots",
    "TestExpectedStates",
    "TestExpunged",
    "TestExpunging",
    "TestFences",
    "TestFindingBodies",
    "TestHolding",
    "TestKeywords",
    "TestLatest",
    "TestLedgers",
    "TestLocks",
    "TestMakingMailboxes",
    "TestMoving",
    "TestObjects",
    "TestPlacing",
    "TestPurging",
    "TestQuota",
    "TestRanges",
    "TestReadingEmails",
    "TestRemovingMailboxes",
    "TestSnapshots",
    "TestStaging",
    "TestTheFloor",
    "TestThreads",
    "TestThreadsAsLists",
    "TestUidls",
    "TestUpkeep",
    "TestUploads",
    "TestWatching",
    "scene",
]
