"""Looking at one port of a server: is it open, which TLS, which certificate, what it says it can.

Called by the provider doctor.
Never logs in, never says whose account it is about; never takes longer than its limit, however
slowly a server speaks. A server with a wrong certificate is heard out a second time all the same,
by its very certificate, because nothing secret is said.
Standards: RFC 8314 §3 (ports), RFC 2595 §4, RFC 3207 §4.
Fails never: what went wrong is in the report.
"""

from __future__ import annotations

import asyncio
import hashlib
from typing import Final

import msgspec
from cryptography import x509

from hato.core import limits
from hato.core.errors import HatoError
from hato.net.dial import MayReach, dial
from hato.net.dial_errors import ConnectionLostError, DialError, Loss
from hato.net.dialled import Dialled, Patience
from hato.net.outgoing_tls import Trust
from hato.net.session import TlsFacts
from hato.protocols.imap.opening import ImapOpening
from hato.protocols.machine import Signal
from hato.protocols.opening import Dialect, Opening, OpeningMachine
from hato.protocols.smtp.opening import SmtpOpening
from hato.services.settings_finder.candidate import Protocol, TlsMode
from hato.services.settings_finder.certificate_report import CertificateReport, report_on
from hato.services.settings_finder.login_methods import offered_methods
from hato.services.settings_finder.outside import Outside
from hato.services.settings_finder.pop3_opening import open_pop3
from hato.services.settings_finder.service_records import Probe

PATIENCE: Final = Patience(
    dial_seconds=limits.PROBE_DIAL_SECONDS,
    login_seconds=limits.PROBE_SECONDS,
    idle_seconds=limits.PROBE_SECONDS / 2,
    total_seconds=limits.PROBE_SECONDS,
)
_DIALECTS: Final[dict[Protocol, Dialect]] = {
    Protocol.IMAP: ImapOpening(),
    Protocol.SUBMISSION: SmtpOpening(),
}


class PortReport(msgspec.Struct, kw_only=True):
    """What one port showed."""

    host: str
    port: int
    protocol: Protocol
    tls: TlsMode
    """How the port begins."""
    is_open: bool = False
    address: str = ""
    error: HatoError | None = None
    """What ended it early: a DialError or a ConnectionLostError."""
    facts: TlsFacts | None = None
    certificate: CertificateReport | None = None
    opening: Opening = msgspec.field(default_factory=Opening)

    @property
    def is_trusted(self) -> bool:
        """Whether TLS protects it, with a certificate that is right."""
        return self.certificate is not None and self.certificate.fault is None

    @property
    def methods_in_clear(self) -> tuple[str, ...]:
        """The login methods before TLS."""
        opening = self.opening
        is_asked = self.tls is not TlsMode.IMPLICIT and bool(opening.greeting)
        if not is_asked or opening.fault is not None:
            return ()
        return offered_methods(self.protocol, opening.before, offers_apop=opening.offers_apop)

    @property
    def methods(self) -> tuple[str, ...]:
        """The login methods under TLS."""
        if self.facts is None or self.opening.fault is not None or self.error is not None:
            return ()
        return offered_methods(self.protocol, self.opening.after)


async def look_at(
    host: str,
    probe: Probe,
    *,
    outside: Outside,
    trust: Trust,
    is_named: bool = False,
    patience: Patience = PATIENCE,
) -> PortReport:
    """Look at a port. `is_named`: the person named the host, so that it may be anywhere."""
    may_reach = None if is_named else outside.may_reach
    visit = _Visit(host, probe, outside, trust, may_reach, patience)
    report = await visit.make(None)
    fault = report.error
    if isinstance(fault, DialError) and fault.certificate is not None:
        pinned = hashlib.sha256(fault.certificate).digest()
        second = await visit.make(pinned)
        if second.certificate is not None:
            second.certificate = msgspec.structs.replace(second.certificate, fault=fault.fault)
            return second
        certificate = x509.load_der_x509_certificate(fault.certificate)
        report.certificate = report_on(certificate, fault.fault)
    return report


class _Visit(msgspec.Struct, frozen=True):
    """What every conversation with one port needs."""

    host: str
    probe: Probe
    outside: Outside
    trust: Trust
    may_reach: MayReach | None
    patience: Patience

    async def make(self, pinned_sha256: bytes | None) -> PortReport:
        """Hold one conversation; `pinned_sha256`: believe this certificate whatever it is."""
        probe = self.probe
        report = PortReport(host=self.host, port=probe.port, protocol=probe.protocol, tls=probe.tls)
        is_encrypted = probe.tls is TlsMode.IMPLICIT
        try:
            async with asyncio.timeout(self.patience.total_seconds):
                dialled = await dial(
                    self.host,
                    probe.port,
                    patience=self.patience,
                    may_reach=self.may_reach,
                    resolve=self.outside.resolve,
                )
                report.is_open, report.address = True, dialled.address
                try:
                    if is_encrypted:
                        await dialled.start_tls(self.trust, pinned_sha256=pinned_sha256)
                    await self._hear(dialled, report, pinned_sha256)
                finally:
                    _keep_tls(dialled, report)
                    dialled.close()
        except TimeoutError:
            report.error = ConnectionLostError(Loss.TOO_SLOW)
        except HatoError as fault:
            report.error = fault
        return report

    async def _hear(
        self, dialled: Dialled, report: PortReport, pinned_sha256: bytes | None
    ) -> None:
        is_encrypted = report.tls is TlsMode.IMPLICIT
        if report.protocol is Protocol.POP3:
            await open_pop3(
                dialled, report.opening, self.trust, pinned_sha256, is_encrypted=is_encrypted
            )
            return
        machine = OpeningMachine(_DIALECTS[report.protocol], is_encrypted=is_encrypted)
        report.opening = machine.opening
        while True:
            signal = machine.next_signal()
            await dialled.write(machine.data_to_send())
            if signal is Signal.CLOSED:
                return
            if signal is Signal.START_TLS:
                await dialled.start_tls(self.trust, pinned_sha256=pinned_sha256)
                machine.tls_established()
            elif data := await dialled.read():
                machine.receive_data(data)
            else:
                machine.receive_eof()


def _keep_tls(dialled: Dialled, report: PortReport) -> None:
    report.facts = dialled.tls
    if dialled.certificate is not None:
        report.certificate = report_on(dialled.certificate, None)
