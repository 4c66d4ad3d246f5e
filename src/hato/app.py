"""The composition root: the only file that names a backend or a listener.

Called as the program `hato`; it introduces everybody to everybody.
Never decides about mail: services do.
Standards: RFC 8314 §3 for what is offered where.
Fails with one sentence for the operator where the configuration cannot be served.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import platform
import resource
import signal
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hato.cli.program import run
from hato.core.clock import SystemClock
from hato.core.errors import InvalidInputError
from hato.core.language import Text
from hato.core.log import Level, is_terminal, log
from hato.core.settings import Settings
from hato.core.settings_file import read_settings

if TYPE_CHECKING:
    from hato.net.plan import Plan
    from hato.services.accounts import Accounts
    from hato.services.auth import Authenticator
    from hato.services.delivery import DeliveryService
    from hato.store.api import Store

_GC_THRESHOLDS: Final = (50_000, 20, 50)
"""Rarer collections: what a server makes per command holds no circles."""

SERVED: Final = ("pop3", "pop3s", "lmtp")
"""The names of [listen] that this version serves."""

_NO_CERTIFICATE = Text(
    en="{names} needs a certificate: set certificate and key in [tls] "
    "(or try Hato out with `hato up`, which makes its own).",
    ja="{names} には証明書が要ります。[tls] に certificate と key を設定してください"
    "(試すだけなら `hato up` が自分で作ります)。",
)
_NOT_YET = Text(
    en="This version of Hato does not serve {name} yet: remove it from [listen].",
    ja="この版の鳩はまだ {name} を提供しません。[listen] から外してください。",
)
_NOTHING = Text(
    en="There is nothing to serve: name at least one address in [listen].",
    ja="提供するものがありません。[listen] にアドレスを少なくとも一つ書いてください。",
)
_BAD_LOG = Text(
    en="[log] {key} = {value!r} is none of {choices}.",
    ja="[log] {key} = {value!r} は {choices} のどれでもありません。",
)


class Composition:
    """Who is who: the ways that the command line is given."""

    async def open_store(self, settings: Settings) -> Store:
        """Open the data folder. Raises InvalidInputError, UnavailableError."""
        from hato.store.embedded import EmbeddedStore

        store = EmbeddedStore(Path(settings.data), settings.store, SystemClock())
        await store.open()
        return store

    def accounts(self, store: Store, settings: Settings) -> Accounts:
        """Return the service for people, domains and addresses."""
        from hato.services.accounts import Accounts

        return Accounts(store, settings, SystemClock())

    def delivery(self, store: Store, settings: Settings) -> DeliveryService:
        """Return the door by which mail gets in."""
        from hato.services.delivery import DeliveryService

        return DeliveryService(
            store,
            self.accounts(store, settings),
            SystemClock(),
            hostname=settings.hostname or platform.node() or "localhost",
            message_octets=settings.limits.message_octets,
        )

    def check(self, settings: Settings) -> None:
        """Look at what serving would need, without binding. Raises InvalidInputError."""
        from hato.net.plan import read_addresses
        from hato.net.tls_contexts import TlsContexts

        _refuse_what_cannot_be_served(settings)
        read_addresses(settings, SERVED)
        if settings.tls.certificate:
            TlsContexts(settings.tls)
        log_levels(settings)

    def serve(self, settings: Settings, path: Path | None, on_ready: Callable[[], None]) -> int:
        """Serve until told to stop; return the exit status. Raises InvalidInputError."""
        from hato.net.privileges import become
        from hato.net.workers import Parent

        configure_log(settings)
        _allow_many_connections()
        plan = _plan(settings)
        if settings.user:
            become(settings.user)
        with plan.claim_data_folder():
            gc.collect()
            gc.freeze()
            gc.set_threshold(*_GC_THRESHOLDS)
            parent = Parent(plan.workers, _worker(settings, plan), settings.limits.shutdown_seconds)
            return parent.serve(on_ready, lambda: _reload(path, plan))


def _plan(settings: Settings) -> Plan:
    """Bind what is to be served. Raises InvalidInputError."""
    from hato.net.plan import Plan

    _refuse_what_cannot_be_served(settings)
    return Plan(settings, SERVED)


def _refuse_what_cannot_be_served(settings: Settings) -> None:
    """Raise InvalidInputError for unknown listeners, missing certificates and wrong networks."""
    from hato.net.doorkeeper import Networks

    Networks((*settings.auth.allow_plaintext_from, *settings.proxy.trusted))
    for name in settings.listen.__struct_fields__:
        if getattr(settings.listen, name) and name not in SERVED:
            raise InvalidInputError(_NOT_YET, name=name)
    if not any(getattr(settings.listen, name) for name in SERVED):
        raise InvalidInputError(_NOTHING)
    if settings.listen.pop3s and not settings.tls.certificate:
        raise InvalidInputError(_NO_CERTIFICATE, names="pop3s")


def _worker(settings: Settings, plan: Plan) -> Callable[[int, int, int], None]:
    """Return what one worker process does."""

    def work(number: int, life: int, ready: int) -> None:
        _run_loop(_serve_one(settings, plan, number, life, ready))

    return work


def _reload(path: Path | None, plan: Plan) -> Callable[[int, int, int], None] | None:
    """Read the configuration again; what new workers do, or None when it is unusable."""
    try:
        settings = read_settings(path) if path else plan.settings
        plan.replace(settings)
    except InvalidInputError as fault:
        log.error("not-reloaded", reason=str(fault))
        return None
    configure_log(settings)
    return _worker(settings, plan)


async def _serve_one(settings: Settings, plan: Plan, number: int, life: int, ready: int) -> None:
    """Be one worker: open the store, offer the services, stop gracefully."""
    from hato.services.auth import Authenticator
    from hato.services.upkeep import look_after

    clock = SystemClock()
    store = await Composition().open_store(settings)
    authenticator = Authenticator(store, settings, clock)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_reader(life, stop.set)
    services = _services(settings, plan, store, authenticator)
    servers = await plan.start(services, number)
    upkeep = loop.create_task(look_after(store, clock, f"{os.getpid()}"))
    timekeeper = loop.create_task(plan.keep_time(services))
    os.write(ready, b"r")
    await stop.wait()
    loop.remove_reader(life)
    for server in servers:
        server.close()
    for task in (upkeep, timekeeper):
        task.cancel()
    await asyncio.gather(*(s.stop(settings.limits.shutdown_seconds) for s in services.values()))
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.wait([upkeep, timekeeper])
    await authenticator.close()
    await store.close()


def _services(
    settings: Settings, plan: Plan, store: Store, authenticator: Authenticator
) -> dict[str, Any]:
    """Introduce the edges to the services and the services to the net."""
    from hato.net.doorkeeper import Doorkeeper, Networks
    from hato.net.service import Service
    from hato.servers.lmtp import PART_COMMANDS, LmtpSession
    from hato.servers.pop3 import Pop3Edge, Pop3Session

    allowed = settings.limits
    edge = Pop3Edge(authenticator, store.directory, settings, SystemClock())
    delivery = Composition().delivery(store, settings)
    doorkeeper = Doorkeeper(allowed, Networks(settings.proxy.trusted))
    shared: dict[str, Any] = {"doorkeeper": doorkeeper, "limits_": allowed}
    return {
        "pop3": Service(
            "pop3",
            lambda peer: Pop3Session(peer, edge, offers_tls=plan.has_tls),
            idle_seconds=allowed.idle_seconds,
            upgrade_tls=plan.tls,
            **shared,
        ),
        "pop3s": Service(
            "pop3s",
            lambda peer: Pop3Session(peer, edge, offers_tls=False),
            idle_seconds=allowed.idle_seconds,
            implicit_tls=plan.tls,
            **shared,
        ),
        "lmtp": Service(
            "lmtp",
            lambda peer: LmtpSession(peer, delivery, recipients=allowed.recipients_per_message),
            idle_seconds=allowed.lmtp_idle_seconds,
            part_commands=PART_COMMANDS,
            **shared,
        ),
    }


def _run_loop(work: Coroutine[Any, Any, None]) -> None:
    """Run on uvloop where there is one, else on what Python brings."""
    try:
        import uvloop
    except ImportError:
        asyncio.run(work)
    else:
        uvloop.run(work)


def configure_log(settings: Settings) -> None:
    """Log as the operator wants. Raises InvalidInputError."""
    level, as_json = log_levels(settings)
    log.configure(level=level, as_json=as_json)


def log_levels(settings: Settings) -> tuple[Level, bool]:
    """Return the least level that is logged, and whether as JSON. Raises InvalidInputError."""
    levels = {level.name.lower(): level for level in Level}
    for key, choices in (("level", tuple(levels)), ("format", ("auto", "text", "json"))):
        value = getattr(settings.log, key)
        if value not in choices:
            raise InvalidInputError(_BAD_LOG, key=key, value=value, choices=", ".join(choices))
    as_json = settings.log.format == "json"
    return levels[settings.log.level], as_json or (
        settings.log.format == "auto" and not is_terminal()
    )


def _allow_many_connections() -> None:
    """Raise the number of open files to what the system lets us have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def main() -> None:
    """Run `hato`; whatever it writes is for its own user alone."""
    os.umask(0o077)
    sys.exit(run(Composition(), sys.argv[1:]))
