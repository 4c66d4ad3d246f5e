"""What one port showed, in sentences.

Called by `hato check`.
Never shows a server's words raw; never says more than was seen.
Standards: none.
Fails never.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from hato.core.language import Text
from hato.net.dial_errors import DialFault
from hato.protocols.opening import OpeningFault, Upgrade
from hato.services.doctor.standing import Standing, standing_of, takes_passwords_in_clear, usable
from hato.services.settings_finder.candidate import LoginMethod, Protocol, TlsMode
from hato.services.settings_finder.certificate_report import CertificateReport
from hato.services.settings_finder.explain import quoting, reason_of
from hato.services.settings_finder.login_methods import proves
from hato.services.settings_finder.probe import PortReport
from hato.services.settings_finder.provider_table import Provider

PROTOCOL_NAMES: Final = {
    Protocol.POP3: "POP3",
    Protocol.IMAP: "IMAP",
    Protocol.SUBMISSION: "SMTP",
}
_MODES: Final = {
    TlsMode.IMPLICIT: Text(en="TLS from the start", ja="最初から TLS"),
    TlsMode.STARTTLS: Text(en="clear text, then STARTTLS", ja="平文で始まり STARTTLS"),
    TlsMode.NONE: Text(en="clear text", ja="平文"),
}
_OPEN: Final = Text(
    en="{host} port {port} ({protocol}, {mode}): open at {address}",
    ja="{host} ポート {port}({protocol}、{mode}): 開いています({address})",
)
_SHUT: Final = Text(
    en="{host} port {port} ({protocol}, {mode}): {reason}",
    ja="{host} ポート {port}({protocol}、{mode}): {reason}",
)
_TLS: Final = Text(en="{version}, {cipher}", ja="{version}、{cipher}")
_CERTIFICATE: Final = Text(
    en="Certificate for {names}, issued by {issuer}, valid from {begin} to {end}: {verdict}.",
    ja="証明書: {names} 用、発行者 {issuer}、有効期間 {begin} から {end} まで。{verdict}。",
)
_VERDICTS: Final = {
    None: Text(en="trusted", ja="信頼できます"),
    DialFault.CERTIFICATE_EXPIRED: Text(
        en="NOT trusted: it has expired", ja="信頼できません: 有効期限が切れています"
    ),
    DialFault.CERTIFICATE_NOT_YET_VALID: Text(
        en="NOT trusted: it is not valid yet (or this machine's clock is wrong)",
        ja="信頼できません: まだ有効になっていません(またはこのマシンの時計が狂っています)",
    ),
    DialFault.CERTIFICATE_SELF_SIGNED: Text(
        en="NOT trusted: the server signed it itself, so that anybody could have made it",
        ja="信頼できません: 自己署名なので、誰でも作れます",
    ),
    DialFault.CERTIFICATE_OF_UNKNOWN_AUTHORITY: Text(
        en="NOT trusted: this machine does not know who issued it, or the server leaves out the "
        "certificates in between",
        ja="信頼できません: 発行元をこのマシンが知らないか、サーバーが中間証明書を送っていません",
    ),
    DialFault.CERTIFICATE_OF_OTHER_NAME: Text(
        en="NOT trusted: it is not for {host}", ja="信頼できません: {host} のものではありません"
    ),
    DialFault.CERTIFICATE_UNFIT: Text(
        en="NOT trusted: it is not fit for a server",
        ja="信頼できません: サーバー用の証明書として不適切です",
    ),
}
_ONLY_COMMON_NAME: Final = Text(
    en="NOT trusted: the name {name} stands in its Common Name only, which counts for nothing; it "
    "needs a subjectAltName",
    ja="信頼できません: 名前 {name} が Common Name にしかありません。"
    "Common Name は無効で、subjectAltName が必要です",
)
_NO_NAME: Final = Text(en="no host", ja="ホスト名なし")
_UNKNOWN: Final = Text(en="?", ja="?")
_SAYS: Final = Text(en="{when}: {abilities}", ja="{when}: {abilities}")
_BEFORE: Final = Text(en="Says before TLS", ja="TLS の前の申告")
_AFTER: Final = Text(en="Says under TLS", ja="TLS の中での申告")
_NOT_TOLD: Final = Text(en="not what it can do", ja="機能の申告なし")
_METHODS_IN_CLEAR: Final = Text(
    en="Login methods before TLS: {methods}", ja="TLS の前のログイン方法: {methods}"
)
_METHODS: Final = Text(
    en="Login methods under TLS: {methods}", ja="TLS の中でのログイン方法: {methods}"
)
_NONE: Final = Text(en="none", ja="なし")
_PASSWORDS_IN_CLEAR: Final = Text(
    en="{methods} (others on the way could read the password)",
    ja="{methods}(途中の他人にパスワードを読まれます)",
)
_USABLE: Final = Text(
    en="Your account can log in by {methods} ({proof}).",
    ja="あなたのアカウントが使える方法: {methods}({proof})。",
)
_PROOFS: Final = {
    LoginMethod.PASSWORD: Text(en="with the password", ja="パスワードで"),
    LoginMethod.APP_PASSWORD: Text(en="with an app password", ja="アプリパスワードで"),
    LoginMethod.OAUTH2: Text(en="with OAuth2", ja="OAuth2 で"),
    LoginMethod.CHALLENGE: Text(en="by a challenge", ja="チャレンジ方式で"),
}
_NOT_USABLE: Final = Text(
    en="Your account cannot log in by any of them.",
    ja="あなたのアカウントが使える方法はありません。",
)
_INJECTED: Final = Text(
    en="Words arrived between the agreement on TLS and TLS itself: the server, or somebody on the "
    "way, breaks the rules. Nothing was said any more.",
    ja="TLS の合意と TLS の開始との間に余計なデータが届きました。サーバーか途中の誰かの違反です。"
    "以後は何も送っていません。",
)
_NO_OFFER: Final = Text(
    en="TLS (STARTTLS) is not offered, and refused when asked for: {words}",
    ja="TLS(STARTTLS)は提示されず、求めても断られました: {words}",
)
_OFFER_BROKEN: Final = Text(
    en="TLS (STARTTLS) is offered, but refused: {words}",
    ja="TLS(STARTTLS)は提示されますが、断られました: {words}",
)
_HIDDEN: Final = Text(
    en="TLS (STARTTLS) is not offered, but works when asked for: somebody on the way hides the "
    "offer, or the server forgets it.",
    ja="TLS(STARTTLS)は提示されませんが、求めると使えます。"
    "途中で隠されているか、サーバーの申告漏れです。",
)
_TROUBLE: Final = Text(en="It did not go further: {reason}.", ja="先へ進めません: {reason}。")
_FAULTS: Final = {
    OpeningFault.OTHER_PROTOCOL: Text(
        en="what answers does not speak {protocol}", ja="応答が {protocol} ではありません"
    ),
    OpeningFault.SPEAKS_TLS: Text(
        en="it begins with TLS, which was not expected on this port",
        ja="このポートでは想定外に TLS で始まります",
    ),
    OpeningFault.TURNED_AWAY: Text(en="it greets with a refusal", ja="最初の挨拶で断られました"),
    OpeningFault.GARBAGE: Text(
        en="its answer makes no sense in {protocol}", ja="応答が {protocol} として正しくありません"
    ),
    OpeningFault.OVERLONG: Text(en="its answer has no end", ja="応答に終わりがありません"),
    OpeningFault.CUT_OFF: Text(en="it hung up in the middle", ja="途中で接続が切れました"),
}
_WORDS_SHOWN: Final = 200
_ABILITIES_SHOWN: Final = 40


def heading(report: PortReport) -> Text:
    """Say which port it is, and whether anybody answers."""
    fields = {
        "host": report.host,
        "port": report.port,
        "protocol": PROTOCOL_NAMES[report.protocol],
        "mode": _MODES[report.tls],
    }
    if report.is_open:
        return _OPEN.filled(address=report.address, **fields)
    reason = _UNKNOWN if report.error is None else reason_of(report.error)
    return _SHUT.filled(reason=reason, **fields)


def details(report: PortReport, provider: Provider | None, *, is_account: bool) -> list[Text]:
    """Say what was seen there. `is_account`: for somebody's address, not for a host."""
    if not report.is_open:
        return []
    found: list[Text] = []
    if report.tls is not TlsMode.IMPLICIT and report.opening.greeting:
        found += _in_clear(report)
    if report.facts is not None:
        found.append(_TLS.filled(version=report.facts.version, cipher=report.facts.cipher))
    if report.certificate is not None:
        found.append(_certificate(report.certificate, report.host))
    if report.facts is not None and report.opening.fault is None and report.error is None:
        found.append(_says(_AFTER, report.opening.after))
        found.append(_METHODS.filled(methods=_list(report.methods)))
        if is_account and standing_of(report, provider) is not Standing.UNTRUSTED:
            found.append(_for_account(report, provider))
    return [*found, *_trouble(report)]


