"""A letter on the screen: who, when, about what, its attachments, its text.

Called by `hato read`.
Never shows what somebody else wrote before it is fit for a terminal; fetches nothing from anywhere.
Standards: RFC 5322 §3.6 (fields).
Fails never.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Any, Final

from hato.cli.mail.mail_owner import Mail
from hato.cli.terminal.columns import width
from hato.cli.terminal.screen import Screen, Style
from hato.cli.terminal.screen_text import lines_of, one_line, wrapped
from hato.core.language import Language, Text
from hato.message.addresses import Address
from hato.message.letter import Letter
from hato.store.model import Email

_NAMES: Final = {
    "from": Text(en="From", ja="差出人"),
    "to": Text(en="To", ja="宛先"),
    "cc": Text(en="Cc", ja="Cc"),
    "bcc": Text(en="Bcc", ja="Bcc"),
    "reply-to": Text(en="Reply-To", ja="返信先"),
    "date": Text(en="Date", ja="日時"),
    "subject": Text(en="Subject", ja="件名"),
    "account": Text(en="Account", ja="アカウント"),
    "attachments": Text(en="Attached", ja="添付"),
}
_DAYS: Final = {
    Language.ENGLISH: "Mon Tue Wed Thu Fri Sat Sun".split(),
    Language.JAPANESE: list("月火水木金土日"),
}
_MONTHS: Final = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_NOT_WHOLE: Final = Text(
    en="(Not all of this letter could be read: `hato read {id} --raw` shows it as it came.)",
    ja="(このメールは一部しか読み取れません。`hato read {id} --raw` で元のまま表示します。)",
)
_NO_TEXT: Final = Text(en="(This letter has no text.)", ja="(このメールに本文はありません。)")
_WIDEST_TEXT: Final = 100
"""Longer lines than this are hard to read, however wide the screen."""
_STEPS: Final = ("B", "KB", "MB", "GB")


def letter_lines(
    screen: Screen, language: Language, mail: Mail, emails: list[Email], letter: Letter
) -> list[str]:
    """Return a letter as lines. `emails`: its own entry, then those of its copies."""
    lines = list(_header_lines(screen, language, mail, emails, letter))
    lines.append("")
    lines += text_lines(screen, letter.text) or [
        screen.styled(_NO_TEXT.in_language(language), Style.FAINT)
    ]
    if not letter.is_whole:
        note = _NOT_WHOLE.in_language(language, id=f"id:{emails[0].email_id}")
        lines += ["", screen.styled(note, Style.ALERT)]
    return lines


def text_lines(screen: Screen, text: str) -> list[str]:
    """Return a letter's text as lines of the screen; what is quoted is set off."""
    columns = min(screen.columns, _WIDEST_TEXT) if screen.is_terminal else 0
    lines = []
    for line in lines_of(text.strip("\n")):
        shown = wrapped(line, columns) if columns else [line]
        style = Style.QUOTED if line.startswith(">") else ""
        lines += [screen.styled(one, style) for one in shown]
    return lines if any(lines) else []


def all_fields(screen: Screen, letter: Letter) -> list[str]:
    """Return every field of a letter's header, decoded."""
    return [
        f"{screen.styled(one_line(name) + ':', Style.STRONG)} {one_line(value)}"
        for name, value in letter.header.shown()
    ]


def letter_data(mail: Mail, emails: list[Email], letter: Letter) -> dict[str, Any]:
    """Return a letter for programs."""
    first = emails[0]
    return {
        "id": first.email_id,
        "copies": [email.email_id for email in emails[1:]],
        "thread": first.thread_id,
        "received": first.received,
        "sent": None if letter.sent is None else letter.sent.isoformat(),
        "message_id": letter.message_id,
        "in_reply_to": list(letter.in_reply_to),
        "references": list(letter.references),
        "from": _data(letter.senders),
        "reply_to": _data(letter.reply_to),
        "to": _data(letter.recipients),
        "cc": _data(letter.copies),
        "bcc": _data(letter.blind_copies),
        "subject": letter.subject,
        "keywords": sorted(first.keywords),
        "accounts": [label.address for label in _labels(mail, emails)],
        "text": letter.text,
        "is_whole": letter.is_whole,
        "attachments": attachments_data(letter),
        "octets": first.body.size_octets,
    }


