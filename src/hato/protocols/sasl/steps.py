"""What a SASL mechanism answers at each step, on either side.

Called by the mechanisms (make them), by services.auth and clients (act on them).
Never holds a password in the clear text of a printed value: it is a Secret.
Standards: RFC 4422 §3 (challenges, responses, authorization identity).
Fails never: a bad message of the other side is a `Refused`.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import NamedTuple, TypeAlias

from hato.core.secret import Secret


class Reason(Enum):
    """Why an exchange ends without success."""

    MALFORMED = auto()
    """Not what the mechanism's grammar allows at this point."""
    UNKNOWN_EXTENSION = auto()
    """A mandatory extension (`m=`) that nobody here knows (RFC 5802 §5.1)."""
    BINDING_UNSUPPORTED = auto()
    """A channel binding of a kind, or on a channel, that is not supported."""
    BINDING_DIFFERS = auto()
    """The channel that the client sees is not ours: somebody is in between."""
    DOWNGRADED = auto()
    """The client believes that -PLUS was not offered, but it was (RFC 5802 §6)."""
    WRONG_PROOF = auto()
    """No known secret fits."""
    UNPREPARABLE = auto()
    """A name or password that SASLprep refuses (RFC 4013 §2.3)."""
    UNREASONABLE = auto()
    """The server asks for too little or too much work, or changed the nonce."""
    SERVER_REFUSED = auto()
    """The server said so (`e=`)."""
    SERVER_UNPROVEN = auto()
    """The server does not know the secret: it is not who it seems to be."""


class Challenge(NamedTuple):
    """Send this to the client and pass its response to the next step."""

    data: bytes


class PasswordOffered(NamedTuple):
    """The client shows name and password: check them."""

    name: str
    password: Secret
    acts_as: str
    """The authorization identity; empty: whoever the name is."""


class KeysWanted(NamedTuple):
    """The client says who it is: give the mechanism that person's keys."""

    name: str
    acts_as: str


class Proven(NamedTuple):
    """The client knows the secret behind the key at this place of those given."""

    key_index: int


class Refused(NamedTuple):
    """The exchange is over; nothing was proven."""

    reason: Reason


ServerStep: TypeAlias = Challenge | PasswordOffered | KeysWanted | Proven | Refused
