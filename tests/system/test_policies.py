"""What the operator decides for a person: how long, how often, how much, and under which names."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import bcrypt
import pytest
from argon2 import PasswordHasher

from tests.system.fixtures import (
    Connect,
    deliver_letters,
    open_mailbox,
    open_wire,
    stored_letters,
    unique_sender,
)
from tests.system.letters import LETTERS
from tests.system.lmtp import LmtpClient, LmtpReply
from tests.system.people import PeoplePool, Person
from tests.system.pop3 import Pop3Client
from tests.system.server_process import HatoServer

DAY = 86_400
ADA = Person("ada@example.org", "open sesame")
BEN = Person("ben@example.org", "open sesame")


@pytest.fixture
def ada(people: PeoplePool) -> Person:
    return people.new("ada")


@pytest.fixture
def ben(people: PeoplePool) -> Person:
    return people.new("ben")


@pytest.fixture
def alone(own_server: Callable[..., HatoServer]) -> HatoServer:
    """A server for what concerns everybody, with two people."""
    one = own_server()
    one.add_person(ADA)
    one.add_person(BEN)
    return one


def capabilities_before_and_after_login(
    server: HatoServer, person: Person
) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    with Pop3Client(open_wire(server, "pop3s")) as client:
        before = client.capabilities()
        client.login(person)
        after = client.capabilities()
        client.quit()
    return before, after


def send(server: HatoServer, letter: bytes, *addresses: str) -> list[LmtpReply]:
    """Deliver to addresses that the server must accept at RCPT; the reply for each."""
    with LmtpClient(open_wire(server, "lmtp")) as client:
        client.lhlo()
        return client.deliver(unique_sender(), addresses, letter)


def maildir_with(folder: Path, ages_in_days: dict[str, float]) -> Path:
    """A Maildir whose letters arrived so long ago."""
    for name in ("cur", "new", "tmp"):
        (folder / name).mkdir(parents=True)
    for name, age in ages_in_days.items():
        file = folder / "cur" / f"{name}:2,S"
        file.write_bytes(LETTERS[name].replace(b"\r\n", b"\n"))
        arrived = time.time() - age * DAY
        os.utime(file, (arrived, arrived))
    return folder


def test_expire_says_what_is_enforced(alone: HatoServer, tmp_path: Path) -> None:
    """RFC 2449 §6.7: the smallest value before login, with USER; the person's own after it."""
    alone.run("user", "set", ADA.address, "--expire-days", "30")
    before, after = capabilities_before_and_after_login(alone, ADA)
    assert before["EXPIRE"] == ["30", "USER"]
    assert after["EXPIRE"] == ["30"]
    assert capabilities_before_and_after_login(alone, BEN)[1]["EXPIRE"] == ["NEVER"]
    ages = {"plain": 31.0, "second": 29.0, "third": 0.0}
    maildir = maildir_with(tmp_path / "old", ages)
    for person in (ADA, BEN):
        alone.run("import", person.address, "maildir", str(maildir))
    assert {_name_of(letter) for letter in stored_letters(alone, ADA)} == {"second", "third"}
    assert {_name_of(letter) for letter in stored_letters(alone, BEN)} == set(ages)


def _name_of(letter: bytes) -> str:
    return next(name for name in ("plain", "second", "third") if letter == LETTERS[name])


def test_nobody_expires_means_never(alone: HatoServer) -> None:
    before, after = capabilities_before_and_after_login(alone, ADA)
    assert before["EXPIRE"] == after["EXPIRE"] == ["NEVER"]


def test_login_delay_is_announced_and_enforced(alone: HatoServer, connect: Connect) -> None:
    """RFC 2449 §6.5 and §8.1.1: the largest value before login, with USER."""
    alone.run("user", "set", ADA.address, "--login-delay-seconds", "3600")
    before, after = capabilities_before_and_after_login(alone, ADA)
    assert before["LOGIN-DELAY"] == ["3600", "USER"]
    assert after["LOGIN-DELAY"] == ["3600"]
    again = Pop3Client(connect("pop3s", to=alone)).try_login(ADA.address, ADA.password)
    assert again.code == "LOGIN-DELAY"
    # Who does not know the password does not learn when she was here.
    guess = Pop3Client(connect("pop3s", to=alone)).try_login(ADA.address, "wrong")
    assert guess.code == "AUTH"
    with open_mailbox(alone, BEN) as client:
        client.quit()
    with open_mailbox(alone, BEN) as client:
        client.quit()


