"""What a process remembers of logins is bounded, keyed, and of one name, address and password."""

from __future__ import annotations

import pytest

from hato.core.clock import FixedClock
from hato.core.ids import AccountId, PersonId
from hato.core.limits import REMEMBERED_FAILURE_SECONDS
from hato.core.secret import Secret
from hato.services.auth import remembered
from hato.services.auth.remembered import Remembered
from hato.store.directory import Credential, CredentialId, Person

ADA = Person(PersonId(1), AccountId("a"), "ada@example.org")
MAIN = Credential(CredentialId(1), ADA.person_id, "", "{SHA256}x", None, None, 0, None)


def test_a_digest_is_of_everything_and_of_this_process() -> None:
    here, there = Remembered(FixedClock()), Remembered(FixedClock())
    digests = {
        here.digest("ada", Secret("pw"), "192.0.2.1"),
        here.digest("adap", Secret("w"), "192.0.2.1"),
        here.digest("ada", Secret("1pw"), "192.0.2."),
        here.digest("ada1", Secret("pw"), "92.0.2.1"),
        here.digest("\ud800", Secret("pw"), "192.0.2.1"),
        there.digest("ada", Secret("pw"), "192.0.2.1"),
    }
    assert len(digests) == 6


def test_the_oldest_goes_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "REMEMBERED_LOGINS", 2)
    memory = Remembered(FixedClock())
    for digest in (b"a", b"b", b"c"):
        memory.keep_right(digest, ADA, MAIN, 1)
        memory.keep_wrong(digest, 1)
    assert [memory.find_right(digest) is None for digest in (b"a", b"b", b"c")] == [
        True,
        False,
        False,
    ]
    assert [memory.was_wrong(digest, 1) for digest in (b"a", b"b", b"c")] == [False, True, True]


def test_a_wrong_password_is_forgotten_after_an_hour() -> None:
    clock = FixedClock()
    memory = Remembered(clock)
    memory.keep_wrong(b"a", 1)
    clock.advance(REMEMBERED_FAILURE_SECONDS + 1)
    assert not memory.was_wrong(b"a", 1)
