"""`hato account authorise`: from a question in a browser to a login by token."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.unit.cli.conftest import Hato
from tests.unit.oauth.issuer_server import (
    CLIENT_ID,
    CLIENT_SECRET,
    PERSON,
    Answer,
    IssuerServer,
    browse,
    redirect_of,
    refusal,
)
from tests.unit.oauth.mail_server import MailServer

HATO = str(Path(sys.executable).with_name("hato"))


class Terminal:
    """`hato account authorise`, as a process of its own, beside an issuer and a mail server."""

    def __init__(self, hato: Hato, config: Path, issuer: IssuerServer, mail: MailServer) -> None:
        self.hato = hato
        self.issuer = issuer
        self.mail = mail
        self._config = config
        self.process: asyncio.subprocess.Process | None = None

    async def begin(self, *options: str, language: str = "C.UTF-8") -> None:
        self.process = await asyncio.create_subprocess_exec(
            HATO,
            *("--config", str(self._config), "account", "authorise", PERSON),
            *("--issuer", self.issuer.issuer, "--ca-file", self.issuer.ca_file, *options),
            env={**os.environ, "LC_ALL": language},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    async def url(self) -> str:
        """Wait for the address that the person is sent to."""
        assert self.process is not None
        assert self.process.stdout is not None
        return (await self.process.stdout.readline()).decode().strip()

    async def end(self, *, typed: str = "", status: int = 0) -> tuple[str, str]:
        """Wait for the end; return what was said, and what was said aside."""
        assert self.process is not None
        out, err = await self.process.communicate(typed.encode())
        assert self.process.returncode == status, err.decode()
        said = out.decode(), err.decode()
        for token in (*self.issuer.access_tokens, *self.issuer.refresh_tokens):
            assert token not in said[0] + said[1]
        return said

    async def run(self, *verb: str, status: int = 0) -> str:
        """Run another verb; return all that it said."""
        said = await asyncio.to_thread(self.hato, *verb, status=status)
        return said.out + said.err


@pytest.fixture(params=["XOAUTH2"])
async def terminal(
    hato: Hato, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[Terminal]:
    async with IssuerServer(tmp_path).serving() as issuer:
        mail = MailServer(tmp_path, issuer, request.param)
        async with mail.serving():
            found = Terminal(hato, tmp_path / "hato.toml", issuer, mail)
            where = ("--host", "localhost", "--port", str(mail.port), "--tls", "implicit")
            await found.run(
                *("account", "add", PERSON, *where, "--ca-file", mail.ca_file, "--oauth2")
            )
            yield found


async def authorise(terminal: Terminal) -> None:
    await terminal.begin("--client-id", CLIENT_ID)
    await browse(await terminal.url(), terminal.issuer.ca_file)
    await terminal.end()


@pytest.mark.parametrize("terminal", ["XOAUTH2", "OAUTHBEARER"], indirect=True)
async def test_a_yes_in_the_browser_lets_hato_in(terminal: Terminal) -> None:
    await terminal.begin("--client-id", CLIENT_ID)
    page = await browse(await terminal.url(), terminal.issuer.ca_file)
    assert page.status_code == 200
    assert "Go back to the terminal" in page.text
    out, err = await terminal.end()
    assert out.endswith(
        f"{PERSON} is authorised at localhost:{urlsplit(terminal.issuer.origin).port}: "
        f"see whether it works with `hato account test {PERSON}`.\n"
    )
    assert err.startswith("Open this address in a browser on this machine")
    await terminal.run("account", "test", PERSON)
    assert terminal.mail.let_in == [PERSON]


async def test_a_person_is_told_in_japanese_in_both_places(terminal: Terminal) -> None:
    await terminal.begin("--client-id", CLIENT_ID, language="ja_JP.UTF-8")
    page = await browse(await terminal.url(), terminal.issuer.ca_file)
    assert '<html lang="ja">' in page.text
    assert "端末に戻って" in page.text
    out, err = await terminal.end()
    assert "で認可されました" in out
    assert "許可してください" in err


async def test_before_it_nobody_gets_in_and_the_person_is_told_what_to_do(
    terminal: Terminal,
) -> None:
    said = await terminal.run("account", "test", PERSON, status=1)
    assert said == f"{PERSON} has not been authorised yet: run `hato account authorise {PERSON}`.\n"


async def test_a_client_that_was_given_once_is_not_asked_for_again(terminal: Terminal) -> None:
    await authorise(terminal)
    await terminal.begin()
    await browse(await terminal.url(), terminal.issuer.ca_file)
    await terminal.end()


async def test_a_secret_comes_on_standard_input_and_is_kept(terminal: Terminal) -> None:
    terminal.issuer.auth_method = "client_secret_post"
    await terminal.begin("--client-id", CLIENT_ID, "--client-secret-stdin")
    assert terminal.process is not None
    assert terminal.process.stdin is not None
    terminal.process.stdin.write(f"{CLIENT_SECRET}\n".encode())
    await browse(await terminal.url(), terminal.issuer.ca_file)
    out, err = await terminal.end()
    assert CLIENT_SECRET not in out + err
    await terminal.begin()
    await browse(await terminal.url(), terminal.issuer.ca_file)
    await terminal.end()


async def test_a_browser_elsewhere_pastes_its_answer(terminal: Terminal) -> None:
    await terminal.begin("--client-id", CLIENT_ID, "--paste")
    answer = await redirect_of(await terminal.url(), terminal.issuer.ca_file)
    _, err = await terminal.end(typed=f"{answer}\n")
    assert f"begins with {answer.partition('?')[0]} and shows an error" in err
    await terminal.run("account", "test", PERSON)
    assert terminal.mail.let_in == [PERSON]


async def test_an_answer_to_another_question_is_refused(terminal: Terminal) -> None:
    await terminal.begin("--client-id", CLIENT_ID, "--paste")
    await terminal.url()
    _, err = await terminal.end(
        typed="http://127.0.0.1:50000/?code=stolen&state=guessed\n", status=1
    )
    assert "That is not the answer to this question" in err


async def test_a_code_is_typed_on_another_device(terminal: Terminal) -> None:
    terminal.issuer.overrides["/devicecode"] = Answer(
        200,
        b'{"device_code": "d", "user_code": "BCDF-GHJK", "expires_in": 900, "interval": 0, '
        b'"verification_uri": "https://issuer.example/device"}',
    )
    terminal.issuer.overrides["/token"] = Answer(200, b'{"access_token": "a", "expires_in": 3600}')
    await terminal.begin("--client-id", CLIENT_ID, "--device")
    _, err = await terminal.end()
    assert "Open https://issuer.example/device on any device, type the code BCDF-GHJK" in err
    assert "cannot be renewed" in err


async def test_a_foreign_request_does_not_end_the_waiting(terminal: Terminal) -> None:
    await terminal.begin("--client-id", CLIENT_ID)
    url = await terminal.url()
    home = parse_qs(urlsplit(url).query)["redirect_uri"][0]
    foreign = await browse(f"{home}/?code=evil&state=guessed", terminal.issuer.ca_file)
    assert foreign.status_code == 400
    assert "There is nothing here" in foreign.text
    await browse(url, terminal.issuer.ca_file)
    await terminal.end()


async def test_a_no_keeps_what_was_there(terminal: Terminal) -> None:
    await authorise(terminal)
    terminal.issuer.says_no = True
    await terminal.begin()
    await browse(await terminal.url(), terminal.issuer.ca_file)
    _, err = await terminal.end(status=1)
    assert "The authorisation was refused at localhost" in err
    await terminal.run("account", "test", PERSON)


async def test_an_answer_that_never_comes_is_not_waited_for(terminal: Terminal) -> None:
    await terminal.begin("--client-id", CLIENT_ID, "--wait", "1")
    await terminal.url()
    _, err = await terminal.end(status=1)
    assert "No answer came within 1 minute: begin anew." in err


async def test_control_c_ends_the_waiting_at_once(terminal: Terminal) -> None:
    await terminal.begin("--client-id", CLIENT_ID)
    await terminal.url()
    assert terminal.process is not None
    terminal.process.send_signal(signal.SIGINT)
    _, err = await terminal.end(status=130)
    assert "Traceback" not in err


async def test_without_a_client_the_person_is_told_how_to_get_one(terminal: Terminal) -> None:
    await terminal.begin()
    _, err = await terminal.end(status=1)
    assert "with the redirect address http://127.0.0.1, on any port" in err
    assert err.endswith("Say which client asks with --client-id ID.\n")


async def test_an_authorisation_that_is_over_is_told_by_name(terminal: Terminal) -> None:
    terminal.issuer.token_extras["expires_in"] = 1
    await authorise(terminal)
    terminal.issuer.overrides["/token"] = refusal("invalid_grant", "revoked")
    said = await terminal.run("account", "test", PERSON, status=1)
    assert f"run `hato account authorise {PERSON}`" in said


async def test_an_authorisation_of_somebody_else_is_told_from_a_password(
    terminal: Terminal,
) -> None:
    await authorise(terminal)
    terminal.issuer.access_tokens.clear()
    said = await terminal.run("account", "test", PERSON, status=1)
    assert "does not take this name and authorisation" in said
    assert "say yes there with this very account" in said


async def test_google_needs_a_secret_and_says_how_to_get_one(terminal: Terminal) -> None:
    await terminal.run(
        *("account", "add", "ada@gmail.com", "--host", "pop.gmail.com", "--port", "995"),
        *("--tls", "implicit", "--oauth2"),
    )
    said = await terminal.run("account", "authorise", "ada@gmail.com", status=1)
    assert "make one of the type Desktop app" in said
    assert said.endswith("Say which client asks with --client-id ID.\n")
    said = await terminal.run(
        "account", "authorise", "ada@gmail.com", "--client-id", "mine", status=1
    )
    assert "Google wants the client's secret too" in said


@pytest.mark.parametrize(
    ("host", "step"),
    [("pop.gmail.com", "type Desktop app"), ("outlook.office365.com", "http://localhost")],
)
def test_who_adds_an_account_that_takes_no_passwords_goes_on_to_authorise_it(
    hato: Hato, host: str, step: str
) -> None:
    where = ("--host", host, "--port", "995", "--tls", "implicit", "--oauth2")
    said = hato("account", "add", "ada@example.com", *where, typed="\n", status=1)
    assert "`hato account authorise ada@example.com`" in said.out
    assert step in said.err
    assert said.err.endswith("Client id: Say which client asks with --client-id ID.\n")
    (row,) = hato.json("account", "list")
    assert row["proof"] == "oauth2"


async def test_two_ways_at_once_are_a_wrong_usage(terminal: Terminal) -> None:
    said = await terminal.run("account", "authorise", PERSON, "--paste", "--device", status=2)
    assert said.startswith("--paste, --device: only one of them.")


async def test_an_issuer_that_nobody_knows_has_to_be_named(terminal: Terminal) -> None:
    said = await terminal.run("account", "authorise", PERSON, status=1)
    assert said.startswith(f"Hato does not know who gives tokens for {PERSON}")
