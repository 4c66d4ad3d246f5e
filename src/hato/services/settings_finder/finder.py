"""From an address to the servers that may hold its mail, the likeliest first.

Called by `hato account add` and by the provider doctor.
Never reaches a private address unless the person named it; never sends a password: candidates are
believed when `login_test` logged in by them.
Standards: RFC 6186 §3.4, §4, RFC 8314 §3, §5.1.
Fails with InvalidInputError for what is no address or host; otherwise with fewer candidates, and a
note for each question that brought nothing.
"""

from __future__ import annotations

from typing import Final

from hato.core.errors import InvalidInputError
from hato.core.language import Text
from hato.services.names import normalized_address
from hato.services.settings_finder.candidate import (
    FETCHING,
    Candidate,
    Origin,
    Protocol,
    TlsMode,
    UserNameForm,
    rank,
)
from hato.services.settings_finder.findings import Findings, Named
from hato.services.settings_finder.guessing import knock
from hato.services.settings_finder.host_names import named_host
from hato.services.settings_finder.outside import Outside
from hato.services.settings_finder.provider_table import (
    Provider,
    candidates_of,
    needs_server_name,
)
from hato.services.settings_finder.published import Published, ask_everybody
from hato.services.settings_finder.service_records import PROBES

_NO_ADDRESS = Text(
    en="{text!r} is no mail address: write it like me@provider.example.",
    ja="{text!r} はメールアドレスではありません。me@provider.example のように書いてください。",
)
_WHY_NAMED: Final = Text(en="you named this server", ja="あなたが指定したサーバーです")
_KNOWN: Final = Text(
    en="{name} stands in Hato's table of providers.",
    ja="{name} は鳩のプロバイダー一覧にあります。",
)
_KNOWN_WITHOUT: Final = Text(
    en="{name} stands in Hato's table of providers, which knows no {protocol} server of it.",
    ja="{name} は鳩のプロバイダー一覧にありますが、{protocol} サーバーは載っていません。",
)
_SERVER_OF_HER_OWN: Final = Text(
    en="{name} gives each customer a server: read its name at the provider and say it with --host.",
    ja="{name} のサーバー名は契約ごとに違います。プロバイダーの画面で確認し、"
    "--host で指定してください。",
)
_FORMS: Final = (UserNameForm.ADDRESS, UserNameForm.LOCAL_PART)


async def search(
    address: str, *, outside: Outside, wanted: Protocol | None = None, named: Named | None = None
) -> Findings:
    """Look for an address's settings, and tell what was asked. Raises InvalidInputError.

    `wanted`: POP3 or IMAP; None: either. Where the table is sure, nobody is asked.
    """
    whole = normalized_address(address)
    if whole is None:
        raise InvalidInputError(_NO_ADDRESS, text=address)
    named = named or Named()
    row = outside.table.for_domain(whole.rpartition("@")[2])
    if named.host is not None:
        return _of_named(whole, named, wanted, row)
    notes: list[Text] = []
    stated = _of_row(row, whole, wanted, notes) if row is not None else []
    published = Published()
    if row is None or not row.confirmed:
        published = await ask_everybody(whole, outside)
        notes += published.notes
    found = [*stated, *published.candidates]
    if not any(one.origin is not Origin.MAIL_EXCHANGER for one in rank(found, wanted)):
        is_guess_due = row is None or not row.confirmed
        found += await knock(whole, published, outside, notes) if is_guess_due else []
    return Findings(
        address=whole,
        candidates=_fitting(found, named, wanted),
        outgoing=rank(found, Protocol.SUBMISSION),
        notes=notes,
        provider=row or published.provider,
    )


def _of_row(
    row: Provider, address: str, wanted: Protocol | None, notes: list[Text]
) -> list[Candidate]:
    """Return what the table says, with a note."""
    stated = candidates_of(row, address)
    words, protocol = _KNOWN, "POP3"
    if not stated and needs_server_name(row):
        words = _SERVER_OF_HER_OWN
    elif wanted is not None and not rank(stated, wanted):
        words, protocol = _KNOWN_WITHOUT, wanted.value.upper()
    notes.append(words.filled(name=row.name.text(), protocol=protocol))
    return stated


def _fitting(found: list[Candidate], named: Named, wanted: Protocol | None) -> list[Candidate]:
    """Return the ranked candidates that are as the person wants them."""
    is_cleartext_allowed = named.tls is TlsMode.NONE
    return [
        one
        for one in rank(found, wanted, is_cleartext_allowed=is_cleartext_allowed)
        if named.port in (None, one.port) and named.tls in (None, one.tls)
    ]


def _of_named(
    address: str, named: Named, wanted: Protocol | None, row: Provider | None
) -> Findings:
    """Return the ways to a server that the person names: nobody is asked about it."""
    host = named_host(named.host or "")
    protocols = FETCHING if wanted is None else {wanted}
    places = [
        (probe.port, probe.protocol, probe.tls) for probe in PROBES if probe.protocol in protocols
    ]
    if named.tls is TlsMode.NONE:
        places = [
            (port, protocol, TlsMode.NONE)
            for port, protocol, tls in places
            if tls is TlsMode.STARTTLS
        ]
    elif named.tls is not None:
        places = [place for place in places if place[2] is named.tls]
    if named.port is not None:
        places = _at_port(named.port, places)
    stated = candidates_of(row, address, server_name=host) if row else []
    known = [one for one in stated if one.host == host]
    candidates = [
        Candidate(
            protocol=protocol,
            host=host,
            port=port,
            tls=tls,
            user_name_forms=known[0].user_name_forms if known else _FORMS,
            methods=known[0].methods if known else (),
            origin=Origin.NAMED,
            why=_WHY_NAMED,
            preference=place,
            steps=known[0].steps if known else (),
            provider_id=known[0].provider_id if known else "",
        )
        for place, (port, protocol, tls) in enumerate(places)
    ]
    return Findings(
        address=address,
        candidates=rank(candidates, wanted, is_cleartext_allowed=True),
        outgoing=[],
        notes=[],
        provider=row if known else None,
    )


def _at_port(
    port: int, places: list[tuple[int, Protocol, TlsMode]]
) -> list[tuple[int, Protocol, TlsMode]]:
    """Return what a port may be: what it usually is, or else each way once."""
    usual = [place for place in places if place[0] == port]
    return usual or [(port, protocol, tls) for _, protocol, tls in places]


def usual_names(candidate: Candidate, address: str, named: Named | None = None) -> tuple[str, ...]:
    """Return the names to log in with, in order: the person's own word alone, if she says one."""
    if named is not None and named.login is not None:
        return (named.login,)
    return candidate.user_names(address)
