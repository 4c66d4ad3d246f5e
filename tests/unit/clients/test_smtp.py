"""The SMTP client over real connections: what it asks, believes, and makes of refusals."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hato.clients.errors import (
    BusyError,
    NoLoginMethodError,
    NonsenseError,
    RefusedForGoodError,
    TlsRefusedError,
    TurnedAwayError,
    WrongCredentialsError,
)
from hato.clients.login import Identity
from hato.clients.server import MailServer, Security
from hato.clients.smtp import SmtpClient, connect
from hato.core.errors import HatoError
from hato.core.secret import Secret
from hato.net.dial_errors import ConnectionLostError
from hato.net.dialled import Patience
from hato.protocols.smtp.commands import Mail
from tests.unit.clients.smtp_sink import NAME, PASSWORD, Sink
from tests.unit.net.raw_server import Authority, raw_server

MAIL = Mail(NAME)
RIGHT = Identity(NAME, Secret(PASSWORD))
QUICK = Patience(dial_seconds=5, login_seconds=5, idle_seconds=0.05, total_seconds=5)


@pytest.fixture(name="authority")
def made_authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@contextlib.asynccontextmanager
async def visit(
    sink: Sink, authority: Authority, *, is_encrypted: bool = True, patience: Patience | None = None
) -> AsyncIterator[SmtpClient]:
    tls = authority.server() if is_encrypted else None
    security = Security.IMPLICIT_TLS if is_encrypted else Security.NONE
    async with raw_server(sink, tls) as port:
        server = MailServer("localhost", port, security)
        client = await connect(server, authority.trust, patience=patience or Patience())
        try:
            yield client
        finally:
            client.close()


async def test_a_letter_is_handed_over_under_tls(authority: Authority) -> None:
    sink = Sink()
    async with visit(sink, authority) as client:
        assert await client.log_in(RIGHT) == "PLAIN"
        offer = await client.offer(MAIL, ["bob@example.net", "eve@example.net"])
        assert offer.has_takers
        assert (await client.begin_letter()).code == 354
        await client.send_octets(b"Subject: x\r\n\r\n.dot\r\n", [14])
        assert (await client.end_letter()).words == "250 2.0.0 taken"
        await client.quit()
    (taken,) = sink.taken
    assert taken == (NAME, ("bob@example.net", "eve@example.net"), b"Subject: x\r\n\r\n.dot\r\n")


async def test_each_recipient_has_an_answer_of_her_own(authority: Authority) -> None:
    sink = Sink({"RCPT TO:<no@example.net>": b"550 5.1.1 no such user\r\n"})
    names = [f"a{n}@example.net" for n in range(250)]
    async with visit(sink, authority) as client:
        offer = await client.offer(MAIL, [*names, "no@example.net"])
        assert offer.recipients["no@example.net"].words == "550 5.1.1 no such user"
        assert [offer.recipients[name].code for name in names] == [250] * 250


async def test_without_pipelining_recipients_are_asked_one_by_one(authority: Authority) -> None:
    sink = Sink({"MAIL": b"550 5.7.1 not you\r\n"}, extensions="SIZE_1000")
    async with visit(sink, authority) as client:
        offer = await client.offer(MAIL, ["bob@example.net"])
        assert (offer.has_takers, offer.recipients) == (False, {})
    assert not sink.has_heard("RCPT")


async def test_a_wrong_password_is_tried_once(authority: Authority) -> None:
    sink = Sink(extensions="AUTH_PLAIN_LOGIN")
    async with visit(sink, authority) as client:
        with pytest.raises(WrongCredentialsError):
            await client.log_in(Identity(NAME, Secret("wrong")))
    assert sum(line.startswith("AUTH") for line in sink.heard) == 1


@pytest.mark.parametrize(
    ("answers", "extensions", "error"),
    [
        ({"AUTH": b"454 4.7.0 later\r\n"}, "AUTH_PLAIN", BusyError),
        ({"AUTH": b"535 5.7.8 no\r\n"}, "AUTH_PLAIN", WrongCredentialsError),
        ({"AUTH": b"504 5.5.4 what?\r\n"}, "AUTH_PLAIN", NoLoginMethodError),
        ({}, "AUTH_GSSAPI", NoLoginMethodError),
        ({}, "SIZE", NoLoginMethodError),
        ({"AUTH": None}, "AUTH_PLAIN", ConnectionLostError),
        ({"AUTH": b"what\r\n"}, "AUTH_PLAIN", NonsenseError),
    ],
)
async def test_logins_that_fail(
    authority: Authority,
    answers: dict[str, bytes | None],
    extensions: str,
    error: type[HatoError],
) -> None:
    sink = Sink(answers, extensions=extensions)
    async with visit(sink, authority) as client:
        with pytest.raises(error):
            await client.log_in(Identity(NAME, Secret("wrong")))


async def test_a_password_that_the_server_repeats_is_not_kept(authority: Authority) -> None:
    sink = Sink({"AUTH": b"535 5.7.8 wrong password: hunter2 is wrong\r\n"})
    async with visit(sink, authority) as client:
        with pytest.raises(WrongCredentialsError) as caught:
            await client.log_in(Identity(NAME, Secret("hunter2")))
        assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("greeting", "answers", "error"),
    [
        (b"554 5.7.1 go away\r\n", {}, TurnedAwayError),
        (b"421 4.3.2 too busy\r\n", {}, BusyError),
        (None, {}, ConnectionLostError),
        (b"+OK POP3\r\n", {}, NonsenseError),
        (b"220 x\r\n", {"EHLO": b"502 5.5.1 only HELO here\r\n"}, RefusedForGoodError),
        (b"220 x\r\n", {"EHLO": b"451 4.3.0 later\r\n"}, BusyError),
    ],
)
async def test_openings_that_fail(
    authority: Authority,
    greeting: bytes | None,
    answers: dict[str, bytes | None],
    error: type[HatoError],
) -> None:
    visiting = visit(Sink(answers, greeting=greeting), authority)
    with pytest.raises(error):
        await visiting.__aenter__()


@pytest.mark.parametrize("extensions", ["AUTH_PLAIN", "AUTH_PLAIN STARTTLS"])
async def test_no_password_without_the_tls_that_is_required(
    authority: Authority, extensions: str
) -> None:
    """A server, or somebody in between, that takes STARTTLS away or refuses it."""
    sink = Sink({"STARTTLS": b"454 4.7.0 not now\r\n"}, extensions=extensions)
    async with raw_server(sink) as port:
        server = MailServer("localhost", port, Security.STARTTLS)
        with pytest.raises(TlsRefusedError):
            await connect(server, authority.trust)
    assert not sink.has_heard("AUTH")


async def test_a_server_that_falls_silent_is_left(authority: Authority) -> None:
    sink = Sink({"MAIL": b""})
    async with visit(sink, authority, patience=QUICK) as client:
        with pytest.raises(ConnectionLostError):
            await client.offer(MAIL, ["bob@example.net"])
