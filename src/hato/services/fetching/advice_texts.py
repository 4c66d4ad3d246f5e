"""What a person reads about a source that cannot be fetched: one sentence for each fault.

Called by `services.fetching.advice`, which fills in host, address and the server's words.
Never blames her for what a server or the way to it does.
Standards: RFC 8314 §3 (why nothing is sent without TLS), RFC 8997 (TLS 1.1 is too old).
Fails never.
"""

from __future__ import annotations

from typing import Final

from hato.core import errors
from hato.core.language import Text
from hato.net.dial_errors import DialFault, Loss

# Who may come in

WRONG_PASSWORD: Final = Text(
    en="{host} does not take the password of {address}{words}: set the right one with "
    "`hato account password {address}`; until then it is not tried again.",
    ja="{host} が {address} のパスワードを受け付けません{words}。"
    "`hato account password {address}` で正しいものに変えてください。それまで接続しません。",
)
AUTHORISATION_REFUSED: Final = Text(
    en="{host} does not take the authorisation of {address} any more{words}: authorise again with "
    "`hato account authorise {address}`; until then it is not tried again.",
    ja="{host} が {address} の認可を受け付けなくなりました{words}。"
    "`hato account authorise {address}` でもう一度認可してください。それまで接続しません。",
)
WANTS_OAUTH2: Final = Text(
    en="{host} takes no passwords for {address}, only OAuth2{words}: authorise Hato with "
    "`hato account authorise {address}`.",
    ja="{host} は {address} にパスワードを使わせず、OAuth2 だけを受け付けます{words}。"
    "`hato account authorise {address}` で認可してください。",
)
NO_OAUTH2: Final = Text(
    en="{host} does not offer OAuth2 here: use a password with `hato account password {address}`.",
    ja="{host} はここで OAuth2 を提供していません。"
    "`hato account password {address}` でパスワードを使ってください。",
)
WANTS_APP_PASSWORD: Final = Text(
    en="{host} wants an app password for {address}, not the main one{words}: make one at the "
    "provider and give it with `hato account password {address}`.",
    ja="{host} は {address} に通常のパスワードではなくアプリパスワードを求めています{words}。"
    "プロバイダーで作り、`hato account password {address}` で設定してください。",
)
POP_IS_OFF: Final = Text(
    en="Mail programs may not read {address} yet{words}: switch on POP in the settings at the "
    "provider; Hato looks again by itself.",
    ja="{address} はまだメールソフトから読めません{words}。"
    "プロバイダーの設定で POP を有効にしてください。あとは自動で再開します。",
)
WANTS_WEB_LOGIN: Final = Text(
    en="The provider wants to see you in a web browser first{words}: log in to {address} there "
    "once and confirm that it was you; Hato looks again by itself.",
    ja="プロバイダーが先にブラウザーでのログインを求めています{words}。{address} に一度"
    "ブラウザーでログインし、本人であることを確認してください。あとは自動で再開します。",
)
ACCOUNT_CLOSED: Final = Text(
    en="The provider has closed or suspended {address}{words}: ask there what to do.",
    ja="プロバイダーが {address} を停止しています{words}。プロバイダーに問い合わせてください。",
)
REFUSED: Final = Text(
    en="{host} refuses to serve {address}{words}: ask the provider, or look at its settings; "
    "Hato looks again by itself.",
    ja="{host} が {address} の利用を断っています{words}。プロバイダーに尋ねるか、"
    "そこでの設定を確認してください。自動で再確認します。",
)
TURNED_AWAY: Final = Text(
    en="{host} refused the connection before any login{words}: nothing is wrong with the password "
    "of {address}; Hato tries again by itself, and if it stays so, ask the provider what that "
    "means.",
    ja="{host} がログインの前に接続を断りました{words}。"
    "{address} のパスワードの問題ではありません。自動でもう一度試します。"
    "続くようならプロバイダーに意味を尋ねてください。",
)
NO_LOGIN_METHOD: Final = Text(
    en="{host} offers no way to log in that Hato has: see what it offers with `hato check {host}`.",
    ja="{host} には鳩が使えるログイン方法がありません。"
    "`hato check {host}` で提供されている方法を確認してください。",
)
NO_LOGIN_WITHOUT_TLS: Final = Text(
    en="{host} lets nobody log in without encryption: use it with "
    "`hato account edit {address} --tls implicit` (or starttls).",
    ja="{host} は暗号化なしのログインを認めていません。"
    "`hato account edit {address} --tls implicit`(または starttls)で暗号化してください。",
)
ONLY_OUTDATED: Final = Text(
    en="{host} offers only outdated ways to log in (CRAM-MD5, APOP): if you have to use it, allow "
    "them for {address} with `hato account edit`.",
    ja="{host} には古いログイン方法(CRAM-MD5、APOP)しかありません。"
    "使う必要があれば `hato account edit` で {address} に許可してください。",
)
UNPROVEN: Final = Text(
    en="{host} could not prove that it knows the password of {address}: somebody may be in "
    "between, so nothing was fetched; ask the provider before you go on.",
    ja="{host} が {address} のパスワードを知っていることを証明できません。"
    "途中に誰かがいる恐れがあるため受信を中止しました。プロバイダーに確認してください。",
)
UNREADABLE_PASSWORD: Final = Text(
    en="The password that is kept for {address} does not open ({reason}): put the old secret.key "
    "back, or set the password anew with `hato account password {address}`.",
    ja="保存された {address} のパスワードを開けません({reason})。元の secret.key を戻すか、"
    "`hato account password {address}` で設定し直してください。",
)
UNREADABLE_AUTHORISATION: Final = Text(
    en="The authorisation that is kept for {address} does not open ({reason}): put the old "
    "secret.key back, or authorise again with `hato account authorise {address}`.",
    ja="保存された {address} の認可を開けません({reason})。元の secret.key を戻すか、"
    "`hato account authorise {address}` でもう一度認可してください。",
)

