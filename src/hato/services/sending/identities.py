"""The identities of one person: one for each of her sources, and one for her address here.

Called by whoever composes, by the courier and by `hato identity`.
Never connects anywhere; never shows a secret; what she did not set is as her source has it.
Standards: RFC 8621 §6 (identities). Kept as small objects of the owner's own account.
Fails with NotFoundError, InvalidInputError, and as `Account.commit` does.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import msgspec

from hato.core.errors import InvalidInputError, NotFoundError
from hato.core.language import Text
from hato.core.log import log
from hato.services.names import normalized_address
from hato.services.sending.identity import Identity, Submission
from hato.services.sources.labels import source_labels
from hato.services.sources.source import IDENTITY_KIND
from hato.store.api import Account
from hato.store.changes import PutObject

OWN_ID: Final = "own"
"""Of her address here, which no source is called."""

_NAME_CHARACTERS: Final = 200
_SIGNATURE_CHARACTERS: Final = 10_000
_ONE_LINE: Final = Text(
    en="A name is one line of at most {most} characters.",
    ja="名前は {most} 文字以内の一行で書いてください。",
)
_TOO_LONG: Final = Text(
    en="A signature has at most {most} characters.", ja="署名は {most} 文字以内です。"
)
_NO_ADDRESS: Final = Text(
    en="{text!r} is no mail address: write it like me@provider.example.",
    ja="{text!r} はメールアドレスではありません。me@provider.example のように書いてください。",
)


class _Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What a person set herself. Empty and None: as it is usual."""

    name: str = ""
    address: str = ""
    signature: str = ""
    submission: Submission | None = None


class Identities:
    """Reads and changes the identities of one account."""

    def __init__(self, account: Account, own_address: str) -> None:
        """`own_address`: the person's here, normalised."""
        self._account = account
        self._own_address = own_address

    async def all(self) -> list[Identity]:
        """Return all: those of the sources in the order in which they were added, her own last."""
        labels = await source_labels(self._account)
        found = [await self._read(one, one, label.address) for one, label in labels.items()]
        return [*found, await self._read(OWN_ID, None, self._own_address)]

    async def find(self, address_or_id: str) -> Identity:
        """Find an identity by its address, that of its source, or its id. Raises NotFoundError."""
        every = await self.all()
        wanted = _form(address_or_id)
        for one in every:
            if address_or_id == one.identity_id or wanted == _form(one.address):
                return one
        for source_id, label in (await source_labels(self._account)).items():
            if wanted == _form(label.address):
                return next(one for one in every if one.source_id == source_id)
        message = f"no identity {address_or_id}"
        raise NotFoundError(message)

    async def answering(self, source_id: str | None, recipients: Collection[str]) -> Identity:
        """Return the one that answers a letter.

        `source_id`: which source the letter came by; None: by none. `recipients`: whom it names,
        one of whom may be this person. Otherwise the first of all.
        """
        every = await self.all()
        named = set(map(_form, recipients))
        for one in every:
            if source_id is not None and one.source_id == source_id:
                return one
        return next((one for one in every if _form(one.address) in named), every[0])

    async def addresses(self) -> list[str]:
        """Return every address that is hers, normalised: whom an answer to all leaves out."""
        found = [one.address for one in await self.all()]
        found += [label.address for label in (await source_labels(self._account)).values()]
        return list(dict.fromkeys(map(_form, found)))

    async def change(
        self,
        identity_id: str,
        *,
        name: str | None = None,
        address: str | None = None,
        signature: str | None = None,
        submission: Submission | None = None,
    ) -> Identity:
        """Write what is given, and return the identity; an empty text takes away what was set.

        Raises NotFoundError, InvalidInputError.
        """
        await self.find(identity_id)
        fields: dict[str, object] = {}
        if name is not None:
            if len(name) > _NAME_CHARACTERS or not name.isprintable():
                raise InvalidInputError(_ONE_LINE, most=_NAME_CHARACTERS)
            fields["name"] = name.strip()
        if address is not None:
            fields["address"] = _address(address) if address else ""
        if signature is not None:
            if len(signature) > _SIGNATURE_CHARACTERS:
                raise InvalidInputError(_TOO_LONG, most=_SIGNATURE_CHARACTERS)
            fields["signature"] = "\n".join(signature.splitlines())
        if submission is not None:
            fields["submission"] = submission
        kept = msgspec.structs.replace(await self._kept(identity_id), **fields)
        await self._account.commit(
            [PutObject(IDENTITY_KIND, identity_id, msgspec.json.encode(kept))]
        )
        return await self.find(identity_id)

    async def _read(self, identity_id: str, source_id: str | None, address: str) -> Identity:
        kept = await self._kept(identity_id)
        return Identity(
            identity_id=identity_id,
            source_id=source_id,
            name=kept.name,
            address=kept.address or address,
            signature=kept.signature,
            submission=kept.submission,
        )

    async def _kept(self, identity_id: str) -> _Kept:
        found = await self._account.stored_object(IDENTITY_KIND, identity_id)
        if found is None:
            return _Kept()
        try:
            return msgspec.json.decode(found.content, type=_Kept)
        except msgspec.MsgspecError as fault:  # a newer Hato wrote it: the usual does meanwhile
            log.warning("identity-unreadable", identity=identity_id, reason=str(fault))
            return _Kept()


def _form(text: str) -> str:
    """Return the one form of an address; what is none stays as it is."""
    return normalized_address(text) or text


def _address(text: str) -> str:
    address = normalized_address(text.strip())
    if address is None:
        raise InvalidInputError(_NO_ADDRESS, text=text)
    return address
