"""Commands ahead of their answers: where it is offered, never around what changes the state."""

from __future__ import annotations

import pytest

from hato.core.ids import MessageNumber
from hato.protocols.pop3.client_events import (
    BodyBegin,
    BodyChunk,
    BodyEnd,
    Fault,
    ListingEnd,
    Ok,
    Refused,
    UniqueIdRows,
)
from hato.protocols.pop3.commands import (
    Capa,
    Command,
    Dele,
    Noop,
    Quit,
    Retr,
    Stat,
    Stls,
    Uidl,
)
from tests.unit.pop3_client.dialogue import LOGIN, Dialogue, fault_of, logged_in


def retr(number: int) -> Retr:
    return Retr(MessageNumber(number))


def test_one_at_a_time_where_it_is_not_offered() -> None:
    dialogue = logged_in("TOP", "UIDL")
    assert dialogue.machine.room == 1
    assert dialogue.ask(Stat()) == "STAT"
    assert dialogue.machine.room == 0
    assert not dialogue.machine.may_send(Noop())
    with pytest.raises(ValueError, match="Noop may not be sent now"):
        dialogue.machine.send(Noop())


def test_one_at_a_time_where_it_is_not_known() -> None:
    assert logged_in().machine.room == 1


def test_a_window_where_it_is_offered() -> None:
    dialogue = logged_in("PIPELINING", window=3)
    assert dialogue.machine.room == 3
    assert dialogue.ask(retr(1), retr(2), retr(3)) == "RETR 1|RETR 2|RETR 3"
    assert dialogue.machine.room == 0
    assert not dialogue.machine.may_send(retr(4))
    dialogue.hear("+OK", "a", ".")
    assert dialogue.machine.room == 1
    assert dialogue.ask(retr(4)) == "RETR 4"


def test_answers_come_in_the_order_of_the_questions() -> None:
    dialogue = logged_in("PIPELINING")
    dialogue.ask(retr(1), retr(2), Dele(MessageNumber(1)), retr(3))
    events = dialogue.hear(
        "+OK 1", "one", ".", "-ERR [SYS/TEMP] later", "+OK marked", "+OK 3", "three", "."
    )
    assert events == [
        BodyBegin(retr(1), "1"),
        BodyChunk(b"one\r\n"),
        BodyEnd(retr(1), 5, has_bare_cr_or_lf=False),
        Refused(retr(2), "SYS/TEMP", "later", b"-ERR [SYS/TEMP] later"),
        Ok(Dele(MessageNumber(1)), "marked", b"+OK marked"),
        BodyBegin(retr(3), "3"),
        BodyChunk(b"three\r\n"),
        BodyEnd(retr(3), 7, has_bare_cr_or_lf=False),
    ]
    assert dialogue.machine.unanswered == 0


def test_a_command_may_follow_while_a_listing_is_still_arriving() -> None:
    dialogue = logged_in("PIPELINING")
    dialogue.ask(Uidl())
    dialogue.hear("+OK", "1 a")
    assert dialogue.ask(retr(1)) == "RETR 1"
    events = dialogue.hear("2 b", ".", "+OK", "one", ".")
    assert [type(event) for event in events] == [
        UniqueIdRows,
        ListingEnd,
        BodyBegin,
        BodyChunk,
        BodyEnd,
    ]


@pytest.mark.parametrize("command", [LOGIN, Stls(), Quit()])
def test_nothing_goes_around_what_changes_the_state(command: Command) -> None:
    dialogue = Dialogue(is_encrypted=False, may_log_in_plainly=True)
    dialogue.greet()
    dialogue.learn("PIPELINING", "STLS")
    dialogue.ask(Capa())
    assert not dialogue.machine.may_send(command)
    dialogue.hear("+OK", "PIPELINING", ".")
    dialogue.ask(command)
    assert dialogue.machine.room == 0
    assert not dialogue.machine.may_send(Capa())


def test_quit_waits_for_every_answer() -> None:
    dialogue = logged_in("PIPELINING")
    dialogue.ask(Dele(MessageNumber(1)), Dele(MessageNumber(2)))
    assert not dialogue.machine.may_send(Quit())
    dialogue.hear("+OK")
    assert not dialogue.machine.may_send(Quit())
    dialogue.hear("+OK")
    assert dialogue.ask(Quit()) == "QUIT"


def test_a_cut_in_the_window_leaves_the_rest_unknown() -> None:
    dialogue = logged_in("PIPELINING")
    dialogue.ask(retr(1), retr(2), retr(3))
    events = dialogue.hear("+OK", "one", ".", "+OK", "tw") + dialogue.hear_end()
    assert [event.command for event in events if isinstance(event, BodyEnd)] == [retr(1)]
    assert fault_of(events) is Fault.CUT_OFF
