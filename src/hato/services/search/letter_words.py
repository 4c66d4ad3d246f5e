"""What is searchable of a letter: its people, its subject, its text, its attachments' names.

Called by `indexing`, in a thread.
Never looks into attachments; never finds more in a letter than `message.letter` shows of it.
Standards: none.
Fails never.
"""

from __future__ import annotations

from collections.abc import Iterable

from hato.message.addresses import Address
from hato.message.attachments import Attachment
from hato.message.letter import Letter, read_letter
from hato.services.search.tokens import starts_of, words_of
from hato.store.model import Email
from hato.store.search import SearchEntry, SearchField


def texts_of(letter: Letter) -> dict[SearchField, str]:
    """Return the texts of a letter in which words are looked for, by field."""
    people = (*letter.recipients, *letter.copies, *letter.blind_copies)
    return {
        SearchField.SENDERS: _people(letter.senders),
        SearchField.RECIPIENTS: _people(people),
        SearchField.SUBJECT: letter.subject,
        SearchField.TEXT: letter.text,
        SearchField.FILES: "\n".join(one.name for one in letter.attachments),
    }


def has_attachments(letter: Letter) -> bool:
    """Tell whether there is something besides the text: pictures that it shows do not count."""
    return any(map(_is_apart, letter.attachments))


def _is_apart(attachment: Attachment) -> bool:
    return not (attachment.is_inline and attachment.media_type.startswith("image/"))


def _people(addresses: Iterable[Address]) -> str:
    return "\n".join(f"{one.name} {one.mailbox}" for one in addresses)


def entry_of(email: Email, octets: bytes) -> SearchEntry:
    """Return what the search index keeps of a letter."""
    letter = read_letter(octets)
    found = {field: words_of(text) for field, text in texts_of(letter).items()}
    words = (*(one.tokens for one in found.values()), starts_of(found))
    return SearchEntry(email.email_id, email.received, has_attachments(letter), words)


def empty_entry(email: Email) -> SearchEntry:
    """Return the entry of a letter whose octets are damaged: it has no words."""
    return SearchEntry(email.email_id, email.received, False, ("",) * len(SearchField))
