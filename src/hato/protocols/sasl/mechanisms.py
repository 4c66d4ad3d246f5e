"""The client's side of SASL as a whole: what a mechanism does, which is best, how one is made.

Called by clients, which know what the server offers and what the person allows.
Never picks CRAM-MD5: whoever wants it must name it; never asks whether TLS protects the line.
Standards: RFC 4422 §3, RFC 5802 §6.
Fails with None where nothing that is offered will do.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, Protocol

from hato.core.secret import Secret
from hato.protocols.sasl import cram_md5, login, plain, scram_server
from hato.protocols.sasl.cram_md5 import CramMd5Client
from hato.protocols.sasl.login import LoginClient
from hato.protocols.sasl.plain import PlainClient
from hato.protocols.sasl.scram_client import DeriveKeys, ScramClient
from hato.protocols.sasl.scram_keys import derive_keys
from hato.protocols.sasl.steps import Refused


class ClientMechanism(Protocol):
    """One exchange, seen from the client."""

    @property
    def sends_first(self) -> bool:
        """Whether the client speaks first, so that it has an initial response."""
        ...

    @property
    def is_satisfied(self) -> bool:
        """Whether the server has shown all that this mechanism demands of it."""
        ...

    def step(self, challenge: bytes) -> bytes | Refused:
        """Answer a challenge; one that sends first is given an empty one to begin with."""
        ...


BY_PASSWORD: Final = (scram_server.PLUS_NAME, scram_server.NAME, plain.NAME, login.NAME)
"""Mechanisms that prove a password, the best first. LOGIN only for want of PLAIN."""

ON_REQUEST: Final = (cram_md5.NAME,)
"""Outdated ones, which the person must have asked for."""


def best_of(
    offered: Collection[str],
    *,
    has_channel_binding: bool = False,
    refused: Collection[str] = (),
    asked_for: Collection[str] = (),
) -> str | None:
    """Return the best mechanism for a password among those that the server offers.

    `offered`: names in capitals. `refused`: those that were tried in vain. `asked_for`: outdated
    ones that the person allows; they come last.
    """
    for name in (*BY_PASSWORD, *(name for name in ON_REQUEST if name in asked_for)):
        if name not in offered or name in refused:
            continue
        if name != scram_server.PLUS_NAME or has_channel_binding:
            return name
    return None


def by_password(
    mechanism: str,
    name: str,
    password: Secret,
    *,
    nonce: str,
    channel_binding: bytes | None = None,
    offered: Collection[str] = (),
    derive: DeriveKeys = derive_keys,
) -> ClientMechanism | None:
    """Make the client of a mechanism that proves a password; None: no such mechanism.

    `nonce`: as ScramClient wants it. `channel_binding`: the channel's `tls-exporter` data, if any.
    `offered`: what the server offers. A client that could bind the channel says so only where
    -PLUS is not offered: then a server that did offer it knows that somebody hid it (RFC 5802 §6).
    `derive`: as ScramClient wants it.
    """
    match mechanism:
        case scram_server.PLUS_NAME:
            return ScramClient(
                name,
                password,
                nonce=nonce,
                channel_binding=channel_binding,
                is_plus=True,
                derive=derive,
            )
        case scram_server.NAME:
            told = None if scram_server.PLUS_NAME in offered else channel_binding
            return ScramClient(name, password, nonce=nonce, channel_binding=told, derive=derive)
        case plain.NAME:
            return PlainClient(name, password)
        case login.NAME:
            return LoginClient(name, password)
        case cram_md5.NAME:
            return CramMd5Client(name, password)
        case _:
            return None
