"""New passwords for accounts whose old ones were refused: asked for, tried, and only then kept.

Called by `cli.fetch` when all accounts were polled and somebody sits there.
Never keeps a password that no login proved; never asks while anything else runs.
Standards: none.
Fails as the store does.
"""

from __future__ import annotations

import sys
from typing import Final

from hato.cli.account.password import NOT_CHANGED
from hato.cli.account.trial import say_setting
from hato.cli.desk import Desk
from hato.cli.fetch.run import FetchRun
from hato.cli.terminal.passwords import ask_for_password
from hato.clients.errors import WrongCredentialsError
from hato.core.secret import Secret
from hato.services.sources.choosing import try_source
from hato.services.sources.source import Source

_TIMES_ASKED: Final = 3
"""More wrong ones in a row make some providers lock the account."""


def ask_for_passwords(desk: Desk, run: FetchRun) -> None:
    """Ask for each password that a server refused, and fetch by those that are right."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return
    proven: dict[str, Secret] = {}
    for entry in run.wanting_passwords():
        secret = _proven_password(desk, entry.source)
        if secret is not None:
            proven[entry.key] = secret
    if proven:
        desk.run(_go_on(desk, run, proven))


def _proven_password(desk: Desk, source: Source) -> Secret | None:
    """Return a password that a login proved; None: there is none just now."""
    for _ in range(_TIMES_ASKED):
        secret = ask_for_password(desk, source.address)
        if not secret:
            return None
        tried = desk.run(try_source(source, secret, desk.outside()))
        if tried.is_good:
            return secret
        say_setting(desk, tried, is_aside=True)
        if not isinstance(tried.error, WrongCredentialsError):
            break
    desk.say_aside(NOT_CHANGED, address=source.address)
    return None


async def _go_on(desk: Desk, run: FetchRun, proven: dict[str, Secret]) -> None:
    """Keep the passwords, and poll their accounts."""
    async with desk.store() as store:
        await run.open(store)
        await run.again(proven)
