"""POP3 servers that are broken, slow or hostile: the client ends, and has said nothing secret."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from pathlib import Path

import pytest

from hato.clients.errors import NonsenseError, TlsRefusedError, WrongCredentialsError
from hato.clients.login import Identity
from hato.clients.pop3 import Pop3Client, connect
from hato.clients.pop3_letter import Letter
from hato.clients.server import MailServer, Security
from hato.core.errors import HatoError
from hato.core.ids import MessageNumber
from hato.core.secret import Secret
from hato.net.dial_errors import ConnectionLostError, DialError, DialFault, Loss
from hato.net.dialled import Patience
from hato.protocols.sasl.exchange import InitialResponse
from tests.unit.clients.provider import QUICK, STEADY, Script, top_of, visit
from tests.unit.net.raw_server import Authority, drip, raw_server, silence

ADA = Identity("ada", Secret("secret"))
ONE = MessageNumber(1)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(Path(tmp_path_factory.mktemp("authority")))


def saying(*pieces: bytes, stays: bool = True) -> Callable[..., Awaitable[None]]:
    """Return a server that says something whatever it is asked, then stays silent or leaves."""

    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        if stays:
            await silence(reader, writer)
        else:
            writer.close()
            await writer.wait_closed()

    return say


async def test_a_silent_server_is_given_up(authority: Authority) -> None:
    async with raw_server(silence) as port:
        with pytest.raises(ConnectionLostError) as caught:
            await visit(port, authority.trust, patience=QUICK)
    assert caught.value.loss is Loss.SILENT


async def test_a_greeting_that_drips_is_given_up(authority: Authority) -> None:
    server = Security.NONE
    patience = Patience(login_seconds=0.05, idle_seconds=5)
    async with raw_server(drip) as port:
        with pytest.raises(ConnectionLostError) as caught:
            await connect(MailServer("localhost", port, server), authority.trust, patience=patience)
    assert caught.value.loss is Loss.TOO_SLOW


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 400 Bad Request\r\n",
        b"220 mail.example ESMTP\r\n",
        b"+" * 100_000,
        b"\x15\x03\x01\x00\x02\x02\x46",
        b"+OK one\r\n+OK two\r\n",
        b"+OK\r\n+OK\r\n" + b"SASL PLAIN\r\n" * 1_000,
    ],
    ids=["http", "smtp", "endless line", "tls", "unasked", "endless capabilities"],
)
async def test_what_is_no_pop3_is_nonsense(authority: Authority, said: bytes) -> None:
    async with raw_server(saying(said)) as port:
        with pytest.raises(NonsenseError):
            await visit(port, authority.trust)


async def test_a_server_that_leaves_is_lost(authority: Authority) -> None:
    async with raw_server(saying(b"+OK\r\n", stays=False)) as port:
        with pytest.raises(ConnectionLostError) as caught:
            await visit(port, authority.trust)
    assert caught.value.loss is Loss.CLOSED


# STLS


async def require_tls(script: Script, authority: Authority) -> HatoError:
    """Connect with STLS required, and return what became of it; nothing secret may be heard."""
    async with raw_server(script) as port:
        with pytest.raises(HatoError) as caught:
            await visit(port, authority.trust, Security.STARTTLS)
    assert not any(line.startswith(("USER", "PASS", "AUTH", "APOP")) for line in script.heard)
    return caught.value


async def test_a_server_from_which_stls_was_stripped_is_refused(authority: Authority) -> None:
    script = Script(capabilities="USER SASL_PLAIN")
    assert isinstance(await require_tls(script, authority), TlsRefusedError)
    assert script.heard == ["CAPA"]


async def test_stls_is_tried_where_there_is_no_capa(authority: Authority) -> None:
    script = Script({"CAPA": b"-ERR unknown\r\n", "STLS": b"-ERR not today\r\n"})
    error = await require_tls(script, authority)
    assert isinstance(error, TlsRefusedError)
    assert error.words == "not today"


async def test_words_behind_the_yes_to_stls_end_it(authority: Authority) -> None:
    script = Script({"STLS": b"+OK go\r\n+OK injected\r\n"}, capabilities="STLS")
    error = await require_tls(script, authority)
    assert isinstance(error, NonsenseError)
    assert error.fault == "INJECTED"


async def test_clear_words_instead_of_the_handshake_end_it(authority: Authority) -> None:
    async def inject(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"+OK\r\n")
        await reader.readline()
        writer.write(b"+OK\r\nSTLS\r\n.\r\n")
        await reader.readline()
        writer.write(b"+OK\r\n")
        await reader.read(1)
        writer.write(b"+OK\r\nUSER\r\n.\r\n")
        await silence(reader, writer)

    async with raw_server(inject) as port:
        with pytest.raises(DialError) as caught:
            await visit(port, authority.trust, Security.STARTTLS)
    assert caught.value.fault is DialFault.NO_TLS


class Upgrading(Script):
    """A scripted server that really upgrades to TLS."""

    def __init__(self, tls: ssl.SSLContext, *, within: str) -> None:
        super().__init__({"STLS": b""}, capabilities="STLS USER")
        self.tls = tls
        self.within = within

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"+OK <1.2@mx>\r\n")
        while line := await reader.readline():
            if line == b"STLS\r\n":
                writer.write(b"+OK\r\n")
                await writer.start_tls(self.tls)
                self.greeting = b""
                self.answers["CAPA"] = f"+OK\r\n{self.within}\r\n.\r\n".encode()
                await super().__call__(reader, writer)
                return
            writer.write(self.answers[line.decode().rstrip()] or b"")


async def test_what_was_said_before_stls_is_forgotten(authority: Authority) -> None:
    script = Upgrading(authority.server(), within="SASL PLAIN")
    script.answers["AUTH"] = b"+OK\r\n"
    async with raw_server(script) as port:
        client = await visit(port, authority.trust, Security.STARTTLS)
        assert client.capabilities is not None
        assert client.capabilities.lines == ("SASL PLAIN",)
        assert await client.log_in(ADA) == "PLAIN"
        client.close()


@pytest.mark.parametrize(
    ("names", "days", "fault"),
    [
        (("other.example",), (-1, 1), DialFault.CERTIFICATE_OF_OTHER_NAME),
        (("localhost",), (-9, -1), DialFault.CERTIFICATE_EXPIRED),
    ],
)
async def test_a_wrong_certificate_hears_no_secret(
    authority: Authority, names: tuple[str, ...], days: tuple[int, int], fault: DialFault
) -> None:
    script = Upgrading(authority.server(*names, days=days), within="USER")
    async with raw_server(script) as port:
        with pytest.raises(DialError) as caught:
            await visit(port, authority.trust, Security.STARTTLS)
    assert caught.value.fault is fault
    assert script.heard == []


# Tokens


@pytest.mark.parametrize(
    ("initial", "lines"),
    [(InitialResponse.ALWAYS, 1), (InitialResponse.NEVER, 2)],
)
async def test_a_token_goes_in_one_line_or_two(
    authority: Authority, initial: InitialResponse, lines: int
) -> None:
    script = Script({"AUTH": b"+OK\r\n", "AUTH XOAUTH2": b"+ \r\n"}, capabilities="SASL_XOAUTH2")
    script.answers["dXNlcj1hZGEBYXV0aD1CZWFyZXIgdG9rZW4BAQ=="] = b"+OK\r\n"
    identity = Identity("ada", Secret("token"), is_token=True, initial=initial)
    async with raw_server(script, authority.server()) as port:
        client = await visit(port, authority.trust, Security.IMPLICIT_TLS)
        assert await client.log_in(identity) == "XOAUTH2"
        client.close()
    assert len(script.heard) == 1 + lines + 1


async def test_a_refused_token_says_why(authority: Authority) -> None:
    script = Script(
        {
            "AUTH": b"+ eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIn0=\r\n",
            "AQ==": b"-ERR [AUTH] no\r\n",
        },
        capabilities="SASL_OAUTHBEARER_XOAUTH2",
    )
    identity = Identity("ada", Secret("ya29.T0p"), is_token=True)
    async with raw_server(script, authority.server()) as port:
        client = await visit(port, authority.trust, Security.IMPLICIT_TLS)
        with pytest.raises(WrongCredentialsError, match="invalid_token"):
            await client.log_in(identity)
        client.close()


# After login


async def logged_in(port: int, authority: Authority, patience: Patience = STEADY) -> Pop3Client:
    client = await visit(port, authority.trust, patience=patience)
    await client.log_in(ADA)
    return client


async def test_an_endless_listing_is_given_up(authority: Authority) -> None:
    rows = b"".join(b"%d x%d\r\n" % (number, number) for number in range(1, 1_000_002))
    script = Script({"UIDL": b"+OK\r\n" + rows})
    async with raw_server(script) as port:
        client = await logged_in(port, authority)
        with pytest.raises(NonsenseError, match="TOO_MANY_ROWS"):
            await client.list_messages()
        client.close()


async def take_all(client: Pop3Client, wholes: list[Letter]) -> None:
    """Read a letter, and note it when it is whole."""
    async with aclosing(client.letters([ONE])) as letters:
        async for one in letters:
            async for _ in one.chunks():
                pass
            wholes.append(one)


BODY = b"+OK\r\nSubject: x\r\n\r\nline\r\n..dot\r\n.\r\n"


@pytest.mark.parametrize("octets", range(len(BODY)))
async def test_a_letter_that_is_cut_is_never_whole(authority: Authority, octets: int) -> None:
    script = Script({"CUT": b""})

    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"+OK\r\n")
        while line := await reader.readline():
            if line.startswith(b"RETR"):
                writer.write(BODY[:octets])
                return
            writer.write(script.answers[line.decode().split()[0]] or b"")

    async with raw_server(leaving(cut)) as port:
        client = await logged_in(port, authority)
        wholes: list[Letter] = []
        with pytest.raises(ConnectionLostError):
            await take_all(client, wholes)
        assert wholes == []
        with pytest.raises(ConnectionLostError):
            await client.list_messages()
        with pytest.raises(ConnectionLostError):
            await client.delete([ONE])
        client.close()


def leaving(behaviour: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """Return a server that says all it has to say before it leaves."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await behaviour(reader, writer)
        writer.close()
        await writer.wait_closed()

    return behave


