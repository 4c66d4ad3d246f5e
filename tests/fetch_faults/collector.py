"""A person's own Hato, whose `hato fetch` is started, killed, cut off and started again.

Used by the runs that kill and cut, by the trace and by the full disk.
Never serves: what is here is read from the store, and nobody else fetches meanwhile.
Standards: none; the command-line contract is in ARCHITECTURE.md.
Fails with ServerError when a command fails that must not.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Final

from hato.core.clock import SystemClock
from hato.core.settings import StoreSettings
from hato.services.auth.secret_key import read_secret_key
from hato.services.auth.vault import Vault
from hato.services.sources.sources import Sources
from hato.store.api import Account
from hato.store.embedded import EmbeddedStore
from tests.fetch_faults.mailboxes import ProviderMailbox, stored_letters
from tests.system.people import Person
from tests.system.server_process import HATO, Certificates, HatoServer, _environment

OWNER: Final = Person("kim@example.org", "open sesame kim")
_PATIENCE_SECONDS: Final = 120.0
KEEP: Final = ("--keep",)
DELETE: Final = ("--delete-after-days", "0")


class Collector:
    """One data folder with one person and one source."""

    def __init__(self, folder: Path, tables: dict[str, dict[str, object]] | None = None) -> None:
        """Make the folder and the person."""
        self.hato = HatoServer(folder, Certificates(folder / "certificates"), tables or {})
        self.hato.prepare()
        self.hato.add_person(OWNER)

    @property
    def data_folder(self) -> Path:
        """Where the mail is."""
        return self.hato.data_folder

    def add_source(self, mailbox: ProviderMailbox, port: int, policy: Sequence[str]) -> None:
        """`hato account add`, without TLS, at a port of ours."""
        self.hato.run(
            *("account", "add", mailbox.login, "--owner", OWNER.address),
            *("--protocol", "pop3", "--host", "127.0.0.1", "--port", str(port)),
            *("--tls", "none", "--login", mailbox.login, "--password-stdin", *policy),
            standard_input=mailbox.password.encode() + b"\n",
        )

    def begin_fetch(self, *wrapper: str) -> subprocess.Popen[bytes]:
        """Start `hato fetch`; it leads a process group of its own."""
        return subprocess.Popen(
            [
                *wrapper,
                *(str(HATO), "--config", str(self.hato.config_file)),
                *("fetch", "--owner", OWNER.address),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=_environment(),
            start_new_session=True,
        )

    def fetch(self, *wrapper: str) -> tuple[int, str]:
        """Run `hato fetch` to its end; return its status and all that it said."""
        return await_end(self.begin_fetch(*wrapper))

    def set_poll_seconds(self, seconds: int) -> None:
        """Look more often than `hato account edit --every` allows: a test has less time."""
        asyncio.run(self._set_poll_seconds(seconds))

    async def _set_poll_seconds(self, seconds: int) -> None:
        async with self.account() as account:
            vault = Vault(read_secret_key(self.data_folder))
            sources = Sources(account, vault, SystemClock())
            for source in await sources.all():
                await sources.change(source.source_id, poll_seconds=seconds)

    def count_letters(self) -> int:
        """Return how many letters are here, without reading them."""
        return asyncio.run(self._count_letters())

    async def _count_letters(self) -> int:
        async with self.account() as account:
            return sum(mailbox.total for mailbox in await account.mailboxes())

    @contextlib.asynccontextmanager
    async def account(self) -> AsyncIterator[Account]:
        """Open the one account, whoever else has it open."""
        store = await EmbeddedStore(self.data_folder, StoreSettings(), SystemClock()).open()
        try:
            (account_id,) = await store.account_ids()
            yield await store.account(account_id)
        finally:
            await store.close()

    def letters(self) -> list[bytes]:
        """Return every letter that is here."""
        return stored_letters(self.data_folder)


def await_end(process: subprocess.Popen[bytes]) -> tuple[int, str]:
    """Wait for the end of a fetch; a traceback, or no end, is a failed test."""
    try:
        said, _ = process.communicate(timeout=_PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        kill(process)
        said, _ = process.communicate()
        raise AssertionError(f"hato fetch did not end; it said:\n{said[-4000:]!r}") from None
    words = said.decode(errors="replace")
    assert "Traceback" not in words, words[-6000:]
    return process.returncode, words


def kill(process: subprocess.Popen[bytes], how: signal.Signals = signal.SIGKILL) -> None:
    """Kill a fetch, and whatever it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, how)
