"""SASLprep: one form for names and passwords that people type differently.

Called by the SASL mechanisms (client side) and by services.auth for passwords.
Never changes case; never shows what it refuses.
Standards: RFC 4013, RFC 3454.
Fails never: what is prohibited yields None.
"""

from __future__ import annotations

import stringprep
from typing import Final
from unicodedata import ucd_3_2_0

_PROHIBITED: Final = (
    stringprep.in_table_c12,
    stringprep.in_table_c21_c22,
    stringprep.in_table_c3,
    stringprep.in_table_c4,
    stringprep.in_table_c5,
    stringprep.in_table_c6,
    stringprep.in_table_c7,
    stringprep.in_table_c8,
    stringprep.in_table_c9,
)


def saslprep(text: str, *, allow_unassigned: bool = True) -> str | None:
    """Return `text` prepared, or None when it is prohibited.

    `allow_unassigned` is for queries, what somebody typed to be compared (RFC 3454 §7): characters
    younger than Unicode 3.2 are left as they are.
    """
    if text.isascii():
        return text if text.isprintable() else None
    mapped = "".join(_mapped(character) for character in text)
    prepared = ucd_3_2_0.normalize("NFKC", mapped)
    if any(check(character) for character in prepared for check in _PROHIBITED):
        return None
    if not allow_unassigned and any(stringprep.in_table_a1(c) for c in prepared):
        return None
    return prepared if _is_bidi_sound(prepared) else None


def _mapped(character: str) -> str:
    """Turn odd spaces into a space and what is invisible into nothing (RFC 4013 §2.1)."""
    if stringprep.in_table_c12(character):
        return " "
    return "" if stringprep.in_table_b1(character) else character


def _is_bidi_sound(text: str) -> bool:
    """Tell whether right-to-left characters stand alone and at both ends (RFC 3454 §6)."""
    if not any(stringprep.in_table_d1(character) for character in text):
        return True
    if any(stringprep.in_table_d2(character) for character in text):
        return False
    return stringprep.in_table_d1(text[0]) and stringprep.in_table_d1(text[-1])
