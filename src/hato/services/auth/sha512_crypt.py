"""SHA512-CRYPT, `$6$…`: the scheme of most Linux password files.

Called by services.auth.imported_hashes, in a hashing thread.
Never makes a new hash: what is imported becomes Argon2id.
Standards: none; "Unix crypt using SHA-256 and SHA-512", version 0.4 of 2008, with its vectors.
Fails never: what is no such hash is matched by no password.
"""

from __future__ import annotations

import hmac
import re
from hashlib import sha512
from typing import Final

MOST_ROUNDS: Final = 1_000_000
"""The scheme allows 999 999 999: an hour of work. One second is enough to ask for."""

_FORM: Final = re.compile(
    r"\$6\$(?:rounds=([0-9]{1,9})\$)?([^$:\n]{0,16})[^$:\n]*\$([./0-9A-Za-z]{86})"
)
_ALPHABET: Final = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_DEFAULT_ROUNDS: Final = 5_000
_LEAST_ROUNDS: Final = 1_000


def is_sha512_crypt(hashed: str) -> bool:
    """Tell whether this is such a hash, of a reasonable number of rounds."""
    form = _FORM.fullmatch(hashed)
    return form is not None and int(form[1] or 0) <= MOST_ROUNDS


def matches(hashed: str, password: bytes) -> bool:
    """Check a password."""
    form = _FORM.fullmatch(hashed)
    if form is None or int(form[1] or 0) > MOST_ROUNDS:
        return False
    rounds = max(int(form[1]), _LEAST_ROUNDS) if form[1] else _DEFAULT_ROUNDS
    digest = _digest(password, form[2].encode(), rounds)
    return hmac.compare_digest(_encoded(digest), form[3])


def _digest(password: bytes, salt: bytes, rounds: int) -> bytes:
    """Mix password and salt as the scheme says, step numbers as there."""
    alternate = sha512(password + salt + password).digest()  # 4-8
    first = sha512(password + salt + _repeated(alternate, len(password)))  # 1-3, 9-10
    length = len(password)
    while length:  # 11
        first.update(alternate if length & 1 else password)
        length >>= 1
    digest = first.digest()  # 12
    p = _repeated(sha512(password * len(password)).digest(), len(password))  # 13-16
    s = _repeated(sha512(salt * (16 + digest[0])).digest(), len(salt))  # 17-20
    for number in range(rounds):  # 21
        begin, end = (p, digest) if number & 1 else (digest, p)
        middle = (s if number % 3 else b"") + (p if number % 7 else b"")
        digest = sha512(begin + middle + end).digest()
    return digest


def _repeated(block: bytes, length: int) -> bytes:
    """Return `length` octets of a block, again and again."""
    return (block * (length // len(block) + 1))[:length]


def _encoded(digest: bytes) -> str:
    """Encode in the scheme's own base64: three octets each, from three thirds in turn (22)."""
    characters = []
    order = (0, 21, 42)
    for _ in range(21):
        word = digest[order[0]] << 16 | digest[order[1]] << 8 | digest[order[2]]
        characters += [_ALPHABET[word >> shift & 63] for shift in (0, 6, 12, 18)]
        order = (order[1] + 1, order[2] + 1, order[0] + 1)
    characters += [_ALPHABET[digest[63] & 63], _ALPHABET[digest[63] >> 6]]
    return "".join(characters)
