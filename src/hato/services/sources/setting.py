"""A source as the settings finder sees it: where the mail is, and how one gets there.

Called by whoever tries a source's login, and by the command line, which says it in words.
Never holds what the owner wants besides.
Standards: none.
Fails never.
"""

from __future__ import annotations

from typing import Final

from hato.core.language import Text
from hato.services.settings_finder.candidate import (
    Candidate,
    LoginMethod,
    Origin,
    UserNameForm,
)
from hato.services.sources.source import Proof, Source

_SET_UP: Final = Text(en="it is set up so", ja="そのように設定されています")


def setting_of(source: Source) -> Candidate:
    """Return where the mail of a source is."""
    return Candidate(
        protocol=source.protocol,
        host=source.host,
        port=source.port,
        tls=source.tls,
        user_name_forms=(UserNameForm.GIVEN,),
        methods=(LoginMethod.OAUTH2,) if source.proof is Proof.OAUTH2 else (),
        origin=Origin.NAMED,
        why=_SET_UP,
        user_name=source.login,
        provider_id=source.provider_id,
    )
