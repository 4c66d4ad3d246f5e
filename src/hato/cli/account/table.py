"""The table of `hato account list`: a line for each account, and what is to be known below it.

Called by `cli.account_list`.
Never colours anything but at a terminal; never cuts anything but there.
Standards: none; `screen` heeds NO_COLOR.
Fails never.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from hato.cli.terminal.columns import filled, width
from hato.cli.terminal.screen import Screen
from hato.core.language import Language, Text
from hato.protocols.foreign_text import shown
from hato.services.sources.source import Keeping

_HEADINGS: Final = (
    Text(en="NAME", ja="名前"),
    Text(en="KEPT THERE", ja="先方に残す"),
    Text(en="FOLDER", ja="フォルダー"),
    Text(en="LAST", ja="前回"),
    Text(en="NEXT", ja="次回"),
    Text(en="STATE", ja="状態"),
)
_RULES: Final = {
    Keeping.KEEP: Text(en="always", ja="ずっと"),
    Keeping.DELETE_WHEN_STORED: Text(en="until here", ja="受信まで"),
    Keeping.DELETE_AFTER_DAYS: Text(en="{days} {days:day|days}", ja="{days} 日"),
    Keeping.DELETE_WHEN_READ: Text(en="until read", ja="既読まで"),
}
_PAUSED: Final = Text(en="paused", ja="停止中")
_UNKNOWN: Final = Text(en="not looked at yet", ja="未確認")
_STATES: Final = {
    "fine": Text(en="fine", ja="正常"),
    "busy": Text(en="busy", ja="混雑"),
    "failing": Text(en="failing", ja="失敗"),
    "needs-you": Text(en="needs you", ja="要対応"),
}
_LATER: Final = Text(en="later", ja="後で")
_APART: Final = Text(en="not in the unified inbox", ja="統合受信箱に入れない")
_OF: Final = Text(en="of {owner}", ja="{owner} さん")
_NARROW_COLUMNS: Final = 80
_NAME_COLUMNS, _FOLDER_COLUMNS = 20, 13
"""The most at 80 columns; what a terminal has besides is shared between them."""
_GAP: Final = "  "
_BULLET: Final = "●"
_COLOUR: Final = re.compile("#[0-9a-f]{6}")


def print_accounts(rows: Sequence[dict[str, Any]], language: Language) -> None:
    """Print the accounts, as `account_list` has them for programs."""
    screen = Screen()
    cells = [_cells(row, language) for row in rows]
    headings = tuple(text.in_language(language) for text in _HEADINGS)
    widths = _widths([headings, *cells], screen)
    has_many_owners = len({row["owner"] for row in rows}) > 1
    lines = ["  " + _line(headings, widths)] if screen.is_terminal else []
    for row, one in zip(rows, cells, strict=True):
        bullet = f"{screen.styled(_BULLET, _colour(row))} " if screen.is_terminal else ""
        lines.append(bullet + _line(one, widths))
        below = _below(row, language, has_many_owners=has_many_owners)
        lines.extend(f"    {line}" for line in below)
    screen.show(lines)


def _cells(row: dict[str, Any], language: Language) -> tuple[str, ...]:
    """Return what stands in the columns."""
    policy = row["policy"]
    rule = _RULES[Keeping(policy["keeping"])].in_language(language, days=policy["days"])
    state = (row["health"] or {}).get("state", "")
    is_waiting = row["next_poll"] is None and state in ("busy", "failing", "needs-you")
    is_refused = bool((row["health"] or {}).get("refused"))
    is_later = is_waiting and not is_refused and not row["is_paused"]
    following = _LATER.in_language(language) if is_later else _time(row["next_poll"])
    state_text = _PAUSED if row["is_paused"] else _STATES.get(state, _UNKNOWN)
    name = shown(row["name"].encode()) if row["name"].strip() else row["address"]
    last = _time(row["last_poll"])
    return name, rule, row["folder"], last, following, state_text.in_language(language)


def _below(row: dict[str, Any], language: Language, *, has_many_owners: bool) -> Iterator[str]:
    """Yield what there is to know besides."""
    facts = [f"{row['address']}  {row['protocol']}://{row['host']}:{row['port']}"]
    if has_many_owners:
        facts.append(_OF.in_language(language, owner=row["owner"]))
    if not row["is_in_unified_inbox"]:
        facts.append(_APART.in_language(language))
    yield "  ".join(facts)
    yield from filter(None, ((row["health"] or {}).get(language.value), row["warning"]))


def _widths(lines: Iterable[Sequence[str]], screen: Screen) -> list[int]:
    """Return how wide each column is: as wide as what stands in it, up to what there is room."""
    widths = [max(map(width, column)) for column in zip(*lines, strict=True)]
    if screen.is_terminal:
        more = max(screen.columns - _NARROW_COLUMNS, 0)
        widths[0] = min(widths[0], _NAME_COLUMNS + more * 2 // 3)
        widths[2] = min(widths[2], _FOLDER_COLUMNS + more // 3)
    return widths


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    pairs = zip(cells, widths, strict=True)
    return _GAP.join(filled(cell, columns) for cell, columns in pairs).rstrip()


def _colour(row: dict[str, Any]) -> str:
    """Return an account's colour; empty: it has none that can be shown."""
    colour: str = row["colour"]
    return colour if _COLOUR.fullmatch(colour) else ""


def _time(seconds: int | None) -> str:
    """Return a time of today, or the day of another; `-` for none."""
    if seconds is None:
        return "-"
    moment = dt.datetime.fromtimestamp(seconds).astimezone()
    is_today = moment.date() == dt.datetime.now(moment.tzinfo).date()
    return moment.strftime("%H:%M" if is_today else "%m-%d")
