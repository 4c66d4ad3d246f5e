"""What to use, why that and not the rest, and what to change at the provider.

Called by `hato check`.
Never advises what would send a secret where others can read it, or to a server that is not trusted.
Standards: RFC 8314 §3 and §4.1 (TLS from the start first; no passwords in clear).
Fails never: where nothing can be used, that is the conclusion.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from hato.core.language import Text
from hato.net.dial_errors import DialError, DialFault
from hato.protocols.opening import Upgrade
from hato.services.doctor.examination import Examination
from hato.services.doctor.port_words import PROTOCOL_NAMES
from hato.services.doctor.standing import Standing, standing_of, takes_passwords_in_clear
from hato.services.settings_finder.candidate import FETCHING, Protocol, TlsMode
from hato.services.settings_finder.probe import PortReport
from hato.services.settings_finder.provider_table import Provider

_USE: Final = Text(
    en="Use {protocol} on {host}, port {port}, {mode}.",
    ja="{host} のポート {port}({protocol}、{mode})を使ってください。",
)
_MODES: Final = {
    TlsMode.IMPLICIT: Text(en="TLS from the start", ja="最初から TLS"),
    TlsMode.STARTTLS: Text(en="with STARTTLS required", ja="STARTTLS 必須"),
}
_OAUTH2_THERE: Final = Text(
    en="It takes OAuth2 only, no passwords: register a client at the provider (or ask for its "
    "client id), then run `hato account authorise`.",
    ja="パスワードは使えず、OAuth2 だけです。プロバイダーでクライアントを登録(または"
    "クライアント ID を入手)してから `hato account authorise` を実行してください。",
)
_WHY_POP3: Final = Text(
    en="POP3, because Hato collects the mail and keeps it here, which POP3 is made for; IMAP is "
    "for mail that stays on its server, and this version of Hato does not fetch by it.",
    ja="POP3 を選ぶ理由: 鳩はメールを集めて手元に保管します。POP3 はそのための方式です。"
    "IMAP はサーバーに置いたまま読む方式で、この版の鳩では受信できません。",
)
_WHY_ONLY_POP3: Final = Text(
    en="POP3, because it is the only one of the two that can be used safely here.",
    ja="POP3 を選ぶ理由: POP3 と IMAP のうち、安全に使えるのは POP3 だけです。",
)
_WHY_IMPLICIT: Final = Text(
    en="TLS from the start, because there is nothing in clear that somebody on the way could "
    "change.",
    ja="最初から TLS を選ぶ理由: 途中で書き換えられる平文の部分がありません。",
)
_WHY_STARTTLS: Final = Text(
    en="STARTTLS, because no port that begins with TLS can be used; without TLS Hato says nothing.",
    ja="STARTTLS を選ぶ理由: 最初から TLS のポートが使えません。TLS なしでは鳩は何も送りません。",
)
_ONLY_IMAP: Final = Text(
    en="Only IMAP can be used safely here ({host}, port {port}), and this version of Hato fetches "
    "by POP3: switch POP on at the provider, if there is such a switch.",
    ja="安全に使えるのは IMAP({host} ポート {port})だけで、この版の鳩は POP3 で受信します。"
    "プロバイダーの設定に POP があれば有効にしてください。",
)
_NOTHING: Final = Text(
    en="Nothing here can be used safely to fetch mail; Hato sends no password until that changes.",
    ja="安全にメールを受信できる方法がありません。改善されるまで鳩はパスワードを送りません。",
)
_NOBODY: Final = Text(
    en="No mail port answers: check the name, and whether a firewall is in between.",
    ja="応答するメールのポートがありません。名前と、間のファイアウォールを確かめてください。",
)
_UNKNOWN_PORT: Final = Text(
    en="On port {port} nobody answers, or nothing that is POP3, IMAP or SMTP.",
    ja="ポート {port} には応答がないか、POP3・IMAP・SMTP ではありません。",
)
_SWITCH_TLS_ON: Final = Text(
    en="switch TLS on at the server (a certificate and STARTTLS), or ask "
    "the provider to. Until then only `--tls none` would use it, and everybody on the way would "
    "read password and mail.",
    ja="サーバーで TLS(証明書と STARTTLS)を有効にするか、"
    "プロバイダーに依頼してください。それまでは `--tls none` でしか使えず、"
    "パスワードもメールも途中で読まれます。",
)
_HIDES: Final = Text(
    en="something on the way (a firewall, a virus scanner) may be hiding "
    "STARTTLS: compare from another network, and prefer the port that begins with TLS.",
    ja="途中の機器(ファイアウォール、ウイルス対策など)が STARTTLS を"
    "隠している可能性があります。別の回線と比べ、最初から TLS のポートを優先してください。",
)
_MEDDLING: Final = Text(
    en="do not log in here. If it is so from other networks too, the "
    "server has a known hole (injection before STARTTLS) and must be updated.",
    ja="ここではログインしないでください。別の回線でも同じなら、"
    "サーバーに既知の欠陥(STARTTLS 前の注入)があり、更新が必要です。",
)
_NO_CLEAR_PASSWORDS: Final = Text(
    en="the server takes passwords before TLS too, so that a careless "
    "program says them in clear: forbid it (Dovecot: disable_plaintext_auth = yes).",
    ja="TLS の前でもパスワードを受け付けるため、不注意なソフトが平文で"
    "送ってしまいます。禁止してください(Dovecot なら disable_plaintext_auth = yes)。",
)
_OLD_TLS: Final = Text(
    en="the server must offer TLS 1.2 or newer on this port.",
    ja="サーバーは TLS 1.2 以降を提供する必要があります。",
)
_NO_HANDSHAKE: Final = Text(
    en="TLS should begin here, and does not come about: whoever runs the server has to look at its "
    "certificate and its log.",
    ja="ここは TLS で始まるはずですが、成立しません。"
    "サーバーの運用者が証明書とログを確かめる必要があります。",
)
_NO_METHOD: Final = Text(
    en="no login method that can be used: the provider must allow "
    "passwords, app passwords or OAuth2 there.",
    ja="使えるログイン方法がありません。プロバイダー側で"
    "パスワード、アプリパスワード、OAuth2 のいずれかの許可が必要です。",
)
_OF_CERTIFICATES: Final = {
    DialFault.CERTIFICATE_EXPIRED: Text(
        en="the certificate must be renewed by whoever runs the server, and the server be told to "
        "load the new one.",
        ja="サーバーの運用者が証明書を更新し、読み込み直す必要があります。",
    ),
    DialFault.CERTIFICATE_NOT_YET_VALID: Text(
        en="set this machine's clock; if it is right, the server needs another certificate.",
        ja="このマシンの時計を合わせてください。合っているなら別の証明書が必要です。",
    ),
    DialFault.CERTIFICATE_SELF_SIGNED: Text(
        en="the server needs a certificate of a known authority. If it is your own, trust it with "
        "--ca-file.",
        ja="サーバーには認証局の証明書が必要です。自分のサーバーなら --ca-file で信頼できます。",
    ),
    DialFault.CERTIFICATE_OF_UNKNOWN_AUTHORITY: Text(
        en="the server must send the certificates in between too; an authority of your own is "
        "trusted with --ca-file.",
        ja="サーバーは中間証明書も送る必要があります。自前の認証局なら --ca-file で信頼できます。",
    ),
    DialFault.CERTIFICATE_OF_OTHER_NAME: Text(
        en="use a name that is in the certificate ({names}) if the provider states it, or have the "
        "certificate made for {host}.",
        ja="証明書にある名前({names})をプロバイダーが案内しているならそれを使うか、"
        "{host} 用の証明書に替えてもらってください。",
    ),
}
_RENAME: Final = Text(
    en="have the certificate made anew with {host} as subjectAltName.",
    ja="{host} を subjectAltName に入れた証明書を作り直す必要があります。",
)
_ANOTHER: Final = Text(en="the server needs another certificate.", ja="別の証明書が必要です。")
_AT_PORTS: Final = Text(en="{ports}: {advice}", ja="{ports}: {advice}")


class Conclusion(msgspec.Struct, frozen=True, kw_only=True):
    """What follows from an examination."""

    use: PortReport | None
    """The port to fetch from; None: none."""
    why: list[Text]
    """What to use and why, or why nothing."""
    changes: list[Text]
    """What to change, at the server or at the provider."""


def conclude(examination: Examination) -> Conclusion:
    """Draw the conclusion."""
    provider = examination.provider
    best = _best(examination.ports, provider, Protocol.POP3)
    imap = _best(examination.ports, provider, Protocol.IMAP)
    if best is not None:
        why = list(_why(best, provider, has_imap=imap is not None))
    elif imap is not None:
        why = [_ONLY_IMAP.filled(host=imap.host, port=imap.port)]
    elif any(report.is_open for report in examination.ports):
        why = [_NOTHING]
    else:
        why = [_NOBODY]
    changes = [_UNKNOWN_PORT.filled(port=port) for port in examination.unknown_ports]
    changes += _at_ports(examination.ports, provider)
    if provider is not None:
        changes += [step.text() for step in (*provider.steps, *provider.oddities)]
    return Conclusion(use=best, why=why, changes=changes)


def _best(
    ports: list[PortReport], provider: Provider | None, protocol: Protocol
) -> PortReport | None:
    """Return the best port of a protocol: passwords before OAuth2, TLS from the start first."""
    order = (Standing.GOOD, Standing.OAUTH2_ONLY)
    fit = [
        (order.index(standing), report.tls is not TlsMode.IMPLICIT, place)
        for place, report in enumerate(ports)
        if report.protocol is protocol and (standing := standing_of(report, provider)) in order
    ]
    return ports[min(fit)[2]] if fit else None


def _why(best: PortReport, provider: Provider | None, *, has_imap: bool) -> Iterator[Text]:
    yield _USE.filled(
        host=best.host,
        port=best.port,
        protocol=PROTOCOL_NAMES[best.protocol],
        mode=_MODES[best.tls],
    )
    if standing_of(best, provider) is Standing.OAUTH2_ONLY:
        yield _OAUTH2_THERE
    yield _WHY_POP3 if has_imap else _WHY_ONLY_POP3
    yield _WHY_IMPLICIT if best.tls is TlsMode.IMPLICIT else _WHY_STARTTLS


def _at_ports(ports: list[PortReport], provider: Provider | None) -> list[Text]:
    """Return what should be changed, each with the ports that it is about."""
    places: dict[Text, list[str]] = {}
    for report in ports:
        place = f"{PROTOCOL_NAMES[report.protocol]} {report.port}"
        for advice in _changes(report, provider):
            places.setdefault(advice, []).append(place)
    return [
        _AT_PORTS.filled(ports=Text(", ".join(names), "、".join(names)), advice=advice)
        for advice, names in places.items()
    ]


def _changes(report: PortReport, provider: Provider | None) -> Iterator[Text]:
    """Yield what should be changed about one port."""
    standing = standing_of(report, provider)
    match standing:
        case Standing.NO_TLS:
            yield _SWITCH_TLS_ON
        case Standing.MEDDLED_WITH:
            yield _MEDDLING
        case Standing.TLS_BROKEN:
            is_old = isinstance(report.error, DialError) and report.error.fault is DialFault.OLD_TLS
            yield _OLD_TLS if is_old else _NO_HANDSHAKE
        case Standing.NO_METHOD if report.protocol in FETCHING:
            yield _NO_METHOD
        case Standing.UNTRUSTED:
            yield _of_certificate(report)
    opening = report.opening
    if opening.upgrade is Upgrade.AGREED and opening.before is not None and not opening.offers_tls:
        yield _HIDES
    if standing is not Standing.NO_TLS and takes_passwords_in_clear(report):
        yield _NO_CLEAR_PASSWORDS


def _of_certificate(report: PortReport) -> Text:
    certificate = report.certificate
    fault = certificate.fault if certificate is not None else None
    if fault is None or certificate is None or fault not in _OF_CERTIFICATES:
        return _ANOTHER
    if fault is DialFault.CERTIFICATE_OF_OTHER_NAME and not certificate.names:
        return _RENAME.filled(host=report.host)
    return _OF_CERTIFICATES[fault].filled(host=report.host, names=", ".join(certificate.names))
