"""From the settings that may be right to the one that is: by logging in, best first.

Called by the command line when a source is added.
Never goes on once a right server refused the password, or wants to be left alone for a while;
never says a password to a host that the person has to agree to first, and did not.
Standards: RFC 8314 §5.1 (the order is that of the settings finder).
Fails with InvalidInputError for a file of authorities; what else goes wrong is in the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from hato.core.secret import Secret
from hato.services.settings_finder.candidate import (
    Candidate,
    LoginMethod,
    Protocol,
    TlsMode,
)
from hato.services.settings_finder.finder import usual_names
from hato.services.settings_finder.findings import Findings, Named, Tried
from hato.services.settings_finder.login_test import try_candidate
from hato.services.settings_finder.outside import Outside
from hato.services.sources.setting import setting_of
from hato.services.sources.source import Proof, Source


class Allowances(msgspec.Struct, frozen=True, kw_only=True):
    """What the person allows besides: authorities, a pinned certificate, outdated logins."""

    ca_file: str = ""
    pinned_sha256: str = ""
    outdated: tuple[str, ...] = ()


def fetchable(findings: Findings) -> list[Candidate]:
    """Return the settings that this version can fetch by."""
    return [one for one in findings.candidates if one.protocol is Protocol.POP3]


def wants_authorisation(candidates: Iterable[Candidate]) -> bool:
    """Tell whether the best setting takes no password of any kind."""
    best = next(iter(candidates), None)
    return best is not None and set(best.methods) == {LoginMethod.OAUTH2}


async def choose(
    candidates: Iterable[Candidate],
    address: str,
    named: Named,
    secret: Secret,
    *,
    allowances: Allowances,
    outside: Outside,
    on_tried: Callable[[Tried], None],
) -> Tried | None:
    """Return the first setting that logs in, or what came of the last; None: nothing to try.

    `on_tried` is told of each as soon as it is known.
    """
    tried = None
    begins_with_tls: set[tuple[str, int]] = set()
    for candidate in candidates:
        place = (candidate.host, candidate.port)
        if place in begins_with_tls:
            continue  # it would wait for our TLS, and we for its greeting
        tried = await try_candidate(
            candidate,
            usual_names(candidate, address, named),
            secret,
            outside=outside,
            authorities_file=allowances.ca_file,
            pinned_sha256=allowances.pinned_sha256,
            outdated=frozenset(allowances.outdated),
        )
        on_tried(tried)
        if tried.is_good or tried.is_final:
            break
        if tried.certificate_sha256 and candidate.tls is TlsMode.IMPLICIT:
            begins_with_tls.add(place)
    return tried


async def try_source(source: Source, secret: Secret, outside: Outside) -> Tried:
    """Log in to a source as it is set up, and out again. Raises InvalidInputError.

    `secret`: its password, or an access token where that is its proof.
    """
    return await try_candidate(
        setting_of(source),
        (source.login,),
        secret,
        outside=outside,
        authorities_file=source.ca_file,
        pinned_sha256=source.pinned_sha256,
        outdated=frozenset(source.outdated),
        is_token=source.proof is Proof.OAUTH2,
    )
