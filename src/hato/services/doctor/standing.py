"""What one port is worth, in one word, and by which methods an account can log in there.

Called by `services.doctor.conclusion` and the words about a port.
Never calls a port good whose TLS or certificate is not.
Standards: RFC 8314 §3 and §4.1.
Fails never.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Final

from hato.net.dial_errors import DialError, DialFault
from hato.protocols.opening import Upgrade
from hato.services.settings_finder.candidate import LoginMethod, TlsMode
from hato.services.settings_finder.login_methods import proves, usable_methods
from hato.services.settings_finder.probe import PortReport
from hato.services.settings_finder.provider_table import Provider

_NO_TLS_WORTH_IT: Final = (DialFault.NO_TLS, DialFault.OLD_TLS, DialFault.TLS_FAILED)


class Standing(Enum):
    """What a port is worth."""

    GOOD = auto()
    """TLS, the right certificate, and a method that this account can use."""
    OAUTH2_ONLY = auto()
    """The same, but for passwords."""
    SHUT = auto()
    """Nobody answers."""
    NO_TLS = auto()
    """It does not offer TLS, or refuses it."""
    TLS_BROKEN = auto()
    """It should speak TLS, and does not, or only what is outdated."""
    MEDDLED_WITH = auto()
    """Words came in between the agreement on TLS and TLS."""
    UNTRUSTED = auto()
    """The certificate is wrong."""
    NO_METHOD = auto()
    """No method that this account, or Hato, can use."""
    CONFUSED = auto()
    """It does not speak as it should, or not to its end."""


def standing_of(report: PortReport, provider: Provider | None = None) -> Standing:
    """Judge a port."""
    if not report.is_open:
        return Standing.SHUT
    if report.opening.upgrade is Upgrade.INJECTED:
        return Standing.MEDDLED_WITH
    if report.certificate is not None and report.certificate.fault is not None:
        return Standing.UNTRUSTED
    if isinstance(report.error, DialError) and report.error.fault in _NO_TLS_WORTH_IT:
        return Standing.TLS_BROKEN
    if report.opening.upgrade is Upgrade.REFUSED:
        return Standing.NO_TLS
    if report.error is not None or report.opening.fault is not None or not report.is_trusted:
        return Standing.CONFUSED
    kinds = {proves(method) for method in usable(report, provider)}
    if not kinds:
        return Standing.NO_METHOD
    return Standing.OAUTH2_ONLY if kinds == {LoginMethod.OAUTH2} else Standing.GOOD


def usable(report: PortReport, provider: Provider | None) -> tuple[str, ...]:
    """Return the methods by which an account of this provider can log in under TLS."""
    return usable_methods(report.methods, provider.methods if provider is not None else ())


def takes_passwords_in_clear(report: PortReport) -> bool:
    """Tell whether a port lets a password be said before TLS."""
    if report.tls is TlsMode.IMPLICIT or report.opening.before is None:
        return False
    return any(proves(name) is LoginMethod.PASSWORD for name in report.methods_in_clear)
