"""Make many sources in one process; `hato account add` makes one at a time.

Called by `hato_collector`, as a program of its own: many_sources.py HATO_TOML < JSON.
Never logs in anywhere: it only writes down what is to be polled.
Standards: none.
Fails with a traceback: Hato's insides are not what was expected.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

from hato.app import Composition
from hato.core.secret import Secret
from hato.core.settings_file import read_settings
from hato.services.settings_finder.candidate import Protocol, TlsMode
from hato.services.sources.source import Source
from hato.services.sources.sources import new_source_id


async def _make(configuration: Path, what: dict[str, Any]) -> None:
    settings = read_settings(configuration)
    composition = Composition()
    store = await composition.open_store(settings)
    person = await store.directory.find_person(what["owner"])
    if person is None:
        raise SystemExit("the owner is not there")
    account = await store.account(person.account_id)
    sources = composition.sources(account, settings)
    for number in range(what["count"]):
        source = Source(
            source_id=new_source_id(),
            address=f"source{number}@bench.example",
            name=f"source {number}",
            colour="#808080",
            added=int(time.time()),
            protocol=Protocol.POP3,
            host="127.0.0.1",
            port=what["port"],
            tls=TlsMode.IMPLICIT,
            login=f"{number}.{what['login']}",
            ca_file=what["ca_file"],
            poll_seconds=what["poll_seconds"],
        )
        await sources.add(source, Secret(what["password"]))
    await store.close()


if __name__ == "__main__":
    asyncio.run(_make(Path(sys.argv[1]), json.load(sys.stdin)))
