"""Whether a setting is true: logging in by it, once for each name that it may want.

Called by `hato account add` and `account test`; its answer is what makes a candidate believed.
Never says a secret where the candidate's protection is not there; never goes on guessing where a
right server refused the password under every name.
Standards: RFC 6186 §4 (user names), RFC 8314 §3.
Fails never: what went wrong is in the answer, in words.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeAlias

from hato.clients import pop3, smtp
from hato.clients.errors import (
    BusyError,
    RefusedForGoodError,
    TurnedAwayError,
    WrongCredentialsError,
)
from hato.clients.pop3 import Pop3Client
from hato.clients.smtp import SmtpClient
from hato.core.errors import HatoError
from hato.core.secret import Secret
from hato.net.dial_errors import DialError
from hato.services.settings_finder.candidate import Candidate, Origin, Protocol
from hato.services.settings_finder.explain import (
    NOT_FETCHED_YET,
    UNNAMED,
    advice_on,
    why_chosen,
    why_not,
)
from hato.services.settings_finder.findings import Tried
from hato.services.settings_finder.outside import Outside
from hato.services.settings_finder.way_in import identity_of, server_at

_Connect: TypeAlias = Callable[..., Awaitable[Pop3Client | SmtpClient]]
_CLIENTS: Final[dict[Protocol, _Connect]] = {
    Protocol.POP3: pop3.connect,
    Protocol.SUBMISSION: smtp.connect,
}


async def try_candidate(
    candidate: Candidate,
    login_names: Sequence[str],
    secret: Secret,
    *,
    outside: Outside,
    authorities_file: str = "",
    pinned_sha256: str = "",
    outdated: frozenset[str] = frozenset(),
    is_token: bool = False,
) -> Tried:
    """Log in by a candidate, and out again.

    `login_names`: `candidate.user_names(address)`, or what the person says. `pinned_sha256`: in
    hexadecimal. Raises InvalidInputError for a file of authorities or a fingerprint that is none.
    """
    trust = outside.trust(authorities_file)
    connect = _CLIENTS.get(candidate.protocol)
    if connect is None:
        return Tried(candidate=candidate, error=HatoError("not POP3"), why=NOT_FETCHED_YET)
    if not login_names:
        return Tried(candidate=candidate, error=HatoError("no name"), why=UNNAMED)
    server = server_at(candidate.host, candidate.port, candidate.tls, pinned_sha256)
    may_reach = None if candidate.origin is Origin.NAMED else outside.may_reach
    error: HatoError = HatoError("not tried")
    for name in login_names:
        identity = identity_of(name, secret, is_token=is_token, outdated=outdated)
        try:
            client = await connect(
                server,
                trust,
                patience=outside.patience,
                may_reach=may_reach,
                resolve=outside.resolve,
            )
            try:
                method = await client.log_in(identity)
                await client.quit()
            finally:
                client.close()
        except WrongCredentialsError as fault:
            error = fault
        except HatoError as fault:
            return _failed(candidate, name, fault, is_token=is_token)
        else:
            why = why_chosen(candidate, name, method)
            return Tried(candidate=candidate, login=name, method=method, why=why)
    return _failed(candidate, login_names[-1], error, is_token=is_token)


def _failed(candidate: Candidate, name: str, error: HatoError, *, is_token: bool) -> Tried:
    certificate = error.certificate if isinstance(error, DialError) else None
    return Tried(
        candidate=candidate,
        login=name,
        error=error,
        why=why_not(candidate, error, is_token=is_token),
        advice=advice_on(candidate, error, is_token=is_token),
        is_final=isinstance(error, WrongCredentialsError | BusyError | RefusedForGoodError)
        and not isinstance(error, TurnedAwayError),  # no password was judged
        certificate_sha256=hashlib.sha256(certificate).hexdigest() if certificate else "",
    )
