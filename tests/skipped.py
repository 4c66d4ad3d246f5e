"""At the end of a run: which tests were skipped and why, one line a reason."""

from __future__ import annotations

from collections import defaultdict

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the reasons, the commonest first; nothing when nothing was skipped."""
    files: defaultdict[str, list[str]] = defaultdict(list)
    for report in terminalreporter.stats.get("skipped", []):
        files[reason_of(report)].append(report.nodeid.split("::")[0])
    if not files:
        return
    terminalreporter.section("skipped, and why")
    for reason, names in sorted(files.items(), key=lambda item: (-len(item[1]), item[0])):
        places = ", ".join(sorted(set(names)))
        terminalreporter.write_line(f"{len(names):4}  {reason}  [{places}]")


def reason_of(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Return the words of the skip."""
    words = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return str(words).removeprefix("Skipped: ").replace("\n", " ")
