"""Why a setting was chosen or not, in one sentence each, and what to do about it.

Called by `login_test` and `services.doctor`.
Never shows a server's words raw: they come fit to be shown.
Standards: RFC 8314 §3 and §4.1 for what is called safe.
Fails never: an error without a row is told by its own words.
"""

from __future__ import annotations

from typing import Final

from hato.clients.errors import (
    Busy,
    BusyError,
    NoLoginMethodError,
    NonsenseError,
    RefusedForGoodError,
    TlsRefusedError,
    TurnedAwayError,
    UnprovenServerError,
    WrongCredentialsError,
)
from hato.core.errors import InvalidInputError
from hato.core.language import Text
from hato.net.dial_errors import ConnectionLostError, DialError, DialFault, Loss
from hato.services.settings_finder.candidate import Candidate, LoginMethod
from hato.services.settings_finder.server_words import Meaning, meaning_of

NOT_FETCHED_YET: Final = Text(
    en="this version of Hato fetches by POP3 only, not by IMAP yet",
    ja="この版の鳩が受信できるのは POP3 だけです(IMAP はまだです)",
)
UNNAMED: Final = Text(
    en="this provider gives you a login name of its own: say it with --login",
    ja="このプロバイダーは専用のログイン名を使います。--login で指定してください",
)

_CHOSEN: Final = Text(
    en="Chosen: {setting}; logged in as {login} by {method}, because {why}.",
    ja="選んだ設定: {setting}。{login} として {method} でログインできました。理由: {why}。",
)
_NOT_CHOSEN: Final = Text(
    en="Not chosen: {setting}: {reason}.", ja="選ばなかった設定: {setting}。理由: {reason}。"
)
_NOT_CHOSEN_SENTENCE: Final = Text(
    en="Not chosen: {setting}. {sentence}", ja="選ばなかった設定: {setting}。{sentence}"
)
_DIAL: Final = {
    DialFault.NO_SUCH_HOST: Text(
        en="there is no server of that name", ja="その名前のサーバーはありません"
    ),
    DialFault.NAME_SERVICE: Text(
        en="its name could not be looked up just now", ja="いま名前を調べられませんでした"
    ),
    DialFault.FORBIDDEN_ADDRESS: Text(
        en="its address is in a private network, where Hato does not go on its own",
        ja="アドレスがプライベートネットワーク内にあり、鳩が自分から接続することはありません",
    ),
    DialFault.REFUSED: Text(en="nobody listens on that port", ja="そのポートは閉じています"),
    DialFault.UNREACHABLE: Text(
        en="there is no way to it from here", ja="ここからは到達できません"
    ),
    DialFault.TIMED_OUT: Text(en="it did not answer in time", ja="時間内に応答がありませんでした"),
    DialFault.NO_TLS: Text(
        en="it speaks clear text where TLS should begin",
        ja="TLS で始まるはずのポートが暗号化されていません",
    ),
    DialFault.OLD_TLS: Text(
        en="it offers only TLS versions that are no longer safe (1.1 or older)",
        ja="安全でない古い TLS(1.1 以前)しか使えません",
    ),
    DialFault.TLS_FAILED: Text(
        en="the TLS handshake broke off", ja="TLS の接続手続きが途中で切れました"
    ),
    DialFault.CERTIFICATE_EXPIRED: Text(
        en="its certificate has expired", ja="証明書の有効期限が切れています"
    ),
    DialFault.CERTIFICATE_NOT_YET_VALID: Text(
        en="its certificate is not valid yet (or this machine's clock is wrong)",
        ja="証明書がまだ有効になっていません(またはこのマシンの時計が狂っています)",
    ),
    DialFault.CERTIFICATE_SELF_SIGNED: Text(
        en="it signed its certificate itself, so that anybody could have made it",
        ja="自己署名の証明書なので、誰でも作れます",
    ),
    DialFault.CERTIFICATE_OF_UNKNOWN_AUTHORITY: Text(
        en="its certificate comes from an authority that this machine does not trust",
        ja="証明書の発行元を、このマシンは信頼していません",
    ),
    DialFault.CERTIFICATE_OF_OTHER_NAME: Text(
        en="its certificate is for another name", ja="証明書が別の名前のものです"
    ),
    DialFault.CERTIFICATE_UNFIT: Text(
        en="its certificate is not fit for a server", ja="証明書がサーバー用として不適切です"
    ),
    DialFault.CERTIFICATE_NOT_PINNED: Text(
        en="its certificate is not the one that was pinned",
        ja="証明書が、固定したものと違います",
    ),
}
_LOSSES: Final = {
    Loss.CLOSED: Text(en="it hung up", ja="サーバーが接続を切りました"),
    Loss.SILENT: Text(en="it said nothing for too long", ja="サーバーが長い間何も言いません"),
    Loss.TOO_SLOW: Text(en="it answered too slowly", ja="応答が遅すぎます"),
    Loss.TOO_LONG: Text(en="it took too long altogether", ja="全体として時間がかかりすぎました"),
    Loss.TLS_BROKEN: Text(
        en="what arrived was not what TLS sent: damaged on the way, or meddled with",
        ja="届いたデータが TLS で送られたものと違います(途中で壊れたか、改ざんされました)",
    ),
    Loss.SAID_GOODBYE: Text(en="it ended the conversation", ja="サーバーが会話を終えました"),
}
_BUSY: Final = {
    Busy.IN_USE: Text(
        en="the mailbox is being read by another program just now; the password is not the matter",
        ja="いま別のソフトがメールボックスを使っています(パスワードの問題ではありません)",
    ),
    Busy.LOGIN_DELAY: Text(
        en="the server wants more time between logins; the password is not the matter",
        ja="前のログインから間もないため断られました(パスワードの問題ではありません)",
    ),
    Busy.PASSING_FAULT: Text(
        en="the server has trouble of its own just now; the password is not the matter",
        ja="サーバー側の一時的な障害です(パスワードの問題ではありません)",
    ),
}
_SAID: Final = Text(en="{reason} (it says: {words})", ja="{reason}(サーバーの言葉: {words})")
_WRONG: Final = Text(
    en="the server does not take this name and password", ja="名前かパスワードが受け付けられません"
)
_WRONG_TOKEN: Final = Text(
    en="the server does not take this name and authorisation",
    ja="名前か認可が受け付けられません",
)
_NO_TLS_OFFER: Final = Text(
    en="it does not offer STARTTLS, or somebody on the way hides that; nothing secret was said",
    ja="STARTTLS が提示されません(途中で隠された可能性もあります)。秘密は何も送っていません",
)
_TLS_REFUSED: Final = Text(
    en="it refuses to begin TLS; nothing secret was said",
    ja="TLS の開始を断られました。秘密は何も送っていません",
)
_NO_METHOD: Final = Text(
    en="it offers no login method that can be used here", ja="使えるログイン方法がありません"
)
_BAD_GRAMMAR: Final = Text(
    en="what it says breaks the rules of its protocol",
    ja="応答がプロトコルの決まりに従っていません",
)
_UNPROVEN: Final = Text(
    en="it could not prove that it knows the password: it may be an impostor",
    ja="サーバーがパスワードを知っていることを示せませんでした(なりすましの可能性があります)",
)
_REFUSED: Final = Text(en="the server refuses", ja="サーバーに断られました")
_TURNED_AWAY: Final = Text(
    en="the server refused the connection before any login",
    ja="ログインの前に、サーバーが接続を断りました",
)

