"""Which sockets and certificates serve which protocol: prepared before the workers are forked.

Called by the composition root, in the parent (bind) and in each worker (start).
Never knows a protocol but by its name in [listen].
Standards: RFC 2033 §2 (LMTP is for this machine, not for port 25).
Fails with InvalidInputError: one sentence about the address, certificate or data folder.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import ipaddress
import os
import socket
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from hato.core.errors import InvalidInputError
from hato.core.language import Text
from hato.core.settings import Settings
from hato.core.shared_counts import SharedCounts
from hato.net.connection import Connection
from hato.net.folder_claim import claim_folder
from hato.net.listener import BACKLOG, ListenAddress, bind, read_listen_address
from hato.net.service import Service
from hato.net.tls_contexts import TlsContexts

_TICK_SECONDS: Final = 1.0
_CERTIFICATE_LOOK_SECONDS: Final = 5.0

_LMTP_OUTSIDE = Text(
    en="LMTP accepts mail from anybody who reaches it, so it listens on loopback or a UNIX socket "
    "only: {text} is neither.",
    ja="LMTP は届く相手すべてからメールを受け取るので、ループバックか UNIX ソケットでだけ"
    "待ち受けます。{text} はどちらでもありません。",
)
_ONLY_LMTP = Text(
    en="{text}: only lmtp listens on a UNIX socket; give {name} an address:port.",
    ja="{text}: UNIX ソケットは lmtp だけです。{name} には address:port を書いてください。",
)
_NEEDS_RESTART = Text(
    en="A change of {key} needs a restart: everything stays as it was until then.",
    ja="{key} の変更には再起動が必要です。それまでは元のまま動きます。",
)


_GENERATIONS: Final = 4
"""How many sets of workers may be there at once: who retires after a reload still has sessions."""


class Plan:
    """Bound sockets by service and worker, certificates, and the claim on the data folder."""

    def __init__(self, settings: Settings, names: Sequence[str]) -> None:
        """Read certificates and bind every address. Raises InvalidInputError."""
        self.settings = settings
        self.workers = settings.workers or os.cpu_count() or 1
        self.counts = SharedCounts(_GENERATIONS * self.workers)
        self._names = names
        self._sockets: dict[tuple[str, str], list[socket.socket]] = {}
        self.tls = TlsContexts(settings.tls) if settings.tls.certificate else None
        self._bind(settings)

    @property
    def has_tls(self) -> bool:
        """Whether there is a certificate to offer."""
        return self.tls is not None

    def replace(self, settings: Settings) -> None:
        """Go over to other settings: what stays bound stays. Raises InvalidInputError."""
        for key in ("data", "workers", "user"):
            if getattr(settings, key) != getattr(self.settings, key):
                raise InvalidInputError(_NEEDS_RESTART, key=key)
        tls = TlsContexts(settings.tls) if settings.tls.certificate else None
        self._bind(settings)
        self.settings, self.tls = settings, tls

    def _bind(self, settings: Settings) -> None:
        """Bind what is not bound yet, let go of what is no longer wanted; or change nothing."""
        wanted = read_addresses(settings, self._names)
        bound: dict[tuple[str, str], list[socket.socket]] = {}
        try:
            for key, address in wanted.items():
                if key not in self._sockets:
                    bound[key] = bind(address, self.workers)
        except InvalidInputError:
            _close(bound.values())
            raise
        _close(self._sockets.pop(key) for key in set(self._sockets) - set(wanted))
        self._sockets |= bound

    def claim_data_folder(self) -> contextlib.AbstractContextManager[None]:
        """Be the only server on the data folder. Raises InvalidInputError."""
        return claim_folder(Path(self.settings.data))

    def close(self) -> None:
        """Let go of every socket; those that are files are removed."""
        for sockets in self._sockets.values():
            if sockets[0].family == socket.AF_UNIX:
                Path(sockets[0].getsockname()).unlink(missing_ok=True)
        _close(self._sockets.values())
        self._sockets = {}

    async def start(
        self, services: Mapping[str, Service], number: int
    ) -> list[asyncio.AbstractServer]:
        """Accept connections in worker `number` on its share of the sockets."""
        loop = asyncio.get_running_loop()
        servers: list[asyncio.AbstractServer] = []
        for (name, _), sockets in self._sockets.items():
            connect = functools.partial(Connection, services[name])
            own = sockets[number]
            if own.family == socket.AF_UNIX:
                servers.append(await loop.create_unix_server(connect, sock=own, backlog=BACKLOG))
            else:
                servers.append(await loop.create_server(connect, sock=own, backlog=BACKLOG))
        return servers

    async def keep_time(self, services: Mapping[str, Service]) -> None:
        """Close connections whose time is over, notice new certificates; never ends by itself."""
        since_look = 0.0
        allowed = self.settings.limits
        tick = min(_TICK_SECONDS, allowed.login_seconds / 4, allowed.idle_seconds / 4)
        while True:
            await asyncio.sleep(tick)
            for service in services.values():
                service.look_after()
            since_look += tick
            if self.tls is not None and since_look >= _CERTIFICATE_LOOK_SECONDS:
                since_look = 0.0
                self.tls.reload_if_changed()


def _close(groups: Iterable[list[socket.socket]]) -> None:
    for group in groups:
        for bound in group:
            bound.close()


def read_addresses(
    settings: Settings, names: Sequence[str]
) -> dict[tuple[str, str], ListenAddress]:
    """Return every address of [listen] by service and text. Raises InvalidInputError."""
    addresses = {
        (name, text): read_listen_address(text)
        for name in names
        for text in getattr(settings.listen, name)
    }
    for (name, text), address in addresses.items():
        if name != "lmtp" and address.path:
            raise InvalidInputError(_ONLY_LMTP, text=text, name=name)
        if name == "lmtp" and not address.path and not _is_loopback(address.host):
            raise InvalidInputError(_LMTP_OUTSIDE, text=text)
    return addresses


def _is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
