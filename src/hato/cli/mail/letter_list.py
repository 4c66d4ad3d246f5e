"""A list of letters on the screen, numbered; or as JSON, or tab-separated for another program.

Called by `hato inbox` and `hato search`.
Never shows what somebody else wrote before it is fit for a terminal.
Standards: none.
Fails never.
"""

from __future__ import annotations

import datetime as dt
from typing import Final, NamedTuple

import click
import msgspec

from hato.cli.desk import Desk
from hato.cli.mail.last_list import keep_list
from hato.cli.mail.letter_rows import Row
from hato.cli.mail.mail_owner import Mail
from hato.cli.terminal.columns import filled, fitted, width
from hato.cli.terminal.screen import Screen, Style
from hato.cli.terminal.screen_text import one_line
from hato.core.ids import EmailId
from hato.core.language import Language, Text

_TODAY: Final = "%H:%M"
_THIS_YEAR: Final = Text(en="%b %d", ja="%m月%d日")
_EARLIER: Final = Text(en="%Y-%m-%d", ja="%Y/%m/%d")
_MONTHS: Final = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_NO_SUBJECT: Final = Text(en="(no subject)", ja="(件名なし)")
_NOBODY: Final = Text(en="(unknown sender)", ja="(差出人不明)")
_MARK_COLUMNS: Final = 4
_LEAST_COLUMNS: Final = 40


class _Widths(NamedTuple):
    """How many columns each part of a row takes."""

    number: int
    date: int
    sender: int
    subject: int
    account: int


def show_list(
    desk: Desk,
    screen: Screen,
    mail: Mail,
    rows: list[tuple[Row, list[EmailId]]],
    *,
    to_recipients: bool = False,
) -> None:
    """Number the rows, remember what the numbers mean, and print them.

    `to_recipients`: show whom the letters went to rather than who wrote them.
    """
    numbered = numbered_rows(mail, rows)
    if not screen.is_terminal:
        for row in numbered:
            click.echo("\t".join(_fields(row, mail, desk.language, to_recipients=to_recipients)))
        return
    today = dt.datetime.now().astimezone()
    widths = _widths(screen.columns, numbered, mail, today, desk.language)
    screen.show(
        _line(row, widths, screen, mail, desk.language, today, to_recipients=to_recipients)
        for row in numbered
    )


def print_list_json(
    desk: Desk, mail: Mail, rows: list[tuple[Row, list[EmailId]]], *, has_more: bool
) -> None:
    """Print the rows, numbered, as JSON."""
    desk.print_json({"letters": numbered_rows(mail, rows), "has_more": has_more})


def numbered_rows(mail: Mail, rows: list[tuple[Row, list[EmailId]]]) -> list[Row]:
    """Number the rows and remember what the numbers mean."""
    keep_list(mail.account.account_id, [ids for _row, ids in rows])
    return [
        msgspec.structs.replace(row, number=number)
        for number, (row, _ids) in enumerate(rows, start=1)
    ]


def shown_time(received: float, now: dt.datetime, language: Language) -> str:
    """Return when a letter came, short: the time of today, the day of this year, else the date."""
    try:
        moment = dt.datetime.fromtimestamp(received, dt.UTC).astimezone(now.tzinfo)
    except (OverflowError, ValueError, OSError):
        return "?"
    if moment.date() == now.date():
        return moment.strftime(_TODAY)
    if moment.year != now.year or moment > now:
        return moment.strftime(_EARLIER.in_language(language))
    if language is Language.ENGLISH:  # %b speaks the language of the system
        return f"{_MONTHS[moment.month - 1]} {moment.day:2}"
    return moment.strftime(_THIS_YEAR.in_language(language))


def _marks(row: Row) -> str:
    """Return one column for each: new, answered, flagged, with attachments."""
    return "".join(
        (
            " " if row.is_seen else "●",
            "r" if row.is_answered else " ",
            "!" if row.is_flagged else " ",
            "@" if row.has_attachments else " ",
        )
    )


def _account_names(row: Row, mail: Mail) -> list[tuple[str, str]]:
    """Return the name and the colour of each account that a letter came by."""
    labels = {label.address: label for label in mail.labels.values()}
    found = [labels[address] for address in row.accounts if address in labels]
    return [(one_line(label.name), label.colour) for label in found]


def _person(row: Row, language: Language, *, to_recipients: bool) -> str:
    people = row.recipients if to_recipients else row.senders
    names = ", ".join(one_line(person.shown) for person in people[:3])
    return names or ("-" if to_recipients else _NOBODY.in_language(language))


def _widths(
    columns: int, rows: list[Row], mail: Mail, now: dt.datetime, language: Language
) -> _Widths:
    """Divide the width of the screen."""
    number = max(2, len(str(len(rows))))
    accounts = [sum(width(name) + 1 for name, _colour in _account_names(row, mail)) for row in rows]
    account = min(max(accounts, default=0), max(9, columns // 8))
    date = max(width(shown_time(row.received, now, language)) for row in rows)
    fixed = number + 1 + _MARK_COLUMNS + 1 + date + 1 + 1 + (1 if account else 0)
    rest = max(columns, _LEAST_COLUMNS) - fixed - account
    sender = max(8, min(rest // 3, 30))
    return _Widths(number, date, sender, max(rest - sender, 1), account)


def _line(
    row: Row,
    widths: _Widths,
    screen: Screen,
    mail: Mail,
    language: Language,
    now: dt.datetime,
    *,
    to_recipients: bool,
) -> str:
    """Return one row, as wide as the screen."""
    weight = "" if row.is_seen else Style.STRONG
    subject = one_line(row.subject).strip() or _NO_SUBJECT.in_language(language)
    person = _person(row, language, to_recipients=to_recipients)
    parts = [
        screen.styled(f"{row.number:{widths.number}}", Style.FAINT),
        screen.styled(_marks(row), Style.STRONG),
        filled(shown_time(row.received, now, language), widths.date),
        screen.styled(filled(person, widths.sender), weight),
        screen.styled(filled(subject, widths.subject), weight),
    ]
    if widths.account:
        parts.append(_coloured_accounts(_account_names(row, mail), widths.account, screen))
    return " ".join(parts).rstrip()


def _coloured_accounts(names: list[tuple[str, str]], columns: int, screen: Screen) -> str:
    """Return the accounts of a row, each in its colour."""
    shown = []
    for name, colour in names:
        if columns <= 0:
            break
        text = fitted(name, columns)
        shown.append(screen.styled(text, colour))
        columns -= width(text) + 1
    return " ".join(shown)


def _fields(row: Row, mail: Mail, language: Language, *, to_recipients: bool) -> list[str]:
    """Return what another program reads of a row: all of it, and nothing that depends on today."""
    moment = dt.datetime.fromtimestamp(row.received, dt.UTC).astimezone()
    return [
        str(row.number),
        f"id:{row.id}",
        _marks(row).strip() or "-",
        moment.strftime("%Y-%m-%d %H:%M"),
        _person(row, language, to_recipients=to_recipients),
        one_line(row.subject).strip(),
        ",".join(name for name, _colour in _account_names(row, mail)),
    ]
