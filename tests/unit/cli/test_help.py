"""The command line explains itself in English and Japanese."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import click
import pytest

from hato.app import Composition
from hato.cli.japanese.translation import HELP
from hato.cli.program import hato, run

OF_THE_LIBRARY = {"Show this message and exit."}


def sentences(command: click.Command) -> Iterator[str]:
    for text in (command.help, command.short_help):
        if text:
            yield inspect.cleandoc(text)
    for parameter in command.params:
        if isinstance(parameter, click.Option) and parameter.help:
            yield parameter.help
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from sentences(inner)


def test_every_sentence_of_help_has_its_japanese(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    known = set(HELP) - OF_THE_LIBRARY
    assert set(sentences(hato)) == known


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["usr"], "There is no command 'usr': see `hato --help`."),
        (["user", "add"], "NAME is missing: see `hato user add --help`."),
        (["user", "list", "--jsn"], "There is no option --jsn: see `hato user list --help`."),
        (["up", "--port-offset", "x"], "The value of --port-offset does not fit: "),
        (["domain", "list", "--config"], "--config needs a file: write --config FILE."),
    ],
)
def test_wrong_usage_is_one_sentence_that_says_where_to_look(
    arguments: list[str],
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    assert run(Composition(), arguments) == 2
    said = capsys.readouterr().err
    assert said.startswith(sentence)
    assert said.count("\n") == 1


def test_what_is_missing_is_told_in_the_language_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LC_ALL", "ja_JP.UTF-8")
    assert run(Composition(), ["--config", "/nowhere/hato.toml", "domain", "list"]) == 1
    assert "設定ファイル /nowhere/hato.toml がありません" in capsys.readouterr().err
