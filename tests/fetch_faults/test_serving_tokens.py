"""A server that fetches by token: renewed by itself, over for good, or with nobody to renew it."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from hato.core.clock import SystemClock
from hato.core.secret import Secret
from hato.services.auth.secret_key import read_secret_key
from hato.services.auth.vault import Vault
from hato.services.oauth.tokens import Tokens, read_tokens
from hato.services.sources.sources import Sources
from tests.fetch_faults.collector import OWNER, Collector
from tests.fetch_faults.hurried import WRAPPER
from tests.fetch_faults.watching import await_that, health
from tests.fetching.maildrop import Maildrop, Session, letter
from tests.fetching.provider import Provider
from tests.system.fixtures import ONLY_LINUX
from tests.system.server_process import HATO
from tests.unit.oauth.issuer_server import (
    CLIENT_ID,
    PERSON,
    Answer,
    IssuerServer,
    browse,
    refusal,
)

pytestmark = [pytest.mark.faults, pytest.mark.slow, ONLY_LINUX]

SOON_OVER = {"expires_in": 60}
"""A token that lasts a minute is due at once: it would not be sure to last for a poll."""
_TOKEN = re.compile(rb"\x01auth=Bearer ([^\x01]+)\x01\x01$")


class House:
    """An issuer, a provider that believes its tokens, and a Hato that was authorised."""

    def __init__(self, folder: Path, issuer: IssuerServer) -> None:
        self.issuer = issuer
        self.collector = Collector(folder)
        self.collector.hato.wrapper = WRAPPER
        self.logins: list[str] = []
        """The tokens that came, in order."""
        self.drop = Maildrop(
            {"uid-1": letter("first")},
            {"AUTH": self._judge},
            capabilities="SASL_XOAUTH2 UIDL TOP",
        )

    def _judge(self, session: Session, mechanism: str) -> bytes:
        """Take a token that the issuer gave, in two lines, as Exchange does."""
        assert mechanism == "XOAUTH2"
        session.peer.say(b"+ \r\n")
        found = _TOKEN.search(base64.b64decode(session.peer.hear_line()))
        assert found is not None
        token = found[1].decode()
        self.logins.append(token)
        if token in self.issuer.access_tokens:
            return b"+OK\r\n"
        session.peer.say(b"+ " + base64.b64encode(b'{"status":"invalid_token"}') + b"\r\n")
        session.peer.hear_line()
        return b"-ERR [AUTH] no\r\n"

    async def add_account(self, port: int) -> None:
        """Add it and authorise it, as a person does with her browser."""
        hato = self.collector.hato
        await asyncio.to_thread(
            hato.run,
            *("account", "add", PERSON, "--owner", OWNER.address, "--oauth2"),
            *("--protocol", "pop3", "--host", "localhost", "--port", str(port)),
            *("--tls", "implicit", "--ca-file", str(hato.certificates.authority_file), "--keep"),
        )
        process = await asyncio.create_subprocess_exec(
            *(HATO, "--config", str(hato.config_file), "account", "authorise", PERSON),
            *("--issuer", self.issuer.issuer, "--ca-file", self.issuer.ca_file),
            *("--client-id", CLIENT_ID),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
        )
        assert process.stdout is not None
        await browse((await process.stdout.readline()).decode().strip(), self.issuer.ca_file)
        assert await process.wait() == 0
        await asyncio.to_thread(self.collector.set_poll_seconds, 1)

    async def tokens(self) -> Tokens:
        """Return what is kept in the vault."""
        async with self.collector.account() as account:
            sources = Sources(
                account, Vault(read_secret_key(self.collector.data_folder)), SystemClock()
            )
            (source,) = await sources.all()
            return read_tokens(await sources.secret(source))

    async def await_that(self, holds: Callable[[], bool], what: str) -> None:
        """Wait for what the server does by itself, while the issuer goes on."""
        await asyncio.to_thread(await_that, holds, what, self.collector)

    def health(self) -> dict[str, Any]:
        return health(self.collector)

    def asked(self) -> int:
        """Count how often a token was asked for."""
        return len(self.issuer.requests_to("/token"))

    def is_here(self, count: int) -> bool:
        return self.collector.count_letters() == count


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with IssuerServer(tmp_path).serving() as issuer:
        found = await asyncio.to_thread(House, tmp_path / "here", issuer)
        tls = found.collector.hato.certificates.server_context()
        with contextlib.closing(Provider(found.drop, tls)) as provider:
            issuer.token_extras = dict(SOON_OVER)
            await found.add_account(provider.port)
            yield found
            if found.collector.hato.runs:
                await asyncio.to_thread(found.collector.hato.kill)
    log = found.collector.hato.log()
    assert "Traceback" not in log
    for token in (*found.logins, *issuer.access_tokens, *issuer.refresh_tokens):
        assert token not in log


async def test_a_token_is_renewed_between_two_polls_and_kept(house: House) -> None:
    first = await house.tokens()
    await asyncio.to_thread(house.collector.hato.start)
    await house.await_that(lambda: house.is_here(1), "the first letter")
    house.issuer.token_extras = {}
    polls = len(house.logins)
    await house.await_that(lambda: len(house.logins) > polls + 2, "polls with a lasting token")
    kept = await house.tokens()
    assert kept.access_token == Secret(house.logins[-1])
    assert kept.access_token != first.access_token
    assert kept.refresh_token.reveal().decode() in house.issuer.refresh_tokens
    asked = house.asked()
    house.drop.letters["uid-2"] = letter("second")
    await house.await_that(lambda: house.is_here(2), "the second letter")
    assert house.asked() == asked
    assert house.health()["state"] == "fine"


async def test_an_authorisation_that_is_over_is_told_once_and_not_tried_again(
    house: House,
) -> None:
    house.issuer.overrides["/token"] = refusal("invalid_grant", "revoked")
    asked = house.asked()
    await asyncio.to_thread(house.collector.hato.start)
    await house.await_that(lambda: bool(house.health()), "what is wrong")
    told = house.health()
    assert told["state"] == "needs-you"
    assert f"run `hato account authorise {PERSON}`" in told["en"]
    # Another source is polled meanwhile, again and again: time goes on, and nobody asks.
    with Provider(Maildrop({"uid-9": letter("other")})) as other:
        await asyncio.to_thread(add_other, house.collector, other.port)
        await house.await_that(lambda: other.connections > 3, "polls of another source")
    assert (house.asked(), house.logins) == (asked + 1, [])
    assert house.collector.hato.log().count('"code":"authorise-again"') == 1


def add_other(collector: Collector, port: int) -> None:
    """Add a source that is fine."""
    collector.hato.run(
        *("account", "add", "other@provider.example", "--owner", OWNER.address),
        *("--protocol", "pop3", "--host", "127.0.0.1", "--port", str(port), "--tls", "none"),
        *("--login", "ada@provider.example", "--password-stdin", "--keep"),
        standard_input=b"S3cretPassw0rd\n",
    )
    collector.set_poll_seconds(1)


async def test_an_issuer_that_is_away_is_asked_again_later(house: House) -> None:
    house.issuer.overrides["/token"] = Answer(503, b"back soon")
    await asyncio.to_thread(house.collector.hato.start)
    await house.await_that(lambda: bool(house.health()), "what is wrong")
    assert house.health()["state"] == "failing"
    asked = house.asked()
    await house.await_that(lambda: house.asked() > asked, "another question")
    assert house.logins == []
    del house.issuer.overrides["/token"]
    await house.await_that(lambda: house.is_here(1), "the letter")
    await house.await_that(lambda: house.health()["state"] == "fine", "the end of the trouble")
