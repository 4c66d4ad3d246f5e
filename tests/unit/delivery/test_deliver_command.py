"""`hato deliver`: a message from a pipe, and an exit code that MTAs understand."""

from __future__ import annotations

import asyncio
import io
import sys
from pathlib import Path

import pytest

from hato.cli import program
from hato.cli.server.deliver import deliver
from hato.core.errors import (
    HatoError,
    InvalidInputError,
    OverQuotaError,
    StorageFullError,
    UnavailableError,
)
from hato.core.language import Language, Text
from hato.core.settings import Settings
from hato.services.delivery import DeliveryService
from hato.store.api import Store
from hato.store.directory import Person
from tests.unit.delivery.office import Office, behind_prefix

LETTER = b"Subject: x\n\nHello.\n"
WIRE_FORM = b"Subject: x\r\n\r\nHello.\r\n"


@pytest.fixture
async def office() -> Office:
    made = Office()
    made.addresses.reached["ada"] = [await made.add("ada")]
    return made


async def run(
    office: Office, name: str, octets: bytes = LETTER, sender: str | None = "bob@example.net"
) -> int:
    return await deliver(office.service, name, io.BytesIO(octets), sender)


async def test_a_message_is_stored_in_wire_form(office: Office) -> None:
    assert await run(office, "ada@example.org") == 0
    (served,) = await office.stored("ada")
    prefix = behind_prefix(served, WIRE_FORM)
    assert prefix.startswith(
        b"Return-Path: <bob@example.net>\r\nDelivered-To: ada@example.org\r\n"
        b"Received: by mail.example.org id pipe-"
    )


@pytest.mark.parametrize(
    ("octets", "stored"),
    [
        (b"Subject: x\r\n\r\nHello.\r\n", WIRE_FORM),
        (b"Subject: x\n\nHello.", WIRE_FORM),
        (b"From bob Tue Nov 24 09:00:00 2026\nSubject: x\n\nHello.\n", WIRE_FORM),
        (b"Subject: x\n\nFrom here\n", b"Subject: x\r\n\r\nFrom here\r\n"),
        (b"x" * 200_000, b"x" * 200_000 + b"\r\n"),
        (b"Subject: x\n\nHello.\rBye.\r", WIRE_FORM + b"Bye.\r\n"),
        (b"Subject: x\r\r\n\r\r\nHello.\r\r\n", WIRE_FORM),
        (b"", b""),
        (b"From bob\n", b""),
    ],
    ids=[
        "CRLF",
        "no last line end",
        "envelope line",
        "From in the body",
        "long",
        "CR alone",
        "CR CRLF",
        "nothing",
        "only an envelope line",
    ],
)
async def test_what_pipes_give(office: Office, octets: bytes, stored: bytes) -> None:
    assert await run(office, "ada@example.org", octets) == 0
    (served,) = await office.stored("ada")
    behind_prefix(served, stored)


@pytest.mark.parametrize(
    ("sender", "line"),
    [
        ("", b"Return-Path: <>\r\n"),
        ("<>", b"Return-Path: <>\r\n"),
        ("MAILER-DAEMON", b"Return-Path: <>\r\n"),
        ("<bob@example.net>", b"Return-Path: <bob@example.net>\r\n"),
        ("root", b"Return-Path: <root>\r\n"),
        (None, b"Delivered-To: "),
    ],
)
async def test_senders(office: Office, sender: str | None, line: bytes) -> None:
    assert await run(office, "ada", sender=sender) == 0
    (served,) = await office.stored("ada")
    assert served.startswith(line)


