"""Waiting for what a server does by itself, and asking it how a source fares, as a person does.

Used by the tests of a `hato serve` that fetches.
Never waits for a time: only for what must come true.
Standards: none; the command-line contract is in ARCHITECTURE.md.
Fails with AssertionError, and the end of the log, where it does not come true.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any, Final

from tests.fetch_faults.collector import Collector

_PATIENCE_SECONDS: Final = 60.0


def await_that(
    holds: Callable[[], bool], what: str, collector: Collector, *, look_seconds: float = 0.05
) -> None:
    """Wait for what the server does by itself; `look_seconds`: between two looks."""
    until = time.monotonic() + _PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < until, f"in vain for {what}:\n{collector.hato.log()[-3000:]}"
        time.sleep(look_seconds)


def health(collector: Collector) -> dict[str, Any]:
    """Return what `hato account list` says of the first source; empty before its first poll."""
    account, *_ = json.loads(collector.hato.run("account", "list", "--json").stdout)
    found: dict[str, Any] = account["health"] or {}
    return found


def trouble(collector: Collector) -> str:
    """Return what the person is told of her source; empty: nothing is wrong."""
    found = health(collector)
    return "" if found.get("state", "fine") == "fine" else json.dumps(found)