_WANTS_OAUTH2: Final = Text(
    en="The provider takes no passwords here any more: use OAuth2 "
    "(`hato account authorise`), whatever the password is.",
    ja="このプロバイダーはパスワードを受け付けません。"
    "パスワードが正しくても、OAuth2(`hato account authorise`)が必要です。",
)
_WANTS_APP_PASSWORD: Final = Text(
    en="Make an app password in the security settings of the provider's website, and use it here "
    "instead of the main password.",
    ja="プロバイダーの Web のセキュリティ設定でアプリパスワードを作り、"
    "通常のパスワードの代わりに使ってください。",
)
_WANTS_POP: Final = Text(
    en="POP access is switched off: switch it on in the mail settings of the provider's website.",
    ja="POP が無効です。プロバイダーの Web のメール設定で有効にしてください。",
)
_WANTS_BROWSER: Final = Text(
    en="The provider wants to see you: log in once on its website, confirm that it was you, and "
    "try again.",
    ja="本人確認が必要です。プロバイダーの Web に一度ログインして確認し、もう一度試してください。",
)
_CHECK_PASSWORD: Final = Text(
    en="Check the password, and whether the provider wants another login name (--login).",
    ja="パスワードと、ログイン名が別にないか(--login)を確かめてください。",
)
_AUTHORISE_AGAIN: Final = Text(
    en="Authorise again with `hato account authorise`, and say yes there with this very account; "
    "the provider may also have switched POP off for it.",
    ja="`hato account authorise` でもう一度、必ずこのアカウントで許可してください。"
    "プロバイダー側で POP が無効になっている可能性もあります。",
)
_ASK_WHY: Final = Text(
    en="No password was sent, so it is not the matter: try again in a while, and ask the provider "
    "what these words mean if it stays so.",
    ja="パスワードは送っていないので、パスワードの問題ではありません。しばらくして試し、"
    "続くようならこの言葉の意味をプロバイダーに尋ねてください。",
)
_TRY_LATER: Final = Text(en="Try again in a few minutes.", ja="数分後にもう一度試してください。")
_PIN_KNOWINGLY: Final = Text(
    en="No password was sent. If the server is yours and you know this certificate, trust it with "
    "--ca-file or pin it; otherwise tell the provider.",
    ja="パスワードは送っていません。自分のサーバーで証明書に心当たりがあるなら "
    "--ca-file で信頼するか固定してください。そうでなければプロバイダーに知らせてください。",
)
_WANTS_PROVIDER: Final = Text(
    en="The provider has closed or suspended this account: ask there what to do.",
    ja="プロバイダーがこのアカウントを停止しています。プロバイダーに問い合わせてください。",
)
_MEANT: Final = {
    Meaning.WANTS_OAUTH2: _WANTS_OAUTH2,
    Meaning.WANTS_APP_PASSWORD: _WANTS_APP_PASSWORD,
    Meaning.POP_IS_OFF: _WANTS_POP,
    Meaning.WANTS_WEB_LOGIN: _WANTS_BROWSER,
    Meaning.ACCOUNT_IS_CLOSED: _WANTS_PROVIDER,
    Meaning.TOO_OFTEN: _TRY_LATER,
    Meaning.IN_USE: _TRY_LATER,
    Meaning.PASSING_FAULT: _TRY_LATER,
}
_WORDS_SHOWN: Final = 200
_CERTIFICATE: Final = frozenset(
    fault for fault in DialFault if fault.name.startswith("CERTIFICATE_")
)


