"""When an authorisation will end, told before it does.

Called by services.fetching (health of a source) and by the command line.
Never asks the issuer: it reads what is kept, and facts of the table of issuers.
Standards: none; lifetimes are each issuer's own.
Fails never.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from hato.core.language import Text
from hato.services.oauth.issuer_table import Row, built_in_issuers
from hato.services.oauth.tokens import Tokens

_DAY: Final = 86_400
_STATED_AHEAD_DAYS: Final = 3
"""An end that the issuer states is told this long before it."""
_TESTING_AHEAD_DAYS: Final = 2
_IDLE_AHEAD_DAYS: Final = 14

_ENDS: Final = Text(
    en="The authorisation of {address} at {issuer} ends on {date}: run "
    "`hato account authorise {address}` before.",
    ja="{address} の {issuer} での認可は {date} に切れます。その前に "
    "`hato account authorise {address}` を実行してください。",
)
_MAY_END: Final = Text(
    en="If your client at {issuer} is still in testing, the authorisation of {address} ends on "
    "{date}: publish the client, then run `hato account authorise {address}`.",
    ja="{issuer} のクライアントがテスト中のままなら、{address} の認可は {date} に切れます。"
    "クライアントを公開してから `hato account authorise {address}` を実行してください。",
)
_IDLE: Final = Text(
    en="The authorisation of {address} at {issuer} has not been used for long and ends on {date}: "
    "fetch from it before.",
    ja="{address} の {issuer} での認可は長く使われておらず、{date} に切れます。"
    "その前に一度受信してください。",
)
_NO_REFRESH: Final = Text(
    en="{issuer} gave an authorisation for {address} that ends on {date} and cannot be renewed: "
    "allow offline access for the client, then run `hato account authorise {address}`.",
    ja="{issuer} が出した {address} の認可は {date} に切れ、更新できません。クライアントに"
    "オフラインアクセスを許可してから `hato account authorise {address}` を実行してください。",
)


def expiry_warning(tokens: Tokens, address: str, now: int) -> Text | None:
    """Return what a person should know now; None: nothing. `now`: seconds since 1970 UTC."""
    found = _end_of(tokens, built_in_issuers().by_id(tokens.issuer_row), now)
    if found is None:
        return None
    text, end = found
    date = datetime.fromtimestamp(end, UTC).date()
    return text.filled(address=address, issuer=tokens.issuer_name, date=date)


def _end_of(tokens: Tokens, row: Row | None, now: int) -> tuple[Text, int] | None:
    """Return the sentence and the moment of the end that is near, if one is."""
    if not tokens.refresh_token:
        return _NO_REFRESH, tokens.expires
    if tokens.refresh_expires:
        is_near = now >= tokens.refresh_expires - _STATED_AHEAD_DAYS * _DAY
        return (_ENDS, tokens.refresh_expires) if is_near else None
    if row is None:
        return None
    testing_end = tokens.authorised + row.testing_days * _DAY
    # Whatever was renewed after that day is of a client that was published.
    is_known_to_last = not row.testing_days or tokens.refreshed >= testing_end
    if not is_known_to_last and now >= testing_end - _TESTING_AHEAD_DAYS * _DAY:
        return _MAY_END, testing_end
    idle_end = tokens.refreshed + row.idle_days * _DAY
    if row.idle_days and now >= idle_end - _IDLE_AHEAD_DAYS * _DAY:
        return _IDLE, idle_end
    return None
