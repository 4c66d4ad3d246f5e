"""Looking at ports: what they offer before and under TLS, whatever is wrong with them."""

from __future__ import annotations

import asyncio
import datetime as dt
import ssl
from pathlib import Path

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from hato.net.dial_errors import ConnectionLostError, DialError, DialFault
from hato.net.dialled import Patience
from hato.net.outgoing_tls import Trust
from hato.protocols.opening import OpeningFault, Upgrade
from hato.services.settings_finder.candidate import Protocol, TlsMode
from hato.services.settings_finder.port_detection import detect
from hato.services.settings_finder.probe import PortReport, look_at
from hato.services.settings_finder.service_records import Probe
from tests.unit.net.raw_server import Authority, Behaviour, drip, raw_server, silence
from tests.unit.settings_finder.mail_servers import MailServer
from tests.unit.settings_finder.name_server import outside_here

QUICK = Patience(dial_seconds=2, login_seconds=2, idle_seconds=0.2, total_seconds=1)
LOGINS = {
    Protocol.POP3: (("STLS",), ("USER", "SASL PLAIN SCRAM-SHA-256")),
    Protocol.IMAP: (("STARTTLS", "LOGINDISABLED"), ("AUTH=PLAIN", "AUTH=SCRAM-SHA-256")),
    Protocol.SUBMISSION: (("STARTTLS",), ("AUTH PLAIN SCRAM-SHA-256",)),
}
EVERY = pytest.mark.parametrize("protocol", list(Protocol))


async def look(
    server: Behaviour,
    trust: Trust,
    protocol: Protocol = Protocol.POP3,
    mode: TlsMode = TlsMode.STARTTLS,
    context: ssl.SSLContext | None = None,
) -> PortReport:
    async with raw_server(server, context) as port:
        probe = Probe(port, protocol, mode)
        return await look_at(
            "localhost", probe, outside=outside_here(), trust=trust, patience=QUICK
        )


@EVERY
async def test_starttls_is_agreed_and_asked_again_under_it(
    tmp_path: Path, protocol: Protocol
) -> None:
    authority = Authority(tmp_path)
    before, after = LOGINS[protocol]
    server = MailServer(protocol, before, after, upgrade=authority.server())
    report = await look(server, authority.trust, protocol)
    assert report.is_open
    assert report.is_trusted
    assert report.facts is not None
    assert report.facts.version == "TLSv1.3"
    assert report.opening.upgrade is Upgrade.AGREED
    assert report.opening.offers_tls
    assert report.methods_in_clear == ()
    assert {"PLAIN", "SCRAM-SHA-256"} <= set(report.methods)
    assert report.error is None


@EVERY
async def test_tls_from_the_start(tmp_path: Path, protocol: Protocol) -> None:
    authority = Authority(tmp_path)
    server = MailServer(protocol, after=LOGINS[protocol][1])
    report = await look(server, authority.trust, protocol, TlsMode.IMPLICIT, authority.server())
    assert report.is_trusted
    assert report.opening.upgrade is Upgrade.NOT_NEEDED
    assert report.opening.before is None
    assert "PLAIN" in report.methods


@EVERY
async def test_no_name_and_no_login_is_ever_said(tmp_path: Path, protocol: Protocol) -> None:
    authority = Authority(tmp_path)
    before, after = LOGINS[protocol]
    server = MailServer(protocol, before, after, upgrade=authority.server())
    await look(server, authority.trust, protocol)
    verbs = {line.removeprefix("hato ").split()[0] for line in server.heard}
    assert verbs <= {"CAPA", "CAPABILITY", "EHLO", "STLS", "STARTTLS", "QUIT", "LOGOUT"}


@EVERY
async def test_a_server_without_tls(tmp_path: Path, protocol: Protocol) -> None:
    words = {Protocol.POP3: "USER", Protocol.IMAP: "AUTH=PLAIN", Protocol.SUBMISSION: "AUTH PLAIN"}
    server = MailServer(protocol, (words[protocol],))
    report = await look(server, Authority(tmp_path).trust, protocol)
    assert report.opening.upgrade is Upgrade.REFUSED
    assert not report.opening.offers_tls
    assert report.methods_in_clear
    assert report.methods == ()


@EVERY
async def test_an_offer_that_was_hidden_on_the_way_is_noticed(
    tmp_path: Path, protocol: Protocol
) -> None:
    authority = Authority(tmp_path)
    server = MailServer(protocol, ("X",), LOGINS[protocol][1], upgrade=authority.server())
    report = await look(server, authority.trust, protocol)
    assert report.opening.upgrade is Upgrade.AGREED
    assert not report.opening.offers_tls
    assert report.is_trusted


