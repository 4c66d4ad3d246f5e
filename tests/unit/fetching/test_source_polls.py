"""One poll with all that belongs to it: secret, token, outputs, health, and the lock."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from hato.clients.errors import Busy, BusyError, WrongCredentialsError
from hato.core.errors import HatoError, NotFoundError
from hato.core.secret import Secret
from hato.services.fetching import source_polls
from hato.services.fetching.advice import Cure
from hato.services.fetching.health import State, read_health
from hato.services.fetching.poll_outcome import Outcome, Stage, Tally
from hato.services.fetching.source_polls import Report, SourcePolls, is_refused, mark_of
from hato.services.sources.source import Proof, Source
from hato.store.api import Account
from tests.unit.fetching.house import House

WRONG = WrongCredentialsError("PLAIN", "no")
Round = Callable[[Secret], Outcome]


class Scene:
    """A source whose polls are made by the test."""

    def __init__(self, house: House, account: Account, source: Source) -> None:
        self.house = house
        self.account = account
        self.source = source
        self.secrets: list[bytes] = []
        self.hosts: list[str] = []
        """Where each of the secrets went."""
        self.round: Round = lambda _: Outcome(method="PLAIN")
        self.polls = SourcePolls(house.delivery, house.sources, house.clock, house.facts)

    async def fetch_round(
        self, account: Account, source: Source, secret: Secret, **_: object
    ) -> Outcome:
        self.secrets.append(secret.reveal())
        self.hosts.append(source.host)
        return self.round(secret)

    async def poll(self) -> Report:
        tally = Tally()
        report = await self.polls.poll(self.account, self.source, tally)
        assert tally.stage in {Stage.DONE, Stage.CONNECTING}
        return report

    async def state(self) -> tuple[State, str] | None:
        health = await read_health(self.account, self.source.source_id)
        return (health.state, health.code) if health is not None else None


def failing(error: HatoError) -> Round:
    return lambda _: Outcome(error=error)


@pytest.fixture
async def scene(monkeypatch: pytest.MonkeyPatch) -> Scene:
    house = House()
    account = await house.add_person()
    made = Scene(house, account, await house.add_source(account))
    monkeypatch.setattr(source_polls, "fetch_round", made.fetch_round)
    return made


async def test_a_poll_uses_the_sources_own_secret(scene: Scene) -> None:
    report = await scene.poll()
    assert (report.advice, scene.secrets) == (None, [b"open sesame"])
    assert await scene.state() == (State.FINE, "")


async def test_polls_that_go_well_write_once(scene: Scene) -> None:
    await scene.poll()
    before = await scene.account.modseq()
    await scene.poll()
    assert await scene.account.modseq() == before


async def test_a_refused_secret_is_marked_until_it_changes(scene: Scene) -> None:
    scene.round = failing(WRONG)
    report = await scene.poll()
    assert report.result.cure is Cure.SECRET
    assert await scene.state() == (State.NEEDS_YOU, "wrong-password")
    assert await is_refused(scene.account, scene.source)
    sources = scene.house.sources(scene.account)
    await sources.set_secret(scene.source.source_id, Secret("another one"))
    assert not await is_refused(scene.account, scene.source)


async def test_other_settings_are_tried_with_the_same_secret(scene: Scene) -> None:
    scene.round = failing(WRONG)
    await scene.poll()
    other = msgspec.structs.replace(scene.source, host="mail.provider.example")
    assert not await is_refused(scene.account, other)


async def test_what_a_server_asks_for_reaches_the_timetable(scene: Scene) -> None:
    error = BusyError(Busy.LOGIN_DELAY, "later", 300)
    scene.round = lambda _: Outcome(error=error, login_delay_seconds=900)
    result = (await scene.poll()).result
    assert (result.cure, result.told_seconds, result.login_delay_seconds) == (
        Cure.PATIENCE,
        300,
        900,
    )


async def test_who_polls_already_is_left_alone(scene: Scene) -> None:
    lock = await scene.account.lock(f"source:{scene.source.source_id}")
    report = await scene.poll()
    assert report.was_elsewhere
    assert scene.secrets == []
    assert await scene.state() is None
    await lock.release()
    assert not (await scene.poll()).was_elsewhere


async def test_a_bug_in_one_poll_is_told_and_ends_there(
    scene: Scene, capfd: pytest.CaptureFixture[str]
) -> None:
    def broken(_: Secret) -> Outcome:
        raise ZeroDivisionError

    scene.round = broken
    report = await scene.poll()
    assert report.advice is not None
    assert report.advice.code == "fault"
    assert "ZeroDivisionError" in capfd.readouterr().err
    assert await scene.state() == (State.FAILING, "fault")


async def test_a_source_that_is_gone_is_not_polled(scene: Scene) -> None:
    await scene.house.sources(scene.account).remove(scene.source.source_id, keep_mail=True)
    report = await scene.poll()
    assert report.advice is not None
    assert scene.secrets == []
    assert await scene.state() is None
    with pytest.raises(NotFoundError):
        await mark_of(scene.account, scene.source)


async def test_a_refused_token_is_renewed_once(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = scene.house.sources(scene.account)
    await sources.set_secret(scene.source.source_id, Secret("tokens"), Proof.OAUTH2)

    async def access_token(*_: object, refused: Secret | None = None) -> Secret:
        return Secret("new" if refused is not None else "old")

    monkeypatch.setattr(source_polls, "access_token", access_token)
    scene.round = lambda secret: Outcome(error=WRONG if secret.reveal() == b"old" else None)
    assert (await scene.poll()).advice is None
    assert scene.secrets == [b"old", b"new"]
    scene.secrets.clear()
    scene.round = failing(WRONG)
    report = await scene.poll()
    assert report.advice is not None
    assert report.advice.code == "authorisation-refused"
    assert scene.secrets == [b"old", b"new"]


async def test_a_command_that_fails_shows_in_the_health_alone(scene: Scene) -> None:
    sources = scene.house.sources(scene.account)
    scene.source = msgspec.structs.replace(scene.source, hook=("/nowhere/hook",))
    await sources.change(scene.source.source_id, hook=scene.source.hook)
    await scene.poll()
    await scene.house.receive(scene.account, scene.source.source_id)
    report = await scene.poll()
    assert report.advice is None
    assert report.outputs.hook_fault.startswith("/nowhere/hook")
    assert await scene.state() == (State.FAILING, "hook-failed")


async def test_a_new_secret_does_not_go_where_the_account_was_before(scene: Scene) -> None:
    """A poll waits its turn with the settings of that time; meanwhile the person changes both."""
    sources = scene.house.sources(scene.account)
    await sources.change(scene.source.source_id, host="new.example")
    await sources.set_secret(scene.source.source_id, Secret("the new one"))
    await scene.poll()
    assert (scene.hosts, scene.secrets) == (["new.example"], [b"the new one"])


async def test_what_was_removed_while_it_waited_is_not_polled(scene: Scene) -> None:
    await scene.house.sources(scene.account).remove(scene.source.source_id, keep_mail=True)
    report = await scene.poll()
    assert (scene.secrets, report.advice is not None) == ([], True)
