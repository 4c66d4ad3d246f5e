"""Every text that POP3 says to people, in every language.

Called by the machine and the edge, which put them into replies.
Never begins with a square bracket: that is where response codes stand (RFC 2449 §8).
Standards: RFC 2449 §4 (512 octets a line, the longest field included), RFC 6856 §3.
Fails never.
"""

from __future__ import annotations

from typing import Final

from hato.core.language import Text

# Answers that please

GREETING: Final = Text(en="{hostname} POP3 server ready", ja="{hostname} POP3サーバーです")
GREETING_WITH_STAMP: Final = Text(en="POP3 server ready {stamp}", ja="POP3サーバーです {stamp}")
CAPABILITIES: Final = Text(en="Capabilities follow", ja="使える機能は次のとおりです")
BEGIN_TLS: Final = Text(en="Begin TLS negotiation", ja="TLSを始めてください")
UTF8_ON: Final = Text(en="UTF-8 mode", ja="UTF-8モードになりました")
LANGUAGES: Final = Text(en="Languages follow", ja="使える言語は次のとおりです")
LANGUAGE_CHOSEN: Final = Text(
    en="{tag} Replies are in English from now on", ja="{tag} これからは日本語で答えます"
)
LANGUAGE_NAME: Final = Text(en="English", ja="日本語")
NAME_TAKEN: Final = Text(en="Now the password, please", ja="パスワードをどうぞ")
LOGGED_IN: Final = Text(en="Logged in, maildrop locked", ja="ログインしました")
SCAN_LISTING: Final = Text(en="Scan listing follows", ja="サイズの一覧です")
UNIQUE_ID_LISTING: Final = Text(en="Unique-id listing follows", ja="ユニークIDの一覧です")
MESSAGE: Final = Text(en="{octets} octets", ja="{octets}オクテット")
TOP_OF_MESSAGE: Final = Text(en="Top of message follows", ja="メールの先頭部分です")
MARKED: Final = Text(en="Message marked as deleted", ja="削除の印を付けました")
UNMARKED: Final = Text(en="No message is marked as deleted", ja="削除の印をすべて外しました")
DONE: Final = Text(en="Nothing done, as asked", ja="何もしませんでした")
GOODBYE: Final = Text(en="Goodbye", ja="さようなら")
GOODBYE_DELETED: Final = Text(
    en="Goodbye, {count} deleted", ja="{count}通を削除しました。さようなら"
)

# What the machine refuses by itself

UNKNOWN_COMMAND: Final = Text(en="Unknown command", ja="知らないコマンドです")
BAD_ARGUMENTS: Final = Text(
    en="The arguments of this command are wrong", ja="コマンドの引数が正しくありません"
)
BAD_OCTETS: Final = Text(
    en="This line has octets that no command may have",
    ja="コマンドに使えない文字が含まれています",
)
BAD_LINE_END: Final = Text(
    en="A command ends with CR and LF; the rest up to there is ignored",
    ja="コマンドはCRとLFで終えてください。そこまでの残りは無視します",
)
LINE_TOO_LONG: Final = Text(en="This line is too long", ja="行が長すぎます")
LINE_WITHOUT_END: Final = Text(
    en="This line has no end, closing", ja="行が終わらないので接続を閉じます"
)
NOT_NOW: Final = Text(en="This command is not allowed now", ja="このコマンドは今は使えません")
TLS_FIRST: Final = Text(
    en="Nobody can log in here without encryption: begin with STLS, or use port 995",
    ja="暗号化なしではログインできません。STLSで始めるか、995番ポートを使ってください",
)
TLS_NOT_OFFERED: Final = Text(en="TLS cannot be started here", ja="ここではTLSを始められません")
NO_SUCH_LANGUAGE: Final = Text(
    en="There is no such language here; LANG lists those that there are",
    ja="その言語は使えません。使える言語はLANGで調べられます",
)
CANCELLED: Final = Text(en="Authentication cancelled", ja="認証を取り消しました")
NOT_BASE64: Final = Text(
    en="This is not base64; authentication ended", ja="Base64ではないので、認証を終えました"
)
TOO_MANY_BAD_COMMANDS: Final = Text(
    en="Too many bad commands, goodbye", ja="誤ったコマンドが多すぎるので、接続を終えます"
)
THIS_IS_POP3: Final = Text(
    en="This is a POP3 server, not a web server; goodbye",
    ja="これはPOP3サーバーで、Webサーバーではありません。接続を終えます",
)
PLAIN_PORT: Final = Text(
    en="This port begins without TLS: use STLS, or port 995",
    ja="このポートはTLSなしで始まります。STLSか995番ポートを使ってください",
)

# What the edge refuses

NO_SUCH_MESSAGE: Final = Text(en="There is no such message", ja="そのメールはありません")
MESSAGE_GONE: Final = Text(
    en="This message was deleted meanwhile by another program",
    ja="そのメールは別のプログラムがすでに削除しました",
)
MESSAGE_DAMAGED: Final = Text(
    en="This message is damaged in the store; the operator can find out more",
    ja="そのメールは保存先で壊れています。管理者に知らせてください",
)
REFUSED: Final = Text(en="Name or password is wrong", ja="名前かパスワードが正しくありません")
NO_SUCH_MECHANISM: Final = Text(
    en="This way of authentication is not offered", ja="その認証方法は使えません"
)
IN_USE: Final = Text(
    en="Another session has this maildrop open; try again later",
    ja="このメールボックスは別の接続が使っています。あとで試してください",
)
TOO_MANY_SESSIONS: Final = Text(
    en="Too many sessions of yours are open; close one and try again",
    ja="あなたの接続が多すぎます。どれかを閉じてから試してください",
)
THROTTLED: Final = Text(
    en="Too many failed logins; try again in {seconds} {seconds:second|seconds}",
    ja="ログインの失敗が多すぎます。{seconds}秒たってから試してください",
)
LOGIN_DELAY: Final = Text(
    en="Logged in just a moment ago; try again in {seconds} {seconds:second|seconds}",
    ja="前回のログインから間がありません。{seconds}秒たってから試してください",
)
UNAVAILABLE: Final = Text(
    en="Not possible for the moment; try again later",
    ja="今は処理できません。あとで試してください",
)
NO_MAILDROP: Final = Text(
    en="The maildrop cannot be opened; the operator can find out more",
    ja="メールボックスを開けません。管理者に知らせてください",
)
NOT_DELETED: Final = Text(
    en="Nothing was deleted; try again later",
    ja="何も削除できませんでした。あとで試してください",
)

# Goodbyes from our side

SHUTTING_DOWN: Final = Text(
    en="The server is shutting down; nothing was deleted, try again later",
    ja="サーバーを停止します。何も削除していません。あとで試してください",
)
TOO_MANY_CONNECTIONS: Final = Text(
    en="Too many connections; try again later",
    ja="接続が多すぎます。あとで試してください",
)
LOGIN_REVOKED: Final = Text(
    en="You are logged out: this login was revoked; nothing was deleted",
    ja="このログインは取り消されたため、接続を終わります。何も削除していません",
)
INTERNAL_FAULT: Final = Text(
    en="Something is broken here; try again later",
    ja="サーバーで障害が起きました。あとで試してください",
)
