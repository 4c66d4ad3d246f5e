"""How an SMTP conversation opens, seen from a client: greeting, EHLO, STARTTLS, QUIT.

A dialect of `protocols.opening`.
Never names a sender.
Standards: RFC 5321 §3.1, §4.1.1.1, §4.2; RFC 3207 §4; RFC 4954 §3.
Fails never: what is no answer is judged garbage.
"""

from __future__ import annotations

import re
from typing import Final

from hato.protocols.foreign_text import shown
from hato.protocols.opening import Verdict

_REPLY: Final = re.compile(rb"([2-5])[0-9]{2}(?:([ -])(.*))?", re.DOTALL)


class SmtpOpening:
    """SMTP's words for an opening."""

    # An address literal says that we have no name of our own (RFC 5321 §4.1.4).
    abilities = b"EHLO [127.0.0.1]\r\n"
    start_tls = b"STARTTLS\r\n"
    farewell = b"QUIT\r\n"
    tls_word = "STARTTLS"
    tag = b""
    lines_before_abilities = 1

    def greet(self, line: bytes) -> Verdict:
        """Judge a line of the greeting."""
        return self.answer(line)[0]

    def answer(self, line: bytes) -> tuple[Verdict, list[str]]:
        """Judge a line of an answer; all but the first of EHLO's name an ability each."""
        reply = _REPLY.fullmatch(line)
        if reply is None:
            return Verdict.GARBAGE, []
        words = [shown(reply[3] or b"")]
        if reply[2] == b"-":
            return Verdict.MORE, words
        return Verdict.YES if reply[1] == b"2" else Verdict.NO, words