async def test_a_letter_that_stalls_is_given_up(authority: Authority) -> None:
    script = Script({"RETR": BODY[:-3]})
    async with raw_server(script) as port:
        client = await logged_in(port, authority, QUICK)
        with pytest.raises(ConnectionLostError) as caught:
            await take_all(client, [])
        client.close()
    assert caught.value.loss is Loss.SILENT


async def test_a_server_that_says_goodbye_is_heard(authority: Authority) -> None:
    script = Script({"NOOP": b""})
    script.answers["PASS"] = b"+OK\r\n"
    script.answers["CAPA"] = b"-ERR no\r\n"
    async with raw_server(script) as port:
        client = await logged_in(port, authority)
        script.answers["UIDL"] = b"-ERR no\r\n-ERR idle for too long\r\n"
        with pytest.raises(ConnectionLostError) as caught:
            await client.list_messages()
        client.close()
    assert caught.value.loss is Loss.SAID_GOODBYE
    assert caught.value.detail == "idle for too long"


@pytest.mark.parametrize(
    ("capabilities", "ahead", "letters"), [("PIPELINING", 512, 1500), ("USER", 1, 100)]
)
async def test_commands_go_ahead_of_answers_only_where_that_is_offered(
    authority: Authority, capabilities: str, ahead: int, letters: int
) -> None:
    most = 0

    async def count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal most
        writer.write(b"+OK\r\n")
        while data := await reader.read(65_536):
            if data.startswith(b"CAPA"):
                writer.write(f"+OK\r\nUSER\r\n{capabilities}\r\n.\r\n".encode())
                continue
            most = max(most, data.count(b"\r\n"))
            writer.write(b"+OK\r\n" * data.count(b"\r\n"))

    async with raw_server(count) as port:
        client = await logged_in(port, authority)
        answers = await client.delete([MessageNumber(number) for number in range(1, letters + 1)])
        client.close()
    assert list(answers.values()) == [None] * letters
    assert most == ahead


async def test_an_endless_top_is_given_up(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hato.clients.pop3.MESSAGE_OCTETS", 100_000)
    script = Script({"TOP": b"+OK\r\n" + b"X: y\r\n" * 50_000})
    async with raw_server(script) as port:
        client = await logged_in(port, authority)
        with pytest.raises(NonsenseError):
            await top_of(client, ONE)
        client.close()


async def test_in_lock_step_the_next_question_leaves_before_the_answer_is_dealt_with(
    authority: Authority,
) -> None:
    asked: list[bytes] = []
    heard = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"+OK\r\n")
        while line := await reader.readline():
            asked.append(line)
            if line == b"RETR 2\r\n":
                heard.set()
            writer.write(BODY if line.startswith(b"RETR") else b"+OK\r\n")
            if line == b"CAPA\r\n":
                writer.write(b"USER\r\n.\r\n")

    async with raw_server(answer) as port:
        client = await logged_in(port, authority)
        async with aclosing(client.letters([ONE, MessageNumber(2)])) as letters:
            async for letter in letters:
                await letter.skip()
                await asyncio.wait_for(heard.wait(), 10)
        client.close()
    assert asked[-2:] == [b"RETR 1\r\n", b"RETR 2\r\n"]
