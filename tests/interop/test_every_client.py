"""Every mail program reads every letter of the corpora, encrypted, octet for octet.

What each program itself changes is written down in README.md, and nothing else is forgiven.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.interop.clients.account import IMPLICIT_TLS, Client, MailAccount
from tests.interop.clients.table import CLIENTS
from tests.interop.comparison import assert_equal
from tests.interop.conftest import Mailbox
from tests.interop.programs import ProgramError, found, needs

pytestmark = pytest.mark.interop


def each_client() -> list[Any]:
    """Each client with each of the ways it can be encrypted."""
    return [
        pytest.param(
            client,
            service,
            id=f"{client.name} over {'implicit TLS' if service == IMPLICIT_TLS else 'STLS'}",
            marks=needs(*client.programs),
        )
        for client in CLIENTS
        for service in client.services
    ]


def skip_where_modules_are_missing(client: Client) -> None:
    """Skip where the program is here, but not what it needs."""
    if client.proof:
        command = [found(client.proof[0]) or client.proof[0], *client.proof[1:]]
        if subprocess.run(command, capture_output=True, check=False).returncode != 0:
            pytest.skip(f"what {client.name} needs is not installed (scripts/peers installs it)")


@pytest.mark.parametrize(("client", "service"), each_client())
def test_a_client_reads_the_whole_corpus(
    corpus_mailbox: Mailbox, client: Client, service: str, tmp_path: Path
) -> None:
    skip_where_modules_are_missing(client)
    account = MailAccount.at(corpus_mailbox.server, service, corpus_mailbox.person)
    kept = client.fetch(account, tmp_path)
    served = corpus_mailbox.served_as_utf8 if client.asks_for_utf8 else corpus_mailbox.served
    assert_equal(kept, client.keep(served))


@pytest.mark.parametrize(("client", "service"), each_client())
def test_a_client_that_trusts_somebody_else_reads_nothing(
    corpus_mailbox: Mailbox,
    client: Client,
    service: str,
    authority_of_strangers: Path,
    tmp_path: Path,
) -> None:
    """The certificate is verified indeed."""
    skip_where_modules_are_missing(client)
    account = MailAccount.at(
        corpus_mailbox.server, service, corpus_mailbox.person, authority_of_strangers
    )
    try:
        kept = client.fetch(account, tmp_path)
    except ProgramError:
        return
    assert kept == []
