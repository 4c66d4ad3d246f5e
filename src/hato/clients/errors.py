"""What can come of a conversation with a server of others, in the domain's words.

Raised by clients; services decide by them what to do next and what to tell the person. That a
server cannot be reached (DialError), or no more (ConnectionLostError), is `net.dial_errors`.
Never holds a secret; a server's words are fit to be shown.
Standards: RFC 2449 §8, RFC 3206 §4 and §5 (what the response codes mean).
Fails never: these are the failures.
"""

from __future__ import annotations

from enum import Enum, auto

from hato.core.errors import AuthenticationError, HatoError, UnavailableError


class WrongCredentialsError(AuthenticationError):
    """The server says that name, password or token is wrong."""

    def __init__(self, method: str, words: str) -> None:
        """Keep by which method, and the server's words."""
        super().__init__(f"{method}: {words}")
        self.method = method
        self.words = words


class Busy(Enum):
    """Why it is to be tried again later."""

    IN_USE = auto()
    """Somebody else reads the mailbox."""
    LOGIN_DELAY = auto()
    """The last login is too short a while ago."""
    PASSING_FAULT = auto()
    """The server has trouble of its own."""


class BusyError(UnavailableError):
    """Not now; nothing is wrong with the password."""

    def __init__(self, busy: Busy, words: str, wait_seconds: int | None = None) -> None:
        """Keep why; `wait_seconds`: None where the server does not tell."""
        super().__init__(f"{busy.name}: {words}")
        self.busy = busy
        self.words = words
        self.wait_seconds = wait_seconds


class RefusedForGoodError(HatoError):
    """The server will not do it, and trying again does not help; a person has to act."""

    def __init__(self, words: str) -> None:
        """Keep the server's words."""
        super().__init__(words)
        self.words = words


class TurnedAwayError(RefusedForGoodError):
    """The server refused with its greeting, before anybody could log in; nothing secret was said.

    That says nothing about the password, nor about another port of the same server.
    """


class LetterRefusedError(HatoError):
    """The server does not give, or does not delete, one letter; it says nothing of the others."""

    def __init__(self, words: str) -> None:
        """Keep the server's words."""
        super().__init__(words)
        self.words = words


class TlsRefusedError(HatoError):
    """The server, or somebody in between, will not have TLS; nothing secret was said."""

    def __init__(self, words: str) -> None:
        """Keep the server's words; empty where it does not offer TLS at all."""
        super().__init__(words or "TLS is not offered")
        self.words = words


class NoLoginMethodError(HatoError):
    """Nothing that the server offers will do."""

    def __init__(self, offered: tuple[str, ...]) -> None:
        """Keep what the server offers."""
        super().__init__(f"offered: {' '.join(offered) or 'nothing'}")
        self.offered = offered


class UnprovenServerError(HatoError):
    """The server does not know the password, or is not at the other end of our TLS."""

    def __init__(self, reason: str) -> None:
        """Keep what gave it away."""
        super().__init__(reason)
        self.reason = reason


class NonsenseError(HatoError):
    """The server does not keep to its protocol."""

    def __init__(self, fault: str, words: str = "") -> None:
        """Keep which rule it broke, and its words."""
        super().__init__(f"{fault}: {words}" if words else fault)
        self.fault = fault
        self.words = words
