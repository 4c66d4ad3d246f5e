"""A person says yes on another device, while we ask as seldom as the issuer wants."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from hato.core.clock import FixedClock
from hato.core.secret import Secret
from hato.services.oauth.device_code import (
    DeviceCode,
    ask_for_device_code,
    wait_for_tokens,
)
from hato.services.oauth.errors import ClientRefusedError, IssuerUnfitError, NotAuthorisedError
from hato.services.oauth.issuer import Issuer
from hato.services.oauth.issuer_discovery import discover
from hato.services.oauth.token_endpoint import client_of
from hato.services.oauth.tokens import Client, Tokens
from tests.unit.oauth.issuer_server import (
    CLIENT_ID,
    DEVICE_GRANT,
    PERSON,
    Answer,
    IssuerServer,
    refusal,
)


class Waiting:
    """One who asks, on a clock that runs only while he sleeps."""

    def __init__(self, server: IssuerServer, issuer: Issuer, client: Client) -> None:
        self.server = server
        self.issuer = issuer
        self.client = client
        self.clock = FixedClock()
        self.slept: list[float] = []
        self.meanwhile: dict[int, Callable[[], None]] = {}
        """What happens during which sleep."""

    async def sleep(self, seconds: float) -> None:
        self.meanwhile.get(len(self.slept), lambda: None)()
        self.slept.append(seconds)
        self.clock.advance(seconds)

    async def begin(self) -> DeviceCode:
        return await ask_for_device_code(self.issuer, self.client)

    async def wait(self, code: DeviceCode) -> Tokens:
        return await wait_for_tokens(self.issuer, self.client, code, self.clock, sleep=self.sleep)

    def answer(self, code: DeviceCode, *, is_yes: bool = True) -> Callable[[], None]:
        def act() -> None:
            self.server.device_answers[code.user_code] = (PERSON, is_yes)

        return act


@pytest.fixture
async def waiting(issuer: IssuerServer) -> Waiting:
    found = await discover(issuer.issuer, ca_file=issuer.ca_file)
    return Waiting(issuer, found, client_of(found, CLIENT_ID, Secret(b""), issuer.ca_file))


async def test_a_code_that_was_typed_becomes_tokens(waiting: Waiting) -> None:
    code = await waiting.begin()
    assert code.place == f"{waiting.server.origin}/device"
    assert len(code.user_code) == 9
    waiting.meanwhile[2] = waiting.answer(code)
    tokens = await waiting.wait(code)
    assert waiting.server.access_tokens[tokens.access_token.reveal().decode()] == PERSON
    assert tokens.refresh_token
    assert waiting.slept == [5, 5, 5]
    asked = waiting.server.requests_to("/token")
    assert {form["grant_type"] for form in asked} == {DEVICE_GRANT}


async def test_slow_down_is_heeded(waiting: Waiting) -> None:
    code = await waiting.begin()
    waiting.server.says_slow_down = True
    waiting.meanwhile[2] = waiting.answer(code)
    await waiting.wait(code)
    assert waiting.slept == [5, 10, 10]


async def test_trouble_on_the_way_is_waited_out_more_seldom(waiting: Waiting) -> None:
    code = await waiting.begin()
    waiting.server.overrides["/token"] = Answer(503, b"")
    waiting.meanwhile[2] = waiting.server.overrides.clear
    waiting.meanwhile[3] = waiting.answer(code)
    await waiting.wait(code)
    assert waiting.slept == [5, 10, 20, 20]


async def test_a_no_ends_the_waiting(waiting: Waiting) -> None:
    code = await waiting.begin()
    waiting.meanwhile[0] = waiting.answer(code, is_yes=False)
    with pytest.raises(NotAuthorisedError, match=r"refused at localhost.*access_denied"):
        await waiting.wait(code)


async def test_a_code_that_nobody_types_ends(waiting: Waiting) -> None:
    code = msgspec.structs.replace(await waiting.begin(), lasts_seconds=17)
    with pytest.raises(NotAuthorisedError, match="Nobody entered the code"):
        await waiting.wait(code)
    assert waiting.slept == [5, 5, 5]


async def test_a_code_that_the_issuer_ends_is_over(waiting: Waiting) -> None:
    code = await waiting.begin()
    waiting.server.overrides["/token"] = refusal("expired_token")
    with pytest.raises(NotAuthorisedError, match="Nobody entered the code"):
        await waiting.wait(code)
    assert waiting.slept == [5]


async def test_an_issuer_without_codes_says_what_else_to_do(waiting: Waiting) -> None:
    waiting.server.metadata_extras["device_authorization_endpoint"] = None
    found = await discover(waiting.server.issuer, ca_file=waiting.server.ca_file)
    with pytest.raises(NotAuthorisedError, match="--paste"):
        await ask_for_device_code(found, waiting.client)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (refusal("invalid_client", status=401), ClientRefusedError),
        (Answer(200, b"{}"), IssuerUnfitError),
        (
            Answer(
                200,
                b'{"device_code": "d", "user_code": "u", "expires_in": 5, '
                b'"verification_uri": "http://evil.example"}',
            ),
            IssuerUnfitError,
        ),
    ],
)
async def test_an_unfit_answer_is_told(
    waiting: Waiting, answer: Answer, error: type[Exception]
) -> None:
    waiting.server.overrides["/devicecode"] = answer
    with pytest.raises(error):
        await waiting.begin()


async def test_what_is_shown_cannot_steer_a_terminal(waiting: Waiting) -> None:
    waiting.server.overrides["/devicecode"] = Answer(
        200,
        b'{"device_code": "d", "user_code": "A\\u001b]0;x", "expires_in": "900", "interval": "0", '
        b'"verification_url": "https://a.example/\\u202e"}',
    )
    code = await waiting.begin()
    assert (code.user_code, code.place) == ("A\\x1b]0;x", "https://a.example/\\u202e")
    assert (code.interval_seconds, code.lasts_seconds) == (1, 900)
