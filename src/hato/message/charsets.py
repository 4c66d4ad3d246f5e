"""Charsets: octets of a letter as text, whatever its label says or does not say.

Called wherever `message` turns octets into text.
Never looks a label up outside the table below: Python has codecs that unpack or run things.
Standards: RFC 2045 §5.2, RFC 2046 §4.1.2 (charset), RFC 1468 (ISO-2022-JP).
Fails never: what cannot be decoded becomes U+FFFD.
"""

from __future__ import annotations

import re
from encodings.aliases import aliases
from typing import Final

from hato.message.charset_guess import guess, is_escaped_japanese
from hato.message.japanese_charsets import decode_euc_jp, decode_iso_2022_jp

UTF_8: Final = "utf_8"
_TEXT_CODECS: Final = frozenset(
    "big5hkscs cp1006 cp1125 cp1140 cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 cp1256 cp1257 cp1258 "
    "cp437 cp720 cp737 cp775 cp850 cp852 cp855 cp856 cp857 cp858 cp860 cp861 cp862 cp863 cp864 "
    "cp865 cp866 cp869 cp874 cp932 cp949 cp950 euc_jis_2004 euc_jisx0213 euc_jp gb18030 hz "
    "hp_roman8 iso2022_jp iso2022_jp_1 iso2022_jp_2 iso2022_jp_2004 iso2022_jp_3 iso2022_jp_ext "
    "iso2022_kr iso8859_10 iso8859_11 iso8859_13 iso8859_14 iso8859_15 iso8859_16 iso8859_2 "
    "iso8859_3 iso8859_4 iso8859_5 iso8859_6 iso8859_7 iso8859_8 johab koi8_r koi8_t koi8_u "
    "kz1048 mac_cyrillic mac_greek mac_iceland mac_latin2 mac_roman mac_turkish ptcp154 "
    "shift_jis_2004 shift_jisx0213 tis_620 utf_16 utf_16_be utf_16_le utf_32 utf_32_be utf_32_le "
    "utf_7 utf_8".split()
)
"""What a label may lead to: character sets and nothing else. Not `idna`, `punycode`, `zlib_codec`,
`unicode_escape`, `rot_13` and their like."""

_WIDER: Final = {
    "ascii": "",
    "latin_1": "cp1252",
    "iso8859_9": "cp1254",
    "iso8859_11": "cp874",
    "tis_620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "cp950",
    "utf_8_sig": UTF_8,
    "iso2022_jp": "iso2022_jp",
}
"""Codecs of which senders use a superset under the same label, as every mail program knows;
US-ASCII means `whatever it is`, since what is beyond it has no right label."""

_MORE_LABELS: Final = {
    "unicode11utf7": "utf_7",
    "xunicode20utf7": "utf_7",
    "csunicode11utf7": "utf_7",
    "utf8mb4": UTF_8,
    "utf8mac": UTF_8,
    "xutf8": UTF_8,
    "xsjis": "cp932",
    "sjis": "cp932",
    "windows31j": "cp932",
    "cswindows31j": "cp932",
    "xmscp932": "cp932",
    "shiftjis": "cp932",
    "xeucjp": "euc_jp",
    "cp51932": "euc_jp",
    "eucjpms": "euc_jp",
    "cseucpkdfmtjapanese": "euc_jp",
    "cp50220": "iso2022_jp",
    "cp50221": "iso2022_jp",
    "cp50222": "iso2022_jp",
    "iso2022jpms": "iso2022_jp",
    "jis": "iso2022_jp",
    "xeuckr": "cp949",
    "windows949": "cp949",
    "ksc56011987": "cp949",
    "ksc56011989": "cp949",
    "ksc5601": "cp949",
    "xxbig5": "cp950",
    "xbig5": "cp950",
    "big5": "cp950",
    "cnbig5": "cp950",
    "xgbk": "gb18030",
    "xeuccn": "gb18030",
    "euccn": "gb18030",
    "cngb": "gb18030",
    "gb18030": "gb18030",
    "gb231280": "gb18030",
    "windows936": "gb18030",
    "windows874": "cp874",
    "iso88598i": "iso8859_8",
    "iso88598e": "iso8859_8",
    "iso88596i": "iso8859_6",
    "koi8ru": "koi8_u",
    "koi": "koi8_r",
    "xmacroman": "mac_roman",
    "macintosh": "mac_roman",
    "xmaccyrillic": "mac_cyrillic",
    "xcp1252": "cp1252",
    "ansi": "cp1252",
    "unicode": "utf_16",
}
_DOUBTFUL_SHARE: Final = 40
"""One replaced character in so many is damage; more, and the label is wrong."""
_BYTE_ORDER_MARK: Final = "\ufeff"
_LONGEST_CHARACTER: Final = 4
_LIKE_ASCII: Final = frozenset(
    {"", None, UTF_8, "cp1252", "cp932", "gb18030", "euc_jp", "iso2022_jp"}
)
_SEPARATORS: Final = re.compile(r"[^a-z0-9]")
_LONGEST_LABEL: Final = 64


