"""How an IMAP conversation opens: greeting, CAPABILITY, STARTTLS, LOGOUT.

A dialect of `protocols.opening`.
Never logs in.
Standards: RFC 3501 §6.1.1, §6.1.3, §6.2.1, §7.1, §7.2.1.
Fails never: what is no answer is judged garbage.
"""

from __future__ import annotations

from typing import Final

from hato.protocols.foreign_text import shown
from hato.protocols.opening import Verdict

_TAG: Final = b"hato"
_VERDICTS: Final = {b"OK": Verdict.YES, b"NO": Verdict.NO, b"BAD": Verdict.NO}
_GREETINGS: Final = {b"OK": Verdict.YES, b"PREAUTH": Verdict.YES, b"BYE": Verdict.NO}


class ImapOpening:
    """IMAP's words for an opening."""

    abilities = _TAG + b" CAPABILITY\r\n"
    start_tls = _TAG + b" STARTTLS\r\n"
    farewell = _TAG + b" LOGOUT\r\n"
    tls_word = "STARTTLS"
    tag = _TAG + b" "
    lines_before_abilities = 0

    def greet(self, line: bytes) -> Verdict:
        """Judge the greeting."""
        words = line.upper().split(None, 2)
        if len(words) < 2 or words[0] != b"*":
            return Verdict.GARBAGE
        return _GREETINGS.get(words[1], Verdict.GARBAGE)

    def answer(self, line: bytes) -> tuple[Verdict, list[str]]:
        """Judge a line of an answer; what is not tagged goes on."""
        words = line.split()
        if len(words) < 2:
            return Verdict.GARBAGE, []
        if words[0] == b"*":
            is_list = words[1].upper() == b"CAPABILITY"
            return Verdict.MORE, [shown(word) for word in words[2:]] if is_list else []
        if words[0] != _TAG:
            return Verdict.GARBAGE, []
        return _VERDICTS.get(words[1].upper(), Verdict.GARBAGE), []
