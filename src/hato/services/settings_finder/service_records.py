"""What the DNS says about a domain's mail, turned into candidates; and what is usual elsewhere.

Called by the settings finder with the answers to SRV and MX questions that it asked.
Never asks the DNS; never draws a number by itself: chance is handed in.
Standards: RFC 6186 §3, §4, §6, RFC 8314 §5.1 (services), RFC 2782 (order by priority and weight).
Fails never: records that make no sense are passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from itertools import accumulate
from typing import Final, NamedTuple

import msgspec

from hato.core import limits
from hato.core.language import Text
from hato.services.settings_finder.candidate import (
    FETCHING,
    Candidate,
    Origin,
    Protocol,
    TlsMode,
    UserNameForm,
)
from hato.services.settings_finder.host_names import host_name, is_within
from hato.services.settings_finder.provider_table import (
    Provider,
    ProviderTable,
    candidates_of,
)

_WHY_RECORD: Final = Text(
    en="the DNS of {domain} names this server",
    ja="{domain} の DNS がこのサーバーを示しています",
)
_WHY_EXCHANGER: Final = Text(
    en="the mail of {domain} goes to {exchanger}, so {provider} seems to host it",
    ja="{domain} のメールは {exchanger} に届くため、{provider} が運用していると考えられます",
)
_WHY_GUESS: Final = Text(
    en="a usual name and port; nothing is known about {domain}",
    ja="よくある名前とポートです({domain} についての情報はありません)",
)

_NAME_FORMS: Final = (UserNameForm.ADDRESS, UserNameForm.LOCAL_PART)
"""RFC 6186 §4."""

Draw = Callable[[int], int]
"""Chance: returns a whole number from 0 to its argument, both included, each as likely."""


class Probe(NamedTuple):
    """A port that a server may have, and what is spoken there."""

    port: int
    protocol: Protocol
    tls: TlsMode


PROBES: Final = (
    Probe(995, Protocol.POP3, TlsMode.IMPLICIT),
    Probe(993, Protocol.IMAP, TlsMode.IMPLICIT),
    Probe(465, Protocol.SUBMISSION, TlsMode.IMPLICIT),
    Probe(110, Protocol.POP3, TlsMode.STARTTLS),
    Probe(143, Protocol.IMAP, TlsMode.STARTTLS),
    Probe(587, Protocol.SUBMISSION, TlsMode.STARTTLS),
)
"""In the order in which they are tried (RFC 8314 §3: TLS from the start first)."""

_USUAL_HOSTS: Final = {
    Protocol.POP3: ("pop.{}", "pop3.{}", "mail.{}", "{}"),
    Protocol.IMAP: ("imap.{}", "mail.{}", "{}"),
    Protocol.SUBMISSION: ("smtp.{}", "mail.{}", "{}"),
}


class Service(Enum):
    """A service that SRV records name: its label, protocol and TLS; in the order of asking."""

    POP3S = ("_pop3s", Protocol.POP3, TlsMode.IMPLICIT)
    IMAPS = ("_imaps", Protocol.IMAP, TlsMode.IMPLICIT)
    POP3 = ("_pop3", Protocol.POP3, TlsMode.STARTTLS)
    IMAP = ("_imap", Protocol.IMAP, TlsMode.STARTTLS)
    SUBMISSIONS = ("_submissions", Protocol.SUBMISSION, TlsMode.IMPLICIT)
    SUBMISSION = ("_submission", Protocol.SUBMISSION, TlsMode.STARTTLS)

    @property
    def protocol(self) -> Protocol:
        """What is spoken there."""
        return self.value[1]

    @property
    def tls(self) -> TlsMode:
        """How it is protected; STARTTLS is required of whoever may offer it (RFC 8314 §5.1)."""
        return self.value[2]

    def question(self, domain: str) -> str:
        """Return the name that a domain's SRV records of this service have."""
        return f"{self.value[0]}._tcp.{domain}"


class SrvRecord(NamedTuple):
    """One SRV record, as DNS has it."""

    priority: int
    weight: int
    port: int
    target: str
    """A name with or without its last dot; `.` alone: there is no such service."""


class MxRecord(NamedTuple):
    """One MX record, as DNS has it."""

    preference: int
    exchanger: str


class ServiceFindings(msgspec.Struct, frozen=True):
    """What a domain's SRV records say."""

    candidates: tuple[Candidate, ...]
    absent: frozenset[Service]
    """Services that the domain says it does not have: nobody knocks there."""


