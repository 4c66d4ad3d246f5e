"""The client's half of SCRAM-SHA-256, written from the RFC, with every message open to misuse.

Used by the SCRAM tests, which change one part at a time.
Never shares code with the server: an error in both would cancel out.
Standards: RFC 5802 §3 and §5, RFC 7677 §3.
Fails with ValueError when a server message lacks an attribute.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass

from tests.system.pop3 import Pop3Client, StatusLine, parse_status_line


def encode(text: str | bytes) -> bytes:
    """Base64, as it travels in AUTH."""
    return base64.b64encode(text.encode() if isinstance(text, str) else text)


def attributes(message: str) -> dict[str, str]:
    """Take `r=…,s=…,i=…` apart."""
    found: dict[str, str] = {}
    for part in message.split(","):
        name, equals, value = part.partition("=")
        if not equals or len(name) != 1:
            raise ValueError(f"no SCRAM attribute: {part!r}")
        found[name] = value
    return found


@dataclass
class ScramClient:
    """One exchange; the fields are what a client says."""

    name: str
    password: str
    nonce: str = "rOprNGfwEbeRWgbNEkqO"
    gs2_header: str = "n,,"
    bound_to: bytes | None = None
    """What `c=` says where it is not the GS2 header alone: header and binding data."""
    server_first: str = ""

    @property
    def first_bare(self) -> str:
        """The client-first-message without its GS2 header."""
        escaped = self.name.replace("=", "=3D").replace(",", "=2C")
        return f"n={escaped},r={self.nonce}"

    @property
    def first(self) -> str:
        """The client-first-message."""
        return self.gs2_header + self.first_bare

    @property
    def salt(self) -> str:
        """The salt that the server named, in base64."""
        return attributes(self.server_first)["s"]

    @property
    def iterations(self) -> int:
        """The iteration count that the server named."""
        return int(attributes(self.server_first)["i"])

    @property
    def full_nonce(self) -> str:
        """The nonce of both sides."""
        return attributes(self.server_first)["r"]

    def final(
        self, *, nonce: str | None = None, binding: bytes | None = None, proof: bytes | None = None
    ) -> str:
        """The client-final-message; each part may be replaced by a wrong one."""
        channel = self._channel if binding is None else encode(binding).decode()
        without_proof = f"c={channel},r={self.full_nonce if nonce is None else nonce}"
        key = _hmac(self._salted_password(), b"Client Key")
        signature = _hmac(hashlib.sha256(key).digest(), self._auth_message(without_proof))
        right = bytes(a ^ b for a, b in zip(key, signature, strict=True))
        return f"{without_proof},p={encode(right if proof is None else proof).decode()}"

    def server_signature(self) -> str:
        """What the server must send as `v=…` after the right client-final-message."""
        without_proof = f"c={self._channel},r={self.full_nonce}"
        key = _hmac(self._salted_password(), b"Server Key")
        return encode(_hmac(key, self._auth_message(without_proof))).decode()

    @property
    def _channel(self) -> str:
        header = self.gs2_header.encode() if self.bound_to is None else self.bound_to
        return encode(header).decode()

    def _salted_password(self) -> bytes:
        salt = base64.b64decode(self.salt, validate=True)
        return hashlib.pbkdf2_hmac("sha256", self.password.encode(), salt, self.iterations)

    def _auth_message(self, without_proof: str) -> bytes:
        return f"{self.first_bare},{self.server_first},{without_proof}".encode()


def _hmac(key: bytes, message: bytes) -> bytes:
    return hmac.new(key, message, hashlib.sha256).digest()


def read_challenge(client: Pop3Client) -> str:
    """Read `+ base64` and return what it says (RFC 5034 §4)."""
    line = client.wire.read_line()
    assert line.startswith(b"+ "), line
    return base64.b64decode(line[2:-2], validate=True).decode()


def begin(client: Pop3Client, scram: ScramClient) -> None:
    """AUTH with an initial response, and the server's first message."""
    client.send(b"AUTH SCRAM-SHA-256 " + encode(scram.first))
    scram.server_first = read_challenge(client)


def outcome(client: Pop3Client) -> StatusLine:
    """The final answer, with whatever challenge comes before it acknowledged."""
    line = client.wire.read_line()
    if line.startswith(b"+ "):
        client.send(b"")
        line = client.wire.read_line()
    return parse_status_line(line)