def _table() -> dict[str, str]:
    """Make the table of labels, without their blanks and dashes."""
    table: dict[str, str] = {}
    known = {**aliases, **{name: name for name in aliases.values()}}
    known.update({name: name for name in _TEXT_CODECS})
    for label, exact in known.items():
        codec = _WIDER.get(exact, exact)
        if not codec or codec in _TEXT_CODECS:
            table[_SEPARATORS.sub("", label.lower())] = codec
    return {**table, **_MORE_LABELS}


_CODECS: Final = _table()


def codec_of(label: str) -> str | None:
    """Return the codec for a charset's label; empty for US-ASCII, None where it is unknown."""
    if len(label) > _LONGEST_LABEL:
        return None
    plain = _SEPARATORS.sub("", label.lower())
    codec = _CODECS.get(plain)
    if codec is None and plain.startswith("x"):
        codec = _CODECS.get(plain[1:])
    return codec


def decode_text(octets: bytes, label: str = "") -> str:
    """Return `octets` as text, without a byte order mark.

    `label`: the charset as the letter names it; empty where it names none. A label that is unknown,
    or that cannot be true, is replaced by a guess. A character that is cut off at the end, as where
    only the beginning was read, does not make the label wrong.
    """
    codec = codec_of(label) if label else ""
    if octets.isascii():
        if b"\x1b" not in octets:
            if codec in _LIKE_ASCII:
                return octets.decode("ascii")
        elif codec in _LIKE_ASCII and is_escaped_japanese(octets):
            codec = "iso2022_jp"  # whatever it calls itself
    if not codec:
        return _decoded(octets, guess(octets))[0]
    text, is_right = _decoded(octets, codec)
    if is_right or text.count("\ufffd") * _DOUBTFUL_SHARE <= len(text):
        return text
    other, is_better = _decoded(octets, guess(octets))
    return other if is_better else text


def _decoded(octets: bytes, codec: str) -> tuple[str, bool]:
    """Decode, and say whether every octet was right."""
    try:
        return octets.decode(codec).removeprefix(_BYTE_ORDER_MARK), True
    except UnicodeDecodeError as fault:
        is_cut = fault.start >= len(octets) - _LONGEST_CHARACTER and "data" in fault.reason
        is_cut = is_cut or "incomplete" in fault.reason
    except ValueError:
        is_cut = False
    if codec.startswith("iso2022_jp"):
        text = decode_iso_2022_jp(octets)
    elif codec == "euc_jp":
        text = decode_euc_jp(octets)
    elif codec == "cp950":
        text = octets.decode("big5hkscs", "replace")
    else:
        text = octets.decode(codec, "replace")
    return text.removeprefix(_BYTE_ORDER_MARK), is_cut or "\ufffd" not in text
