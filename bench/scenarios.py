"""What is measured: one table of scenarios, and the groups of people that they need.

Called by the run.
Never measures: `measure` does.
Standards: RFC 1939 (the sessions), RFC 2033 (the deliveries).
Fails never.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bench.letters import Group

MIB: Final = 1024 * 1024


@dataclass(frozen=True)
class Goal:
    """What Hato must reach (`least`) and wants to reach (`aim`); ratios unless `absolute`."""

    least: float | None = None
    aim: float | None = None
    absolute: bool = False


@dataclass(frozen=True)
class Scenario:
    """One line of the table."""

    name: str
    about: str
    mode: str
    """`poll`, `download`, `idle` or `lmtp`: what the generator does."""
    unit: str
    """`sessions/s`, `messages/s`, `MB/s`, `KiB/session` or `ms`."""
    group: str
    connections: int
    tls: bool = False
    window: int = 1
    """Commands sent before their answers are awaited; 1 is lock-step."""
    dele: bool = False
    logins: tuple[str, str] = ("main", "main")
    """Which password ours and the other side log in with: `main`, `fast` or `slow`."""
    against_itself: bool = False
    """The other side is Hato too."""
    optional: bool = False
    goal: Goal = Goal()

    @property
    def less_is_better(self) -> bool:
        """Tell whether a small figure is a good one."""
        return self.unit in {"KiB/session", "ms"}


SCENARIOS: Final = (
    Scenario("poll", "connect, USER, PASS, STAT, UIDL, QUIT; 100 messages", "poll", "sessions/s",
             "poll", 64, goal=Goal(3, 5)),
    Scenario("poll-tls", "the same over implicit TLS, a full handshake each", "poll", "sessions/s",
             "poll", 64, tls=True, goal=Goal(1.5, 1.8)),
    Scenario("poll-argon2", "poll with Argon2id passwords against app passwords", "poll",
             "sessions/s", "poll", 64, logins=("main", "fast"), against_itself=True,
             goal=Goal(1 / 1.3, 1 / 1.3)),
    Scenario("download", "UIDL, LIST, RETR 1 000 x 8 KiB, lock-step", "download", "messages/s",
             "download", 8, goal=Goal(1.4, 2)),
    Scenario("download-pipelined", "the same, 50 RETR at a time", "download", "messages/s",
             "download", 8, window=50, goal=Goal(2, 3)),
    Scenario("download-tls", "lock-step over TLS", "download", "messages/s",
             "download", 8, tls=True, goal=Goal(2, 3)),
    Scenario("download-tls-pipelined", "50 RETR at a time over TLS", "download", "messages/s",
             "download", 8, tls=True, window=50, goal=Goal(2.5, 4)),
    Scenario("idle", "memory of one more logged-in session, past all caches", "idle", "KiB/session",
             "idle", 0, goal=Goal(10, 10, absolute=True)),
    Scenario("idle-tls", "the same over TLS", "idle", "KiB/session",
             "idle", 0, tls=True, goal=Goal(40, 25, absolute=True)),
    Scenario("poll-argon2-peer", "poll with Argon2id hashes on both sides", "poll", "sessions/s",
             "poll", 64, logins=("main", "slow"), optional=True, goal=Goal(aim=100)),
    Scenario("large", "RETR of 25 MiB", "download", "MB/s", "large", 8, optional=True,
             goal=Goal(aim=3.5)),
    Scenario("large-tls", "the same over TLS", "download", "MB/s", "large", 8, tls=True,
             optional=True, goal=Goal(aim=4.5)),
    Scenario("drain", "RETR and DELE 200 x 8 KiB, QUIT, pipelined", "download", "messages/s",
             "drain", 8, window=50, dele=True, optional=True, goal=Goal(aim=2)),
    Scenario("huge-index", "100 000 messages, login to the end of UIDL", "poll", "ms",
             "huge", 1, optional=True, goal=Goal(aim=50, absolute=True)),
    # Last, because it adds to the maildrops that `poll` needs at 100 messages.
    Scenario("lmtp-in", "8 KiB into the `poll` people, durable before 250", "lmtp", "messages/s",
             "poll", 64, goal=Goal(2.5, 4)),
)  # fmt: skip


def groups_for(scenarios: list[Scenario], people: int, idle_sessions: int) -> dict[str, Group]:
    """Return the groups that `scenarios` use, by name."""
    known = (
        Group("poll", people, 100),
        Group("download", 8, 1000),
        Group("idle", idle_sessions, 0),
        Group("large", 8, 2, letter_octets=25 * MIB, letters=2),
        Group("drain", 8, 200),
        Group("huge", 1, 100_000, letter_octets=1024),
    )
    used = {scenario.group for scenario in scenarios}
    return {group.name: group for group in known if group.name in used}
