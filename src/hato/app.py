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
import re
import resource
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

import msgspec

from hato.cli.program import run
from hato.core.clock import SystemClock
from hato.core.errors import InvalidInputError, StorageFullError, UnavailableError
from hato.core.language import Text
from hato.core.log import Level, is_terminal, log
from hato.core.settings import Settings
from hato.core.settings_file import read_settings
from hato.core.shared_counts import Counts

if TYPE_CHECKING:
    from hato.net.plan import Plan
    from hato.net.workers import Place, RunWorker
    from hato.services.accounts import Accounts
    from hato.services.auth.authenticator import Authenticator
    from hato.services.delivery import DeliveryService
    from hato.services.fetching.fetcher import Fetcher
    from hato.services.fetching.source_polls import SourcePolls
    from hato.services.sending.courier import Courier
    from hato.services.settings_finder.outside import Outside
    from hato.services.sources.sources import Sources
    from hato.store.api import Account, Store

SERVED: Final = ("pop3", "pop3s", "lmtp")
"""The names of [listen] that this version serves."""

_COLLECT_AFTER: Final = 50_000
"""Objects that are made between two looks for garbage: loading a verb makes more than the usual 700
many times over, and none of it is garbage."""

_NO_CERTIFICATE = Text(
    en="{names} needs a certificate: set certificate and key in [tls] "
    "(or try Hato out with `hato up`, which makes its own).",
    ja="{names} には証明書が要ります。[tls] に certificate と key を設定してください"
    "(試すだけなら `hato up` が自分で作ります)。",
)
_HALF_A_CERTIFICATE = Text(
    en="[tls] needs certificate and key, both: one of them is missing.",
    ja="[tls] には certificate と key の両方が必要です。片方がありません。",
)
_NOT_YET = Text(
    en="This version of Hato does not serve {name} yet: remove it from [listen].",
    ja="この版の鳩はまだ {name} を提供しません。[listen] から外してください。",
)
_NOTHING = Text(
    en="There is nothing to serve: name at least one address in [listen].",
    ja="提供するものがありません。[listen] にアドレスを少なくとも一つ書いてください。",
)
_BAD_HOSTNAME = Text(
    en="hostname = {name!r} cannot stand in a greeting: use letters, digits, dots and hyphens "
    "(an international name in its xn-- form).",
    ja="hostname = {name!r} は挨拶に使えません。英数字、ピリオド、ハイフンで書いてください"
    "(国際化ドメイン名は xn-- の形で)。",
)
_HOST_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,253}")
_NO_DIRECTORY = Text(
    en="{file} is missing, although there are accounts in {accounts}: put it back from a backup "
    "(without it nobody knows whose they are).",
    ja="{accounts} にアカウントがあるのに {file} がありません。バックアップから戻してください"
    "(これがないと誰のものか分かりません)。",
)
_NOT_OPENED = Text(
    en="The store in {data} cannot be opened ({reason}): look whether its files are whole, and "
    "whether the user that Hato runs as may write them.",
    ja="{data} のストアを開けません({reason})。ファイルが壊れていないか、"
    "鳩を動かすユーザーが書き込めるかを確かめてください。",
)
_BAD_LOG = Text(
    en="[log] {key} = {value!r} is none of {choices}.",
    ja="[log] {key} = {value!r} は {choices} のどれでもありません。",
)


