"""`hato search WORDS…`: the letters that have these words, of all folders and accounts.

Called by `cli.program`.
Never leaves out a letter that is not indexed yet without a word: it indexes it first.
Standards: none.
Fails with InvalidInputError: what is no date, no folder, no account, or no word at all; with exit
status 1 where the disk is too full to search the latest letters.
"""

from __future__ import annotations

import re
import sys
import time
from typing import TYPE_CHECKING, Final

import click

from hato.cli.desk import Desk
from hato.cli.mail.inbox import color_option
from hato.cli.mail.letter_choice import ID_MARK
from hato.cli.mail.letter_list import numbered_rows, show_list
from hato.cli.mail.letter_rows import Row, letter_rows
from hato.cli.mail.mail_owner import Mail, json_option, owner_option, the_mail
from hato.cli.terminal.screen import Screen, When
from hato.core.errors import InvalidInputError, SpokenError
from hato.core.ids import EmailId
from hato.core.language import Text
from hato.store.model import Email, Place

if TYPE_CHECKING:  # the reader of letters takes time to load that a refusal does not need
    from hato.services.search.query import Query
    from hato.services.search.search import Search

_NOTHING_ASKED: Final = Text(
    en="Write what to search for, such as `hato search 見積書 from:shop after:2026-05`.",
    ja="探す言葉を書いてください。例: `hato search 見積書 from:shop after:2026-05`",
)
_NOTHING: Final = Text(
    en="Nothing was found: `hato search --help` tells what can be asked.",
    ja="見つかりませんでした。探し方は `hato search --help` にあります。",
)
_MORE: Final = Text(
    en="There are older ones: add `--before id:{last}`, or a word that fewer letters have.",
    ja="続きがあります。`--before id:{last}` を付けるか、言葉を足して絞り込んでください。",
)
_INDEXING: Final = Text(
    en="Preparing the search: {done} of {total} {total:letter|letters}…",
    ja="検索の準備中: {total} 通のうち {done} 通…",
)
_WAITING: Final = Text(
    en="Preparing the search: another process is at it…",
    ja="検索の準備中: ほかのプロセスが作業しています…",
)
_INCOMPLETE: Final = Text(
    en="The disk is too full to search the latest letters: the others were searched. Free space on "
    "it, or run `hato compact`.",
    ja="ディスクに空きがないため、最近のメールは検索できませんでした。ほかは検索済みです。"
    "空きを作るか、`hato compact` を実行してください。",
)
_NO_LETTER: Final = Text(
    en="{text!r} is no letter: write --before id:81234, as the list shows it.",
    ja="{text!r} というメールはありません。一覧にある id を --before id:81234 のように"
    "書いてください。",
)
_UNQUOTED: Final = re.compile(
    r'([-\u2212]?(?:from|to|subject|in|account):)([^":]*\s[^":]*)', re.IGNORECASE
)
"""An operator whose value lost its quotation marks to the shell: `from:"Ada Lovelace"`."""
_OTHER_MINUS: Final = re.compile(r"^-(?!-|h$|n$|n\d+$|$)")
_QUIET_SECONDS: Final = 1.0
"""Indexing that takes no longer is not worth a word."""
_SAY_SECONDS: Final = 0.1
_USUAL: Final = 50
_MOST: Final = 10_000


class _Words(click.Command):
    """A verb whose arguments may begin with a minus: `-draft` is no heap of options."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put another minus sign, which a search takes for one, where no option is meant."""
        return super().parse_args(ctx, [_OTHER_MINUS.sub("\u2212", word) for word in args])


