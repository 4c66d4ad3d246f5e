"""Hashes of other servers: published vectors, and what is refused."""

from __future__ import annotations

from base64 import b64encode
from hashlib import pbkdf2_hmac

import bcrypt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hato.core.secret import Secret
from hato.services.auth.imported_hashes import is_importable, matches_imported
from hato.services.auth.passwords import (
    Passwords,
    forms_of,
    is_app_hash,
    is_known_hash,
    make_app_hash,
    make_app_password,
)

# "Unix crypt using SHA-256 and SHA-512", 2008, with its test vectors.
SHA512_VECTORS = [
    (
        (
            "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCo"
            "EOfaS35inz1"
        ),
        b"Hello world!",
    ),
    (
        (
            "$6$rounds=10000$saltstringsaltst$OW1/O6BYHV6BcXZu8QVeXbDWra3Oeqh0sbHbbMCVNSnCM/UrjmM0Dp8v"
            "OuZeHBy/YTBmSK6H9qs/y3RnOaw5v."
        ),
        b"Hello world!",
    ),
    (
        (
            "$6$rounds=5000$toolongsaltstrin$lQ8jolhgVRVhY4b5pZKaysCLi0QBxGoNeKQzQ3glMhwllF7oGDZxUhx1y"
            "xdYcz/e1JSbq3y6JMxxl8audkUEm0"
        ),
        b"This is just a test",
    ),
    (
        (
            "$6$rounds=1400$anotherlongsalts$POfYwTEok97VWcjxIiSOjiykti.o/pQs.wPvMxQ6Fm7I6IoYN3CmLs66x"
            "9t0oSwbtEW7o7UmJEiDwGqd8p4ur1"
        ),
        b"a very much longer text to encrypt.  This one even stretches over morethan one line.",
    ),
    (
        (
            "$6$rounds=1000$roundstoolow$kUMsbe306n21p9R.FRkW3IGn.S9NPN0x50YhH1xhLsPuWGsUSklZt58jaTfF4"
            "ZEQpyUNGc0dqbpBYYBaHHrsX."
        ),
        b"the minimum number is still observed",
    ),
]


@pytest.mark.parametrize(("hashed", "password"), SHA512_VECTORS)
def test_sha512_crypt_agrees_with_its_vectors(hashed: str, password: bytes) -> None:
    assert is_importable("{SHA512-CRYPT}" + hashed)
    assert matches_imported("{SHA512-CRYPT}" + hashed, password)
    assert not matches_imported("{SHA512-CRYPT}" + hashed, b"hello world!")


def test_sha512_crypt_takes_a_few_rounds_for_a_thousand() -> None:
    hashed = SHA512_VECTORS[-1][0].replace("rounds=1000", "rounds=10")
    assert matches_imported("{SHA512-CRYPT}" + hashed, b"the minimum number is still observed")


def test_bcrypt_looks_at_72_octets_and_so_do_we() -> None:
    password = b"x" * 72
    hashed = "{BLF-CRYPT}" + bcrypt.hashpw(password, bcrypt.gensalt(4)).decode()
    assert matches_imported(hashed, password)
    assert matches_imported(hashed, password + b"whatever comes behind")
    assert not matches_imported(hashed, b"x" * 71)
    assert matches_imported(hashed.replace("$2b$", "$2y$"), password)
    assert matches_imported(hashed.replace("{BLF-CRYPT}", "{blf-crypt}"), password)


def test_pbkdf2_is_taken_in_both_its_forms() -> None:
    key = pbkdf2_hmac("sha1", b"secret", b"salt", 5000, 20).hex()
    assert matches_imported(f"{{PBKDF2}}$1$salt$5000${key}", b"secret")
    assert not matches_imported(f"{{PBKDF2}}$1$salt$5000${key}", b"Secret")
    for algorithm in ("sha1", "sha256", "sha512"):
        digest = pbkdf2_hmac(algorithm, b"secret", b"\xff\xfesalt", 1000)
        short = [
            b64encode(b).decode().rstrip("=").replace("+", ".") for b in (b"\xff\xfesalt", digest)
        ]
        hashed = f"{{PBKDF2}}$pbkdf2-{algorithm}$1000${short[0]}${short[1]}"
        assert matches_imported(hashed, b"secret")
        assert not matches_imported(hashed, b"secret ")


