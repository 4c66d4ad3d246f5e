"""Fetching with real processes: `hato fetch`, and `hato serve` by itself, from another Hato."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.system.fixtures import deliver_letters, open_mailbox, stored_letters
from tests.system.letters import LETTERS
from tests.system.people import Person
from tests.system.server_process import HATO, HatoServer

ADA = Person("ada@example.org", "open sesame")
OWNER = Person("owner@example.org", "a home of one's own")
SOME = (LETTERS["plain"], LETTERS["dots"], LETTERS["eight-bit"])
PATIENCE_SECONDS = 30.0
MakeServer = Callable[..., HatoServer]


class Home:
    """A Hato that fetches from another one."""

    def __init__(self, provider: HatoServer, hato: HatoServer) -> None:
        self.provider = provider
        self.hato = hato

    def add_account(self, *options: str) -> None:
        host, port = self.provider.addresses["pop3s"]
        self.hato.run(
            "account",
            "add",
            ADA.address,
            "--host",
            host,
            "--port",
            str(port),
            "--tls",
            "implicit",
            "--ca-file",
            str(self.provider.certificates.authority_file),
            "--password-stdin",
            *options,
            standard_input=ADA.password.encode() + b"\n",
        )

    def fetch(self, *options: str, status: int = 0) -> tuple[str, str]:
        done = self.hato.run("fetch", *options, status=status)
        return done.stdout.decode(), done.stderr.decode()

    def begin_fetching(self, *options: str) -> subprocess.Popen[bytes]:
        """Begin `hato fetch`, and do not wait for its end."""
        return subprocess.Popen(
            [str(HATO), "--config", str(self.hato.config_file), "fetch", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
        )

    def kept_octets(self) -> int:
        journals = (self.hato.data_folder / "accounts").glob("*/*.log")
        return sum(path.stat().st_size for path in journals)

    def letters(self) -> list[bytes]:
        return stored_letters(self.hato, OWNER)

    def account(self) -> Any:  # noqa: ANN401 - whatever the verb prints
        (account,) = json.loads(self.hato.run("account", "list", "--json").stdout)
        return account


@pytest.fixture
def home(own_server: MakeServer) -> Home:
    """Ada's letters at a provider, and an owner at home who has no mail yet."""
    provider = own_server()
    provider.add_person(ADA)
    deliver_letters(provider, ADA, *SOME)
    hato = own_server(start=False)
    hato.add_person(OWNER)
    return Home(provider, hato)


