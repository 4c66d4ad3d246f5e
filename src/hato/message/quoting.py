"""What an answer begins with: subject, thread, and the words that it answers, quoted.

Called by whoever composes.
Never quotes a signature; never puts a second `Re:` before a subject. Pure.
Standards: RFC 5322 §3.6.4 and §3.6.5 (References, `Re: `), RFC 3676 §4.3 (signatures).
Fails never.
"""

from __future__ import annotations

import re
from typing import Final

from hato.core.limits import REFERENCES_PER_MESSAGE
from hato.message.letter import Letter

_REPLY_WORDS: Final = (
    "re|aw|antw|antwort|sv|vs|odp|ynt|rif|rép|返信|返|回复|回覆|答复|答覆|회신|답장"
)
"""In front of subjects, as programs of many countries write it."""
_FORWARD_WORDS: Final = "fwd?|wg|doorst|転送|转发|轉寄|轉發|전달"
_COUNT: Final = r"(?:\s*+[\[(^*]?[0-9]{1,3}[\])]?)?+\s*+[:\uff1a]\s*+"
_REPLIES: Final = re.compile(rf"\s*+(?:(?:{_REPLY_WORDS}){_COUNT})++", re.IGNORECASE)
_FORWARDS: Final = re.compile(rf"\s*+(?:(?:{_FORWARD_WORDS}){_COUNT})++", re.IGNORECASE)
_LIST_TAG: Final = re.compile(r"\s*+(\[[^\[\]]{1,64}\])\s*+")
_SIGNATURE: Final = re.compile(r"(?:^|\n)-- \n.*\Z", re.DOTALL)


def reply_subject(subject: str) -> str:
    """Return the subject of an answer: `Re: ` once, whatever stood there in any language."""
    tag = _LIST_TAG.match(subject)
    begin, rest = (f"{tag[1]} ", subject[tag.end() :]) if tag else ("", subject)
    return f"Re: {begin}{_without(_REPLIES, rest)}".rstrip()


def forward_subject(subject: str) -> str:
    """Return the subject of a letter that is passed on: `Fwd: ` once."""
    return f"Fwd: {_without(_FORWARDS, subject)}".rstrip()


def _without(words: re.Pattern[str], subject: str) -> str:
    """Return a subject without words in front of it."""
    found = words.match(subject)
    return subject[found.end() :] if found else subject.lstrip()


def references_of_reply(letter: Letter) -> tuple[str, ...]:
    """Return what an answer refers to, the oldest first; of very many the first and the latest."""
    before = letter.references
    if not before and len(letter.in_reply_to) == 1:
        before = letter.in_reply_to
    own = (letter.message_id,) if letter.message_id else ()
    found = tuple(dict.fromkeys((*(one for one in before if one not in own), *own)))
    if len(found) > REFERENCES_PER_MESSAGE:
        return found[:1] + found[1 - REFERENCES_PER_MESSAGE :]
    return found


def quoted(text: str) -> str:
    """Return a text as it is quoted: each line behind `> `, without the signature."""
    body = _SIGNATURE.sub("\n", text).strip("\n")
    return "".join(
        f">{line}\n" if line.startswith(">") else f"> {line}".rstrip() + "\n"
        for line in body.split("\n")
    )
