"""Questions to the DNS: which servers a domain names, and where its mail goes.

Made by the composition root, called by the settings finder and the provider doctor.
Never waits longer than its limit; never believes DNSSEC's mark of anybody but this machine's own
resolver; what the answers mean is for `service_records`.
Standards: RFC 2782, RFC 6186 §3, RFC 5321 §5.1 (MX), RFC 6840 §5.7 (the AD flag in a question).
Fails with an answer that says that nobody answered; `endpoints` with DialError.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any, Final

import dns.asyncresolver
import dns.exception
import dns.flags
import dns.name
import dns.nameserver
import dns.rdatatype
import dns.resolver
import msgspec

from hato.core import limits
from hato.core.errors import InvalidInputError
from hato.core.language import Text
from hato.net.dial import Endpoint
from hato.net.dial_errors import DialError, DialFault
from hato.services.settings_finder.service_records import MxRecord, Service, SrvRecord

_NO_SERVER = Text(
    en="{text!r} is no DNS server: write an address, or address:port ([address]:port for IPv6).",
    ja="{text!r} は DNS サーバーとして読めません。アドレス、または「アドレス:ポート」"
    "(IPv6 は [アドレス]:ポート)で書いてください。",
)
_PORT: Final = 53


class ServiceAnswers(msgspec.Struct, frozen=True):
    """What a domain's SRV questions were answered with."""

    records: Mapping[Service, tuple[SrvRecord, ...]]
    is_signed: bool
    """DNSSEC vouches for all of them."""
    is_whole: bool
    """False: some questions got no answer, not even that there is nothing."""


class ExchangerAnswer(msgspec.Struct, frozen=True):
    """What a domain's MX question was answered with."""

    records: tuple[MxRecord, ...]
    is_signed: bool
    is_whole: bool


class _Answer(msgspec.Struct, frozen=True):
    records: tuple[Any, ...] = ()
    is_signed: bool = False
    is_whole: bool = True


class DnsLookup:
    """Asks the system's DNS servers, or those that are named."""

    def __init__(self, servers: Sequence[str] = (), *, seconds: float = limits.DNS_SECONDS) -> None:
        """`servers`: `address` or `address:port`; none: the system's. `seconds`: per question.

        Raises InvalidInputError.
        """
        self._seconds = seconds
        self.has_own_servers = bool(servers)
        """Whether the system's were replaced: then its own way to names is not the same."""
        self._resolver = _resolver_for([read_server(text) for text in servers])
        self._is_trusted = self._resolver is not None and all(
            ipaddress.ip_address(server.address).is_loopback
            for server in self._resolver.nameservers
            if isinstance(server, dns.nameserver.Do53Nameserver)
        )

    async def services(self, domain: str) -> ServiceAnswers:
        """Ask for the servers that a domain (lower case, A-labels) names."""
        answers = await asyncio.gather(
            *(self._ask(service.question(domain), "SRV") for service in Service)
        )
        records = {
            service: tuple(
                SrvRecord(one.priority, one.weight, one.port, one.target.to_text())
                for one in answer.records
            )
            for service, answer in zip(Service, answers, strict=True)
            if answer.records
        }
        return ServiceAnswers(
            records,
            is_signed=all(answer.is_signed for answer in answers if answer.records),
            is_whole=all(answer.is_whole for answer in answers),
        )

    async def exchangers(self, domain: str) -> ExchangerAnswer:
        """Ask where a domain's mail goes."""
        answer = await self._ask(domain, "MX")
        records = tuple(MxRecord(one.preference, one.exchange.to_text()) for one in answer.records)
        return ExchangerAnswer(records, answer.is_signed, answer.is_whole)

    async def endpoints(self, host: str, port: int) -> Sequence[Endpoint]:
        """Return where a host's port may be: how `net.dial` may resolve names.

        Raises DialError.
        """
        try:
            return [Endpoint.at(host, port)]
        except ValueError:
            pass
        answers = await asyncio.gather(self._ask(host, "A"), self._ask(host, "AAAA"))
        found = [Endpoint.at(one.address, port) for answer in answers for one in answer.records]
        if not found:
            is_whole = all(answer.is_whole for answer in answers)
            raise DialError(DialFault.NO_SUCH_HOST if is_whole else DialFault.NAME_SERVICE, host)
        return found

    async def _ask(self, name: str, kind: str) -> _Answer:
        """Ask one question; no name and no such record are answers without records."""
        if self._resolver is None:
            return _Answer(is_whole=False)
        try:
            answer = await self._resolver.resolve(
                dns.name.from_text(name), kind, lifetime=self._seconds, search=False
            )
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return _Answer()
        except (dns.exception.DNSException, OSError):
            return _Answer(is_whole=False)
        rows = tuple(answer)[: limits.SERVICE_RECORDS]
        is_vouched = bool(answer.response.flags & dns.flags.AD)
        return _Answer(rows, is_signed=is_vouched and self._is_trusted)


def read_server(text: str) -> tuple[str, int]:
    """Read `address` or `address:port`. Raises InvalidInputError."""
    address, port = text, str(_PORT)
    if text.startswith("["):
        address, _, rest = text[1:].partition("]")
        port = rest.removeprefix(":") or port
    elif text.count(":") == 1:
        address, _, port = text.partition(":")
    try:
        ipaddress.ip_address(address)
        number = int(port) if port.isascii() and port.isdigit() else 0
    except ValueError as fault:
        raise InvalidInputError(_NO_SERVER, text=text) from fault
    if not 1 <= number <= 65_535:
        raise InvalidInputError(_NO_SERVER, text=text)
    return address, number


def _resolver_for(servers: list[tuple[str, int]]) -> dns.asyncresolver.Resolver | None:
    """Make the resolver; None where the system names no DNS server."""
    try:
        resolver = dns.asyncresolver.Resolver(configure=not servers)
    except (dns.resolver.NoResolverConfiguration, OSError):
        return None
    if servers:
        resolver.nameservers = [dns.nameserver.Do53Nameserver(*server) for server in servers]
    else:
        resolver.nameservers = [
            dns.nameserver.Do53Nameserver(server) if isinstance(server, str) else server
            for server in resolver.nameservers
        ]
    # RFC 6840 §5.7: with AD in the question, a resolver that validates says so in its answer.
    resolver.flags = dns.flags.RD | dns.flags.AD
    return resolver
