"""What the provider doctor says of real servers on loopback, whatever is wrong with them."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from hato.core.errors import InvalidInputError
from hato.core.language import Language
from hato.services.doctor.as_data import as_data
from hato.services.doctor.conclusion import Conclusion, conclude
from hato.services.doctor.examination import Examination, examine
from hato.services.doctor.port_words import details, heading
from hato.services.doctor.standing import Standing, standing_of
from hato.services.settings_finder.candidate import Protocol
from hato.services.settings_finder.provider_table import BUILT_IN
from tests.unit.net.raw_server import Authority, raw_server, silence
from tests.unit.settings_finder.mail_servers import MailServer
from tests.unit.settings_finder.name_server import QUICK, name_server, outside_at, outside_here

POP3_LOGINS = ("USER", "SASL PLAIN")
OAUTH2 = ("USER", "SASL XOAUTH2 OAUTHBEARER")  # as Dovecot says it


@contextlib.asynccontextmanager
async def servers(*places: tuple[MailServer, ssl.SSLContext | None]) -> AsyncIterator[list[int]]:
    async with contextlib.AsyncExitStack() as stack:
        yield [await stack.enter_async_context(raw_server(*place)) for place in places]


async def check(folder: Path, *ports: int) -> tuple[Examination, Conclusion]:
    examination = await examine(
        "localhost",
        outside=outside_here(),
        ports=ports,
        authorities_file=str(folder / "authority.pem"),
        patience=QUICK,
    )
    return examination, conclude(examination)


def said(conclusion: Conclusion, language: Language = Language.ENGLISH) -> str:
    return "\n".join(one.in_language(language) for one in (*conclusion.why, *conclusion.changes))


def told(examination: Examination) -> str:
    provider = examination.provider
    return "\n".join(
        text.en
        for report in examination.ports
        for text in (heading(report), *details(report, provider, is_account=True))
    )


async def test_pop3_with_tls_from_the_start_is_the_choice(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    context = authority.server()
    plain = MailServer(Protocol.POP3, ("STLS",), POP3_LOGINS, upgrade=context)
    async with servers(
        (MailServer(Protocol.IMAP, after=("AUTH=PLAIN",)), context),
        (plain, None),
        (MailServer(Protocol.POP3, after=POP3_LOGINS), context),
    ) as ports:
        examination, conclusion = await check(tmp_path, *ports)
    assert conclusion.use is not None
    assert conclusion.use.port == ports[2]
    assert "TLS from the start" in conclusion.why[0].en
    assert "collects the mail" in said(conclusion)
    assert conclusion.changes == []
    assert "trusted" in told(examination)
    assert "Your account can log in by PLAIN, USER (with the password)" in told(examination)


async def test_starttls_is_the_choice_where_there_is_no_other(tmp_path: Path) -> None:
    context = Authority(tmp_path).server()
    server = MailServer(Protocol.POP3, ("STLS",), POP3_LOGINS, upgrade=context)
    async with servers((server, None)) as ports:
        _, conclusion = await check(tmp_path, *ports)
    assert conclusion.use is not None
    assert "STARTTLS required" in conclusion.why[0].en


async def test_only_oauth2(tmp_path: Path) -> None:
    context = Authority(tmp_path).server()
    async with servers((MailServer(Protocol.POP3, after=OAUTH2), context)) as ports:
        examination, conclusion = await check(tmp_path, *ports)
    assert standing_of(examination.ports[0]) is Standing.OAUTH2_ONLY
    assert conclusion.use is not None
    assert "OAuth2 only" in said(conclusion)
    assert "OAuth2 だけ" in said(conclusion, Language.JAPANESE)


async def test_no_tls_at_all(tmp_path: Path) -> None:
    Authority(tmp_path)
    async with servers((MailServer(Protocol.POP3, POP3_LOGINS), None)) as ports:
        examination, conclusion = await check(tmp_path, *ports)
    assert conclusion.use is None
    assert standing_of(examination.ports[0]) is Standing.NO_TLS
    assert "sends no password" in said(conclusion)
    assert "switch TLS on" in said(conclusion)
    assert "could read the password" in told(examination)


async def test_an_offer_that_is_hidden(tmp_path: Path) -> None:
    context = Authority(tmp_path).server()
    server = MailServer(Protocol.POP3, ("TOP",), POP3_LOGINS, upgrade=context)
    async with servers((server, None)) as ports:
        examination, conclusion = await check(tmp_path, *ports)
    assert "hides the offer" in told(examination)
    assert "hiding STARTTLS" in said(conclusion)


async def test_words_put_in_before_tls(tmp_path: Path) -> None:
    Authority(tmp_path)
    answers = {"STLS": b"+OK\r\n+OK injected\r\n"}
    server = MailServer(Protocol.POP3, ("STLS",), answers=answers)
    async with servers((server, None)) as ports:
        examination, conclusion = await check(tmp_path, *ports)
    assert conclusion.use is None
    assert standing_of(examination.ports[0]) is Standing.MEDDLED_WITH
    assert "do not log in here" in said(conclusion)


@pytest.mark.parametrize(
    ("name", "days", "verdict", "change"),
    [
        ("localhost", (-20, -10), "it has expired", "must be renewed"),
        ("other.example.org", (-1, 1), "it is not for localhost", "other.example.org"),
    ],
)
async def test_wrong_certificates(
    tmp_path: Path, name: str, days: tuple[int, int], verdict: str, change: str
) -> None:
    context = Authority(tmp_path).server(name, days=days)
    async with servers((MailServer(Protocol.POP3, after=POP3_LOGINS), context)) as ports:
        examination, conclusion = await check(tmp_path, *ports)
    assert conclusion.use is None
    assert f"NOT trusted: {verdict}" in told(examination)
    assert change in said(conclusion)
    assert "Your account can" not in told(examination)


async def test_only_imap_can_be_used(tmp_path: Path) -> None:
    context = Authority(tmp_path).server()
    async with servers((MailServer(Protocol.IMAP, after=("AUTH=PLAIN",)), context)) as ports:
        _, conclusion = await check(tmp_path, *ports)
    assert conclusion.use is None
    assert "Only IMAP" in said(conclusion)


async def test_passwords_that_are_taken_before_tls_too(tmp_path: Path) -> None:
    context = Authority(tmp_path).server()
    server = MailServer(Protocol.POP3, ("STLS", "USER"), POP3_LOGINS, upgrade=context)
    async with servers((server, None)) as ports:
        _, conclusion = await check(tmp_path, *ports)
    assert conclusion.use is not None
    assert "takes passwords before TLS" in said(conclusion)


async def test_no_method_that_can_be_used(tmp_path: Path) -> None:
    context = Authority(tmp_path).server()
    async with servers((MailServer(Protocol.POP3, after=("SASL GSSAPI",)), context)) as ports:
        _, conclusion = await check(tmp_path, *ports)
    assert conclusion.use is None
    assert "no login method" in said(conclusion)


async def test_a_port_that_speaks_nothing_known(tmp_path: Path) -> None:
    Authority(tmp_path)
    async with raw_server(silence) as port:
        examination, conclusion = await check(tmp_path, port)
    assert examination.unknown_ports == [port]
    assert str(port) in said(conclusion)


async def test_an_address_is_examined_at_the_servers_that_its_domain_names(
    tmp_path: Path,
) -> None:
    authority = Authority(tmp_path)
    rows = {
        "pop.example.org A": ["127.0.0.1"],
        "_pop3s._tcp.example.org SRV": ["0 1 995 pop.example.org."],
    }
    server = MailServer(Protocol.POP3, after=POP3_LOGINS)
    async with (
        name_server(rows) as (_, dns),
        raw_server(server, authority.server("pop.example.org")) as port,
    ):
        outside = outside_at(dns, every_port=port, authorities=tmp_path / "authority.pem")
        examination = await examine("me@example.org", outside=outside, patience=QUICK)
    conclusion = conclude(examination)
    assert conclusion.use is not None
    assert (conclusion.use.host, conclusion.use.port) == ("pop.example.org", 995)
    assert "me" not in "".join(server.heard).split()
    data = as_data(examination, conclusion, Language.ENGLISH)
    assert data["candidates"][0]["origin"] == "service_record"
    assert msgspec.json.encode(data)


async def test_what_the_table_knows_of_a_provider_is_told(tmp_path: Path) -> None:
    async with name_server({}) as (_, dns):
        outside = outside_at(dns, table=BUILT_IN)
        examination = await examine("me@gmail.com", outside=outside, patience=QUICK)
    conclusion = conclude(examination)
    assert conclusion.use is None
    assert "No mail port answers" in said(conclusion)
    assert "app password" in said(conclusion)
    assert "アプリ パスワード" in said(conclusion, Language.JAPANESE)


async def test_with_an_app_password_only(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    server = MailServer(Protocol.POP3, after=("USER", "SASL PLAIN XOAUTH2"))
    async with (
        name_server({"pop.gmail.com A": ["127.0.0.1"]}) as (_, dns),
        raw_server(server, authority.server("pop.gmail.com")) as port,
    ):
        outside = outside_at(
            dns, table=BUILT_IN, every_port=port, authorities=tmp_path / "authority.pem"
        )
        examination = await examine("me@gmail.com", outside=outside, patience=QUICK)
    assert "PLAIN, XOAUTH2, USER (with an app password, with OAuth2)" in told(examination)


async def test_a_host_of_a_known_provider_is_known() -> None:
    async with name_server({}) as (_, dns):
        outside = outside_at(dns, table=BUILT_IN)
        examination = await examine("pop.gmail.com", outside=outside, patience=QUICK)
    assert examination.provider is not None
    assert examination.provider.id == "gmail"
    assert "app password" in said(conclude(examination))


@pytest.mark.parametrize("text", ["", "http://mail.example.org", "two words", "-x.example"])
async def test_what_is_neither_host_nor_address_is_told(text: str) -> None:
    with pytest.raises(InvalidInputError, match="neither a host nor"):
        await examine(text, outside=outside_here())
