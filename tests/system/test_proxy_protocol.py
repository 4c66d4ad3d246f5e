"""Behind a load balancer the client's address is the one that the balancer names.

The PROXY protocol, versions 1 and 2, from named addresses only.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Iterator

import pytest

from tests.system.fixtures import ONLY_LINUX, open_wire
from tests.system.pop3 import Pop3Client
from tests.system.server_process import HOST_NAME, Certificates, HatoServer
from tests.system.wire import Wire

pytestmark = ONLY_LINUX

BALANCER = "127.3.0.1"
PROXY_V2_SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def proxy_v1(client: str) -> bytes:
    return f"PROXY TCP4 {client} 127.0.0.1 40000 110\r\n".encode()


def proxy_v2(client: str) -> bytes:
    addresses = socket.inet_aton(client) + socket.inet_aton("127.0.0.1")
    payload = addresses + struct.pack("!HH", 40_000, 110)
    return PROXY_V2_SIGNATURE + b"\x21\x11" + struct.pack("!H", len(payload)) + payload


@pytest.fixture(scope="module")
def balanced(
    tmp_path_factory: pytest.TempPathFactory, certificates: Certificates
) -> Iterator[HatoServer]:
    """A server that believes one address."""
    settings = {"proxy": {"trusted": [BALANCER]}}
    one = HatoServer(tmp_path_factory.mktemp("balanced"), certificates, settings, workers=1)
    one.prepare()
    one.start()
    yield one
    one.stop()
    assert "Traceback" not in one.log(), one.log()[-6000:]


@pytest.mark.parametrize("header", [proxy_v1, proxy_v2])
def test_the_named_address_decides(balanced: HatoServer, header: Callable[[str], bytes]) -> None:
    for client, may_log_in in (("127.1.0.9", True), ("203.0.113.9", False)):
        with open_wire(balanced, "pop3", source=BALANCER) as wire:
            wire.send(header(client))
            assert ("USER" in Pop3Client(wire).capabilities()) is may_log_in


@pytest.mark.parametrize("header", [proxy_v1, proxy_v2])
def test_it_stands_before_the_handshake(
    balanced: HatoServer, header: Callable[[str], bytes]
) -> None:
    with Wire.connect(balanced.addresses["pop3s"], source=BALANCER) as wire:
        wire.send(header("203.0.113.9"))
        wire.start_tls(balanced.certificates.client_context(), HOST_NAME)
        Pop3Client(wire).quit()


@pytest.mark.parametrize(
    "header",
    [
        b"CAPA\r\n",
        b"PROXY\r\n",
        b"PROXY TCP4 x y 1 2\r\n",
        b"PROXY TCP4 203.0.113.9 127.0.0.1 99999 110\r\n",
        b"PROXY TCP4 203.0.113.9 127.0.0.1 1 110" + b" " * 200 + b"\r\n",
        PROXY_V2_SIGNATURE + b"\x31\x11\x00\x0c" + b"\0" * 12,
        PROXY_V2_SIGNATURE + b"\x21\x11\x00\x02\0\0",
        PROXY_V2_SIGNATURE + b"\x21\x11\xff\xff",
    ],
    ids=lambda octets: repr(octets[:30]),
)
def test_a_balancer_without_a_right_header_is_not_served(
    balanced: HatoServer, header: bytes
) -> None:
    with open_wire(balanced, "pop3", source=BALANCER) as wire:
        wire.send(header)
        wire.half_close()
        assert b"+OK" not in wire.read_to_close()


def test_a_header_from_anybody_else_is_a_bad_command(balanced: HatoServer) -> None:
    with open_wire(balanced, "pop3", source="127.2.0.1") as wire:
        client = Pop3Client(wire)
        client.expect_error(proxy_v1("127.1.0.9").strip())
        assert "USER" not in client.capabilities()