@click.command(cls=_Words, short_help="Find letters by their words.")
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
@owner_option
@click.option("-n", "most", type=click.IntRange(1, _MOST), default=_USUAL, help="How many at most.")
@click.option("--before", metavar="ID", help="Only what came before a letter, such as id:81234.")
@click.option("--count", is_flag=True, help="Say how many there are.")
@click.option("--every", is_flag=True, help="Show each copy that came by several accounts.")
@color_option
@json_option
@click.pass_obj
def search(  # noqa: PLR0913 - one for each option
    desk: Desk,
    words: tuple[str, ...],
    owner: str | None,
    most: int,
    before: str | None,
    color: str,
    *,
    count: bool,
    every: bool,
    as_json: bool,
) -> None:
    """Find the letters that have all WORDS, newest first, each with a number for other verbs.

    A word finds what begins with it; a Japanese, Chinese or Korean one is found anywhere.
    "Several words" stand together; -word must not be there. from: to: subject: say where;
    before:2026-05 and after:2026-05-31 when; in:FOLDER, account:NAME, has:attachment, is:unread
    (read, flagged, answered, draft) which.
    """
    from hato.services.search.query import parse_query

    query = parse_query(" ".join(map(_quoted_again, words)))
    if query.is_empty:
        raise InvalidInputError(_NOTHING_ASKED)
    screen = Screen(When(color))

    async def work() -> None:
        from hato.services.search.search import Search

        async with desk.store() as store:
            mail = await the_mail(store, owner)
            searching = Search(mail.account)
            await _prepare(desk, searching)
            if count:
                number = await searching.count(query)
                desk.print_json({"count": number}) if as_json else click.echo(number)
            else:
                start = await _start(mail, before)
                found = await _found(mail, searching, query, most, start, every=every)
                _show(desk, screen, mail, found, most, as_json=as_json)
            if not searching.is_complete:
                raise SpokenError(_INCOMPLETE)

    desk.run(work())


def _quoted_again(word: str) -> str:
    found = _UNQUOTED.fullmatch(word)
    return word if found is None else f'{found[1]}"{found[2]}"'


async def _prepare(desk: Desk, searching: Search) -> None:
    """Index what is missing, and say so where that takes a while."""
    begun = said = time.monotonic()
    is_seen = sys.stderr.isatty()
    has_said = False
    async for progress in searching.prepare():
        now = time.monotonic()
        if now - begun < _QUIET_SECONDS or (
            has_said and (not is_seen or now - said < _SAY_SECONDS)
        ):
            continue
        text = _INDEXING if progress.total else _WAITING
        sentence = text.in_language(desk.language, done=progress.done, total=progress.total)
        click.echo(f"\r{sentence}\x1b[K" if is_seen else sentence, nl=not is_seen, err=True)
        has_said, said = True, now
    if has_said and is_seen:
        click.echo("\r\x1b[K", nl=False, err=True)


async def _start(mail: Mail, before: str | None) -> Place | None:
    """Return behind which letter the list begins. Raises InvalidInputError."""
    if before is None:
        return None
    number = before.removeprefix(ID_MARK)
    emails = await mail.account.emails([EmailId(int(number))]) if number.isdecimal() else []
    if not emails:
        raise InvalidInputError(_NO_LETTER, text=before)
    return Place(emails[0].received, emails[0].email_id)


async def _found(
    mail: Mail, searching: Search, query: Query, most: int, before: Place | None, *, every: bool
) -> list[tuple[Row, list[EmailId]]]:
    """Return rows for the newest letters, one more than wanted if there are more."""
    emails: list[Email] = []
    rows: list[tuple[Row, list[EmailId]]] = []
    while len(rows) <= most:
        wanted = most + 1 - len(rows)
        found = await searching.find(query, most=wanted, before=before)
        emails += await mail.account.emails(found.email_ids)
        rows = await letter_rows(mail, emails, every=every)
        if not found.has_more:
            break
        before = found.places[-1]
    return rows


def _show(
    desk: Desk,
    screen: Screen,
    mail: Mail,
    found: list[tuple[Row, list[EmailId]]],
    most: int,
    *,
    as_json: bool,
) -> None:
    """Print what was found."""
    rows, has_more = found[:most], len(found) > most
    if as_json:
        desk.print_json({"letters": numbered_rows(mail, rows), "has_more": has_more})
        return
    if not rows:
        desk.say_aside(_NOTHING)
        return
    show_list(desk, screen, mail, rows)
    if has_more and screen.is_terminal:
        desk.say_aside(_MORE, last=rows[-1][1][-1])
