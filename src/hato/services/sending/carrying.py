"""One attempt to carry one letter to its server, as far as it comes.

Called by the courier, which holds the letter meanwhile, and writes it down between `offer` and
`end`: only then may the last octet leave.
Never raises for what a server, a network or a setting does: `trouble` tells it.
Standards: RFC 5321 §3.3 (a transaction), RFC 5321 §4.5.3.1.10 (the rest in another one).
Fails never; what it has not come to stands in `letter` as it stood before.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Final

import msgspec

from hato.clients.smtp import SmtpClient
from hato.core.errors import HatoError, NotFoundError
from hato.core.language import Text
from hato.core.log import log
from hato.services.fetching.advice import Cure
from hato.services.sending.filing import find_letter
from hato.services.sending.handing_over import HandingOver, Needs, Unfit
from hato.services.sending.letter_octets import sent_header, sent_pieces
from hato.services.sending.sending_advice import Trouble, trouble_of
from hato.services.sending.waiting_letter import Fate, WaitingLetter
from hato.services.sending.ways_out import WayOut, WaysOut
from hato.services.sources.source import Source
from hato.store.api import Account
from hato.store.model import Email, Traits

_NO_IDENTITY: Final = Text(
    en="The mail account by which the letter was to leave was removed: send it again by another "
    "one; it lies in Drafts.",
    ja="送信に使うアカウントが削除されています。メールは下書きにあるので、"
    "別のアカウントから送り直してください。",
)


class Carrying:
    """One attempt: `open`, then `offer` and `end` as long as `offer` says so, then `close`."""

    def __init__(self, letter: WaitingLetter, account: Account, ways: WaysOut) -> None:
        """Begin with a letter as it is written down."""
        self.letter = letter
        self.host = ""
        """The server that is asked."""
        self.trouble: Trouble | None = None
        """What went wrong; what the server said of recipients stands with them."""
        self.is_gone = False
        """It was deleted before it left."""
        self._account = account
        self._ways = ways
        self._email: Email | None = None
        self._source: Source | None = None
        self._way: WayOut | None = None
        self._client: SmtpClient | None = None
        self._handing: HandingOver | None = None
        self._header, self._start = b"", 0

    async def open(self, *, is_by_hand: bool) -> None:
        """Connect and log in. `is_by_hand`: whatever the server refused before."""
        async with self._guarded():
            await self._find()
            if self._way is None:
                return
            mark = await self._ways.mark_of(self._way)
            if mark == self.letter.refused and not is_by_hand:
                known = self.letter
                self.trouble = Trouble(known.code, Cure.SECRET, known.text)
                return
            self.letter = msgspec.structs.replace(self.letter, refused="")
            self._client = await self._ways.open(self._way)

    async def _find(self) -> None:
        """Find the letter, its identity and the server."""
        try:
            self._email = await find_letter(self._account, self.letter.email_id)
        except NotFoundError:
            self.is_gone = True
            return
        try:
            identity = await self._ways.identities.find(self.letter.identity_id)
            self._source = await self._ways.source_of(identity)
        except NotFoundError:
            self.trouble = Trouble("no-identity", Cure.SETTINGS, _NO_IDENTITY)
            return
        self.host = self._source.host
        self._way = await self._ways.find(identity)
        self._source, self.host = self._way.source, self._way.submission.host

    async def offer(self) -> bool:
        """Do all of a transaction but its end.

        True: the end is due, and the letter says who may have it then: write that down first.
        """
        is_due = False
        async with self._guarded():
            handing = await self._next_transaction()
            if handing is not None and self._email is not None:
                body = self._email.body
                pieces = sent_pieces(self._account, body, self._header, self._start)
                try:
                    is_due = await handing.offer(pieces)
                finally:
                    self.letter = handing.letter
        return is_due

    async def _next_transaction(self) -> HandingOver | None:
        """Return what hands the letter over; None: nothing more is to be handed over."""
        if self._client is None or self._email is None or self.trouble is not None:
            return None
        if self._handing is not None:
            return self._handing if self._handing.has_more else None
        self._handing = await self._begin(self._client, self._email)
        unfit = self._handing.unfit
        if unfit is None:
            return self._handing
        self._refuse(unfit)
        return None

    async def _begin(self, client: SmtpClient, email: Email) -> HandingOver:
        """Look at the letter, and prepare to hand it over."""
        self._header, self._start = await sent_header(self._account, email.body)
        size_octets = email.body.size_octets - self._start + len(self._header)
        addresses = [self.letter.sender, *(one.address for one in self.letter.recipients)]
        needs_utf8 = not (self._header.isascii() and "".join(addresses).isascii())
        has_8bit = bool(email.traits & Traits.HAS_8BIT)
        return HandingOver(client, self.letter, Needs(size_octets, has_8bit, needs_utf8))

    async def end(self) -> None:
        """Let the last octet leave, and learn what came of it."""
        if self._handing is None:
            return
        async with self._guarded():
            try:
                await self._handing.end()
            finally:
                self.letter = self._handing.letter

    async def close(self) -> None:
        """Say goodbye; harmless where nobody was reached."""
        client, self._client = self._client, None
        if client is not None:
            await client.quit()

    def _refuse(self, unfit: Unfit) -> None:
        """Let the letter be refused for everybody who waits."""
        self.trouble = Trouble(unfit.code, Cure.PROVIDER, unfit.text)
        self.letter = msgspec.structs.replace(
            self.letter,
            recipients=tuple(
                msgspec.structs.replace(one, fate=Fate.REFUSED) if one.fate is Fate.WAITING else one
                for one in self.letter.recipients
            ),
        )

    @contextlib.asynccontextmanager
    async def _guarded(self) -> AsyncIterator[None]:
        """Take down what goes wrong."""
        try:
            yield
        except HatoError as fault:
            self.trouble = self._trouble_of(fault)
        except Exception as fault:  # noqa: BLE001 - one letter's fault must not stop the others
            log.error("fault", fault=fault, doing="sending")
            self.trouble = self._trouble_of(fault)
        if self.trouble is not None and self.trouble.cure is Cure.SECRET and self._way is not None:
            with contextlib.suppress(HatoError):  # then it is only tried once more
                refused = await self._ways.mark_of(self._way)
                self.letter = msgspec.structs.replace(self.letter, refused=refused)

    def _trouble_of(self, fault: Exception) -> Trouble:
        if self._source is None:
            return Trouble("unavailable", Cure.TIME, Text(str(fault), str(fault)))
        return trouble_of(fault, self._source)
