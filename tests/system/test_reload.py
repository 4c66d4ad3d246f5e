"""SIGHUP: new settings take over while sessions go on; wrong ones change nothing."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest

from tests.system.fixtures import open_wire
from tests.system.server_process import HatoServer, ServerError

PATIENCE_SECONDS = 30.0


def wait_for(server: HatoServer, condition: Callable[[], bool], what: str) -> None:
    """Be a client again and again until something is so: the service never stops meanwhile."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert greets(server)
        if time.monotonic() > until:
            raise ServerError(f"waited in vain for {what}")


def change(server: HatoServer, pattern: str, replacement: str) -> None:
    text = server.config_file.read_text("utf-8")
    changed = re.sub(pattern, replacement, text, flags=re.MULTILINE)
    assert changed != text
    server.config_file.write_text(changed, "utf-8")


def greeting(server: HatoServer) -> bytes:
    with open_wire(server, "pop3") as wire:
        return wire.read_line()


def greets(server: HatoServer) -> bool:
    return greeting(server).startswith(b"+OK")


def test_new_settings_hold_for_new_sessions_and_old_ones_go_on(
    own_server: Callable[..., HatoServer],
) -> None:
    server = own_server(workers=2)
    old = set(server.process_ids())
    with open_wire(server, "pop3") as before:
        assert b"mail.example.org" in before.read_line()
        change(server, r"^hostname = .*$", 'hostname = "other.example.org"')
        server.reload()
        wait_for(server, lambda: '"reloaded"' in server.log(), "the reload")
        wait_for(server, lambda: b"other.example.org" in greeting(server), "the new name")
        before.send(b"CAPA\r\n")
        assert before.read_line().startswith(b"+OK")
    wait_for(server, lambda: len(set(server.process_ids()) & old) == 1, "the old workers to leave")
    assert server.stop() == 0


@pytest.mark.parametrize(
    ("pattern", "replacement", "complaint"),
    [
        (r"^hostname = .*$", "hostnam = 1", "did you mean hostname"),
        (r"^allow_plaintext_from = .*$", 'allow_plaintext_from = ["x"]', "is not an IP address"),
        (r"^workers = .*$", "workers = 3", "needs a restart"),
        (r"^certificate = .*$", 'certificate = ""', "one of them is missing"),
        (r"^hostname = .*$", 'hostname = "鳩.example"', "cannot stand in a greeting"),
    ],
)
def test_wrong_settings_change_nothing(
    own_server: Callable[..., HatoServer], pattern: str, replacement: str, complaint: str
) -> None:
    server = own_server(workers=1)
    workers = server.process_ids()
    change(server, pattern, replacement)
    server.reload()
    wait_for(server, lambda: "not-reloaded" in server.log(), "the complaint")
    assert complaint in server.log()
    assert "Traceback" not in server.log()
    assert server.process_ids() == workers
    assert greets(server)
