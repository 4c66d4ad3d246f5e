"""TLS towards servers of others: who passes, and why the others do not."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from hato.core.errors import InvalidInputError
from hato.net.certificate_names import _fits, is_for
from hato.net.dial import dial
from hato.net.dial_errors import ConnectionLostError, DialError, DialFault, Loss
from hato.net.dialled import Dialled, Patience
from hato.net.outgoing_tls import Trust
from tests.unit.net.raw_server import Authority, raw_server, silence


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"hello\r\n")
    while data := await reader.read(65_536):
        writer.write(data)


async def fault_of(
    tls: ssl.SSLContext | None, trust: Trust, pinned: bytes | None = None
) -> DialError:
    """Dial a server, and return why it did not pass; it must have heard nothing from us."""
    heard = bytearray()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.extend(await reader.read(65_536))

    async with raw_server(listen if tls else greet, tls) as port:
        with pytest.raises(DialError) as caught:
            await dial("localhost", port, trust=trust, pinned_sha256=pinned)
    assert heard == b""
    return caught.value


async def test_a_server_with_a_sound_certificate_passes(authority: Authority) -> None:
    async with raw_server(greet, authority.server()) as port:
        dialled = await dial("localhost", port, trust=authority.trust)
        assert await dialled.read() == b"hello\r\n"
        await dialled.write([b"x" * 100_000])
        got = b""
        while len(got) < 100_000:
            got += await dialled.read()
        dialled.close()
    assert got == b"x" * 100_000
    assert dialled.tls is not None
    assert dialled.tls.version == "TLSv1.3"
    assert dialled.tls.server_name == "localhost"
    assert dialled.channel_binding is not None
    assert len(dialled.channel_binding) == 32


async def test_an_address_passes_where_it_is_certified(authority: Authority) -> None:
    async with raw_server(greet, authority.server("127.0.0.1")) as port:
        dialled = await dial("127.0.0.1", port, trust=authority.trust)
        dialled.close()
    assert dialled.certificate is not None


async def test_tls_1_2_passes_without_a_channel_binding(authority: Authority) -> None:
    tls = authority.server()
    tls.maximum_version = ssl.TLSVersion.TLSv1_2
    async with raw_server(greet, tls) as port:
        dialled = await dial("localhost", port, trust=authority.trust)
        assert await dialled.read() == b"hello\r\n"
        dialled.close()
    assert dialled.channel_binding is None


@pytest.mark.parametrize(
    ("days", "fault"),
    [
        ((-10, -1), DialFault.CERTIFICATE_EXPIRED),
        ((1, 10), DialFault.CERTIFICATE_NOT_YET_VALID),
    ],
)
async def test_a_certificate_has_its_time(
    authority: Authority, days: tuple[int, int], fault: DialFault
) -> None:
    refused = await fault_of(authority.server(days=days), authority.trust)
    assert refused.fault is fault
    assert refused.certificate is not None


async def test_a_certificate_for_another_name_says_for_which(authority: Authority) -> None:
    refused = await fault_of(authority.server("mail.example", "127.0.0.1"), authority.trust)
    assert refused.fault is DialFault.CERTIFICATE_OF_OTHER_NAME
    assert refused.detail == "mail.example, 127.0.0.1"


async def test_an_unknown_authority_is_not_believed(authority: Authority, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    refused = await fault_of(authority.server(), Authority(tmp_path / "other").trust)
    assert refused.fault is DialFault.CERTIFICATE_OF_UNKNOWN_AUTHORITY


async def test_the_system_does_not_know_an_authority_of_ours(authority: Authority) -> None:
    refused = await fault_of(authority.server(), Trust())
    assert refused.fault is DialFault.CERTIFICATE_OF_UNKNOWN_AUTHORITY


def self_signed(folder: Path) -> ssl.SSLContext:
    """A root that serves by itself."""
    root = trustme.CA()
    root.cert_pem.write_to_path(str(folder / "own.pem"))
    root.private_key_pem.write_to_path(str(folder / "own.key"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "own.pem", folder / "own.key")
    return context


async def test_a_self_signed_certificate_is_not_believed(
    authority: Authority, tmp_path: Path
) -> None:
    refused = await fault_of(self_signed(tmp_path), authority.trust)
    assert refused.fault is DialFault.CERTIFICATE_SELF_SIGNED


async def test_a_pinned_certificate_is_believed_and_no_other(
    authority: Authority, tmp_path: Path
) -> None:
    tls = self_signed(tmp_path)
    certificate = x509.load_pem_x509_certificate((tmp_path / "own.pem").read_bytes())
    pinned = certificate.fingerprint(SHA256())
    async with raw_server(greet, tls) as port:
        dialled = await dial("localhost", port, trust=authority.trust, pinned_sha256=pinned)
        assert await dialled.read() == b"hello\r\n"
        dialled.close()
    refused = await fault_of(authority.server(), authority.trust, pinned)
    assert refused.fault is DialFault.CERTIFICATE_NOT_PINNED


async def test_a_server_without_tls_is_told_from_a_broken_one(authority: Authority) -> None:
    assert (await fault_of(None, authority.trust)).fault is DialFault.NO_TLS


async def test_a_server_that_leaves_during_the_handshake_fails_it(authority: Authority) -> None:
    async def leave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)

    async with raw_server(leave) as port:
        with pytest.raises(DialError) as caught:
            await dial("localhost", port, trust=authority.trust)
    assert caught.value.fault is DialFault.TLS_FAILED


async def test_a_server_that_is_silent_during_the_handshake_is_given_up(
    authority: Authority,
) -> None:
    async with raw_server(silence) as port:
        with pytest.raises(DialError) as caught:
            await dial(
                "localhost", port, trust=authority.trust, patience=Patience(dial_seconds=0.05)
            )
    assert caught.value.fault is DialFault.TIMED_OUT


async def test_a_server_that_has_nothing_but_old_tls_is_told_so(authority: Authority) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65_536)
        writer.write(b"\x15\x03\x01\x00\x02\x02\x46")  # alert: protocol_version
        await writer.drain()
        await reader.read(65_536)

    async with raw_server(refuse) as port:
        with pytest.raises(DialError) as caught:
            await dial("localhost", port, trust=authority.trust)
    assert caught.value.fault is DialFault.OLD_TLS


async def dial_and_upgrade(port: int, trust: Trust) -> Dialled:
    dialled = await dial("localhost", port)
    assert await dialled.read() == b"clear\r\n"
    await dialled.write([b"tls please\r\n"])
    assert await dialled.read() == b"go\r\n"
    await dialled.start_tls(trust)
    return dialled


async def test_a_connection_is_upgraded(authority: Authority) -> None:
    tls = authority.server()

    async def upgrade(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"clear\r\n")
        assert await reader.readline() == b"tls please\r\n"
        writer.write(b"go\r\n")
        await writer.start_tls(tls)
        writer.write(b"secret\r\n")
        await writer.drain()
        await reader.read()

    async with raw_server(upgrade) as port:
        dialled = await dial_and_upgrade(port, authority.trust)
        assert await dialled.read() == b"secret\r\n"
        dialled.close()


async def test_words_in_clear_before_the_handshake_never_count_as_tls(
    authority: Authority,
) -> None:
    async def inject(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"clear\r\n")
        await reader.readline()
        writer.write(b"go\r\n")
        await reader.read(1)
        writer.write(b"+OK injected\r\n")
        await writer.drain()
        await reader.read()

    async with raw_server(inject) as port:
        with pytest.raises(DialError) as caught:
            await dial_and_upgrade(port, authority.trust)
    assert caught.value.fault is DialFault.NO_TLS


async def test_what_is_meddled_with_in_tls_is_noticed(authority: Authority) -> None:
    """A relay turns one bit of the server's first record after the handshake."""

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)

        async def carry(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
            while data := await source.read(65_536):
                if data.startswith(b"\x17\x03") and target is writer:
                    data = data[:-1] + bytes([data[-1] ^ 1])
                target.write(data)

        try:
            await asyncio.gather(carry(reader, inner_writer), carry(inner_reader, writer))
        finally:
            inner_writer.transport.abort()

    async def wait_and_greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        await greet(reader, writer)

    tls = authority.server()
    tls.num_tickets = 0
    async with raw_server(wait_and_greet, tls) as port, raw_server(relay) as relay_port:
        dialled = await dial("localhost", relay_port, trust=authority.trust)
        await dialled.write([b"go\r\n"])
        with pytest.raises(ConnectionLostError) as caught:
            await dialled.read()
        dialled.close()
    assert caught.value.loss is Loss.TLS_BROKEN


def test_a_file_that_has_no_authorities_is_told(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("nothing")
    for name in ("empty.pem", "missing.pem"):
        with pytest.raises(InvalidInputError, match="cannot be used"):
            Trust(str(tmp_path / name))


@pytest.mark.parametrize(
    ("certified", "host", "is_match"),
    [
        ("mail.example.org", "MAIL.example.org.", True),
        ("*.example.org", "mail.example.org", True),
        ("*.example.org", "example.org", False),
        ("*.example.org", "a.mail.example.org", False),
        ("*.example.org", ".example.org", False),
        ("*.org", "example.org", False),
        ("127.0.0.1", "127.0.0.1", True),
        ("127.0.0.1", "127.0.0.2", False),
        ("::1", "0:0:0:0:0:0:0:1", True),
    ],
)
def test_a_wildcard_stands_for_one_label(certified: str, host: str, is_match: bool) -> None:
    issued = trustme.CA().issue_cert(certified)
    certificate = x509.load_pem_x509_certificate(issued.cert_chain_pems[0].bytes())
    assert is_for(certificate, host) is is_match


def test_a_star_within_a_label_is_no_wildcard() -> None:
    assert not _fits(["m*", "example", "org"], ["mail", "example", "org"])
    assert not _fits(["mail", "*", "org"], ["mail", "example", "org"])