def test_a_full_mailbox_is_refused_for_its_owner_alone(
    server: HatoServer, ada: Person, ben: Person
) -> None:
    """RFC 2033 §4.2: a reply for each recipient."""
    server.run("user", "set", ben.address, "--quota-count", "2")
    for _ in range(2):
        replies = send(server, LETTERS["no-message-id"], ada.address, ben.address)
        assert all(reply.ok for reply in replies)
    to_ada, to_ben = send(server, LETTERS["no-message-id"], ada.address, ben.address)
    assert to_ada.ok
    assert (to_ben.code, to_ben.enhanced) in {(452, "4.2.2"), (552, "5.2.2")}
    assert (len(stored_letters(server, ada)), len(stored_letters(server, ben))) == (3, 2)
    with open_mailbox(server, ben) as client:
        client.delete(1)
        client.quit()
    assert send(server, LETTERS["plain"], ben.address)[0].ok


def test_a_quota_of_octets_counts_octets(server: HatoServer, ben: Person) -> None:
    server.run("user", "set", ben.address, "--quota-octets", "100000")
    assert send(server, LETTERS["line-64k"], ben.address)[0].ok
    (reply,) = send(server, LETTERS["line-64k"], ben.address)
    assert (reply.code, reply.enhanced) in {(452, "4.2.2"), (552, "5.2.2")}
    assert send(server, LETTERS["plain"], ben.address)[0].ok


def test_who_is_disabled_looks_unknown_and_still_gets_mail(
    server: HatoServer, connect: Connect, ada: Person
) -> None:
    deliver_letters(server, ada, LETTERS["plain"])
    server.run("user", "disable", ada.address)
    disabled = Pop3Client(connect("pop3s", to=server)).try_login(ada.address, ada.password)
    unknown = Pop3Client(connect("pop3s", to=server)).try_login("nobody@example.org", "x")
    assert disabled == unknown
    assert disabled.code == "AUTH"
    deliver_letters(server, ada, LETTERS["second"])
    server.run("user", "enable", ada.address)
    assert len(stored_letters(server, ada)) == 2


@pytest.mark.parametrize(
    "verb", [("user", "disable"), ("user", "remove"), ("user", "password"), ("app-password",)]
)
def test_who_loses_the_right_to_be_in_is_out(
    server: HatoServer, connect: Connect, ada: Person, verb: tuple[str, ...]
) -> None:
    """Within seconds, told why, and with nothing deleted that was only marked."""
    deliver_letters(server, ada, LETTERS["plain"])
    made = server.run("app-password", "add", ada.address, "--device", "phone")
    phone = Person(ada.address, made.stdout.decode().split()[-1])
    client = Pop3Client(connect("pop3s", to=server))
    client.login(phone if verb == ("app-password",) else ada)
    client.delete(1)
    if verb == ("app-password",):
        server.run("app-password", "revoke", ada.address, "--device", "phone")
    elif verb == ("user", "password"):
        secret = b"quite another one\n"
        server.run(*verb, ada.address, "--password-stdin", standard_input=secret)
    else:
        server.run(*verb, ada.address)
    assert client.read_status().code == "AUTH"  # unasked: it waits for no command
    client.expect_close()
    if verb == ("app-password",):
        assert len(stored_letters(server, ada)) == 1


def test_what_does_not_concern_the_right_to_be_in_ends_nothing(
    server: HatoServer, connect: Connect, ada: Person
) -> None:
    client = Pop3Client(connect("pop3s", to=server))
    client.login(ada)
    server.run("app-password", "add", ada.address, "--device", "phone")
    server.run("user", "set", ada.address, "--language", "ja")
    client.stat()
    client.quit()


def test_who_is_renamed_keeps_her_mail_and_her_old_address(
    server: HatoServer, connect: Connect, ada: Person
) -> None:
    deliver_letters(server, ada, LETTERS["plain"])
    server.run("user", "rename", ada.address, "lovelace@example.org")
    renamed = Person("lovelace@example.org", ada.password)
    deliver_letters(server, ada, LETTERS["second"])
    deliver_letters(server, renamed, LETTERS["third"])
    assert len(stored_letters(server, renamed)) == 3


