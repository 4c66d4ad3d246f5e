"""What the directory holds can be shown without giving anything away."""

from __future__ import annotations

from hato.core.ids import PersonId
from hato.store.directory import Credential, CredentialId, ScramKeys


def test_neither_hashes_nor_keys_are_shown() -> None:
    keys = ScramKeys(b"salt", 4096, b"stored", b"server")
    credential = Credential(
        CredentialId(7), PersonId(3), "phone", "{SHA256}abc", keys, b"sealed", 1_800_000_000, None
    )
    assert repr(keys) == str(keys) == "ScramKeys(***)"
    shown = "Credential(credential_id=7, person_id=3, label='phone', ***)"
    assert repr(credential) == f"{credential}" == shown
    assert repr([credential]) == f"[{shown}]"
