"""The mail accounts elsewhere of one person, and their secrets.

Called by services.fetching, services.moving_in, services.oauth and the command line.
Never shows a secret and never keeps one in the clear; never uses a source's id for another one.
Standards: none. Kept as small objects of the owner's own account, with her mail.
Fails with NotFoundError, AlreadyExistsError, InUseError, DamagedError, KeyReplacedError, and as
`Account.commit` does.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import msgspec

from hato.core.clock import Clock
from hato.core.errors import AlreadyExistsError, ConflictError, DamagedError, NotFoundError
from hato.core.log import log
from hato.core.secret import Secret
from hato.services.auth.vault import Vault
from hato.services.names import normalized_address
from hato.services.sources.removal import forget_ledger, remove_mail_of
from hato.services.sources.source import (
    IDENTITY_KIND,
    KIND,
    Proof,
    Source,
    is_same_mailbox,
    polling_lock,
)
from hato.store.api import Account
from hato.store.changes import PutLedger, PutObject, Wanted
from hato.store.model import LedgerEntry, StoredObject

SECRET_KIND: Final = "source-secret"  # noqa: S105 - the name of a kind, no secret
HEALTH_KIND: Final = "source-health"
SUSPICIONS_KIND: Final = "source-suspicions"
OUTPUT_KIND: Final = "source-output"
"""How far the hook and the Maildir of a source got."""
LEFT_KIND: Final = "source-left"
"""Of sources that were removed and whose mail stayed: what is known of them, but for the secret."""

_ID_OCTETS: Final = 5
_LOCK: Final = "sources"
_LOCK_SECONDS: Final = 10.0
_POLL_SECONDS: Final = 10.0
"""How long a removal waits for the end of a poll."""


_OF_A_SOURCE: Final = (KIND, SECRET_KIND, HEALTH_KIND, SUSPICIONS_KIND, OUTPUT_KIND, IDENTITY_KIND)


class Sources:
    """Adds, changes, finds and removes the sources of one account."""

    def __init__(self, account: Account, vault: Vault, clock: Clock) -> None:
        """`account`: the owner's; `vault`: what seals the secrets."""
        self._account = account
        self._vault = vault
        self._clock = clock

    async def all(self) -> list[Source]:
        """Return all sources, in the order in which they were added.

        One that cannot be read (a newer Hato wrote it) is left out: the others go on.
        """
        found = await self._readable(KIND)
        return sorted(found, key=lambda source: (source.added, source.source_id))

    async def find(self, address_or_id: str, *, also_removed: bool = False) -> Source:
        """Find a source by its address, however it is typed, or by its id.

        `also_removed`: or one that was removed and whose mail stayed. Raises NotFoundError.
        """
        left = await self._readable(LEFT_KIND) if also_removed else []
        for source in [*await self.all(), *left]:
            if address_or_id == source.source_id or is_same_address(address_or_id, source.address):
                return source
        raise _no_such(address_or_id)

    async def refuse_double(self, address: str) -> None:
        """Tell early what `add` would refuse. Raises AlreadyExistsError."""
        for source in await self.all():
            _refuse_same_address(address, source)

    async def add(
        self, source: Source, secret: Secret | None, ledger: Sequence[LedgerEntry] = ()
    ) -> Source:
        """Keep a new source and its secret in one step; return it as it is kept.

        `secret`: None where it is still to be set, or authorised. `ledger`: what is known of its
        letters from the start, in the same step. An empty `source_id` and an `added` of 0 are
        filled in: of an account that was removed and whose mail stayed, the id that it had, so that
        nothing is fetched twice. Raises AlreadyExistsError for an address, or a login at a server,
        that is there already.
        """
        async with self._alone():
            for other in await self.all():
                _refuse_double(source, other)
            added = msgspec.structs.replace(
                source,
                source_id=source.source_id or await self._left_id(source) or new_source_id(),
                added=source.added or self._clock.now(),
            )
            wanted = [_put(added), PutObject(LEFT_KIND, added.source_id, None)]
            if secret is not None:
                wanted.append(self._put_secret(added.source_id, secret))
            if ledger:  # what is known from here goes before what is known from elsewhere
                known = {entry.uidl for entry in await self._account.ledger(added.source_id)}
                entries = tuple(entry for entry in ledger if entry.uidl not in known)
                wanted.append(PutLedger(added.source_id, entries))
            await self._account.commit(wanted)
        return added

    async def change(
        self,
        source_id: str,
        *,
        secret: Secret | None = None,
        **fields: Any,  # noqa: ANN401 - any field's
    ) -> Source:
        """Write some fields of a source, whatever others change meanwhile; return it.

        `secret`: another one, kept in the same step; None: it stays. Raises NotFoundError;
        AlreadyExistsError as `add` does.
        """
        async with self._alone():
            changed = msgspec.structs.replace(await self.by_id(source_id), **fields)
            for other in await self.all():
                if other.source_id != source_id:
                    _refuse_double(changed, other)
            wanted = [_put(changed)]
            if secret is not None:
                wanted.append(self._put_secret(source_id, secret))
            await self._account.commit(wanted)
        return changed

    async def set_secret(self, source_id: str, secret: Secret, proof: Proof | None = None) -> None:
        """Keep another secret of a source; `proof`: what it is, None: the same as before.

        Raises NotFoundError.
        """
        async with self._alone():
            source = await self.by_id(source_id)
            wanted = [self._put_secret(source_id, secret)]
            if proof is not None:
                wanted.append(_put(msgspec.structs.replace(source, proof=proof)))
            await self._account.commit(wanted)

    async def secret(self, source: Source) -> Secret:
        """Open the secret of a source.

        Raises NotFoundError where there is none; KeyReplacedError, DamagedError.
        """
        kept = await self._account.stored_object(SECRET_KIND, source.source_id)
        if kept is None:
            message = f"no password for {source.address} is kept"
            raise NotFoundError(message)
        return self._vault.open(kept.content, self._purpose(source.source_id))

    async def remove(self, source_id: str, *, keep_mail: bool) -> int:
        """Forget a source and its secret; return how many messages went with it.

        `keep_mail`: what was fetched stays, its ledger too, and 0 went. Otherwise it is deleted
        here, gently, and the ledger forgotten. Nothing is deleted at the provider. Raises
        NotFoundError; InUseError while it is being fetched.
        """
        async with self._alone():
            kept = await self._account.stored_object(KIND, source_id)
            if kept is None:
                raise _no_such(source_id)
            # A poll that saw mail go away here would take it for deleted by its owner.
            poll = await self._account.lock(polling_lock(source_id), _POLL_SECONDS)
            try:
                wanted = [PutObject(kind, source_id, None) for kind in _OF_A_SOURCE]
                # Left until all mail is gone: who is interrupted adds it again, and removes again.
                await self._account.commit([*wanted, PutObject(LEFT_KIND, source_id, kept.content)])
                if keep_mail:
                    return 0
                count = await remove_mail_of(self._account, source_id)
                await self._account.commit([PutObject(LEFT_KIND, source_id, None)])
                return count
            finally:
                await poll.release()

    async def forget(self, source_id: str) -> None:
        """Forget the ledger of a source that was removed and whose mail stayed; the mail stays.

        Raises ConflictError where it is fetched.
        """
        async with self._alone():
            if await self._account.stored_object(KIND, source_id) is not None:
                message = f"{source_id} is fetched"
                raise ConflictError(message)
            await forget_ledger(self._account, source_id)
            await self._account.commit([PutObject(LEFT_KIND, source_id, None)])

    async def _left_id(self, source: Source) -> str:
        """Return the id that a source had before it was removed; empty: it was not here."""
        for left in await self._readable(LEFT_KIND):
            is_same_login = (left.host, left.login) == (source.host, source.login)
            if is_same_login or is_same_address(left.address, source.address):
                return left.source_id
        return ""

    async def _readable(self, kind: str) -> list[Source]:
        """Return the sources that can be read."""
        found = []
        for kept in await self._account.stored_objects(kind):
            try:
                found.append(_read(kept))
            except DamagedError as fault:
                log.warning("source-unreadable", source=kept.object_id, reason=str(fault))
        return found

    async def by_id(self, source_id: str) -> Source:
        """Return a source. Raises NotFoundError, DamagedError."""
        kept = await self._account.stored_object(KIND, source_id)
        if kept is None:
            raise _no_such(source_id)
        return _read(kept)

    def _put_secret(self, source_id: str, secret: Secret) -> Wanted:
        """Return the change that keeps a secret."""
        return PutObject(SECRET_KIND, source_id, self._vault.seal(secret, self._purpose(source_id)))

    def _purpose(self, source_id: str) -> str:
        """Return what a secret is sealed for: one copied to another account or source is void."""
        return f"source/{self._account.account_id}/{source_id}"

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        """Be the only one who changes sources of this account. Raises InUseError."""
        lock = await self._account.lock(_LOCK, _LOCK_SECONDS)
        try:
            yield
        finally:
            await lock.release()


