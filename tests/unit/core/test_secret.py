"""Secrets cannot be seen by accident."""

from __future__ import annotations

import copy
import pickle

import pytest

from hato.core.secret import Secret


def test_a_secret_does_not_show_itself() -> None:
    secret = Secret("open sesame")
    assert f"{secret} {secret!r} {secret:>20} {[secret]}".count("sesame") == 0


def test_it_says_itself_when_asked() -> None:
    assert Secret("pässword").reveal() == "pässword".encode()
    assert Secret(b"x").matches(b"x")
    assert not Secret(b"x").matches(b"y")
    assert Secret("a") == Secret(b"a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert not Secret("")


def test_it_is_not_serialised_and_no_key_of_a_dictionary() -> None:
    secret = Secret("open sesame")
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    with pytest.raises(TypeError):
        copy.copy(secret)
    with pytest.raises(TypeError):
        hash(secret)
