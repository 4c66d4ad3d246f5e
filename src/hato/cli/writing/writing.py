"""From an editor to Drafts, and on to the outbox: how a letter is written.

Called by `hato compose`, `reply`, `reply-all` and `forward`.
Never loses what somebody typed: until the letter lies in Drafts it stays in a file of hers, also
when the editor crashes, this program is killed or the disk is full.
Standards: RFC 5322 §3.6 (fields), RFC 8621 §4.1.1 ($answered, $forwarded).
Fails with InvalidInputError: what is wrong, and that the draft is kept.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import secrets
from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from hato.cli.desk import Desk
from hato.cli.mail.letter_octets import octets_of
from hato.cli.mail.mail_owner import Mail, the_mail
from hato.cli.refusals import sentence_for
from hato.cli.terminal.editor import ask, edit
from hato.cli.writing.answered import mark_answered
from hato.cli.writing.draft_files import DraftFacts, DraftFile, left_drafts, new_draft
from hato.cli.writing.draft_text import DraftText, addresses_of, read_draft, written
from hato.cli.writing.enclosing import enclosed_attachments, enclosed_file, enclosed_letter
from hato.cli.writing.handing_over import Outcome, chosen_identity, hand_over, identities_of
from hato.core.clock import SystemClock
from hato.core.errors import HatoError, InvalidInputError
from hato.core.ids import EmailId
from hato.core.language import Text
from hato.message.addresses import Address
from hato.message.compose import Enclosure, NewLetter, compose
from hato.message.letter import read_letter
from hato.services.sending.envelope import Envelope, envelope_of
from hato.services.sending.filing import file_as_draft
from hato.services.sending.identity import Identity
from hato.store.api import Account, Store
from hato.store.changes import Expunge, Wanted

_KEPT: Final = Text(
    en="The letter is kept as a draft: `hato compose --draft id:{id}` goes on with it, "
    "`hato send --draft id:{id}` sends it.",
    ja="下書きに残しました。続きは `hato compose --draft id:{id}`、"
    "送信は `hato send --draft id:{id}`。",
)
_THROWN: Final = Text(en="The letter was thrown away.", ja="メールを捨てました。")
_UNTOUCHED: Final = Text(
    en="Nothing was written, so nothing is sent or kept.",
    ja="何も書かれなかったので、送信も保存もしていません。",
)
_EDITOR_FAILED: Final = Text(
    en="The editor ended with exit status {status}.",
    ja="エディターが終了コード {status} で終わりました。",
)
_RESCUED: Final = Text(
    en="A letter whose writing was cut short is now a draft: `hato compose --draft id:{id}`.",
    ja="書きかけで途切れたメールを下書きに入れました: `hato compose --draft id:{id}`",
)
_NOT_SENT: Final = Text(
    en="{reason} The letter is kept as a draft: `hato send --draft id:{id}` sends it.",
    ja="{reason} 下書きに残しました。`hato send --draft id:{id}` で送信できます。",
)
_STILL_THERE: Final = Text(
    en="{reason} What you wrote is safe in {path}.",
    ja="{reason} 書いたものは {path} にあります。",
)


class Wish(NamedTuple):
    """What becomes of the letter, as far as it was said before."""

    text: str | None = None
    """The text, where there is no editor to be."""
    sends: bool = False
    """Send it without asking."""
    keeps: bool = False
    """Keep it as a draft without asking."""


def new_message_id(address: str) -> str:
    """Draw an identifier that is new in the world; it says nothing about the machine."""
    domain = address.rpartition("@")[2] or "localhost"
    return f"{secrets.token_hex(16)}@{domain}"


def write(
    desk: Desk, owner: str | None, draft: DraftText, facts: DraftFacts, wish: Wish
) -> Outcome:
    """Let a person write; do with the letter what she wants. Raises InvalidInputError, OSError."""
    start = written(draft)
    file = new_draft(facts, start)
    try:
        action = _edited(desk, file, start, draft, wish)
    except HatoError as fault:
        raise _still_there(desk, fault, file) from fault
    if action in ("throw", "untouched"):
        file.remove()
        text = _THROWN if action == "throw" else _UNTOUCHED
        desk.say_aside(text)
        return Outcome("thrown" if action == "throw" else "untouched")
    try:
        return desk.run(_finish(desk, owner, file, sends=action == "send"))
    except HatoError as fault:
        if not file.is_there:
            raise
        raise _still_there(desk, fault, file) from fault


def _edited(desk: Desk, file: DraftFile, start: str, draft: DraftText, wish: Wish) -> str:
    """Return what becomes of the letter, once it can be read. Raises InvalidInputError."""
    if wish.text is not None:
        rest = draft.text.strip("\n")
        text = wish.text.rstrip("\n") + (f"\n\n{rest}\n" if rest else "\n")
        file.put(written(msgspec.structs.replace(draft, text=text)))
        return "draft" if wish.keeps else "send"
    while True:
        status = edit(file.path)
        if status != 0:
            desk.say_aside(_EDITOR_FAILED, status=status)
            return "draft" if file.text() != start else "untouched"
        if file.text() == start and not wish.sends:
            return "untouched"
        try:
            _check(read_draft(file.text()))
            action = "draft" if wish.keeps else "send" if wish.sends else ask(desk.language)
        except InvalidInputError as fault:
            desk.say_aside(fault.text)
            action = ask(desk.language)
            action = "edit" if action == "send" else action
        if action != "edit":
            return action


def _check(draft: DraftText) -> None:
    """Raise InvalidInputError for what cannot be sent."""
    for typed in (draft.to, draft.copies, draft.blind_copies):
        addresses_of(typed)
    for path in draft.attach:
        enclosed_file(path)


def _still_there(desk: Desk, fault: HatoError, file: DraftFile) -> InvalidInputError:
    """Tell what is wrong, and where the draft is."""
    file.release()
    return InvalidInputError(
        _STILL_THERE, reason=sentence_for(fault, desk.language), path=file.path
    )


async def _finish(desk: Desk, owner: str | None, file: DraftFile, *, sends: bool) -> Outcome:
    """Make the letter durable as a draft; send it if it is to be sent."""
    async with desk.store() as store:
        mail = await the_mail(store, owner)
        identity, letter, email_id = await _file(store, mail, file, strict=sends)
        file.remove()  # from here on the letter is safe in Drafts
        if not sends or identity is None:
            desk.say_aside(_KEPT, id=email_id)
            return Outcome("draft", email_id)
        envelope = envelope_from(identity, letter)
        try:
            outcome = await hand_over(
                desk, store, mail, identity, envelope, email_id, letter.subject, letter.message_id
            )
        except HatoError as fault:
            reason = sentence_for(fault, desk.language)
            raise InvalidInputError(_NOT_SENT, reason=reason, id=email_id) from fault
        answered = [letter.in_reply_to] if letter.in_reply_to else []
        await mark_answered(mail.account, email_id, answered, file.facts.forwards)
        return outcome


async def _file(
    store: Store, mail: Mail, file: DraftFile, *, strict: bool
) -> tuple[Identity | None, NewLetter, EmailId]:
    """Compose the letter and keep it in Drafts, in the place of the one before.

    `strict`: it is to be sent, so every field must be right. Raises InvalidInputError.
    """
    draft, facts = _readable(file.text(), strict=strict), file.facts
    identities = await identities_of(mail)
    identity = chosen_identity(identities, draft.sender) if strict else None
    sender = Address("", "") if identity is None else Address(identity.name, identity.address)
    if not strict:
        sender = next(iter(_lenient(draft.sender)), sender)
    letter = NewLetter(
        sender=sender,
        to=addresses_of(draft.to) if strict else _lenient(draft.to),
        copies=addresses_of(draft.copies) if strict else _lenient(draft.copies),
        blind_copies=addresses_of(draft.blind_copies) if strict else _lenient(draft.blind_copies),
        subject=draft.subject,
        text=draft.text,
        message_id=facts.message_id,
        sent=dt.datetime.now().astimezone(),
        in_reply_to=facts.in_reply_to,
        references=facts.references,
        enclosures=await _enclosures(mail.account, draft, facts, strict=strict),
    )
    if strict and identity is not None:
        envelope_from(identity, letter)  # what cannot be sent is told before anything is kept
    email_id = await _keep(store, mail.account, letter, facts)
    return identity, letter, email_id


def _readable(text: str, *, strict: bool) -> DraftText:
    """Read a draft; one that is only kept may be anything. Raises InvalidInputError if strict."""
    try:
        return read_draft(text)
    except InvalidInputError:
        if strict:
            raise
        return DraftText(text=text)


def _lenient(typed: str) -> tuple[Address, ...]:
    """Read what may be no addresses yet: then it is kept as names."""
    try:
        return addresses_of(typed)
    except InvalidInputError:
        return (Address(typed, ""),)


async def _enclosures(
    account: Account, draft: DraftText, facts: DraftFacts, *, strict: bool
) -> tuple[Enclosure, ...]:
    """Return what goes along. Raises InvalidInputError for a file that is not there, if strict."""
    found: list[Enclosure] = []
    if facts.encloses is not None:
        for email in await account.emails([facts.encloses]):
            letter = read_letter(await octets_of(account, email))
            if facts.encloses_whole:
                found.append(enclosed_letter(letter))
            else:
                found += enclosed_attachments(letter)
    for path in draft.attach:
        try:
            found.append(enclosed_file(path))
        except InvalidInputError:
            if strict:
                raise
    return tuple(found)


async def _keep(store: Store, account: Account, letter: NewLetter, facts: DraftFacts) -> EmailId:
    """Put the letter into Drafts, then take out the draft that it replaces."""
    staged = store.stage()
    try:
        for chunk in compose(letter, f"hato-{secrets.token_hex(16)}"):
            await staged.write(chunk)
        await staged.seal()
        now = SystemClock().now()
        email_id = await file_as_draft(account, staged, now)
    finally:
        staged.discard()
    if facts.replaces is not None:
        old = await account.emails([facts.replaces])
        gone: list[Wanted] = [
            Expunge(mailbox, (uid,)) for email in old for mailbox, uid in email.placements
        ]
        await account.commit(gone)
    return email_id


def envelope_from(identity: Identity, letter: NewLetter) -> Envelope:
    """Return who is told to the server. Raises InvalidInputError."""
    everybody = (*letter.to, *letter.copies, *letter.blind_copies)
    return envelope_of(identity.address, [one.mailbox for one in everybody])


async def rescue_left_drafts(desk: Desk, store: Store, mail: Mail) -> None:
    """Put what an earlier run left in files into Drafts."""
    files: Sequence[DraftFile] = await asyncio.to_thread(
        lambda: list(left_drafts(mail.account.account_id))
    )
    for file in files:
        try:
            _identity, _letter, email_id = await _file(store, mail, file, strict=False)
        except (HatoError, OSError):
            file.release()
            continue
        file.remove()
        desk.say_aside(_RESCUED, id=email_id)
