"""`hato deliver NAME < message`: take one message from another mail system's pipe.

Called by the command line, which opened the store; the exit code tells the caller what to do.
Never says that a message was taken before it is durable.
Standards: the exit codes of sysexits.h, which MTAs understand; RFC 5322 §2.1 (line ends).
Fails with an exit code and one sentence on standard error.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from typing import BinaryIO, Final

import click

from hato.core.errors import (
    HatoError,
    MailLoopError,
    NotFoundError,
    OverQuotaError,
    StorageFullError,
    TooLargeError,
)
from hato.core.language import Language, Text
from hato.core.limits import READ_CHUNK_OCTETS
from hato.message.line_ends import LineEndConverter
from hato.protocols.smtp.grammar import read_address
from hato.services.delivery import Delivery, DeliveryService
from hato.services.delivery_trace import Arrival

OK: Final = 0
USAGE: Final = 64
DATA_ERROR: Final = 65
NO_USER: Final = 67
TEMPORARY_FAILURE: Final = 75

NULL_SENDER: Final = "MAILER-DAEMON"
"""Leniency: what Postfix's pipe program says where the sender is `<>`."""

ENVELOPE_LINE: Final = b"From "
"""Leniency: a first line that begins so is no header but an envelope, which Postfix's pipe program
(flags=F) and programs that write mbox files put there. It is left out."""

_FAULTS: Final[Mapping[type[HatoError], tuple[int, Text]]] = {
    NotFoundError: (
        NO_USER,
        Text(
            en="There is nobody called {name} here: see `hato user list`.",
            ja="{name} という人はいません。`hato user list` で確認してください。",
        ),
    ),
    TooLargeError: (
        DATA_ERROR,
        Text(
            en="The message is too large: the limit is {octets} octets ([limits] message_octets).",
            ja="メッセージが大きすぎます。上限([limits] message_octets)は {octets} です。",
        ),
    ),
    MailLoopError: (
        DATA_ERROR,
        Text(
            en="The message goes in circles: look at its Received lines for who sends it back.",
            ja="メッセージがループしています。Received 行を確認してください。",
        ),
    ),
    OverQuotaError: (
        TEMPORARY_FAILURE,
        Text(
            en="The mailbox of {name} is full: try again when there is room.",
            ja="{name} のメールボックスがいっぱいです。空きができてからもう一度試してください。",
        ),
    ),
    StorageFullError: (
        TEMPORARY_FAILURE,
        Text(
            en="There is no room on the disk: make some, then try again.",
            ja="ディスクに空きがありません。空きを作ってからもう一度試してください。",
        ),
    ),
}
_PASSING: Final = Text(
    en="The message cannot be stored now ({reason}): try again later.",
    ja="メッセージを今は保存できません({reason})。後でもう一度試してください。",
)
_BAD_ADDRESS: Final = Text(
    en="{address} is no address: write it like ada@example.org.",
    ja="{address} はアドレスではありません。ada@example.org のように書いてください。",
)
_NO_MESSAGE: Final = Text(
    en="There is no message on standard input: give it one, as in `hato deliver ada < message`.",
    ja="標準入力にメッセージがありません。`hato deliver ada < message` のように渡してください。",
)


async def deliver(
    service: DeliveryService,
    name: str,
    stream: BinaryIO,
    sender: str | None,
    *,
    language: Language = Language.ENGLISH,
) -> int:
    """Deliver the message on `stream` to `name` and return the exit code.

    `name`: an address, or a person's name. `sender`: the envelope sender; empty or `<>` for the
    null path, None when it is not known (then there will be no Return-Path line).
    """
    recipient = read_address(name)
    reverse_path = None if sender is None else _read_sender(sender)
    if recipient is None or (sender is not None and reverse_path is None):
        wrong = name if recipient is None else sender
        _say(_BAD_ADDRESS.in_language(language, address=repr(wrong)))
        return USAGE
    delivery = service.begin(reverse_path, Arrival("", f"pipe-{secrets.token_hex(6)}"))
    try:
        await delivery.recipient(recipient)
        if not await _copy(stream, delivery):
            _say(_NO_MESSAGE.in_language(language))
            return DATA_ERROR
        (fault,) = await delivery.finish()
    except HatoError as caught:
        fault = caught
    finally:
        delivery.discard()
    if fault is None:
        return OK
    code, text = _FAULTS.get(type(fault), (TEMPORARY_FAILURE, _PASSING))
    _say(text.in_language(language, name=name, octets=service.message_octets, reason=str(fault)))
    return code


def _read_sender(sender: str) -> str | None:
    """Return the reverse-path, empty for the null path; None when it is no address."""
    bare = sender[1:-1] if sender[:1] == "<" and sender[-1:] == ">" else sender
    return "" if bare in ("", NULL_SENDER) else read_address(bare)


async def _copy(stream: BinaryIO, delivery: Delivery) -> bool:
    """Hand the stream over in wire form; return whether there was anything in it."""
    converter = LineEndConverter()
    is_empty = True
    for chunk in _chunks(stream):
        is_empty = False
        await delivery.write(converter.convert(chunk))
    return not is_empty


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    """Yield the stream in pieces, without an envelope line at its beginning."""
    first = stream.read(READ_CHUNK_OCTETS)
    if first.startswith(ENVELOPE_LINE):
        first = first.partition(b"\n")[2]
    while first:
        yield first
        first = stream.read(READ_CHUNK_OCTETS)


def _say(sentence: str) -> None:
    click.echo(f"hato deliver: {sentence}", err=True)
