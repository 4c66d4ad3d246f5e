"""What every verb of the command line works with: settings, language, and the ways to the rest.

Called by the verbs; filled by the composition root, which knows what stands behind the ways.
Never names a backend.
Standards: none.
Fails with InvalidInputError where there is no usable configuration.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import click
import msgspec

from hato.core.errors import InvalidInputError
from hato.core.language import Language, Text
from hato.core.settings import Settings
from hato.core.settings_file import find_settings_file, read_settings

if TYPE_CHECKING:  # the services take time to load that most verbs do not need
    from hato.services.accounts import Accounts
    from hato.services.delivery import DeliveryService
    from hato.services.fetching.source_polls import SourcePolls
    from hato.services.sending.courier import Courier
    from hato.services.settings_finder.outside import Outside
    from hato.services.sources.sources import Sources
    from hato.store.api import Account, Store

ResultT = TypeVar("ResultT")

_NOWHERE = Text(
    en="There is no configuration: name one with --config FILE, or make one with "
    "`hato config example > hato.toml`.",
    ja="設定がありません。--config FILE で指定するか、`hato config example > hato.toml` "
    "で作ってください。",
)


_NO_STORE = Text(
    en="There is no store in {data}: check `data` in {path}; `hato domain add` makes a new one.",
    ja="{data} にストアがありません。{path} の data を確認してください。"
    "新しく作るには `hato domain add` を使います。",
)


class Ways(Protocol):
    """The ways from the command line to the rest of the program."""

    def has_store(self, settings: Settings) -> bool:
        """Tell whether there is a store. Raises InvalidInputError where half of one is."""
        ...

    def open_store(self, settings: Settings) -> Awaitable[Store]:
        """Open the data folder; make a store where there is none.

        Raises UnavailableError, InvalidInputError.
        """
        ...

    def accounts(self, store: Store, settings: Settings) -> Accounts:
        """Return the service that adds people, domains and addresses."""
        ...

    def delivery(self, store: Store, settings: Settings) -> DeliveryService:
        """Return the door by which mail gets in."""
        ...

    def sources(self, account: Account, settings: Settings) -> Sources:
        """Return the mail accounts elsewhere of one person. Raises UnavailableError: no key."""
        ...

    def outside(self, settings: Settings, path: Path | None) -> Outside:
        """Return the ways to the world in which mail accounts elsewhere are found.

        `path`: the configuration file. Raises InvalidInputError.
        """
        ...

    def source_polls(self, store: Store, settings: Settings, path: Path | None) -> SourcePolls:
        """Return the service that polls mail accounts elsewhere. `path`: the configuration's."""
        ...

    def courier(self, store: Store, settings: Settings, path: Path | None) -> Courier:
        """Return the service that sends letters. `path`: the configuration's."""
        ...

    def check(self, settings: Settings) -> None:
        """Look at what serving would need. Raises InvalidInputError."""
        ...

    def serve(self, settings: Settings, path: Path | None, on_ready: Callable[[], None]) -> int:
        """Serve until told to stop; return the exit status. Raises InvalidInputError."""
        ...


class Desk:
    """Settings, language and ways, for one run of a verb."""

    def __init__(self, ways: Ways, language: Language, config: Path | None) -> None:
        """`config`: the file that was named, or None to look in the usual places."""
        self.ways = ways
        self.language = language
        self._config = config

    def path(self) -> Path:
        """Return the configuration file. Raises InvalidInputError."""
        path = self._config or find_settings_file()
        if path is None:
            raise InvalidInputError(_NOWHERE)
        return path

    @cached_property
    def settings(self) -> Settings:
        """Read the configuration. Raises InvalidInputError."""
        return read_settings(self.path())

    @asynccontextmanager
    async def store(self, *, may_make: bool = False) -> AsyncIterator[Store]:
        """Open the data folder, whether a server runs or not, and close it afterwards.

        `may_make`: where there is none, make one. Raises InvalidInputError.
        """
        if not self.ways.has_store(self.settings) and not may_make:
            raise InvalidInputError(_NO_STORE, data=self.settings.data, path=self.path())
        store = await self.ways.open_store(self.settings)
        try:
            yield store
        finally:
            await store.close()

    @asynccontextmanager
    async def accounts(self, *, may_make: bool = False) -> AsyncIterator[Accounts]:
        """Open the data folder to manage people, domains and addresses."""
        async with self.store(may_make=may_make) as store:
            yield self.ways.accounts(store, self.settings)

    def outside(self) -> Outside:
        """Return the ways to servers elsewhere; there may be no configuration.

        Raises InvalidInputError.
        """
        path = self._config or find_settings_file()
        return self.ways.outside(self.settings if path else Settings(), path)

    def run(self, work: Coroutine[Any, Any, ResultT]) -> ResultT:
        """Run a verb's work to its end."""
        return asyncio.run(work)

    def say(self, text: Text, **fields: object) -> None:
        """Print a sentence in the person's language."""
        click.echo(text.in_language(self.language, **fields))

    def say_aside(self, text: Text, **fields: object) -> None:
        """Print a sentence to standard error: progress, hints, refusals."""
        click.echo(text.in_language(self.language, **fields), err=True)

    def print_heading(self, text: Text) -> None:
        """Name the columns of what follows where somebody looks; programs get the rows alone."""
        if sys.stdout.isatty():
            click.echo(text.in_language(self.language))

    def print_json(self, value: object) -> None:
        """Print data for another program."""
        click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())
