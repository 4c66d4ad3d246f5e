"""Why somebody was not let in: for the operator's log, and for nobody else.

Called by services.auth wherever a login ends without success.
Never reaches the client, to whom all of these look the same; never holds a secret.
Standards: none.
Fails never.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from hato.core.log import log
from hato.protocols.sasl.steps import Reason, Refused, ServerStep
from hato.services.auth.origin import Origin
from hato.store.directory import Person


class Why(StrEnum):
    """What stood in the way.

    Where a protocol's machine refuses by itself what is not offered (POP3: every login before TLS,
    APOP without a stamp), nothing comes as far as here: NO_TLS, and MECHANISM for APOP, are a
    second line of defence, and in the log they mean that the first has a hole.
    """

    UNKNOWN_PERSON = "unknown-person"
    """Nobody has that name, or several have."""
    DISABLED = "disabled"
    WRONG_PASSWORD = "wrong-password"  # noqa: S105 - a word for the log, no password
    NO_KEYS = "no-keys"
    """Her imported hash is not yet ours: SCRAM and APOP have nothing to check against."""
    ACTS_FOR_ANOTHER = "acts-for-another"
    """The authorization identity is somebody else's."""
    NO_TLS = "no-tls"
    THROTTLED = "throttled"
    LOGIN_DELAY = "login-delay"
    TOO_MANY_SESSIONS = "too-many-sessions"
    """The secret was right, but she has as many sessions from there as one person may have."""
    MECHANISM = "mechanism"
    """Unknown, or not offered on this line."""
    MALFORMED = "malformed"
    """Not what the mechanism's grammar allows."""
    CHANNEL_BINDING = "channel-binding"
    """The client's channel binding is not ours, or of a kind that is not supported."""
    DOWNGRADED = "downgraded"
    """The client did not see SCRAM-SHA-256-PLUS, but it was offered (RFC 5802 §6)."""


_OF_SASL: Final = {
    Reason.WRONG_PROOF: Why.WRONG_PASSWORD,
    Reason.BINDING_UNSUPPORTED: Why.CHANNEL_BINDING,
    Reason.BINDING_DIFFERS: Why.CHANNEL_BINDING,
    Reason.DOWNGRADED: Why.DOWNGRADED,
}


def why_of_step(step: ServerStep | None) -> Why:
    """Return why an exchange ended with this step."""
    reason = step.reason if isinstance(step, Refused) else Reason.MALFORMED
    return _OF_SASL.get(reason, Why.MALFORMED)


def why_of_person(person: Person | None) -> Why:
    """Return why what somebody showed did not fit."""
    if person is None:
        return Why.UNKNOWN_PERSON
    return Why.WRONG_PASSWORD if person.is_enabled else Why.DISABLED


def log_refusal(origin: Origin, name: str, why: Why) -> None:
    """Write a refused login down; `name`: as typed, or the person's."""
    log.info(
        "login-refused",
        session=origin.session_id,
        service=origin.service,
        address=origin.address,
        name=name,
        reason=why.value,
    )
