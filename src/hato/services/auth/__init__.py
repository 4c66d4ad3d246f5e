"""Who gets in, by whichever protocol and mechanism."""

from hato.services.auth.authenticator import Authenticator
from hato.services.auth.open_sessions import OpenSessions, Place
from hato.services.auth.origin import Login, Origin
from hato.services.auth.refusal import Why, log_refusal
from hato.services.auth.running_logins import RunningLogin, RunningLogins
from hato.services.auth.sasl_exchange import SaslExchange

__all__ = [
    "Authenticator",
    "Login",
    "OpenSessions",
    "Origin",
    "Place",
    "RunningLogin",
    "RunningLogins",
    "SaslExchange",
    "Why",
    "log_refusal",
]
