"""Dovecot asks an issuer about the token with which Hato logs in: both mechanisms, for real."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trustme

from hato.clients.errors import WrongCredentialsError
from hato.core.secret import Secret
from hato.services.fetching.poll_outcome import Tally
from hato.services.fetching.provider import open_mailbox
from hato.services.settings_finder.candidate import Protocol, TlsMode
from hato.services.sources.source import Proof, Source
from tests.interop.programs import needs
from tests.interop.token_dovecot import LETTER, dovecot
from tests.unit.oauth.issuer_server import PERSON, IssuerServer

pytestmark = [
    pytest.mark.interop,
    needs("dovecot"),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can start Dovecot"),
]


@pytest.fixture(params=["xoauth2", "oauthbearer"])
async def scene(
    tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[tuple[IssuerServer, Source, str]]:
    """An issuer, a source at the Dovecot that asks it, and the mechanism that it offers."""
    mechanism: str = request.param
    authority = trustme.CA()
    issued = authority.issue_cert("localhost")
    ca_file = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    with socket.create_server(("127.0.0.1", 0)) as plug:
        port: int = plug.getsockname()[1]
    async with IssuerServer(tmp_path).serving() as issuer:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
            folder = Path(name)
            folder.chmod(0o755)
            issued.cert_chain_pems[0].write_to_path(str(folder / "certificate.pem"))
            issued.private_key_pem.write_to_path(str(folder / "key.pem"))
            with dovecot(folder, port, issuer, mechanism):
                yield issuer, _source(port, str(ca_file)), mechanism.upper()


def _source(port: int, ca_file: str) -> Source:
    return Source(
        source_id="abc",
        address=PERSON,
        name="Dovecot",
        colour="#336699",
        added=0,
        protocol=Protocol.POP3,
        host="localhost",
        port=port,
        tls=TlsMode.IMPLICIT,
        login=PERSON,
        proof=Proof.OAUTH2,
        ca_file=ca_file,
    )


async def test_a_token_opens_the_mailbox(scene: tuple[IssuerServer, Source, str]) -> None:
    issuer, source, mechanism = scene
    issuer.access_tokens["good~token+/="] = PERSON
    client, method = await open_mailbox(source, Secret("good~token+/="), Tally())
    assert method == mechanism
    assert list((await client.list_messages()).sizes.values()) == [len(LETTER)]
    await client.quit()
    assert {"token": "good~token+/="}.items() <= issuer.requests_to("/introspect")[-1].items()


async def test_a_token_that_is_not_good_is_refused(
    scene: tuple[IssuerServer, Source, str],
) -> None:
    _, source, mechanism = scene
    with pytest.raises(WrongCredentialsError) as caught:
        await open_mailbox(source, Secret("unknown"), Tally())
    assert caught.value.method == mechanism


async def test_a_token_of_somebody_else_does_not_open_it(
    scene: tuple[IssuerServer, Source, str],
) -> None:
    issuer, source, _ = scene
    issuer.access_tokens["bobs"] = "bob@example.org"
    with pytest.raises(WrongCredentialsError):
        await open_mailbox(source, Secret("bobs"), Tally())
