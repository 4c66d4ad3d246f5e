"""The text of a transcript line: escapes, variables, wildcards and holes.

Used by the player. `C:` text becomes octets, `S:` text becomes a pattern that octets must match.
Never knows a protocol.
Standards: none; the notation is described in README.md beside this file.
Fails with ValueError for an unknown variable or escape.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

FURTHER_WORDS = " …"
_TOKEN = re.compile(
    r"(?P<wild>…)"
    r"|\{\{(?:(?P<name>[a-z][a-z0-9_]*):)?(?P<hole>.*?)\}\}(?!\})"
    r"|\$\{(?P<variable>[a-z][a-z0-9_.]*)\}"
    r"|\\(?P<escape>x[0-9A-Fa-f]{2}|.)"
)
_ESCAPES = {"r": b"\r", "n": b"\n", "t": b"\t", "0": b"\0", "\\": b"\\"}


def octets_of(text: str, variables: Mapping[str, str]) -> bytes:
    """Return what a `C:` line sends: escapes and variables replaced, all else as UTF-8."""
    made = bytearray()
    at = 0
    for token in _TOKEN.finditer(text):
        made += text[at : token.start()].encode()
        at = token.end()
        if token["variable"]:
            made += _value(token["variable"], variables).encode()
        elif token["escape"]:
            made += _unescape(token["escape"])
        else:  # a wildcard or a hole means itself in what a client sends
            made += token.group().encode()
    return bytes(made + text[at:].encode())


def pattern_of(text: str, variables: Mapping[str, str]) -> re.Pattern[bytes]:
    """Return the pattern that a whole line of the server (without CRLF) must match.

    ` …` at the end stands for any further words, or none.
    """
    further = text.endswith(FURTHER_WORDS)
    text = text.removesuffix(FURTHER_WORDS)
    made = bytearray()
    at = 0
    for token in _TOKEN.finditer(text):
        made += re.escape(text[at : token.start()].encode())
        at = token.end()
        if token["wild"]:
            made += b"[^\r\n]*"
        elif token["hole"] is not None:
            name = f"?P<{token['name']}>" if token["name"] else "?:"
            made += f"({name}{token['hole']})".encode()
        elif token["variable"]:
            made += re.escape(_value(token["variable"], variables).encode())
        else:
            made += re.escape(_unescape(token["escape"]))
    made += re.escape(text[at:].encode())
    return re.compile(bytes(made) + (b"(?: [^\r\n]*)?" if further else b""))


def _value(name: str, variables: Mapping[str, str]) -> str:
    if name not in variables:
        raise ValueError(f"no variable ${{{name}}}; there are {', '.join(sorted(variables))}")
    return variables[name]


def _unescape(escape: str) -> bytes:
    if escape.startswith("x") and len(escape) == 3:
        return bytes.fromhex(escape[1:])
    if escape not in _ESCAPES:
        raise ValueError(f"no escape \\{escape}")
    return _ESCAPES[escape]
