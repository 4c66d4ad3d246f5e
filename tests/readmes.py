"""The frames of the READMEs: what newcomers are told to type, and what is printed then.

Used by the tests that type it.
"""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
READMES = ("README.md", "README.ja.md")
_FRAME = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def typed(text: str) -> list[str]:
    """Return what stands in frames without a name, without remarks: pictures and commands."""
    return [re.sub(r" +# .*", "", frame) for name, frame in _FRAME.findall(text) if not name]


def printed(text: str) -> list[str]:
    """Return what stands in frames of the name `text`: what the commands say."""
    return [frame for name, frame in _FRAME.findall(text) if name == "text"]
