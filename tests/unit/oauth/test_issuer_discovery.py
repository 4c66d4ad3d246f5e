"""Where an issuer is asked, by its own words; and whom not to believe."""

from __future__ import annotations

import json

import pytest

from hato.core.errors import InvalidInputError
from hato.core.language import Language
from hato.services.oauth.errors import IssuerBusyError, IssuerUnfitError
from hato.services.oauth.issuer import Issuer
from hato.services.oauth.issuer_discovery import discover
from hato.services.oauth.issuer_table import built_in_issuers
from hato.services.settings_finder.candidate import Protocol
from tests.unit.oauth.issuer_server import Answer, IssuerServer

OAUTH = "/.well-known/oauth-authorization-server"
OPENID = "/.well-known/openid-configuration"


async def find(server: IssuerServer, address: str = "") -> Issuer:
    return await discover(address or server.issuer, ca_file=server.ca_file)


def metadata(server: IssuerServer) -> Answer:
    return Answer(200, json.dumps(server.metadata()).encode())


async def test_an_issuer_says_where_it_is_asked(issuer: IssuerServer) -> None:
    found = await find(issuer)
    assert found.token_endpoint == f"{issuer.origin}/token"
    assert found.device_authorization_endpoint == f"{issuer.origin}/devicecode"
    assert found.scopes == ("openid", "email", "offline_access")
    assert found.redirect == "http://127.0.0.1"
    assert not found.states_issuer


async def test_an_issuer_may_be_named_without_its_scheme_and_with_a_slash(
    issuer: IssuerServer,
) -> None:
    assert (
        await find(issuer, f"{issuer.origin.removeprefix('https://')}/")
    ).issuer == issuer.origin


@pytest.mark.parametrize("place", [f"{OAUTH}/realm", f"/realm{OPENID}", f"{OPENID}/realm"])
async def test_an_issuer_with_a_path_is_found_at_each_of_the_places(
    issuer: IssuerServer, place: str
) -> None:
    issuer.path = "/realm"
    if place != f"{OAUTH}/realm":
        issuer.overrides[f"{OAUTH}/realm"] = Answer(404, b"")
        issuer.overrides[place] = metadata(issuer)
    assert (await find(issuer)).token_endpoint == f"{issuer.origin}/realm/token"


async def test_who_calls_itself_otherwise_is_not_believed(issuer: IssuerServer) -> None:
    issuer.metadata_extras["issuer"] = "https://evil.example"
    with pytest.raises(IssuerUnfitError, match="calls itself by another name"):
        await find(issuer)


async def test_an_issuer_without_s256_is_refused(issuer: IssuerServer) -> None:
    issuer.metadata_extras["code_challenge_methods_supported"] = ["plain"]
    with pytest.raises(IssuerUnfitError, match="S256"):
        await find(issuer)


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://localhost/token",
        "https://user@localhost/token",
        "https:///token",
        "https://localhost/to ken",
        "https://localhost/token#x",
        "javascript:alert(1)",
        "https://localhost/" + "x" * 3_000,
        7,
        None,
    ],
)
@pytest.mark.parametrize("key", ["authorization_endpoint", "token_endpoint"])
async def test_an_endpoint_that_is_no_plain_https_address_is_refused(
    issuer: IssuerServer, key: str, endpoint: object
) -> None:
    issuer.metadata_extras[key] = endpoint
    with pytest.raises(IssuerUnfitError, match="does not say where it gives tokens"):
        await find(issuer)


@pytest.mark.parametrize("content", [b"", b"[]", b"<html>", b"[" * 60_000, b"\xff\xfe"])
async def test_what_is_no_metadata_is_told_in_one_sentence(
    issuer: IssuerServer, content: bytes
) -> None:
    issuer.overrides[OAUTH] = Answer(200, content)
    with pytest.raises(IssuerUnfitError, match="does not say where it gives tokens") as caught:
        await find(issuer)
    assert "トークンの取得先" in caught.value.in_language(Language.JAPANESE)


async def test_an_endless_answer_is_cut(issuer: IssuerServer) -> None:
    issuer.overrides[OAUTH] = Answer(200, b"x" * 1_000_000)
    with pytest.raises(IssuerBusyError, match="does not answer"):
        await find(issuer)


async def test_a_redirect_is_not_followed(issuer: IssuerServer) -> None:
    issuer.overrides[OAUTH] = Answer(302, b"", {"Location": f"{issuer.origin}/elsewhere"})
    with pytest.raises(IssuerUnfitError):
        await find(issuer)
    assert not issuer.requests_to("/elsewhere")


async def test_an_issuer_whose_certificate_nobody_knows_is_not_spoken_to(
    issuer: IssuerServer,
) -> None:
    with pytest.raises(IssuerBusyError, match=r"this machine does not trust.*--ca-file"):
        await discover(issuer.issuer)
    assert issuer.asked == []


async def test_an_issuer_with_a_certificate_for_another_name_is_not_spoken_to(
    issuer: IssuerServer,
) -> None:
    with pytest.raises(IssuerBusyError, match="its certificate is for another name"):
        await find(issuer, issuer.origin.replace("localhost", "127.0.0.1"))


async def test_a_port_where_nobody_listens_is_told(issuer: IssuerServer) -> None:
    with pytest.raises(IssuerBusyError, match=r"127\.0\.0\.1, which .* does not answer"):
        await find(issuer, "https://127.0.0.1:1")


@pytest.mark.parametrize("address", ["http://a.example", "https://", "a b", "https://a?b", ""])
async def test_what_is_no_address_is_told(address: str) -> None:
    with pytest.raises(InvalidInputError, match="no address of an issuer"):
        await discover(address)


async def test_an_organisations_own_issuer_keeps_what_the_table_knows(issuer: IssuerServer) -> None:
    row = built_in_issuers().by_id("microsoft")
    found = await discover(issuer.issuer, row=row, ca_file=issuer.ca_file)
    assert found.token_endpoint == f"{issuer.origin}/token"
    assert found.scopes == (
        "https://outlook.office.com/POP.AccessAsUser.All",
        "https://outlook.office.com/SMTP.Send",
        "offline_access",
    )
    assert found.redirect == "http://localhost"
    assert found.row_id == "microsoft"


def test_an_issuer_with_a_tenant_in_its_name_is_known_by_any_tenant() -> None:
    row = built_in_issuers().by_id("microsoft")
    assert row is not None
    microsoft = row.issuer_for(Protocol.POP3)
    assert microsoft.is_named("https://login.microsoftonline.com/9188040d-6c67-4c5b/v2.0")
    assert not microsoft.is_named("https://login.microsoftonline.com/a/b/v2.0")
    assert not microsoft.is_named("https://login.microsoftonline.com//v2.0")
    assert not microsoft.is_named("https://evil.example/v2.0")
