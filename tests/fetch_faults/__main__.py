"""The long runs: `python -m tests.fetch_faults --kills 200 --cuts 100 --seed 7`."""

from __future__ import annotations

import argparse
import secrets
import tempfile
import time
from pathlib import Path

from tests.fetch_faults.broken_fetches import BrokenFetches
from tests.fetch_faults.mailboxes import at_dovecot, at_hato

PROVIDERS = {"hato": at_hato, "dovecot": at_dovecot}


def main() -> None:
    """Kill and cut so often in each mode, half of it at each provider; print what was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fetch_faults")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--cuts", type=int, default=100)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    parser.add_argument("--provider", choices=PROVIDERS, action="append", help="one of them")
    parser.add_argument("--mode", choices=("keep", "delete"), action="append", help="one of them")
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    providers = arguments.provider or list(PROVIDERS)
    for mode in arguments.mode or ("keep", "delete"):
        for name in providers:
            began = time.monotonic()
            with tempfile.TemporaryDirectory(prefix="hato-fetch-faults-") as folder:
                place = Path(folder)
                with PROVIDERS[name](place) as mailbox:
                    run = BrokenFetches(
                        mailbox, place / "here", arguments.seed, keeps=mode == "keep"
                    )
                    run.run(
                        -(-arguments.kills // len(providers)), -(-arguments.cuts // len(providers))
                    )
            print("\n".join(run.figures()))
            print(f"  ({time.monotonic() - began:.0f} s)", flush=True)


if __name__ == "__main__":
    main()
