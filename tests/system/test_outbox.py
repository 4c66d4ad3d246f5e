"""`hato identity` and `hato queue`, as whole programs, where nobody can be reached."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.system.people import Person
from tests.system.server_process import Certificates, HatoServer

KIM = Person("kim@example.org", "open sesame kim")
LETTER = b"To: bob@example.net\nSubject: \x1b]0;x\x07hello\n\nhi\n"


@pytest.fixture
def hato(tmp_path: Path) -> HatoServer:
    server = HatoServer(tmp_path / "here", Certificates(tmp_path / "certificates"))
    server.prepare()
    server.add_person(KIM)
    return server


def told(hato: HatoServer, *arguments: str, status: int = 0) -> Any:  # noqa: ANN401 - what it prints
    return json.loads(hato.run(*arguments, "--json", status=status).stdout)


def test_a_letter_without_a_server_waits_and_is_dropped(hato: HatoServer) -> None:
    sent = json.loads(hato.run("send", "-", "--json", standard_input=LETTER).stdout)
    assert sent["state"] == "waiting"
    assert f"hato identity edit {KIM.address} --host HOST" in sent["message"]
    (row,) = told(hato, "queue", "list")
    assert (row["owner"], row["state"], row["sender"]) == (KIM.address, "waiting", KIM.address)
    assert row["recipients"] == [{"address": "bob@example.net", "state": "waiting", "words": ""}]
    shown = hato.run("queue", "show", str(row["number"])).stdout.decode()
    assert "hello" in shown
    assert "\x1b" not in hato.run("queue", "list").stdout.decode() + shown
    hato.run("queue", "drop", str(row["number"]))
    assert told(hato, "queue", "list", "--all") == []
    refused = hato.run("queue", "show", str(row["number"]), status=1).stderr.decode()
    assert "hato queue list" in refused


def test_an_identity_is_changed(hato: HatoServer) -> None:
    hato.run("identity", "edit", KIM.address, "--name", "Kim", "--signature", "Bye,\nKim")
    where = ("--host", "127.0.0.1", "--port", "2525", "--tls", "none")
    row = told(hato, "identity", "edit", KIM.address, *where)
    assert (row["name"], row["signature"]) == ("Kim", "Bye,\nKim")
    assert (row["submission"]["port"], row["submission"]["tls"]) == (2525, "none")
    assert told(hato, "identity", "list") == [row]
    for wrong in (
        ("edit", KIM.address),
        ("edit", "eve@example.org", "--name", "x"),
        ("edit", KIM.address, "--name", "Kim\nBcc: eve@example.net"),
        ("edit", KIM.address, "--address", "nobody"),
    ):
        said = hato.run("identity", *wrong, status=1).stderr.decode()
        assert "Traceback" not in said
        assert said.count("\n") == 1
    assert told(hato, "identity", "list") == [row]
