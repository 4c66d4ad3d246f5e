"""How a source fares, as its person sees it: fine, busy, failing, or waiting for her.

Called by the fetching service (writes) and by the command line (reads).
Never written while nothing changes: a source that is fine, or fails as before, costs no write.
Standards: none.
Fails with the errors of `core.errors` where the account cannot be read or written.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from hato.core.language import Text
from hato.core.log import log
from hato.services.fetching.advice import Advice, Cure
from hato.services.sources.sources import HEALTH_KIND
from hato.store.api import Account
from hato.store.changes import PutObject


class State(StrEnum):
    """In one word."""

    FINE = "fine"
    BUSY = "busy"
    FAILING = "failing"
    """It may mend by itself, and is tried again."""
    NEEDS_YOU = "needs-you"
    """The person has to act."""


_STATES: Final = {
    Cure.TIME: State.FAILING,
    Cure.PATIENCE: State.BUSY,
    Cure.SECRET: State.NEEDS_YOU,
    Cure.PROVIDER: State.NEEDS_YOU,
    Cure.SETTINGS: State.NEEDS_YOU,
    Cure.HERE: State.FAILING,
}


class Health(msgspec.Struct, frozen=True):
    """How a source fares since when. Kept as JSON beside the source."""

    state: State
    since: int
    """Seconds since 1970 UTC."""
    code: str = ""
    """What is wrong, for programs; empty: nothing."""
    en: str = ""
    ja: str = ""
    """What is wrong and what to do, as it was first said."""
    refused: str = ""
    """Marks the settings and the secret that a server refused: with them nobody tries again."""

    @property
    def text(self) -> Text:
        """The sentence; both empty where all is well."""
        return Text(en=self.en, ja=self.ja)


def health_after(
    before: Health | None, advice: Advice | None, now: int, refused: str = ""
) -> Health | None:
    """Return how a source fares after a poll; None: as before, nothing to write.

    `advice`: None where the poll went well. `refused`: the mark of what was tried.
    """
    if advice is None:
        state, code, text, mark = State.FINE, "", Text("", ""), ""
    else:
        state, code, text = _STATES[advice.cure], advice.code, advice.text
        mark = refused if advice.cure is Cure.SECRET else ""
    if before is not None and (before.state, before.code, before.refused) == (state, code, mark):
        return None
    return Health(state, now, code, text.en, text.ja, mark)


async def read_health(account: Account, source_id: str) -> Health | None:
    """Return how a source fares; None: it was never looked at."""
    kept = await account.stored_object(HEALTH_KIND, source_id)
    return _from_json(kept.content) if kept is not None else None


async def write_health(account: Account, source_id: str, health: Health | None) -> None:
    """Keep how a source fares; None: forget it."""
    content = msgspec.json.encode(health) if health is not None else None
    await account.commit([PutObject(HEALTH_KIND, source_id, content)])


def _from_json(content: bytes) -> Health | None:
    try:
        return msgspec.json.decode(content, type=Health)
    except msgspec.MsgspecError as fault:  # of a newer Hato: what is not understood is written anew
        log.warning("health-unreadable", reason=str(fault))
        return None
