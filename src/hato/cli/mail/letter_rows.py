"""What a list shows of letters: read from the beginning of each, for the shown ones only.

Called by `hato inbox` and `hato search`.
Never reads more than the beginning of a letter, nor one that is not shown.
Standards: RFC 5322 §3.6.4 (Message-ID, by which copies from several accounts are known).
Fails never for one letter: what cannot be read is shown without its header.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Final

import msgspec

from hato.cli.mail.mail_owner import Mail
from hato.core.errors import DamagedError, NotFoundError
from hato.core.ids import EmailId
from hato.message.header_fields import Summary, read_header
from hato.store.api import Account
from hato.store.model import ANSWERED, DRAFT, FLAGGED, SEEN, Email

_HEAD_OCTETS: Final = 65_536
_MIXED: Final = "multipart/mixed"


class Correspondent(msgspec.Struct, frozen=True):
    """Somebody in a From or a To field."""

    name: str
    address: str

    @property
    def shown(self) -> str:
        """The name, else the address; also where the name would pass for another address."""
        is_posing = "@" in unicodedata.normalize("NFKC", self.name) and "@" in self.address
        return self.address if is_posing else self.name or self.address


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One letter of a list, as `--json` prints it."""

    number: int = 0
    id: int
    copies: tuple[int, ...] = ()
    """The same letter as it came by other accounts."""
    received: int
    """Seconds since 1970 UTC."""
    sent: str | None
    """When it says that it was sent, by RFC 3339."""
    senders: tuple[Correspondent, ...]
    recipients: tuple[Correspondent, ...]
    subject: str
    accounts: tuple[str, ...]
    """The addresses of the accounts elsewhere that it came by."""
    is_seen: bool
    is_answered: bool
    is_flagged: bool
    is_draft: bool
    has_attachments: bool
    """As far as its header tells."""
    octets: int


async def letter_rows(
    mail: Mail, emails: Iterable[Email], *, every: bool = False
) -> list[tuple[Row, list[EmailId]]]:
    """Return a row for each letter, in their order, and the ids that it stands for.

    The same letter that came by several accounts makes one row, unless `every` is wanted.
    """
    rows: list[tuple[Row, list[EmailId]]] = []
    known: dict[tuple[object, ...], tuple[int, set[str | None]]] = {}
    for email in emails:
        summary = await _summary(mail.account, email)
        key = (summary.message_id, summary.subject, summary.senders, summary.sent)
        there = known.get(key) if summary.message_id and not every else None
        if there is not None and email.source not in there[1]:
            there[1].add(email.source)
            row, ids = rows[there[0]]
            rows[there[0]] = _with_copy(row, email, mail), [*ids, email.email_id]
            continue
        known.setdefault(key, (len(rows), {email.source}))
        rows.append((_row(mail, email, summary), [email.email_id]))
    return rows


async def _summary(account: Account, email: Email) -> Summary:
    """Read the header of a letter; that of an empty one where it is damaged or gone."""
    try:
        piece = account.read_now(email.body, 0, _HEAD_OCTETS)
        if piece is None:
            piece = await account.read(email.body, 0, _HEAD_OCTETS)
    except (DamagedError, NotFoundError):
        return read_header(b"").summary()
    return read_header(piece.data).summary()


def _row(mail: Mail, email: Email, summary: Summary) -> Row:
    return Row(
        id=email.email_id,
        received=email.received,
        sent=None if summary.sent is None else summary.sent.isoformat(),
        senders=tuple(Correspondent(one.name, one.mailbox) for one in summary.senders),
        recipients=tuple(Correspondent(one.name, one.mailbox) for one in summary.recipients),
        subject=summary.subject,
        accounts=_accounts(mail, email),
        is_seen=SEEN in email.keywords,
        is_answered=ANSWERED in email.keywords,
        is_flagged=FLAGGED in email.keywords,
        is_draft=DRAFT in email.keywords,
        has_attachments=summary.media_type == _MIXED,
        octets=email.body.size_octets,
    )


def _with_copy(row: Row, email: Email, mail: Mail) -> Row:
    """Return the row of a letter that came once more, by another account: read is read."""
    return msgspec.structs.replace(
        row,
        copies=(*row.copies, email.email_id),
        accounts=(*row.accounts, *_accounts(mail, email)),
        is_seen=row.is_seen or SEEN in email.keywords,
        is_answered=row.is_answered or ANSWERED in email.keywords,
        is_flagged=row.is_flagged or FLAGGED in email.keywords,
    )


def _accounts(mail: Mail, email: Email) -> tuple[str, ...]:
    """Name the account elsewhere that a letter came by."""
    label = mail.labels.get(email.source or "")
    return () if label is None else (label.address,)
