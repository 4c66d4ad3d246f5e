"""`hato fetch` in the words of a person: which account, which letter, and how far it came."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar, cast

import msgspec
import pytest

from hato.app import Composition
from hato.cli.desk import Desk
from hato.cli.fetch.words import FetchWords
from hato.core.language import Language
from hato.core.secret import Secret
from hato.core.settings_file import read_settings
from hato.services.fetching.poll_outcome import Stage, Tally
from hato.services.fetching.roster import Entry
from hato.services.sources.source import Source
from hato.services.sources.sources import Sources
from hato.store.api import Account
from tests.unit.auth.house import ADA, PASSWORD
from tests.unit.cli.conftest import Hato
from tests.unit.cli.provider_thread import Elsewhere, provider_elsewhere
from tests.unit.fetching.sources import SOURCE

T = TypeVar("T")


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Elsewhere]:
    with provider_elsewhere(tmp_path_factory.mktemp("elsewhere") / "provider") as provider:
        yield provider


@pytest.fixture
def added(hato: Hato, elsewhere: Elsewhere) -> str:
    """The address of an account that was added."""
    options = elsewhere.options("--password-stdin", "--name", "Work")
    hato("account", "add", ADA, *options, piped=f"{PASSWORD}\n")
    return ADA


def test_who_names_an_unknown_account_is_told_which_there_are(hato: Hato, added: str) -> None:
    said = hato("fetch", "--account", "nobody@example.net", status=1)
    assert said.err == (f"No mail account nobody@example.net is fetched; there is: {added}.\n")


def test_one_letter_is_named_by_the_number_of_its_account(hato: Hato, added: str) -> None:
    said = hato("fetch", "--letter", "4", status=2)
    assert said.err.startswith("Say whose letter it is with --account ADDRESS")
    said = hato("fetch", "--account", added, "--letter", "4", status=1)
    assert said.err == (
        f"4 is no letter of {added} that a note stands for: see "
        f"`hato account log {added} --left-out`.\n"
    )
    said = hato("account", "log", added, "--left-out")
    assert said.out == f"Every letter of {added} that was fetched is here whole.\n"
    assert hato.json("account", "log", added, "--left-out") == []


def with_source(hato: Hato, use: Callable[[Sources, Source], Awaitable[T]]) -> T:
    """Do something with the only source and the vault."""

    async def work() -> T:
        settings = read_settings(hato.config)
        store = await hato.ways.open_store(settings)
        try:
            for account_id in await store.account_ids():
                sources = hato.ways.sources(await store.account(account_id), settings)
                for source in await sources.all():
                    return await use(sources, source)
        finally:
            await store.close()
        raise AssertionError("no source")

    return asyncio.run(work())


OUTDATED = Secret("the old one")


@pytest.fixture
def refused(hato: Hato, added: str) -> str:
    """The address of an account whose password was changed at the provider."""
    with_source(hato, lambda sources, one: sources.set_secret(one.source_id, OUTDATED))
    return added


def type_in(monkeypatch: pytest.MonkeyPatch, *typed: str) -> list[str]:
    """Type passwords, one after the other; return the list of what was asked."""
    left, asked = list(typed), list[str]()

    def getpass(prompt: str) -> str:
        with pytest.raises(RuntimeError):
            asyncio.get_running_loop()  # nothing else may have to wait for somebody who thinks
        asked.append(prompt)
        return left.pop(0)

    monkeypatch.setattr("getpass.getpass", getpass)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    return asked


def test_a_changed_password_is_asked_for_tried_and_used(
    hato: Hato, refused: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = type_in(monkeypatch, "wrong too", PASSWORD)
    said = hato("fetch", typed="")
    assert asked == [f"New password for {refused} (empty: not now): "] * 2
    assert "the server does not take this name and password" in said.err
    assert said.out == "1 new, 0 again, 0 failed\n"
    assert hato("fetch").out == "0 new, 0 again, 0 failed\n"


@pytest.mark.parametrize("typed", [("",), ("wrong", "wrong", "wrong"), ("wrong", "")])
@pytest.mark.usefixtures("refused")
def test_a_password_that_no_login_proved_is_not_kept(
    hato: Hato, monkeypatch: pytest.MonkeyPatch, typed: tuple[str, ...]
) -> None:
    asked = type_in(monkeypatch, *typed)
    hato("fetch", typed="", status=1)
    assert len(asked) == len(typed)
    assert with_source(hato, lambda sources, one: sources.secret(one)) == OUTDATED


def test_an_account_with_a_name_is_called_by_it(hato: Hato, added: str) -> None:
    assert hato("fetch").err == f"Work ({added}): 1 new, 0 again, 0 failed\n"


@pytest.mark.parametrize(
    ("language", "rows"),
    [
        (
            Language.ENGLISH,
            [
                "Work (a@example.net): 3 new, 1 again, 2 failed so far, then interrupted",
                "b@example.net: not begun",
            ],
        ),
        (
            Language.JAPANESE,
            [
                "Work (a@example.net): ここまで新規 3 通、既存 1 通、失敗 2 通で中断",
                "b@example.net: まだ始めていません",
            ],
        ),
    ],
)
def test_an_interruption_leaves_a_row_for_each_account(
    capsys: pytest.CaptureFixture[str], language: Language, rows: list[str]
) -> None:
    words = FetchWords(Desk(Composition(), language, None), as_json=False)
    begun = msgspec.structs.replace(SOURCE, address="a@example.net", name="Work")
    waiting = msgspec.structs.replace(SOURCE, address="b@example.net", name="")
    account = cast("Account", None)  # nobody asks it
    tally = Tally(stage=Stage.FETCHING, letters_done=6, again=1, failed=2)
    unfinished = [(Entry(account, begun, ""), tally), (Entry(account, waiting, ""), None)]
    words.interrupted({}, unfinished)
    assert capsys.readouterr().err.splitlines() == rows


def test_an_interruption_tells_a_program_what_is_known(capsys: pytest.CaptureFixture[str]) -> None:
    words = FetchWords(Desk(Composition(), Language.ENGLISH, None), as_json=True)
    tally = Tally(stage=Stage.FETCHING, letters_done=6, again=1, failed=2)
    words.interrupted({}, [(Entry(cast("Account", None), SOURCE, ""), tally)])
    told = json.loads(capsys.readouterr().out)
    (row,) = told["unfinished"]
    assert (told["new"], told["accounts"]) == (0, [])
    assert (row["is_begun"], row["new"], row["again"], row["failed"]) == (True, 3, 1, 2)
