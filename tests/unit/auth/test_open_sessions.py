"""How many sessions somebody may have open from one address."""

from __future__ import annotations

import pytest

from hato.core.errors import TooManySessionsError
from hato.core.ids import PersonId
from hato.services.auth.open_sessions import OpenSessions

ADA, BOB = PersonId(1), PersonId(2)


def test_one_person_has_so_many_from_one_address() -> None:
    sessions = OpenSessions(2)
    first, _ = sessions.enter(ADA, "2001:db8::1"), sessions.enter(ADA, "2001:db8::2")
    with pytest.raises(TooManySessionsError):
        sessions.enter(ADA, "2001:db8::3")
    sessions.enter(ADA, "198.51.100.1")
    sessions.enter(BOB, "2001:db8::1")
    first.release()
    first.release()
    sessions.enter(ADA, "2001:db8::4")
    with pytest.raises(TooManySessionsError):
        sessions.enter(ADA, "2001:db8::5")


def test_who_has_left_leaves_nothing_behind() -> None:
    sessions = OpenSessions(1)
    for _ in range(3):
        sessions.enter(ADA, "").release()
