"""What stands inside HTML's tags and entities.

Called by `message.html_text` and `message.html_page`.
Never trusts a number or a quote to end.
Standards: HTML's attributes and character references as browsers read them.
Fails never: what cannot be read is left as it stands.
"""

from __future__ import annotations

import html
import re
from typing import Final

_ATTRIBUTE: Final = re.compile(
    r"([^\s/>=]++)(?>(?:\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\s>\"'][^\s>]*+)))?)"
)
_MAY_HIDE: Final = re.compile(r"(?i)none|hidden|mso-hide")
_HIDDEN: Final = re.compile(
    r"(?i)display\s*+:\s*+none|visibility\s*+:\s*+hidden|mso-hide\s*+:\s*+all"
)
_LONG_NUMBER: Final = re.compile(r"&#[0-9]{8,}+;?")
_MOST_ATTRIBUTES: Final = 64


def attributes_of(text: str) -> dict[str, str]:
    """Return a tag's attributes by name in lower case; where one stands twice, the first."""
    found: dict[str, str] = {}
    for count, attribute in enumerate(_ATTRIBUTE.finditer(text)):
        if count >= _MOST_ATTRIBUTES:
            break
        value = attribute[2] or attribute[3] or attribute[4] or ""
        found.setdefault(attribute[1].lower(), unescaped(value))
    return found


def is_hidden(attributes: str) -> bool:
    """Tell whether a tag hides what is in it."""
    if not _MAY_HIDE.search(attributes):
        return False
    found = attributes_of(attributes)
    return "hidden" in found or _HIDDEN.search(found.get("style", "")) is not None


def unescaped(text: str) -> str:
    """Return `text` with its character references resolved."""
    if "&" not in text:
        return text
    return html.unescape(_LONG_NUMBER.sub("\ufffd", text))  # `int` refuses very long numbers
