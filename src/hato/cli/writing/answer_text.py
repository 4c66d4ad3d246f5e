"""What stands in the editor when a letter is answered or passed on.

Called by `cli.reply`.
Never quotes more than a person would read.
Standards: RFC 3676 §4.5 (quoting), RFC 5322 §3.6.5.
Fails never.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Final

from hato.cli.mail.letter_view import shown_moment
from hato.cli.terminal.screen_text import lines_of, one_line
from hato.cli.writing.draft_text import DraftText, shown_addresses
from hato.core.language import Language, Text
from hato.message.addresses import Address
from hato.message.answering import answer_recipients
from hato.message.letter import Letter
from hato.message.quoting import forward_subject, quoted, reply_subject

_WROTE: Final = Text(en="On {moment}, {person} wrote:", ja="{moment}、{person} さんは書きました:")
_PASSED_ON: Final = "-------- {title} --------"
_TITLE: Final = Text(en="Forwarded letter", ja="転送メール")
_FIELDS: Final = (
    ("From", Text(en="From", ja="差出人")),
    ("Date", Text(en="Date", ja="日時")),
    ("To", Text(en="To", ja="宛先")),
    ("Cc", Text(en="Cc", ja="Cc")),
    ("Subject", Text(en="Subject", ja="件名")),
)
_MOST_CHARACTERS: Final = 100_000
"""Of a longer text the beginning is quoted: nobody answers more, and editors stay quick."""


def answer(
    letter: Letter,
    received: int,
    own: Collection[str],
    signature: str,
    language: Language,
    *,
    to_all: bool,
) -> DraftText:
    """Return the draft of an answer. `own`: the person's addresses; `received`: UNIX seconds."""
    recipients = answer_recipients(letter, own, to_all=to_all)
    wrote = _WROTE.in_language(
        language,
        moment=shown_moment(_moment(letter, received), language),
        person=_author(letter),
    )
    return DraftText(
        to=shown_addresses(recipients.to),
        copies=shown_addresses(recipients.copies),
        subject=reply_subject(letter.subject),
        text=f"{wrote}\n{quoted(_text(letter))}\n" + signed("", signature),
    )


def passed_on(
    letter: Letter, received: int, signature: str, language: Language, *, whole: bool
) -> DraftText:
    """Return the draft of a letter that passes another one on.

    `whole`: that one goes as an attachment.
    """
    values = {
        "From": shown_addresses(letter.senders),
        "Date": shown_moment(_moment(letter, received), language),
        "To": shown_addresses(letter.recipients),
        "Cc": shown_addresses(letter.copies),
        "Subject": letter.subject,
    }
    lines = [_PASSED_ON.format(title=_TITLE.in_language(language))]
    lines += [
        f"{text.in_language(language)}: {one_line(values[name])}"
        for name, text in _FIELDS
        if values[name]
    ]
    inline = "" if whole else "\n".join([*lines, "", _text(letter)])
    return DraftText(subject=forward_subject(letter.subject), text=signed("\n", signature) + inline)


def signed(text: str, signature: str) -> str:
    """Return a text with the signature below it."""
    return f"{text}\n-- \n{signature.strip()}\n" if signature.strip() else text


def _text(letter: Letter) -> str:
    """Return a letter's text, harmless in an editor too, and not endless."""
    return "\n".join(lines_of(letter.text[:_MOST_CHARACTERS].rstrip("\n")))


def _author(letter: Letter) -> str:
    one = next(iter(letter.senders), Address("", "?"))
    return one_line(one.name or one.mailbox)


def _moment(letter: Letter, received: int) -> dt.datetime:
    return letter.sent or dt.datetime.fromtimestamp(received, dt.UTC)