class Composition:
    """Who is who: the ways that the command line is given."""

    def has_store(self, settings: Settings) -> bool:
        """Tell whether there is a store in the data folder. Raises InvalidInputError, OSError.

        What is left of one is neither: nobody may put a new one in its place.
        """
        from hato.store.embedded.hato_db import FILE_NAME

        file, accounts = Path(settings.data, FILE_NAME), Path(settings.data, "accounts")
        if file.exists():
            return True
        if accounts.is_dir() and any(accounts.iterdir()):
            raise InvalidInputError(_NO_DIRECTORY, file=file, accounts=accounts)
        return False

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
            hostname=own_hostname(settings),
            message_octets=settings.limits.message_octets,
        )

    def sources(self, account: Account, settings: Settings) -> Sources:
        """Return the mail accounts elsewhere of one person. Raises UnavailableError: no key."""
        from hato.services.auth.secret_key import read_secret_key
        from hato.services.auth.vault import Vault
        from hato.services.sources.sources import Sources

        return Sources(account, Vault(read_secret_key(Path(settings.data))), SystemClock())

    def outside(self, settings: Settings, path: Path | None) -> Outside:
        """Return the ways to the world in which mail accounts elsewhere are found."""
        from hato.services.settings_finder.outside import open_outside
        from hato.services.settings_finder.providers_file import find_providers_file

        return open_outside(
            dns_servers=settings.discovery.dns_servers,
            reachable_networks=settings.discovery.reachable_networks,
            providers_file=find_providers_file(path),
        )

    def source_polls(self, store: Store, settings: Settings, path: Path | None) -> SourcePolls:
        """Return the service that polls mail accounts elsewhere. `path`: the configuration's."""
        from hato.services.fetching.provider_facts import ProviderFacts
        from hato.services.fetching.source_polls import SourcePolls
        from hato.services.settings_finder.providers_file import find_providers_file

        return SourcePolls(
            self.delivery(store, settings),
            lambda account: self.sources(account, settings),
            SystemClock(),
            ProviderFacts(find_providers_file(path)),
        )

    def courier(self, store: Store, settings: Settings, path: Path | None) -> Courier:
        """Return the service that sends letters. `path`: the configuration's."""
        from hato.services.sending.courier import Courier
        from hato.services.sending.identities import Identities
        from hato.services.sending.ways_out import WaysOut

        async def ways_of(account: Account) -> WaysOut:
            people = await store.directory.people()
            names = [one.name for one in people if one.account_id == account.account_id]
            return WaysOut(
                account,
                self.sources(account, settings),
                Identities(account, names[0] if names else ""),
                SystemClock(),
                lambda: self.outside(settings, path),
            )

        return Courier(store, ways_of, SystemClock())

    def fetcher(self, store: Store, settings: Settings, path: Path | None) -> Fetcher:
        """Return what fetches for everybody, of which one process has one."""
        from hato.services.fetching.fetcher import Fetcher
        from hato.services.fetching.roster import Roster

        roster = Roster(store, lambda account: self.sources(account, settings))
        return Fetcher(roster, self.source_polls(store, settings, path), SystemClock())

    def check(self, settings: Settings) -> None:
        """Look at all that serving needs, without binding. Raises InvalidInputError."""
        from hato.core.addresses import Networks
        from hato.net.plan import read_addresses
        from hato.net.tls_contexts import TlsContexts

        if settings.hostname and not _HOST_NAME.fullmatch(settings.hostname):
            raise InvalidInputError(_BAD_HOSTNAME, name=settings.hostname)
        for name in settings.listen.__struct_fields__:
            if getattr(settings.listen, name) and name not in SERVED:
                raise InvalidInputError(_NOT_YET, name=name)
        if not any(getattr(settings.listen, name) for name in SERVED):
            raise InvalidInputError(_NOTHING)
        if bool(settings.tls.certificate) != bool(settings.tls.key):
            raise InvalidInputError(_HALF_A_CERTIFICATE)
        if settings.listen.pop3s and not settings.tls.certificate:
            raise InvalidInputError(_NO_CERTIFICATE, names="pop3s")
        read_addresses(settings, SERVED)
        Networks((*settings.auth.allow_plaintext_from, *settings.proxy.trusted))
        if settings.tls.certificate:
            TlsContexts(settings.tls)
        log_levels(settings)

    def serve(self, settings: Settings, path: Path | None, on_ready: Callable[[], None]) -> int:
        """Serve until told to stop; return the exit status. Raises InvalidInputError."""
        from hato.net.memory import prepare_for_workers
        from hato.net.plan import Plan
        from hato.net.privileges import become
        from hato.net.workers import Parent

        self.check(settings)
        configure_log(settings)
        _allow_many_connections()
        plan = Plan(settings, SERVED)
        try:
            _load_everything()
            if settings.user:
                become(settings.user)
            with plan.claim_data_folder():
                asyncio.run(self._try_store(settings))
                prepare_for_workers()
                run_worker = _worker(settings, plan, path)
                stop_seconds = settings.limits.shutdown_seconds
                parent = Parent(plan.workers, run_worker, stop_seconds, plan.counts)
                return parent.serve(on_ready, lambda: self._reload(path, plan))
        finally:
            plan.close()

    async def _try_store(self, settings: Settings) -> None:
        """Open the store once, and close it before there are workers. Raises InvalidInputError.

        What workers cannot open is told here, in one sentence, instead of by each of them. Nobody
        else serves this data: leases that are left are of a server that was killed.
        """
        try:
            store = await self.open_store(settings)
        except (UnavailableError, StorageFullError) as fault:
            raise InvalidInputError(_NOT_OPENED, data=settings.data, reason=fault) from fault
        try:
            await store.leases.end_all()
        except (UnavailableError, StorageFullError) as fault:  # they run out by themselves
            log.warning("leases-not-ended", reason=str(fault))
        await store.close()

    def _reload(self, path: Path | None, plan: Plan) -> RunWorker | None:
        """Read the configuration again; what new workers do, or None when it cannot be served."""
        try:
            settings = read_settings(path) if path else plan.settings
            self.check(settings)
            plan.replace(settings)
        except InvalidInputError as fault:
            log.error("not-reloaded", reason=str(fault))
            return None
        configure_log(settings)
        return _worker(settings, plan, path)


def _worker(settings: Settings, plan: Plan, path: Path | None) -> RunWorker:
    """Return what one worker process does."""
    named = msgspec.structs.replace(settings, hostname=own_hostname(settings))

    def work(place: Place, life: int, ready: int) -> None:
        _run_loop(_serve_one(named, path, plan, place, life, ready))

    return work


def own_hostname(settings: Settings) -> str:
    """Return the name by which this server greets: one that every protocol can say."""
    import platform

    name = settings.hostname or platform.node()
    return name if _HOST_NAME.fullmatch(name) else "localhost"


