"""Domains, people, addresses and passwords, as an operator manages them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec
import pytest

from hato.core.errors import (
    AuthenticationError,
    InvalidInputError,
    NotFoundError,
    UnavailableError,
)
from hato.core.ids import AccountId
from hato.core.language import Language, Text
from hato.core.secret import Secret
from hato.services.accounts import Accounts, texts
from hato.store.directory import Person
from tests.unit.auth.house import PASSWORD, House

BCRYPT = "{BLF-CRYPT}$2b$04$" + "a" * 53


async def names_at(house: House, address: str) -> list[str]:
    """Return whom mail to an address reaches."""
    return [person.name for person in await house.accounts.recipients_of(address)]


# Domains


async def test_a_domain_has_one_form(house: House) -> None:
    assert await house.accounts.add_domain("日本語.Example.") == "xn--wgv71a119e.example"
    assert await house.accounts.domains() == ["example.org", "xn--wgv71a119e.example"]
    with pytest.raises(InvalidInputError, match=r"日本語\.example is served already"):
        await house.accounts.add_domain("xn--WGV71A119E.example")
    await house.accounts.remove_domain("日本語.example")
    assert await house.accounts.domains() == ["example.org"]


# People


async def test_somebody_new_has_an_empty_mailbox(house: House) -> None:
    person = await house.accounts.add_person("Carla@Example.org", Secret("carla's"))
    assert person.name == "carla@example.org"
    account = await house.store.account(person.account_id)
    assert len(await account.snapshot(account.inbox)) == 0
    assert (await house.login("carla", "carla's")).person == person
    assert await house.accounts.people() == [
        await house.accounts.person(name) for name in ("ada", "bob", "carla")
    ]


async def test_without_password_nobody_logs_in_but_mail_arrives(house: House) -> None:
    await house.accounts.add_person("list@example.org")
    assert await names_at(house, "list@example.org") == ["list@example.org"]
    with pytest.raises(AuthenticationError):
        await house.login("list", "")


async def test_who_could_not_be_added_leaves_no_account_behind(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await house.store.account_ids()

    async def fail(person: Person) -> Person:
        raise UnavailableError(person.name)

    monkeypatch.setattr(house.store.directory, "add_person", fail)
    with pytest.raises(UnavailableError):
        await house.accounts.add_person("carla@example.org")
    assert await house.store.account_ids() == before


async def test_a_name_may_lack_its_domain_where_nobody_else_is_meant(house: House) -> None:
    assert (await house.accounts.person("ADA")).name == "ada@example.org"
    await house.accounts.add_domain("example.com")
    await house.accounts.add_person("ada@example.com")
    with pytest.raises(InvalidInputError, match="several people"):
        await house.accounts.person("ada")


async def test_who_is_renamed_still_gets_mail_to_the_old_name(house: House) -> None:
    await house.accounts.rename_person("ada", "Lovelace@example.org")
    assert await names_at(house, "ada@example.org") == ["lovelace@example.org"]
    assert await names_at(house, "lovelace+x@example.org") == ["lovelace@example.org"]
    await house.accounts.rename_person("lovelace", "LOVELACE@example.org")
    with pytest.raises(InvalidInputError, match="reaches somebody else"):
        await house.accounts.add_person("ada@example.org")
    await house.accounts.remove_address("ada@example.org")
    await house.accounts.add_person("ada@example.org")
    assert await names_at(house, "ada@example.org") == ["ada@example.org"]


async def test_who_is_disabled_still_gets_mail(house: House) -> None:
    await house.accounts.disable_person("ada")
    assert await names_at(house, "ada@example.org") == ["ada@example.org"]
    assert not (await house.accounts.person("ada")).is_enabled
    await house.accounts.enable_person("ada")
    assert (await house.accounts.person("ada")).is_enabled


async def test_who_is_removed_leaves_her_mail_until_that_is_removed_too(house: House) -> None:
    account_id = await house.accounts.remove_person("ada")
    assert (await house.store.account(account_id)).account_id == account_id
    with pytest.raises(NotFoundError):
        await house.accounts.recipients_of("ada@example.org")
    await house.accounts.remove_mail(account_id)
    with pytest.raises(NotFoundError):
        await house.accounts.remove_mail(account_id)


async def test_what_somebody_wants_is_kept(house: House) -> None:
    await house.accounts.set_language("ada", Language.JAPANESE)
    await house.accounts.set_retr_sets_seen("ada", sets_seen=True)
    await house.accounts.set_expire_days("ada", 30)
    await house.accounts.set_login_delay("ada", 60)
    person = await house.accounts.person("ada")
    expected = msgspec.structs.replace(
        person,
        language=Language.JAPANESE,
        retr_sets_seen=True,
        expire_days=30,
        login_delay_seconds=60,
    )
    assert person == expected
    await house.accounts.set_expire_days("ada", None)
    assert (await house.accounts.person("ada")).expire_days is None


# Passwords


async def test_a_password_is_kept_as_argon2id_with_scram_keys(house: House) -> None:
    (credential,) = await house.credentials("ada")
    assert credential.hashed.startswith("{ARGON2ID}$argon2id$")
    assert credential.scram is not None
    assert credential.scram.iterations == 4096
    assert len(credential.scram.salt) == 16
    assert credential.recoverable is None
    assert PASSWORD not in repr(credential)


async def test_a_new_password_keeps_the_place_of_the_old(house: House) -> None:
    (before,) = await house.credentials("ada")
    await house.accounts.set_password("ada", Secret("new"))
    (after,) = await house.credentials("ada")
    assert after.credential_id == before.credential_id
    assert after.hashed != before.hashed
    assert after.scram is not None
    assert before.scram is not None
    assert after.scram.salt != before.scram.salt


async def test_all_passwords_of_somebody_share_salt_and_iterations(house: House) -> None:
    await house.accounts.add_app_password("ada", "phone")
    await house.accounts.add_app_password("ada", "laptop")
    await house.accounts.set_password("ada", Secret("new"))
    keys = [credential.scram for credential in await house.credentials("ada")]
    assert len({(k.salt, k.iterations) for k in keys if k is not None}) == 1
    assert len({k.stored_key for k in keys if k is not None}) == 3


async def test_an_app_password_is_shown_once_and_listed_with_its_last_use(house: House) -> None:
    phone = await house.accounts.add_app_password("ada", " phone ")
    (listed,) = await house.accounts.app_passwords("ada")
    assert (listed.label, listed.last_used) == ("phone", None)
    assert phone.reveal().decode() not in repr(listed)
    await house.login("ada", phone.reveal())
    (listed,) = await house.accounts.app_passwords("ada")
    assert listed.last_used == house.clock.now()
    await house.accounts.revoke_app_password("ada", "phone")
    assert await house.accounts.app_passwords("ada") == []


async def test_an_imported_hash_replaces_the_main_password_alone(house: House) -> None:
    phone = await house.accounts.add_app_password("ada", "phone")
    await house.accounts.set_password_hash("ada", BCRYPT.replace("BLF-CRYPT", "blf-crypt"))
    main, _ = await house.credentials("ada")
    assert main.hashed == BCRYPT
    assert main.scram is None
    assert (await house.login("ada", phone.reveal())).credential.label == "phone"


async def test_a_plain_password_from_elsewhere_is_hashed_at_once(house: House) -> None:
    await house.accounts.add_person("carla@example.org", hashed="{plain}carla's")
    (credential,) = await house.credentials("carla")
    assert credential.hashed.startswith("{ARGON2ID}")
    assert credential.scram is not None


# Addresses


async def test_an_address_reaches_whomever_it_was_given_to(house: House) -> None:
    for name in ("ada", "bob"):
        await house.accounts.add_address("Sales@example.org", name)
    assert await names_at(house, "sales@EXAMPLE.org") == ["ada@example.org", "bob@example.org"]
    await house.accounts.remove_address("sales@example.org", "ada")
    assert await names_at(house, "sales@example.org") == ["bob@example.org"]
    listed = [(a, [p.name for p in people]) for a, people in await house.accounts.addresses()]
    assert listed == [
        ("ada@example.org", ["ada@example.org"]),
        ("bob@example.org", ["bob@example.org"]),
        ("sales@example.org", ["bob@example.org"]),
    ]
    await house.accounts.remove_address("sales@example.org")
    with pytest.raises(NotFoundError):
        await house.accounts.recipients_of("sales@example.org")


async def test_detail_is_left_out_unless_the_address_has_it(house: House) -> None:
    await house.accounts.add_address("ada+news@example.org", "bob")
    assert await names_at(house, "ada+news@example.org") == ["bob@example.org"]
    assert await names_at(house, "ada+other+more@example.org") == ["ada@example.org"]
    with pytest.raises(NotFoundError):
        await house.accounts.recipients_of("+other@example.org")


async def test_a_catch_all_gets_what_nobody_else_gets(house: House) -> None:
    await house.accounts.add_address("@example.org", "bob")
    assert await names_at(house, "whoever@example.org") == ["bob@example.org"]
    assert await names_at(house, '"who ever"@example.org') == ["bob@example.org"]
    assert await names_at(house, "ada+x@example.org") == ["ada@example.org"]
    assert await names_at(house, "postmaster@example.org") == ["bob@example.org"]
    for elsewhere in ("ada@example.com", "ada", "", "@", "a\0@example.org"):
        with pytest.raises(NotFoundError):
            await house.accounts.recipients_of(elsewhere)


async def test_the_postmaster_is_always_somebody(house: House) -> None:
    await house.accounts.add_domain("example.com")
    for address in ("postmaster@example.org", "PostMaster@Example.com", "postmaster", "POSTMASTER"):
        assert await names_at(house, address) == ["ada@example.org"]
    await house.accounts.add_address("postmaster@example.com", "bob")
    for address in ("postmaster@example.org", "postmaster@example.com", "postmaster"):
        assert await names_at(house, address) == ["bob@example.org"]
    await house.accounts.add_address("postmaster@example.org", "ada")
    assert await names_at(house, "postmaster+x@example.org") == ["ada@example.org"]
    with pytest.raises(NotFoundError):
        await house.accounts.recipients_of("postmaster@elsewhere.example")


async def test_where_nobody_is_there_is_no_postmaster(house: House) -> None:
    for name in ("ada", "bob"):
        await house.accounts.remove_person(name)
    for address in ("postmaster", "postmaster@example.org"):
        with pytest.raises(NotFoundError):
            await house.accounts.recipients_of(address)


# What is wrong, what to do

Mistake = Callable[[Accounts], Awaitable[object]]

MISTAKES: dict[str, Mistake] = {
    "is not a domain name": lambda a: a.add_domain("exa mple"),
    "is not a domain of this server": lambda a: a.remove_domain("example.com"),
    "still in example.org": lambda a: a.remove_domain("example.org"),
    "'ada' is not an address: write it like": lambda a: a.add_person("ada"),
    "would need quotation marks": lambda a: a.add_person('"a da"@example.org'),
    "add it with `hato domain add 日本語.example`": lambda a: a.add_person("a@日本語.example"),
    "somebody named ada@example.org already": lambda a: a.add_person("ADA@example.org"),
    "There is nobody named carla": lambda a: a.disable_person("carla"),
    "There is nobody named @": lambda a: a.disable_person("@"),
    "The password is empty": lambda a: a.set_password("ada", Secret("")),
    "longer than 1024 octets": lambda a: a.set_password("ada", Secret("x" * 1025)),
    "not every program can send": lambda a: a.set_password("ada", Secret("a\0b")),
    "cannot|not every program": lambda a: a.add_person("c@example.org", Secret(b"\xff")),
    "of no known form: {ARGON2ID}": lambda a: a.set_password_hash("ada", "{MD5}x"),
    "no known form": lambda a: a.add_person("c@example.org", hashed="secret"),
    "is no name for a device": lambda a: a.add_app_password("ada", " "),
    "is no name for a device: write": lambda a: a.add_app_password("ada", "a\nb"),
    "has no app password for 'phone'": lambda a: a.revoke_app_password("ada", "phone"),
    "or @example.org for all the rest": lambda a: a.add_address("sales", "ada"),
    "'@exa mple' is not an address": lambda a: a.add_address("@exa mple", "ada"),
    "would need quotation": lambda a: a.add_address("a b@example.org", "ada"),
    "a domain of this server: add": lambda a: a.add_address("a@example.com", "ada"),
    "reaches ada@example.org already": lambda a: a.add_address("ada@example.org", "ada"),
    "ada@example.org does not reach bob": lambda a: a.remove_address("ada@example.org", "bob"),
    "is the name of ada@example.org": lambda a: a.remove_address("ada@example.org"),
    "x@example.org reaches nobody": lambda a: a.remove_address("x@example.org"),
    "0 is no number of days": lambda a: a.set_expire_days("ada", 0),
    "-1 is no number of seconds": lambda a: a.set_login_delay("ada", -1),
}


@pytest.mark.parametrize("sentence", MISTAKES)
async def test_a_mistake_is_told_in_one_sentence(house: House, sentence: str) -> None:
    people = await house.accounts.people()
    with pytest.raises(InvalidInputError, match=sentence.replace("{", r"\{")) as mistake:
        await MISTAKES[sentence](house.accounts)
    assert mistake.value.in_language(Language.JAPANESE).endswith("。")
    assert await house.accounts.people() == people
    assert len(await house.store.account_ids()) == 2


async def test_one_device_has_one_password(house: House) -> None:
    await house.accounts.add_app_password("ada", "phone")
    with pytest.raises(InvalidInputError, match="'phone' already"):
        await house.accounts.add_app_password("ada", "phone")
    await house.accounts.add_app_password("bob", "phone")


def test_every_text_fills_the_same_fields_in_both_languages() -> None:
    fields = {"name", "text", "address", "label", "limit", "number", "scheme", "account"}
    values: dict[str, object] = dict.fromkeys(fields, "value")
    written = [value for value in vars(texts).values() if isinstance(value, Text)]
    assert len(written) > 20
    for text in written:
        for language in Language:
            assert "{value" not in text.in_language(language, **values)
        assert text.en.count("{") == text.ja.count("{"), text.en


async def test_the_account_of_nobody_is_not_found(house: House) -> None:
    with pytest.raises(NotFoundError):
        await house.accounts.remove_mail(AccountId("nobody"))


async def test_mail_that_somebody_left_can_be_removed_and_nobody_elses(house: House) -> None:
    ada = await house.accounts.person("ada")
    assert await house.accounts.left_accounts() == []
    left = await house.accounts.remove_person("bob")
    assert await house.accounts.left_accounts() == [left]
    for account in (ada.account_id, "nobody"):
        with pytest.raises(InvalidInputError, match="is no account that a removed person left"):
            await house.accounts.remove_left_mail(account)
    await house.accounts.remove_left_mail(left)
    assert await house.accounts.left_accounts() == []
    assert await house.store.account_ids() == [ada.account_id]


async def test_mail_that_somebody_left_can_be_given_to_another(house: House) -> None:
    left = await house.accounts.remove_person("bob")
    person = await house.accounts.add_person("carla@example.org", account=left)
    assert person.account_id == left
    for account in (left, "nobody"):
        with pytest.raises(InvalidInputError, match="is no account that a removed person left"):
            await house.accounts.add_person("dora@example.org", account=account)
