"""What to tell a person about a poll that failed, and who can help: one place for all errors.

Called by the fetching service (health), by the command line and the provider doctor.
Never says that a password is wrong where a server only has no time; never shows raw words.
Standards: RFC 2449 §8, RFC 3206 §4 and §5 for what the codes behind the errors mean.
Fails never: what is not known is said in its own words.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from hato.clients.errors import (
    Busy,
    BusyError,
    LetterRefusedError,
    NoLoginMethodError,
    NonsenseError,
    RefusedForGoodError,
    TlsRefusedError,
    TurnedAwayError,
    UnprovenServerError,
    WrongCredentialsError,
)
from hato.core.errors import HatoError, SealedSecretError, SpokenError
from hato.core.language import Text
from hato.core.limits import LOST_POLLS_UNTIL_QUARANTINE
from hato.net.dial_errors import ConnectionLostError, DialError
from hato.services.fetching import advice_texts as texts
from hato.services.oauth.errors import (
    AuthoriseAgainError,
    ClientRefusedError,
    IssuerBusyError,
    IssuerUnfitError,
)
from hato.services.settings_finder.candidate import TlsMode
from hato.services.settings_finder.server_words import Meaning, meaning_of
from hato.services.sources.source import Proof, Source


class Cure(StrEnum):
    """What helps; the schedule goes by it."""

    TIME = "time"
    """A passing fault: it is tried again, less and less often."""
    PATIENCE = "patience"
    """The server is busy; nothing is wrong."""
    SECRET = "secret"  # noqa: S105 - the word, no secret
    """A new password or authorisation; until then nobody tries again."""
    PROVIDER = "provider"
    """Something that the person does at her provider."""
    SETTINGS = "settings"
    """Other settings of the source."""
    HERE = "here"
    """Something on this machine, such as space on its disk."""


class Advice(msgspec.Struct, frozen=True):
    """What is wrong, and what to do."""

    code: str
    """For programs: never changes with the words."""
    cure: Cure
    text: Text
    """One sentence: what is wrong, what to do."""
    steps: tuple[Text, ...] = ()
    """What the provider's row says is to be done there."""
    words: str = ""
    """The server's own, fit to be shown; empty: it said nothing."""


def advise(
    error: Exception, source: Source, steps: Sequence[Text] = (), *, times_cut: int = 0
) -> Advice:
    """Return what to tell, and what helps.

    `steps`: those of the source's provider. `times_cut`: how often it ended within one letter.
    """
    code, cure, text, words = _judge(error, source)
    if times_cut > 1:
        code, cure, text = _ONE_LETTER
    host = error.host if isinstance(error, DialError) else source.host  # an issuer's, it may be
    shown = {"host": host, "port": source.port, "address": source.address}
    sentence = text.filled(words=_quoted(words), **shown, **_fields_of(error))
    at_provider = cure in (Cure.PROVIDER, Cure.SECRET)
    return Advice(code, cure, sentence, tuple(steps) if at_provider else (), words)


def _judge(error: Exception, source: Source) -> tuple[str, Cure, Text, str]:
    """Return code, cure, sentence and the server's words."""
    match error:
        case BusyError():
            return *_BUSY[error.busy], error.words
        case WrongCredentialsError():
            return *(_meant(error.words, source) or _wrong_secret(source)), error.words
        case RefusedForGoodError():
            otherwise = _TURNED_AWAY if isinstance(error, TurnedAwayError) else _REFUSED
            return *(_meant(error.words, source) or otherwise), error.words
        case NoLoginMethodError():
            return *_no_method(error, source), ""
        case TlsRefusedError():
            return *_TLS_REFUSED, error.words
        case UnprovenServerError():
            return *_UNPROVEN, ""
        case NonsenseError():
            return *_NONSENSE, error.words
        case LetterRefusedError():
            return *_LETTER, error.words
        case DialError():
            name = error.fault.name.lower().replace("_", "-")
            return name, _CURES.get(error.fault.name, Cure.TIME), texts.DIAL[error.fault], ""
        case ConnectionLostError():
            return f"connection-{error.loss.name.lower().replace('_', '-')}", *_lost(error, source)
        case SpokenError():
            return *_OWN_WORDS.get(type(error), _UNUSABLE), _own_words(error), ""
        case _:
            return *_here(error, source), ""


def _meant(words: str, source: Source) -> tuple[str, Cure, Text] | None:
    """Return what is known of a refusal's words."""
    meaning = meaning_of(words)
    if meaning is Meaning.WANTS_OAUTH2 and source.proof is Proof.OAUTH2:
        return _wrong_secret(source)  # it has what is asked for, so it is this token that failed
    return _MEANT[meaning] if meaning is not None else None


def _wrong_secret(source: Source) -> tuple[str, Cure, Text]:
    if source.proof is Proof.OAUTH2:
        return "authorisation-refused", Cure.SECRET, texts.AUTHORISATION_REFUSED
    return "wrong-password", Cure.SECRET, texts.WRONG_PASSWORD


def _unreadable_secret(source: Source) -> tuple[str, Cure, Text]:
    """Tell how to replace what is sealed under another key, or damaged."""
    by_token = source.proof is Proof.OAUTH2
    text = texts.UNREADABLE_AUTHORISATION if by_token else texts.UNREADABLE_PASSWORD
    return "unreadable-secret", Cure.SETTINGS, text


