"""Which parts of a letter are read, and how; which ones are saved.

Called by `message.reading` and `message.attachments`.
Never decodes anything: what a part is called decides, and whether something stands in it.
Standards: RFC 2046 §5.1.3 and §5.1.4 (mixed, alternative), RFC 2387 §3.2 (related), RFC 6522 §3.
Fails never.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum, auto
from typing import Final

from hato.message.structure import Part


class Shown(Enum):
    """How a part is read."""

    PLAIN = auto()
    HTML = auto()
    CALENDAR = auto()
    FIELDS = auto()
    """The header of a letter inside the letter; its parts follow."""


_WAYS: Final = {
    **dict.fromkeys(
        "text/plain text/enriched text/richtext text/markdown text/x-markdown text/x-patch "
        "text/x-diff text/rfc822-headers message/global-headers message/delivery-status "
        "message/global-delivery-status message/disposition-notification "
        "message/global-disposition-notification message/feedback-report".split(),
        Shown.PLAIN,
    ),
    "text/html": Shown.HTML,
    "application/xhtml+xml": Shown.HTML,
    "text/calendar": Shown.CALENDAR,
}
_FOR_PROGRAMS: Final = frozenset({"text/x-amp-html", "text/watch-html"})
"""Versions of a text that no person reads or saves."""


def is_read(part: Part) -> bool:
    """Tell whether a part is something to read."""
    if not part.is_understood and not part.parts:
        return True
    if part.media_type not in _WAYS or part.disposition == "attachment":
        return False
    return part.is_root or part.disposition == "inline" or not part.filename


def is_saved(part: Part) -> bool:
    """Tell whether a part is something to save; what has a name may be read and saved."""
    if part.media_type.startswith("multipart/") or part.media_type in _FOR_PROGRAMS:
        return False
    return not is_read(part) or (bool(part.filename) and not part.is_root)


def readable_parts(part: Part) -> Iterator[tuple[Part, Shown]]:
    """Yield what is read of a letter, in order."""
    if not part.is_understood and not part.parts:
        yield part, Shown.PLAIN
    elif part.media_type == "multipart/alternative":
        yield from _alternative(part)
    elif part.media_type == "multipart/related":
        yield from readable_parts(_root_of_related(part))
    elif part.media_type.startswith("multipart/"):
        for one in part.parts:
            yield from readable_parts(one)
    elif part.parts:
        if part.disposition != "attachment":  # else it is a file, and nothing that its sender says
            [letter] = part.parts
            yield letter, Shown.FIELDS
            yield from readable_parts(letter)
    elif is_read(part):
        yield part, _WAYS[part.media_type]


def _alternative(part: Part) -> Iterator[tuple[Part, Shown]]:
    """Choose among versions of the same: plain text if something stands in it, else the last one.

    The sender puts the best last (RFC 2046 §5.1.4); for a reader of text plain text is the best.
    """
    versions = [list(readable_parts(one)) for one in part.parts]
    plain = [shown for shown in versions if shown and _is_plain(shown)]
    others = [shown for shown in reversed(versions) if shown]
    yield from next(iter([*plain, *others]), [])


def _is_plain(shown: list[tuple[Part, Shown]]) -> bool:
    """Tell whether a version is plain text in which something stands."""
    return all(way is Shown.PLAIN for _, way in shown) and not all(
        part.is_blank for part, _ in shown
    )


def _root_of_related(part: Part) -> Part:
    """Return the part that the others belong to (RFC 2387 §3.2)."""
    wanted = part.parameters.get("start", "").strip("<> ")
    if wanted:
        for one in part.parts:
            if one.content_id == wanted:
                return one
    return part.parts[0]
