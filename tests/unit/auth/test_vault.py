"""The vault: what it seals opens for nobody else, and a wrong key is told from damage."""

from __future__ import annotations

import base64
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hato.core.errors import DamagedError, KeyReplacedError, SealedSecretError, UnavailableError
from hato.core.secret import Secret
from hato.services.auth.secret_key import (
    FILE_IN_ENVIRONMENT,
    FILE_NAME,
    IN_ENVIRONMENT,
    derive,
    read_secret_key,
)
from hato.services.auth.vault import Vault

KEY = Secret(b"k" * 32)
OTHER_KEY = Secret(b"o" * 32)
SECRET = Secret("a password")


def test_what_is_sealed_opens_for_the_same_purpose_with_the_same_key() -> None:
    sealed = Vault(KEY).seal(SECRET, "source/a/b")
    assert Vault(KEY).open(sealed, "source/a/b") == SECRET
    assert SECRET.reveal() not in sealed
    assert Vault(KEY).seal(SECRET, "source/a/b") != sealed


def test_another_key_is_told_from_damage_by_its_id() -> None:
    sealed = Vault(KEY).seal(SECRET, "p")
    with pytest.raises(KeyReplacedError) as caught:
        Vault(OTHER_KEY).open(sealed, "p")
    assert caught.value.sealed_with == Vault(KEY).key_id.hex()
    assert caught.value.at_hand == Vault(OTHER_KEY).key_id.hex()
    assert KEY.reveal() not in Vault(KEY).key_id


@pytest.mark.parametrize("place", range(9, 47))
def test_any_octet_that_is_changed_is_damage(place: int) -> None:
    sealed = bytearray(Vault(KEY).seal(SECRET, "p"))
    assert len(sealed) == 47
    sealed[place] ^= 1
    with pytest.raises(SealedSecretError) as caught:
        Vault(KEY).open(bytes(sealed), "p")
    assert not isinstance(caught.value, KeyReplacedError)


def test_what_an_earlier_version_sealed_still_opens() -> None:
    """Its form had no id of the key: 01, the nonce, and what AES-GCM made."""
    nonce = bytes(range(12))
    sealed = b"\x01" + nonce
    sealed += AESGCM(derive(KEY, "vault")).encrypt(nonce, SECRET.reveal(), b"apop/7")
    assert Vault(KEY).open(sealed, "apop/7") == SECRET
    with pytest.raises(DamagedError):
        Vault(KEY).open(sealed, "apop/8")


def test_the_environment_may_hold_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(IN_ENVIRONMENT, base64.b64encode(KEY.reveal()).decode())
    assert read_secret_key(tmp_path) == KEY
    assert list(tmp_path.iterdir()) == []
    for text in ("short", base64.b64encode(b"x" * 31).decode(), "?" * 44, "鍵" * 44):
        monkeypatch.setenv(IN_ENVIRONMENT, text)
        with pytest.raises(UnavailableError) as caught:
            read_secret_key(tmp_path)
        assert text not in str(caught.value)


def test_the_environment_may_name_the_file_of_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named, data = tmp_path / "key", tmp_path / "data"
    data.mkdir()
    monkeypatch.setenv(FILE_IN_ENVIRONMENT, str(named))
    with pytest.raises(UnavailableError, match="key cannot be used"):
        read_secret_key(data)  # a key that was named is not made
    named.write_bytes(KEY.reveal())
    assert read_secret_key(data) == KEY
    assert list(data.iterdir()) == []


def test_a_key_that_a_copy_opened_to_everybody_is_closed_again(tmp_path: Path) -> None:
    file = tmp_path / FILE_NAME
    file.write_bytes(KEY.reveal())
    file.chmod(0o644)
    assert read_secret_key(tmp_path) == KEY
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
