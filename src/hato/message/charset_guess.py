"""Which charset text is in that has no label, or a wrong one.

Called by `message.charsets`.
Never looks at more than the beginning; never asks a dictionary of words.
Standards: RFC 6532 §3 (UTF-8 is what it should be), RFC 1468 (escape sequences).
Fails never: what looks like nothing is taken for Windows' Latin.
"""

from __future__ import annotations

import re
from typing import Final

_LOOK_OCTETS: Final = 8_192
_ESCAPED_JAPANESE: Final = re.compile(rb"\x1b\$[@B]|\x1b\$\([@BD]|\x1b\(I")
_ESCAPED_KOREAN: Final = b"\x1b$)C"
_BEYOND_ASCII: Final = re.compile("[^\x00-\x7f]")
_KANA: Final = re.compile("[ぁ-んァ-ヶー]")
_USUAL_CHINESE: Final = re.compile(
    "[的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过"
    "发后作里用道行所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开"
    "但因只从想实您请谢公司件邮产品信息通知关系统户名账号测试文问题服务新需最高价格订单报]"
)
_HANGUL: Final = re.compile("[가-힣]")
_USUAL_KOREAN: Final = re.compile("[이다는에을의가하고은를로도한지리기사해서요니인]")
# Of a pair of octets, the first group is what Japanese text is made of: kana, marks, the kanji that
# everybody uses (JIS level 1). Western text taken for Shift_JIS has rare kanji and half-width kana.
_SHIFT_JIS: Final = re.compile(
    rb"(\x82[\x4f-\xf1]|\x83[\x40-\x96]|\x81[\x40-\x9e]|[\x88-\x97][\x40-\xfc]|\x98[\x40-\x72]"
    rb"|\x87[\x40-\x9c])"
    rb"|[\x81-\x9f\xe0-\xfc][\x40-\xfc]|[\x80-\xff]"
)
_EUC_JP: Final = re.compile(
    rb"([\xa4\xa5][\xa1-\xf6]|\xa1[\xa1-\xdf]|\xa3[\xb0-\xfa]|[\xb0-\xcf][\xa1-\xfe])"
    rb"|\x8e[\xa1-\xdf]|[\xa1-\xfe]{2}|[\x80-\xff]"
)
_LEAST_SHARE: Final = 0.6
_LEAST_USUAL: Final = 0.15


def guess(octets: bytes) -> str:
    """Return the codec in which `octets` probably are."""
    look = octets[:_LOOK_OCTETS]
    if is_escaped_japanese(look):
        return "iso2022_jp"
    if _ESCAPED_KOREAN in look:
        return "iso2022_kr"
    if look.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf_16"
    if is_utf_8(octets):
        return "utf_8"
    asian = _asian(look)
    return asian or _latin_or_utf_8(look)


def is_escaped_japanese(octets: bytes) -> bool:
    """Tell whether the escape sequences of ISO-2022-JP are in it (RFC 1468)."""
    return _ESCAPED_JAPANESE.search(octets) is not None


def is_utf_8(octets: bytes) -> bool:
    """Tell whether it is UTF-8; a character that is cut off at the end does not count."""
    try:
        octets.decode("utf-8")
    except UnicodeDecodeError as fault:
        is_cut = fault.start >= len(octets) - 3 and fault.reason == "unexpected end of data"
        return is_cut and not octets[: fault.start].isascii()
    return True


def _asian(look: bytes) -> str:
    """Return the Asian charset that it looks like; empty where it looks like none."""
    euc_jp = _share(_EUC_JP, look)
    in_euc_jp = look.decode("euc_jp", "replace")
    in_gb18030 = look.decode("gb18030", "replace")
    foreign = max(len(_BEYOND_ASCII.findall(in_gb18030)), 1)
    if euc_jp > _LEAST_SHARE and _KANA.search(in_euc_jp):
        return "euc_jp"  # kana stand in GB18030 at the same place, but Chinese has none
    if _share(_SHIFT_JIS, look) > _LEAST_SHARE:
        return "cp932"
    chinese = len(_USUAL_CHINESE.findall(in_gb18030)) / foreign
    if in_gb18030.count("\ufffd") * 20 <= foreign and chinese > _LEAST_USUAL:
        return "gb18030"
    korean = look.decode("euc_kr", "replace")
    hangul = len(_HANGUL.findall(korean))
    if hangul > _LEAST_SHARE * foreign and len(_USUAL_KOREAN.findall(korean)) > hangul / 8:
        return "cp949"
    return "euc_jp" if euc_jp > 0.9 else ""


def _share(characters: re.Pattern[bytes], look: bytes) -> float:
    """Return which part of what is beyond ASCII are usual characters of a charset."""
    found = [match.lastindex for match in characters.finditer(look)]
    return sum(1 for index in found if index) / max(len(found), 1)


def _latin_or_utf_8(look: bytes) -> str:
    """Tell damaged UTF-8 from a Western text."""
    text = look.decode("utf-8", "replace")
    foreign = len(_BEYOND_ASCII.findall(text))
    return "utf_8" if text.count("\ufffd") * 4 <= foreign else "cp1252"
