"""HTML as text.

Called by `message.reading`.
Never runs, fetches or shows anything but words.
Standards: HTML as browsers read it.
Fails never.
"""

from __future__ import annotations

import html
import re
from typing import Final

_HIDDEN: Final = re.compile(r"(?is)<(script|style|head|title)\b.*?</\1\s*>|<!--.*?-->")
_BREAK: Final = re.compile(r"(?i)</?(?:p|div|br|tr|li|ul|ol|h[1-6]|table|blockquote)\b[^<>]*>")
_TAG: Final = re.compile(r"<[^<>]*>")


def html_to_text(markup: str) -> str:
    """Return the words of `markup`, with LF as line end."""
    text = " ".join(_HIDDEN.sub(" ", markup).split())
    text = html.unescape(_TAG.sub("", _BREAK.sub("\n", text)))
    return "\n".join(line.strip() for line in text.split("\n"))
