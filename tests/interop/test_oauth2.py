"""Dovecot asks an issuer about the token with which Hato logs in: both mechanisms, for real."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hato.clients.errors import WrongCredentialsError
from hato.clients.pop3 import Pop3Server, Security, connect
from hato.clients.pop3_login import Identity
from hato.core.secret import Secret
from hato.net.outgoing_tls import Trust
from hato.protocols.pop3.client_login import InitialResponse
from tests.fetching.dovecot import Dovecot, dovecot
from tests.unit.oauth.issuer_server import PERSON, IssuerServer

pytestmark = pytest.mark.interop

_PASSDB = """
auth_mechanisms = {mechanism}
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {folder}/oauth2.conf
}}
"""
_ISSUER = """
introspection_mode = post
introspection_url = {origin}/introspect
username_attribute = email
active_attribute = active
active_value = true
tls_ca_cert_file = {ca_file}
"""


class Scene:
    """Dovecot, and the issuer that it asks."""

    def __init__(self, issuer: IssuerServer, server: Dovecot, ca_file: str) -> None:
        self.issuer = issuer
        self.server = server
        self._ca_file = ca_file

    async def log_in(
        self, token: str, initial: InitialResponse = InitialResponse.NEVER
    ) -> tuple[str, int]:
        """Log in; return the method, and how many letters there are."""
        server = Pop3Server("localhost", self.server.pop3s, Security.IMPLICIT_TLS)
        client = await connect(server, Trust(self._ca_file))
        try:
            identity = Identity(PERSON, Secret(token), is_token=True, initial=initial)
            method = await client.log_in(identity)
            count = len(await client.list_messages())
            await client.quit()
        finally:
            client.close()
        return method, count


@pytest.fixture(params=["xoauth2", "oauthbearer"])
async def scene(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Scene]:
    authority = trustme.CA()
    issued = authority.issue_cert("localhost")
    certificate, key, ca_file = (tmp_path / f"{name}.pem" for name in ("cert", "key", "ca"))
    issued.cert_chain_pems[0].write_to_path(str(certificate))
    issued.private_key_pem.write_to_path(str(key))
    authority.cert_pem.write_to_path(str(ca_file))
    async with IssuerServer(tmp_path).serving() as issuer:
        with dovecot(certificate, key, _PASSDB.format(mechanism=request.param)) as server:
            shutil.copy(issuer.ca_file, server.folder / "issuer.pem")
            yield Scene(issuer, server, str(ca_file))
