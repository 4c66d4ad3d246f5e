"""`hato up` where something is up already."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from hato.app import Composition
from hato.cli.program import run
from hato.core.settings import Settings
from hato.net.listener import bind, read_listen_address


class RefusedInside(Composition):
    """Tries a second `hato up` while the first serves."""

    def __init__(self, second: Callable[[], int]) -> None:
        self.statuses: list[int] = []
        self.second = second

    def serve(self, settings: Settings, path: Path | None, on_ready: Callable[[], None]) -> int:
        on_ready()
        self.statuses.append(self.second())
        return 0


class BindingOnly(Composition):
    """Serves no further than binding."""

    def serve(self, settings: Settings, path: Path | None, on_ready: Callable[[], None]) -> int:
        for bound in bind(read_listen_address(settings.listen.pop3[0]), 1):
            bound.close()
        return 0


@pytest.mark.parametrize(
    ("language", "sentence"), [("C.UTF-8", "Hato is up on {} already"), ("ja", "鳩は {} でもう")]
)
def test_a_second_one_on_the_same_folder_changes_nothing_and_says_that_it_is_up(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    language: str,
    sentence: str,
) -> None:
    monkeypatch.setenv("LC_ALL", language)
    folder = tmp_path / "data"

    def content() -> dict[str, bytes]:
        return {name: (folder / name).read_bytes() for name in ("up.json", "hato.toml")}

    def second() -> int:
        before = content()
        # A process of its own, as flock sees it: nothing of the first is known to it.
        monkeypatch.setattr("hato.net.folder_claim._claimed", set())
        status = run(Composition(), ["up", "--data", str(folder), "--port-offset", "21000"])
        assert content() == before
        return status

    ways = RefusedInside(second)
    assert run(ways, ["up", "--data", str(folder)]) == 0
    assert ways.statuses == [1]
    assert capfd.readouterr().err.startswith(sentence.format(folder))


def test_ports_that_others_have_are_told_with_the_option_that_helps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        offset = taken.getsockname()[1] - 110
        verb = ["up", "--data", str(tmp_path / "data"), "--port-offset", str(offset)]
        assert run(BindingOnly(), verb) == 1
    assert capfd.readouterr().err == (
        f"127.0.0.1:{offset + 110} is in use by another program: "
        "choose other ports with --port-offset.\n"
    )