# Busy

IN_USE: Final = Text(
    en="Another program is reading {address} right now{words}: Hato tries again later.",
    ja="いまほかのソフトが {address} を読んでいます{words}。後でもう一度試します。",
)
LOGIN_DELAY: Final = Text(
    en="{host} wants more time between two logins{words}: Hato waits and looks less often.",
    ja="{host} はログインの間隔をもっと空けるよう求めています{words}。間隔を空けて再び試します。",
)
SERVER_BUSY: Final = Text(
    en="{host} has trouble of its own at the moment{words}: nothing is wrong with the password, "
    "and Hato tries again later.",
    ja="{host} に一時的な不具合があります{words}。"
    "パスワードの問題ではありません。後でもう一度試します。",
)
TOO_OFTEN: Final = Text(
    en="{host} finds that {address} was asked for too often{words}: Hato tries again later; "
    "if it stays so, look less often or close other programs that read it.",
    ja="{host} が {address} への接続が多すぎると言っています{words}。後でもう一度試します。"
    "続くようなら間隔を延ばすか、ほかのソフトを止めてください。",
)

# The way there

TLS_REFUSED: Final = Text(
    en="{host} will not encrypt{words}, or somebody in between prevents it, so no password was "
    "sent: try `hato account edit {address} --tls implicit --port 995`, or ask the provider.",
    ja="{host} が暗号化に応じない{words}か、途中で妨げられたため、パスワードは送っていません。"
    "`hato account edit {address} --tls implicit --port 995` を試すか、"
    "プロバイダーに尋ねてください。",
)
_CHECK_CERTIFICATE_EN: Final = (
    "so nothing was sent; ask the provider, or pin the certificate if you know it is right "
    "(`hato account edit {address}`)."
)
_CHECK_CERTIFICATE_JA: Final = (
    "何も送っていません。プロバイダーに尋ねるか、正しいと分かっていれば証明書を固定してください"
    "(`hato account edit {address}`)。"
)
DIAL: Final = {
    DialFault.NO_SUCH_HOST: Text(
        en="There is no server named {host}: check the name with `hato check {address}`.",
        ja="{host} というサーバーはありません。`hato check {address}` で名前を確かめてください。",
    ),
    DialFault.NAME_SERVICE: Text(
        en="The name {host} cannot be looked up just now: check this machine's connection and name "
        "service; Hato tries again by itself.",
        ja="いま {host} の名前を調べられません。このマシンの接続と DNS を確かめてください。"
        "自動でもう一度試します。",
    ),
    DialFault.FORBIDDEN_ADDRESS: Text(
        en="{host} leads to an address that may not be reached from here: check the host of "
        "{address}.",
        ja="{host} は接続してはいけないアドレスを指しています。"
        "{address} のホスト名を確かめてください。",
    ),
    DialFault.REFUSED: Text(
        en="Nobody answers at port {port} of {host}: if it stays so, check host and port with "
        "`hato check {address}`; Hato tries again by itself.",
        ja="{host} のポート {port} が応答しません。続くようなら `hato check {address}` で"
        "ホストとポートを確かめてください。自動でもう一度試します。",
    ),
    DialFault.UNREACHABLE: Text(
        en="There is no way to {host} at the moment: check this machine's connection; Hato tries "
        "again by itself.",
        ja="いま {host} への経路がありません。このマシンの接続を確かめてください。"
        "自動でもう一度試します。",
    ),
    DialFault.TIMED_OUT: Text(
        en="{host} does not answer in time: Hato tries again by itself; if it stays so, check the "
        "firewall, or host and port with `hato check {address}`.",
        ja="{host} が時間内に応答しません。自動でもう一度試します。続くようならファイアウォールか、"
        "`hato check {address}` でホストとポートを確かめてください。",
    ),
    DialFault.NO_TLS: Text(
        en="{host} does not speak TLS at port {port}: use port 995, or 110 with --tls starttls "
        "(`hato account edit {address}`).",
        ja="{host} のポート {port} は TLS ではありません。ポート 995、または 110 と --tls starttls "
        "を使ってください(`hato account edit {address}`)。",
    ),
    DialFault.OLD_TLS: Text(
        en="{host} knows only versions of TLS that are broken (1.1 and older): ask the provider "
        "for a newer server.",
        ja="{host} は破られている古い TLS(1.1 以前)しか使えません。"
        "プロバイダーに新しいサーバーを尋ねてください。",
    ),
    DialFault.TLS_FAILED: Text(
        en="The encryption with {host} did not come about{detail}: Hato tries again by itself; if "
        "it stays so, see `hato check {host}`.",
        ja="{host} との暗号化が成立しませんでした{detail}。自動でもう一度試します。"
        "続くようなら `hato check {host}` を見てください。",
    ),
    DialFault.CERTIFICATE_EXPIRED: Text(
        en="The certificate of {host} has expired, so nothing was sent: the provider must renew "
        "it (check this machine's date too); Hato tries again by itself.",
        ja="{host} の証明書が期限切れのため、何も送っていません。更新するのはプロバイダーです"
        "(このマシンの日付も確かめてください)。自動でもう一度試します。",
    ),
    DialFault.CERTIFICATE_NOT_YET_VALID: Text(
        en="The certificate of {host} is not valid yet, so nothing was sent: check this machine's "
        "date.",
        ja="{host} の証明書はまだ有効になっておらず、何も送っていません。"
        "このマシンの日付を確かめてください。",
    ),
    DialFault.CERTIFICATE_SELF_SIGNED: Text(
        en="{host} shows a certificate that it made itself, " + _CHECK_CERTIFICATE_EN,
        ja="{host} の証明書は自己署名です。" + _CHECK_CERTIFICATE_JA,
    ),
    DialFault.CERTIFICATE_OF_UNKNOWN_AUTHORITY: Text(
        en="Nobody whom this machine trusts vouches for the certificate of {host}, "
        + _CHECK_CERTIFICATE_EN,
        ja="{host} の証明書は、このマシンが信頼する認証局のものではありません。"
        + _CHECK_CERTIFICATE_JA,
    ),
    DialFault.CERTIFICATE_OF_OTHER_NAME: Text(
        en="The certificate that {host} shows is for another name, so nothing was sent: use the "
        "name that the provider writes (`hato check {address}`).",
        ja="{host} の証明書は別の名前のものなので、何も送っていません。"
        "プロバイダーの案内にある名前を使ってください(`hato check {address}`)。",
    ),
    DialFault.CERTIFICATE_UNFIT: Text(
        en="The certificate of {host} breaks the rules{detail}, " + _CHECK_CERTIFICATE_EN,
        ja="{host} の証明書は規則に合いません{detail}。" + _CHECK_CERTIFICATE_JA,
    ),
    DialFault.CERTIFICATE_NOT_PINNED: Text(
        en="{host} shows another certificate than the one that you pinned, so nothing was sent: "
        "if the provider changed it, pin the new one (`hato account edit {address}`).",
        ja="{host} の証明書が固定したものと違うため、何も送っていません。"
        "プロバイダーが替えたのなら新しいものを固定してください(`hato account edit {address}`)。",
    ),
}
LOST: Final = {
    Loss.CLOSED: Text(
        en="The connection to {host} was cut: what came before is safe, and Hato goes on from "
        "there at the next poll.",
        ja="{host} との接続が切れました。それまでの分は安全で、次回に続きから受信します。",
    ),
    Loss.SILENT: Text(
        en="{host} fell silent in the middle: what came before is safe, and Hato goes on from "
        "there at the next poll.",
        ja="{host} が途中で黙りました。それまでの分は安全で、次回に続きから受信します。",
    ),
    Loss.TOO_SLOW: Text(
        en="{host} sends so slowly that it is not worth waiting: what came before is safe, and "
        "Hato goes on from there at the next poll.",
        ja="{host} からの受信が遅すぎます。それまでの分は安全で、次回に続きから受信します。",
    ),
    Loss.TOO_LONG: Text(
        en="The connection to {host} lasted as long as one may: Hato goes on with the rest at the "
        "next poll.",
        ja="{host} との接続が上限の時間に達しました。残りは次回に続きから受信します。",
    ),
    Loss.TLS_BROKEN: Text(
        en="What came from {host} was damaged on the way, or meddled with, and was not believed: "
        "Hato tries again by itself.",
        ja="{host} からのデータが途中で壊れたか、手を加えられたため、破棄しました。"
        "自動でもう一度試します。",
    ),
    Loss.SAID_GOODBYE: Text(
        en="{host} ended the conversation{words}: Hato goes on at the next poll.",
        ja="{host} が会話を終えました{words}。次回に続きから受信します。",
    ),
}
NONSENSE: Final = Text(
    en="{host} does not keep to POP3{words}: check that it is the right server and port with "
    "`hato check {host}`; what was fetched before is safe.",
    ja="{host} が POP3 の決まりに従っていません{words}。`hato check {host}` で正しいサーバーと"
    "ポートか確かめてください。受信済みのものは安全です。",
)
LETTER_REFUSED: Final = Text(
    en="{host} does not give one letter of {address}{words}: the others are fetched, and Hato "
    "tries again later.",
    ja="{host} が {address} の手紙を一通渡しません{words}。ほかは受信し、後でもう一度試します。",
)
CUT_WITHIN_ONE_LETTER: Final = Text(
    en="The connection to {host} ends within one and the same letter each time: all others "
    "come first, and after {most} times Hato puts a note in its place; to be rid of it sooner, "
    "look for a damaged or very large letter of {address} on the provider's website, and move or "
    "delete it there.",
    ja="{host} との接続が毎回同じメールの途中で切れます。"
    "ほかのメールは先に受信し、{most} 回続けば代わりにお知らせを入れます。急ぐなら、"
    "プロバイダーの Web で {address} の壊れたメールか非常に大きいメールを移すか削除してください。",
)

