"""The four messages of SCRAM, read strictly.

Called by both sides of SCRAM.
Never decides whether somebody is let in.
Standards: RFC 5802 §5.1, §7.
Fails never: what the grammar does not allow yields a Reason.
"""

from __future__ import annotations

import binascii
from collections.abc import Sequence
from typing import Final, NamedTuple

from hato.core.limits import SCRAM_LEAST_ITERATIONS, SCRAM_MOST_ITERATIONS
from hato.protocols.sasl.steps import Reason

_LETTERS: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
_BINDING_NAME: Final = _LETTERS | frozenset("0123456789.-")
_NONCE: Final = frozenset(map(chr, range(0x21, 0x7F))) - {","}


class ClientFirst(NamedTuple):
    """`n,a=…,n=user,r=nonce`."""

    header: bytes
    """The GS2 header, with both commas: it comes back inside `c=`."""
    binding: str
    """`n`: the client knows none; `y`: it does, but thinks that we do not; else a type's name."""
    is_bound: bool
    acts_as: str
    name: str
    nonce: str
    bare: bytes
    """What is left without the header: the beginning of the AuthMessage."""


class ServerFirst(NamedTuple):
    """`r=nonce,s=salt,i=iterations`."""

    nonce: str
    salt: bytes
    iterations: int


class ClientFinal(NamedTuple):
    """`c=binding,r=nonce,p=proof`."""

    binding: bytes
    nonce: str
    proof: bytes
    without_proof: bytes
    """The end of the AuthMessage."""


def read_client_first(message: bytes) -> ClientFirst | Reason:
    """Read the client's first message."""
    fields = _fields(message)
    if fields is None or len(fields) < 4:
        return Reason.MALFORMED
    flag, acts_as = fields[0], fields[1]
    is_bound = flag.startswith("p=")
    if is_bound:
        flag = flag[2:]
        if not flag or not _BINDING_NAME.issuperset(flag):
            return Reason.MALFORMED
    elif flag not in {"n", "y"}:
        return Reason.MALFORMED
    if fields[2].startswith("m="):
        return Reason.UNKNOWN_EXTENSION
    owner = _read_name(acts_as, "a=") if acts_as else ""
    name = _read_name(fields[2], "n=")
    nonce = _read_nonce(fields[3])
    if owner is None or not name or nonce is None or not _are_extensions(fields[4:]):
        return Reason.MALFORMED
    header_octets = len(fields[0].encode()) + len(acts_as.encode()) + 2
    bare = message[header_octets:]
    return ClientFirst(message[:header_octets], flag, is_bound, owner, name, nonce, bare)


def read_server_first(message: bytes) -> ServerFirst | Reason:
    """Read the server's first message; refuse too little work and too much (RFC 5802 §9)."""
    fields = _fields(message)
    if fields is None or len(fields) < 3:
        return Reason.MALFORMED
    if fields[0].startswith("m="):
        return Reason.UNKNOWN_EXTENSION
    nonce, salt = _read_nonce(fields[0]), _read_base64(fields[1], "s=")
    iterations = fields[2].removeprefix("i=")
    if nonce is None or not salt or not fields[2].startswith("i="):
        return Reason.MALFORMED
    if not iterations.isascii() or not iterations.isdigit() or iterations.startswith("0"):
        return Reason.MALFORMED
    if not _are_extensions(fields[3:]):
        return Reason.MALFORMED
    if len(iterations) > 12:
        return Reason.UNREASONABLE
    if not SCRAM_LEAST_ITERATIONS <= int(iterations) <= SCRAM_MOST_ITERATIONS:
        return Reason.UNREASONABLE
    return ServerFirst(nonce, salt, int(iterations))


def read_client_final(message: bytes) -> ClientFinal | Reason:
    """Read the client's second message."""
    fields = _fields(message)
    if fields is None or len(fields) < 3:
        return Reason.MALFORMED
    binding, proof = _read_base64(fields[0], "c="), _read_base64(fields[-1], "p=")
    nonce = _read_nonce(fields[1])
    if not binding or not proof or nonce is None:
        return Reason.MALFORMED
    if fields[2].startswith("m="):
        return Reason.UNKNOWN_EXTENSION
    if not _are_extensions(fields[2:-1]):
        return Reason.MALFORMED
    return ClientFinal(binding, nonce, proof, message.rpartition(b",p=")[0])


def read_server_final(message: bytes) -> bytes | Reason:
    """Read the server's signature out of its last message."""
    fields = _fields(message)
    if fields is None or not _are_extensions(fields[1:]):
        return Reason.MALFORMED
    if fields[0].startswith("e="):
        return Reason.SERVER_REFUSED
    return _read_base64(fields[0], "v=") or Reason.MALFORMED


def write_name(name: str) -> str:
    """Write a name so that it holds no `,` and no `=` of its own."""
    return name.replace("=", "=3D").replace(",", "=2C")


def to_base64(data: bytes) -> bytes:
    """Encode without a line end."""
    return binascii.b2a_base64(data, newline=False)


def _fields(message: bytes) -> list[str] | None:
    """Divide a message at its commas; None where it is not UTF-8 or holds NUL."""
    if b"\0" in message:
        return None
    try:
        return message.decode().split(",")
    except UnicodeDecodeError:
        return None


def _read_name(field: str, prefix: str) -> str | None:
    """Undo `=2C` and `=3D` behind `prefix`; None for any other `=` and for the empty name."""
    text = field[len(prefix) :]
    escapes = text.split("=")[1:]
    if not text or not field.startswith(prefix):
        return None
    if not all(escape.startswith(("2C", "3D")) for escape in escapes):
        return None
    return text.replace("=2C", ",").replace("=3D", "=")


def _read_nonce(field: str) -> str | None:
    """Read `r=` and printable ASCII."""
    nonce = field.removeprefix("r=")
    is_sound = field.startswith("r=") and nonce and _NONCE.issuperset(nonce)
    return nonce if is_sound else None


def _read_base64(field: str, prefix: str) -> bytes | None:
    """Read canonical base64 behind `prefix`."""
    if not field.startswith(prefix) or not field.isascii():
        return None
    encoded = field[len(prefix) :].encode()
    try:
        decoded = binascii.a2b_base64(encoded, strict_mode=True)
    except binascii.Error:
        return None
    return decoded if to_base64(decoded) == encoded else None


def _are_extensions(fields: Sequence[str]) -> bool:
    """Tell whether each is `letter=value`: unknown ones are ignored."""
    return all(len(f) > 2 and f[0] in _LETTERS and f[1] == "=" for f in fields)
