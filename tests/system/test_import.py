"""`hato import` from the outside: what it says, and what an interruption leaves."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

from tests.system.fixtures import open_wire, stored_letters
from tests.system.people import PeoplePool, Person
from tests.system.pop3 import Pop3Client
from tests.system.server_process import HATO, HatoServer


def test_a_dry_run_says_what_would_be_done(
    server: HatoServer, people: PeoplePool, tmp_path: Path
) -> None:
    person = people.new("ida")
    for number in (1, 2):
        (tmp_path / f"{number}.eml").write_text(f"Subject: {number}\n\nHello\n")
    (tmp_path / "empty.eml").touch()
    verb = ("import", person.address, "eml", str(tmp_path))
    foreseen = json.loads(server.run(*verb, "--dry-run", "--json").stdout)
    assert (foreseen["new"], foreseen["known"], foreseen["skipped"]) == (2, 0, 1)
    assert foreseen["skipped_keys"] == ["empty.eml"]
    assert b"Nothing was changed" in server.run(*verb, "--dry-run").stdout
    assert not stored_letters(server, person)
    done = server.run(*verb)
    assert b"2 new, 0 there already, 1 empty, 0 failed" in done.stdout
    assert b"empty.eml: skipped, because it is empty" in done.stderr
    assert len(stored_letters(server, person)) == 2


def count_of(server: HatoServer, person: Person) -> int:
    with Pop3Client(open_wire(server, "pop3s")) as client:
        client.login(person)
        count = client.stat().count
        client.quit()
    return count


def test_an_interrupted_import_says_how_far_it_is(
    server: HatoServer, people: PeoplePool, tmp_path: Path
) -> None:
    person, letters = people.new("ida"), 2000
    for number in range(letters):
        (tmp_path / f"{number}.eml").write_text(f"Subject: {number}\n\nHello\n")
    verb = ("import", person.address, "eml", str(tmp_path))
    running = subprocess.Popen(
        [str(HATO), "--config", str(server.config_file), *verb],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    )
    while not count_of(server, person):
        assert running.poll() is None
    running.send_signal(signal.SIGINT)
    said = running.communicate()[1].decode()
    assert running.returncode == 130
    assert said.startswith("Interrupted: ")
    assert "Run it again to go on" in said
    assert "Traceback" not in said
    assert count_of(server, person) < letters
    server.run(*verb)
    assert count_of(server, person) == letters
