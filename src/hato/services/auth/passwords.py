"""Passwords: which forms of one are tried, how ours are hashed, whether one fits a hash.

Called by services.auth (in a hashing thread) and services.accounts.
Never keeps a password, never says why one does not fit.
Standards: RFC 9106 (Argon2id), RFC 4013 (SASLprep), RFC 5802 §2.2.
Fails never: what is no password has no forms, and fits nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from base64 import b64encode
from functools import cached_property
from typing import TYPE_CHECKING, Final

from hato.core.limits import PASSWORD_OCTETS
from hato.core.secret import Secret
from hato.protocols.sasl.saslprep import saslprep
from hato.services.auth.imported_hashes import is_importable, matches_imported, split_scheme

if TYPE_CHECKING:
    from argon2 import PasswordHasher

_ARGON2ID: Final = "{ARGON2ID}"
_SHA256: Final = "{SHA256}"
_ARGON2_FORM: Final = re.compile(
    r"\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,3})\$[+/0-9A-Za-z]{8,}\$[+/0-9A-Za-z]{16,}"
)
_MOST_ARGON2_KIB: Final = 1_048_576
_MOST_ARGON2_PASSES: Final = 20
_APP_ALPHABET: Final = "abcdefghijkmnpqrstuvwxyz23456789"
"""32 letters and digits that nobody takes for one another."""


class Passwords:
    """Makes and checks hashes. Slow by intent: for the hashing threads.

    The costs are OWASP's least for Argon2id: 19 MiB, two passes, one lane.
    """

    def __init__(self, *, memory_kib: int = 19_456, passes: int = 2) -> None:
        """Set what a hash of ours costs."""
        self._memory_kib = memory_kib
        self._passes = passes

    def make(self, password: bytes) -> str:
        """Hash a main password."""
        return _ARGON2ID + self._argon2.hash(password)

    def fits(self, hashed: str, password: bytes) -> bool:
        """Tell whether a password belongs to a hash, ours or imported."""
        scheme, rest = split_scheme(hashed)
        if scheme == "ARGON2ID":
            return self._fits_argon2(rest, password)
        if scheme == "SHA256":
            return hmac.compare_digest(make_app_hash(password), hashed)
        return matches_imported(hashed, password)

    def waste(self, password: bytes) -> None:
        """Work as long as for a wrong main password of ours: nobody shall see who exists."""
        self._fits_argon2(self._decoy, password)

    def is_ours(self, hashed: str) -> bool:
        """Tell whether a hash is as we would make it now."""
        scheme, rest = split_scheme(hashed)
        if scheme == "SHA256":
            return True
        return scheme == "ARGON2ID" and not self._is_outdated(rest)

    def _fits_argon2(self, rest: str, password: bytes) -> bool:
        from argon2.exceptions import Argon2Error, InvalidHashError  # noqa: PLC0415  # see _argon2

        if not rest.isascii():
            return False
        try:
            return self._argon2.verify(rest, password)
        except (Argon2Error, InvalidHashError):
            return False

    def _is_outdated(self, rest: str) -> bool:
        from argon2.exceptions import InvalidHashError  # noqa: PLC0415  # see _argon2

        if not rest.isascii():
            return True
        try:
            return self._argon2.check_needs_rehash(rest)
        except InvalidHashError:
            return True

    @cached_property
    def _argon2(self) -> PasswordHasher:
        from argon2 import PasswordHasher  # noqa: PLC0415  # 20 ms that most verbs never need

        return PasswordHasher(time_cost=self._passes, memory_cost=self._memory_kib, parallelism=1)

    @cached_property
    def _decoy(self) -> str:
        return self._argon2.hash(secrets.token_bytes(16))


def make_app_hash(password: bytes) -> str:
    """Hash an app password: it is random and long, so one round of SHA-256 is enough."""
    return _SHA256 + b64encode(hashlib.sha256(password).digest()).decode()


def is_app_hash(hashed: str) -> bool:
    """Tell whether a hash is that of an app password: cheap to check."""
    return hashed.startswith(_SHA256)


def is_known_hash(hashed: str) -> bool:
    """Tell whether a hash from elsewhere can be checked here, at a reasonable cost."""
    scheme, rest = split_scheme(hashed)
    if scheme != "ARGON2ID":
        return is_importable(hashed)
    form = _ARGON2_FORM.fullmatch(rest)
    if form is None:
        return False
    return int(form[1]) <= _MOST_ARGON2_KIB and 1 <= int(form[2]) <= _MOST_ARGON2_PASSES


def make_app_password() -> str:
    """Draw an app password: five groups of five, 125 bits."""
    letters = [secrets.choice(_APP_ALPHABET) for _ in range(25)]
    return "-".join("".join(letters[start : start + 5]) for start in range(0, 25, 5))


def forms_of(password: Secret) -> tuple[bytes, ...]:
    """Return the octets to try: prepared by SASLprep, then as they came where that differs.

    Ours are hashed prepared; those of other servers were hashed as their clients sent them. None
    for what is no password: nothing, NUL inside, or too long.
    """
    octets = password.reveal()
    if not octets or len(octets) > PASSWORD_OCTETS or b"\0" in octets:
        return ()
    prepared = prepared_password(password)
    return (octets,) if prepared in {None, octets} else (prepared or b"", octets)


def prepared_password(password: Secret) -> bytes | None:
    """Return a password as ours are hashed, or None when SASLprep refuses it.

    Characters younger than Unicode 3.2 (an emoji) are allowed: clients send them so.
    """
    try:
        prepared = saslprep(password.reveal().decode())
    except UnicodeDecodeError:
        return None
    return prepared.encode() if prepared else None
