"""`hato send [FILE]`: a finished letter, or a draft, on its way.

Called by `cli.program`.
Never changes a finished letter but for its line ends and what every letter must have and it lacks:
Date, Message-ID, From.
Standards: RFC 5322 §3.6 (fields), RFC 6409 §8 (what a submission may add).
Fails with InvalidInputError: what is wrong with the letter.
"""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

import click

from hato.cli.desk import Desk
from hato.cli.mail.letter_choice import chosen_letter
from hato.cli.mail.letter_octets import octets_of
from hato.cli.mail.mail_owner import Mail, json_option, owner_option, the_mail
from hato.cli.writing.answered import mark_answered
from hato.cli.writing.compose import say_outcome
from hato.cli.writing.draft_text import addresses_of
from hato.cli.writing.handing_over import (
    Outcome,
    chosen_identity,
    hand_over,
    identities_of,
    usual_identity,
)
from hato.cli.writing.writing import new_message_id
from hato.core.clock import SystemClock
from hato.core.errors import InvalidInputError
from hato.core.ids import EmailId
from hato.core.language import Text
from hato.core.limits import HEADER_SCAN_OCTETS, READ_CHUNK_OCTETS
from hato.message.compose import date_of
from hato.message.header_fields import Fields, read_header
from hato.message.line_ends import LineEndConverter
from hato.services.sending.envelope import Envelope, envelope_of
from hato.services.sending.filing import file_as_draft
from hato.services.sending.identity import Identity
from hato.store.api import Store

_NO_LETTER: Final = Text(
    en="There is no letter in {name}: it must begin with fields such as To and Subject.",
    ja="{name} にメールがありません。To や Subject などの項目で始まる必要があります。",
)
_RECIPIENT_FIELDS: Final = ("To", "Cc", "Bcc")


class Outgoing(NamedTuple):
    """A letter that lies in Drafts and can be handed over."""

    identity: Identity
    envelope: Envelope
    email_id: EmailId
    subject: str
    message_id: str


class Ready(NamedTuple):
    """What is handed over, and what it answers."""

    letter: Outgoing
    in_reply_to: tuple[str, ...]


@click.command(short_help="Send a finished letter, or a draft.")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True), default="-")
@click.option("--draft", metavar="LETTER", help="Send this draft.")
@click.option("--from", "sender", metavar="ACCOUNT", help="Write as this account of yours.")
@click.option("--to", multiple=True, metavar="ADDRESS", help="Who gets it besides its fields.")
@owner_option
@json_option
@click.pass_obj
def send(
    desk: Desk,
    file: Path,
    draft: str | None,
    sender: str | None,
    to: tuple[str, ...],
    owner: str | None,
    *,
    as_json: bool,
) -> int:
    """Send the finished letter in FILE, or on standard input, to whom its fields name."""

    async def work() -> Outcome:
        async with desk.store() as store:
            mail = await the_mail(store, owner)
            if draft is not None:
                ready = await _draft(mail, draft, sender, to)
            elif str(file) == "-":
                ready = await _stream(store, mail, sys.stdin.buffer, "-", sender, to)
            else:
                with file.open("rb") as stream:
                    ready = await _stream(store, mail, stream, str(file), sender, to)
            outcome = await hand_over(desk, store, mail, *ready.letter)
            await mark_answered(mail.account, ready.letter.email_id, ready.in_reply_to)
            return outcome

    return say_outcome(desk, desk.run(work()), as_json=as_json)


async def _draft(mail: Mail, word: str, sender: str | None, to: tuple[str, ...]) -> Ready:
    """Return a draft, ready to leave. Raises InvalidInputError."""
    emails = await chosen_letter(mail.account, word)
    header = read_header(await octets_of(mail.account, emails[0]))
    identity = await _identity(mail, header, sender)
    envelope = _envelope(identity, header, to)
    message_id = next(iter(header.identifiers("Message-ID")), f"id:{emails[0].email_id}")
    letter = Outgoing(identity, envelope, emails[0].email_id, header.text("Subject"), message_id)
    return Ready(letter, header.identifiers("In-Reply-To"))


async def _stream(
    store: Store,
    mail: Mail,
    stream: BinaryIO,
    name: str,
    sender: str | None,
    to: tuple[str, ...],
) -> Ready:
    """Take in a finished letter, piece by piece; it lies in Drafts afterwards.

    Raises InvalidInputError.
    """
    chunks = _chunks(stream)
    head = b""
    while b"\r\n\r\n" not in head and len(head) < HEADER_SCAN_OCTETS:
        chunk = next(chunks, b"")
        if not chunk:
            break
        head += chunk
    header = read_header(head)
    if not any(field in header for field in (*_RECIPIENT_FIELDS, "Subject", "From")):
        raise InvalidInputError(_NO_LETTER, name=name)
    identity = await _identity(mail, header, sender)
    envelope = _envelope(identity, header, to)
    message_id = next(iter(header.identifiers("Message-ID")), "")
    added = b""
    if not message_id:
        message_id = new_message_id(identity.address)
        added += f"Message-ID: <{message_id}>\r\n".encode()
    if "Date" not in header:
        added += f"Date: {date_of(dt.datetime.now().astimezone())}\r\n".encode()
    if "From" not in header:
        added += f"From: {identity.address}\r\n".encode()
    staged = store.stage()
    try:
        await staged.write(added + head)
        for chunk in chunks:
            await staged.write(chunk)
        await staged.seal()
        email_id = await file_as_draft(mail.account, staged, SystemClock().now())
    finally:
        staged.discard()
    letter = Outgoing(identity, envelope, email_id, header.text("Subject"), message_id)
    return Ready(letter, header.identifiers("In-Reply-To"))


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    """Read a letter with the line ends of the wire."""
    converter = LineEndConverter()
    while octets := stream.read(READ_CHUNK_OCTETS):
        if chunk := converter.convert(octets):
            yield chunk
    if last := converter.finish():
        yield last


async def _identity(mail: Mail, header: Fields, sender: str | None) -> Identity:
    """Return as whom the letter is sent. Raises InvalidInputError."""
    identities = await identities_of(mail)
    named = header.addresses("From")
    if sender:
        return chosen_identity(identities, sender)
    return chosen_identity(identities, named[0].mailbox) if named else usual_identity(identities)


def _envelope(identity: Identity, header: Fields, to: tuple[str, ...]) -> Envelope:
    """Return who is told to the server. Raises InvalidInputError."""
    named = [one.mailbox for name in _RECIPIENT_FIELDS for one in header.addresses(name)]
    typed = [one.mailbox for text in to for one in addresses_of(text)]
    return envelope_of(identity.address, [*named, *typed])
