"""So many sources at once, so many of them at one host, and no host stands in another's way."""

from __future__ import annotations

from hato.services.fetching.waiting_line import WaitingLine


def take_all(line: WaitingLine) -> list[str]:
    taken = []
    while (key := line.take()) is not None:
        taken.append(key)
    return taken


def test_first_come_first_served() -> None:
    line = WaitingLine()
    line.add("a", "one.example")
    line.add("b", "two.example")
    assert take_all(line) == ["a", "b"]


def test_one_host_has_only_so_many_at_once() -> None:
    line = WaitingLine(most=10, most_per_host=2)
    for number in range(5):
        line.add(f"busy{number}", "Busy.example" if number % 2 else "busy.example")
    line.add("other", "other.example")
    assert take_all(line) == ["busy0", "other", "busy1"]
    line.done("busy0")
    assert take_all(line) == ["busy2"]


def test_all_hosts_together_have_only_so_many() -> None:
    line = WaitingLine(most=3, most_per_host=2)
    for number in range(10):
        line.add(str(number), f"host{number}.example")
    assert take_all(line) == ["0", "1", "2"]
    line.done("1")
    line.done("1")
    assert take_all(line) == ["3"]


def test_hosts_take_turns() -> None:
    line = WaitingLine(most=4, most_per_host=4)
    for key in ("a1", "a2", "a3", "a4"):
        line.add(key, "a.example")
    for key in ("b1", "b2"):
        line.add(key, "b.example")
    assert take_all(line) == ["a1", "b1", "a2", "b2"]


def test_who_was_taken_out_does_not_run() -> None:
    line = WaitingLine()
    line.add("a", "one.example")
    line.add("b", "one.example")
    assert line.drop("a")
    assert not line.drop("a")
    assert take_all(line) == ["b"]
    assert not line.drop("b")


def test_its_length_is_what_waits_and_what_runs() -> None:
    line = WaitingLine(most=1)
    line.add("a", "one.example")
    line.add("b", "one.example")
    assert len(line) == 2
    line.take()
    assert len(line) == 2
    line.done("a")
    assert len(line) == 1
