"""One mail account elsewhere, as its owner set it up.

Made by `services.sources`, read by `services.fetching` and the command line.
Never holds a secret: passwords and tokens are sealed, apart from it.
Standards: RFC 1939 and RFC 8314 for what a server may offer; what is kept is Hato's own.
Fails never.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from hato.core.ids import MailboxId
from hato.services.settings_finder.candidate import Protocol, TlsMode

KIND: Final = "source"
IDENTITY_KIND: Final = "identity"
"""Who its person is when she answers from a source, and by which server: `services.sending`."""
"""The kind of the small objects that sources are kept as."""


class Keeping(StrEnum):
    """What becomes of a message on its server once it is safe here."""

    KEEP = "keep"
    DELETE_WHEN_STORED = "delete-when-stored"
    DELETE_AFTER_DAYS = "delete-after-days"
    DELETE_WHEN_READ = "delete-when-read"
    """When its owner has read it here, or deleted it here."""


class Policy(msgspec.Struct, frozen=True):
    """The owner's rule for what stays on the server."""

    keeping: Keeping = Keeping.KEEP
    days: int = 0
    """Of DELETE_AFTER_DAYS: counted from when the message became safe here."""


class Proof(StrEnum):
    """What a source's secret is."""

    PASSWORD = "password"  # noqa: S105 - the word, no secret
    OAUTH2 = "oauth2"


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """One mail account elsewhere. Kept as JSON in the owner's own account."""

    source_id: str
    """Short, random, never used for another one: its ledger and messages are marked with it."""
    address: str
    """What the person calls it: the mail address."""
    name: str
    """As it is shown."""
    colour: str
    """As it is shown: `#rrggbb`."""
    added: int
    """Seconds since 1970 UTC."""

    protocol: Protocol
    host: str
    port: int
    tls: TlsMode
    login: str
    proof: Proof = Proof.PASSWORD
    outdated: tuple[str, ...] = ()
    """Of `CRAM-MD5` and `APOP` those that the person allows, knowing what they are worth."""
    pinned_sha256: str = ""
    """Of the one certificate to be believed, in hexadecimal; empty: its chain decides."""
    ca_file: str = ""
    """Authorities to be believed instead of the system's; empty: the system's."""
    provider_id: str = ""
    """Its row in the table of providers; empty: none."""

    policy: Policy = Policy()
    largest_octets: int | None = None
    """A larger message comes as its header and a note; None: no limit but Hato's own."""
    folder: MailboxId | None = None
    """Where its messages go; None: INBOX."""
    is_in_unified_inbox: bool = True
    poll_seconds: int = 300
    is_paused: bool = False

    hook: tuple[str, ...] = ()
    """A command and its arguments, run for each new message with the message as its input."""
    maildir: str = ""
    """A Maildir that gets a copy of each new message; empty: none."""


def is_same_mailbox(source: Source, other: Source) -> bool:
    """Tell whether two sources would fetch the same mail, whichever port and protocol they take.

    Behind a loopback host there may be a tunnel at each port, to another provider each.
    """
    return _mailbox_of(source) == _mailbox_of(other)


def _mailbox_of(source: Source) -> tuple[str, int, str]:
    host = source.host.casefold().rstrip(".")
    is_loopback = host in {"localhost", "::1"} or host.startswith("127.")
    return host, source.port if is_loopback else 0, source.login


def polling_lock(source_id: str) -> str:
    """Return the name of the lock of its owner's account that whoever polls a source holds."""
    return f"fetch {source_id}"
