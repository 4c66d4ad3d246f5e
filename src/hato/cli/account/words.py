"""What several verbs of `hato account` say about an account, in words and as JSON.

Called by the verbs of `hato account`.
Never shows a secret: a source has none.
Standards: RFC 5802, RFC 7677, RFC 1939 §7 for what a login method is worth.
Fails never.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any, Final

import msgspec

from hato.cli.account.owner import Owner
from hato.cli.desk import Desk
from hato.core.ids import MailboxId
from hato.core.language import Language, Text
from hato.protocols.foreign_text import shown
from hato.services.settings_finder.candidate import TlsMode
from hato.services.sources.setting import setting_of
from hato.services.sources.source import Keeping, Policy, Source

_RULES: Final = {
    Keeping.KEEP: Text(
        en="Its mail stays at the provider.", ja="プロバイダーのメールはそのまま残ります。"
    ),
    Keeping.DELETE_WHEN_STORED: Text(
        en="Its mail is deleted at the provider as soon as it is safe here.",
        ja="ここに確実に保存されしだい、プロバイダーから削除します。",
    ),
    Keeping.DELETE_AFTER_DAYS: Text(
        en="Its mail is deleted at the provider {days} {days:day|days} after it is safe here.",
        ja="ここに確実に保存されてから {days} 日後に、プロバイダーから削除します。",
    ),
    Keeping.DELETE_WHEN_READ: Text(
        en="Its mail is deleted at the provider when it is safe here and you have read it here.",
        ja="ここに確実に保存され、ここで読まれると、プロバイダーから削除します。",
    ),
}

_BOUND: Final = Text(
    en="the best there is: the password itself is never sent, and the login holds for this very "
    "connection only",
    ja="最良の方法です。パスワードそのものは送られず、ログインはこの暗号化接続に結び付きます",
)
_CHALLENGED: Final = Text(
    en="the best that both sides know: the password itself is never sent",
    ja="双方が使える最良の方法です。パスワードそのものは送られません",
)
_SENT: Final = Text(
    en="the server offers nothing better: the password is sent, encrypted on the way",
    ja="これより良い方法をサーバーが提供していません。パスワードは暗号化されて送られます",
)
_SENT_IN_CLEAR: Final = Text(
    en="the server offers nothing better: the password is sent so that everybody on the way can "
    "read it",
    ja="これより良い方法をサーバーが提供していません。パスワードは途中の誰にでも読めます",
)
_OUTDATED: Final = Text(
    en="outdated, and used only because you allow it",
    ja="古い方法で、あなたが許可したので使いました",
)
_TOKEN: Final = Text(
    en="OAuth2: no password is used, and you can end it at the provider",
    ja="OAuth2 です。パスワードを使わず、プロバイダー側で取り消せます",
)
_METHODS: Final = {
    "SCRAM-SHA-256-PLUS": _BOUND,
    "SCRAM-SHA-256": _CHALLENGED,
    "CRAM-MD5": _OUTDATED,
    "APOP": _OUTDATED,
    "XOAUTH2": _TOKEN,
    "OAUTHBEARER": _TOKEN,
}

_MAILDIR_TO_COME: Final = Text(
    en="The Maildir {path} is not there yet: it is made with the first letter.",
    ja="Maildir {path} はまだありません。最初のメールが届くときに作ります。",
)
CLEARTEXT: Final = Text(
    en="--tls none means: everybody between here and {host} can read your password and all your "
    "mail, and change it. Use it only in a network that you trust.",
    ja="--tls none の意味: ここから {host} までの途中の誰でも、パスワードとすべてのメールを"
    "読み、書き換えられます。信頼できるネットワークの中でだけ使ってください。",
)


def short_label(source: Source) -> str:
    """Return what a person calls an account: its name, or its address where it has none."""
    return shown(source.name.encode()) if source.name.strip() else source.address


def label_of(source: Source) -> str:
    """Return its name and its address, once where they are the same."""
    name = short_label(source)
    return name if name == source.address else f"{name} ({source.address})"


def rule_in_words(policy: Policy) -> Text:
    """Say what becomes of mail at the provider."""
    return _RULES[policy.keeping].filled(days=policy.days)


def method_in_words(method: str, tls: TlsMode) -> Text:
    """Say why a login method was taken, as the rest of a sentence."""
    return _METHODS.get(method) or (_SENT_IN_CLEAR if tls is TlsMode.NONE else _SENT)


def server_in_words(source: Source) -> Text:
    """Say protocol, host, port and encryption."""
    return setting_of(source).in_words()


def as_data(
    owner: Owner, source: Source, folders: dict[MailboxId | None, str], language: Language
) -> dict[str, Any]:
    """Return a source for programs."""
    fields: dict[str, Any] = msgspec.to_builtins(source)
    words = {
        "rule": rule_in_words(source.policy).in_language(language),
        "server": server_in_words(source).in_language(language),
    }
    folder = folders.get(source.folder, "")
    return {"owner": owner.person.name} | fields | {"folder": folder} | words


def say_of_maildir(desk: Desk, wishes: dict[str, Any]) -> None:
    """Say that a Maildir is made, where one was named that is not there yet."""
    if wishes.get("maildir") and not Path(wishes["maildir"]).exists():
        desk.say_aside(_MAILDIR_TO_COME, path=wishes["maildir"])


def time_in_words(seconds: int) -> str:
    """Return a time as it is here; `-` for none."""
    if not seconds:
        return "-"
    return dt.datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M:%S")
