"""The token of a source: renewed when it is due, once, and never lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest

from hato.core import limits
from hato.core.clock import FixedClock
from hato.core.errors import AuthenticationError, UnavailableError
from hato.core.secret import Secret
from hato.services.auth.vault import Vault
from hato.services.oauth.access_token import access_token
from hato.services.oauth.errors import (
    AuthoriseAgainError,
    ClientRefusedError,
    IssuerBusyError,
    IssuerUnfitError,
)
from hato.services.oauth.tokens import Client, Tokens, read_tokens
from hato.services.settings_finder.candidate import Protocol, TlsMode
from hato.services.sources.source import Proof, Source
from hato.services.sources.sources import Sources
from hato.store.memory import MemoryStore
from tests.unit.oauth.issuer_server import (
    CLIENT_ID,
    PERSON,
    Answer,
    IssuerServer,
    Record,
    refusal,
)

DRAFT = Source(
    source_id="",
    address=PERSON,
    name="Provider",
    colour="#336699",
    added=0,
    protocol=Protocol.POP3,
    host="pop.provider.example",
    port=995,
    tls=TlsMode.IMPLICIT,
    login=PERSON,
    proof=Proof.OAUTH2,
)


class Kept:
    """A source with an authorisation, in a store in memory."""

    def __init__(self, issuer: IssuerServer, sources: Sources, clock: FixedClock) -> None:
        self.issuer = issuer
        self.sources = sources
        self.clock = clock
        self.source = DRAFT

    def first_tokens(self) -> Tokens:
        self.issuer.access_tokens["first"] = PERSON
        self.issuer.refresh_tokens["first-refresh"] = Record(
            refresh_token="first-refresh", client_id=CLIENT_ID, scope="email", user=PERSON
        )
        return Tokens(
            access_token=Secret("first"),
            expires=self.clock.now() + 3600,
            refresh_token=Secret("first-refresh"),
            authorised=self.clock.now(),
            refreshed=self.clock.now(),
            scope="email",
            issuer=self.issuer.issuer,
            issuer_name="Provider",
            client=Client(
                client_id=CLIENT_ID,
                token_endpoint=f"{self.issuer.origin}/token",
                ca_file=self.issuer.ca_file,
            ),
        )

    async def ask(self, refused: Secret | None = None) -> str:
        token = await access_token(self.sources, self.source, self.clock, refused=refused)
        return token.reveal().decode()

    async def tokens(self) -> Tokens:
        return read_tokens(await self.sources.secret(self.source))

    async def change(self, **fields: object) -> None:
        changed = msgspec.structs.replace(await self.tokens(), **fields)
        await self.sources.set_secret(self.source.source_id, changed.sealed_form())

    def wait_until_due(self) -> None:
        self.clock.advance(3600 - limits.TOKEN_MARGIN_SECONDS)


@pytest.fixture
async def kept(issuer: IssuerServer) -> AsyncIterator[Kept]:
    clock = FixedClock()
    store = MemoryStore(clock)
    account = await store.account(await store.create_account())
    home = Kept(issuer, Sources(account, Vault(Secret(b"k" * 32)), clock), clock)
    home.source = await home.sources.add(DRAFT, home.first_tokens().sealed_form())
    yield home
    await store.close()


async def test_a_token_that_lasts_is_taken_as_it_is(kept: Kept) -> None:
    assert await kept.ask() == "first"
    assert kept.issuer.asked == []


async def test_a_token_that_is_due_is_renewed_and_kept(kept: Kept) -> None:
    kept.wait_until_due()
    token = await kept.ask()
    assert token != "first"
    assert kept.issuer.access_tokens[token] == PERSON
    tokens = await kept.tokens()
    assert tokens.access_token == Secret(token)
    assert tokens.refresh_token != Secret("first-refresh")
    assert tokens.refresh_token.reveal().decode() in kept.issuer.refresh_tokens
    assert tokens.expires == kept.clock.now() + 3600
    assert tokens.refreshed == kept.clock.now()
    assert await kept.ask() == token
    assert len(kept.issuer.requests_to("/token")) == 1


async def test_a_refresh_token_goes_on_where_the_issuer_gives_no_new_one(kept: Kept) -> None:
    kept.issuer.overrides["/token"] = Answer(200, b'{"access_token": "second"}')
    kept.wait_until_due()
    assert await kept.ask() == "second"
    tokens = await kept.tokens()
    assert tokens.refresh_token == Secret("first-refresh")
    assert tokens.expires == kept.clock.now() + limits.TOKEN_SECONDS_UNSTATED


async def test_many_who_ask_at_once_cost_one_question(kept: Kept) -> None:
    kept.wait_until_due()
    assert len(set(await asyncio.gather(*(kept.ask() for _ in range(10))))) == 1
    assert len(kept.issuer.requests_to("/token")) == 1


async def test_a_token_that_the_mail_server_refused_is_renewed_once(kept: Kept) -> None:
    first = Secret(await kept.ask())
    second = await kept.ask(refused=first)
    assert second != "first"
    assert await kept.ask(refused=first) == second
    assert len(kept.issuer.requests_to("/token")) == 1


async def test_an_authorisation_that_is_over_asks_for_the_person(kept: Kept) -> None:
    kept.issuer.overrides["/token"] = refusal("invalid_grant", "Token has been \x1b[31mrevoked")
    kept.wait_until_due()
    with pytest.raises(AuthoriseAgainError) as caught:
        await kept.ask()
    assert isinstance(caught.value, AuthenticationError)
    english, japanese = caught.value.text
    assert english == (
        f"The authorisation of {PERSON} at Provider is over (invalid_grant: Token has been "
        f"\\x1b[31mrevoked): run `hato account authorise {PERSON}`."
    )
    assert "認可が切れました" in japanese


async def test_google_says_that_a_client_in_testing_lasts_seven_days(kept: Kept) -> None:
    await kept.change(issuer_row="google", issuer_name="Google")
    kept.issuer.overrides["/token"] = refusal("invalid_grant")
    kept.wait_until_due()
    with pytest.raises(AuthoriseAgainError, match=r"publish your client at Google.*7 days"):
        await kept.ask()


async def test_without_a_refresh_token_the_person_is_asked_again(kept: Kept) -> None:
    await kept.change(refresh_token=Secret(b""))
    assert await kept.ask() == "first"
    kept.wait_until_due()
    with pytest.raises(AuthoriseAgainError):
        await kept.ask()
    assert kept.issuer.asked == []


async def test_a_password_in_the_place_of_tokens_is_never_sent_anywhere(kept: Kept) -> None:
    await kept.sources.set_secret(kept.source.source_id, Secret("a password"))
    with pytest.raises(AuthoriseAgainError, match="has not been authorised yet"):
        await kept.ask()
    assert kept.issuer.asked == []


async def test_another_process_that_was_first_is_no_reason_to_ask_the_person(kept: Kept) -> None:
    """Refresh tokens that are good once: the loser finds what the winner kept."""
    stale = await kept.sources.secret(kept.source)
    kept.wait_until_due()
    winner = await kept.ask()

    class LateReader:
        """Read before the winner wrote; the second look shows what he wrote."""

        def __init__(self) -> None:
            self.looks = 0

        async def secret(self, source: Source) -> Secret:
            self.looks += 1
            return stale if self.looks == 1 else await kept.sources.secret(source)

        async def set_secret(self, source_id: str, secret: Secret) -> None:
            raise AssertionError("the winner's tokens are good")

    token = await access_token(LateReader(), kept.source, kept.clock)
    assert token == Secret(winner)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (refusal("invalid_client", status=401), ClientRefusedError),
        (refusal("unauthorized_client"), ClientRefusedError),
        (refusal("some_new_code"), ClientRefusedError),
        (refusal("temporarily_unavailable"), IssuerBusyError),
        (refusal("invalid_grant", status=503), IssuerBusyError),
        (refusal("slow_down", status=429), IssuerBusyError),
        (Answer(500, b"<html>oops"), IssuerBusyError),
        (Answer(429, b""), IssuerBusyError),
        (Answer(404, b"<html>"), IssuerUnfitError),
        (Answer(302, b"", {"Location": "https://evil.example/token"}), IssuerUnfitError),
        (Answer(200, b""), IssuerUnfitError),
        (Answer(200, b"[]"), IssuerUnfitError),
        (Answer(200, b"[" * 60_000), IssuerUnfitError),
        (Answer(200, b'{"error": "invalid_grant"}'), IssuerUnfitError),
        (Answer(200, b'{"access_token": ""}'), IssuerUnfitError),
        (Answer(200, b'{"access_token": "a\\u0001b"}'), IssuerUnfitError),
        (Answer(200, b'{"access_token": "a b"}'), IssuerUnfitError),
        (Answer(200, b'{"access_token": 7}'), IssuerUnfitError),
        (Answer(200, b'{"access_token": "a", "token_type": "mac"}'), IssuerUnfitError),
        (Answer(200, b'{"access_token": "a", "expires_in": -1}'), IssuerUnfitError),
        (Answer(200, b'{"access_token": "a", "expires_in": 1e300}'), IssuerUnfitError),
        (Answer(200, b'{"access_token": "' + b"a" * 9_000 + b'"}'), IssuerUnfitError),
        (Answer(200, b"x" * 1_000_000), UnavailableError),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)
async def test_whatever_an_issuer_answers_nothing_that_is_kept_changes(
    kept: Kept, answer: Answer, error: type[Exception]
) -> None:
    kept.issuer.overrides["/token"] = answer
    kept.wait_until_due()
    before = await kept.tokens()
    with pytest.raises(error) as caught:
        await kept.ask()
    assert not isinstance(caught.value, AuthoriseAgainError)
    assert "first-refresh" not in repr(caught.value)
    assert await kept.tokens() == before


async def test_an_issuer_that_cannot_be_reached_is_asked_later(kept: Kept) -> None:
    client = msgspec.structs.replace(
        (await kept.tokens()).client, token_endpoint="https://127.0.0.1:1/token"
    )
    await kept.change(client=client)
    kept.wait_until_due()
    with pytest.raises(UnavailableError):
        await kept.ask()


async def test_numbers_that_are_written_as_text_are_read(kept: Kept) -> None:
    kept.issuer.overrides["/token"] = Answer(
        200, b'{"access_token": "b", "token_type": "BEARER", "expires_in": "1200"}'
    )
    kept.wait_until_due()
    await kept.ask()
    assert (await kept.tokens()).expires == kept.clock.now() + 1200


async def test_a_new_token_is_kept_even_if_the_asker_is_told_to_stop(kept: Kept) -> None:
    kept.wait_until_due()
    stopping: list[asyncio.Task[Secret]] = []

    class Stopped:
        async def secret(self, source: Source) -> Secret:
            return await kept.sources.secret(source)

        async def set_secret(self, source_id: str, secret: Secret) -> None:
            stopping[0].cancel()
            await asyncio.sleep(0)
            await kept.sources.set_secret(source_id, secret)

    stopping.append(asyncio.ensure_future(access_token(Stopped(), kept.source, kept.clock)))
    with pytest.raises(asyncio.CancelledError):
        await stopping[0]
    assert (await kept.tokens()).refresh_token.reveal().decode() in kept.issuer.refresh_tokens
