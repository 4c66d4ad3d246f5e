"""`hato fetch` in the words of a person: which account, which letter, and how far it came."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import msgspec
import pytest

from hato.app import Composition
from hato.cli.desk import Desk
from hato.cli.fetch_words import FetchWords
from hato.core.language import Language
from hato.services.fetching.poll_outcome import Stage, Tally
from hato.services.fetching.roster import Entry
from hato.store.api import Account
from tests.unit.auth.house import ADA, PASSWORD
from tests.unit.cli.conftest import Hato
from tests.unit.cli.provider_thread import Elsewhere, provider_elsewhere
from tests.unit.fetching.sources import SOURCE


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
