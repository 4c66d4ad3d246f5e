"""What `hato fetch` says: how far it is, a line for each account, what is wrong, the summary.

Called by `cli.fetch` and `cli.fetch_run`.
Never prints a server's words raw; only the summary, or JSON, goes to standard output.
Standards: none.
Fails never.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import click
import msgspec

from hato.cli.account.words import label_of, short_label
from hato.cli.desk import Desk
from hato.cli.fetch.display import Display, SilentDisplay, display_for
from hato.core.language import Text
from hato.core.limits import REFUSED_POLLS_UNTIL_QUARANTINE
from hato.services.fetching.advice import Advice, Cure
from hato.services.fetching.crew import Running
from hato.services.fetching.health import read_health
from hato.services.fetching.poll_outcome import Letters, Tally
from hato.services.fetching.roster import Entry
from hato.services.fetching.source_polls import Report

_LINE: Final = Text(
    en="{address}: {new} new, {again} again, {failed} failed",
    ja="{address}: 新規 {new} 通、既存 {again} 通、失敗 {failed} 通",
)
_SUMMARY: Final = Text(
    en="{new} new, {again} again, {failed} failed",
    ja="新規 {new} 通、既存 {again} 通、失敗 {failed} 通",
)
_MORE: Final = {
    "deleted": Text(en=", {count} deleted there", ja="、先方から削除 {count} 通"),
    "quarantined": Text(en=", {count} set aside", ja="、保留 {count} 通"),
    "renumbered": Text(
        en=", {count} recognised under new numbers", ja="、番号が変わったが認識 {count} 通"
    ),
}
_SO_FAR: Final = Text(
    en="{address}: {new} new, {again} again, {failed} failed so far, then interrupted",
    ja="{address}: ここまで新規 {new} 通、既存 {again} 通、失敗 {failed} 通で中断",
)
_NOT_BEGUN: Final = Text(en="{address}: not begun", ja="{address}: まだ始めていません")
_NOT_FETCHED: Final = Text(en="{address}: not fetched", ja="{address}: 受信できません")
_AGAIN_LATER: Final = Text(
    en="{count} {count:letter|letters} could not be fetched whole or kept: Hato tries again; after "
    "{most} failures a note takes {count:its|their} place (`hato account log {address} "
    "--left-out`).",
    ja="{count} 通を全体として受信または保存できませんでした。次の受信でもう一度試し、{most} 回"
    "失敗したら代わりにメモを置きます(`hato account log {address} --left-out`)。",
)
_COUNTS: Final = (
    "new",
    "again",
    "failed",
    "octets",
    "deleted",
    "quarantined",
    "renumbered",
    "on_server",
)


class Result(msgspec.Struct, frozen=True):
    """What came of one account."""

    entry: Entry
    owner: str
    report: Report

    @classmethod
    async def refused(cls, entry: Entry, owner: str) -> Result:
        """Return what to tell of an account whose password was refused and is not tried."""
        health = await read_health(entry.account, entry.source.source_id)
        code, text = (health.code, health.text) if health is not None else ("", Text("", ""))
        return cls(entry, owner, Report(advice=Advice(code, Cure.SECRET, text)))

    def after(self, before: Result | None) -> Result:
        """Return both polls of an account as one."""
        if before is None:
            return self
        earlier, outcome = before.report.outcome, self.report.outcome
        both = {name: getattr(earlier, name) + getattr(outcome, name) for name in _COUNTS}
        both |= {"on_server": outcome.on_server, "failed": outcome.failed}
        report = msgspec.structs.replace(
            self.report, outcome=msgspec.structs.replace(outcome, **both)
        )
        return msgspec.structs.replace(self, report=report)

    @property
    def wants_password(self) -> bool:
        """Whether another password may help."""
        advice = self.report.advice
        return advice is not None and advice.cure is Cure.SECRET


class FetchWords:
    """Says everything, in the person's language."""

    def __init__(self, desk: Desk, *, as_json: bool) -> None:
        """`as_json`: nothing but JSON at the end."""
        self._desk = desk
        self.is_json = as_json
        self._display: Display = SilentDisplay() if as_json else display_for(desk.language)
        self._shown: set[str] = set()

    def show(self, running: Mapping[str, Running]) -> None:
        """Show how far the polls are that run."""
        for key, poll in running.items():
            if key not in self._shown:
                self._shown.add(key)
                self._display.begin(key, short_label(poll.entry.source), poll.tally)
        self._display.refresh()

    def end(self, result: Result) -> None:
        """Tell what came of one account."""
        self._shown.discard(result.entry.key)
        self._display.end(result.entry.key, "\n".join(self._lines(result)))

    def trouble(self, result: Result) -> None:
        """Tell what is wrong with an account that was not polled."""
        if not self.is_json:
            for line in self._advice(result.report.advice):
                click.echo(line, err=True)

    def close(self) -> None:
        """Show nothing that moves any more."""
        self._display.close()
        self._shown.clear()

    def interrupted(
        self, results: Mapping[str, Result], unfinished: Iterable[tuple[Entry, Tally | None]]
    ) -> None:
        """Tell how far each account came that had not ended; the others were told."""
        self.close()
        if self.is_json:
            rows = [_unfinished_row(entry, tally) for entry, tally in unfinished]
            self._desk.print_json(self._as_data(results) | {"unfinished": rows})
            return
        self._untold(results)
        for entry, tally in unfinished:
            text = _SO_FAR if tally is not None else _NOT_BEGUN
            counts = tally.letters() if tally is not None else Letters(0, 0, 0)
            self._desk.say_aside(text, address=label_of(entry.source), **counts._asdict())

    def summary(self, results: Mapping[str, Result]) -> None:
        """Print what came of all of them."""
        self.close()
        if self.is_json:
            self._desk.print_json(self._as_data(results))
            return
        self._untold(results)
        self._desk.say(_SUMMARY, **_totals(results.values()))

    def _as_data(self, results: Mapping[str, Result]) -> dict[str, Any]:
        """Return what a program is told of the accounts that have ended."""
        rows = [self._row(result) for result in results.values()]
        return _totals(results.values()) | {"accounts": rows}

    def _untold(self, results: Mapping[str, Result]) -> None:
        """Tell what is wrong with accounts that nobody tried."""
        for result in results.values():
            if not result.report.mark:
                self.trouble(result)

    def _lines(self, result: Result) -> Iterable[str]:
        """Say what came of one account, and what is wrong."""
        outcome, language = result.report.outcome, self._desk.language
        address = label_of(result.entry.source)
        if outcome.method or result.report.advice is None:
            counts = {name: getattr(outcome, name) for name in _COUNTS}
            line = _LINE.in_language(language, address=address, **counts)
            line += "".join(
                text.in_language(language, count=counts[name])
                for name, text in _MORE.items()
                if counts[name]
            )
            yield line
        else:
            yield _NOT_FETCHED.in_language(language, address=address)
        if outcome.failed and result.report.advice is None:
            most, name = REFUSED_POLLS_UNTIL_QUARANTINE, result.entry.source.address
            told = _AGAIN_LATER.in_language(language, count=outcome.failed, most=most, address=name)
            yield f"  {told}"
        yield from (f"  {line}" for line in self._advice(result.report.advice))

    def _advice(self, advice: Advice | None) -> Iterable[str]:
        """Say what is wrong and what to do, with the provider's own steps."""
        if advice is not None:
            yield advice.text.in_language(self._desk.language)
            yield from (f"- {step.in_language(self._desk.language)}" for step in advice.steps)

    def _row(self, result: Result) -> dict[str, Any]:
        """Return what a program is told of one account."""
        source, report = result.entry.source, result.report
        row: dict[str, Any] = {
            "owner": result.owner,
            "address": source.address,
            "id": source.source_id,
        }
        row |= {name: getattr(report.outcome, name) for name in _COUNTS}
        row["login_method"] = report.outcome.method
        row["trouble"] = None
        if report.advice is not None:
            row["trouble"] = {
                "code": report.advice.code,
                "cure": report.advice.cure,
                "text": report.advice.text.in_language(self._desk.language),
                "words": report.advice.words,
                "steps": [each.in_language(self._desk.language) for each in report.advice.steps],
            }
        return row


def _unfinished_row(entry: Entry, tally: Tally | None) -> dict[str, Any]:
    """Return what a program is told of an account that was interrupted, or not begun."""
    counts = tally.letters() if tally is not None else Letters(0, 0, 0)
    row = {"address": entry.source.address, "id": entry.source.source_id}
    return row | {"is_begun": tally is not None} | counts._asdict()


def _totals(results: Iterable[Result]) -> dict[str, Any]:
    """Add up what came of all accounts."""
    outcomes = [result.report.outcome for result in results]
    names = ("new", "again", "failed", "octets", "deleted")
    return {name: sum(getattr(outcome, name) for outcome in outcomes) for name in names}