def new_source_id() -> str:
    """Draw an id: eight characters of a-z2-7."""
    return base64.b32encode(secrets.token_bytes(_ID_OCTETS)).decode("ascii").lower()


def is_same_address(one: str, other: str) -> bool:
    """Tell whether two texts are the same mail address."""
    return one == other or _form(one) == _form(other)


def _no_such(address_or_id: str) -> NotFoundError:
    return NotFoundError(f"no mail account {address_or_id} is fetched")


def _form(text: str) -> str:
    """Return the one form of an address; what is none stays as it is."""
    return normalized_address(text) or text


def _refuse_double(source: Source, other: Source) -> None:
    """Raise AlreadyExistsError for a second source that would fetch the same mail again."""
    _refuse_same_address(source.address, other)
    if is_same_mailbox(source, other):
        message = f"{source.login} at {source.host} is fetched already, for {other.address}"
        raise AlreadyExistsError(message)


def _refuse_same_address(address: str, other: Source) -> None:
    """Raise AlreadyExistsError for the address of another source."""
    if is_same_address(address, other.address):
        message = f"{other.address} is fetched already"
        raise AlreadyExistsError(message)


def _put(source: Source) -> Wanted:
    """Return the change that keeps a source."""
    return PutObject(KIND, source.source_id, msgspec.json.encode(source))


def _read(kept: StoredObject) -> Source:
    """Read a source as it is kept. Raises DamagedError."""
    try:
        return msgspec.json.decode(kept.content, type=Source)
    except msgspec.DecodeError as fault:  # ValidationError is one
        message = f"the source {kept.object_id} cannot be read: {fault}"
        raise DamagedError(message) from fault
