"""An authoritative DNS server on loopback, and a world in which discovery can be tried.

Used by the tests of the settings finder and of the provider doctor.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import cast

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

from hato.net.dial import Endpoint, Resolve, ask_system
from hato.net.dialled import Patience
from hato.services.settings_finder.dns_lookup import DnsLookup
from hato.services.settings_finder.https_fetch import HttpsFetch
from hato.services.settings_finder.outside import Outside
from hato.services.settings_finder.provider_table import ProviderTable, read_rows

QUICK = Patience(dial_seconds=5, login_seconds=5, idle_seconds=0.2, total_seconds=2)


class Zone(asyncio.DatagramProtocol):
    """Answers from `rows`: `name type` in lower case, and the records' texts."""

    def __init__(self, rows: dict[str, list[str]]) -> None:
        self.rows = rows
        self.is_silent = False
        self.is_validating = False
        """Whether answers say that DNSSEC vouches for them."""
        self.asked: list[str] = []
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # The loop's own transport is none by its class, only by what it can do.
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        question = dns.message.from_wire(data)
        name = question.question[0].name.to_text(omit_final_dot=True).lower()
        kind = dns.rdatatype.to_text(question.question[0].rdtype)
        self.asked.append(f"{name} {kind}")
        if self.is_silent or self._transport is None:
            return
        answer = dns.message.make_response(question)
        answer.flags |= dns.flags.AA | (dns.flags.AD if self.is_validating else 0)
        if texts := self.rows.get(f"{name} {kind}"):
            answer.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", kind, *texts))
        elif not any(row.startswith(f"{name} ") for row in self.rows):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        self._transport.sendto(answer.to_wire(), addr)


@contextlib.asynccontextmanager
async def name_server(rows: dict[str, list[str]]) -> AsyncIterator[tuple[Zone, str]]:
    """Serve a zone; yields it, and where it is as `address:port`."""
    zone = Zone(rows)
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: zone, local_addr=("127.0.0.1", 0)
    )
    try:
        yield zone, f"127.0.0.1:{transport.get_extra_info('sockname')[1]}"
    finally:
        transport.close()


def outside_at(
    server: str,
    *,
    table: Path | None = None,
    authorities: Path | None = None,
    https_port: int = 1,
    may_reach_loopback: bool = True,
    every_port: int | None = None,
    resolve: Resolve | None = None,
) -> Outside:
    """Return the ways to a world that is all on loopback.

    `every_port`: where mail servers really are, whichever port they are looked for at. `resolve`:
    how mail servers are found, instead.
    """
    lookup = DnsLookup([server], seconds=2)

    async def at_every_port(host: str, port: int) -> Sequence[Endpoint]:
        return await lookup.endpoints(host, every_port or port)

    def may_reach(address: str) -> bool:
        return may_reach_loopback and address == "127.0.0.1"

    return Outside(
        dns=lookup,
        https=HttpsFetch(
            resolve=lookup.endpoints,
            may_reach=may_reach,
            authorities_file=str(authorities) if authorities else None,
            port=https_port,
            seconds=2,
        ),
        table=ProviderTable(read_rows(table) if table else []),
        may_reach=may_reach,
        resolve=resolve or at_every_port,
        patience=QUICK,
        authorities_file=str(authorities) if authorities else "",
    )


def outside_here(authorities: Path | None = None) -> Outside:
    """Return the ways to this machine alone, by the names that it has itself."""
    return outside_at("127.0.0.1:9", authorities=authorities, resolve=ask_system)
