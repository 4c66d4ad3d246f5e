"""The octets of a stored letter as they are sent: without blind copies, piece by piece.

Called by the outbox (may it be sent?) and by the courier.
Never holds more than its header and one piece.
Standards: RFC 5322 §2.1.1, RFC 5322 §3.6.3 (Bcc), RFC 5321 §4.5.2 (dots).
Fails with InvalidInputError for a header or a line without end, and as `Account.read` does.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Final

from hato.core.errors import InvalidInputError
from hato.core.language import Text
from hato.core.limits import OUTGOING_HEADER_OCTETS, OUTGOING_LINE_OCTETS, READ_CHUNK_OCTETS
from hato.message.outgoing import LineGauge, end_of_header, without_blind_copies
from hato.protocols.dots import find_dots
from hato.store.api import Account
from hato.store.model import BodyRef

_NO_END: Final = Text(
    en="The header of the letter is longer than {most} octets: it cannot be sent.",
    ja="メールのヘッダーが {most} オクテットを超えています。送信できません。",
)
_LONG_LINE: Final = Text(
    en="The letter has a line of {octets} octets, and servers cut what is longer than {most}: "
    "send such text as an attachment.",
    ja="メールに {octets} オクテットの行があります。{most} を超える行はサーバーで切られるため、"
    "添付ファイルとして送ってください。",
)


async def sent_header(account: Account, body: BodyRef) -> tuple[bytes, int]:
    """Return the header as it is sent, and where the rest begins. Raises InvalidInputError."""
    octets = b""
    while True:
        piece = await account.read(body, len(octets), len(octets) + READ_CHUNK_OCTETS)
        octets += piece.data
        end = end_of_header(octets)
        if end is None and len(octets) >= body.size_octets:
            end = len(octets)
        if end is not None:
            return without_blind_copies(octets[:end]), end
        if len(octets) > OUTGOING_HEADER_OCTETS:
            raise InvalidInputError(_NO_END, most=OUTGOING_HEADER_OCTETS)


async def sent_pieces(
    account: Account, body: BodyRef, header: bytes, start: int
) -> AsyncIterator[tuple[bytes, Sequence[int]]]:
    """Yield the octets as they are sent, each with the offsets of dots that begin a line.

    `header` and `start`: as `sent_header` returned them.
    """
    yield header, find_dots(header, at_line_start=True)
    while start < body.size_octets:
        piece = await account.read(body, start, start + READ_CHUNK_OCTETS)
        yield piece.data, piece.dots
        start += len(piece.data)


async def refuse_long_lines(account: Account, body: BodyRef) -> None:
    """Raise InvalidInputError for a letter with lines that servers would cut."""
    gauge, start = LineGauge(), 0
    while start < body.size_octets:
        piece = await account.read(body, start, start + READ_CHUNK_OCTETS)
        gauge.feed(piece.data)
        start += len(piece.data)
    if gauge.is_too_long:
        raise InvalidInputError(_LONG_LINE, octets=gauge.longest_octets, most=OUTGOING_LINE_OCTETS)