def test_plain_is_compared() -> None:
    assert matches_imported("{PLAIN}secret", b"secret")
    assert not matches_imported("{PLAIN}secret", b"secre")
    assert matches_imported("{PLAIN}sé}cret", "sé}cret".encode())


def test_argon2id_of_another_server_is_taken_at_its_own_cost() -> None:
    elsewhere = Passwords(memory_kib=16, passes=3)
    hashed = elsewhere.make(b"secret")
    here = Passwords(memory_kib=8, passes=1)
    assert is_known_hash(hashed)
    assert here.fits(hashed, b"secret")
    assert not here.fits(hashed, b"Secret")
    assert not here.is_ours(hashed)
    assert here.is_ours(here.make(b"secret"))


@pytest.mark.parametrize(
    "hashed",
    [
        "",
        "secret",
        "{PLAIN}",
        "{MD5}abc",
        "{SHA512-CRYPT}$6$rounds=999999999$salt$" + "a" * 86,
        "{SHA512-CRYPT}$5$salt$" + "a" * 86,
        "{SHA512-CRYPT}$6$salt$" + "a" * 85,
        "{BLF-CRYPT}$2b$31$" + "a" * 53,
        "{BLF-CRYPT}$2b$04$" + "a" * 52,
        "{PBKDF2}$1$salt$99999999$" + "a" * 40,
        "{PBKDF2}$1$salt$0$" + "a" * 40,
        "{PBKDF2}$1$salt$5000$abc",
        "{ARGON2ID}$argon2id$v=19$m=9999999,t=2,p=1$c2FsdHNhbHQ$" + "a" * 43,
        "{ARGON2ID}$argon2id$v=19$m=65536,t=200,p=1$c2FsdHNhbHQ$" + "a" * 43,
        "{ARGON2ID}$argon2i$v=19$m=65536,t=2,p=1$c2FsdHNhbHQ$" + "a" * 43,
        "{ARGON2ID}",
        make_app_hash(b"secret"),
    ],
)
def test_what_cannot_be_checked_at_a_reasonable_cost_is_refused(hashed: str) -> None:
    assert not is_known_hash(hashed)
    assert not Passwords().fits(hashed, b"secret") or is_app_hash(hashed)


@settings(deadline=None)
@given(st.sampled_from(["SHA512-CRYPT", "BLF-CRYPT", "PBKDF2", "ARGON2ID", "X"]), st.text())
def test_no_hash_raises(scheme: str, rest: str) -> None:
    passwords = Passwords(memory_kib=8, passes=1)
    assert not passwords.fits(f"{{{scheme}}}{rest}", b"secret")
    assert is_known_hash(f"{{{scheme}}}{rest}") is False
    assert passwords.is_ours(f"{{{scheme}}}{rest}") is False


def test_a_damaged_base64_fits_nothing() -> None:
    assert not matches_imported("{PBKDF2}$pbkdf2-sha256$10$aaaaa$bbbbb", b"secret")


def test_app_passwords_are_long_random_and_easy_to_read() -> None:
    drawn = {make_app_password() for _ in range(100)}
    assert len(drawn) == 100
    for password in drawn:
        assert len(password) == 29
        assert not set(password) & set("l10o")
        assert Passwords().fits(make_app_hash(password.encode()), password.encode())


def test_a_password_is_tried_prepared_and_as_it_came() -> None:
    assert forms_of(Secret("secret")) == (b"secret",)
    assert forms_of(Secret("se\u00adcret")) == (b"secret", "se\u00adcret".encode())
    assert forms_of(Secret(b"p\xe4ss")) == (b"p\xe4ss",)
    assert forms_of(Secret(b"bell\x07")) == (b"bell\x07",)
    for no_password in (b"", b"a\0b", b"x" * 1025, b"x" * 1_048_576):
        assert forms_of(Secret(no_password)) == ()