def eventually(holds: Callable[[], bool]) -> bool:
    """Wait for something that a server does by itself; each look takes its time."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if holds():
            return True
    return False


def test_everything_comes_once(home: Home) -> None:
    home.add_account()
    assert home.fetch() == (
        "3 new, 0 again, 0 failed\n",
        "ada@example.org: 3 new, 0 again, 0 failed\n",
    )
    assert home.fetch()[0] == "0 new, 0 again, 0 failed\n"
    home.hato.start()
    assert [letter.endswith(sent) for letter, sent in zip(home.letters(), SOME, strict=True)] == [
        True
    ] * 3


def test_programs_are_told_in_json(home: Home) -> None:
    home.add_account()
    out, err = home.fetch("--json", "--account", ADA.address, "--owner", OWNER.address)
    told = json.loads(out)
    assert (told["new"], told["again"], told["failed"], err) == (3, 0, 0, "")
    (account,) = told["accounts"]
    assert (account["owner"], account["address"]) == (OWNER.address, ADA.address)
    assert (account["on_server"], account["trouble"]) == (3, None)


def test_a_provider_that_is_away_is_told_and_the_exit_status_says_so(home: Home) -> None:
    home.add_account()
    home.provider.stop()
    out, err = home.fetch(status=1)
    assert out == "0 new, 0 again, 0 failed\n"
    assert err.startswith("ada@example.org: not fetched\n  Nobody answers at port ")
    assert home.account()["health"]["state"] == "failing"
    home.provider.start()
    home.fetch()
    assert home.account()["health"]["state"] == "fine"


def test_a_wrong_password_is_tried_once_until_it_is_changed(home: Home) -> None:
    home.add_account()
    new = Person(ADA.address, "another password")
    change = ("user", "password", ADA.address, "--password-stdin")
    home.provider.run(*change, standard_input=new.password.encode() + b"\n")
    _, err = home.fetch(status=1)
    assert "does not take the password of ada@example.org" in err
    failures = home.provider.log().count("login-refused")
    _, err = home.fetch(status=1)
    assert "does not take the password of ada@example.org" in err
    assert home.provider.log().count("login-refused") == failures
    assert home.account()["health"]["state"] == "needs-you"
    given = ("account", "password", ADA.address, "--password-stdin")
    home.hato.run(*given, standard_input=new.password.encode() + b"\n")
    assert home.fetch()[0] == "3 new, 0 again, 0 failed\n"


def test_nobody_s_account_is_an_error(home: Home) -> None:
    home.add_account()
    out, err = home.fetch("--account", "eve@example.org", status=1)
    assert (out, err.count("\n")) == ("", 1)
    assert "eve@example.org" in err


def test_without_accounts_there_is_a_hint(home: Home) -> None:
    out, err = home.fetch()
    assert out == "0 new, 0 again, 0 failed\n"
    assert "hato account add" in err


def test_a_server_fetches_by_itself_what_is_there_and_what_is_added(home: Home) -> None:
    home.hato.workers = 2
    home.hato.write_settings()
    home.hato.start()
    home.add_account("--every", "1")
    assert eventually(lambda: len(home.letters()) == 3)
    assert home.account()["health"]["state"] == "fine"
    assert home.fetch()[0] == "0 new, 0 again, 0 failed\n"
    deliver_letters(home.provider, ADA, LETTERS["second"])
    home.hato.run("account", "edit", ADA.address, "--every", "2")
    assert eventually(lambda: len(home.letters()) == 4)


def test_a_command_and_a_maildir_get_each_letter_once(home: Home, tmp_path: Path) -> None:
    hook = tmp_path / "hook"
    hook.write_text(f'#!/bin/sh\ncat > "{tmp_path}/letter-$HATO_EMAIL"\n')
    hook.chmod(0o700)
    home.add_account("--hook", str(hook), "--maildir", str(tmp_path / "Mail"))
    home.fetch()
    home.fetch()
    hooked = [path.read_bytes() for path in sorted(tmp_path.glob("letter-*"))]
    assert [letter.endswith(sent) for letter, sent in zip(hooked, SOME, strict=True)] == [True] * 3
    written = sorted(path.read_bytes() for path in (tmp_path / "Mail/new").iterdir())
    assert written == sorted(letter.replace(b"\r\n", b"\n") for letter in hooked)


def test_ctrl_c_loses_nothing(home: Home) -> None:
    deliver_letters(home.provider, ADA, *[LETTERS["plain"]] * 400)
    home.add_account()
    process = home.begin_fetching()
    assert eventually(lambda: process.poll() is not None or home.kept_octets() > 20_000)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode in {0, 130}
    if process.returncode == 130:
        assert (out, err.count(b"Interrupted: ")) == (b"", 1)
    home.fetch()
    home.hato.start()
    assert len(home.letters()) == 403


def test_watching_goes_on_until_somebody_ends_it(home: Home) -> None:
    home.add_account("--every", "1")
    before = home.kept_octets()
    process = home.begin_fetching("--watch")
    assert process.stderr is not None
    assert process.stderr.readline().startswith(b"Each account is looked at")
    assert process.stderr.readline() == b"ada@example.org: 3 new, 0 again, 0 failed\n"
    assert home.kept_octets() > before
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert (process.returncode, out) == (130, b"")
    assert err.startswith(b"Interrupted: 3 new, 0 again, 0 failed so far.")


def test_what_a_person_deleted_there_is_not_missed_here(home: Home) -> None:
    home.add_account()
    home.fetch()
    with open_mailbox(home.provider, ADA) as client:
        client.delete(1)
        client.quit()
    assert home.fetch()[0] == "0 new, 0 again, 0 failed\n"
    home.hato.start()
    assert len(home.letters()) == 3
