"""The command line with somebody's mail in it, in this process; nothing of it outlives the test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import pytest

from hato.app import Composition
from hato.core.settings_file import read_settings
from hato.store.api import Account, Store
from tests.unit.cli.conftest import Hato, Said

ResultT = TypeVar("ResultT")
OWNER = "ada@example.org"


class MailProgram:
    """Ada's `hato`: verb by verb, and the store behind it."""

    def __init__(self, hato: Hato, config: Path) -> None:
        self.hato = hato
        self.config = config

    def __call__(self, *verb: str, status: int = 0, piped: str = "") -> Said:
        """Run a verb; raises AssertionError where its exit status is another one."""
        return self.hato(*verb, status=status, piped=piped)

    def with_account(
        self, work: Callable[[Store, Account], Coroutine[None, None, ResultT]]
    ) -> ResultT:
        """Do something with Ada's account while no verb runs."""
        return asyncio.run(self._with_account(work))

    async def _with_account(self, work: Callable[[Store, Account], Awaitable[ResultT]]) -> ResultT:
        async with self._account() as (store, account):
            return await work(store, account)

    @asynccontextmanager
    async def _account(self) -> AsyncIterator[tuple[Store, Account]]:
        store = await Composition().open_store(read_settings(self.config))
        try:
            person = await store.directory.find_person(OWNER)
            assert person is not None
            yield store, await store.account(person.account_id)
        finally:
            await store.close()


@pytest.fixture
def make_mail_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[str], MailProgram]:
    """Make another Hato on this machine, with Ada in it; the name is its folder's."""
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TZ", "UTC")
    for name in ("EDITOR", "VISUAL", "PAGER", "HATO_PAGER", "HATO_OWNER", "HATO_CONFIG"):
        monkeypatch.delenv(name, raising=False)

    def make(name: str) -> MailProgram:
        config = tmp_path / f"{name}.toml"
        config.write_text(f'data = "{tmp_path / name}"\n')
        hato = Hato(config, lambda: Said(*capsys.readouterr()), monkeypatch)
        hato("domain", "add", "example.org")
        hato("user", "add", OWNER, "--password-stdin", piped="a long password\n")
        return MailProgram(hato, config)

    return make


@pytest.fixture
def mail_program(make_mail_program: Callable[[str], MailProgram]) -> MailProgram:
    """One Hato with Ada in it."""
    return make_mail_program("here")
