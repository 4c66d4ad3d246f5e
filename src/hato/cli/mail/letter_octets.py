"""All octets of a letter, from the store.

Called by the verbs that read, answer or pass on a letter.
Never blocks for the disk without letting others go on.
Standards: none.
Fails as `Account.read` does.
"""

from __future__ import annotations

from hato.core.limits import BODY_CHUNK_OCTETS
from hato.store.api import Account
from hato.store.model import Email


async def octets_of(account: Account, email: Email) -> bytes:
    """Return a letter whole."""
    size = email.body.size_octets
    pieces = [
        (await account.read(email.body, start, start + BODY_CHUNK_OCTETS)).data
        for start in range(0, size, BODY_CHUNK_OCTETS)
    ]
    return b"".join(pieces)
