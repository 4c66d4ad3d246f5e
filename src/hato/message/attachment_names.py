"""Names under which attachments can be saved safely.

Called by `message.attachments`.
Never lets a name lead out of its folder, hide its ending or be a device.
Standards: RFC 2183 §2.3 (a name is a hint, never a path).
Fails never: a name of which nothing is left becomes one made from the media type.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final
from unicodedata import category, normalize

from hato.core.limits import FILE_NAME_OCTETS

_UNSAFE: Final = re.compile(r'["*:<>?|\ufffd\ufffe\uffff]')
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode's categories of what shows no character of its own: controls, directions, line ends."""
_MOST_CHARACTERS: Final = 1_024
_BLANKS: Final = re.compile(r"\s+")
_DEVICES: Final = re.compile(
    r"(?i)(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])(?=\s*(?:\.|$))"
)
_ENDINGS: Final = {
    "text/plain": ".txt",
    "text/html": ".html",
    "text/calendar": ".ics",
    "text/csv": ".csv",
    "text/vcard": ".vcf",
    "text/x-vcard": ".vcf",
    "message/rfc822": ".eml",
    "message/global": ".eml",
    "message/delivery-status": ".txt",
    "text/rfc822-headers": ".txt",
    "application/pdf": ".pdf",
    "application/zip": ".zip",
    "application/json": ".json",
    "application/pgp-signature": ".asc",
    "application/pgp-encrypted": ".asc",
    "application/pkcs7-signature": ".p7s",
    "application/x-pkcs7-signature": ".p7s",
    "application/pkcs7-mime": ".p7m",
    "application/x-pkcs7-mime": ".p7m",
    "application/ms-tnef": ".dat",
    "application/msword": ".doc",
    "application/rtf": ".rtf",
    "text/rtf": ".rtf",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "image/svg+xml": ".svg",
    "image/tiff": ".tif",
    "image/bmp": ".bmp",
    "audio/mpeg": ".mp3",
    "audio/wav": ".wav",
    "video/mp4": ".mp4",
}


def safe_name(name: str, media_type: str, number: int) -> str:
    """Return a name for a file, whatever `name` is.

    `number`: the attachment's, which serves where it has no name.
    """
    last = name.replace("\\", "/").rstrip("/ ").rpartition("/")[2]
    seen = "".join(letter for letter in last[-_MOST_CHARACTERS:] if category(letter) not in _UNSEEN)
    plain = _BLANKS.sub(" ", _UNSAFE.sub("", seen)).strip(" .")
    if last.lstrip(" .") != last and plain:
        plain = plain.lstrip(" .")  # what begins with a dot is hidden
    if not plain:
        plain = f"attachment-{number}{_ENDINGS.get(media_type, '.bin')}"
    if _DEVICES.match(plain) or plain.startswith(("-", "~")):
        plain = f"_{plain}"
    return _shortened(plain)


def _shortened(name: str) -> str:
    """Return a name that file systems take, its ending kept."""
    if len(name.encode()) <= FILE_NAME_OCTETS:
        return name
    stem, dot, ending = name.rpartition(".")
    if not stem or len(ending.encode()) > 20:
        stem, dot, ending = name, "", ""
    room = FILE_NAME_OCTETS - len(f"{dot}{ending}".encode())
    return f"{stem.encode()[:room].decode('utf-8', 'ignore').rstrip(' .')}{dot}{ending}"


def distinct_names(names: Sequence[str]) -> list[str]:
    """Return the names with ` (2)`, ` (3)` … where one is there already, upper case or not."""
    taken: set[str] = set()
    latest: dict[str, int] = {}
    chosen: list[str] = []
    for name in names:
        one, key = name, _compared(name)
        while _compared(one) in taken:
            count = latest[key] = latest.get(key, 1) + 1
            stem, dot, ending = name.rpartition(".")
            one = f"{stem} ({count}){dot}{ending}" if stem else f"{name} ({count})"
        taken.add(_compared(one))
        chosen.append(one)
    return chosen


def _compared(name: str) -> str:
    """Return what file systems compare that know neither case nor ways to write a letter."""
    return normalize("NFD", normalize("NFD", name).casefold())
