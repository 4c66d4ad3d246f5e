"""Real POP3 servers as providers: every letter of the corpora is fetched, octet for octet, once."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

import pytest

from hato.message.line_ends import LineEndConverter
from tests.fetch_faults.collector import OWNER
from tests.fetch_faults.mailboxes import stored_letters
from tests.fetching.courier import courier
from tests.fetching.dovecot import Dovecot, dovecot
from tests.fetching.maildrop import LOGIN, PASSWORD, letters
from tests.interop.comparison import assert_equal
from tests.interop.corpus import CORPORA
from tests.interop.corpus import letters as corpus
from tests.system.people import Person
from tests.system.pop3 import Pop3Client
from tests.system.server_process import Certificates, HatoServer
from tests.system.wire import Wire

pytestmark = [pytest.mark.interop, pytest.mark.slow]

MANY = 10_000


class Provider(Protocol):
    """What a test wants of a provider."""

    pop3: int
    pop3s: int

    def put(self, letters: list[bytes]) -> None:
        """Let letters arrive."""
        ...

    def present(self) -> list[bytes]:
        """Return what is there."""
        ...


Serve = Callable[[Path, Path], AbstractContextManager[Provider]]
PROVIDERS: dict[str, Serve] = {"Dovecot": dovecot, "Courier": courier}


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("provider"))


@pytest.fixture(scope="module", params=PROVIDERS)
def provider(request: pytest.FixtureRequest, certificates: Certificates) -> Iterator[Provider]:
    """A provider whose mailbox holds the corpora."""
    if not CORPORA.is_dir():
        pytest.skip("the mail corpora do not lie beside the project")
    serve = PROVIDERS[request.param]
    with serve(certificates.certificate_file, certificates.key_file) as server:
        server.put([letter.in_wire_form() for letter in corpus() if not letter.mixes_line_ends])
        yield server


class Here:
    """Somebody's own Hato, with one source."""

    def __init__(self, folder: Path, authority_file: Path) -> None:
        self.hato = HatoServer(folder, Certificates(folder / "certificates"))
        self.hato.prepare()
        self.hato.add_person(OWNER)
        self._authority_file = authority_file

    def add(self, port: int, tls: str, *policy: str) -> None:
        self.hato.run(
            *("account", "add", LOGIN, "--owner", OWNER.address, "--protocol", "pop3"),
            *("--host", "localhost", "--port", str(port), "--tls", tls, "--login", LOGIN),
            *("--ca-file", str(self._authority_file), "--password-stdin", *policy),
            standard_input=PASSWORD.encode() + b"\n",
        )

    def fetch(self) -> dict[str, Any]:
        done = self.hato.run("fetch", "--owner", OWNER.address, "--json")
        said: dict[str, Any] = json.loads(done.stdout)
        return said

    def letters(self) -> list[bytes]:
        return stored_letters(self.hato.data_folder)


@pytest.fixture
def here(tmp_path: Path, certificates: Certificates) -> Here:
    return Here(tmp_path / "here", certificates.authority_file)


def read_by_hand(port: int, context: ssl.SSLContext) -> list[bytes]:
    """Every letter as the provider serves it, in UTF-8 mode where it has one (RFC 6856 §2)."""
    wire = Wire.connect(("127.0.0.1", port))
    wire.start_tls(context, "localhost")
    with Pop3Client(wire) as client:
        if "UTF8" in client.capabilities():
            client.expect_ok("UTF8")  # as Hato does: others are served some letters changed
        client.login(Person(LOGIN, PASSWORD))
        numbers = [int(line.partition(" ")[0]) for line in client.lines("LIST")]
        served = [client.retrieve(number) for number in numbers]
        client.quit()
    return served


def with_line_ends(served: bytes) -> bytes:
    """What Hato keeps: a CR or LF that stands alone ends a line as CRLF does."""
    converter = LineEndConverter()
    return converter.convert(served) + converter.finish()


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
def test_the_corpora_are_fetched_octet_for_octet(
    provider: Provider, here: Here, certificates: Certificates, tls: str
) -> None:
    here.add(provider.pop3s if tls == "implicit" else provider.pop3, tls)
    said = here.fetch()
    served = read_by_hand(provider.pop3s, certificates.client_context())
    assert len(served) == len(provider.present())
    assert (said["new"], said["failed"]) == (len(served), 0)
    assert_equal(here.letters(), [with_line_ends(letter) for letter in served])
    assert_equal(
        here.letters(), [one.in_wire_form() for one in corpus() if not one.mixes_line_ends]
    )
    again = here.fetch()
    assert (again["new"], again["failed"], again["deleted"]) == (0, 0, 0)


@pytest.mark.parametrize("name", PROVIDERS)
def test_what_is_not_to_be_kept_is_deleted_there(
    name: str, here: Here, certificates: Certificates
) -> None:
    with PROVIDERS[name](certificates.certificate_file, certificates.key_file) as server:
        sent = list(letters(50).values())
        server.put(sent)
        here.add(server.pop3s, "implicit", "--delete-after-days", "0")
        said = here.fetch()
        assert (said["new"], said["deleted"]) == (50, 50)
        assert server.present() == []
        assert here.letters() == sent


def test_a_renumbered_mailbox_is_not_downloaded_again(
    here: Here, certificates: Certificates
) -> None:
    """Dovecot lost its list of UIDs: ten thousand letters have other unique-ids now."""
    with dovecot(certificates.certificate_file, certificates.key_file) as server:
        assert isinstance(server, Dovecot)
        server.put(list(letters(MANY).values()))
        here.add(server.pop3s, "implicit")
        assert here.fetch()["new"] == MANY
        server.forget_unique_ids()
        said = here.fetch()
        (account,) = said["accounts"]
        assert (said["new"], said["again"], said["failed"]) == (0, 0, 0)
        assert account["renumbered"] == MANY
        assert here.fetch()["new"] == 0
    assert len(here.letters()) == MANY