@EVERY
async def test_words_put_in_before_tls_end_it(tmp_path: Path, protocol: Protocol) -> None:
    authority = Authority(tmp_path)
    before, after = LOGINS[protocol]
    injected = {
        Protocol.POP3: ("STLS", b"+OK begin\r\n+OK injected\r\n"),
        Protocol.IMAP: ("hato STARTTLS", b"hato OK begin\r\n* OK injected\r\n"),
        Protocol.SUBMISSION: ("STARTTLS", b"220 begin\r\n250 injected\r\n"),
    }
    line, octets = injected[protocol]
    server = MailServer(protocol, before, after, answers={line: octets})
    report = await look(server, authority.trust, protocol)
    assert report.opening.upgrade is Upgrade.INJECTED
    assert server.heard[-1] == line
    assert report.facts is None


Days = tuple[int, int]
CERTIFICATES: dict[DialFault, tuple[str, Days]] = {
    DialFault.CERTIFICATE_OF_OTHER_NAME: ("other.example.org", (-1, 1)),
    DialFault.CERTIFICATE_EXPIRED: ("localhost", (-20, -10)),
    DialFault.CERTIFICATE_NOT_YET_VALID: ("localhost", (10, 20)),
}


@pytest.mark.parametrize("fault", CERTIFICATES)
@pytest.mark.parametrize("mode", [TlsMode.IMPLICIT, TlsMode.STARTTLS])
async def test_behind_a_wrong_certificate_the_rest_is_seen_all_the_same(
    tmp_path: Path, fault: DialFault, mode: TlsMode
) -> None:
    authority = Authority(tmp_path)
    name, days = CERTIFICATES[fault]
    context = authority.server(name, days=days)
    server = MailServer(Protocol.POP3, *LOGINS[Protocol.POP3], upgrade=context)
    is_implicit = mode is TlsMode.IMPLICIT
    report = await look(
        server, authority.trust, mode=mode, context=context if is_implicit else None
    )
    assert report.certificate is not None
    assert report.certificate.fault is fault
    assert not report.is_trusted
    assert report.facts is not None
    assert "PLAIN" in report.methods


async def test_an_unknown_authority(tmp_path: Path) -> None:
    stranger = tmp_path / "stranger"
    stranger.mkdir()
    server = MailServer(Protocol.POP3, after=LOGINS[Protocol.POP3][1])
    report = await look(
        server,
        Authority(tmp_path).trust,
        mode=TlsMode.IMPLICIT,
        context=Authority(stranger).server(),
    )
    assert report.certificate is not None
    assert report.certificate.fault is DialFault.CERTIFICATE_OF_UNKNOWN_AUTHORITY
    assert report.certificate.names == ("localhost",)


