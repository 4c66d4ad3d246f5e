"""`hato deliver NAME < message`: take one message from another mail system's pipe.

Called by `cli.program`; the exit status tells the caller what to do.
Never says that a message was taken before it is durable; never lets a fault of ours bounce mail.
Standards: the exit codes of sysexits.h, which MTAs understand; RFC 5322 §2.1 (line ends).
Fails with an exit status and one sentence on standard error.
"""

from __future__ import annotations

import secrets
import sys
from collections.abc import Iterator, Mapping
from typing import BinaryIO, Final

import click

from hato.cli.desk import Desk
from hato.cli.refusals import sentence_for
from hato.core.errors import (
    HatoError,
    InvalidInputError,
    MailLoopError,
    NotFoundError,
    TooLargeError,
)
from hato.core.language import Language, Text
from hato.core.limits import READ_CHUNK_OCTETS
from hato.core.log import log
from hato.message.line_ends import LineEndConverter
from hato.protocols.smtp.grammar import read_address
from hato.services.delivery import Delivery, DeliveryService
from hato.services.delivery_trace import Arrival

OK: Final = 0
USAGE: Final = 64
DATA_ERROR: Final = 65
NO_USER: Final = 67
TEMPORARY_FAILURE: Final = 75

_CODES: Final[Mapping[type[HatoError], int]] = {
    NotFoundError: NO_USER,
    TooLargeError: DATA_ERROR,
    MailLoopError: DATA_ERROR,
}
"""Everything else may pass: the MTA keeps the message and tries again."""

NULL_SENDER: Final = "MAILER-DAEMON"
"""Leniency: what Postfix's pipe program says where the sender is `<>`."""

ENVELOPE_LINE: Final = b"From "
"""Leniency: a first line that begins so is no header but an envelope, which Postfix's pipe program
(flags=F) and programs that write mbox files put there. It is left out."""

POSTMASTER: Final = "postmaster"
"""A name that reaches somebody although nobody is called so (RFC 5321 §4.5.1)."""

_NOBODY: Final = Text(
    en="There is nobody called {name} here: see `hato user list`.",
    ja="{name} という人はいません。`hato user list` で確認してください。",
)
_IN_CIRCLES: Final = Text(
    en="The message goes in circles: look at its Received lines for who sends it back.",
    ja="メッセージがループしています。Received 行を確認してください。",
)
_BAD_ADDRESS: Final = Text(
    en="{address} is no address: write it like ada@example.org.",
    ja="{address} はアドレスではありません。ada@example.org のように書いてください。",
)


class WrongUsageError(click.UsageError):
    """Wrong usage, told as MTAs expect it."""

    exit_code = USAGE


class DeliverCommand(click.Command):
    """A command that tells wrong usage by 64 rather than 2."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments."""
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as fault:
            raise WrongUsageError(fault.format_message(), ctx) from fault


@click.command("deliver", cls=DeliverCommand, short_help="Take one message from a pipe.")
@click.argument("name")
@click.option(
    "-f", "--sender", metavar="ADDRESS", help="The envelope sender; empty or <> for none."
)
@click.pass_obj
def deliver_command(desk: Desk, name: str, sender: str | None) -> int:
    """Deliver the message on standard input to NAME, an address or a person.

    For pipes of other mail systems: the exit status is one of sysexits.h.
    """
    try:
        return desk.run(_open_and_deliver(desk, name, sender))
    except HatoError as fault:
        click.echo(sentence_for(fault, desk.language), err=True)
    except Exception as fault:  # noqa: BLE001 - else Python's own exit status would bounce the mail
        log.error("fault", fault=fault)
    return TEMPORARY_FAILURE


async def _open_and_deliver(desk: Desk, name: str, sender: str | None) -> int:
    """Open the data folder and deliver."""
    async with desk.store() as store:
        service = desk.ways.delivery(store, desk.settings)
        if "@" not in name and name.lower() != POSTMASTER:
            try:
                name = (await desk.ways.accounts(store, desk.settings).person(name)).name
            except InvalidInputError as fault:
                click.echo(sentence_for(fault, desk.language), err=True)
                return NO_USER
        return await deliver(service, name, sys.stdin.buffer, sender, language=desk.language)


async def deliver(
    service: DeliveryService,
    name: str,
    stream: BinaryIO,
    sender: str | None,
    *,
    language: Language = Language.ENGLISH,
) -> int:
    """Deliver the message on `stream` to the address `name` and return the exit status.

    `sender`: the envelope sender; empty or `<>` for the null path, None when it is not known
    (then there will be no Return-Path line).
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
        await _copy(stream, delivery)
        (fault,) = await delivery.finish()
    except HatoError as caught:
        fault = caught
    finally:
        delivery.discard()
    if fault is None:
        return OK
    if isinstance(fault, NotFoundError):
        _say(_NOBODY.in_language(language, name=name))
    elif isinstance(fault, MailLoopError):
        _say(_IN_CIRCLES.in_language(language))
    else:
        _say(sentence_for(fault, language))
    return _CODES.get(type(fault), TEMPORARY_FAILURE)


def _read_sender(sender: str) -> str | None:
    """Return the reverse-path, empty for the null path; None when it is no address."""
    bare = sender[1:-1] if sender[:1] == "<" and sender[-1:] == ">" else sender
    return "" if bare in ("", NULL_SENDER) else read_address(bare)


async def _copy(stream: BinaryIO, delivery: Delivery) -> None:
    """Hand the stream over in wire form; one without any octets is a message too, as for LMTP."""
    converter = LineEndConverter()
    for chunk in _chunks(stream):
        await delivery.write(converter.convert(chunk))
    await delivery.write(converter.finish())


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    """Yield the stream in pieces, without an envelope line at its beginning."""
    first = stream.read(READ_CHUNK_OCTETS)
    if first.startswith(ENVELOPE_LINE):
        first = first.partition(b"\n")[2]
    while first:
        yield first
        first = stream.read(READ_CHUNK_OCTETS)


def _say(sentence: str) -> None:
    click.echo(sentence, err=True)
