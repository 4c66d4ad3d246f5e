"""Listening: what an address may look like, and what is said when it cannot be had."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from hato.core.errors import InvalidInputError
from hato.net.listener import ListenAddress, bind, read_listen_address


@pytest.mark.parametrize(
    ("text", "host", "port", "path"),
    [
        ("127.0.0.1:110", "127.0.0.1", 110, ""),
        ("[::1]:995", "::1", 995, ""),
        ("[::]:995", "::", 995, ""),
        (":110", "", 110, ""),
        ("localhost:110", "localhost", 110, ""),
        ("unix:/run/hato/lmtp", "", 0, "/run/hato/lmtp"),
    ],
)
def test_an_address_is_read(text: str, host: str, port: int, path: str) -> None:
    assert read_listen_address(text) == ListenAddress(host, port, path, text)


@pytest.mark.parametrize(
    "text", ["", "110", "::1:995", "host:", "host:pop3", "host:70000", "unix:"]
)
def test_what_is_no_address_is_told_in_one_sentence(text: str) -> None:
    with pytest.raises(InvalidInputError, match="is not an address: write address:port"):
        read_listen_address(text)


@contextlib.contextmanager
def bound(text: str, copies: int = 1) -> Iterator[list[socket.socket]]:
    sockets = bind(read_listen_address(text), copies)
    try:
        yield sockets
    finally:
        for each in sockets:
            each.close()


def test_a_port_in_use_is_told_even_when_its_user_would_share_it() -> None:
    with bound("127.0.0.1:0", copies=2) as sockets:
        host, port = sockets[0].getsockname()
        with pytest.raises(InvalidInputError, match=f"{host}:{port} is in use"):
            bind(read_listen_address(f"{host}:{port}"), 2)


def test_each_worker_gets_a_socket_of_its_own_on_the_same_port() -> None:
    with bound("127.0.0.1:0", copies=3) as sockets:
        assert len({each.fileno() for each in sockets}) == 3
        assert len({each.getsockname() for each in sockets}) == 1


def test_an_address_of_another_machine_is_told() -> None:
    with pytest.raises(InvalidInputError, match=r"Cannot listen on 192\.0\.2\.1:0"):
        bind(read_listen_address("192.0.2.1:0"), 1)


def test_the_unix_socket_of_a_dead_process_is_replaced(tmp_path: Path) -> None:
    text = f"unix:{tmp_path}/lmtp"
    with bound(text):
        pass
    assert (tmp_path / "lmtp").is_socket()
    with bound(text) as sockets, socket.socket(socket.AF_UNIX) as client:
        client.connect(str(tmp_path / "lmtp"))
        assert sockets[0].family == socket.AF_UNIX


def test_the_unix_socket_of_a_living_process_is_not(tmp_path: Path) -> None:
    text = f"unix:{tmp_path}/lmtp"
    with bound(text), pytest.raises(InvalidInputError, match="is in use"):
        bind(read_listen_address(text), 1)


def test_a_file_in_the_way_of_a_unix_socket_stays(tmp_path: Path) -> None:
    (tmp_path / "lmtp").write_text("something dear")
    with pytest.raises(InvalidInputError, match="something else at that path, which is no socket"):
        bind(read_listen_address(f"unix:{tmp_path}/lmtp"), 1)
    assert (tmp_path / "lmtp").read_text() == "something dear"