async def _serve_one(
    settings: Settings, path: Path | None, plan: Plan, place: Place, life: int, ready: int
) -> None:
    """Be one worker: open the store, offer the services, stop gracefully."""
    from hato.net.workers import RETIRE
    from hato.services.auth.authenticator import Authenticator
    from hato.services.upkeep import look_after

    clock = SystemClock()
    store = await Composition().open_store(settings)
    counts = Counts(plan.counts, place.row)
    authenticator = Authenticator(store, settings, clock, counts=counts)
    stop, retire = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_signal_handler(RETIRE, retire.set)
    loop.add_reader(life, stop.set)
    services = _services(settings, plan, store, authenticator, counts)
    servers = await plan.start(services, place.number)
    tasks = [
        loop.create_task(plan.keep_time(services)),
        loop.create_task(authenticator.logins.watch()),
    ]
    if place.number == 0:
        tasks.append(loop.create_task(look_after(store, clock, place.holder)))
    for task in tasks:  # none ends by itself: a worker without them is replaced
        task.add_done_callback(lambda _: stop.set())
    fetching: list[asyncio.Task[None]] = []
    if place.number == 0:
        fetching += [
            loop.create_task(_fetch(store, settings, path, place.holder, until=retire)),
            loop.create_task(_send(store, settings, path, until=retire)),
            loop.create_task(_index(store, until=retire)),
        ]
    os.write(ready, b"r")
    await _first(stop.wait(), retire.wait())
    retire.set()  # what fetches ends by itself: cut short, it would not give its lease back
    for server in servers:
        server.close()
    if not stop.is_set():
        empty = asyncio.gather(*(service.wait_until_empty() for service in services.values()))
        await _first(stop.wait(), empty, within_seconds=settings.limits.idle_seconds)
    loop.remove_reader(life)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*(s.stop(settings.limits.shutdown_seconds) for s in services.values()))
    for outcome in await asyncio.gather(*tasks, *fetching, return_exceptions=True):
        if isinstance(outcome, Exception):
            log.error("fault", fault=outcome, worker=place.number)
    await authenticator.close()
    await store.close()


async def _fetch(
    store: Store, settings: Settings, path: Path | None, holder: str, *, until: asyncio.Event
) -> None:
    """Fetch mail from accounts elsewhere, until another worker is there to do it."""
    from hato.services.fetching.service import fetch_for_everybody

    fetching = fetch_for_everybody(
        lambda: Composition().fetcher(store, settings, path),
        store.leases,
        SystemClock(),
        holder,
    )
    await _until(until, fetching)


async def _send(
    store: Store, settings: Settings, path: Path | None, *, until: asyncio.Event
) -> None:
    """Send what waits in the outbox, until another worker is there to do it."""
    from hato.services.sending.service import send_for_everybody

    await _until(until, send_for_everybody(Composition().courier(store, settings, path)))


async def _index(store: Store, *, until: asyncio.Event) -> None:
    """Prepare everybody's mail to be searched, until another worker is there to do it."""
    from hato.services.search.service import index_for_everybody

    await _until(until, index_for_everybody(store, SystemClock()))


async def _until(event: asyncio.Event, work: Coroutine[Any, Any, None]) -> None:
    """Do something until something happens; it ends as being cancelled lets it end."""
    task = asyncio.ensure_future(work)
    try:
        await event.wait()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _first(*waits: Awaitable[object], within_seconds: float | None = None) -> None:
    """Wait for the first of several, `within_seconds` at most; forget the others."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, timeout=within_seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _services(
    settings: Settings, plan: Plan, store: Store, authenticator: Authenticator, counts: Counts
) -> dict[str, Any]:
    """Introduce the edges to the services and the services to the net."""
    from hato.core.addresses import Networks
    from hato.net.doorkeeper import Doorkeeper
    from hato.net.service import Service
    from hato.servers.lmtp import PART_COMMANDS, LmtpSession
    from hato.servers.pop3 import Pop3Edge, Pop3Session

    allowed = settings.limits
    edge = Pop3Edge(authenticator, store.directory, settings, SystemClock(), counts)
    delivery = Composition().delivery(store, settings)
    doorkeeper = Doorkeeper(allowed, Networks(settings.proxy.trusted), counts)
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


def _load_everything() -> None:
    """Import what workers need: once for all of them, and before another user may be unable to."""
    import hato.servers.lmtp
    import hato.servers.pop3
    import hato.services.auth
    import hato.services.fetching.service
    import hato.services.search.service
    import hato.services.sending.service
    import hato.services.upkeep
    import hato.store.embedded  # noqa: F401 - the import is the point

    with contextlib.suppress(ImportError):
        import uvloop  # noqa: F401 - the same


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
    gc.set_threshold(_COLLECT_AFTER)
    _leave(run(Composition(), sys.argv[1:]))


def _leave(status: int) -> NoReturn:
    """End the process at once: taking everything apart first costs a verb 15 ms of its 110."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:  # who was to read it has left
        status = status or 1
    os._exit(status)
