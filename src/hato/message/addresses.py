"""Addresses of a header field, with the names that stand beside them.

Called by `message.header_fields`; replying and searching read what it finds.
Never lets an encoded word make an address; never returns more than a limited number.
Standards: RFC 5322 §3.4 and §4.4 (groups, comments, routes), RFC 6532 §3.2, RFC 2047 §5.
Fails never: what is no address becomes a name without one.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from hato.core.limits import ADDRESSES_PER_FIELD
from hato.message.charsets import decode_text
from hato.message.encoded_words import decode_words, one_line, unfold

_TOKEN: Final = re.compile(
    r'"(?>(?:[^"\\]++|\\.)*)"?|<(?>(?:[^<>"]++|"(?>(?:[^"\\]++|\\.)*)")*)>?|\[[^\[\]<>,;]*+\]?|[(),:;]'
    r'|[^"<(\[),:;\s]++|\s++|.',
    re.DOTALL,
)
_IN_COMMENT: Final = re.compile(r"\\.|[()]", re.DOTALL)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_ROUTE: Final = re.compile(r"\s*+@[^:<>]*+:")
_NEEDS_NO_QUOTES: Final = re.compile(r'[^\s"(),:;<>@\[\\\]\x00-\x1f\x7f]++')
_DOTS: Final = re.compile(r" ?\. ?")
_BLANKS: Final = re.compile(r"\s++")


class Address(NamedTuple):
    """Somebody in a header field."""

    name: str
    """As people read it, on one line; empty where only the address stands."""
    mailbox: str
    """`local@domain` as it was written, without comments and needless quotes, on one line without
    blanks; empty, or without `@`, where the field names nobody who can be written to."""
    group: str = ""
    """The name of the group in which it stands (RFC 5322 §3.4)."""


def read_addresses(value: bytes) -> tuple[Address, ...]:
    """Read an address list: what stands behind the colon of From, To, Cc and their like."""
    return read_address_text(decode_text(unfold(value)))


def read_address_text(text: str) -> tuple[Address, ...]:
    """Read an address list as text; its encoded words are still encoded."""
    found: list[Address] = []
    group = ""
    words: list[str] = []
    for word in _words(text):
        if word in {",", ";"}:
            _add(found, words, group)
            words = []
            group = "" if word == ";" else group
        elif word == ":":
            group = _phrase([word for word in words if word[0] != "("])
            words = []
        else:
            words.append(word)
        if len(found) >= ADDRESSES_PER_FIELD:
            return tuple(found)
    _add(found, words, group)
    return tuple(found)


def _words(text: str) -> list[str]:
    """Cut a list into quoted strings, comments, what stands in <> and [], separators and text."""
    words: list[str] = []
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            break
        word = found[0]
        at = found.end()
        if word == "(":
            at = _end_of_comment(text, at)
            word = text[found.start() : at]
        words.append(word)
    return words


def _end_of_comment(text: str, at: int) -> int:
    """Return where the comment ends whose parenthesis stands before `at`; comments nest."""
    depth = 1
    for found in _IN_COMMENT.finditer(text, at):
        if found[0] == "(":
            depth += 1
        elif found[0] == ")":
            depth -= 1
            if not depth:
                return found.end()
    return len(text)


def _add(found: list[Address], words: list[str], group: str) -> None:
    """Add the address that `words` are, if they are one."""
    angles = [word for word in words if word[0] == "<"]
    angle = next((word for word in angles if "@" in word), angles[0] if angles else None)
    comments = [word for word in words if word[0] == "("]
    others = [word for word in words if word[0] not in "<(>"]
    if angle is not None:
        mailbox = _mailbox(angle[1:].removesuffix(">"))
        name = _phrase(others) or _phrase(_inside(comments))
    else:
        mailbox, name = _without_angles("".join(others).strip(), others)
        name = name or (_phrase(_inside(comments)) if mailbox else "")
    if mailbox or name:
        found.append(Address(name, mailbox, group))


def _without_angles(whole: str, words: list[str]) -> tuple[str, str]:
    """Return mailbox and name of what has no <>: `a@b`, `root`, `Name a@b`, `Name`."""
    if whole.startswith('"'):
        quoted = next(word for word in words if word[0] == '"')
        rest = whole[len(quoted) :]
        if "@" not in rest:
            return "", _phrase(words)
        return (_mailbox(rest), _phrase([quoted])) if rest[0].isspace() else (_mailbox(whole), "")
    if len(whole.split(None, 1)) < 2:
        return _mailbox(whole), ""
    if "@" not in whole:
        return "", _phrase(words)
    local, _, domain = " ".join(whole.split()).rpartition("@")
    # RFC 5322 §4.4 allows blanks around the @ and around the dots of a domain.
    parts = f"{local.rstrip()}@{_DOTS.sub('.', domain).lstrip()}".split()
    at = next(index for index, part in enumerate(parts) if "@" in part)
    mailbox = parts.pop(at)
    return _mailbox(mailbox), _phrase([" ".join(parts)])


def _inside(comments: list[str]) -> list[str]:
    """Return comments without their parentheses."""
    return [_ESCAPED.sub(r"\1", word[1:].removesuffix(")")) for word in comments]


def _phrase(words: list[str]) -> str:
    """Return a display name as people read it."""
    plain = "".join(
        _ESCAPED.sub(r"\1", word[1:].removesuffix('"')) if word.startswith('"') else word
        for word in words
    )
    return _BLANKS.sub(" ", one_line(decode_words(plain))).strip()


def _mailbox(text: str) -> str:
    """Return an address without route, comments, blanks and needless quotes."""
    route = _ROUTE.match(text)
    if route:
        text = text[route.end() :]
    if "(" in text or '"' not in text:
        text = "".join(word for word in _words(text) if word[0] != "(")
    if '"' not in text:
        return one_line(_BLANKS.sub("", text)).strip("<>")
    local, at_sign, domain = text.rpartition("@")
    local = local.strip()
    plain = _ESCAPED.sub(r"\1", local[1:-1]) if len(local) > 1 and local[0] == local[-1] else local
    if _NEEDS_NO_QUOTES.fullmatch(plain) and not plain.startswith(".") and not plain.endswith("."):
        local = plain
    return one_line(f"{local}{at_sign}{_BLANKS.sub('', domain)}")