@pytest.mark.parametrize(
    ("name", "sender", "octets", "code"),
    [
        ("nobody@example.org", "b@c", LETTER, 67),
        ("a b", "b@c", LETTER, 64),
        ("ada\r\nX-Injected: yes", "b@c", LETTER, 64),
        ("ada@example.org", "b@c> X: <y", LETTER, 64),
        ("ada@example.org", "b\nX-Injected: yes", LETTER, 64),
        ("ada@example.org", "b@c", b"x" * (5 << 20), 65),
        ("ada@example.org", "b@c", b"Received: a by b; c\n" * 101 + LETTER, 65),
    ],
    ids=[
        "stranger",
        "no address",
        "injection by name",
        "injection by sender",
        "line in sender",
        "too large",
        "loop",
    ],
)
async def test_what_cannot_be_is_told_by_code_and_sentence(
    office: Office,
    capsys: pytest.CaptureFixture[str],
    name: str,
    sender: str,
    octets: bytes,
    code: int,
) -> None:
    assert await run(office, name, octets, sender) == code
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert await office.stored("ada") == []


@pytest.mark.parametrize(
    "fault", [OverQuotaError("x"), StorageFullError("x"), UnavailableError("x"), HatoError("x")]
)
async def test_what_may_pass_is_to_be_tried_again(office: Office, fault: HatoError) -> None:
    office.store.commit_faults[office.people["ada"].account_id] = fault
    assert await run(office, "ada@example.org") == 75


async def test_the_sentence_comes_in_japanese_too(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    stream = io.BytesIO(LETTER)
    code = await deliver(
        office.service, "nobody@example.org", stream, None, language=Language.JAPANESE
    )
    assert code == 67
    assert "nobody@example.org という人はいません" in capsys.readouterr().err


class FakeWays:
    """The ways to a store in memory and what stands on it."""

    def __init__(self, office: Office) -> None:
        self.office = office

    def has_store(self, _: Settings) -> bool:
        return True

    async def open_store(self, _: Settings) -> Store:
        if self.office.addresses.fault is not None:
            raise self.office.addresses.fault
        return self.office.store

    def delivery(self, store: Store, settings: Settings) -> DeliveryService:
        return self.office.service

    def accounts(self, store: Store, settings: Settings) -> FakeWays:
        return self

    async def person(self, name: str) -> Person:
        if name not in self.office.people:
            raise InvalidInputError(Text(en="There is no {name}.", ja="{name}"), name=name)
        return self.office.people[name]


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Office:
    """An office and a configuration file; a message waits on standard input."""
    made = Office()
    asyncio.run(made.add("ada"))
    (tmp_path / "hato.toml").write_text("")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(LETTER)))
    monkeypatch.setattr(program, "language_of_environment", lambda: Language.ENGLISH)
    monkeypatch.setenv("HATO_CONFIG", str(tmp_path / "hato.toml"))
    return made


def on_command_line(office: Office, *arguments: str) -> int:
    return program.run(FakeWays(office), ["deliver", *arguments])  # type: ignore[arg-type]  # what `hato deliver` needs


@pytest.mark.parametrize("name", ["ada", "ada@example.org"])
def test_the_verb_delivers_to_a_name_or_an_address(scene: Office, name: str) -> None:
    assert on_command_line(scene, name, "--sender", "bob@example.net") == 0
    (served,) = asyncio.run(scene.stored("ada"))
    assert behind_prefix(served, WIRE_FORM).startswith(b"Return-Path: <bob@example.net>\r\n")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["nobody"], 67), (["nobody@example.org"], 67), ([], 64), (["ada", "--what"], 64)],
)
def test_the_verb_speaks_in_exit_codes(
    scene: Office, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int
) -> None:
    assert on_command_line(scene, *arguments) == code
    assert capsys.readouterr().err


@pytest.mark.parametrize("fault", [UnavailableError("locked"), RuntimeError("a bug")])
def test_a_fault_of_ours_never_bounces_mail(
    scene: Office, capsys: pytest.CaptureFixture[str], fault: HatoError
) -> None:
    scene.addresses.fault = fault
    assert on_command_line(scene, "ada@example.org") == 75
    assert "locked" in capsys.readouterr().err or isinstance(fault, RuntimeError)
