"""SCRAM's keys are hashed once for each password, salt and number of iterations."""

from __future__ import annotations

import pytest

from hato.clients import scram_memory
from hato.clients.scram_memory import ScramMemory
from hato.protocols.sasl.scram_keys import DerivedKeys, derive_keys


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[bytes, bytes, int]]:
    """What was hashed, one by one."""
    seen: list[tuple[bytes, bytes, int]] = []

    def counted(password: bytes, salt: bytes, iterations: int) -> DerivedKeys:
        seen.append((password, salt, iterations))
        return derive_keys(password, salt, iterations)

    monkeypatch.setattr(scram_memory, "derive_keys", counted)
    return seen


def test_the_same_keys_are_hashed_once(hashed: list[tuple[bytes, bytes, int]]) -> None:
    memory = ScramMemory()
    first = memory.derive(b"open sesame", b"salt", 10)
    assert (
        memory.derive(b"open sesame", b"salt", 10)
        == first
        == derive_keys(b"open sesame", b"salt", 10)
    )
    assert len(hashed) == 1


def test_whatever_differs_is_hashed(hashed: list[tuple[bytes, bytes, int]]) -> None:
    memory = ScramMemory()
    asked = [(b"a", b"salt", 10), (b"b", b"salt", 10), (b"a", b"pepper", 10), (b"a", b"salt", 11)]
    for one in asked:
        memory.derive(*one)
    assert hashed == asked


def test_those_used_longest_ago_are_forgotten(hashed: list[tuple[bytes, bytes, int]]) -> None:
    memory = ScramMemory(most=2)
    for password in (b"a", b"b", b"a", b"c", b"a", b"b"):
        memory.derive(password, b"salt", 1)
    assert [password for password, _, _ in hashed] == [b"a", b"b", b"c", b"b"]


def test_no_password_is_kept() -> None:
    memory = ScramMemory()
    memory.derive(b"open sesame", b"salt", 1)
    assert b"open sesame" not in repr(vars(memory)).encode()
