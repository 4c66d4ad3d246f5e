"""One letter and one server, in an open and logged-in conversation: what becomes of each recipient.

Called by the courier, which writes down how far it is between the two halves.
Never ends a letter: `end` does, when the courier has written that the server may have it.
Standards: RFC 5321 §4.2.1 (4yz waits, 5yz is final), RFC 1870 §6, RFC 6152 §3, RFC 6531 §3.2.
Fails as `clients.smtp` does: until `end` nothing was handed over.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Final

import msgspec

from hato.clients.smtp import SmtpClient
from hato.core.language import Text
from hato.protocols.smtp.client_replies import ServerReply
from hato.protocols.smtp.commands import BodyType, Mail
from hato.services.sending.waiting_letter import Fate, Recipient, WaitingLetter

Pieces = AsyncIterator[tuple[bytes, Sequence[int]]]

TOO_MANY: Final = "4.5.3"
"""The server wants the other recipients in another transaction (RFC 5321 §4.5.3.1.10)."""

_TOO_LARGE: Final = Text(
    en="{host} takes letters of up to {most} octets, and this one has {octets}: send it in parts, "
    "or its attachments by another way.",
    ja="{host} が受け付けるのは {most} オクテットまでですが、このメールは {octets} あります。"
    "分けて送るか、添付ファイルを別の方法で送ってください。",
)
_SEVEN_BIT: Final = Text(
    en="{host} takes only letters in 7-bit characters: write this one anew, so that Hato encodes "
    "it.",
    ja="{host} は 7 ビット文字のメールしか受け付けません。鳩で書き直すと自動で変換されます。",
)
_NO_UTF8: Final = Text(
    en="{host} knows no addresses beyond ASCII (SMTPUTF8): use an address in plain letters.",
    ja="{host} は ASCII 以外のアドレス(SMTPUTF8)に対応していません。"
    "英数字のアドレスを使ってください。",
)


class Needs(msgspec.Struct, frozen=True):
    """What a letter asks of a server."""

    size_octets: int
    has_8bit: bool
    needs_utf8: bool
    """Its header, or an address, is beyond ASCII."""


class Unfit(msgspec.Struct, frozen=True):
    """Why a server cannot take a letter, whoever it is for."""

    code: str
    text: Text


class HandingOver:
    """One transaction."""

    def __init__(self, client: SmtpClient, letter: WaitingLetter, needs: Needs) -> None:
        """`letter`: those of its recipients who wait are meant."""
        self._client = client
        self._needs = needs
        self.letter = letter
        """With what became of its recipients so far."""
        self.has_more = False
        """Whether the server wants some recipients in another transaction, at once."""
        self._takers: frozenset[str] = frozenset()

    @property
    def unfit(self) -> Unfit | None:
        """Why the server cannot take it; None: it can."""
        extensions, host = self._client.extensions, self._client.dialled.host
        most, octets = extensions.largest_octets, self._needs.size_octets
        if most is not None and octets > most:
            return Unfit("too-large", _TOO_LARGE.filled(host=host, most=most, octets=octets))
        if self._needs.needs_utf8 and "SMTPUTF8" not in extensions:
            return Unfit("needs-smtputf8", _NO_UTF8.filled(host=host))
        if self._needs.has_8bit and "8BITMIME" not in extensions:
            return Unfit("needs-8bitmime", _SEVEN_BIT.filled(host=host))
        return None

    async def offer(self, pieces: Pieces) -> bool:
        """Do all but the end; True: the end is due, and the letter says who may have it then."""
        waiting = [one.address for one in self.letter.having(Fate.WAITING)]
        offer = await self._client.offer(self._mail(), waiting)
        if not offer.sender.is_yes:
            self._settle(waiting, offer.sender)
            return False
        for address, reply in offer.recipients.items():
            if not reply.is_yes:
                self._settle((address,), reply)
        takers = [address for address, reply in offer.recipients.items() if reply.is_yes]
        self._takers = frozenset(takers)
        if not takers:
            return False
        self.has_more = any(one.enhanced == TOO_MANY for one in offer.recipients.values())
        reply = await self._client.begin_letter()
        if not reply.is_yes:
            self._settle(takers, reply)
            return False
        async for data, dots in pieces:
            await self._client.send_octets(data, dots)
        self._settle(takers, None)
        return True

    async def end(self) -> None:
        """End the letter. Where this raises, the server may have it, as the letter says."""
        self._settle(self._takers, await self._client.end_letter())

    def _mail(self) -> Mail:
        """Return MAIL with what the server can be told."""
        extensions, needs = self._client.extensions, self._needs
        return Mail(
            self.letter.sender,
            needs.size_octets if "SIZE" in extensions else None,
            BodyType.EIGHT_BIT_MIME if needs.has_8bit else None,
            smtputf8=needs.needs_utf8,
        )

    def _settle(self, addresses: Sequence[str] | frozenset[str], reply: ServerReply | None) -> None:
        """Write down what a reply means for some recipients; None: the answer is due."""
        fate = Fate.UNKNOWN if reply is None else _fate_of(reply)
        words = "" if reply is None else reply.words
        self.letter = msgspec.structs.replace(
            self.letter,
            recipients=tuple(
                Recipient(one.address, fate, words) if one.address in addresses else one
                for one in self.letter.recipients
            ),
        )


def _fate_of(reply: ServerReply) -> Fate:
    if reply.is_yes:
        return Fate.SENT
    return Fate.WAITING if reply.is_passing else Fate.REFUSED
