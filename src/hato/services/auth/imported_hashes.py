"""Password hashes that come from other mail servers.

Called by services.auth.passwords (in a hashing thread) and services.accounts (before keeping one).
Never makes such a hash: at the next login it becomes one of ours.
Standards: RFC 8018 §5.2 (PBKDF2). The names of the schemes are Dovecot's.
Fails never: a hash that cannot be read is matched by no password.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
import re
from base64 import b64decode
from collections.abc import Callable
from typing import Final, NamedTuple

import bcrypt

from hato.services.auth import sha512_crypt

_SCHEME: Final = re.compile(r"\{([A-Za-z0-9-]+)\}")
_BCRYPT: Final = re.compile(r"\$2[abxy]\$(\d\d)\$[./0-9A-Za-z]{53}")
_BCRYPT_OCTETS: Final = 72
"""What bcrypt looks at; servers cut longer passwords, so they must be cut here too."""
_MOST_BCRYPT_COST: Final = 16
_PBKDF2_SHA1: Final = re.compile(r"\$1\$([^$]*)\$(\d{1,9})\$([0-9a-fA-F]{40})")
"""Dovecot's: salt as text, rounds, 20 octets of PBKDF2-HMAC-SHA1 in hexadecimal."""
_PBKDF2_NAMED: Final = re.compile(
    r"\$pbkdf2-(sha1|sha256|sha512)\$(\d{1,9})\$([./0-9A-Za-z]*)\$([./0-9A-Za-z]+)"
)
"""passlib's: salt and digest in base64 with `.` for `+` and no `=`."""
_MOST_PBKDF2_ROUNDS: Final = 10_000_000


class Scheme(NamedTuple):
    """A way in which another server kept a password."""

    is_form: Callable[[str], bool]
    matches: Callable[[str, bytes], bool]


def split_scheme(hashed: str) -> tuple[str, str]:
    """Return scheme and rest of `{SCHEME}rest`; the scheme is empty where there is none."""
    form = _SCHEME.match(hashed)
    return (form[1].upper(), hashed[form.end() :]) if form else ("", hashed)


def is_importable(hashed: str) -> bool:
    """Tell whether this is a hash that can be checked here, at a reasonable cost."""
    name, rest = split_scheme(hashed)
    scheme = SCHEMES.get(name)
    return scheme is not None and scheme.is_form(rest)


def matches_imported(hashed: str, password: bytes) -> bool:
    """Check a password against a hash of one of SCHEMES."""
    name, rest = split_scheme(hashed)
    scheme = SCHEMES.get(name)
    return scheme is not None and scheme.is_form(rest) and scheme.matches(rest, password)


def _is_bcrypt(rest: str) -> bool:
    form = _BCRYPT.fullmatch(rest)
    return form is not None and 4 <= int(form[1]) <= _MOST_BCRYPT_COST


def _matches_bcrypt(rest: str, password: bytes) -> bool:
    """Check; `$2x$` marks hashes of a faulty old program that nothing here can compute."""
    try:
        return bcrypt.checkpw(password[:_BCRYPT_OCTETS], rest.encode())
    except ValueError:
        return False


def _is_pbkdf2(rest: str) -> bool:
    form = _PBKDF2_SHA1.fullmatch(rest) or _PBKDF2_NAMED.fullmatch(rest)
    return form is not None and 0 < int(form[2]) <= _MOST_PBKDF2_ROUNDS


def _matches_pbkdf2(rest: str, password: bytes) -> bool:
    form = _PBKDF2_SHA1.fullmatch(rest)
    if form:
        algorithm, rounds, salt = "sha1", int(form[2]), form[1].encode()
        wanted = bytes.fromhex(form[3])
    else:
        form = _PBKDF2_NAMED.fullmatch(rest)
        if form is None:
            return False
        try:
            algorithm, rounds, salt = form[1], int(form[2]), _from_short_base64(form[3])
            wanted = _from_short_base64(form[4])
        except binascii.Error:
            return False
    made = hashlib.pbkdf2_hmac(algorithm, password, salt, rounds, len(wanted))
    return hmac.compare_digest(made, wanted)


def _from_short_base64(text: str) -> bytes:
    """Decode base64 with `.` for `+` and no padding."""
    return b64decode(text.replace(".", "+") + "=" * (-len(text) % 4))


def _matches_plain(rest: str, password: bytes) -> bool:
    return hmac.compare_digest(rest.encode(), password)


SCHEMES: Final = {
    "SHA512-CRYPT": Scheme(sha512_crypt.is_sha512_crypt, sha512_crypt.matches),
    "BLF-CRYPT": Scheme(_is_bcrypt, _matches_bcrypt),
    "PBKDF2": Scheme(_is_pbkdf2, _matches_pbkdf2),
    "PLAIN": Scheme(bool, _matches_plain),
}
"""By name; `{ARGON2ID}` is not among them, for it is what our own hashes are, too."""
