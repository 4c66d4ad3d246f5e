"""What big providers mean by the words with which they refuse: a table of what is known.

Called by `explain` (trying settings) and by `services.fetching.advice` (polls): the one table.
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


_WORDS: Final[dict[Meaning, tuple[str, ...]]] = {
    # Google `Application-specific password required`; iCloud `app-specific passcode`; Mail.ru in
    # Latin letters; QQ and 163. Before OAuth2: some name both, and this is the simpler one.
    Meaning.WANTS_APP_PASSWORD: (
        r"\bapp(lication)?[\s-]*(specific )?pass(word|code)",
        r"parol prilozheni",
        r"authori[sz](ed|ation) code",
        r"授权码",
    ),
    # Exchange Online: `550 5.7.30 Basic authentication is not supported`, `BasicAuthBlocked`;
    # Dovecot's word to USER and PASS where only tokens are taken.
    Meaning.WANTS_OAUTH2: (
        r"\b5\.7\.(30|139)\b",
        r"basic\W*auth(entication)?\b.{0,20}(disabled|not supported|blocked)",
        r"BasicAuthBlocked",
        r"unsupported authentication mechanism",
        r"modern auth",
        r"\boauth",
    ),
    # Google `Web login required`, `Please log in via your web browser`; others see `unusual
    # activity`, or a `suspicious login`.
    Meaning.WANTS_WEB_LOGIN: (
        r"web ?log-?in",
        r"\bbrowser\b",
        r"sign in on the web",
        r"\b(suspicious|unusual)\b",
    ),
    # Google `Your account is not enabled for POP access`; Yandex; Zoho; QQ; GMX and web.de.
    Meaning.POP_IS_OFF: (
        r"not (yet )?(enabled|activated|allowed|open)( \w+)? for (pop|imap|this service)",
        r"\bpop3?\b.{0,40}\b(disabled|turned off)",
        r"\bpop3?\b.{0,40}\bnot (enabled|activated|active|open|permitted|allowed)",
        r"\benable\b.{0,40}\bpop3?\b",
        r"\bpop3?\b.{0,40}\b(deaktiviert|nicht (aktiviert|freigeschaltet))",
        r"(disabled|not (enabled|activated)) .{0,20}\bpop3?\b",
        r"service is not open",
        r"does not have access rights to this service",
    ),
    Meaning.TOO_OFTEN: (
        r"too (many|frequent)",
        r"log-?in (frequency|rate|limit)",
        r"(rate|connection|bandwidth) limit",
        r"exceeded .{0,40}(limit|bandwidth|connections)",
        r"limit exceeded",
        r"throttl",
    ),
    Meaning.IN_USE: (
        r"\b(maildrop|mail ?box|lock)\b.{0,40}\b(in use|locked|busy|another|open)\b",
        r"already (in use|locked|open|logged in)",
        r"(unable to|cannot|can't|could not) lock",
        r"another (pop3? )?(session|client|connection)",
    ),
    Meaning.ACCOUNT_IS_CLOSED: (
        r"\b(account|user|mail ?box)\b.{0,20}\b(disabled|suspended|deactivated|closed)\b",
        r"\b(account|user|mail ?box)\b.{0,20}\b(expired|blocked|frozen|inactive)\b",
    ),
    Meaning.PASSING_FAULT: (
        r"try (it )?again (later|in|after|shortly)",
        r"temporar(y|il)",
        r"(system|server) (is )?(error|busy)",
        r"service (is )?(unavailable|not available)",
        r"internal (server )?(error|problem)",
        r"under maintenance",
        r"timed? ?out",
    ),
}
_KNOWN: Final = {
    meaning: re.compile("|".join(patterns), re.IGNORECASE) for meaning, patterns in _WORDS.items()
}
"""In the order in which they are looked for: what a person can do about it comes first."""


def meaning_of(words: str) -> Meaning | None:
    """Return what a server's words mean; None: nothing that is known."""
    looked_at = words[:_LOOKED_AT]
    return next((meaning for meaning, pattern in _KNOWN.items() if pattern.search(looked_at)), None)
