"""The long runs: `python -m tests.fetch_faults`, with `--kills 200 --cuts 100` or `--serve 200`."""

from __future__ import annotations

import argparse
import secrets
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.fetch_faults.broken_fetches import BrokenFetches
from tests.fetch_faults.broken_serving import BrokenServing
from tests.fetch_faults.mailboxes import ProviderMailbox, at_dovecot, at_hato

PROVIDERS = {"hato": at_hato, "dovecot": at_dovecot}


def _run(
    mailbox: ProviderMailbox, folder: Path, arguments: argparse.Namespace, share: int, mode: str
) -> Sequence[str]:
    """Do the part of the run that falls to one of `share` providers in one mode."""
    keeps = mode == "keep"
    if arguments.serve:
        serving = BrokenServing(mailbox, folder, arguments.seed, keeps=keeps)
        serving.run(-(-arguments.serve // share))
        return serving.figures()
    fetches = BrokenFetches(mailbox, folder, arguments.seed, keeps=keeps)
    fetches.run(-(-arguments.kills // share), -(-arguments.cuts // share))
    return fetches.figures()


def main() -> None:
    """Kill and cut so often in each mode, half of it at each provider; print what was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fetch_faults")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--cuts", type=int, default=100)
    parser.add_argument(
        "--serve", type=int, help="instead: strike a server that fetches so often in each mode"
    )
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
                    figures = _run(mailbox, place / "here", arguments, len(providers), mode)
            print("\n".join(figures))
            print(f"  ({time.monotonic() - began:.0f} s)", flush=True)


if __name__ == "__main__":
    main()
