"""From an identity to the server that takes its letters: looked for, and tried by logging in.

Called by the courier for the first letter of an identity, and by `hato identity`.
Never says a password to a host that an unsigned DNS answer led to; never keeps what did not work.
Standards: RFC 6186 §3.1, RFC 8314 §3.3 and §5.1 (465 before 587), RFC 6409 §3.1.
Fails with InvalidInputError where nothing is found or nothing works: what to say herself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from hato.core.errors import InvalidInputError
from hato.core.language import Text
from hato.core.secret import Secret
from hato.services.sending.identity import Identity, Submission
from hato.services.settings_finder.candidate import (
    Candidate,
    Origin,
    Protocol,
    TlsMode,
    UserNameForm,
    rank,
)
from hato.services.settings_finder.finder import search
from hato.services.settings_finder.findings import Named, Tried
from hato.services.settings_finder.login_test import try_candidate
from hato.services.settings_finder.outside import Outside
from hato.services.settings_finder.provider_table import candidates_of
from hato.services.sources.source import Proof, Source

_WHY_SAME: Final = Text(
    en="the mail of {address} is fetched from the same place",
    ja="{address} のメールを同じところから受信しています",
)
_NONE_WORKS: Final = Text(
    en="No server is known by which letters of {address} can leave ({reason}): name it with "
    "`hato identity edit {address} --host HOST`.",
    ja="{address} のメールを送れるサーバーが分かりません({reason})。"
    "`hato identity edit {address} --host HOST` で指定してください。",
)
_NOTHING: Final = Text(en="nothing was found", ja="何も見つかりません")
_PORTS: Final = ((465, TlsMode.IMPLICIT), (587, TlsMode.STARTTLS))
_FETCHING_LABELS: Final = ("pop", "pop3", "imap", "mail", "pops", "imaps")


async def find_submission(
    identity: Identity,
    source: Source,
    secret: Secret,
    outside: Outside,
    on_tried: Callable[[Tried], None] = lambda _: None,
) -> Submission:
    """Look for the server of an identity, log in, and return it. Raises InvalidInputError.

    `on_tried` is told of each setting as soon as it is known.
    """
    tried: Tried | None = None
    for candidate in await candidates_for(source, outside):
        tried = await try_submission(candidate, source, secret, outside)
        on_tried(tried)
        if tried.is_good:
            return submission_of(tried, source)
        if tried.is_final:
            break
    reason = tried.why if tried is not None else _NOTHING
    reason = Text(en=reason.en.removesuffix("."), ja=reason.ja.removesuffix("。"))
    raise InvalidInputError(_NONE_WORKS, address=identity.address, reason=reason)


async def candidates_for(source: Source, outside: Outside) -> list[Candidate]:
    """Return what may be the server, the best first; who is asked may not answer."""
    findings = await search(source.address, outside=outside)
    found = [one for one in findings.outgoing if not one.needs_consent]
    row = outside.table.for_server(source.host)
    if row is not None:
        found += candidates_of(row, source.address, server_name=source.host)
    stated = rank(found, Protocol.SUBMISSION)
    known = {(one.host, one.port) for one in stated}
    return [*stated, *(one for one in _usual(source) if (one.host, one.port) not in known)]


def named_candidates(named: Named, source: Source) -> list[Candidate]:
    """Return the ways to a server that the person names: at its usual ports, or at hers."""
    places = [
        (port, tls)
        for port, tls in (*_PORTS, *(((587, TlsMode.NONE),) if named.tls is TlsMode.NONE else ()))
        if named.tls in (None, tls)
    ]
    if named.port is not None:
        usual = [place for place in places if place[0] == named.port]
        places = usual or [(named.port, tls) for _, tls in places]
    return [
        _candidate(named.host or source.host, port, tls, place, Origin.NAMED, source)
        for place, (port, tls) in enumerate(places)
    ]


async def try_submission(
    candidate: Candidate, source: Source, secret: Secret, outside: Outside, login: str = ""
) -> Tried:
    """Log in by a candidate, and out again. Raises InvalidInputError for a file of authorities."""
    return await try_candidate(
        candidate,
        (login or source.login,),
        secret,
        outside=outside,
        authorities_file=source.ca_file,
        pinned_sha256=source.pinned_sha256 if candidate.host == source.host else "",
        outdated=frozenset(source.outdated),
        is_token=source.proof is Proof.OAUTH2,
    )


def submission_of(tried: Tried, source: Source) -> Submission:
    """Return what a trial has shown to work."""
    candidate = tried.candidate
    return Submission(
        host=candidate.host,
        port=candidate.port,
        tls=candidate.tls,
        login=tried.login,
        pinned_sha256=source.pinned_sha256 if candidate.host == source.host else "",
        ca_file=source.ca_file,
    )


def _usual(source: Source) -> list[Candidate]:
    """Return usual places: beside the server that the mail is fetched from.

    The person gave it the same password already, and so did she to the domain that it lies in.
    """
    label, _, domain = source.host.partition(".")
    hosts = [source.host]
    if label in _FETCHING_LABELS and "." in domain:
        hosts = [f"smtp.{domain}", source.host]
    origins = {source.host: Origin.NAMED}  # it was connected to already, wherever it is
    return [
        _candidate(host, port, tls, place, origins.get(host, Origin.GUESS), source)
        for place, (host, (port, tls)) in enumerate((h, p) for h in hosts for p in _PORTS)
    ]


def _candidate(
    host: str, port: int, tls: TlsMode, place: int, origin: Origin, source: Source
) -> Candidate:
    return Candidate(
        protocol=Protocol.SUBMISSION,
        host=host,
        port=port,
        tls=tls,
        user_name_forms=(UserNameForm.GIVEN,),
        methods=(),
        origin=origin,
        why=_WHY_SAME.filled(address=source.address),
        preference=place,
        user_name=source.login,
        provider_id=source.provider_id,
    )
