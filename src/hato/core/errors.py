"""What can go wrong, in the domain's words.

Raised by store, services and net; each edge has one table from error to its protocol's reply.
Never names a protocol, a reply code or a library.
Standards: none; the edges know them.
Fails never: these are the failures. A peer's bad input is not among them: machines answer it.
"""

from __future__ import annotations

from hato.core.language import Language, Text


class HatoError(Exception):
    """Something that an edge can answer or a person can be told; the root of all below."""


class NotFoundError(HatoError):
    """There is no such thing, or not for this person: outside the two look the same."""


class MailLoopError(HatoError):
    """A message has been passed on so often that it must be going in circles."""


class AlreadyExistsError(HatoError):
    """A name or id is taken."""


class SpokenError(HatoError):
    """An error that brings its own sentence: what is wrong, what to do."""

    def __init__(self, text: Text, /, **fields: object) -> None:
        """Keep the sentence with its fields, to be said in the person's language."""
        super().__init__(text.in_language(Language.ENGLISH, **fields))
        self._text = text
        self._fields = fields

    def in_language(self, language: Language) -> str:
        """Return the sentence in a language."""
        return self._text.in_language(language, **self._fields)

    @property
    def text(self) -> Text:
        """The sentence in every language, its fields filled in."""
        return self._text.filled(**self._fields)


class InvalidInputError(SpokenError):
    """A person gave something unusable."""


class AuthenticationError(HatoError):
    """Not let in. Unknown person, wrong secret and disabled person look the same."""


class ThrottledError(HatoError):
    """Too many failures from there or for this person; try again after a while."""

    def __init__(self, wait_seconds: float) -> None:
        """Say how long the wait is."""
        super().__init__(f"try again in {wait_seconds:.0f} seconds")
        self.wait_seconds = wait_seconds


class TooManySessionsError(HatoError):
    """As many sessions as one person may have from one address are open already."""


class LoginDelayError(HatoError):
    """Logged in again sooner than the person's login delay allows (RFC 2449 §6.5)."""

    def __init__(self, wait_seconds: float) -> None:
        """Say how long the wait is."""
        super().__init__(f"log in again in {wait_seconds:.0f} seconds")
        self.wait_seconds = wait_seconds


class InUseError(HatoError):
    """Somebody else holds the exclusive lock."""


class ConflictError(HatoError):
    """What the caller expected no longer holds (state, fence); nothing was changed."""


class OverQuotaError(HatoError):
    """The account's limit of octets or messages would be exceeded; nothing was changed."""


class TooLargeError(HatoError):
    """One message or object is larger than the limit."""


class StorageFullError(HatoError):
    """The disk is full or under its free-space mark; nothing was changed."""


class UnavailableError(HatoError):
    """A passing fault (input/output error, busy database, missing peer): try again later."""


class DamagedError(HatoError):
    """Stored bytes fail their checksum; they are not served."""


class KeyReplacedError(DamagedError):
    """A secret was sealed under another key than the one that is here; nothing is lost with it."""

    def __init__(self, *, sealed_with: str, at_hand: str) -> None:
        """Keep the ids of both keys, in hexadecimal: they say nothing about the keys."""
        super().__init__(
            f"a secret was sealed under the key {sealed_with}, but the key here is {at_hand}"
        )
        self.sealed_with = sealed_with
        self.at_hand = at_hand
