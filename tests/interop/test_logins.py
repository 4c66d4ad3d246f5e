"""The ways to log in that mail programs offer, and pipelining or not.

RFC 1939 §7 (USER, PASS), RFC 5034 §4 (AUTH), RFC 4616 §2 (PLAIN), RFC 7677 §3 (SCRAM-SHA-256).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.interop.clients import curl, mpop
from tests.interop.clients.account import IMPLICIT_TLS, STLS, MailAccount, as_served, with_lf
from tests.interop.comparison import assert_equal
from tests.interop.conftest import Mailbox
from tests.interop.programs import ProgramError, needs
from tests.system.people import Person
from tests.system.server_process import HatoServer

pytestmark = pytest.mark.interop


@needs("mpop")
@pytest.mark.parametrize("pipelining", ["on", "off"])
@pytest.mark.parametrize("auth", ["plain", "scram-sha-256", "login", "user"])
@pytest.mark.parametrize("service", [STLS, IMPLICIT_TLS])
def test_mpop_logs_in(
    some_letters: Mailbox, service: str, auth: str, pipelining: str, tmp_path: Path
) -> None:
    account = MailAccount.at(some_letters.server, service, some_letters.person)
    kept = mpop.fetch(account, tmp_path, auth=auth, pipelining=pipelining)
    assert_equal(kept, with_lf(some_letters.served))


@needs("curl")
@pytest.mark.parametrize(
    "options",
    [
        ("--login-options", "AUTH=PLAIN"),
        ("--login-options", "AUTH=PLAIN", "--sasl-ir"),
        ("--login-options", "AUTH=LOGIN"),
        ("--login-options", "AUTH=LOGIN", "--sasl-ir"),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("service", [STLS, IMPLICIT_TLS])
def test_curl_logs_in(
    some_letters: Mailbox, service: str, options: tuple[str, ...], tmp_path: Path
) -> None:
    account = MailAccount.at(some_letters.server, service, some_letters.person)
    kept = curl.fetch(account, tmp_path, options)
    assert_equal(kept, as_served(some_letters.served))


@needs("mpop")
@pytest.mark.parametrize("auth", ["plain", "scram-sha-256", "login", "user"])
def test_mpop_is_refused_with_a_wrong_password(
    server: HatoServer, new_person: Person, auth: str, tmp_path: Path
) -> None:
    stranger = Person(new_person.address, "open sesame?")
    account = MailAccount.at(server, IMPLICIT_TLS, stranger)
    with pytest.raises(ProgramError, match="authentication failed"):
        mpop.fetch(account, tmp_path, auth=auth)
    assert mpop.fetch(MailAccount.at(server, IMPLICIT_TLS, new_person), tmp_path, auth=auth) == []


@needs("curl")
def test_curl_sees_what_the_server_can(some_letters: Mailbox, tmp_path: Path) -> None:
    """CAPA, UIDL and TOP as curl asks for them (RFC 2449 §5, RFC 1939 §7)."""
    account = MailAccount.at(some_letters.server, IMPLICIT_TLS, some_letters.person)
    capabilities = curl.curl(account, tmp_path, "", "--request", "CAPA").split()
    assert {"TOP", "UIDL", "SASL", "PIPELINING", "RESP-CODES", "UTF8"} <= set(capabilities)
    ids = [line.split() for line in curl.curl(account, tmp_path, "", "-X", "UIDL").splitlines()]
    count = len(some_letters.served)
    assert [number for number, _ in ids] == [str(number) for number in range(1, count + 1)]
    assert len({unique_id for _, unique_id in ids}) == count
    curl.curl(account, tmp_path, "", "--request", "TOP 1 2", "--output", f"{tmp_path}/top")
    header, empty_line, body = some_letters.served[0].partition(b"\r\n\r\n")
    two_lines = b"".join(body.splitlines(keepends=True)[:2])
    assert (tmp_path / "top").read_bytes() == header + empty_line + two_lines
