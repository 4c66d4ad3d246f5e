"""SCRAM's keys of the passwords used lately, so that polling every minute does not hash each time.

Called by `clients.login`.
Never keeps a password: what is looked up is a code of it under a key of this process, and what is
kept opens nothing but the account whose server chose the salt.
Standards: RFC 5802 §5.1 (a client may keep its keys for the same salt and iterations).
Fails never: a server that changes its salt each time only costs the time to hash.
"""

from __future__ import annotations

import hmac
import secrets
import threading
from collections import OrderedDict

from hato.core import limits
from hato.protocols.sasl.scram_keys import DerivedKeys, derive_keys


class ScramMemory:
    """The keys used last. Safe to use from several threads."""

    def __init__(self, most: int = limits.SCRAM_KEYS_REMEMBERED) -> None:
        """Remember `most` at most."""
        self._most = most
        self._secret = secrets.token_bytes(32)
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[bytes, bytes, int], DerivedKeys] = OrderedDict()

    def derive(self, password: bytes, salt: bytes, iterations: int) -> DerivedKeys:
        """Return the keys of a prepared password; slow by intent where they are not remembered."""
        code = hmac.digest(self._secret, password, "sha256")
        place = (code, salt, iterations)
        with self._lock:
            keys = self._kept.get(place)
            if keys is not None:
                self._kept.move_to_end(place)
                return keys
        keys = derive_keys(password, salt, iterations)
        with self._lock:
            self._kept[place] = keys
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return keys