def _in_clear(report: PortReport) -> list[Text]:
    found = [_says(_BEFORE, report.opening.before)]
    methods = _list(report.methods_in_clear)
    if takes_passwords_in_clear(report):
        methods = _PASSWORDS_IN_CLEAR.filled(methods=methods)
    if report.opening.before is not None:
        found.append(_METHODS_IN_CLEAR.filled(methods=methods))
    return [*found, *_upgrade(report)]


def _upgrade(report: PortReport) -> list[Text]:
    opening = report.opening
    match opening.upgrade:
        case Upgrade.INJECTED:
            return [_INJECTED]
        case Upgrade.REFUSED:
            words = opening.words[:_WORDS_SHOWN]
            return [(_OFFER_BROKEN if opening.offers_tls else _NO_OFFER).filled(words=words)]
        case Upgrade.AGREED if not opening.offers_tls and opening.before is not None:
            return [_HIDDEN]
        case _:
            return []


def _certificate(report: CertificateReport, host: str) -> Text:
    is_named = bool(report.names)
    names = ", ".join(report.names) or report.common_name
    verdict = _VERDICTS.get(report.fault, _VERDICTS[DialFault.CERTIFICATE_UNFIT])
    is_other = report.fault is DialFault.CERTIFICATE_OF_OTHER_NAME
    if is_other and not is_named and report.common_name:
        verdict = _ONLY_COMMON_NAME.filled(name=report.common_name)
    elif is_other:
        verdict = verdict.filled(host=host)
    return _CERTIFICATE.filled(
        names=names or _NO_NAME,
        issuer=report.issuer or "?",
        begin=report.not_before.date().isoformat() if report.not_before else "?",
        end=report.not_after.date().isoformat() if report.not_after else "?",
        verdict=verdict,
    )


