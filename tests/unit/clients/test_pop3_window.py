"""How far ahead our client asks."""

from __future__ import annotations

from hato.clients.pop3_window import Pop3Window
from hato.core.limits import POP3_WINDOW_COMMANDS, POP3_WINDOW_OCTETS


def _under_way(*sizes: int) -> Pop3Window:
    window = Pop3Window()
    for size in sizes:
        window.has_sent(size)
    return window


def test_small_letters_are_asked_for_until_half_of_the_commands_are_unanswered() -> None:
    window = _under_way(*[100] * POP3_WINDOW_COMMANDS)
    assert window.has_room()
    assert not window.is_time_to_send(POP3_WINDOW_COMMANDS // 2 + 1)
    assert window.is_time_to_send(POP3_WINDOW_COMMANDS // 2)


def test_large_letters_are_asked_for_until_the_octets_are_enough() -> None:
    window = _under_way(POP3_WINDOW_OCTETS - 1)
    assert window.has_room()
    window.has_sent(1)
    assert not window.has_room()
    assert not window.is_time_to_send(2)


def test_what_was_answered_makes_room() -> None:
    window = _under_way(POP3_WINDOW_OCTETS, 10, 10)
    assert not window.is_time_to_send(3)
    assert window.is_time_to_send(2)
    assert window.has_room()


def test_one_letter_may_always_be_asked_for() -> None:
    assert Pop3Window().has_room()
    window = _under_way(100 * POP3_WINDOW_OCTETS)
    assert window.is_time_to_send(0)
    assert window.has_room()
