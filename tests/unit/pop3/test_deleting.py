"""Only QUIT deletes: what was marked, all of it or nothing."""

from __future__ import annotations

import pytest

from hato.core.errors import ConflictError, HatoError, StorageFullError, UnavailableError
from hato.core.ids import EmailId
from hato.protocols.machine import Farewell
from hato.servers import pop3_expiry
from hato.store.changes import Expunge, SetKeywords, Undelete, Wanted
from hato.store.model import KEPT, SEEN
from tests.unit.pop3.house import House


async def three_letters(house: House) -> None:
    """Deliver three messages, with the UIDs 1, 2 and 3."""
    for number in (1, 2, 3):
        await house.deliver(f"Subject: {number}\r\n\r\n")


async def test_quit_deletes_what_is_marked(house: House) -> None:
    await three_letters(house)
    pump = await house.log_in()
    assert await pump.command("DELE 1") == "+OK Message marked as deleted"
    await pump.command("DELE 3")
    assert await house.uids() == [1, 2, 3]
    assert await pump.command("QUIT") == "+OK Goodbye, 2 deleted"
    assert await house.uids() == [2]
    assert pump.is_closed


async def test_rset_takes_the_marks_away(house: House) -> None:
    await three_letters(house)
    pump = await house.log_in()
    await pump.command("DELE 1")
    await pump.command("RSET")
    assert await pump.command("QUIT") == "+OK Goodbye"
    assert await house.uids() == [1, 2, 3]


async def test_a_lost_connection_deletes_nothing(house: House) -> None:
    await three_letters(house)
    pump = await house.log_in()
    await pump.command("DELE 1")
    await pump.hang_up()
    assert await house.uids() == [1, 2, 3]


@pytest.mark.parametrize(
    "reason", [Farewell.IDLE_TIMED_OUT, Farewell.SHUTTING_DOWN, Farewell.LOGIN_REVOKED]
)
async def test_a_farewell_deletes_nothing(house: House, reason: Farewell) -> None:
    await three_letters(house)
    pump = await house.log_in()
    await pump.command("DELE 1")
    await pump.farewell(reason)
    assert pump.is_closed
    await pump.close()
    assert await house.uids() == [1, 2, 3]


async def test_who_may_be_in_no_longer_deletes_nothing(house: House) -> None:
    await three_letters(house)
    pump = await house.log_in()
    await pump.command("DELE 1")
    await house.change_person(is_enabled=False)
    assert (await pump.command("QUIT")).startswith("-ERR [AUTH] You are logged out")
    assert pump.is_closed
    assert await house.uids() == [1, 2, 3]


