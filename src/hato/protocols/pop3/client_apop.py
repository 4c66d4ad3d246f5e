"""APOP, the client's side: the stamp of the greeting and the digest of it and the secret.

Called by the machine of the client (finds the stamp) and by clients whose person asked for APOP.
Never takes a stamp that is no message-id: one made up of anything lets an attacker guess the
secret letter by letter. It stays weak all the same, and does not encrypt the mail.
Standards: RFC 1939 §7, RFC 6856 §2.2 (SASLprep), RFC 2449 §3 (the greeting's grammar).
Fails with None where there is no stamp, or where name or secret cannot be prepared.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

from hato.core.secret import Secret
from hato.protocols.pop3.commands import Apop
from hato.protocols.sasl.saslprep import saslprep

_STAMP: Final = re.compile(rb"<[\x21-\x3b\x3d\x3f\x41-\x7e]+@[\x21-\x3b\x3d\x3f\x41-\x7e]+>")


def find_stamp(greeting: bytes) -> bytes | None:
    """Return the stamp of a greeting, angle brackets included."""
    found = _STAMP.search(greeting)
    return None if found is None else found.group()


def make_apop(name: str, password: Secret, stamp: bytes) -> Apop | None:
    """Return the command that logs in.

    The name is prepared as a query, the password as a stored string (RFC 6856 §2.2).
    """
    try:
        prepared = saslprep(password.reveal().decode(), allow_unassigned=False)
    except UnicodeDecodeError:
        return None
    prepared_name = saslprep(name)
    if not prepared or not prepared_name:
        return None
    digest = hashlib.md5(stamp + prepared.encode(), usedforsecurity=False).digest()
    return Apop(prepared_name, digest)
