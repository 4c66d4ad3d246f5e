"""What to tell a person about a letter that has not left, and when it is tried again.

Called by the courier and shown by `hato queue`.
Never blames her for what a server or the way to it does; never guesses what became of a letter.
Standards: RFC 5321 §4.5.4.1 (how long and how often to try).
Fails never: what is not known is said in its own words.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from hato.core import limits
from hato.core.errors import SpokenError
from hato.core.language import Text
from hato.services.fetching.advice import Cure, advise
from hato.services.sending.waiting_letter import Fate, WaitingLetter
from hato.services.settings_finder.explain import reason_of
from hato.services.sources.source import Proof, Source

JITTER: Final = 0.1
"""A wait is up to so much shorter or longer, so that letters do not march in step."""

_REMEDIES: Final = {
    Cure.TIME: Text(en="Hato tries again by itself", ja="自動でもう一度試します"),
    Cure.HERE: Text(en="Hato tries again by itself", ja="自動でもう一度試します"),
    Cure.SETTINGS: Text(
        en="check the server with `hato identity edit {address}`; Hato tries again by itself",
        ja="`hato identity edit {address}` でサーバーを確かめてください。自動でもう一度試します",
    ),
    Cure.PROVIDER: Text(
        en="ask the provider, or look at its settings there; Hato tries again by itself",
        ja="プロバイダーに尋ねるか、そこでの設定を確認してください。自動でもう一度試します",
    ),
}
_PASSWORD: Final = Text(
    en="set the right one with `hato account password {address}`, then it leaves by itself",
    ja="`hato account password {address}` で正しいものにすると、自動で送信します",
)
_AUTHORISE: Final = Text(
    en="authorise again with `hato account authorise {address}`, then it leaves by itself",
    ja="`hato account authorise {address}` でもう一度認可すると、自動で送信します",
)
_NOT_LEFT: Final = Text(
    en="The letter could not leave by {host}: {reason}; {remedy}.",
    ja="{host} から送信できませんでした。{reason}。{remedy}。",
)
_NOT_LEFT_SENTENCE: Final = Text(
    en="The letter could not leave: {sentence}", ja="送信できませんでした。{sentence}"
)
_REFUSED: Final = Text(
    en="{host} does not take the letter for {who}{words}: correct the address or the letter and "
    "send it again, or let it be tried again with `hato queue retry {number}`.",
    ja="{host} が {who} へのメールを受け付けません{words}。アドレスか本文を直して送り直すか、"
    "`hato queue retry {number}` でもう一度試してください。",
)
_LATER: Final = Text(
    en="{host} does not take the letter for {who} yet{words}: Hato tries again by itself.",
    ja="{host} が {who} へのメールをまだ受け付けません{words}。自動でもう一度試します。",
)
_UNKNOWN: Final = Text(
    en="Whether the letter left is unknown: the answer of the server for {who} was lost after the "
    "last line. Ask them, then send it again with `hato queue retry {number}` (it may arrive "
    "twice) or forget it with `hato queue drop {number}`.",
    ja="送信できたかどうか分かりません。最後の行のあと、{who} についてのサーバーの応答が"
    "失われました。相手に確かめ、`hato queue retry {number}` で送り直すか(二通届くことがあります)、"
    "`hato queue drop {number}` で終わりにしてください。",
)
_GAVE_UP: Final = Text(
    en="The letter has waited {days} {days:day|days}, and Hato tries no more by itself: try "
    "once more with `hato queue retry {number}`. The last reason was: {last}",
    ja="{days} 日待ったので、自動での再送をやめました。"
    "`hato queue retry {number}` でもう一度試せます。最後の理由: {last}",
)
_OTHERS: Final = Text(en="{first} and {count} more", ja="{first} ほか {count} 名")

_BACK_OFF: Final = {
    Cure.TIME: (limits.OUTBOX_FIRST_SECONDS, limits.OUTBOX_MOST_SECONDS),
    Cure.PATIENCE: (limits.OUTBOX_FIRST_SECONDS, limits.OUTBOX_MOST_SECONDS),
    Cure.HERE: (limits.OUTBOX_FIRST_SECONDS, limits.OUTBOX_MOST_SECONDS),
    Cure.SECRET: (limits.OUTBOX_LOOK_AGAIN_SECONDS, limits.OUTBOX_LOOK_AGAIN_SECONDS),
    Cure.SETTINGS: (limits.OUTBOX_FIRST_SECONDS, limits.OUTBOX_MOST_SECONDS),
    Cure.PROVIDER: (limits.FETCH_PERSON_SECONDS, limits.FETCH_PERSON_MOST_SECONDS),
}
"""The first wait in seconds and the longest."""


class Trouble(msgspec.Struct, frozen=True):
    """Why a letter has not left, or not to everybody."""

    code: str
    """For programs: never changes with the words."""
    cure: Cure
    text: Text


def trouble_of(error: Exception, source: Source) -> Trouble:
    """Return what an error on the way means; `source`: with the submission server in its place."""
    advice = advise(error, source)
    if isinstance(error, SpokenError):
        return Trouble(advice.code, advice.cure, _NOT_LEFT_SENTENCE.filled(sentence=error.text))
    if advice.cure is Cure.SECRET:
        remedy = _AUTHORISE if source.proof is Proof.OAUTH2 else _PASSWORD
    else:
        remedy = _REMEDIES.get(advice.cure, _REMEDIES[Cure.TIME])
    text = _NOT_LEFT.filled(
        host=source.host,
        reason=_literal(reason_of(error)),
        remedy=remedy.filled(address=source.address),
    )
    return Trouble(advice.code, advice.cure, text)


def trouble_of_answers(letter: WaitingLetter, host: str, number: int) -> Trouble | None:
    """Return what is wrong after everybody was asked: the worst of it; None: nothing."""
    rows = (
        (Fate.UNKNOWN, "unknown", _UNKNOWN),
        (Fate.REFUSED, "refused-by-server", _REFUSED),
        (Fate.WAITING, "waiting", _LATER),
    )
    for fate, code, text in rows:
        found = letter.having(fate)
        if found:
            who = Text(found[0].address, found[0].address)
            if len(found) > 1:
                who = _OTHERS.filled(first=found[0].address, count=len(found) - 1)
            words = f" ({found[0].words})" if found[0].words else ""
            return Trouble(
                code, Cure.TIME, text.filled(host=host, who=who, words=words, number=number)
            )
    return None


def gave_up(last: Text, number: int) -> Trouble:
    """Return what is told when nobody tries any more."""
    days = limits.OUTBOX_GIVE_UP_SECONDS // 86_400
    text = _GAVE_UP.filled(days=days, number=number, last=_literal(last))
    return Trouble("gave-up", Cure.PROVIDER, text)


def wait_seconds(cure: Cure, failures: int, chance: Callable[[], float]) -> int:
    """Return how long to wait after so many failures in a row, the last of which has this cure."""
    first, most = _BACK_OFF[cure]
    doublings = min(max(failures - 1, 0), limits.FETCH_DOUBLINGS)
    seconds = min(first << doublings, most)
    return round(seconds * (1 + JITTER * (2 * chance() - 1)))


def _literal(text: Text) -> Text:
    """Return a text as a field of another: without its last full stop."""
    return Text(en=text.en.removesuffix("."), ja=text.ja.removesuffix("。"))
