"""A few real letters for the demo person, in English and Japanese.

Called by `hato up`.
Never pretends to come from somebody who exists: the sender is Hato itself.
Standards: RFC 5322, RFC 2045, RFC 2047, RFC 1468 (ISO-2022-JP).
Fails never.
"""

from __future__ import annotations

from collections.abc import Iterable
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import localtime
from typing import Final, NamedTuple

from hato.core.language import Language


class _Letter(NamedTuple):
    subject: str
    body: str
    charset: str = "utf-8"


_LETTERS: Final = {
    Language.ENGLISH: (
        _Letter(
            "Welcome to Hato",
            "Hello,\n\nthis letter came in by the same door as all mail: it was on disk before it\n"
            "was acknowledged, and you are reading it over an encrypted connection.\n\n"
            "Delete it in your mail program if you like. It can be brought back for two weeks:\n"
            "hato undelete\n\nHato\n",
        ),
        _Letter(
            "Lines that begin with dots",
            "POP3 ends a message with a line that is a single dot, so a line like the next one\n"
            ".\nmust be sent with two. This line\n.. has two, and\n...this one three.\n"
            "If your mail program shows one, two and three dots, everybody did their part.\n",
        ),
    ),
    Language.JAPANESE: (
        _Letter(
            "鳩へようこそ",
            "こんにちは。\n\nこの手紙は、すべてのメールと同じ入口から届きました。受け取りの返事をする前に\n"
            "ディスクに保存され、いま暗号化された接続で読まれています。\n\n"
            "メールソフトで消しても、二週間は元に戻せます。\n\n鳩\n",
        ),
        _Letter(
            "ISO-2022-JP の手紙",
            "この手紙は昔ながらの ISO-2022-JP で書かれています。\n"
            "文字化けしていなければ、みんながうまく働いています。\n",
            "iso-2022-jp",
        ),
    ),
}


def demo_letters(languages: Iterable[Language], recipient: str) -> list[bytes]:
    """Return the letters in wire form (CRLF)."""
    return [
        _written(letter, language, number, recipient)
        for language in languages
        for number, letter in enumerate(_LETTERS[language], 1)
    ]


def _written(letter: _Letter, language: Language, number: int, recipient: str) -> bytes:
    """Write one letter."""
    message = EmailMessage(policy=SMTP)
    message["From"] = f"Hato <hato@{recipient.rpartition('@')[2]}>"
    message["To"] = recipient
    message["Subject"] = letter.subject
    message["Date"] = localtime()
    message["Message-ID"] = f"<demo-{language}-{number}@localhost>"
    message["Content-Language"] = language
    transfer_encoding = "8bit" if letter.charset == "utf-8" else "7bit"
    message.set_content(letter.body, charset=letter.charset, cte=transfer_encoding)
    return message.as_bytes()
