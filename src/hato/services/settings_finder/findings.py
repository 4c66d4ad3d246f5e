"""What a person names, what a search for settings brings, and what a trial of one came to.

Made and read by `finder`, `login_test` and whoever asks them.
Never holds a secret.
Standards: none.
Fails never.
"""

from __future__ import annotations

import msgspec

from hato.core.language import Text
from hato.services.settings_finder.candidate import Candidate, TlsMode
from hato.services.settings_finder.provider_table import Provider


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """What the person says herself; None: she leaves it to Hato."""

    host: str | None = None
    """A name or an address, which may be private."""
    port: int | None = None
    tls: TlsMode | None = None
    """NONE: she knows what it means."""
    login: str | None = None


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    """What a search brought."""

    address: str
    candidates: list[Candidate]
    """To fetch from, the best first."""
    outgoing: list[Candidate]
    """To send by, the best first: kept for later."""
    notes: list[Text]
    """What was asked and what came of it, each in a sentence."""
    provider: Provider | None = None
    """The row of the table, by the address or by a mail exchanger."""


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one candidate."""

    candidate: Candidate
    login: str = ""
    """The name that was logged in with, or tried last."""
    method: str = ""
    """How it was proven, such as `SCRAM-SHA-256-PLUS`; empty: there was no login."""
    error: Exception | None = None
    """Why not: a HatoError (DialError and ConnectionLostError are such)."""
    why: Text
    """One sentence: why it was chosen, or why not."""
    advice: Text | None = None
    """One sentence: what to do about it."""
    is_final: bool = False
    """Trying other settings would not help, and could lock the person out: a right server refused
    the password, or asks to come back later."""
    certificate_sha256: str = ""
    """Of the certificate that was refused, in hexadecimal: may be pinned, knowing it."""

    @property
    def is_good(self) -> bool:
        """Whether the login worked."""
        return self.error is None
