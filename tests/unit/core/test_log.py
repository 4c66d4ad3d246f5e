"""The log: one line an event, no secret, nothing that moves a cursor."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator

import pytest

from hato.core.log import Level, Log
from hato.core.secret import Secret


@pytest.fixture
def pipe() -> Iterator[tuple[int, Callable[[], bytes]]]:
    read, write = os.pipe()
    yield write, lambda: os.read(read, 65536)
    os.close(read)
    os.close(write)


@pytest.mark.parametrize("as_json", [False, True])
def test_an_event_is_one_line_without_control_characters(
    pipe: tuple[int, Callable[[], bytes]], *, as_json: bool
) -> None:
    log = Log()
    log.configure(level=Level.INFO, as_json=as_json, descriptor=pipe[0])
    log.info("login", person="a\r\nb\x1b]0;title\x07", code="\u202egpj.exe", raw=b"\xff\n")
    line = pipe[1]()
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert not any(octet < 32 for octet in line[:-1])
    if not as_json:
        assert "\u202e".encode() not in line


@pytest.mark.parametrize("as_json", [False, True])
def test_a_secret_is_three_asterisks(
    pipe: tuple[int, Callable[[], bytes]], *, as_json: bool
) -> None:
    log = Log()
    log.configure(level=Level.DEBUG, as_json=as_json, descriptor=pipe[0])
    log.debug("login", password=Secret("open sesame"))
    line = pipe[1]()
    assert b"***" in line
    assert b"sesame" not in line


def test_json_is_json(pipe: tuple[int, Callable[[], bytes]]) -> None:
    log = Log()
    log.configure(level=Level.INFO, as_json=True, descriptor=pipe[0])
    log.error("fault", fault=ValueError("broken"), session="1-a")
    row = json.loads(pipe[1]())
    assert row["event"] == "fault"
    assert row["level"] == "error"
    assert row["session"] == "1-a"
    assert "ValueError: broken" in row["fault"]


def test_what_is_below_the_level_is_not_written(pipe: tuple[int, Callable[[], bytes]]) -> None:
    log = Log()
    log.configure(level=Level.WARNING, as_json=False, descriptor=pipe[0])
    log.info("not this")
    log.debug("nor this")
    log.warning("but this")
    assert b"but this" in pipe[1]()


def test_a_log_that_cannot_be_written_does_not_stop_the_mail() -> None:
    read, write = os.pipe()
    os.close(read)
    log = Log()
    log.configure(level=Level.INFO, as_json=False, descriptor=write)
    log.info("nobody reads this")
    os.close(write)
    assert log.lost == 1