def _says(when: Text, abilities: tuple[str, ...] | None) -> Text:
    if abilities is None:
        return _SAYS.filled(when=when, abilities=_NOT_TOLD)
    rest = "…" if len(abilities) > _ABILITIES_SHOWN else ""
    words = ", ".join(one[:_WORDS_SHOWN] for one in abilities[:_ABILITIES_SHOWN])
    return _SAYS.filled(when=when, abilities=f"{words}{rest}" or _NONE)


def _list(methods: Iterable[str]) -> Text:
    words = ", ".join(methods)
    return Text(words, words) if words else _NONE


def _for_account(report: PortReport, provider: Provider | None) -> Text:
    methods = usable(report, provider)
    if not methods:
        return _NOT_USABLE
    kinds = {proves(method) for method in methods}
    is_app = provider is not None and LoginMethod.PASSWORD not in provider.methods
    words = [
        _PROOFS[LoginMethod.APP_PASSWORD if kind is LoginMethod.PASSWORD and is_app else kind]
        for kind in LoginMethod
        if kind in kinds
    ]
    proof = Text(", ".join(one.en for one in words), "、".join(one.ja for one in words))
    return _USABLE.filled(methods=", ".join(methods), proof=proof)


def _trouble(report: PortReport) -> list[Text]:
    """Say what ended it early, if anything did."""
    opening = report.opening
    if opening.fault is not None:
        reason = _FAULTS[opening.fault].filled(protocol=PROTOCOL_NAMES[report.protocol])
        return [_TROUBLE.filled(reason=quoting(reason, opening.words))]
    if report.error is not None and report.certificate is None:
        return [_TROUBLE.filled(reason=reason_of(report.error))]
    return []