def test_aliases_lead_to_one_or_several(server: HatoServer, ada: Person, ben: Person) -> None:
    for alias, name in (
        ("info@example.org", ada.address),
        ("team@example.org", ada.address),
        ("team@example.org", ben.address),
    ):
        server.run("address", "add", alias, name)
    replies = send(server, LETTERS["plain"], "info@example.org", "Team@Example.ORG")
    assert [reply.code for reply in replies] == [250, 250]
    assert len(stored_letters(server, ben)) == 1
    assert len(stored_letters(server, ada)) in {1, 2}  # the same letter by two ways
    server.run("address", "remove", "info@example.org", ada.address)
    with LmtpClient(open_wire(server, "lmtp")) as client:
        client.lhlo()
        client.expect(250, "MAIL FROM:<a@example.net>")
        assert client.expect(550, "RCPT TO:<info@example.org>").enhanced == "5.1.1"


def test_a_catch_all_gets_only_what_nobody_else_gets(alone: HatoServer) -> None:
    alone.run("address", "add", "@example.org", BEN.address)
    letter = LETTERS["no-message-id"]
    for address in (ADA.address, "whatever@example.org", f"{ADA.local_part}+x@example.org"):
        assert send(alone, letter, address)[0].ok
    assert len(stored_letters(alone, BEN)) == 1
    assert len(stored_letters(alone, ADA)) == 2


def test_the_postmaster_can_be_reached_without_domain(server: HatoServer, ada: Person) -> None:
    """RFC 5321 §4.1.1.3 and §4.5.1."""
    server.run("address", "add", "postmaster@example.org", ada.address)
    letter = LETTERS["no-message-id"]
    replies = send(server, letter, "Postmaster", "postmaster@example.org", "POSTMASTER@example.org")
    assert all(reply.ok for reply in replies)
    assert len(stored_letters(server, ada)) >= 1


HASHES = {
    "plain": "{PLAIN}Hello world!",
    "sha512": "{SHA512-CRYPT}$6$saltstring$"
    "svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1",
    "blowfish": "{BLF-CRYPT}" + bcrypt.hashpw(b"Hello world!", bcrypt.gensalt(4)).decode(),
    "argon2": "{ARGON2ID}" + PasswordHasher(1, 1024, 1).hash("Hello world!"),
}


@pytest.mark.parametrize("name", HASHES)
def test_a_hash_from_elsewhere_opens_the_mailbox_and_becomes_ours(
    server: HatoServer, connect: Connect, name: str
) -> None:
    address = f"{name}@example.org"
    server.run("user", "add", address, "--hash", HASHES[name])
    wrong = Pop3Client(connect("pop3s", to=server)).try_login(address, "Hello world")
    assert wrong.code == "AUTH"
    for _ in range(3):  # at the first the hash is replaced by one of ours
        with open_mailbox(server, Person(address, "Hello world!")) as client:
            client.quit()


def test_undelete_brings_back_what_pop3_deleted(server: HatoServer, ada: Person) -> None:
    deliver_letters(server, ada, LETTERS["plain"], LETTERS["second"])
    with open_mailbox(server, ada) as client:
        unique_ids = client.unique_ids()
        client.delete(1)
        client.quit()
    server.run("undelete", ada.address, "--all")
    with open_mailbox(server, ada) as client:
        # A new place in the order, the old unique-id: mail programs know it again.
        assert list(client.unique_ids().values()) == [unique_ids[2], unique_ids[1]]
        assert client.retrieve(2).endswith(LETTERS["plain"])
        client.quit()


def test_what_had_expired_and_was_brought_back_stays(
    server: HatoServer, ada: Person, tmp_path: Path
) -> None:
    folder = maildir_with(tmp_path / "Maildir", {"plain": 9, "second": 8})
    server.run("import", ada.address, "maildir", str(folder))
    server.run("user", "set", ada.address, "--expire-days", "7")
    assert stored_letters(server, ada) == []
    server.run("undelete", ada.address, "--all")
    assert [len(stored_letters(server, ada)) for _ in range(2)] == [2, 2]


def test_the_mail_of_who_was_removed_can_be_purged(alone: HatoServer) -> None:
    deliver_letters(alone, BEN, LETTERS["plain"])
    assert b"No removed person" in alone.run("user", "purge").stdout
    alone.run("user", "remove", BEN.address)
    account, count, _ = alone.run("user", "purge").stdout.decode().split()
    assert count == "1"
    refused = alone.run("user", "purge", account, status=1).stderr
    assert b"--yes" in refused
    assert json.loads(alone.run("user", "purge", "--json").stdout)[0]["account"] == account
    alone.run("user", "purge", account, "--yes")
    assert alone.run("user", "purge", "--json").stdout.split() == [b"[]"]
    again = alone.run("user", "purge", account, "--yes", status=1).stderr
    assert b"is no account that a removed person left" in again