def _no_method(error: NoLoginMethodError, source: Source) -> tuple[str, Cure, Text]:
    """Tell what would have been possible."""
    offered = " ".join(error.offered).upper()
    if source.proof is Proof.OAUTH2:
        return "no-oauth2", Cure.SETTINGS, texts.NO_OAUTH2
    if "XOAUTH2" in offered or "OAUTHBEARER" in offered:
        return "wants-oauth2", Cure.PROVIDER, texts.WANTS_OAUTH2
    if "CRAM-MD5" in offered or "APOP" in offered:
        return "only-outdated-methods", Cure.SETTINGS, texts.ONLY_OUTDATED
    if source.tls is TlsMode.NONE:
        return "no-login-without-tls", Cure.SETTINGS, texts.NO_LOGIN_WITHOUT_TLS
    return "no-login-method", Cure.SETTINGS, texts.NO_LOGIN_METHOD


def _lost(error: ConnectionLostError, source: Source) -> tuple[Cure, Text, str]:
    meant = _meant(error.detail, source)
    text = meant[2] if meant else texts.LOST[error.loss]
    return (meant[1] if meant else Cure.TIME), text, error.detail


def _here(error: Exception, source: Source) -> tuple[str, Cure, Text]:
    """Tell what is wrong on this side."""
    if isinstance(error, SealedSecretError):
        return _unreadable_secret(source)
    for kind, (code, cure, text) in texts.HERE.items():
        if isinstance(error, kind):
            return code, Cure(cure), text
    code = "unavailable" if isinstance(error, HatoError) else "fault"
    return code, Cure.TIME, texts.OTHER if isinstance(error, HatoError) else texts.BUG


def _own_words(error: SpokenError) -> Text:
    """Return the sentence that an error has already, with nothing left to fill in."""
    return Text(en=_literal(error.text.en), ja=_literal(error.text.ja))


def _literal(words: str) -> str:
    return words.replace("{", "{{").replace("}", "}}")


def _quoted(words: str) -> str:
    return f" ({words})" if words else ""


def _fields_of(error: Exception) -> dict[str, object]:
    """Return what some sentences have besides."""
    detail = error.detail if isinstance(error, DialError) else ""
    most = LOST_POLLS_UNTIL_QUARANTINE
    return {"detail": _quoted(detail), "reason": error, "most": most}


_UNUSABLE = ("unusable", Cure.SETTINGS)
_OWN_WORDS: dict[type[Exception], tuple[str, Cure]] = {
    AuthoriseAgainError: ("authorise-again", Cure.SECRET),
    ClientRefusedError: ("oauth2-client-refused", Cure.PROVIDER),
    IssuerBusyError: ("issuer-busy", Cure.TIME),
    IssuerUnfitError: ("issuer-unfit", Cure.TIME),
}
"""Errors that bring their sentence."""
_REFUSED = ("refused", Cure.PROVIDER, texts.REFUSED)
_TURNED_AWAY = ("turned-away", Cure.TIME, texts.TURNED_AWAY)
_TLS_REFUSED = ("tls-refused", Cure.SETTINGS, texts.TLS_REFUSED)
_UNPROVEN = ("unproven-server", Cure.SETTINGS, texts.UNPROVEN)
_NONSENSE = ("nonsense", Cure.TIME, texts.NONSENSE)
_ONE_LETTER = ("cut-within-one-letter", Cure.TIME, texts.CUT_WITHIN_ONE_LETTER)
_LETTER = ("letter-refused", Cure.TIME, texts.LETTER_REFUSED)
_BUSY = {
    Busy.IN_USE: ("in-use", Cure.PATIENCE, texts.IN_USE),
    Busy.LOGIN_DELAY: ("login-delay", Cure.PATIENCE, texts.LOGIN_DELAY),
    Busy.PASSING_FAULT: ("server-busy", Cure.PATIENCE, texts.SERVER_BUSY),
}
_MEANT = {
    Meaning.WANTS_OAUTH2: ("wants-oauth2", Cure.PROVIDER, texts.WANTS_OAUTH2),
    Meaning.WANTS_APP_PASSWORD: ("wants-app-password", Cure.SECRET, texts.WANTS_APP_PASSWORD),
    Meaning.POP_IS_OFF: ("pop-is-off", Cure.PROVIDER, texts.POP_IS_OFF),
    Meaning.WANTS_WEB_LOGIN: ("wants-web-login", Cure.PROVIDER, texts.WANTS_WEB_LOGIN),
    Meaning.ACCOUNT_IS_CLOSED: ("account-closed", Cure.PROVIDER, texts.ACCOUNT_CLOSED),
    Meaning.TOO_OFTEN: ("too-often", Cure.PATIENCE, texts.TOO_OFTEN),
    Meaning.IN_USE: _BUSY[Busy.IN_USE],
    Meaning.PASSING_FAULT: _BUSY[Busy.PASSING_FAULT],
}
_CURES = {
    "FORBIDDEN_ADDRESS": Cure.SETTINGS,
    "NO_TLS": Cure.SETTINGS,
    "CERTIFICATE_NOT_PINNED": Cure.SETTINGS,
    "CERTIFICATE_SELF_SIGNED": Cure.SETTINGS,
    "CERTIFICATE_OF_UNKNOWN_AUTHORITY": Cure.SETTINGS,
    "CERTIFICATE_OF_OTHER_NAME": Cure.SETTINGS,
}
"""Those of the faults of dialling that time alone will hardly mend."""
