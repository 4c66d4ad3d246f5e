"""What an SMTP server answers, as its client reads it: code, enhanced code, words.

Called by the client's machine, line by line.
Never holds a server's words in a form that cannot be printed; never more lines than one answer has.
Standards: RFC 5321 §4.2 and §4.2.1 (codes, many lines), RFC 2034 §4 and RFC 3463 §2 (enhanced).
Fails never: what is no answer is None.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from hato.core.limits import SMTP_ANSWER_LINES
from hato.protocols.foreign_text import shown

_LINE: Final = re.compile(rb"([2-5][0-9][0-9])(?:([ -])(.*))?", re.DOTALL)
_ENHANCED: Final = re.compile(r"([245]\.[0-9]{1,3}\.[0-9]{1,3})(?: +|$)")


class ServerReply(msgspec.Struct, frozen=True, gc=False):
    """One whole answer."""

    code: int
    enhanced: str
    """`5.1.1`; empty where the server sent none of the same class as the code."""
    lines: tuple[str, ...]
    """What stands behind the codes, fit to be shown."""

    @property
    def is_yes(self) -> bool:
        """Whether it is done, or may go on (2yz, 3yz)."""
        return self.code < 400

    @property
    def is_passing(self) -> bool:
        """Whether trying again later may help (4yz)."""
        return 400 <= self.code < 500

    @property
    def words(self) -> str:
        """Everything that was said, in one line: `550 5.1.1 No such user here`."""
        said = " ".join(line for line in self.lines if line)
        return " ".join(filter(None, (str(self.code), self.enhanced, said)))


class ReplyReader:
    """Puts the lines of one answer together."""

    __slots__ = ("_code", "_enhanced", "_lines")

    def __init__(self) -> None:
        """Begin with the first line of an answer."""
        self._code = 0
        self._enhanced = ""
        self._lines: list[str] = []

    @property
    def has_begun(self) -> bool:
        """Whether the rest of an answer is due."""
        return self._code > 0

    def take(self, line: bytes) -> ServerReply | bool:
        """Take a line without its end: the answer where it was the last, True where more follow.

        False: it is no line of an answer, or the answer has no end.
        """
        found = _LINE.fullmatch(line)
        if found is None or len(self._lines) >= SMTP_ANSWER_LINES:
            return False
        code, separator, text = int(found[1]), found[2], shown(found[3] or b"")
        if self._code not in (0, code):
            return False  # RFC 5321 §4.2.1: the code is the same on every line
        enhanced = _ENHANCED.match(text)
        if enhanced is not None and enhanced[1][0] == str(code)[0]:
            self._enhanced = self._enhanced or enhanced[1]
            text = text[enhanced.end() :]
        self._code = code
        self._lines.append(text)
        if separator == b"-":
            return True
        reply = ServerReply(self._code, self._enhanced, tuple(self._lines))
        self._code, self._enhanced, self._lines = 0, "", []
        return reply
