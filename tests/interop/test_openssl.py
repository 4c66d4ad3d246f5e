"""TLS as openssl sees it, and a conversation by hand through it.

RFC 8314 §3.3 (implicit TLS), RFC 2595 §4 (STLS), RFC 8996 §2 (no TLS before 1.2), RFC 6066 §3
(SNI).
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.interop.clients.account import IMPLICIT_TLS, STLS
from tests.interop.comparison import assert_equal
from tests.interop.conftest import Mailbox
from tests.interop.programs import ProgramError, needs, output_of, run
from tests.system.server_process import HOST_NAME, START_SECONDS, Certificates, HatoServer

pytestmark = [pytest.mark.interop, needs("openssl")]

each_service = pytest.mark.parametrize("service", [STLS, IMPLICIT_TLS])


def s_client(
    server: HatoServer, service: str, *options: str, authority_file: Path | None = None
) -> list[str]:
    """The command line of a client that verifies the certificate."""
    return [
        *("openssl", "s_client", "-connect", f"127.0.0.1:{server.addresses[service][1]}"),
        *("-CAfile", str(authority_file or server.certificates.authority_file), "-no-CApath"),
        *("-no-CAstore", "-verify_return_error"),
        *(("-starttls", "pop3") if service == STLS else ()),
        *options,
    ]


def converse(mailbox: Mailbox, service: str, folder: Path, commands: list[str]) -> bytes:
    """Log in and say `commands`; return what the server said behind the login."""
    person = mailbox.person
    lines = [f"USER {person.address}", f"PASS {person.password}", *commands, "QUIT", ""]
    said = output_of(
        s_client(mailbox.server, service, "-quiet", "-verify_quiet", "-crlf"),
        folder,
        "\n".join(lines).encode(),
    )
    greeting = rb"\+OK [^\r\n]*\r\n" if service == IMPLICIT_TLS else rb""
    login = re.match(greeting + rb"\+OK[^\r\n]*\r\n\+OK[^\r\n]*\r\n", said)
    assert login is not None, said[:400]
    return said[login.end() :]


@each_service
def test_a_conversation_by_hand_reads_the_whole_corpus(
    corpus_mailbox: Mailbox, service: str, tmp_path: Path
) -> None:
    """RETR of each letter, all commands at once."""
    count = len(corpus_mailbox.served)
    commands = [f"RETR {number}" for number in range(1, count + 1)]
    said = converse(corpus_mailbox, service, tmp_path, commands)
    *answers, farewell = re.split(rb"(?:\A|(?<=\r\n\.\r\n))(?=\+OK )", said)[1:]
    assert re.fullmatch(rb"\+OK [^\r\n]*\r\n", farewell)
    letters = []
    for answer in answers:
        status, _, stuffed = answer.partition(b"\r\n")
        assert re.fullmatch(rb"\+OK [0-9]+ octets[^\r\n]*", status)
        letter = re.sub(rb"(\A|(?<=\r\n))\.", b"", stuffed.removesuffix(b".\r\n"))
        assert int(status.split()[1]) == len(letter)
        letters.append(letter)
    assert_equal(letters, corpus_mailbox.served)


@each_service
def test_a_conversation_by_hand_lists_and_deletes(
    small_mailbox: Mailbox, service: str, tmp_path: Path
) -> None:
    sizes = [len(letter) for letter in small_mailbox.served]
    said = converse(small_mailbox, service, tmp_path, ["STAT", "LIST 1", "DELE 1", "LIST"])
    stat, list_1, dele, first, *listing, dot, farewell = said.splitlines()
    assert stat == f"+OK {len(sizes)} {sum(sizes)}".encode()
    assert list_1 == f"+OK 1 {sizes[0]}".encode()
    assert all(line.startswith(b"+OK") for line in (dele, first, farewell))
    assert dot == b"."
    expected = [f"{number} {octets}".encode() for number, octets in enumerate(sizes, 1)]
    assert listing == expected[1:]
    said = converse(small_mailbox, service, tmp_path, ["STAT"])
    assert said.startswith(f"+OK {len(sizes) - 1} {sum(sizes[1:])}\r\n".encode())


@each_service
@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_the_versions_of_today_are_spoken(
    server: HatoServer, service: str, version: str, tmp_path: Path
) -> None:
    said = run(
        s_client(server, service, version, "-verify_hostname", HOST_NAME, "-crlf"),
        tmp_path,
        standard_input=b"QUIT\n",
    )
    spoken = {"-tls1_2": "TLSv1.2", "-tls1_3": "TLSv1.3"}[version]
    assert f"New, {spoken}, Cipher is " in said
    assert "Verify return code: 0 (ok)" in said


@each_service
@pytest.mark.parametrize("version", ["-tls1", "-tls1_1"])
def test_the_versions_of_yesterday_are_refused(
    server: HatoServer, service: str, version: str, tmp_path: Path
) -> None:
    """The client would; the server says that it will not."""
    with pytest.raises(ProgramError, match="alert protocol version"):
        run(s_client(server, service, version, "-cipher", "DEFAULT@SECLEVEL=0"), tmp_path)


@each_service
@pytest.mark.parametrize("cipher", ["aNULL", "eNULL"])
def test_tls_without_a_certificate_or_without_encryption_is_refused(
    server: HatoServer, service: str, cipher: str, tmp_path: Path
) -> None:
    options = ("-tls1_2", "-cipher", f"{cipher}:@SECLEVEL=0")
    with pytest.raises(ProgramError, match="alert handshake failure"):
        run(s_client(server, service, *options), tmp_path)


def certificate_shown(
    server: HatoServer,
    service: str,
    folder: Path,
    *options: str,
    authority_file: Path | None = None,
) -> str:
    """The certificate that the server shows, as PEM."""
    client = s_client(server, service, *options, authority_file=authority_file)
    said = run([*client, "-crlf"], folder, standard_input=b"QUIT\n")
    found = re.search(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", said, re.DOTALL)
    assert found is not None, said
    return found[0]


@each_service
def test_each_name_has_its_own_certificate(
    own_server: Callable[..., HatoServer], service: str, tmp_path: Path
) -> None:
    """By the name that the client asks for; any other name, and none, gets the first."""
    names = {
        "mail.example.com": Certificates(tmp_path / "com"),
        "mail.example.net": Certificates(tmp_path / "net"),
    }
    for name, certificates in names.items():
        certificates.issue(name)
    listed = [
        {"certificate": str(each.certificate_file), "key": str(each.key_file)}
        for each in names.values()
    ]
    server = own_server(tls={"names": listed})
    for name, certificates in names.items():
        for asked in (name, name.upper()):
            options = ("-servername", asked, "-verify_hostname", name)
            authority = certificates.authority_file
            shown = certificate_shown(server, service, tmp_path, *options, authority_file=authority)
            assert shown == certificates.certificate_file.read_text()
    for others in (["-noservername"], ["-servername", HOST_NAME], ["-servername", "x.invalid"]):
        shown = certificate_shown(server, service, tmp_path, *others)
        assert shown == server.certificates.certificate_file.read_text()


def test_a_certificate_that_was_renewed_is_served_without_any_command(
    own_server: Callable[..., HatoServer], tmp_path: Path
) -> None:
    server = own_server(start=False)
    server.certificates = Certificates(tmp_path / "authority")
    server.write_settings()
    server.start()
    before = certificate_shown(server, IMPLICIT_TLS, tmp_path)
    assert before == server.certificates.certificate_file.read_text()
    process = server.process_id
    server.certificates.issue()
    after = server.certificates.certificate_file.read_text()
    assert after != before
    deadline = time.monotonic() + START_SECONDS
    while certificate_shown(server, IMPLICIT_TLS, tmp_path) != after:
        assert time.monotonic() < deadline, "the server goes on with the old certificate"
    assert certificate_shown(server, STLS, tmp_path) == after
    assert server.process_id == process
