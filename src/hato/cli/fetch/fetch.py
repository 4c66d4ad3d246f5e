"""`hato fetch`: fetch mail from accounts elsewhere now, whether a server runs or not.

Called by `cli.program`.
Never loses what was fetched, whenever it is interrupted; never asks for a password where nobody
sits at a terminal.
Standards: none.
Fails with exit status 1 where an account or a message could not be fetched; it says which and why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from hato.cli.desk import Desk
from hato.core.errors import InvalidInputError
from hato.core.ids import EmailId
from hato.core.language import Text
from hato.protocols.foreign_text import echoed

if TYPE_CHECKING:  # the client takes time to load that help does not need
    from hato.cli.fetch.run import FetchRun

_NONE: Final = Text(
    en="No mail account elsewhere is set up: add one with `hato account add ADDRESS`.",
    ja="ほかのメールアカウントはまだありません。`hato account add ADDRESS` で追加してください。",
)
_NO_SUCH: Final = Text(
    en="No mail account {address} is fetched; there {count:is|are}: {others}.",
    ja="{address} というアカウントは登録されていません。登録済み: {others}。",
)
_WHICH_ACCOUNT: Final = Text(
    en="Say whose letter it is with --account ADDRESS: numbers are those of one account.",
    ja="--account ADDRESS でどのアカウントのメールかを指定してください。"
    "番号は一つのアカウントのものです。",
)
_NO_SUCH_LETTER: Final = Text(
    en="{letter} is no letter of {address} that a note stands for: see "
    "`hato account log {address} --left-out`.",
    ja="{letter} は {address} の「お知らせだけのメール」ではありません。"
    "`hato account log {address} --left-out` で確認してください。",
)
_OTHERS_SHOWN: Final = 10
_INTERRUPTED: Final = Text(
    en="Interrupted: {new} new, {again} again, {failed} failed so far. Run it again to go on: "
    "nothing comes twice.",
    ja="中断しました。ここまで新規 {new} 通、既存 {again} 通、失敗 {failed} 通。"
    "もう一度実行すると続きから受信します。二重にはなりません。",
)
_WATCHING: Final = Text(
    en="Each account is looked at when it is due ({count} in all); Ctrl-C ends it.",
    ja="{count} 個のアカウントをそれぞれの間隔で確認します。Ctrl-C で終わります。",
)


@click.command(short_help="Fetch mail from accounts elsewhere.")
@click.option("--owner", metavar="NAME", help="Only the accounts of this person.")
@click.option("--account", "address", metavar="ADDRESS", help="Only this account elsewhere.")
@click.option("--whole", is_flag=True, help="Also fetch whole what a note stands for.")
@click.option(
    "--letter",
    "letters",
    type=int,
    multiple=True,
    metavar="NUMBER",
    help="Of those only this one, by its number in `hato account log ADDRESS --left-out`.",
)
@click.option("--watch", is_flag=True, help="Go on, and look at each account when it is due.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def fetch(
    desk: Desk,
    owner: str | None,
    address: str | None,
    *,
    whole: bool,
    letters: tuple[int, ...],
    watch: bool,
    as_json: bool,
) -> int:
    """Fetch what is new in the mail accounts elsewhere, now.

    May be interrupted and run again, also while Hato serves: nothing is lost or comes twice.

    What is paused, or had its password refused, is fetched only where it is named.

    A letter over the account's --largest, or one that its server does not give out, is here as its
    header and a note. --whole fetches all of these whole, --letter one of them.
    """
    from hato.cli.fetch.passwords import ask_for_passwords
    from hato.cli.fetch.run import FetchRun
    from hato.cli.fetch.words import FetchWords

    words = FetchWords(desk, as_json=as_json)
    run = FetchRun(desk, words, owner=owner, address=address)
    run.wants_whole = whole or bool(letters)
    run.letters = frozenset(map(EmailId, letters))
    if letters and address is None:
        raise click.UsageError(_WHICH_ACCOUNT.in_language(desk.language))
    try:
        desk.run(_work(desk, run, watch=watch))
        if not watch and not as_json:
            ask_for_passwords(desk, run)
    except KeyboardInterrupt:
        words.interrupted(run.results, run.unfinished())
        desk.say_aside(_INTERRUPTED, **run.counts()._asdict())
        return 130
    words.summary(run.results)
    return 1 if run.has_failed() else 0


async def _work(desk: Desk, run: FetchRun, *, watch: bool) -> None:
    """Do it with an open store."""
    async with desk.store() as store:
        await run.open(store)
        if not run.entries:
            if run.address is not None and run.others:
                raise _no_such(run.address, sorted(run.others))
            desk.say_aside(_NONE)
        elif missing := await run.missing_letters():
            raise InvalidInputError(_NO_SUCH_LETTER, letter=missing[0], address=run.address)
        elif watch:
            desk.say_aside(_WATCHING, count=len(run.entries))
            await run.watch()
        else:
            await run.once()


def _no_such(address: str, others: list[str]) -> InvalidInputError:
    """Say which accounts there are."""
    named = ", ".join(others[:_OTHERS_SHOWN]) + (", …" if len(others) > _OTHERS_SHOWN else "")
    return InvalidInputError(_NO_SUCH, address=echoed(address), others=named, count=len(others))
