"""What big providers mean by the words with which they refuse: a table of what is known.

Called by `services.fetching.advice`.
Never shows a server's words; never takes more of them than a sentence's worth into account.
Standards: RFC 2449 §8 has codes for some of it, which many servers do not send.
Fails never: words that are not known mean nothing.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import Final

_LOOKED_AT: Final = 512


class Meaning(Enum):
    """What a refusal is really about."""

    WANTS_OAUTH2 = auto()
    """Passwords are refused, whatever they are."""
    WANTS_APP_PASSWORD = auto()
    """A password that the provider makes for one program."""
    POP_IS_OFF = auto()
    """Mail programs are not let in before the person switches it on at the provider."""
    WANTS_WEB_LOGIN = auto()
    """The provider wants to see the person in a browser first."""
    ACCOUNT_IS_CLOSED = auto()
    """Suspended, disabled or gone."""
    TOO_OFTEN = auto()
    """Too many logins or connections."""
    IN_USE = auto()
    """Somebody else reads the mailbox."""
    PASSING_FAULT = auto()
    """The server has trouble of its own."""


_KNOWN: Final = tuple(
    (re.compile(pattern, re.IGNORECASE), meaning)
    for meaning, pattern in (
        # Exchange Online: `550 5.7.30 Basic authentication is not supported`, `BasicAuthBlocked`.
        (
            Meaning.WANTS_OAUTH2,
            r"\b5\.7\.(30|139)\b|basic\W*auth(entication)?\b.{0,20}(disabled|not supported|blocked)"
            r"|BasicAuthBlocked|(requires?|only|use) (modern auth|oauth)",
        ),
        # Google `Application-specific password required`; Mail.ru in Latin letters; QQ and 163.
        (
            Meaning.WANTS_APP_PASSWORD,
            r"app(lication)?[\s-]*(specific )?password\b.{0,20}(required|needed|must)"
            r"|(use|need|requires?|enter) (an? |the |your )?app(lication)?[\s-]*(specific )?password"
            r"|parol prilozheni|authoriz(ed|ation) code|授权码",
        ),
        # Google `Web login required`, `Please log in via your web browser`.
        (
            Meaning.WANTS_WEB_LOGIN,
            r"web ?log-?in required|log ?in (via|with|through|using) (your |a )?(web )?browser"
            r"|weblogin|sign in on the web",
        ),
        # Google `Your account is not enabled for POP access`; Yandex; Zoho; QQ; GMX and web.de.
        (
            Meaning.POP_IS_OFF,
            r"not (yet )?(enabled|activated|allowed|open)( \w+)? for (pop|imap|this service)"
            r"|\b(pop3?|imap)4?\b.{0,40}\b(is |are |has been |service )*"
            r"(disabled|not enabled|not activated|not active|turned off|not open|deaktiviert"
            r"|nicht aktiviert|nicht freigeschaltet)"
            r"|(disabled|not enabled|not activated) .{0,20}\bpop3?\b"
            r"|service is not open|does not have access rights to this service",
        ),
        (
            Meaning.TOO_OFTEN,
            r"too (many|frequent)|log-?in (frequency|rate|limit)|(rate|connection|bandwidth) limit"
            r"|exceeded .{0,40}(limit|bandwidth|connections)|(limit|quota) exceeded|throttl",
        ),
        (
            Meaning.IN_USE,
            r"\b(maildrop|mailbox|mail ?box|lock)\b.{0,40}\b(in use|locked|busy|another|open)\b"
            r"|already (in use|locked|open|logged in)|unable to lock|cannot lock|can't lock"
            r"|another (pop3? )?(session|client|connection)",
        ),
        (
            Meaning.ACCOUNT_IS_CLOSED,
            r"\b(account|user|mailbox)\b.{0,20}\b(is |has been |was )?"
            r"(disabled|suspended|deactivated|closed|expired|blocked|frozen|inactive)\b",
        ),
        (
            Meaning.PASSING_FAULT,
            r"try (it )?again (later|in|after|shortly)|temporar(y|il)|(system|server) (is )?(error|busy)"
            r"|service (is )?(unavailable|not available)|internal (server )?(error|problem)"
            r"|under maintenance|timed? ?out|back-?end",
        ),
    )
)
"""In the order in which they are looked for: what a person can do about it comes first."""


def meaning_of(words: str) -> Meaning | None:
    """Return what a server's words mean; None: nothing that is known."""
    looked_at = words[:_LOOKED_AT]
    return next((meaning for pattern, meaning in _KNOWN if pattern.search(looked_at)), None)
