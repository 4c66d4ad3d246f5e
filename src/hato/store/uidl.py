"""The UIDL text of a message: made from its email id, or kept from an import.

Called by every backend (snapshots, emails) and by `store.resolve`.
Never asks a database: whether a text is taken is resolving's question.
Standards: RFC 1939 §7 (1 to 70 octets of 0x21 to 0x7E, never reused).
Fails never.
"""

from __future__ import annotations

from typing import Final

from hato.core.ids import AccountId, EmailId

_ACCOUNT_CHARACTERS: Final = 10
"""50 bits of the account: a mailbox made anew for the same person never repeats old UIDLs, or her
program would take new messages for old ones and not fetch them."""


def uidl_prefix(account_id: AccountId) -> str:
    """Return what every UIDL that is made for this account begins with."""
    return account_id[:_ACCOUNT_CHARACTERS] + "."


def make_uidl(account_id: AccountId, email_id: EmailId) -> str:
    """Return the UIDL of a message that brought none of its own."""
    return f"{account_id[:_ACCOUNT_CHARACTERS]}.{email_id:x}"


def may_keep_uidl(uidl: str, account_id: AccountId) -> bool:
    """Tell whether a UIDL from elsewhere has the right form and can never be made here."""
    return (
        1 <= len(uidl) <= 70
        and uidl.isascii()
        and all("!" <= character <= "~" for character in uidl)
        and not uidl.startswith(uidl_prefix(account_id))
    )
