"""Letters on their way: sent once, or still in the outbox with the reason, never gone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from hato.core import limits
from hato.core.errors import ConflictError, InUseError, NotFoundError
from hato.core.secret import Secret
from hato.services.sending.outcome import Standing
from hato.services.sending.waiting_letter import Fate
from hato.store.changes import Expunge
from hato.store.model import DRAFT, Role
from tests.unit.clients.smtp_sink import NAME, PASSWORD, Sink
from tests.unit.net.raw_server import raw_server
from tests.unit.sending.post_room import (
    BOB,
    LETTER,
    SENT_LETTER,
    PostRoom,
    beside,
    open_post_room,
)


async def test_a_letter_leaves_without_its_blind_copies_and_is_kept_with_them() -> None:
    sink = Sink()
    async with beside(sink) as room:
        number = await room.put([BOB, "eve@example.net", "max@example.net"])
        outcome = await room.courier.send_now(number)
        assert outcome.standing is Standing.SENT
        (taken,) = sink.taken
        assert taken.sender == NAME
        assert taken.recipients == (BOB, "eve@example.net", "max@example.net")
        assert taken.octets == SENT_LETTER
        assert await room.in_mailbox(Role.SENT) == [LETTER]
        assert await room.in_mailbox(Role.DRAFTS) == []
        email_id = (await room.outbox.find(number)).letter.email_id
        (email,) = await room.account.emails([email_id])
        assert DRAFT not in email.keywords


async def test_the_same_letter_is_never_sent_twice() -> None:
    sink = Sink()
    async with beside(sink) as room:
        first = await room.put(key="k")
        await room.courier.send_now(first)
        assert await room.put(key="k") == first
        assert (await room.courier.send_now(first)).standing is Standing.SENT
        assert await room.send_due() == []
        assert len(sink.taken) == 1
        room.clock.advance(limits.OUTBOX_KNOWN_SECONDS)
        assert [one.standing for one in await room.send_due()] == [Standing.SENT]
        assert await room.outbox.all() == []
        assert len(sink.taken) == 1


async def test_a_letter_that_was_corrected_takes_the_place_of_the_refused_one() -> None:
    sink = Sink({"RCPT TO:<no@example.net>": b"550 5.1.1 no such user\r\n"})
    async with beside(sink) as room:
        first = await room.put([BOB, "no@example.net"], key="k")
        assert (await room.courier.send_now(first)).standing is Standing.NEEDS_YOU
        corrected = LETTER + b"corrected\r\n"
        assert await room.put([BOB, "yes@example.net"], corrected, key="k") == first
        assert (await room.courier.send_now(first)).standing is Standing.SENT
        assert [taken.recipients for taken in sink.taken] == [(BOB,), ("yes@example.net",)]
        assert await room.in_mailbox(Role.SENT) == [LETTER, corrected]


async def test_only_those_who_wait_get_it_again() -> None:
    sink = Sink(
        {
            "RCPT TO:<later@example.net>": b"450 4.2.1 mailbox busy\r\n",
            "RCPT TO:<no@example.net>": b"550 5.1.1 no such user\r\n",
        }
    )
    async with beside(sink) as room:
        number = await room.put([BOB, "later@example.net", "no@example.net"])
        outcome = await room.courier.send_now(number)
        assert outcome.standing is Standing.WAITING
        assert "no@example.net" in outcome.text.en
        assert await room.in_mailbox(Role.SENT) == [LETTER]
        assert await room.send_due() == []
        sink.answers["RCPT TO:<later@example.net>"] = b"250 ok\r\n"
        room.clock.advance(2 * limits.OUTBOX_FIRST_SECONDS)
        (outcome,) = await room.send_due()
        assert outcome.standing is Standing.NEEDS_YOU
        assert "550 5.1.1 no such user" in outcome.text.en
        assert [taken.recipients for taken in sink.taken] == [(BOB,), ("later@example.net",)]
        assert await room.fates(number) == {
            "bob": Fate.SENT,
            "later": Fate.SENT,
            "no": Fate.REFUSED,
        }
        assert await room.send_due() == []


async def test_a_server_that_takes_few_at_a_time_gets_the_rest_at_once() -> None:
    sink = Sink({f"RCPT TO:<p{n}@example.net>": b"452 4.5.3 too many\r\n" for n in (1, 2)})
    async with beside(sink) as room:
        number = await room.put([f"p{n}@example.net" for n in range(3)])
        original = sink.answers["."]
        assert original is not None
        sink.after_letter = lambda: sink.answers.update(
            {f"RCPT TO:<p{n}@example.net>": b"250 ok\r\n" for n in (1, 2)}
        )
        outcome = await room.courier.send_now(number)
        assert outcome.standing is Standing.SENT
        assert [len(taken.recipients) for taken in sink.taken] == [1, 2]
        assert sink.connections == 1


@pytest.mark.parametrize(
    ("answers", "standing"),
    [
        ({"MAIL": b"451 4.3.0 later\r\n"}, Standing.WAITING),
        ({"MAIL": b"550 5.7.1 not yours\r\n"}, Standing.NEEDS_YOU),
        ({"DATA": b"451 4.3.0 later\r\n"}, Standing.WAITING),
        ({"DATA": b"554 5.7.1 no\r\n"}, Standing.NEEDS_YOU),
        ({".": b"452 4.3.1 no room\r\n"}, Standing.WAITING),
        ({".": b"554 5.6.0 spam\r\n"}, Standing.NEEDS_YOU),
        ({"RCPT": b"421 4.3.2 going down\r\n"}, Standing.WAITING),
        ({"EHLO": None}, Standing.WAITING),
        ({"MAIL": None}, Standing.WAITING),
        ({"RCPT": None}, Standing.WAITING),
        ({"DATA": None}, Standing.WAITING),
        ({"DATA": b"what?\r\n"}, Standing.WAITING),
    ],
)
async def test_what_a_server_does_before_it_took_the_letter(
    answers: dict[str, bytes | None], standing: Standing
) -> None:
    sink = Sink(answers)
    async with beside(sink) as room:
        number = await room.put()
        outcome = await room.courier.send_now(number)
        assert outcome.standing is standing
        assert outcome.text.en
        assert outcome.text.ja
        assert await room.in_mailbox(Role.DRAFTS) == [LETTER]
        assert await room.in_mailbox(Role.SENT) == []
        sink.answers.update({key: Sink().answers.get(key, b"250 ok\r\n") for key in answers})
        if standing is Standing.NEEDS_YOU:
            assert await room.send_due() == []
            await room.outbox.retry(number)
        room.clock.advance(2 * limits.OUTBOX_MOST_SECONDS)
        assert [one.standing for one in await room.send_due()] == [Standing.SENT]
        assert len(sink.taken) == 1


@pytest.mark.parametrize("end", [None, b"what?\r\n", b"2500 x\r\n"])
async def test_an_answer_that_is_lost_is_said_and_not_guessed(end: bytes | None) -> None:
    sink = Sink({".": end})
    async with beside(sink) as room:
        number = await room.put()
        outcome = await room.courier.send_now(number)
        assert outcome.standing is Standing.UNKNOWN
        assert "unknown" in outcome.text.en
        assert await room.in_mailbox(Role.DRAFTS) == [LETTER]
        room.clock.advance(10 * limits.OUTBOX_GIVE_UP_SECONDS)
        assert await room.send_due() == []
        sink.answers["."] = b"250 ok\r\n"
        await room.outbox.retry(number)
        assert [one.standing for one in await room.send_due()] == [Standing.SENT]
        assert await room.in_mailbox(Role.SENT) == [LETTER]


async def test_a_wrong_password_is_not_tried_again_before_it_changes() -> None:
    sink = Sink()
    async with beside(sink) as room:
        (source,) = await room.sources.all()
        await room.sources.set_secret(source.source_id, Secret("wrong"))
        number = await room.put()
        outcome = await room.courier.send_now(number)
        assert (outcome.standing, sink.connections) == (Standing.WAITING, 1)
        assert f"hato account password {NAME}" in outcome.text.en
        for _ in range(5):
            room.clock.advance(2 * limits.OUTBOX_LOOK_AGAIN_SECONDS)
            (outcome,) = await room.send_due()
            assert f"hato account password {NAME}" in outcome.text.en
        assert sink.connections == 1
        await room.sources.set_secret(source.source_id, Secret(PASSWORD))
        room.clock.advance(2 * limits.OUTBOX_LOOK_AGAIN_SECONDS)
        (outcome,) = await room.send_due()
        assert outcome.standing is Standing.SENT


@pytest.mark.parametrize(
    ("extensions", "letter", "recipient", "word"),
    [
        ("AUTH_PLAIN SIZE_10", LETTER, BOB, "10 octets"),
        ("AUTH_PLAIN", LETTER + "日本\r\n".encode(), BOB, "7-bit"),
        ("AUTH_PLAIN 8BITMIME", "Subject: 日本\r\n\r\nx\r\n".encode(), BOB, "SMTPUTF8"),
        ("AUTH_PLAIN 8BITMIME", LETTER, "日本@example.net", "SMTPUTF8"),
    ],
)
async def test_what_a_server_cannot_take_is_said_in_words(
    extensions: str, letter: bytes, recipient: str, word: str
) -> None:
    sink = Sink(extensions=extensions)
    async with beside(sink) as room:
        outcome = await room.courier.send_now(await room.put([recipient], letter))
        assert outcome.standing is Standing.NEEDS_YOU
        assert word in outcome.text.en
        assert not sink.has_heard("MAIL")


async def test_what_a_server_offers_is_declared() -> None:
    sink = Sink()
    async with beside(sink) as room:
        letter = "Subject: 日本\r\n\r\n日本\r\n".encode()
        await room.courier.send_now(await room.put(["日本@例え.jp"], letter))
        assert f"MAIL FROM:<{NAME}> SIZE={len(letter)} BODY=8BITMIME SMTPUTF8" in sink.heard
        assert "RCPT TO:<日本@xn--r8jz45g.jp>" in sink.heard


async def test_nobody_sends_what_somebody_else_holds() -> None:
    sink = Sink()
    async with beside(sink) as room:
        number = await room.put()
        (held,) = await room.courier.take_due(9)
        with pytest.raises(InUseError):
            await room.courier.send_now(number)
        with pytest.raises(InUseError):
            await room.outbox.drop(number)
        room.clock.advance(limits.OUTBOX_CLAIM_SECONDS)
        assert (await room.courier.send_now(number)).standing is Standing.SENT
        await room.courier.send(held)  # who lost it does not end the letter
        assert len(sink.taken) == 1


async def test_a_letter_that_was_deleted_is_taken_back() -> None:
    sink = Sink()
    async with beside(sink) as room:
        number = await room.put()
        letter = (await room.outbox.find(number)).letter
        (email,) = await room.account.emails([letter.email_id])
        ((mailbox, uid),) = email.placements
        await room.account.commit([Expunge(mailbox, (uid,))])
        assert (await room.courier.send_now(number)).standing is Standing.TAKEN_BACK
        assert sink.connections == 0
        with pytest.raises(NotFoundError):
            await room.outbox.find(number)


async def test_what_was_dropped_stays_a_draft() -> None:
    async with beside(Sink()) as room:
        number = await room.put()
        await room.outbox.drop(number)
        assert await room.send_due() == []
        assert await room.in_mailbox(Role.DRAFTS) == [LETTER]


async def test_after_five_days_the_person_is_asked() -> None:
    room = await open_post_room()
    async with raw_server(Sink()) as port:
        pass
    await room.settle(port)
    number = await room.put()
    waits, before = [], room.clock.now()
    while (outcome := await room.courier.send_now(number)).standing is Standing.WAITING:
        waits.append(outcome.due - room.clock.now())
        room.clock.advance(waits[-1])
    assert waits[:4] == [60, 120, 240, 480]
    assert max(waits) == limits.OUTBOX_MOST_SECONDS
    assert room.clock.now() - before >= limits.OUTBOX_GIVE_UP_SECONDS
    assert outcome.standing is Standing.NEEDS_YOU
    assert "nobody listens on that port" in outcome.text.en
    assert await room.in_mailbox(Role.DRAFTS) == [LETTER]


class Killed(BaseException):
    """The process is gone."""


class StepCounter:
    """Lets each step that is written down be the last one of a process, before or after it."""

    def __init__(self, room: PostRoom, dies_at: int, *, after: bool) -> None:
        self._dies_at = dies_at
        self._after = after
        self.steps = 0
        queue, account = room.store.queue, room.account
        for owner, names in (
            (queue, ("claim_one", "claim", "keep", "retry", "done")),
            (account, ("commit",)),
        ):
            for name in names:
                setattr(owner, name, self._wrapped(getattr(owner, name)))

    def _wrapped(self, method: Callable[..., Awaitable[object]]) -> Callable[..., object]:
        async def step(*args: object, **options: object) -> object:
            self.steps += 1
            if self.steps == self._dies_at and not self._after:
                raise Killed
            result = await method(*args, **options)
            if self.steps == self._dies_at:
                raise Killed
            return result

        return step


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("dies_at", range(1, 12))
async def test_killed_between_every_two_steps(dies_at: int, *, after: bool) -> None:
    """Sent once, or still in the outbox; where the server had it already: said to be unknown."""
    sink = Sink()
    async with beside(sink) as room:
        number = await room.put()
        StepCounter(room, dies_at, after=after)
        standing = None
        try:
            standing = (await room.courier.send_now(number)).standing
        except Killed:
            room.clock.advance(limits.OUTBOX_CLAIM_SECONDS)
            for outcome in await room.send_due():
                standing = outcome.standing
        if standing is Standing.UNKNOWN:
            assert await room.in_mailbox(Role.DRAFTS) == [LETTER]
        else:
            assert len(sink.taken) == 1
            assert await room.in_mailbox(Role.SENT) == [LETTER]
        assert len(sink.taken) <= 1
        drafts, sent = await room.in_mailbox(Role.DRAFTS), await room.in_mailbox(Role.SENT)
        assert [*drafts, *sent] == [LETTER]
        assert (await room.outbox.find(number)).letter.recipients


async def test_who_breaks_off_gives_the_letter_back_at_once() -> None:
    sink = Sink({"MAIL": b""})  # it never answers
    async with beside(sink) as room:
        number = await room.put()
        sending = asyncio.create_task(room.courier.send_now(number))
        async with asyncio.timeout(30):
            while not sink.has_heard("MAIL"):
                await asyncio.sleep(0)
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        assert sending.cancelled()
        sink.answers["MAIL"] = b"250 ok\r\n"
        assert [one.standing for one in await room.send_due()] == [Standing.SENT]


async def test_who_lost_a_letter_writes_nothing() -> None:
    async with beside(Sink()) as room:
        number = await room.put()
        (held,) = await room.courier.take_due(9)
        room.clock.advance(limits.OUTBOX_CLAIM_SECONDS)
        await room.courier.take_due(9)
        with pytest.raises(ConflictError):
            await room.store.queue.keep(number, held.owner, room.clock.now(), 60, b"mine")
