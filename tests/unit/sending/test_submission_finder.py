"""From a source to the server that its letters leave by: looked for, tried, kept."""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec
import pytest

from hato.core.errors import InvalidInputError
from hato.core.secret import Secret
from hato.services.sending.submission_finder import (
    candidates_for,
    find_submission,
    named_candidates,
    submission_of,
    try_submission,
)
from hato.services.settings_finder.candidate import Origin, TlsMode
from hato.services.settings_finder.findings import Named
from hato.services.settings_finder.outside import Outside
from hato.services.settings_finder.provider_table import BUILT_IN
from tests.unit.clients.smtp_sink import NAME, PASSWORD, Sink
from tests.unit.net.raw_server import raw_server
from tests.unit.sending.post_room import SOURCE, open_post_room
from tests.unit.settings_finder.name_server import name_server, outside_at


@pytest.fixture(name="outside")
async def quiet_outside() -> AsyncIterator[Outside]:
    """A world in which nobody publishes anything, and Hato's own table."""
    async with name_server({}) as (_, place):
        yield outside_at(place, table=BUILT_IN)


async def test_the_table_goes_first(outside: Outside) -> None:
    source = msgspec.structs.replace(SOURCE, address="jo@gmail.com", host="pop.gmail.com")
    first, second, *_ = await candidates_for(source, outside)
    assert (first.host, first.port, first.tls) == ("smtp.gmail.com", 465, TlsMode.IMPLICIT)
    assert (second.host, second.port, second.tls) == ("smtp.gmail.com", 587, TlsMode.STARTTLS)


async def test_a_domain_of_ones_own_at_a_known_provider(outside: Outside) -> None:
    source = msgspec.structs.replace(SOURCE, address="jo@own.example", host="pop.gmail.com")
    hosts = [one.host for one in await candidates_for(source, outside)]
    assert hosts[0] == "smtp.gmail.com"


async def test_else_it_is_beside_the_server_that_is_fetched_from(outside: Outside) -> None:
    source = msgspec.structs.replace(SOURCE, address="jo@own.example", host="pop.host.example")
    found = await candidates_for(source, outside)
    assert [(one.host, one.port) for one in found] == [
        ("smtp.host.example", 465),
        ("smtp.host.example", 587),
        ("pop.host.example", 465),
        ("pop.host.example", 587),
    ]
    # Only where the person's mail is already may be in a private network.
    assert [one.origin for one in found[1:3]] == [Origin.GUESS, Origin.NAMED]


async def test_where_nothing_works_the_person_is_asked(outside: Outside) -> None:
    room = await open_post_room()
    identity = await room.settle(1)
    source = msgspec.structs.replace(SOURCE, host="127.0.0.1")
    with pytest.raises(InvalidInputError) as caught:
        await find_submission(identity, source, Secret(PASSWORD), outside)
    assert f"hato identity edit {NAME} --host HOST" in str(caught.value)


async def test_a_server_that_the_person_names_is_tried_before_it_is_kept(outside: Outside) -> None:
    async with raw_server(Sink()) as port:
        named = Named(host="127.0.0.1", port=port, tls=TlsMode.NONE)
        (candidate,) = named_candidates(named, SOURCE)
        tried = await try_submission(candidate, SOURCE, Secret(PASSWORD), outside)
        assert tried.is_good
        submission = submission_of(tried, SOURCE)
        assert (submission.host, submission.port, submission.login) == ("127.0.0.1", port, NAME)
        wrong = await try_submission(candidate, SOURCE, Secret("wrong"), outside)
        assert not wrong.is_good
        assert wrong.is_final


def test_usual_ports_of_a_named_host() -> None:
    found = named_candidates(Named(host="mail.example"), SOURCE)
    assert [(one.port, one.tls) for one in found] == [
        (465, TlsMode.IMPLICIT),
        (587, TlsMode.STARTTLS),
    ]
    found = named_candidates(Named(host="mail.example", port=2525), SOURCE)
    assert [(one.port, one.tls) for one in found] == [
        (2525, TlsMode.IMPLICIT),
        (2525, TlsMode.STARTTLS),
    ]
    (plain,) = named_candidates(Named(host="mail.example", tls=TlsMode.NONE), SOURCE)
    assert (plain.port, plain.tls) == (587, TlsMode.NONE)
