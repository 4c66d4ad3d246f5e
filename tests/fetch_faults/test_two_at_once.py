"""Two that fetch from one source at once: one waits for the other, and no letter comes twice."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.faults.grounds import rounds_of_this_run
from tests.faults.marked_letters import SMALL, Marks
from tests.fetch_faults.collector import DELETE, KEEP, Collector, await_end
from tests.fetch_faults.mailboxes import mark_of
from tests.fetch_faults.traced_fetch import Scripted
from tests.fetching.maildrop import Maildrop
from tests.fetching.provider import Provider
from tests.system.fixtures import ONLY_LINUX

pytestmark = [pytest.mark.faults, pytest.mark.slow, ONLY_LINUX]

RULES = pytest.mark.parametrize("rule", [KEEP, DELETE], ids=["keep", "delete"])
LETTERS = 300


def require_each_once(collector: Collector, drop: Maildrop, sent: list[str]) -> None:
    """Compare what is here, and what was asked for, with what was sent."""
    assert Counter(map(mark_of, collector.letters())) == Counter(sent)
    assert len(drop.asked("RETR")) == len(sent)


@RULES
def test_two_commands_at_once(tmp_path: Path, rule: tuple[str, ...]) -> None:
    marks = Marks(1)
    collector = Collector(tmp_path)
    drop = Maildrop()
    sent: list[str] = []
    with Provider(drop) as provider:
        mailbox = Scripted(drop, provider.port)
        collector.add_source(mailbox, provider.port, rule)
        for _ in range(rounds_of_this_run(2)):
            new = [marks.next(SMALL[1]) for _ in range(LETTERS)]
            mailbox.put(new)
            sent += new
            both = [collector.begin_fetch() for _ in range(2)]
            ended = [await_end(process) for process in both]
            assert [status for status, _ in ended] == [0, 0], ended
            require_each_once(collector, drop, sent)
    assert bool(drop.letters) == (rule is KEEP)


@RULES
def test_a_command_beside_a_server_that_fetches(tmp_path: Path, rule: tuple[str, ...]) -> None:
    marks = Marks(2)
    collector = Collector(tmp_path)
    drop = Maildrop()
    sent: list[str] = []
    with Provider(drop) as provider:
        mailbox = Scripted(drop, provider.port)
        collector.add_source(mailbox, provider.port, rule)
        collector.set_poll_seconds(1)  # the server's first poll comes within a second
        for _ in range(rounds_of_this_run(2)):
            new = [marks.next(SMALL[1]) for _ in range(LETTERS)]
            mailbox.put(new)
            sent += new
            collector.hato.start()
            status, words = collector.fetch()
            assert status == 0, words
            collector.hato.stop()
            require_each_once(collector, drop, sent)
    assert "Traceback" not in collector.hato.log()