def read_service_records(
    domain: str,
    answers: Mapping[Service, Sequence[SrvRecord]],
    draw: Draw,
    *,
    is_signed: bool = False,
) -> ServiceFindings:
    """Turn a domain's SRV answers into candidates, the domain's first choice first.

    `is_signed` says that DNSSEC vouches for them: without it a target outside the domain needs the
    person's consent (RFC 6186 §6, RFC 8314 §5.1).
    """
    absent = {
        service
        for service, records in answers.items()
        if any(record.target == "." for record in records)
    }
    rows = [
        (record.priority, place, service, record)
        for place, service in enumerate(Service)
        if service not in absent
        for record in in_order(answers.get(service, ())[: limits.SERVICE_RECORDS], draw)
    ]
    # RFC 6186 §3.4: the priority decides between protocols too. Sorting keeps the drawn order.
    rows.sort(key=lambda row: row[:2])
    why = _WHY_RECORD.filled(domain=domain)
    found = []
    for preference, (_, _, service, record) in enumerate(rows):
        host = host_name(record.target)
        if host is None or not 1 <= record.port <= 65_535:
            continue
        found.append(
            Candidate(
                protocol=service.protocol,
                host=host,
                port=record.port,
                tls=service.tls,
                user_name_forms=_NAME_FORMS,
                methods=(),
                origin=Origin.SERVICE_RECORD,
                why=why,
                preference=preference,
                needs_consent=not is_signed and not is_within(host, domain),
            )
        )
    return ServiceFindings(tuple(found), frozenset(absent))


def in_order(records: Iterable[SrvRecord], draw: Draw) -> list[SrvRecord]:
    """Return records in the order of RFC 2782: by priority, and by chance as the weights say."""
    waiting = sorted(records, key=lambda record: (record.priority, record.weight))
    ordered: list[SrvRecord] = []
    while waiting:
        equals = [record for record in waiting if record.priority == waiting[0].priority]
        drawn = draw(sum(record.weight for record in equals))
        running = accumulate(record.weight for record in equals)
        chosen = next((at for at, total in enumerate(running) if total >= drawn), 0)
        ordered.append(equals[chosen])
        waiting.remove(equals[chosen])
    return ordered


def provider_behind(
    records: Iterable[MxRecord], table: ProviderTable
) -> tuple[Provider, str] | None:
    """Find the provider that a domain's MX records show, and the exchanger that shows it."""
    for record in sorted(records)[: limits.SERVICE_RECORDS]:
        exchanger = host_name(record.exchanger)
        provider = exchanger and table.for_exchanger(exchanger)
        if exchanger and provider:
            return provider, exchanger
    return None


def read_exchangers(
    address: str,
    records: Iterable[MxRecord],
    table: ProviderTable,
    *,
    is_signed: bool = False,
) -> list[Candidate]:
    """Turn a domain's MX answer into candidates of the provider that hosts it, if it is known.

    An MX record says who takes the mail in, not where it is read: never more than a hint, and
    without DNSSEC anybody's word, so that the person is asked.
    """
    found = provider_behind(records, table)
    if found is None:
        return []
    provider, exchanger = found
    domain = address.rpartition("@")[2]
    return candidates_of(
        provider,
        address,
        origin=Origin.MAIL_EXCHANGER,
        why=_said_of(provider, domain, exchanger),
        needs_consent=not is_signed,
    )


def _said_of(provider: Provider, domain: str, exchanger: str) -> Text:
    name = provider.name.text()
    return _WHY_EXCHANGER.filled(domain=domain, exchanger=exchanger, provider=name)


def guesses(
    domain: str,
    exchangers: Iterable[str] = (),
    absent: frozenset[Service] = frozenset(),
) -> list[Candidate]:
    """Return usual names and ports to probe for fetching, the likeliest first.

    Exchangers within the domain are tried too: small hosts do everything on one machine. What the
    domain says it does not have is left out.
    """
    own = [host for name in exchangers if (host := host_name(name)) and is_within(host, domain)]
    missing = {(service.protocol, service.tls) for service in absent}
    places = [
        (probe, host)
        for probe in PROBES
        if probe.protocol in FETCHING and (probe.protocol, probe.tls) not in missing
        for host in dict.fromkeys(
            [*(form.format(domain) for form in _USUAL_HOSTS[probe.protocol]), *own]
        )
    ]
    return [
        Candidate(
            protocol=probe.protocol,
            host=host,
            port=probe.port,
            tls=probe.tls,
            user_name_forms=_NAME_FORMS,
            methods=(),
            origin=Origin.GUESS,
            why=_WHY_GUESS.filled(domain=domain),
            preference=place,
        )
        for place, (probe, host) in enumerate(places)
    ]
