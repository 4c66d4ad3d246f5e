"""Knocking at usual names and ports, where nobody said anything better.

Called by `finder` as its last resort.
Never says a word: a connection, and TLS with a right certificate where the port begins with it.
Standards: RFC 8314 §3 (which ports begin with TLS).
Fails never: where nobody opens, there is a note.
"""

from __future__ import annotations

import asyncio
from typing import Final

import msgspec

from hato.core import limits
from hato.core.errors import HatoError
from hato.core.language import Text
from hato.net.dial import dial
from hato.net.dialled import Patience
from hato.services.settings_finder.candidate import Candidate, TlsMode
from hato.services.settings_finder.outside import Outside
from hato.services.settings_finder.published import Published
from hato.services.settings_finder.service_records import guesses

_FOUND: Final = Text(
    en="Usual names were tried: {open} of {count} {open:answers|answer}.",
    ja="よくある名前を試しました: {count} 件中 {open} 件が応答しました。",
)


async def knock(
    address: str, published: Published, outside: Outside, notes: list[Text]
) -> list[Candidate]:
    """Return the guesses where somebody answers, in order, and add a note."""
    domain = address.rpartition("@")[2]
    places = guesses(domain, published.exchangers, published.absent)
    patience = msgspec.structs.replace(
        outside.patience,
        dial_seconds=min(outside.patience.dial_seconds, limits.PROBE_DIAL_SECONDS),
    )
    answers = await asyncio.gather(*(_opens(place, outside, patience) for place in places))
    found = [place for place, is_open in zip(places, answers, strict=True) if is_open]
    notes.append(_FOUND.filled(open=len(found), count=len(places)))
    return found


async def _opens(candidate: Candidate, outside: Outside, patience: Patience) -> bool:
    """Tell whether a port can be connected to, and trusted where it begins with TLS."""
    trust = outside.trust() if candidate.tls is TlsMode.IMPLICIT else None
    try:
        dialled = await dial(
            candidate.host,
            candidate.port,
            trust=trust,
            patience=patience,
            may_reach=outside.may_reach,
            resolve=outside.resolve,
        )
    except HatoError:
        return False
    dialled.close()
    return True
