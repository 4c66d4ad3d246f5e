"""Write every message of one person's INBOX to standard output, as Hato keeps it.

Called by `hato_collector`, as a program of its own: kept_by_hato.py HATO_TOML NAME.
Never part of what is measured.
Standards: none; each message stands behind its size in 8 octets.
Fails with a traceback: Hato's insides are not what was expected.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from hato.app import Composition
from hato.core.settings_file import read_settings


async def _write_all(configuration: Path, name: str) -> None:
    store = await Composition().open_store(read_settings(configuration))
    person = await store.directory.find_person(name)
    if person is None:
        raise SystemExit(f"{name} is not there")
    account = await store.account(person.account_id)
    snapshot = await account.snapshot(account.inbox)
    for index in range(len(snapshot)):
        body = snapshot.body(index)
        size, done = snapshot.sizes[index], 0
        sys.stdout.buffer.write(size.to_bytes(8, "big"))
        while done < size:
            piece = await account.read(body, done, size)
            sys.stdout.buffer.write(piece.data)
            done += len(piece.data)
    await store.close()


if __name__ == "__main__":
    asyncio.run(_write_all(Path(sys.argv[1]), sys.argv[2]))
