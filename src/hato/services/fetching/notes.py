"""Letters of ours that stand in the place of one that was not fetched, and say why.

Called by `services.fetching.placeholders`.
Never changes what it keeps of the letter's header; never says that the letter is lost: it is not.
Standards: RFC 5322 §3.6, RFC 2045 §2, RFC 3834 §5 (Auto-Submitted).
Fails never. Pure.
"""

from __future__ import annotations

from email.header import Header
from email.utils import formatdate
from enum import Enum
from typing import Final

import msgspec

from hato.core.language import Language, Text
from hato.message.header import find_values

_KEPT: Final = (
    b"From",
    b"Sender",
    b"Reply-To",
    b"To",
    b"Cc",
    b"Date",
    b"Subject",
    b"In-Reply-To",
    b"References",
)
_LONGEST_FIELD: Final = 8_192


class Reason(Enum):
    """Why a letter was not fetched."""

    TOO_LARGE = Text(
        en="This letter has {size}, more than you want fetched by itself, so that only its header "
        "was fetched. The letter lies on the server of {address} as before; Hato does not delete "
        "it there. To have all of it: hato fetch --account {address} --whole",
        ja="このメールは {size} あり、自動で受信する上限を超えるため、ヘッダーだけを受信しました。"
        "メールは {address} のサーバーに残っています。鳩がサーバーから削除することはありません。"
        "全体を受信するには: hato fetch --account {address} --whole",
    )
    REFUSED = Text(
        en="The server of {address} has not given this letter out, although Hato asked several "
        "times. Hato goes on with the others, and asks for this one once a day; it does not delete "
        "it there.",
        ja="{address} のサーバーは、何度求めてもこのメールを渡しませんでした。"
        "ほかのメールの受信は続け、このメールは 1 日に 1 回もう一度試します。"
        "鳩がサーバーから削除することはありません。",
    )
    NOT_KEPT = Text(
        en="Hato could not keep this letter of {address}. It goes on with the others, and tries "
        "this one once a day; it does not delete it on the server.",
        ja="鳩は {address} のこのメールを保存できませんでした。"
        "ほかのメールの受信は続け、このメールは 1 日に 1 回もう一度試します。"
        "鳩がサーバーから削除することはありません。",
    )


_SUBJECT: Final = Text(en="A letter that could not be fetched", ja="受信できなかったメール")


_OUR_FIELDS: Final = (
    b"Auto-Submitted: auto-generated\r\n"
    b"MIME-Version: 1.0\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\n"
    b"Content-Transfer-Encoding: 8bit\r\n"
)
"""The last ones of the header of each note."""


class NoteFacts(msgspec.Struct, frozen=True):
    """What a note says."""

    reason: Reason
    address: str
    """What the person calls the account."""
    size_octets: int
    hostname: str
    now: int
    """Seconds since 1970 UTC."""


def write_note(facts: NoteFacts, header: bytes) -> bytes:
    """Return the note for a letter; `header`: the letter's, empty where it could not be had."""
    fields = [_field(header, name) for name in _KEPT]
    kept = b"".join(fields)
    head = kept + b"" if _has(kept, b"From") else kept + _own_from(facts)
    if not _has(kept, b"Date"):
        head += b"Date: %s\r\n" % formatdate(facts.now).encode()
    if not _has(kept, b"Subject"):
        subject = f"{_SUBJECT.en} / {_SUBJECT.ja}"
        head += b"Subject: %s\r\n" % Header(subject, "utf-8").encode(linesep="\r\n").encode()
    return head + _OUR_FIELDS + b"\r\n" + _body(facts)


def is_note(head: bytes) -> bool:
    """Tell whether what begins so is a note, and not a letter."""
    return head.partition(b"\r\n\r\n")[0].endswith(_OUR_FIELDS.removesuffix(b"\r\n"))


def _field(header: bytes, name: bytes) -> bytes:
    """Return the first field of a name, as it is, or nothing where it is monstrous."""
    found = find_values(header, name)
    if not found or found[0].stop - found[0].start > _LONGEST_FIELD:
        return b""
    return name + b":" + header[found[0].start : found[0].stop] + b"\r\n"


def _has(fields: bytes, name: bytes) -> bool:
    return bool(find_values(fields, name))


def _own_from(facts: NoteFacts) -> bytes:
    return b"From: Hato <postmaster@%s>\r\n" % facts.hostname.encode("ascii", "replace")


def _body(facts: NoteFacts) -> bytes:
    """Return the sentences, English first: who reads it is not known here."""
    sentences = [
        facts.reason.value.in_language(
            language, address=facts.address, size=_size(facts.size_octets, language)
        )
        for language in Language
    ]
    return "\r\n\r\n".join(sentences).encode() + b"\r\n"


def _size(octets: int, language: Language) -> str:
    """Return a size as people say it."""
    unknown = Text(en="an unknown size", ja="大きさ不明")
    if octets <= 0:
        return unknown.in_language(language)
    if octets < 1_000_000:
        return f"{max(octets // 1_000, 1)} kB"
    return f"{octets / 1_000_000:.1f} MB"
