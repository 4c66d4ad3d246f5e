"""What a person is told of a login that was tried at her provider.

Called by the verbs of `hato account` that log in.
Never shows a server's words raw, nor a password.
Standards: none.
Fails with InvalidInputError where no login came about: then nothing was changed.
"""

from __future__ import annotations

from typing import Any, Final

from hato.cli.account.words import CLEARTEXT, method_in_words
from hato.cli.desk import Desk
from hato.core.errors import InvalidInputError
from hato.core.language import Text
from hato.services.settings_finder.candidate import Candidate, TlsMode
from hato.services.settings_finder.findings import Tried

_METHOD: Final = Text(en="{method}: {why}.", ja="{method} について: {why}。")
_FINGERPRINT: Final = Text(
    en="The certificate that it shows has the fingerprint {sha256}: say --pin with it to trust "
    "just this one, if you know that it is right.",
    ja="示された証明書のフィンガープリントは {sha256} です。正しいと知っているなら、"
    "--pin に指定するとこの証明書だけを信頼します。",
)
_UNCHANGED: Final = Text(
    en="No login, so nothing was changed.", ja="ログインできなかったので、何も変えていません。"
)


def say_setting(desk: Desk, tried: Tried, *, is_aside: bool = False) -> None:
    """Say what came of one setting: chosen or not, and why; `is_aside`: to standard error."""
    say = desk.say_aside if is_aside or not tried.is_good else desk.say
    say(tried.why)
    if tried.is_good:
        why = method_in_words(tried.method, tried.candidate.tls)
        say(_METHOD, method=tried.method, why=why)
        return
    if tried.advice is not None:
        desk.say_aside(tried.advice)
    if tried.certificate_sha256:
        desk.say_aside(_FINGERPRINT, sha256=tried.certificate_sha256)


def say_cleartext(desk: Desk, candidates: list[Candidate]) -> None:
    """Say what it means to go without encryption, where somebody will."""
    for host in dict.fromkeys(one.host for one in candidates if one.tls is TlsMode.NONE):
        desk.say_aside(CLEARTEXT, host=host)


def demand_login(tried: Tried | None, refusal: Text = _UNCHANGED, **fields: object) -> Tried:
    """Return a trial that ended in a login. Raises InvalidInputError with `refusal`."""
    if tried is None or not tried.is_good:
        raise InvalidInputError(refusal, **fields)
    return tried


def trial_as_data(desk: Desk, tried: Tried) -> dict[str, Any]:
    """Return a trial for programs."""
    return {
        "is_good": tried.is_good,
        "host": tried.candidate.host,
        "port": tried.candidate.port,
        "tls": tried.candidate.tls,
        "login": tried.login,
        "method": tried.method,
        "why": tried.why.in_language(desk.language),
        "advice": tried.advice.in_language(desk.language) if tried.advice is not None else "",
        "certificate_sha256": tried.certificate_sha256,
    }
