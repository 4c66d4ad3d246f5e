"""What can come of asking for a token, each with its sentence.

Raised by services.oauth; the command line prints them, services.fetching keeps them as the
source's health.
Never holds a token, a code or a client's secret; a server's words are fit to be shown.
Standards: RFC 6749 §4.1.2.1 and §5.2 (which codes there are).
Fails never: these are the failures.
"""

from __future__ import annotations

from hato.core.errors import AuthenticationError, HatoError, SpokenError, UnavailableError


class AuthoriseAgainError(SpokenError, AuthenticationError):
    """The authorisation is over; only the person can give a new one."""


class ClientRefusedError(SpokenError):
    """The issuer does not take the client id, its secret, or what it asks for."""


class NotAuthorisedError(SpokenError):
    """The person said no, or too late, or the answer is not one to this question."""


class IssuerUnfitError(SpokenError):
    """The issuer does not keep to the standards, or lacks what is needed."""


class IssuerBusyError(SpokenError, UnavailableError):
    """Not now, or not reached; nothing is wrong with the authorisation."""


class TokenRefusedError(HatoError):
    """The issuer gives no token for what it was shown. Who asked makes one of the above of it."""

    def __init__(self, code: str, words: str) -> None:
        """Keep the code of RFC 6749 §5.2, and the issuer's words."""
        super().__init__(f"{code}: {words}" if words else code)
        self.code = code
        self.words = words
