"""The long run: `python -m tests.send_faults --rounds 20 --moments 100`."""

from __future__ import annotations

import argparse
import asyncio
import secrets
import tempfile
import time
from pathlib import Path

from tests.send_faults.broken_sends import STEPS, BrokenSends


def main() -> None:
    """Kill so often at each step, and so often at any moment; print what was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.send_faults")
    parser.add_argument("--rounds", type=int, default=10, help="how often at each step")
    parser.add_argument("--moments", type=int, default=50, help="how often at any moment")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="hato-send-faults-") as folder:
        sends = BrokenSends(Path(folder) / "here", arguments.seed)
        steps = [*STEPS * arguments.rounds, *["moment"] * arguments.moments]
        asyncio.run(sends.run(steps))
        print(sends.figures())
    print(f"  ({time.monotonic() - began:.0f} s)", flush=True)


if __name__ == "__main__":
    main()
