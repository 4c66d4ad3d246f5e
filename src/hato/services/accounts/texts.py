"""What people are told when they manage domains, people, addresses and passwords.

Called by services.accounts.
Never tells a secret.
Standards: none.
Fails never.
"""

from __future__ import annotations

from typing import Final

from hato.core.language import Text

NOT_A_DOMAIN: Final = Text(
    en="{text!r} is not a domain name: write it like example.org.",
    ja="{text!r} はドメイン名ではありません。example.org のように書いてください。",
)
DOMAIN_EXISTS: Final = Text(
    en="The domain {name} is served already.",
    ja="ドメイン {name} は既に登録されています。",
)
NO_SUCH_DOMAIN: Final = Text(
    en="{name} is not a domain of this server: add it with `hato domain add {name}`.",
    ja="{name} はこのサーバーのドメインではありません。`hato domain add {name}` で"
    "追加してください。",
)
DOMAIN_IN_USE: Final = Text(
    en="People or addresses are still in {name}: remove or rename them first "
    "(`hato user list`, `hato address list`).",
    ja="{name} にはまだ利用者かアドレスがあります。先に削除か改名をしてください"
    "(`hato user list`、`hato address list`)。",
)
NOT_AN_ADDRESS: Final = Text(
    en="{text!r} is not an address: write it like ada@example.org.",
    ja="{text!r} はアドレスではありません。ada@example.org のように書いてください。",
)
NEEDS_QUOTES: Final = Text(
    en="{text!r} would need quotation marks in every letter: use letters, digits, dots, hyphens.",
    ja="{text!r} は引用符なしでは使えません。文字、数字、ピリオド、ハイフンだけで書いてください。",
)
NOT_A_CATCH_ALL: Final = Text(
    en="{text!r} is not an address: write ada@example.org, or @example.org for all the rest.",
    ja="{text!r} はアドレスではありません。ada@example.org、または残りすべてを受ける"
    " @example.org の形で書いてください。",
)
PERSON_EXISTS: Final = Text(
    en="There is somebody named {name} already.",
    ja="{name} という利用者は既にいます。",
)
ADDRESS_TAKEN: Final = Text(
    en="The address {name} reaches somebody else already: remove it first "
    "(`hato address remove {name}`).",
    ja="アドレス {name} は既に他の人に届きます。先に `hato address remove {name}` で"
    "外してください。",
)
NO_SUCH_PERSON: Final = Text(
    en="There is nobody named {name}: `hato user list` shows everybody.",
    ja="{name} という利用者はいません。`hato user list` で一覧を見られます。",
)
AMBIGUOUS_PERSON: Final = Text(
    en="{name} may be several people: name the domain too, as in {name}@example.org.",
    ja="{name} にあたる利用者が複数います。{name}@example.org のようにドメインまで書いてください。",
)
ADDRESS_EXISTS: Final = Text(
    en="{address} reaches {name} already.",
    ja="{address} は既に {name} に届きます。",
)
NO_SUCH_ADDRESS: Final = Text(
    en="{address} does not reach {name}: `hato address list` shows all addresses.",
    ja="{address} は {name} に届いていません。`hato address list` で一覧を見られます。",
)
REACHES_NOBODY: Final = Text(
    en="{address} reaches nobody: `hato address list` shows all addresses.",
    ja="{address} は誰にも届いていません。`hato address list` で一覧を見られます。",
)
ADDRESS_IS_NAME: Final = Text(
    en="{address} is the name of {name}: rename or remove the person instead.",
    ja="{address} は {name} の名前です。利用者を改名するか削除してください。",
)
NO_PASSWORD: Final = Text(
    en="The password is empty: give one on standard input.",
    ja="パスワードが空です。標準入力から渡してください。",
)
PASSWORD_TOO_LONG: Final = Text(
    en="The password is longer than {limit} octets: choose a shorter one.",
    ja="パスワードが {limit} オクテットより長いです。短くしてください。",
)
PASSWORD_UNUSABLE: Final = Text(
    en="The password holds something that not every program can send (a control character, "
    "mixed writing directions, or no UTF-8): choose another one.",
    ja="パスワードに送れない文字(制御文字、書字方向の混在、UTF-8 でないもの)があります。"
    "別のものにしてください。",
)
HASH_UNKNOWN: Final = Text(
    en="The password hash is of no known form: {{ARGON2ID}}, {{SHA512-CRYPT}}, {{BLF-CRYPT}}, "
    "{{PBKDF2}} and {{PLAIN}} are, with at most about a second of work.",
    ja="パスワードのハッシュの形式が不明です。{{ARGON2ID}}、{{SHA512-CRYPT}}、{{BLF-CRYPT}}、"
    "{{PBKDF2}}、{{PLAIN}} で、計算が1秒程度までのものが使えます。",
)
NO_LABEL: Final = Text(
    en="{label!r} is no name for a device: write something like phone.",
    ja="{label!r} は端末の名前に使えません。phone のように書いてください。",
)
LABEL_EXISTS: Final = Text(
    en="{name} has an app password for {label!r} already: revoke it first, or name the device "
    "differently.",
    ja="{name} には {label!r} 用のアプリパスワードが既にあります。先に取り消すか、別の名前にして"
    "ください。",
)
NO_SUCH_LABEL: Final = Text(
    en="{name} has no app password for {label!r}: `hato app-password list {name}` shows all.",
    ja="{name} には {label!r} 用のアプリパスワードがありません。"
    "`hato app-password list {name}` で一覧を見られます。",
)
NOT_LEFT: Final = Text(
    en="{account} is no account that a removed person left: "
    "its id stands in the answer to `hato user remove`.",
    ja="{account} は削除した人が残したアカウントではありません。"
    "番号は `hato user remove` の返事にあります。",
)
BAD_DAYS: Final = Text(
    en="{number} is no number of days: use 1 or more, or none for never.",
    ja="{number} は日数になりません。1 以上、または無期限にしてください。",
)
BAD_SECONDS: Final = Text(
    en="{number} is no number of seconds: use 0 or more.",
    ja="{number} は秒数になりません。0 以上にしてください。",
)
