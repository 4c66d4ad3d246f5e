"""SCRAM-SHA-256-PLUS as GNU SASL computes it, bound to the TLS channel of the session.

gsasl itself does not speak POP3: it says what to send, a connection of the tests carries it.
RFC 5802 §6, RFC 7677 §3, RFC 9266 §2 (tls-exporter), RFC 5034 §4.
"""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.interop.programs import environment, found, needs
from tests.system.fixtures import SourceAddresses
from tests.system.people import Person
from tests.system.pop3 import Pop3Client
from tests.system.server_process import HatoServer
from tests.system.test_scram_plus import OpenSslLayer
from tests.system.wire import Wire

pytestmark = pytest.mark.interop


class Gsasl:
    """A gsasl that computes one exchange and asks for what it needs at its standard input."""

    def __init__(self, person: Person, folder: Path, mechanism: str) -> None:
        self._process = subprocess.Popen(
            [
                *(found("gsasl") or "gsasl", "--client", "--mechanism", mechanism),
                *("--authentication-id", person.address, "--password", person.password),
            ],
            cwd=folder,
            env=environment(folder),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            bufsize=0,
        )

    def read_until(self, mark: str) -> str:
        """Return what it says up to `mark`, which it must say."""
        said = b""
        assert self._process.stdout is not None
        while not said.endswith(mark.encode()):
            octet = self._process.stdout.read(1)
            assert octet, f"gsasl ended; it said {said!r}"
            said += octet
        return said.decode().removesuffix(mark)

    def answer(self, text: str) -> None:
        """Answer its question."""
        assert self._process.stdin is not None
        self._process.stdin.write(text.encode() + b"\n")

    def next_message(self) -> str:
        """The next message to the server, in base64."""
        self.read_until("Output from client:\n")
        return self.read_until("\n").strip()

    def end(self) -> None:
        """End it, whatever it waits for."""
        self._process.kill()
        self._process.communicate()


@pytest.fixture
def bound_session(
    server: HatoServer, sources: SourceAddresses
) -> Iterator[tuple[Pop3Client, OpenSslLayer]]:
    """A POP3 session whose channel the test knows."""
    with Wire.connect(server.addresses["pop3s"], source=sources.stranger()) as wire:
        layer = OpenSslLayer(wire.raw, str(server.certificates.authority_file))
        wire.speak_through(layer)
        yield Pop3Client(wire), layer


@pytest.fixture
def gsasl(new_person: Person, tmp_path: Path) -> Iterator[Gsasl]:
    """A gsasl that knows somebody's password."""
    program = Gsasl(new_person, tmp_path, "SCRAM-SHA-256-PLUS")
    yield program
    program.end()


def challenge(client: Pop3Client) -> str:
    """The next line of the server, which must be a challenge."""
    line = client.wire.read_line().decode()
    assert line.startswith("+ "), line
    return line[2:].strip()


def begin(client: Pop3Client, gsasl: Gsasl, binding: bytes) -> None:
    """All of the exchange up to the client's last message, which is sent too."""
    gsasl.read_until("tls-exporter channel binding: ")
    gsasl.answer(base64.b64encode(binding).decode())
    client.send("AUTH SCRAM-SHA-256-PLUS")
    assert challenge(client) == ""
    client.send(gsasl.next_message())
    gsasl.read_until("(press RET if none):\n")
    gsasl.answer(challenge(client))
    client.send(gsasl.next_message())


@needs("gsasl")
def test_gsasl_logs_in_on_its_own_channel(
    bound_session: tuple[Pop3Client, OpenSslLayer], gsasl: Gsasl
) -> None:
    """Both sides are convinced: gsasl verifies the server's signature."""
    client, layer = bound_session
    begin(client, gsasl, layer.binding)
    gsasl.read_until("(press RET if none):\n")
    gsasl.answer(challenge(client))
    assert gsasl.next_message() == ""
    gsasl.read_until("(press RET if none):\n")
    gsasl.answer("")
    gsasl.read_until("Client authentication finished (server trusted)...\n")
    client.expect_ok("")
    client.expect_ok("STAT")
    client.quit()


@needs("gsasl")
def test_gsasl_is_refused_on_the_channel_of_somebody_else(
    bound_session: tuple[Pop3Client, OpenSslLayer], gsasl: Gsasl
) -> None:
    """Whoever stands between client and server has two channels, and two bindings."""
    client, layer = bound_session
    begin(client, gsasl, layer.binding[::-1])
    answer = client.read_status()
    assert not answer.ok
    assert answer.code == "AUTH"
