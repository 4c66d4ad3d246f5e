"""Letters that leave by a real Postfix, with logins checked by a real Dovecot."""

from __future__ import annotations

import asyncio
import email
import json
from collections.abc import Iterator
from email import policy
from pathlib import Path
from typing import Any

import pytest

from hato.core.clock import SystemClock
from hato.core.settings import StoreSettings
from hato.services.sending.envelope import envelope_of
from hato.services.sending.identities import Identities
from hato.services.sending.outbox import Outbox
from hato.store.embedded import EmbeddedStore
from tests.fetching.dovecot import skip_without_dovecot
from tests.fetching.maildrop import LOGIN, PASSWORD
from tests.interop.programs import needs
from tests.interop.submission import DOMAIN, SubmissionProvider
from tests.system.people import Person
from tests.system.server_process import Certificates, HatoServer

pytestmark = [pytest.mark.slow, needs("postfix", "dovecot")]

OWNER = Person("kim@example.org", "open sesame kim")
BOB, EVE = f"bob@{DOMAIN}", f"eve@{DOMAIN}"
LETTER = f"""From: Ada <{LOGIN}>
To: {BOB}
Bcc: {EVE}
Subject: =?utf-8?b?5pel5pys?=
Date: Wed, 25 Nov 2026 10:00:00 +0900
Message-ID: <one@provider.example>
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

.a dot, and 日本語
..two
"""


class Home:
    """Kim's Hato, with her account at the provider."""

    def __init__(self, folder: Path, provider: SubmissionProvider, server: HatoServer) -> None:
        self.folder = folder
        self.provider = provider
        self.server = server

    def run(self, *arguments: str, standard_input: bytes = b"", status: int = 0) -> str:
        done = self.server.run(*arguments, standard_input=standard_input, status=status)
        return done.stdout.decode()

    def json(self, *arguments: str, **more: Any) -> Any:  # noqa: ANN401 - whatever it prints
        return json.loads(self.run(*arguments, "--json", **more))

    def leave_by(self, port: int, tls: str) -> None:
        """Let letters leave by one of the ports."""
        where = ("--host", "localhost", "--port", str(port), "--tls", tls)
        self.run("identity", "edit", LOGIN, *where)

    def send(self, letter: str = LETTER, status: int = 0) -> dict[str, Any]:
        octets = letter.encode()
        told: dict[str, Any] = self.json("send", "-", standard_input=octets, status=status)
        return told


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    skip_without_dovecot()
    certificates = Certificates(tmp_path / "certificates")
    for path in (certificates.key_file, certificates.certificate_file):
        path.chmod(0o644)
    server = HatoServer(tmp_path / "hato", certificates)
    server.prepare()
    server.add_person(OWNER)
    provider = SubmissionProvider(certificates)
    provider.start()
    try:
        server.run(
            *("account", "add", LOGIN, "--protocol", "pop3", "--host", "localhost"),
            *("--port", str(provider.dovecot.pop3s), "--tls", "implicit", "--password-stdin"),
            *("--ca-file", str(certificates.authority_file)),
            standard_input=PASSWORD.encode() + b"\n",
        )
        yield Home(tmp_path, provider, server)
    finally:
        provider.stop()


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
def test_what_leaves_is_what_arrives(home: Home, tls: str) -> None:
    provider = home.provider
    home.leave_by(provider.submissions if tls == "implicit" else provider.submission, tls)
    assert home.send()["state"] == "sent"
    for recipient in (BOB, EVE):
        (arrived,) = provider.await_arrival(recipient)
        letter = email.message_from_bytes(arrived, policy=policy.default)
        assert letter["Bcc"] is None
        assert letter["Subject"] == "日本"
        assert letter.get_content() == ".a dot, and 日本語\n..two\n"
    (row,) = home.json("queue", "list", "--all")
    assert row["state"] == "sent"
    assert home.json("queue", "list") == []
    counts = {row["role"]: row["total"] for row in home.json("folders")}
    assert (counts["sent"], counts["drafts"]) == (1, 0)


def test_each_recipient_has_her_own_fate(home: Home) -> None:
    home.leave_by(home.provider.submissions, "implicit")
    letter = LETTER.replace(f"To: {BOB}", f"To: {BOB}, nobody@{DOMAIN}, later@{DOMAIN}")
    told = home.send(letter)
    assert told["state"] == "waiting"
    row = home.json("queue", "show", str(told["queue_id"]))
    fates = {one["address"].partition("@")[0]: one["state"] for one in row["recipients"]}
    assert fates == {"bob": "sent", "nobody": "refused", "later": "waiting", "eve": "sent"}
    assert "no such user" in str(row["recipients"])
    assert len(home.provider.await_arrival(BOB)) == 1
    home.run("queue", "retry", str(told["queue_id"]), status=1)
    assert len(home.provider.arrived(BOB)) == 1
    home.run("queue", "drop", str(told["queue_id"]))
    assert home.json("queue", "list", "--all") == []


def test_a_wrong_password_is_told_and_the_letter_leaves_after_it_is_set_right(home: Home) -> None:
    home.leave_by(home.provider.submissions, "implicit")
    home.provider.change_password(LOGIN, PASSWORD, "another one")
    told = home.send()
    assert told["state"] == "waiting"
    assert f"hato account password {LOGIN}" in told["message"]
    assert home.provider.arrived(BOB) == []
    home.provider.change_password(LOGIN, "another one", PASSWORD)
    home.run("queue", "retry", str(told["queue_id"]))
    assert len(home.provider.await_arrival(BOB)) == 1


async def put(data: Path) -> None:
    """Put a letter into the outbox, as a program does that is killed before it can send it."""
    store = EmbeddedStore(data, StoreSettings(), SystemClock())
    await store.open()
    try:
        (person,) = await store.directory.people()
        account = await store.account(person.account_id)
        identity = (await Identities(account, person.name).all())[0]
        staged = store.stage()
        await staged.write(LETTER.replace("\n", "\r\n").encode())
        await staged.seal()
        outbox = Outbox(store.queue, SystemClock())
        await outbox.put_staged(account, identity, envelope_of(LOGIN, [BOB]), staged)
    finally:
        await store.close()


def test_a_running_server_sends_what_waits(home: Home) -> None:
    home.leave_by(home.provider.submissions, "implicit")
    asyncio.run(put(home.server.data_folder))
    home.server.start()
    try:
        assert len(home.provider.await_arrival(BOB)) == 1
    finally:
        home.server.stop()
    (row,) = home.json("queue", "list", "--all")
    assert row["state"] == "sent"


def test_what_could_not_leave_stays_with_the_reason(home: Home) -> None:
    home.leave_by(home.provider.submissions, "implicit")
    home.provider.postfix.pause()
    told = home.send()
    assert told["state"] == "waiting"
    assert "nobody listens on that port" in told["message"]
    home.provider.postfix.start()
    home.run("queue", "retry", str(told["queue_id"]))
    assert len(home.provider.await_arrival(BOB)) == 1


def test_a_large_letter_arrives_octet_for_octet(home: Home) -> None:
    home.leave_by(home.provider.submissions, "implicit")
    lines = "".join(f".{number:>70}\n" for number in range(200_000))
    header, _, _ = LETTER.partition("\n\n")
    home.send(f"{header}\n\n{lines}")
    (arrived,) = home.provider.await_arrival(BOB)
    assert arrived.partition(b"\n\n")[2] == lines.encode()
    too_large = f"{header}\n\n{lines * 2}"
    told = home.send(too_large.replace("<one@", "<two@"), status=1)
    assert told["state"] == "refused"
    assert "octets" in told["message"]
