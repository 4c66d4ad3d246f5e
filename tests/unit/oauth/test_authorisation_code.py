"""A person says yes in her browser, and the code becomes tokens: over real HTTPS."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from hato.core.clock import FixedClock
from hato.core.errors import UnavailableError
from hato.core.secret import Secret
from hato.services.oauth.authorisation_code import Question, query_of
from hato.services.oauth.errors import ClientRefusedError, IssuerBusyError, NotAuthorisedError
from hato.services.oauth.issuer_discovery import discover
from hato.services.oauth.token_endpoint import client_of
from hato.services.oauth.tokens import Tokens
from tests.unit.oauth.issuer_server import (
    CLIENT_ID,
    CLIENT_SECRET,
    PERSON,
    IssuerServer,
    redirect_of,
    refusal,
)

REDIRECT = "http://127.0.0.1:54321"
CLOCK = FixedClock()


async def ask(server: IssuerServer, secret: str = "", client_id: str = CLIENT_ID) -> Question:
    found = await discover(server.issuer, ca_file=server.ca_file)
    client = client_of(found, client_id, Secret(secret), server.ca_file)
    return Question(found, client, PERSON, REDIRECT)


async def answer_to(question: Question, server: IssuerServer) -> str:
    return query_of(await redirect_of(question.url(), server.ca_file))


async def authorise(server: IssuerServer, secret: str = "") -> Tokens:
    question = await ask(server, secret)
    code = question.code_in(await answer_to(question, server))
    return await question.redeem(code, CLOCK)


async def test_a_yes_becomes_tokens(issuer: IssuerServer) -> None:
    tokens = await authorise(issuer)
    assert issuer.access_tokens[tokens.access_token.reveal().decode()] == PERSON
    assert tokens.refresh_token.reveal().decode() in issuer.refresh_tokens
    assert tokens.expires == CLOCK.now() + 3600
    assert tokens.authorised == tokens.refreshed == CLOCK.now()
    assert (tokens.issuer, tokens.client.client_id) == (issuer.issuer, CLIENT_ID)
    assert tokens.scope == "openid email offline_access"


async def test_the_person_is_asked_with_s256_and_a_state(issuer: IssuerServer) -> None:
    fields = parse_qs(urlsplit((await ask(issuer)).url()).query)
    assert fields["code_challenge_method"] == ["S256"]
    assert len(fields["code_challenge"][0]) == 43
    assert len(fields["state"][0]) == 43
    assert fields["redirect_uri"] == [REDIRECT]
    assert fields["login_hint"] == [PERSON]
    assert "code_verifier" not in fields


async def test_two_questions_share_nothing(issuer: IssuerServer) -> None:
    first, second = await ask(issuer), await ask(issuer)
    answer = await answer_to(first, issuer)
    assert first.is_answered_by(answer)
    assert not second.is_answered_by(answer)
    with pytest.raises(NotAuthorisedError, match="not the answer to this question"):
        second.code_in(answer)


async def test_a_code_that_somebody_else_asked_for_is_of_no_use(issuer: IssuerServer) -> None:
    """PKCE: whoever catches the code has not the verifier."""
    asked, thief = await ask(issuer), await ask(issuer)
    code = asked.code_in(await answer_to(asked, issuer))
    with pytest.raises(NotAuthorisedError, match="invalid_grant: Code challenge failed"):
        await thief.redeem(code, CLOCK)


async def test_a_code_is_good_once(issuer: IssuerServer) -> None:
    question = await ask(issuer)
    code = question.code_in(await answer_to(question, issuer))
    await question.redeem(code, CLOCK)
    with pytest.raises(NotAuthorisedError, match="does not take the code any more"):
        await question.redeem(code, CLOCK)


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
async def test_a_secret_is_shown_in_the_way_that_the_issuer_takes(
    issuer: IssuerServer, method: str
) -> None:
    issuer.auth_method = method
    assert (await authorise(issuer, CLIENT_SECRET)).client.secret_method == method


async def test_a_wrong_secret_is_told_from_a_wrong_code(issuer: IssuerServer) -> None:
    issuer.auth_method = "client_secret_post"
    with pytest.raises(ClientRefusedError, match="check the client id, its secret"):
        await authorise(issuer, "another secret")


async def test_a_no_is_a_no(issuer: IssuerServer) -> None:
    issuer.says_no = True
    question = await ask(issuer)
    with pytest.raises(NotAuthorisedError, match=r"refused at localhost.*access_denied.*ada@"):
        question.code_in(await answer_to(question, issuer))


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("invalid_scope", ClientRefusedError),
        ("unauthorized_client", ClientRefusedError),
        ("temporarily_unavailable", IssuerBusyError),
        ("server_error", IssuerBusyError),
    ],
)
async def test_an_error_in_the_place_of_a_code_is_told(
    issuer: IssuerServer, code: str, error: type[Exception]
) -> None:
    question = await ask(issuer)
    state = parse_qs(urlsplit(question.url()).query)["state"][0]
    with pytest.raises(error, match=rf"{code}: why\\x1b\[31m"):
        question.code_in(f"error={code}&error_description=why%1b[31m&state={state}")


@pytest.mark.parametrize(
    "query",
    [
        "",
        "code=abc",
        "code=abc&state=",
        "code=abc&state=wrong",
        "code=abc&state={state}&state={state}",
        "code=&state={state}",
        "code=abc&code=def&state={state}",
        "state={state}",
        "code={long}&state={state}",
        "&".join(f"field{n}=1" for n in range(40)) + "&code=abc&state={state}",
        "code=abc&state=%ff%fe",
    ],
)
async def test_what_is_no_answer_is_refused(issuer: IssuerServer, query: str) -> None:
    question = await ask(issuer)
    state = parse_qs(urlsplit(question.url()).query)["state"][0]
    with pytest.raises(NotAuthorisedError, match="not the answer to this question"):
        question.code_in(query.format(state=state, long="x" * 20_000))


async def test_an_answer_that_names_another_issuer_is_refused(issuer: IssuerServer) -> None:
    issuer.says_issuer = "https://evil.example"
    question = await ask(issuer)
    with pytest.raises(NotAuthorisedError, match="does not come from localhost"):
        question.code_in(await answer_to(question, issuer))


async def test_an_answer_without_the_issuer_is_refused_where_it_names_itself(
    issuer: IssuerServer,
) -> None:
    issuer.metadata_extras["authorization_response_iss_parameter_supported"] = True
    question = await ask(issuer)
    with pytest.raises(NotAuthorisedError, match="does not come from localhost"):
        question.code_in(await answer_to(question, issuer))
    issuer.says_issuer = issuer.issuer
    question = await ask(issuer)
    assert question.code_in(await answer_to(question, issuer))


async def test_an_issuer_with_trouble_is_asked_later(issuer: IssuerServer) -> None:
    issuer.overrides["/token"] = refusal("temporarily_unavailable", status=503)
    with pytest.raises(UnavailableError):
        await authorise(issuer)


def test_a_pasted_address_is_read_with_or_without_what_stands_before_the_query() -> None:
    for pasted in ("http://127.0.0.1:1/?code=a&state=b\n", "?code=a&state=b", "code=a&state=b"):
        assert query_of(pasted) == "code=a&state=b"
