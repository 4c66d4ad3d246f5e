"""The delay proxy of `proxy/delay.c`: compile it, start it, ask what it counted.

Called by the scenarios.
Never limits a rate: it only makes the way longer.
Standards: none.
Fails with BenchError when it does not compile, start or answer.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from bench.server import BenchError, accepts, free_ports, stop_process, wait_until

SOURCE = Path(__file__).parents[1] / "proxy" / "delay.c"


@dataclass(frozen=True)
class Counted:
    """What went through since the last question."""

    connections: int = 0
    octets_up: int = 0
    octets_down: int = 0
    commands: dict[str, int] = field(default_factory=dict)


class Delay:
    """A way to a server that takes `round_trip_ms` there and back."""

    def __init__(self, binary: Path, upstream_port: int, *, hides_pipelining: bool = False) -> None:
        """Start, without a delay at first."""
        self.port = free_ports().pop3
        hide = ["hide"] if hides_pipelining else []
        self._process = subprocess.Popen(
            [str(binary), str(self.port), str(upstream_port), "0", *hide],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        wait_until(lambda: accepts(self.port), self._process, Path("no log"))
        self.counted()

    def _ask(self, line: str) -> dict[str, object]:
        if self._process.stdin is None or self._process.stdout is None:
            raise BenchError("the delay proxy has no pipes")
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise BenchError("the delay proxy is gone")
        read: dict[str, object] = json.loads(answer)
        return read

    def set_round_trip(self, milliseconds: float) -> None:
        """Delay what comes from now on."""
        self._ask(f"delay {milliseconds * 1000:.0f}")

    def counted(self) -> Counted:
        """Return what was counted since the last time."""
        return Counted(**self._ask("count"))  # type: ignore[arg-type]  # the proxy's own JSON

    def stop(self) -> None:
        """Stop; open connections are cut."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        if self._process.stdout is not None:
            self._process.stdout.close()
        stop_process(self._process)
