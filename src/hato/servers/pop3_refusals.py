"""From what went wrong to what POP3 says: one table, and the refusals of the edge.

Called by the files of the POP3 edge.
Never tells a stranger more than that it did not work.
Standards: RFC 2449 §8 (its [IN-USE] is for who was let in and finds no place), RFC 3206 §4 and §5.
Fails never: an error without a line of its own is a passing fault.
"""

from __future__ import annotations

from math import ceil
from typing import Final

from hato.core.errors import (
    AuthenticationError,
    DamagedError,
    HatoError,
    InUseError,
    LoginDelayError,
    NotFoundError,
    ThrottledError,
    TooManySessionsError,
)
from hato.protocols.pop3 import texts
from hato.protocols.pop3.replies import Code, Err

NO_SUCH_MESSAGE: Final = Err(texts.NO_SUCH_MESSAGE)
MESSAGE_GONE: Final = Err(texts.MESSAGE_GONE)
NO_SUCH_MECHANISM: Final = Err(texts.NO_SUCH_MECHANISM)
NO_MAILDROP: Final = Err(texts.NO_MAILDROP, code=Code.SYS_PERM)
NOT_DELETED: Final = Err(texts.NOT_DELETED, code=Code.SYS_TEMP)
UNAVAILABLE: Final = Err(texts.UNAVAILABLE, code=Code.SYS_TEMP)

TABLE: Final[dict[type[HatoError], Err]] = {
    AuthenticationError: Err(texts.REFUSED, code=Code.AUTH),
    InUseError: Err(texts.IN_USE, code=Code.IN_USE),
    TooManySessionsError: Err(texts.TOO_MANY_SESSIONS, code=Code.IN_USE),
    NotFoundError: MESSAGE_GONE,
    DamagedError: Err(texts.MESSAGE_DAMAGED, code=Code.SYS_PERM),
}
"""Everything else is a passing fault: nothing is lost, it may work later."""


def refusal_of(fault: HatoError) -> Err:
    """Return what to say about a fault."""
    if isinstance(fault, LoginDelayError):
        return _wait(Code.LOGIN_DELAY, fault.wait_seconds)
    if isinstance(fault, ThrottledError):
        return _wait(Code.SYS_TEMP, fault.wait_seconds)
    return TABLE.get(type(fault), UNAVAILABLE)


def _wait(code: Code, seconds: float) -> Err:
    """Say how long to wait. It is no fault of the credentials, so the code is not [AUTH]."""
    text = texts.LOGIN_DELAY if code is Code.LOGIN_DELAY else texts.THROTTLED
    return Err(text, {"seconds": max(ceil(seconds), 1)}, code=code)