def attachments_data(letter: Letter) -> list[dict[str, Any]]:
    """Return a letter's attachments for programs."""
    return [
        {
            "number": number,
            "name": one.name,
            "type": one.media_type,
            "octets": one.size_octets,
            "is_inline": one.is_inline,
        }
        for number, one in enumerate(letter.attachments, start=1)
    ]


def attachment_lines(letter: Letter) -> Iterator[str]:
    """Yield a line for each attachment: number, name, type, size."""
    for number, one in enumerate(letter.attachments, start=1):
        media_type = one_line(one.media_type)
        yield f"{number}  {one_line(one.name)}  ({media_type}, {shown_size(one.size_octets)})"


def shown_size(octets: int) -> str:
    """Return a size for people."""
    size, step = float(octets), 0
    while size >= 1_000 and step < len(_STEPS) - 1:
        size, step = size / 1_000, step + 1
    return f"{size:.0f} {_STEPS[step]}" if step == 0 or size >= 10 else f"{size:.1f} {_STEPS[step]}"


def shown_moment(moment: dt.datetime, language: Language) -> str:
    """Return a moment in the zone of who reads, in her language."""
    try:
        local = moment.astimezone()
    except (OverflowError, ValueError, OSError):
        local = moment
    day = _DAYS[language][local.weekday()]
    if language is Language.JAPANESE:
        return f"{local.year}年{local.month}月{local.day}日({day}) {local:%H:%M}"
    return f"{day} {local.day} {_MONTHS[local.month - 1]} {local.year} {local:%H:%M}"


def _header_lines(
    screen: Screen, language: Language, mail: Mail, emails: list[Email], letter: Letter
) -> Iterator[str]:
    """Yield the fields that people look at."""
    moment = letter.sent or dt.datetime.fromtimestamp(emails[0].received, dt.UTC)
    fields = {
        "from": _people(letter.senders),
        "to": _people(letter.recipients),
        "cc": _people(letter.copies),
        "bcc": _people(letter.blind_copies),
        "reply-to": _people(letter.reply_to) if letter.reply_to != letter.senders else "",
        "date": shown_moment(moment, language),
        "subject": one_line(letter.subject),
        "account": ", ".join(one_line(label.name) for label in _labels(mail, emails)),
    }
    indent = max(width(text.in_language(language)) for text in _NAMES.values()) + 2
    room = max(min(screen.columns, _WIDEST_TEXT) - indent, 20) if screen.is_terminal else 0
    for name, value in fields.items():
        if value:
            shown = wrapped(value, room) if room else [value]
            yield from _field(screen, _NAMES[name].in_language(language), shown, indent)
    attachments = list(attachment_lines(letter))
    if attachments:
        yield from _field(screen, _NAMES["attachments"].in_language(language), attachments, indent)


def _field(screen: Screen, name: str, lines: list[str], indent: int) -> Iterator[str]:
    """Yield a field: its name once, all of its lines below each other."""
    label = screen.styled(f"{name}:", Style.STRONG) + " " * (indent - width(name) - 1)
    for line in lines:
        yield label + line
        label = " " * indent


def _people(addresses: Iterable[Address]) -> str:
    return ", ".join(
        one_line(
            f"{one.name} <{one.mailbox}>" if one.name and one.mailbox else one.name or one.mailbox
        )
        for one in addresses
    )


def _data(addresses: Iterable[Address]) -> list[dict[str, str]]:
    return [{"name": one.name, "address": one.mailbox} for one in addresses]


def _labels(mail: Mail, emails: list[Email]) -> list[Any]:
    """Return the labels of the accounts that a letter came by."""
    found = [mail.labels.get(email.source or "") for email in emails]
    return [label for label in found if label is not None]
