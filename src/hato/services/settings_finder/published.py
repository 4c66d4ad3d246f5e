"""What a domain, the provider database and the DNS say about an address: all asked at once.

Called by `finder` where the table is not sure.
Never asks about more than the domain, but for the address's own domain; never believes what it is
told more than `service_records` and `autoconfig` do.
Standards: RFC 6186 §3, Mozilla's autoconfiguration format 1.1.
Fails never: who does not answer is a note.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterable
from typing import Final

import msgspec

from hato.core.language import Text
from hato.services.settings_finder.autoconfig import (
    AutoconfigAnswer,
    autoconfig_urls,
    exchanger_urls,
    read_autoconfig,
)
from hato.services.settings_finder.candidate import Candidate, Origin
from hato.services.settings_finder.dns_lookup import ExchangerAnswer, ServiceAnswers
from hato.services.settings_finder.host_names import host_name
from hato.services.settings_finder.https_fetch import FetchError, FetchFault
from hato.services.settings_finder.outside import Outside
from hato.services.settings_finder.provider_table import Provider
from hato.services.settings_finder.service_records import (
    Service,
    ServiceFindings,
    provider_behind,
    read_exchangers,
    read_service_records,
)

_SRV_FOUND: Final = Text(
    en="The DNS of {domain} names {count} mail {count:server|servers} (SRV).",
    ja="{domain} の DNS には {count} 件のメールサーバーがあります(SRV)。",
)
_SRV_NOTHING: Final = Text(
    en="The DNS of {domain} names no mail servers (no SRV records).",
    ja="{domain} の DNS にメールサーバーの記載はありません(SRV なし)。",
)
_SRV_SILENT: Final = Text(
    en="The DNS did not answer which mail servers {domain} names.",
    ja="{domain} のメールサーバーについて DNS の応答がありませんでした。",
)
_MX_SHOWS: Final = Text(
    en="Mail for {domain} goes to {exchanger}: {provider} hosts it.",
    ja="{domain} 宛のメールは {exchanger} に届きます。{provider} が運用しています。",
)
_MX_STRANGER: Final = Text(
    en="Mail for {domain} goes to {exchanger}, which Hato's table does not know.",
    ja="{domain} 宛のメールは {exchanger} に届きます(鳩の一覧にはありません)。",
)
_MX_NOTHING: Final = Text(
    en="The DNS names no server that takes mail for {domain}.",
    ja="{domain} 宛のメールを受け取るサーバーが DNS にありません。",
)
_PAGE_FOUND: Final = Text(en="{host} publishes settings.", ja="{host} が設定を公開しています。")
_PAGE_UNFIT: Final = Text(
    en="{host} answers, but {reason}.", ja="{host} の応答は使えません: {reason}。"
)
_PAGE_NOTHING: Final = Text(
    en="{host} publishes no settings ({reason}).",
    ja="{host} に公開された設定はありません({reason})。",
)
_WHY_NO_PAGE: Final = {
    FetchFault.NO_SUCH_HOST: Text(en="no such host", ja="ホストがありません"),
    FetchFault.FORBIDDEN_ADDRESS: Text(
        en="its address is private, and was not asked",
        ja="プライベートアドレスのため問い合わせません",
    ),
    FetchFault.UNREACHABLE: Text(
        en="no HTTPS with a right certificate", ja="正しい証明書の HTTPS がありません"
    ),
    FetchFault.TIMED_OUT: Text(en="no answer in time", ja="時間内に応答なし"),
    FetchFault.NOTHING_THERE: Text(en="no such page", ja="ページがありません"),
    FetchFault.OTHER_WAY: Text(
        en="it leads to where Hato does not follow", ja="たどらない転送先を示しました"
    ),
    FetchFault.TOO_LARGE: Text(en="an answer without end", ja="応答が大きすぎます"),
    FetchFault.NONSENSE: Text(en="an answer that is no HTTP", ja="HTTP として正しくない応答"),
}


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """What everybody said."""

    candidates: tuple[Candidate, ...] = ()
    notes: tuple[Text, ...] = ()
    exchangers: tuple[str, ...] = ()
    absent: frozenset[Service] = frozenset()
    """What the domain says that it does not have."""
    provider: Provider | None = None
    """The row that a mail exchanger shows."""


async def ask_everybody(address: str, outside: Outside) -> Published:
    """Ask DNS, domain and database about a normalised address."""
    domain = address.rpartition("@")[2]
    services, exchangers, pages = await asyncio.gather(
        outside.dns.services(domain),
        outside.dns.exchangers(domain),
        _ask_pages(autoconfig_urls(address), address, outside),
    )
    found = read_service_records(
        domain,
        services.records,
        lambda most: secrets.randbelow(most + 1),
        is_signed=services.is_signed,
    )
    hosted = read_exchangers(
        address, exchangers.records, outside.table, is_signed=exchangers.is_signed
    )
    names = _names(exchangers)
    if not (found.candidates or hosted or _servers(pages)) and names:
        more = await _ask_pages(exchanger_urls(names[0]), address, outside)
        pages = [*pages, *((url, _as_hint(answer)) for url, answer in more)]
    behind = provider_behind(exchangers.records, outside.table)
    return Published(
        candidates=(*found.candidates, *hosted, *_servers(pages)),
        notes=(
            _note_on_services(domain, services, found),
            *(_note_on_page(url, answer) for url, answer in pages),
            _note_on_exchangers(domain, exchangers, outside),
        ),
        exchangers=names,
        absent=found.absent,
        provider=behind[0] if behind else None,
    )


_Page = tuple[str, AutoconfigAnswer | FetchError]


async def _ask_pages(
    urls: Iterable[tuple[Origin, str]], address: str, outside: Outside
) -> list[_Page]:
    """Ask web servers, all at once; the order stays."""

    async def ask(origin: Origin, url: str) -> _Page:
        try:
            octets = await outside.https.get(url)
        except FetchError as fault:
            return url, fault
        return url, read_autoconfig(octets, address, origin)

    return await asyncio.gather(*(ask(origin, url) for origin, url in urls))


def _as_hint(answer: AutoconfigAnswer | FetchError) -> AutoconfigAnswer | FetchError:
    """Take what was found by an unsigned MX record for no more than that: the person is asked."""
    if isinstance(answer, FetchError):
        return answer
    replace = msgspec.structs.replace
    return replace(
        answer,
        incoming=tuple(
            replace(one, origin=Origin.MAIL_EXCHANGER, needs_consent=True)
            for one in answer.incoming
        ),
        outgoing=tuple(
            replace(one, origin=Origin.MAIL_EXCHANGER, needs_consent=True)
            for one in answer.outgoing
        ),
    )


def _servers(pages: Iterable[_Page]) -> list[Candidate]:
    return [
        candidate
        for _, answer in pages
        if isinstance(answer, AutoconfigAnswer)
        for candidate in (*answer.incoming, *answer.outgoing)
    ]


def _names(answer: ExchangerAnswer) -> tuple[str, ...]:
    names = (host_name(record.exchanger) for record in sorted(answer.records))
    return tuple(dict.fromkeys(name for name in names if name))


def _note_on_services(domain: str, answers: ServiceAnswers, found: ServiceFindings) -> Text:
    if found.candidates:
        return _SRV_FOUND.filled(domain=domain, count=len(found.candidates))
    return (_SRV_NOTHING if answers.is_whole else _SRV_SILENT).filled(domain=domain)


def _note_on_exchangers(domain: str, answer: ExchangerAnswer, outside: Outside) -> Text:
    behind = provider_behind(answer.records, outside.table)
    if behind is not None:
        provider, exchanger = behind
        return _MX_SHOWS.filled(domain=domain, exchanger=exchanger, provider=provider.name.text())
    names = _names(answer)
    if names:
        return _MX_STRANGER.filled(domain=domain, exchanger=names[0])
    return _MX_NOTHING.filled(domain=domain)


def _note_on_page(url: str, answer: AutoconfigAnswer | FetchError) -> Text:
    host = url.removeprefix("https://").partition("/")[0]
    if isinstance(answer, FetchError):
        return _PAGE_NOTHING.filled(host=host, reason=_WHY_NO_PAGE[answer.fault])
    if answer.reason is not None:
        return _PAGE_UNFIT.filled(host=host, reason=answer.reason)
    return _PAGE_FOUND.filled(host=host)
