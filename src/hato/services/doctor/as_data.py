"""An examination as data for another program.

Called by `hato check --json`.
Never holds what a person said; sentences are in the language that was asked for.
Standards: none; the keys are Hato's own and stay.
Fails never.
"""

from __future__ import annotations

from typing import Any

from hato.core.language import Language
from hato.net.dial_errors import ConnectionLostError, DialError
from hato.services.doctor.conclusion import Conclusion
from hato.services.doctor.examination import Examination
from hato.services.doctor.standing import standing_of, usable
from hato.services.settings_finder.candidate import Candidate
from hato.services.settings_finder.certificate_report import CertificateReport
from hato.services.settings_finder.probe import PortReport
from hato.services.settings_finder.provider_table import Provider


def as_data(examination: Examination, conclusion: Conclusion, language: Language) -> dict[str, Any]:
    """Return everything that was found, and what follows."""
    findings, use = examination.findings, conclusion.use
    found = (
        {}
        if findings is None
        else {
            "candidates": [_candidate(one) for one in (*findings.candidates, *findings.outgoing)],
            "notes": [note.in_language(language) for note in findings.notes],
        }
    )
    return {
        "target": examination.target,
        "provider": examination.provider.id if examination.provider is not None else None,
        **found,
        "ports": [_port(report, examination.provider) for report in examination.ports],
        "unknown_ports": examination.unknown_ports,
        "use": None if use is None else _place(use),
        "why": [sentence.in_language(language) for sentence in conclusion.why],
        "changes": [sentence.in_language(language) for sentence in conclusion.changes],
    }


def _place(report: PortReport) -> dict[str, Any]:
    return {
        "host": report.host,
        "port": report.port,
        "protocol": report.protocol.value,
        "tls": report.tls.value,
    }


def _candidate(candidate: Candidate) -> dict[str, Any]:
    return {
        "host": candidate.host,
        "port": candidate.port,
        "protocol": candidate.protocol.value,
        "tls": candidate.tls.value,
        "origin": candidate.origin.value,
        "needs_consent": candidate.needs_consent,
    }


def _port(report: PortReport, provider: Provider | None) -> dict[str, Any]:
    opening, facts = report.opening, report.facts
    return {
        **_place(report),
        "open": report.is_open,
        "address": report.address or None,
        "standing": standing_of(report, provider).name.lower(),
        "error": _error(report),
        "greeting": opening.greeting or None,
        "tls_version": facts.version if facts is not None else None,
        "cipher": facts.cipher if facts is not None else None,
        "certificate": _certificate(report.certificate),
        "starttls": opening.upgrade.name.lower(),
        "starttls_offered": opening.offers_tls,
        "capabilities_before_tls": opening.before,
        "capabilities_under_tls": opening.after,
        "methods_before_tls": report.methods_in_clear,
        "methods_under_tls": report.methods,
        "usable_methods": usable(report, provider),
    }


def _error(report: PortReport) -> str | None:
    if report.opening.fault is not None:
        return report.opening.fault.name.lower()
    match report.error:
        case DialError(fault=fault):
            return fault.name.lower()
        case ConnectionLostError(loss=loss):
            return loss.name.lower()
        case None:
            return None
        case other:
            return str(other)


def _certificate(report: CertificateReport | None) -> dict[str, Any] | None:
    if report is None:
        return None
    return {
        "names": report.names,
        "common_name": report.common_name,
        "issuer": report.issuer,
        "not_before": report.not_before,
        "not_after": report.not_after,
        "sha256": report.sha256,
        "trusted": report.fault is None,
        "fault": report.fault.name.lower() if report.fault is not None else None,
    }
