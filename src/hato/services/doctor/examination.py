"""Looking at all mail ports of a host, or of the servers that an address has.

Called by `hato check`.
Never logs in, and never says whose account it is about; takes no longer than the slowest port may.
Standards: RFC 8314 §3 (ports), RFC 6186 §3.
Fails with InvalidInputError for what is neither host nor address.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

import msgspec

from hato.core import limits
from hato.core.errors import InvalidInputError
from hato.core.language import Text
from hato.net.dialled import Patience
from hato.net.outgoing_tls import Trust
from hato.services.settings_finder.candidate import Candidate
from hato.services.settings_finder.finder import search
from hato.services.settings_finder.findings import Findings
from hato.services.settings_finder.host_names import host_or_address
from hato.services.settings_finder.outside import Outside
from hato.services.settings_finder.port_detection import detect
from hato.services.settings_finder.probe import PATIENCE, PortReport, look_at
from hato.services.settings_finder.provider_table import Provider
from hato.services.settings_finder.service_records import PROBES, Probe

_NEITHER: Final = Text(
    en="{text!r} is neither a host nor a mail address: write mail.provider.example or "
    "me@provider.example.",
    ja="{text!r} はホスト名でもメールアドレスでもありません。"
    "mail.provider.example か me@provider.example のように書いてください。",
)


class Examination(msgspec.Struct, kw_only=True):
    """What was found."""

    target: str
    """The host or the address, in its one form."""
    ports: list[PortReport]
    unknown_ports: list[int]
    """Of those that were named: nobody answers there, or nothing that is known here."""
    findings: Findings | None = None
    """Of an address: where its servers were learned."""
    provider: Provider | None = None
    """The provider's row of the table, by address or by host."""


async def examine(
    target: str,
    *,
    outside: Outside,
    ports: Sequence[int] = (),
    authorities_file: str = "",
    patience: Patience = PATIENCE,
) -> Examination:
    """Look at a host, or at the servers of an address.

    `ports`: instead of the usual ones. Raises InvalidInputError.
    """
    trust = await asyncio.to_thread(outside.trust, authorities_file)
    if "@" in target:
        findings = await search(target, outside=outside)
        hosts = tuple(dict.fromkeys(one.host for one in _known(findings)))
        places = _places(findings, hosts)
    else:
        findings, hosts = None, (_host(target),)
        places = [(hosts[0], probe) for probe in PROBES]
    look = _Look(outside, trust, patience, is_named=findings is None)
    unknown: list[int] = []
    if ports:
        named = [(host, port) for host in hosts for port in ports][: limits.EXAMINED_PORTS]
        heard = await asyncio.gather(*(look.detect(host, port) for host, port in named))
        places = [place for place in heard if place is not None]
        found = {probe.port for _, probe in places}
        unknown = [port for port in ports if port not in found]
    return Examination(
        target=target if findings is None else findings.address,
        ports=await asyncio.gather(*(look.at(host, probe) for host, probe in places)),
        unknown_ports=unknown,
        findings=findings,
        provider=outside.table.for_server(hosts[0]) if findings is None else findings.provider,
    )


class _Look(msgspec.Struct, frozen=True):
    """How all ports are looked at."""

    outside: Outside
    trust: Trust
    patience: Patience
    is_named: bool

    async def at(self, host: str, probe: Probe) -> PortReport:
        return await look_at(
            host,
            probe,
            outside=self.outside,
            trust=self.trust,
            is_named=self.is_named,
            patience=self.patience,
        )

    async def detect(self, host: str, port: int) -> tuple[str, Probe] | None:
        probe = await detect(
            host,
            port,
            outside=self.outside,
            trust=self.trust,
            may_reach=None if self.is_named else self.outside.may_reach,
            patience=self.patience,
        )
        return None if probe is None else (host, probe)


def _known(findings: Findings) -> list[Candidate]:
    return [*findings.candidates, *findings.outgoing]


def _places(findings: Findings, hosts: tuple[str, ...]) -> list[tuple[str, Probe]]:
    """Return where to look: at each host the usual ports of what it is for, and those stated."""
    found: list[tuple[str, Probe]] = []
    for host in hosts:
        stated = [one for one in _known(findings) if one.host == host]
        protocols = {one.protocol for one in stated}
        own = [Probe(one.port, one.protocol, one.tls) for one in stated]
        usual = [probe for probe in PROBES if probe.protocol in protocols]
        found += [(host, probe) for probe in dict.fromkeys([*usual, *own])]
    return found[: limits.EXAMINED_PORTS]


def _host(text: str) -> str:
    """Return a host in its one form. Raises InvalidInputError."""
    name = host_or_address(text)
    if name is None:
        raise InvalidInputError(_NEITHER, text=text)
    return name
