"""Of the settings that may be right, the first by which a login comes about."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import msgspec
import pytest

from hato.clients.server import Security
from hato.core.language import Text
from hato.core.secret import Secret
from hato.net.dial import ask_system
from hato.services.settings_finder.candidate import (
    Candidate,
    LoginMethod,
    Origin,
    Protocol,
    TlsMode,
    UserNameForm,
)
from hato.services.settings_finder.findings import Findings, Named, Tried
from hato.services.sources.choosing import Allowances, choose, fetchable, wants_authorisation
from tests.unit.auth.house import ADA, PASSWORD
from tests.unit.clients.provider import Provider, open_provider
from tests.unit.settings_finder.name_server import outside_at

BY_NAME = Named(host="localhost", login=ADA)


@pytest.fixture
async def provider(tmp_path: Path) -> AsyncIterator[Provider]:
    async with open_provider(tmp_path) as provider:
        yield provider


def candidate(
    port: int,
    tls: TlsMode = TlsMode.IMPLICIT,
    *,
    protocol: Protocol = Protocol.POP3,
    methods: tuple[LoginMethod, ...] = (),
) -> Candidate:
    return Candidate(
        protocol=protocol,
        host="localhost",
        port=port,
        tls=tls,
        user_name_forms=(UserNameForm.ADDRESS,),
        methods=methods,
        origin=Origin.NAMED,
        why=Text("", ""),
    )


async def tried_of(
    candidates: Sequence[Candidate],
    tmp_path: Path,
    password: str = PASSWORD,
    *,
    is_trusting: bool = True,
) -> list[Tried]:
    """Return all that was tried; the answer is the last of them."""
    told: list[Tried] = []
    ca_file = str(tmp_path / "authority.pem") if is_trusting else ""
    answer = await choose(
        candidates,
        ADA,
        BY_NAME,
        Secret(password),
        allowances=Allowances(ca_file=ca_file),
        outside=msgspec.structs.replace(outside_at("127.0.0.1:1"), resolve=ask_system),
        on_tried=told.append,
    )
    assert answer is (told[-1] if told else None)
    return told


async def test_the_first_that_logs_in_is_taken_and_no_other_is_asked(
    provider: Provider, tmp_path: Path
) -> None:
    good = candidate(provider.ports[Security.IMPLICIT_TLS])
    told = await tried_of([candidate(1), good, good], tmp_path)
    assert [one.is_good for one in told] == [False, True]
    assert told[1].candidate == good


async def test_after_a_refused_password_nobody_else_is_asked(
    provider: Provider, tmp_path: Path
) -> None:
    good = candidate(provider.ports[Security.IMPLICIT_TLS])
    told = await tried_of([good, good], tmp_path, "wrong")
    assert [one.is_good for one in told] == [False]


async def test_a_port_that_begins_with_tls_is_not_waited_for_in_clear(
    provider: Provider, tmp_path: Path
) -> None:
    port = provider.ports[Security.IMPLICIT_TLS]
    both = [candidate(port), candidate(port, TlsMode.STARTTLS)]
    told = await tried_of(both, tmp_path, is_trusting=False)
    assert [one.candidate.tls for one in told] == [TlsMode.IMPLICIT]


async def test_a_port_that_does_not_is_tried_the_other_way(
    provider: Provider, tmp_path: Path
) -> None:
    port = provider.ports[Security.STARTTLS]
    told = await tried_of([candidate(port), candidate(port, TlsMode.STARTTLS)], tmp_path)
    assert [one.is_good for one in told] == [False, True]


async def test_where_there_is_nothing_to_try_there_is_no_answer(tmp_path: Path) -> None:
    assert await tried_of([], tmp_path) == []


def test_only_pop3_is_fetched_by() -> None:
    pop3, imap = candidate(995), candidate(993, protocol=Protocol.IMAP)
    found = Findings(address=ADA, candidates=[imap, pop3], outgoing=[], notes=[])
    assert fetchable(found) == [pop3]


def test_what_takes_nothing_but_oauth2_wants_an_authorisation_first() -> None:
    only = candidate(995, methods=(LoginMethod.OAUTH2,))
    either = candidate(995, methods=(LoginMethod.OAUTH2, LoginMethod.APP_PASSWORD))
    assert wants_authorisation([only, either])
    assert not wants_authorisation([either, only])
    assert not wants_authorisation([candidate(995)])
    assert not wants_authorisation([])
