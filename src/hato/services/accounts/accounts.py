"""People, domains and addresses as an operator manages them.

Called by the command line, later by the admin pages; `recipients_of` by delivery.
Never decides who gets in: services.auth does.
Standards: RFC 5321 §4.5.1, RFC 5233 §1; names as in services.names.
Fails with InvalidInputError: what is wrong, what to do; NotFoundError from `recipients_of`.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from hato.core.clock import Clock
from hato.core.errors import (
    AlreadyExistsError,
    ConflictError,
    HatoError,
    InvalidInputError,
    NotFoundError,
)
from hato.core.ids import AccountId, PersonId
from hato.core.language import Language
from hato.core.limits import SCRAM_ITERATIONS
from hato.core.secret import Secret
from hato.core.settings import Settings
from hato.services.accounts import texts
from hato.services.accounts.credentials import Credentials, check_hash, check_password
from hato.services.accounts.recipient_cache import RecipientCache
from hato.services.auth.credential_maker import CredentialMaker
from hato.services.auth.passwords import Passwords
from hato.services.auth.secret_key import SecretKey
from hato.services.auth.vault import Vault
from hato.services.names import (
    is_plain,
    normalized_address,
    normalized_domain,
    normalized_local_part,
    readable,
)
from hato.store.api import Store
from hato.store.directory import Credential, Person


class Accounts:
    """Adds, changes and removes; every name may be typed in any of its forms."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        clock: Clock,
        *,
        secret_key: Secret | None = None,
        passwords: Passwords | None = None,
        iterations: int = SCRAM_ITERATIONS,
    ) -> None:
        """`secret_key`: the installation's; None: read from the data folder when it is needed.

        Raises UnavailableError where APOP is wanted without a usable key.
        """
        self._store = store
        self._directory = store.directory
        self._recipients = RecipientCache(store.directory)
        key = SecretKey(Path(settings.data), secret_key)
        vault = Vault(key.read()) if settings.auth.apop else None
        maker = CredentialMaker(passwords or Passwords(), vault, iterations=iterations)
        self._credentials = Credentials(store.directory, maker, clock)

    # Domains

    async def add_domain(self, text: str) -> str:
        """Serve a domain; return its one form."""
        name = _checked_domain(text)
        try:
            await self._directory.add_domain(name)
        except AlreadyExistsError as fault:
            raise InvalidInputError(texts.DOMAIN_EXISTS, name=readable(name)) from fault
        return name

    async def remove_domain(self, text: str) -> None:
        """Serve a domain no longer; nobody and nothing may be in it."""
        name = _checked_domain(text)
        try:
            await self._directory.remove_domain(name)
        except NotFoundError as fault:
            raise InvalidInputError(texts.NO_SUCH_DOMAIN, name=readable(name)) from fault
        except ConflictError as fault:
            raise InvalidInputError(texts.DOMAIN_IN_USE, name=readable(name)) from fault

    async def domains(self) -> list[str]:
        """Return all domains, sorted, as A-labels (`services.names.readable` shows them)."""
        return await self._directory.domains()

    # People

    async def add_person(
        self,
        text: str,
        password: Secret | None = None,
        *,
        hashed: str | None = None,
        account: str | None = None,
    ) -> Person:
        """Add somebody with an empty mailbox; with neither password nor hash nobody can log in.

        `hashed`: `{SCHEME}…` from another server. `account`: whose mail, left by somebody who was
        removed, is hers now.
        """
        name = await self._free_name(text, None)
        if password is not None:
            check_password(password)
        elif hashed is not None:
            check_hash(hashed)
        if account is None:
            account_id = await self._store.create_account()
        else:
            account_id = await self.left_account(account)
        try:
            person = await self._directory.add_person(Person(PersonId(0), account_id, name))
        except HatoError:
            if account is None:
                await self._store.remove_account(account_id)
            raise
        if password is not None:
            await self._credentials.set_password(person, password)
        elif hashed is not None:
            await self._credentials.set_hash(person, hashed)
        return person

    async def people(self) -> list[Person]:
        """Return everybody, by name."""
        return await self._directory.people()

    async def person(self, text: str) -> Person:
        """Find somebody by name, the domain left out where nobody else is meant."""
        if "@" in text:
            name = normalized_address(text)
            person = await self._directory.find_person(name) if name else None
            people = [person] if person else []
        else:
            local_part = normalized_local_part(text)
            people = (
                await self._directory.find_people_by_local_part(local_part) if local_part else []
            )
        if len(people) > 1:
            raise InvalidInputError(texts.AMBIGUOUS_PERSON, name=text)
        if not people:
            raise InvalidInputError(texts.NO_SUCH_PERSON, name=text)
        return people[0]

    async def rename_person(self, text: str, new: str) -> Person:
        """Give somebody another name; mail to the old one still reaches her."""
        person = await self.person(text)
        return await self._change(person, name=await self._free_name(new, person))

    async def enable_person(self, text: str) -> Person:
        """Let somebody log in again."""
        return await self._change(await self.person(text), is_enabled=True)

    async def disable_person(self, text: str) -> Person:
        """Let somebody log in no longer; her mail still arrives."""
        return await self._change(await self.person(text), is_enabled=False)

    async def set_language(self, text: str, language: Language) -> Person:
        """Set the language of replies to somebody."""
        return await self._change(await self.person(text), language=language)

    async def set_retr_sets_seen(self, text: str, *, sets_seen: bool) -> Person:
        """Set whether reading by POP3 marks messages as seen."""
        return await self._change(await self.person(text), retr_sets_seen=sets_seen)

    async def set_expire_days(self, text: str, days: int | None) -> Person:
        """Delete somebody's messages after so many days; None: never."""
        if days is not None and days < 1:
            raise InvalidInputError(texts.BAD_DAYS, number=days)
        return await self._change(await self.person(text), expire_days=days)

    async def set_login_delay(self, text: str, seconds: int) -> Person:
        """Set the least time between two POP3 logins of somebody."""
        if seconds < 0:
            raise InvalidInputError(texts.BAD_SECONDS, number=seconds)
        return await self._change(await self.person(text), login_delay_seconds=seconds)

    async def remove_person(self, text: str) -> AccountId:
        """Remove somebody, her addresses and passwords; return the account, whose mail stays."""
        person = await self.person(text)
        await self._directory.remove_person(person.person_id)
        return person.account_id

    async def left_accounts(self) -> list[AccountId]:
        """Return the accounts that are nobody's: left by people who were removed."""
        owners = {person.account_id for person in await self._directory.people()}
        return [one for one in await self._store.account_ids() if one not in owners]

    async def left_account(self, account: str) -> AccountId:
        """Return the account of that id if it is nobody's. Raises InvalidInputError."""
        for account_id in await self.left_accounts():
            if account_id == account:
                return account_id
        raise InvalidInputError(texts.NOT_LEFT, account=account)

    async def remove_left_mail(self, account: str) -> None:
        """Remove for good what somebody left. Raises InvalidInputError, InUseError."""
        await self.remove_mail(await self.left_account(account))

    async def remove_mail(self, account_id: AccountId) -> None:
        """Remove an account's mail for good. Raises NotFoundError, InUseError."""
        await self._store.remove_account(account_id)

    # Passwords

    async def set_password(self, text: str, password: Secret) -> None:
        """Set somebody's main password."""
        await self._credentials.set_password(await self.person(text), password)

    async def set_password_hash(self, text: str, hashed: str) -> None:
        """Set somebody's main password by its hash from another server."""
        await self._credentials.set_hash(await self.person(text), hashed)

    async def add_app_password(self, text: str, device: str) -> Secret:
        """Draw a password for one device: shown once, kept as a hash."""
        return await self._credentials.add_app_password(await self.person(text), device)

    async def app_passwords(self, text: str) -> list[Credential]:
        """Return somebody's app passwords, by device, with their last use."""
        return await self._credentials.app_passwords(await self.person(text))

    async def revoke_app_password(self, text: str, device: str) -> None:
        """End the password of one device; it is refused from now on, in every process."""
        await self._credentials.revoke_app_password(await self.person(text), device)

    # Addresses

    async def add_address(self, address: str, text: str) -> str:
        """Let mail to an address (`@domain`: all the rest) reach somebody, besides others."""
        person = await self.person(text)
        one = _checked_address(address)
        await self._require_domain(one)
        try:
            await self._directory.add_address(one, person.person_id)
        except AlreadyExistsError as fault:
            raise InvalidInputError(
                texts.ADDRESS_EXISTS, address=readable(one), name=readable(person.name)
            ) from fault
        return one

    async def remove_address(self, address: str, text: str | None = None) -> None:
        """Let an address reach somebody no longer; None: all whose name it is not."""
        one = _checked_address(address)
        reached = await self._directory.people_at(one)
        if not reached:
            raise InvalidInputError(texts.REACHES_NOBODY, address=readable(one))
        people = [await self.person(text)] if text else reached
        others = [person for person in people if person.name != one]
        if not others:
            raise InvalidInputError(
                texts.ADDRESS_IS_NAME, address=readable(one), name=readable(people[0].name)
            )
        for person in others:
            if person not in reached:
                raise InvalidInputError(
                    texts.NO_SUCH_ADDRESS, address=readable(one), name=readable(person.name)
                )
            await self._directory.remove_address(one, person.person_id)

    async def addresses(self) -> list[tuple[str, list[Person]]]:
        """Return all addresses, names included, and whom they reach."""
        people = {person.person_id: person for person in await self._directory.people()}
        reached: dict[str, list[Person]] = {}
        for address, person_id in await self._directory.addresses():
            if person_id in people:
                reached.setdefault(address, []).append(people[person_id])
        return list(reached.items())

    async def recipients_of(self, address: str) -> list[Person]:
        """Return whom mail to an address reaches, disabled people included.

        Raises NotFoundError.
        """
        return await self._recipients.recipients_of(address)

    async def _change(self, person: Person, **fields: object) -> Person:
        """Write some fields of somebody."""
        changed = msgspec.structs.replace(person, **fields)
        await self._directory.change_person(changed)
        return changed

    async def _free_name(self, text: str, owner: Person | None) -> str:
        """Return a name that somebody can have. Raises InvalidInputError."""
        name = normalized_address(text)
        if name is None:
            raise InvalidInputError(texts.NOT_AN_ADDRESS, text=text)
        if not is_plain(name.rpartition("@")[0]):
            raise InvalidInputError(texts.NEEDS_QUOTES, text=text)
        await self._require_domain(name)
        if await self._directory.find_person(name) not in {None, owner}:
            raise InvalidInputError(texts.PERSON_EXISTS, name=readable(name))
        if any(person != owner for person in await self._directory.people_at(name)):
            raise InvalidInputError(texts.ADDRESS_TAKEN, name=readable(name))
        return name

    async def _require_domain(self, address: str) -> None:
        """Raise InvalidInputError for an address outside the domains of this server."""
        domain = address.rpartition("@")[2]
        if domain not in await self._directory.domains():
            raise InvalidInputError(texts.NO_SUCH_DOMAIN, name=readable(domain))


def _checked_domain(text: str) -> str:
    """Return a domain's one form. Raises InvalidInputError."""
    name = normalized_domain(text)
    if name is None:
        raise InvalidInputError(texts.NOT_A_DOMAIN, text=text)
    return name


def _checked_address(text: str) -> str:
    """Return the one form of an address or a catch-all. Raises InvalidInputError."""
    if text.startswith("@"):
        domain = normalized_domain(text[1:])
        if domain is None:
            raise InvalidInputError(texts.NOT_A_CATCH_ALL, text=text)
        return f"@{domain}"
    address = normalized_address(text)
    if address is None:
        raise InvalidInputError(texts.NOT_A_CATCH_ALL, text=text)
    if not is_plain(address.rpartition("@")[0]):
        raise InvalidInputError(texts.NEEDS_QUOTES, text=text)
    return address