# Here

HERE: Final[dict[type[Exception], tuple[str, str, Text]]] = {
    errors.StorageFullError: (
        "disk-full",
        "here",
        Text(
            en="The disk of this machine is full: free some space; nothing was deleted at {host}, "
            "and Hato goes on by itself.",
            ja="このマシンのディスクがいっぱいです。空きを作ってください。"
            "{host} では何も消していません。空けば自動で続きます。",
        ),
    ),
    errors.OverQuotaError: (
        "over-quota",
        "here",
        Text(
            en="Your mailbox here is full: delete something or raise its quota; nothing was "
            "deleted at {host}, and Hato goes on by itself.",
            ja="こちらのメールボックスがいっぱいです。何かを消すか容量を増やしてください。"
            "{host} では何も消していません。空けば自動で続きます。",
        ),
    ),
    errors.InUseError: (
        "fetched-elsewhere",
        "patience",
        Text(
            en="{address} is being fetched by another process right now.",
            ja="{address} はいま別のプロセスが受信しています。",
        ),
    ),
    errors.DamagedError: (
        "damaged-here",
        "here",
        Text(
            en="What is kept here for {address} is damaged ({reason}): run `hato verify`; nothing "
            "was deleted at {host}.",
            ja="{address} のためにここに保存したデータが壊れています({reason})。"
            "`hato verify` を実行してください。{host} では何も消していません。",
        ),
    ),
    errors.NotFoundError: (
        "missing-here",
        "settings",
        Text(
            en="Something that {address} needs here is gone ({reason}): check its folder and its "
            "password with `hato account edit {address}`.",
            ja="{address} に必要なものがこちらにありません({reason})。"
            "`hato account edit {address}` でフォルダーとパスワードを確かめてください。",
        ),
    ),
}
OTHER: Final = Text(
    en="{address} cannot be fetched just now ({reason}): Hato tries again by itself.",
    ja="いま {address} を受信できません({reason})。自動でもう一度試します。",
)
BUG: Final = Text(
    en="Fetching {address} met a fault in Hato itself, which stands in the log: nothing was lost, "
    "and Hato tries again by itself.",
    ja="{address} の受信中に鳩自身の不具合がありました(ログにあります)。"
    "何も失われていません。自動でもう一度試します。",
)
