"""A page that is being written as text: lines, paragraphs, lists, quotations.

Called by `message.html_text`.
Never knows a tag; never writes more than one blank line in a row.
Standards: as HTML has it, runs of blanks are one, and a line end between CJK characters is none.
Fails never.
"""

from __future__ import annotations

import re
from typing import Final

_CJK: Final = "[\u3000-\u30ff\u3400-\u9fff\uff00-\uffef]"
_LINE_END_IN_CJK: Final = re.compile(rf"(?<={_CJK})[ \t]*+[\r\n]\s*+(?={_CJK})")
_PADDING: Final = re.compile("(?>(?:[\u00ad\u034f\u200b-\u200f\u2007\ufeff]\\s*+){3,})")
_MOST_DEPTH: Final = 8
"""Quotations and lists that nest deeper look like this one."""
_BETWEEN_CELLS: Final = "  "


class Page:
    """Text that grows."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._line: list[str] = []
        self._wants_blank = False
        self._wants_space = False
        self._kept = 0
        self._quotes = 0
        self.lists: list[int] = []
        """The open lists: the number of the last item; -1 where they have none."""
        self._too_deep = 0
        self._marker = ""
        self._item_wants_blank = False
        self._last_quotes = 0
        self._watched: list[str] | None = None

    def write(self, text: str) -> None:
        """Write words; blanks around them count, but only once."""
        if self._kept:
            self._write_kept(text)
            return
        if not text.isascii():
            text = _PADDING.sub(" ", _LINE_END_IN_CJK.sub("", text))
        words = text.split()
        if not words:
            self._wants_space = self._wants_space or bool(text)
            return
        if (self._wants_space or text[0].isspace()) and self._line:
            self.append(" ")
        self.append(" ".join(words))
        self._wants_space = text[-1].isspace()

    def append(self, text: str) -> None:
        """Put `text` behind what stands in the line, without a blank between them."""
        self._line.append(text)
        if self._watched is not None:
            self._watched.append(text)

    def _write_kept(self, text: str) -> None:
        """Write what keeps its blanks and line ends."""
        first, *others = text.replace("\r\n", "\n").expandtabs().split("\n")
        if first:
            self.append(first)
        for line in others:
            self.break_line()
            if line:
                self.append(line)

    def watch(self) -> None:
        """Remember what is written from here on."""
        self._watched = []

    def watched(self) -> str:
        """Return what was written since."""
        words, self._watched = "".join(self._watched or ()), None
        return words

    def break_line(self) -> None:
        """Begin a new line; twice, and there is a blank one."""
        if self._line:
            self.end_line()
        else:
            self._wants_blank = True

    def begin_cell(self) -> None:
        """Separate a cell from the one before it."""
        if self._line and self._line[-1] != _BETWEEN_CELLS:
            self._line.append(_BETWEEN_CELLS)
        self._wants_space = False

    def end_line(self, *, is_paragraph: bool = False) -> None:
        """End the line, if something stands in it."""
        words = "".join(self._line).rstrip()
        self._line = []
        self._wants_space = False
        if words:
            quotes = min(self._quotes, _MOST_DEPTH)
            wants_blank = self._item_wants_blank if self._marker else self._wants_blank
            if wants_blank and self._lines:
                self._lines.append(("> " * min(quotes, self._last_quotes)).rstrip())
            indent = "  " * (len(self.lists) - 1)
            hanging = self._marker or ("  " if self.lists else "")
            self._lines.append(f"{'> ' * quotes}{indent}{hanging}{words}")
            self._marker = ""
            self._wants_blank = False
            self._last_quotes = quotes
        self._wants_blank = self._wants_blank or is_paragraph

    def quote(self, change: int) -> None:
        """Begin (1) or end (-1) a quotation."""
        self._quotes = max(self._quotes + change, 0)

    def keep_blanks(self, change: int) -> None:
        """Begin (1) or end (-1) text that keeps its blanks."""
        self._kept = max(self._kept + change, 0)

    def begin_list(self, *, is_numbered: bool) -> None:
        """Begin a list."""
        if len(self.lists) < _MOST_DEPTH:
            self.lists.append(0 if is_numbered else -1)
        else:
            self._too_deep += 1

    def end_list(self) -> None:
        """End a list."""
        self._marker = ""
        if self._too_deep:
            self._too_deep -= 1
        elif self.lists:
            self.lists.pop()

    def begin_item(self) -> None:
        """Begin an item of a list."""
        self._item_wants_blank = self._wants_blank
        if self.lists and self.lists[-1] >= 0:
            self.lists[-1] += 1
            self._marker = f"{self.lists[-1]}. "
        else:
            self._marker = "- "

    def finished(self) -> str:
        """Return all lines, each with its LF."""
        self.end_line()
        return "".join(f"{line}\n" for line in self._lines)
