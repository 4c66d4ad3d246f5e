"""What of [listen] and [tls] cannot be served is told before anything is bound."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
import trustme

from hato.core.errors import InvalidInputError
from hato.core.settings import Listen, Settings
from hato.net.plan import read_addresses
from hato.net.tls_contexts import make_context

SERVED = ("pop3", "pop3s", "lmtp")


@pytest.mark.parametrize(
    "listen",
    [
        Listen(pop3=("127.0.0.1:110",), pop3s=("127.0.0.1:110",)),
        Listen(pop3=("127.0.0.1:110", "127.0.0.1:110")),
        Listen(pop3=("127.0.0.1:110", "127.0.0.1:0110")),
        Listen(pop3=("127.0.0.1:110",), pop3s=("0.0.0.0:110",)),
        Listen(pop3=("[::]:110", "[::1]:110")),
        Listen(lmtp=("unix:/nowhere/lmtp", "unix:/nowhere/lmtp")),
    ],
    ids=["two services", "one service", "written otherwise", "any host", "any host, 6", "path"],
)
def test_an_address_that_is_there_twice_is_told(listen: Listen) -> None:
    with pytest.raises(InvalidInputError, match=r"cannot be had beside (pop3|lmtp) = "):
        read_addresses(Settings(listen=listen), SERVED)


def test_addresses_that_do_not_meet_are_fine() -> None:
    listen = Listen(
        pop3=("0.0.0.0:110", "[::]:110"),
        pop3s=("127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:995", "127.0.0.2:995"),
        lmtp=("unix:/nowhere/a", "unix:/nowhere/b"),
    )
    assert len(read_addresses(Settings(listen=listen), SERVED)) == 7


def test_a_name_that_nobody_has_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    with pytest.raises(InvalidInputError, match=r"no host of that name \(Name or service"):
        read_addresses(Settings(listen=Listen(pop3=("mail.invalid:110",))), SERVED)


def test_a_file_in_the_place_of_a_socket_is_told(tmp_path: Path) -> None:
    (tmp_path / "lmtp").write_text("something dear")
    listen = Listen(lmtp=(f"unix:{tmp_path}/lmtp",))
    with pytest.raises(InvalidInputError, match="which is no socket"):
        read_addresses(Settings(listen=listen), SERVED)


@pytest.mark.parametrize("kind", list(trustme.KeyType))
def test_a_certificate_for_another_key_is_told(tmp_path: Path, kind: trustme.KeyType) -> None:
    authority = trustme.CA()
    other = authority.issue_cert("localhost", key_type=kind)
    own = authority.issue_cert("localhost", key_type=trustme.KeyType.ECDSA)
    own.cert_chain_pems[0].write_to_path(tmp_path / "certificate.pem")
    other.private_key_pem.write_to_path(tmp_path / "key.pem")
    with pytest.raises(InvalidInputError, match="do not fit: the certificate was made for another"):
        make_context(str(tmp_path / "certificate.pem"), str(tmp_path / "key.pem"))
