"""Who a person is when she writes: name, address, signature, and the server her letters leave by.

Made and read by `services.sending`, by whoever composes, and by the command line.
Never holds a secret: a submission server is logged in to with that of its source.
Standards: RFC 6409 (submission), RFC 8314 §3.3 (implicit TLS first), RFC 8621 §6 (identities).
Fails never.
"""

from __future__ import annotations

import msgspec

from hato.services.settings_finder.candidate import TlsMode


class Submission(msgspec.Struct, frozen=True, kw_only=True):
    """The server that takes an identity's letters."""

    host: str
    port: int
    tls: TlsMode
    login: str
    """Empty: the server wants no login, as a relay of one's own network."""
    pinned_sha256: str = ""
    """Of the one certificate to be believed, in hexadecimal; empty: its chain decides."""
    ca_file: str = ""
    """Authorities to be believed instead of the system's; empty: the system's."""


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """One of a person's faces. Kept as JSON in her own account."""

    identity_id: str
    """Her source's id; `own` for her address here."""
    source_id: str | None
    """Whose secret opens the submission server; None: her address here, without a source."""
    name: str
    """As it stands before the address: `Ada Lovelace`; may be empty."""
    address: str
    """`local@domain`, the domain as A-labels."""
    signature: str = ""
    """Put below what she writes, lines divided by LF; empty: none."""
    submission: Submission | None = None
    """None: not found yet; the first letter looks for it."""
