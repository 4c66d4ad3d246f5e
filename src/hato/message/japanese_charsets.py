"""ISO-2022-JP and EUC-JP with the characters that Windows and NEC added to them.

Called by `message.charsets` where Python's own codecs give up: they know no ① and no 髙.
Never goes through octets one by one; linear in their number.
Standards: RFC 1468 (ISO-2022-JP); ISO-2022-JP-1 for JIS X 0212.
Fails never: what is no character becomes U+FFFD.
"""

from __future__ import annotations

import re
from typing import Final

_DESIGNATION: Final = re.compile(rb"(\x1b(?:\$\(?[@BD]|\([A-Z0]|\.[A-F]|\x4e)|\r?\n)")
_RUNS_OF_EUC: Final = re.compile(
    rb"((?:[\xa1-\xfe]{2})+|(?:\x8e[\xa1-\xdf])+|(?:\x8f[\xa1-\xfe]{2})+)"
)
_MOST_RUNS: Final = 100_000
"""Of changes between scripts in one text; what follows is decoded by Python alone."""

_UNDEFINED: Final = 0xFC


def _lead_table() -> bytes:
    """Shift_JIS's first octet for each first octet of JIS X 0208."""
    table = bytearray([_UNDEFINED]) * 256
    for row in range(0x21, 0x7F):
        lead = ((row - 0x21) >> 1) + 0x81
        table[row] = lead if lead <= 0x9F else lead + 0x40
    return bytes(table)


def _trail_table(*, is_odd: bool) -> bytes:
    """Shift_JIS's second octet for each second octet of JIS X 0208, in odd or even rows."""
    table = bytearray([0x20]) * 256  # a blank ends no character: the pair becomes U+FFFD
    for cell in range(0x21, 0x7F):
        if is_odd:
            table[cell] = cell + 0x1F if cell < 0x60 else cell + 0x20
        else:
            table[cell] = cell + 0x7E
    return bytes(table)


_LEAD: Final = _lead_table()
_TRAIL_ODD: Final = _trail_table(is_odd=True)
_TRAIL_EVEN: Final = _trail_table(is_odd=False)
_ODD_MASK: Final = bytes(0xFF if row & 1 else 0 for row in range(256))
_EVEN_MASK: Final = bytes(0 if row & 1 else 0xFF for row in range(256))
_WITH_HIGH_BIT: Final = bytes(octet | 0x80 for octet in range(256))
_WITHOUT_HIGH_BIT: Final = bytes(octet & 0x7F for octet in range(256))


def decode_iso_2022_jp(octets: bytes) -> str:
    """Return text in ISO-2022-JP, in any of its dialects."""
    pieces = _DESIGNATION.split(octets, _MOST_RUNS)
    text: list[str] = []
    script = b"("
    for index, piece in enumerate(pieces):
        if not index & 1:
            text.append(_in_script(piece, script))
        elif piece.endswith(b"\n"):
            text.append(piece.decode("ascii"))
            script = b"("  # RFC 1468: a line ends in ASCII
        elif piece[1:2] == b"$":
            script = b"$D" if piece.endswith(b"D") else b"$"
        else:
            script = b"(I" if piece == b"\x1b(I" else b"("
    return "".join(text)


def _in_script(octets: bytes, script: bytes) -> str:
    """Decode what stands between two designations."""
    if not octets:
        return ""
    if script == b"$":
        return _jis_x_0208(octets)
    if script == b"$D":
        return _jis_x_0212(octets)
    if script == b"(I":
        return octets.translate(_WITH_HIGH_BIT).decode("cp932", "replace")
    return octets.decode("cp932", "replace")


def _jis_x_0208(octets: bytes) -> str:
    """Decode pairs of seven-bit octets by way of Windows' Shift_JIS."""
    count = len(octets) // 2
    rows, cells = octets[: 2 * count : 2], octets[1::2]
    odd = int.from_bytes(cells.translate(_TRAIL_ODD)) & int.from_bytes(rows.translate(_ODD_MASK))
    even = int.from_bytes(cells.translate(_TRAIL_EVEN)) & int.from_bytes(rows.translate(_EVEN_MASK))
    shifted = bytearray(2 * count)
    shifted[0::2] = rows.translate(_LEAD)
    shifted[1::2] = (odd | even).to_bytes(count)
    return shifted.decode("cp932", "replace") + "\ufffd" * (len(octets) & 1)


def _jis_x_0212(octets: bytes) -> str:
    """Decode pairs of seven-bit octets by way of EUC-JP's third plane."""
    count = len(octets) // 2
    shifted = bytearray(b"\x8f") * (3 * count)
    shifted[1::3] = octets[: 2 * count : 2].translate(_WITH_HIGH_BIT)
    shifted[2::3] = octets[1::2].translate(_WITH_HIGH_BIT)
    return shifted.decode("euc_jp", "replace")


def decode_euc_jp(octets: bytes) -> str:
    """Return text in EUC-JP with Windows' additions (eucJP-ms, CP51932)."""
    pieces = _RUNS_OF_EUC.split(octets, _MOST_RUNS)
    return "".join(
        _jis_x_0208(piece.translate(_WITHOUT_HIGH_BIT))
        if index & 1 and piece[0] >= 0xA1
        else piece.decode("euc_jp", "replace")
        for index, piece in enumerate(pieces)
    )
