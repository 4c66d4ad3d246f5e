"""The identities and numberings of mail, as distinct types.

Called by everybody.
Never computes anything: a number of one kind is never turned into another here.
Standards: RFC 1939 §5 (message numbers), RFC 9051 §2.3.1 (UIDs), RFC 8474 §5 (EMAILID).
Fails never.
"""

from typing import NewType

AccountId = NewType("AccountId", str)
"""One person's mail: the store's unit of locking, backup and damage. 16 characters of a-z2-7."""

PersonId = NewType("PersonId", int)
"""Somebody who can log in. Never reused."""

MailboxId = NewType("MailboxId", int)
"""A folder of one account. Never reused within the account."""

Uid = NewType("Uid", int)
"""A message's number within one mailbox (RFC 9051 §2.3.1.1): strictly ascending, never reused."""

EmailId = NewType("EmailId", int)
"""A message within one account, in whichever mailboxes it lies. Never reused."""

BodyId = NewType("BodyId", int)
"""The bytes of one message or upload within one account. Never reused."""

ThreadId = NewType("ThreadId", int)
"""A conversation within one account; given at delivery, never changed."""

ModSeq = NewType("ModSeq", int)
"""The number of a committed change within one account (RFC 7162 §3): strictly ascending."""

MessageNumber = NewType("MessageNumber", int)
"""POP3's number of a message, 1..n, frozen for one session (RFC 1939 §5)."""

SequenceNumber = NewType("SequenceNumber", int)
"""IMAP's position of a message in a selected mailbox (RFC 9051 §2.3.1.2)."""