async def test_where_nothing_was_marked_quit_asks_nobody(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nobody_answers() -> int:
        raise UnavailableError("EIO")

    await three_letters(house)
    idle = await house.log_in()
    monkeypatch.setattr(house.store.directory, "version", nobody_answers)
    await idle.command("DELE 1")
    await idle.command("RSET")
    assert (await idle.command("QUIT")).startswith("+OK")
    monkeypatch.undo()
    busy = await house.log_in()
    monkeypatch.setattr(house.store.directory, "version", nobody_answers)
    await busy.command("DELE 1")
    assert (await busy.command("QUIT")).startswith("-ERR [SYS/TEMP] ")
    assert await house.uids() == [1, 2, 3]


async def test_any_other_change_spoils_nothing(house: House) -> None:
    await three_letters(house)
    pump = await house.log_in()
    await pump.command("DELE 1")
    await house.change_person(login_delay_seconds=7)
    assert (await pump.command("QUIT")).startswith("+OK")
    assert await house.uids() == [2, 3]


async def test_a_revoked_login_is_told_when_the_process_looks(house: House) -> None:
    await house.deliver("Subject: x\r\n\r\nbody\r\n")
    pump = await house.log_in()
    was_revoked = pump.session.is_revoked
    await house.store.directory.remove_person(house.person.person_id)
    await house.authenticator.logins.look()
    assert (was_revoked, pump.session.is_revoked) == (False, True)
    assert (await pump.farewell(Farewell.LOGIN_REVOKED)).startswith(b"-ERR [AUTH] ")
    assert pump.is_closed
    assert not house.authenticator.logins._open


async def test_what_another_program_expunged_does_not_spoil_quit(house: House) -> None:
    await three_letters(house)
    pump = await house.log_in()
    await pump.command("DELE 1")
    await pump.command("DELE 2")
    await house.expunge(1)
    assert (await pump.command("QUIT")).startswith("+OK ")
    assert await house.uids() == [3]


async def test_mail_that_arrived_meanwhile_is_not_deleted(house: House) -> None:
    await three_letters(house)
    pump = await house.log_in()
    for number in (1, 2, 3):
        await pump.command(f"DELE {number}")
    await house.deliver("Subject: new\r\n\r\n")
    await pump.command("QUIT")
    assert await house.uids() == [4]


@pytest.mark.parametrize(
    "fault", [UnavailableError("EIO"), StorageFullError("full"), ConflictError("lock lost")]
)
async def test_where_it_cannot_be_done_nothing_is_deleted_and_that_is_said(
    house: House, fault: HatoError
) -> None:
    await three_letters(house)
    pump = await house.log_in()
    await pump.command("DELE 1")
    house.account.commit_fault = fault
    answer = await pump.command("QUIT")
    assert answer == "-ERR [SYS/TEMP] Nothing was deleted; try again later"
    assert pump.is_closed
    house.account.commit_fault = None
    assert await house.uids() == [1, 2, 3]
    await house.log_in()


async def test_a_lock_that_was_lost_deletes_nothing(house: House) -> None:
    await three_letters(house)
    pump = await house.log_in()
    await pump.command("DELE 1")
    transaction = pump.session._transaction  # type: ignore[attr-defined]  # the drop inside
    await transaction.drop.release()
    assert (await pump.command("QUIT")).startswith("-ERR [SYS/TEMP] ")
    assert await house.uids() == [1, 2, 3]


async def test_quit_before_login_deletes_nothing(house: House) -> None:
    await three_letters(house)
    pump = await house.connect()
    assert await pump.command("QUIT") == "+OK Goodbye"
    assert await house.uids() == [1, 2, 3]


# Seen


async def keywords(house: House) -> list[frozenset[str]]:
    """Return the keywords of what is left, by UID."""
    account = house.store_account()
    snapshot = await account.snapshot(account.inbox)
    email_ids = [EmailId(email_id) for email_id in snapshot.email_ids]
    return [email.keywords for email in await account.emails(email_ids)]


async def test_reading_marks_nothing_as_seen_unless_the_person_wants_it(house: House) -> None:
    await three_letters(house)
    pump = await house.log_in()
    await pump.command("RETR 1")
    await pump.command("QUIT")
    assert await keywords(house) == [frozenset()] * 3


async def test_where_she_wants_it_what_was_read_is_seen_after_quit(house: House) -> None:
    await house.change_person(retr_sets_seen=True)
    await three_letters(house)
    pump = await house.log_in()
    for line in ("RETR 1", "RETR 2", "TOP 3 99", "DELE 2"):
        await pump.command(line)
    assert await keywords(house) == [frozenset()] * 3
    assert await pump.command("QUIT") == "+OK Goodbye, 1 deleted"
    assert await keywords(house) == [frozenset({SEEN}), frozenset()]
    expunge, seen = house.account.wanted
    assert isinstance(expunge, Expunge)
    assert isinstance(seen, SetKeywords)
    assert len(seen.email_ids) == 1


async def test_what_was_seen_already_is_not_written_again(house: House) -> None:
    await house.change_person(retr_sets_seen=True)
    await three_letters(house)
    for _ in range(2):
        pump = await house.log_in()
        await pump.command("RETR 1")
        await pump.command("QUIT")
    account = house.store_account()
    before = await account.modseq()
    pump = await house.log_in()
    await pump.command("RETR 1")
    await pump.command("QUIT")
    assert await account.modseq() == before


# Expiry

DAY = 86_400


async def test_what_is_too_old_is_gone_at_login_and_nothing_younger(house: House) -> None:
    await house.change_person(expire_days=7)
    await house.deliver("Subject: old\r\n\r\n")
    house.clock.advance(3 * DAY)
    await house.deliver("Subject: younger\r\n\r\n")
    house.clock.advance(4 * DAY)
    pump = await house.log_in()
    assert await pump.command("STAT") == "+OK 2 36"
    await pump.command("QUIT")
    house.clock.advance(1)
    pump = await house.log_in()
    assert await pump.command("STAT") == "+OK 1 20"
    assert await house.uids() == [2]


async def test_what_arrives_later_expires_in_its_turn(house: House) -> None:
    await house.change_person(expire_days=1)
    for day in range(5):
        await house.deliver(f"Subject: {day}\r\n\r\n")
        house.clock.advance(DAY // 2)
        pump = await house.log_in()
        count = (await pump.command("STAT")).split()[1]
        assert int(count) == min(day + 1, 2)
        await pump.command("QUIT")


async def test_old_mail_that_comes_in_late_is_noticed(house: House) -> None:
    await house.change_person(expire_days=7)
    await house.deliver("Subject: new\r\n\r\n")
    pump = await house.log_in()
    await pump.command("QUIT")
    await house.deliver("Subject: imported\r\n\r\n", days_ago=8)
    await house.deliver("Subject: imported\r\n\r\n", days_ago=6)
    pump = await house.log_in()
    await pump.command("QUIT")
    assert await house.uids() == [1, 3]


async def test_messages_expire_wherever_they_lie_among_many(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pop3_expiry, "_AT_ONCE", 3)
    await house.change_person(expire_days=7)
    for days_ago in (9, 1, 8, 1, 2, 3, 4, 10):
        await house.deliver("Subject: imported\r\n\r\n", days_ago=days_ago)
    pump = await house.log_in()
    await pump.command("QUIT")
    assert await house.uids() == [2, 4, 5, 6, 7]


async def test_where_nothing_can_expire_one_can_still_read(house: House) -> None:
    await house.change_person(expire_days=1)
    await house.deliver("Subject: old\r\n\r\n")
    house.clock.advance(2 * DAY)
    house.account.commit_fault = StorageFullError("full")
    pump = await house.log_in()
    assert await pump.command("STAT") == "+OK 1 16"
    await pump.command("QUIT")
    house.account.commit_fault = None
    pump = await house.log_in()
    assert await pump.command("STAT") == "+OK 0 0"


async def test_what_was_brought_back_by_hand_does_not_expire_again(house: House) -> None:
    await house.change_person(expire_days=7)
    account = house.store_account()
    for subject in "ab":
        await house.deliver(f"Subject: {subject}\r\n\r\n", days_ago=8)
    pump = await house.log_in()
    assert await pump.command("STAT") == "+OK 0 0"
    await pump.command("QUIT")
    ids = tuple(held.email_id for held in await account.held())[:1]
    wanted: list[Wanted] = [Undelete(ids, account.inbox), SetKeywords(ids, add=frozenset({KEPT}))]
    await account.commit(wanted)
    await house.deliver("Subject: c\r\n\r\n", days_ago=8)
    for _ in range(2):
        pump = await house.log_in()
        assert await pump.command("STAT") == "+OK 1 14"
        await pump.command("QUIT")
    pump = await house.log_in()
    await pump.command("DELE 1")
    await pump.command("QUIT")
    assert await house.uids() == []


async def test_people_without_expiry_keep_everything(house: House) -> None:
    await house.deliver("Subject: old\r\n\r\n")
    house.clock.advance(1000 * DAY)
    pump = await house.log_in()
    assert await pump.command("STAT") == "+OK 1 16"
