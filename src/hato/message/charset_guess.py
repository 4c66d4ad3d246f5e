"""Which charset text is in that has no label, or a wrong one.

Called by `message.charsets`.
Never looks at more than the beginning; never asks a dictionary of words.
Standards: RFC 6532 §3 (UTF-8 is what it should be), RFC 1468 (escape sequences).
Fails never: what looks like nothing is taken for Windows' Latin.
"""

from __future__ import annotations

import re
from typing import Final

_LOOK_OCTETS: Final = 65_536
_ESCAPED_JAPANESE: Final = re.compile(rb"\x1b\$[@B]|\x1b\$\([@BD]|\x1b\(I")
_ESCAPED_KOREAN: Final = b"\x1b$)C"
_KANA: Final = re.compile("[ぁ-んァ-ヶー]")
_JAPANESE: Final = re.compile("[ぁ-んァ-ヶー一-龠、。「」・々(-:]")
_HALF_WIDTH_KANA: Final = re.compile("[。-゚]")
_USUAL_CHINESE: Final = re.compile(
    "[的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过"
    "发后作里用道行所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开"
    "但因只从想实您请谢您司公件邮产品信息通知关系统户名账号]"
)
_HANGUL: Final = re.compile("[가-힣]")
_BEYOND_ASCII: Final = re.compile("[^\x00-\x7f]")
_WORD_WITH_FOREIGN_LETTER: Final = re.compile(rb"[A-Za-z][\x80-\xff]|[\x80-\xff][a-z]")


def guess(octets: bytes) -> str:
    """Return the codec in which `octets` probably are."""
    look = octets[:_LOOK_OCTETS]
    if _ESCAPED_JAPANESE.search(look):
        return "iso2022_jp"
    if _ESCAPED_KOREAN in look:
        return "iso2022_kr"
    if look.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf_16"
    if _is_utf_8(look, is_cut=len(look) < len(octets)):
        return "utf_8"
    scores = {codec: _score(look, codec) for codec in ("euc_jp", "cp932", "gb18030", "cp949")}
    best = max(scores, key=lambda codec: scores[codec])
    return best if scores[best] > 0.3 else _latin_or_utf_8(look)


def _is_utf_8(look: bytes, *, is_cut: bool) -> bool:
    """Tell whether it is UTF-8; where it was cut, a character may be cut as well."""
    try:
        look.decode("utf-8")
    except UnicodeDecodeError as fault:
        return is_cut and fault.start >= len(look) - 3
    return True


def _latin_or_utf_8(look: bytes) -> str:
    """Tell damaged UTF-8 from a Western text."""
    text = look.decode("utf-8", "replace")
    foreign = len(_BEYOND_ASCII.findall(text))
    return "utf_8" if text.count("\ufffd") * 4 <= foreign else "cp1252"


def _score(look: bytes, codec: str) -> float:
    """Say how much `look` resembles a text in `codec`: 0 for not at all, 1 for surely."""
    text = look.decode(codec, "replace")
    foreign = len(_BEYOND_ASCII.findall(text))
    if not foreign or text.count("\ufffd") * 50 > foreign + 49:
        return 0.0
    if codec in {"euc_jp", "cp932"}:
        half = len(_HALF_WIDTH_KANA.findall(text))
        kana = len(_KANA.findall(text))
        likely = len(_JAPANESE.findall(text)) - half
        return (likely + kana) / (2 * foreign) - 2 * half / foreign
    if codec == "cp949":
        return len(_HANGUL.findall(text)) / foreign - 0.05
    return 1.5 * len(_USUAL_CHINESE.findall(text)) / foreign