def why_chosen(candidate: Candidate, login: str, method: str) -> Text:
    """Say which setting it is, and why it was tried before others."""
    return _CHOSEN.filled(
        setting=candidate.in_words(),
        login=login,
        method=method,
        why=candidate.why,
    )


def why_not(candidate: Candidate, error: Exception, *, is_token: bool = False) -> Text:
    """Say which setting it is not, and why. `is_token`: it was tried with an access token."""
    if isinstance(error, InvalidInputError):
        return _NOT_CHOSEN_SENTENCE.filled(setting=candidate.in_words(), sentence=error.text)
    reason = reason_of(error)
    if is_token and isinstance(error, WrongCredentialsError):
        reason = quoting(_WRONG_TOKEN, error.words)
    return _NOT_CHOSEN.filled(setting=candidate.in_words(), reason=reason)


def reason_of(error: Exception) -> Text:
    """Say what went wrong, as the rest of a sentence."""
    match error:
        case DialError(fault=DialFault.CERTIFICATE_OF_OTHER_NAME, detail=names) if names:
            return quoting(_DIAL[error.fault], names)
        case DialError(fault=fault):
            return _DIAL[fault]
        case ConnectionLostError(loss=loss, detail=detail):
            is_said = loss is Loss.SAID_GOODBYE
            return quoting(_LOSSES[loss], detail if is_said else "")
        case BusyError(busy=busy, words=words):
            return quoting(_BUSY[busy], words)
        case WrongCredentialsError(words=words):
            return quoting(_WRONG, words)
        case TlsRefusedError(words=words):
            return quoting(_TLS_REFUSED, words) if words else _NO_TLS_OFFER
        case NoLoginMethodError(offered=offered):
            return quoting(_NO_METHOD, ", ".join(offered))
        case NonsenseError(words=words):
            return quoting(_BAD_GRAMMAR, words)
        case UnprovenServerError():
            return _UNPROVEN
        case RefusedForGoodError(words=words):
            is_at_once = isinstance(error, TurnedAwayError)
            return quoting(_TURNED_AWAY if is_at_once else _REFUSED, words)
        case InvalidInputError():
            return Text(error.text.en.removesuffix("."), error.text.ja.removesuffix("。"))
        case _:
            return Text(str(error), str(error))


def advice_on(candidate: Candidate, error: Exception, *, is_token: bool = False) -> Text | None:
    """Say what the person can do; None where nothing but other settings helps."""
    match error:
        case WrongCredentialsError() if is_token:
            return _AUTHORISE_AGAIN
        case TurnedAwayError(words=words):
            return hint_in(words) or _ASK_WHY
        case WrongCredentialsError(words=words) | RefusedForGoodError(words=words):
            return hint_in(words) or _by_method(candidate)
        case BusyError():
            return _TRY_LATER
        case NoLoginMethodError(offered=offered):
            words = " ".join(offered)
            return _WANTS_OAUTH2 if "XOAUTH2" in words or "OAUTHBEARER" in words else None
        case DialError(fault=fault) if fault in _CERTIFICATE:
            return _PIN_KNOWINGLY
        case _:
            return None


def hint_in(words: str) -> Text | None:
    """Find in a server's words what the provider wants the person to do."""
    meaning = meaning_of(words)
    return None if meaning is None else _MEANT[meaning]


def _by_method(candidate: Candidate) -> Text:
    """Say what is likely, from what is known of the provider."""
    if LoginMethod.PASSWORD in candidate.methods or not candidate.methods:
        return _CHECK_PASSWORD
    if LoginMethod.APP_PASSWORD in candidate.methods:
        return _WANTS_APP_PASSWORD
    return _WANTS_OAUTH2 if LoginMethod.OAUTH2 in candidate.methods else _CHECK_PASSWORD


def quoting(reason: Text, words: str) -> Text:
    """Say what went wrong with the server's own words, fit to be shown; empty: it said none."""
    if not words:
        return reason
    is_long = len(words) > _WORDS_SHOWN
    return _SAID.filled(reason=reason, words=f"{words[:_WORDS_SHOWN]}…" if is_long else words)
