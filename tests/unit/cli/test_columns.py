"""Columns are counted as a terminal shows them."""

from __future__ import annotations

import pytest

from hato.cli.terminal.columns import filled, fitted, width


@pytest.mark.parametrize(
    ("text", "columns"), [("", 0), ("ada", 3), ("花子", 4), ("ハ", 2), ("ﾊ", 1), ("e\u0301", 1)]
)
def test_a_text_is_as_wide_as_it_is_shown(text: str, columns: int) -> None:
    assert width(text) == columns


@pytest.mark.parametrize(
    ("text", "columns", "shown"),
    [
        ("ada", 3, "ada"),
        ("adam", 3, "ad…"),
        ("花子さん", 8, "花子さん"),
        ("花子さん", 7, "花子さ…"),
        ("花子さん", 6, "花子…"),
        ("花子", 1, "…"),
        ("花子", 0, ""),
    ],
)
def test_what_is_too_wide_is_cut_visibly(text: str, columns: int, shown: str) -> None:
    assert fitted(text, columns) == shown
    assert width(filled(text, columns)) == columns
