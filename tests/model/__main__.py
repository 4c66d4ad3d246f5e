"""The long run: `python -m tests.model --rounds 1000 --seed 7`."""

from __future__ import annotations

import argparse
import asyncio
import secrets

from tests.model.rounds import Run, Tally

EMBEDDED = "hato.store.embedded:EmbeddedStore"


def show(tally: Tally) -> None:
    """Print now and then how far it is."""
    if tally.rounds % 50 == 0:
        print(f"{tally.rounds} rounds, {tally.steps} steps compared", flush=True)


def main() -> None:
    """Run and print what was tried."""
    parser = argparse.ArgumentParser(prog="python -m tests.model")
    parser.add_argument("--rounds", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    parser.add_argument("--backend", default=EMBEDDED, help="module:Class of the store to try")
    parser.add_argument("--only", default="", help="kinds of bad luck whose name contains this")
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    run = Run(arguments.backend, arguments.seed, arguments.only)
    try:
        asyncio.run(run.rounds(arguments.rounds, show))
    finally:
        print(run.tally.table())


if __name__ == "__main__":
    main()
