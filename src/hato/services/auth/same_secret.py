"""Whether a way in still has the secret that somebody once proved.

Called by services.auth: what it remembers of passwords, and who is in.
Never knows a password: hashes and times tell.
Standards: none.
Fails never.
"""

from __future__ import annotations

from collections.abc import Sequence

from hato.services.auth.passwords import Passwords
from hato.store.directory import Credential


def find_same(
    known: Sequence[Credential], proven: Credential, passwords: Passwords
) -> Credential | None:
    """Return what `proven` has become among `known`; None where it is gone or has another secret.

    An imported hash that became ours behind a login is the same secret: its `created` stays. It
    counts whole seconds, which is why a new password is made a second younger than what it
    replaces. A hash that was ours is never in doubt.
    """
    for credential in known:
        if credential.credential_id == proven.credential_id:
            is_same = credential.hashed == proven.hashed or (
                credential.created == proven.created
                and not passwords.is_ours(proven.hashed)
                and passwords.is_ours(credential.hashed)
            )
            return credential if is_same else None
    return None
