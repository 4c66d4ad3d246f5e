"""Make many people with one password in one process; `hato user add` makes one at a time.

Called by `hato_server`, as a program of its own: many_people.py HATO_TOML PASSWORD < NAMES.
Never for people whose login is measured: they are made by the command line, one by one.
Standards: none; the cost of the shared Argon2id hash is the server's own.
Fails with a traceback: Hato's insides are not what was expected.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from argon2 import PasswordHasher

from hato.app import Composition
from hato.core.settings_file import read_settings


async def _make(configuration: Path, password: str, names: list[str]) -> None:
    settings = read_settings(configuration)
    composition = Composition()
    store = await composition.open_store(settings)
    accounts = composition.accounts(store, settings)
    hashed = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1).hash(password)
    for name in names:
        await accounts.add_person(name, None, hashed="{ARGON2ID}" + hashed)
    await store.close()


if __name__ == "__main__":
    asyncio.run(_make(Path(sys.argv[1]), sys.argv[2], sys.stdin.read().split()))
