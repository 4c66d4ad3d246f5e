"""Who may be polled now: so many sources at once, so many of them at one provider's host.

Called by the fetching service and by `hato fetch`.
Never lets one provider's many sources stand in the way of the others'.
Standards: none; providers limit the connections of one address, few say to how many.
Fails never.
"""

from __future__ import annotations

from collections import Counter, deque

from hato.core import limits


class WaitingLine:
    """Sources whose turn has come, by host; hosts take turns."""

    def __init__(
        self,
        most: int = limits.FETCHES_AT_ONCE,
        most_per_host: int = limits.FETCHES_PER_HOST,
    ) -> None:
        """At most `most` run at once, and `most_per_host` of one host."""
        self._most = most
        self._most_per_host = most_per_host
        self._waiting: dict[str, deque[str]] = {}
        self._running: dict[str, str] = {}
        self._per_host: Counter[str] = Counter()

    def __len__(self) -> int:
        """How many wait or run."""
        return sum(map(len, self._waiting.values())) + len(self._running)

    def add(self, key: str, host: str) -> None:
        """Let a source wait for its turn. It must neither wait nor run already."""
        self._waiting.setdefault(host.lower(), deque()).append(key)

    def take(self) -> str | None:
        """Return the next one that may run, and count it as running; None: nobody may now."""
        if len(self._running) >= self._most:
            return None
        for host in list(self._waiting):
            if self._per_host[host] < self._most_per_host:
                return self._start(host)
        return None

    def _start(self, host: str) -> str:
        waiting = self._waiting.pop(host)
        key = waiting.popleft()
        if waiting:
            self._waiting[host] = waiting  # at the end: the other hosts come first
        self._running[key] = host
        self._per_host[host] += 1
        return key

    def drop(self, key: str) -> bool:
        """Take a source out that waits; False: it does not wait."""
        for host, waiting in self._waiting.items():
            if key in waiting:
                waiting.remove(key)
                if not waiting:
                    del self._waiting[host]
                return True
        return False

    def done(self, key: str) -> None:
        """Note that one runs no more; harmless twice."""
        host = self._running.pop(key, None)
        if host is not None:
            self._per_host[host] -= 1
            if not self._per_host[host]:
                del self._per_host[host]
