"""A few hundred letters in many languages, charsets and forms, and all that is true of them.

Used by the tests of searching and of exporting.
Never made by what is tested: the letters are written with Python's own `email`, and what they say
is kept beside them.
Standards: RFC 5322, RFC 2045 to 2047.
Fails never; the same letters each time.
"""

from __future__ import annotations

import base64
import email.policy
import random
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, formataddr
from typing import Final

SEED: Final = 33_550_336

_JAPANESE: Final = (
    "見積書 請求書 会議 東京 大阪 京都 日本語 資料 添付 確認 連絡 お願いします よろしく 鳩 手紙 "
    "ありがとうございます メール サーバー コーヒー ソフトウェア 受信箱 第二営業部 株式会社 ﾃｽﾄ "
    "データベース 人々 時々 〆切 一 二 三 値段 表示 能力 予約 今日 明日 来週 月曜日 納品 配送 "
    "注文 番号 電話 住所 山田 鈴木 佐藤 髙橋 ①番 ㈱鳩 お届け 届け先 ご確認ください"
).split()
_KOREAN: Final = "견적서 회의 서울 안녕하세요 감사합니다 첨부 확인".split()
_CHINESE: Final = "报价单 会议 北京 附件 谢谢 您好 订单".split()
_LATIN: Final = (
    "invoice meeting report Straße café naïve résumé Köln ÅNGSTRÖM ﬁle offer offers offering "
    "order42 v2 2026 x86 e-mail O'Neil foo_bar C++ hello Hello HELLO schedule scheduling agenda "
    "budget Москва смета ИТОГО ελληνικά ΣΊΣΥΦΟΣ tatil İstanbul ısı ＦＵＬＬＷＩＤＴＨ ½ ﾊﾝｶｸ ABC社 "
    "第3章 a I the"
).split()
_PEOPLE: Final = (
    ("Ada Lovelace", "ada@example.org"),
    ("山田太郎", "yamada@example.co.jp"),
    ("Shop Support", "support@shop.example"),
    ("Müller, Jürgen", "juergen.mueller@example.de"),
    ("鈴木", "suzuki@shop.example"),
    ("", "noreply@example.net"),
)
_CHARSETS: Final = ("utf-8", "utf-8", "iso-2022-jp", "shift_jis", "euc-jp")
_FILES: Final = ("見積書.pdf", "invoice-42.pdf", "写真 一.jpg", "report.txt", "請求書 2026.xlsx")
_BEGIN: Final = 1_700_000_000


@dataclass(frozen=True)
class Written:
    """One letter, and what is true of it."""

    octets: bytes
    subject: str
    sender: tuple[str, str]
    recipient: tuple[str, str]
    text: str
    files: tuple[str, ...]
    received: int
    mailbox: str
    source: str | None
    keywords: frozenset[str] = field(default_factory=frozenset)


def written(count: int, seed: int = SEED) -> list[Written]:
    """Write so many letters, oldest first."""
    chance = random.Random(seed)
    return [_letter(number, chance) for number in range(count)]


def _letter(number: int, chance: random.Random) -> Written:
    charset = chance.choice(_CHARSETS)
    words = _words(charset)
    said = Written(
        octets=b"",
        subject=_sentence(chance, words, 1, 5),
        sender=chance.choice(_PEOPLE),
        recipient=chance.choice(_PEOPLE),
        text="\n".join(_sentence(chance, words, 1, 12) for _ in range(chance.randint(1, 8))),
        files=tuple(chance.sample(_FILES, chance.choice((0, 0, 0, 1, 2)))),
        received=_BEGIN + number * 86_400 * 3 // 2 + chance.randint(0, 80_000),
        mailbox=chance.choice(("INBOX", "INBOX", "Archive", "Work/クライアント")),
        source=chance.choice((None, "first", "second")),
        keywords=frozenset(
            word for word in ("$seen", "$flagged", "$answered") if chance.random() < 0.4
        ),
    )
    form = chance.choice(("plain", "plain", "html", "both"))
    return replace(said, octets=_header(number, said, charset) + _body(said, form, charset))


def _words(charset: str) -> list[str]:
    """Return words that can be written in a charset."""
    everything = [*_JAPANESE, *_JAPANESE, *_LATIN, *_KOREAN, *_CHINESE]
    if charset == "utf-8":
        return everything
    return [word for word in everything if _fits(word, charset)]


def _fits(word: str, charset: str) -> bool:
    try:
        return word.encode(charset).decode(charset) == word
    except UnicodeError:
        return False


def _sentence(chance: random.Random, words: list[str], least: int, most: int) -> str:
    """Put words together, Japanese ones often without a gap, as people do."""
    chosen = chance.choices(words, k=chance.randint(least, most))
    text = chosen[0]
    for word in chosen[1:]:
        text += (
            chance.choice(("", " ", "、", "。") if ord(word[0]) > 0x3000 else (" ", ", ")) + word
        )
    return text


def _header(number: int, said: Written, charset: str) -> bytes:
    """Write it as mail programs do, each in its own charset."""
    return (
        f"From: {_person(said.sender)}\r\nTo: {_person(said.recipient)}\r\n"
        f"Subject: {_folded(said.subject, charset)}\r\n"
        f"Date: {format_datetime(datetime.fromtimestamp(said.received, UTC))}\r\n"
        f"Message-ID: <letter-{number}@example.org>\r\n"
    ).encode()


def _body(said: Written, form: str, charset: str) -> bytes:
    """Write text, HTML or both, and the files."""
    message = EmailMessage(policy=email.policy.SMTP)
    if form == "html":
        message.set_content(_page(said.text), subtype="html", charset=charset, cte="base64")
    else:
        message.set_content(said.text, charset=charset, cte="base64")
    if form == "both":
        message.add_alternative(_page(said.text), subtype="html", charset=charset, cte="base64")
    for name in said.files:
        message.add_attachment(b"\0\1\2", "application", "octet-stream", filename=name)
    for part_number, part in enumerate(message.walk()):
        if part.is_multipart():
            part.set_boundary(f"boundary-{part_number}")
    return message.as_bytes()


def _page(text: str) -> str:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;")
    lines = "".join(f"<p>{line}</p>\n" for line in escaped.split("\n"))
    return f"<html><body>{lines}</body></html>\n"


def _person(person: tuple[str, str]) -> str:
    name, address = person
    return formataddr((name, address), "utf-8") if name else address


def _folded(text: str, charset: str) -> str:
    if text.isascii():
        return text
    words = [text[at : at + 10] for at in range(0, len(text), 10)]
    return "\r\n ".join(
        f"=?{charset}?B?{base64.b64encode(word.encode(charset)).decode()}?=" for word in words
    )