def certified_by_common_name(folder: Path, authority: trustme.CA) -> ssl.SSLContext:
    """Return the context of a server whose certificate names it in the old way only."""
    key = ec.generate_private_key(ec.SECP256R1())
    issuer_key = serialization.load_pem_private_key(authority.private_key_pem.bytes(), None)
    issuer = x509.load_pem_x509_certificate(authority.cert_pem.bytes())
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")]))
        .issuer_name(issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .sign(issuer_key, hashes.SHA256())  # type: ignore[arg-type]  # trustme's keys can sign
    )
    pem, kind = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    file = folder / "common-name.pem"
    file.write_bytes(
        key.private_bytes(pem, kind, serialization.NoEncryption()) + certificate.public_bytes(pem)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


async def test_a_name_that_stands_in_the_common_name_only(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    report = await look(
        MailServer(Protocol.POP3, after=LOGINS[Protocol.POP3][1]),
        Trust(str(tmp_path / "authority.pem")),
        mode=TlsMode.IMPLICIT,
        context=certified_by_common_name(tmp_path, authority),
    )
    assert report.certificate is not None
    assert report.certificate.fault is DialFault.CERTIFICATE_OF_OTHER_NAME
    assert (report.certificate.names, report.certificate.common_name) == ((), "localhost")


async def test_only_outdated_tls(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    context = authority.server()
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    report = await look(silence, authority.trust, mode=TlsMode.IMPLICIT, context=context)
    assert isinstance(report.error, DialError)
    assert report.error.fault in (DialFault.OLD_TLS, DialFault.TLS_FAILED)


async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while not writer.is_closing():
        writer.write(b"+" * 65_536)
        await writer.drain()


async def rows(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while not writer.is_closing():
        writer.write(b"+OK\r\n* OK more\r\n220-more\r\n" * 1_000)
        await writer.drain()


async def more(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"* OK\r\n")
    while not writer.is_closing():
        writer.write(b"* OK more\r\n" * 1_000)
        await writer.drain()


async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()
    await writer.wait_closed()


@EVERY
@pytest.mark.parametrize("behaviour", [flood, drip, silence, hang_up, rows, more])
@pytest.mark.parametrize("mode", [TlsMode.IMPLICIT, TlsMode.STARTTLS])
async def test_hostile_servers_cost_no_more_than_their_limit(
    tmp_path: Path, protocol: Protocol, behaviour: Behaviour, mode: TlsMode
) -> None:
    authority = Authority(tmp_path)
    context = authority.server() if mode is TlsMode.IMPLICIT else None
    async with asyncio.timeout(5):
        report = await look(behaviour, authority.trust, protocol, mode, context)
    assert report.is_open
    assert report.error is not None or report.opening.fault is not None
    assert report.methods == ()


@pytest.mark.parametrize(
    ("protocol", "greeting", "fault"),
    [
        (Protocol.POP3, b"220 smtp.example.org\r\n", OpeningFault.OTHER_PROTOCOL),
        (Protocol.IMAP, b"+OK pop\r\n", OpeningFault.OTHER_PROTOCOL),
        (Protocol.SUBMISSION, b"* OK imap\r\n", OpeningFault.OTHER_PROTOCOL),
        (Protocol.POP3, b"-ERR [SYS/TEMP] later\r\n", OpeningFault.TURNED_AWAY),
        (Protocol.POP3, b"-ERR go away\r\n", OpeningFault.TURNED_AWAY),
        (Protocol.IMAP, b"* BYE go away\r\n", OpeningFault.TURNED_AWAY),
        (Protocol.SUBMISSION, b"421 go away\r\n", OpeningFault.TURNED_AWAY),
        (Protocol.IMAP, b"\x16\x03\x01\x00", OpeningFault.SPEAKS_TLS),
        (Protocol.POP3, b"\x16\x03\x01\x00", OpeningFault.SPEAKS_TLS),
    ],
)
async def test_odd_greetings(
    tmp_path: Path, protocol: Protocol, greeting: bytes, fault: OpeningFault
) -> None:
    server = MailServer(protocol, greeting=greeting)
    report = await look(server, Authority(tmp_path).trust, protocol)
    assert report.opening.fault is fault


async def test_what_a_server_says_cannot_steer_a_terminal(tmp_path: Path) -> None:
    server = MailServer(Protocol.IMAP, greeting=b"* BYE \x1b[2Jgone\x07\r\n")
    report = await look(server, Authority(tmp_path).trust, Protocol.IMAP)
    assert (report.opening.words + report.opening.greeting).isprintable()


async def test_a_closed_port(tmp_path: Path) -> None:
    report = await look_at(
        "127.0.0.1",
        Probe(1, Protocol.POP3, TlsMode.IMPLICIT),
        outside=outside_here(),
        trust=Authority(tmp_path).trust,
    )
    assert not report.is_open
    assert isinstance(report.error, DialError)
    assert report.error.fault is DialFault.REFUSED


async def test_a_discovered_host_in_a_private_network_is_not_reached(tmp_path: Path) -> None:
    where = Probe(995, Protocol.POP3, TlsMode.IMPLICIT)
    report = await look_at(
        "10.0.0.1", where, outside=outside_here(), trust=Authority(tmp_path).trust
    )
    assert isinstance(report.error, DialError)
    assert report.error.fault is DialFault.FORBIDDEN_ADDRESS


async def test_a_silent_server_is_lost_not_closed(tmp_path: Path) -> None:
    report = await look(silence, Authority(tmp_path).trust)
    assert isinstance(report.error, ConnectionLostError)


@EVERY
@pytest.mark.parametrize("is_implicit", [True, False])
async def test_an_unusual_port_is_known_by_listening(
    tmp_path: Path, protocol: Protocol, *, is_implicit: bool
) -> None:
    authority = Authority(tmp_path)
    context = authority.server("other.example.org") if is_implicit else None
    async with raw_server(MailServer(protocol), context) as port:
        probe = await detect(
            "localhost",
            port,
            outside=outside_here(),
            trust=authority.trust,
            may_reach=None,
            patience=QUICK,
        )
    mode = TlsMode.IMPLICIT if is_implicit else TlsMode.STARTTLS
    assert probe == Probe(port, protocol, mode)
