"""The POP3 client and our own server, over real sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import msgspec
import pytest

from hato.clients.errors import (
    Busy,
    BusyError,
    LetterRefusedError,
    WrongCredentialsError,
)
from hato.clients.login import Identity
from hato.clients.pop3 import Pop3Client, QuitAnswer
from hato.clients.pop3_login import APOP
from hato.clients.server import Security
from hato.core.ids import MessageNumber
from hato.core.secret import Secret
from tests.unit.auth.house import ADA, PASSWORD
from tests.unit.clients.provider import IDENTITY, Provider, open_provider, top_of

ONE, TWO, THREE = MessageNumber(1), MessageNumber(2), MessageNumber(3)


@pytest.fixture
async def provider(tmp_path: Path) -> AsyncIterator[Provider]:
    async with open_provider(tmp_path) as provider:
        yield provider


def letter(number: int, octets: int = 0) -> bytes:
    return f"Subject: {number}\r\n\r\n.dots\r\n..\r\n".encode() + b"x" * octets + b"\r\n"


async def take(client: Pop3Client, *numbers: MessageNumber) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    async with aclosing(client.letters(numbers)) as letters:
        async for one in letters:
            found[one.number] = b"".join([chunk async for chunk in one.chunks()])
            assert one.is_whole
            assert one.size_octets == len(found[one.number])
    return found


@pytest.mark.parametrize("security", [Security.IMPLICIT_TLS, Security.STARTTLS])
async def test_the_best_mechanism_logs_in_under_tls(provider: Provider, security: Security) -> None:
    client = await provider.connect(security)
    assert await client.log_in(IDENTITY) == "SCRAM-SHA-256-PLUS"
    assert client.dialled.tls is not None
    assert client.capabilities is not None
    assert client.capabilities.has_pipelining
    assert await client.quit() is QuitAnswer.YES


@pytest.mark.parametrize(
    ("options", "method"),
    [
        ({"plus": False}, "SCRAM-SHA-256"),
        ({"plus": False, "scram": False}, "PLAIN"),
    ],
)
async def test_the_next_best_is_taken_where_the_best_is_missing(
    tmp_path: Path, options: dict[str, bool], method: str
) -> None:
    async with open_provider(tmp_path, **options) as provider:
        client = await provider.connect()
        assert await client.log_in(IDENTITY) == method
        client.close()


async def test_apop_is_not_used_unasked(tmp_path: Path) -> None:
    async with open_provider(tmp_path, apop=True) as provider:
        client = await provider.connect()
        identity = msgspec.structs.replace(IDENTITY, outdated=frozenset({APOP}))
        assert await client.log_in(identity) == "SCRAM-SHA-256-PLUS"
        client.close()


async def test_a_wrong_password_is_tried_once(provider: Provider) -> None:
    client = await provider.connect()
    with pytest.raises(WrongCredentialsError) as caught:
        await client.log_in(Identity(ADA, Secret("wrong")))
    client.close()
    assert caught.value.method in ("SCRAM-SHA-256-PLUS", "AUTH")
    assert len(provider.house.pauses) == 1


async def test_a_maildrop_in_use_is_busy_and_no_wrong_password(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hato.servers.pop3_login.POP3_LOCK_SECONDS", 0.01)
    first = await provider.log_in()
    second = await provider.connect()
    with pytest.raises(BusyError) as caught:
        await second.log_in(IDENTITY)
    assert caught.value.busy is Busy.IN_USE
    second.close()
    assert await first.quit() is QuitAnswer.YES


async def test_an_empty_maildrop_is_listed_as_empty(provider: Provider) -> None:
    client = await provider.log_in()
    listing = await client.list_messages()
    assert (len(listing.sizes), listing.unique_ids, listing.odd_count) == (0, {}, 0)
    client.close()


async def test_letters_are_listed_and_read_byte_for_byte(provider: Provider) -> None:
    sent = [letter(number, number * 100) for number in range(1, 301)]
    await provider.deliver(*sent)
    client = await provider.log_in()
    listing = await client.list_messages()
    assert listing.sizes == {number: len(text) for number, text in enumerate(sent, 1)}
    assert listing.unique_ids is not None
    assert len(set(listing.unique_ids.values())) == 300
    assert await take(client, *listing.sizes) == dict(enumerate(sent, 1))
    assert await client.quit() is QuitAnswer.YES


async def test_a_large_letter_arrives_in_chunks(provider: Provider) -> None:
    await provider.deliver(letter(1, 3_000_000))
    client = await provider.log_in()
    async with aclosing(client.letters([ONE])) as letters:
        sizes = [len(chunk) async for one in letters async for chunk in one.chunks()]
    assert sum(sizes) == len(letter(1, 3_000_000))
    assert max(sizes) <= 65_536 + 1_024
    client.close()


async def test_a_letter_that_is_not_taken_is_passed_over(provider: Provider) -> None:
    await provider.deliver(letter(1, 200_000), letter(2), letter(3))
    client = await provider.log_in()
    taken = {}
    async with aclosing(client.letters([ONE, TWO, THREE])) as letters:
        async for one in letters:
            if one.number != 1:
                taken[one.number] = [chunk async for chunk in one.chunks()]
    assert taken == {2: [letter(2)], 3: [letter(3)]}
    client.close()


async def test_after_leaving_early_the_next_question_gets_its_own_answer(
    provider: Provider,
) -> None:
    await provider.deliver(*[letter(number, 1000) for number in range(1, 50)])
    client = await provider.log_in()
    async with aclosing(client.letters([MessageNumber(n) for n in range(1, 50)])) as letters:
        async for one in letters:
            async for _ in one.chunks():
                break
            break
    assert len((await client.list_messages()).sizes) == 49
    assert await top_of(client, TWO) == b"Subject: 2\r\n\r\n"
    assert await client.quit() is QuitAnswer.YES


async def test_a_letter_that_is_refused_does_not_stop_the_others(provider: Provider) -> None:
    await provider.deliver(letter(1), letter(2))
    client = await provider.log_in()
    seen = {}
    async with aclosing(client.letters([ONE, MessageNumber(9), TWO])) as letters:
        async for one in letters:
            seen[one.number] = one.refusal
            if one.refusal is not None:
                with pytest.raises(LetterRefusedError):
                    await anext(one.chunks())
    assert list(seen) == [1, 9, 2]
    assert isinstance(seen[MessageNumber(9)], LetterRefusedError)
    client.close()


async def test_a_top_has_so_many_lines_as_are_wanted(provider: Provider) -> None:
    await provider.deliver(letter(1, 100_000))
    client = await provider.log_in()
    assert await top_of(client, ONE, 2) == b"Subject: 1\r\n\r\n.dots\r\n..\r\n"
    with pytest.raises(LetterRefusedError):
        await top_of(client, TWO)
    client.close()


async def test_tops_are_read_in_one_go(provider: Provider) -> None:
    await provider.deliver(letter(1), letter(2))
    client = await provider.log_in()
    async with aclosing(client.tops([TWO, ONE])) as tops:
        found = [(one.number, b"".join([c async for c in one.chunks()])) async for one in tops]
    assert found == [(2, b"Subject: 2\r\n\r\n"), (1, b"Subject: 1\r\n\r\n")]
    client.close()


async def test_what_is_deleted_is_gone_after_quit(provider: Provider) -> None:
    await provider.deliver(*[letter(number) for number in range(1, 201)])
    client = await provider.log_in()
    answers = await client.delete([MessageNumber(number) for number in range(1, 203)])
    assert [number for number, error in answers.items() if error is not None] == [201, 202]
    assert isinstance(answers[MessageNumber(201)], LetterRefusedError)
    assert await provider.count() == 200
    assert await client.quit() is QuitAnswer.YES
    assert await provider.count() == 0


async def test_without_quit_nothing_is_deleted(provider: Provider) -> None:
    await provider.deliver(letter(1))
    client = await provider.log_in()
    assert await client.delete([ONE]) == {1: None}
    client.close()
    client.close()
    assert await provider.count() == 1


def test_a_password_is_not_printed() -> None:
    assert PASSWORD not in repr(IDENTITY)
