"""From an address to candidates: the whole way, with DNS and web servers on loopback."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hato.core.errors import InvalidInputError
from hato.services.settings_finder.candidate import Origin, Protocol, TlsMode
from hato.services.settings_finder.finder import search, usual_names
from hato.services.settings_finder.findings import Named
from hato.services.settings_finder.outside import Outside, open_outside
from hato.services.settings_finder.provider_table import BUILT_IN
from hato.services.settings_finder.providers_file import find_providers_file
from tests.unit.net.raw_server import Authority, raw_server, silence
from tests.unit.settings_finder.name_server import name_server, outside_at

SETTINGS = """<clientConfig version="1.1"><emailProvider id="x">
<incomingServer type="pop3"><hostname>pop.%EMAILDOMAIN%</hostname><port>995</port>
<socketType>SSL</socketType><username>%EMAILLOCALPART%</username>
<authentication>password-cleartext</authentication></incomingServer>
</emailProvider></clientConfig>"""


@contextlib.asynccontextmanager
async def world(
    folder: Path, rows: dict[str, list[str]], page: str | None = None
) -> AsyncIterator[tuple[Outside, list[str]]]:
    """Open a world whose web servers all answer `page`; yields it and what they were asked for."""
    asked: list[str] = []

    async def web(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        host = head.partition("Host: ")[2].partition("\r\n")[0]
        asked.append(host + head.split()[1])
        status = "404 Not Found" if page is None else "200 OK"
        body = page or ""
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
        await writer.drain()

    authority = Authority(folder)
    names = ("autoconfig.thunderbird.net", "example.org", "*.example.org")
    async with name_server(rows) as (_, server), raw_server(web, authority.server(*names)) as port:
        outside = outside_at(
            server, table=BUILT_IN, authorities=folder / "authority.pem", https_port=port
        )
        yield outside, asked


async def test_what_the_table_is_sure_of_nobody_is_asked_about(tmp_path: Path) -> None:
    async with world(tmp_path, {}) as (outside, asked):
        found = await search("Somebody@gmail.com", outside=outside)
    assert [(one.host, one.port, one.origin) for one in found.candidates] == [
        ("pop.gmail.com", 995, Origin.TABLE),
        ("imap.gmail.com", 993, Origin.TABLE),
    ]
    assert found.provider is not None
    assert found.provider.id == "gmail"
    assert asked == []


async def test_a_protocol_that_a_provider_does_not_have_is_told(tmp_path: Path) -> None:
    async with world(tmp_path, {}) as (outside, asked):
        found = await search("me@icloud.com", outside=outside, wanted=Protocol.POP3)
    assert found.candidates == []
    assert "no POP3 server" in found.notes[0].en
    assert asked == []


async def test_the_dns_names_servers(tmp_path: Path) -> None:
    rows = {
        "_pop3s._tcp.example.org SRV": ["0 1 995 mail.example.org."],
        "_submissions._tcp.example.org SRV": ["0 1 465 mail.example.org."],
    }
    async with world(tmp_path, rows) as (outside, _):
        found = await search("me@example.org", outside=outside)
    assert [(one.host, one.port, one.origin) for one in found.candidates] == [
        ("mail.example.org", 995, Origin.SERVICE_RECORD)
    ]
    assert not found.candidates[0].needs_consent
    assert [one.port for one in found.outgoing] == [465]
    assert "names 2 mail servers" in found.notes[0].en


async def test_an_unsigned_record_that_leads_to_a_stranger_needs_consent(tmp_path: Path) -> None:
    rows = {"_pop3s._tcp.example.org SRV": ["0 1 995 mail.stranger.example."]}
    async with world(tmp_path, rows) as (outside, _):
        (found,) = (await search("me@example.org", outside=outside)).candidates
    assert found.needs_consent


async def test_the_domain_publishes_settings_and_alone_learns_the_address(tmp_path: Path) -> None:
    rows = {
        "autoconfig.example.org A": ["127.0.0.1"],
        "example.org A": ["127.0.0.1"],
        "autoconfig.thunderbird.net A": ["127.0.0.1"],
    }
    async with world(tmp_path, rows, SETTINGS) as (outside, asked):
        (found,) = (await search("me@example.org", outside=outside)).candidates
    assert (found.host, found.port, found.origin) == (
        "pop.example.org",
        995,
        Origin.AUTOCONFIG,
    )
    assert usual_names(found, "me@example.org") == ("me",)
    assert sorted(asked) == [
        "autoconfig.example.org/mail/config-v1.1.xml?emailaddress=me%40example.org",
        "autoconfig.thunderbird.net/v1.1/example.org",
        "example.org/.well-known/autoconfig/mail/config-v1.1.xml",
    ]


async def test_mail_exchangers_show_the_provider_and_the_person_is_asked(tmp_path: Path) -> None:
    rows = {"example.org MX": ["1 aspmx.l.google.com."]}
    async with world(tmp_path, rows) as (outside, _):
        found = await search("me@example.org", outside=outside)
    assert [(one.host, one.origin) for one in found.candidates] == [
        ("pop.gmail.com", Origin.MAIL_EXCHANGER),
        ("imap.gmail.com", Origin.MAIL_EXCHANGER),
    ]
    assert all(one.needs_consent for one in found.candidates)
    assert found.provider is not None


async def test_the_database_knows_who_runs_an_exchanger(tmp_path: Path) -> None:
    rows = {
        "example.org MX": ["1 mx1.hoster.example."],
        "autoconfig.thunderbird.net A": ["127.0.0.1"],
    }
    page = SETTINGS.replace("pop.%EMAILDOMAIN%", "pop.hoster.example")
    async with world(tmp_path, rows, page) as (outside, asked):
        # The first page is about the domain itself: take it away.
        rows.pop("autoconfig.thunderbird.net A")
        found = await search("me@example.org", outside=outside)
        assert found.candidates == []
        rows["autoconfig.thunderbird.net A"] = ["127.0.0.1"]
        found = await search("me@example.org", outside=outside)
    assert [one.host for one in found.candidates] == ["pop.hoster.example"]
    assert asked == ["autoconfig.thunderbird.net/v1.1/example.org"]


async def test_where_nobody_says_anything_usual_names_are_tried(tmp_path: Path) -> None:
    async with world(tmp_path, {"example.org TXT": ["no mail"]}) as (outside, _):
        found = await search("me@example.org", outside=outside)
    assert found.candidates == []
    assert "Usual names were tried" in found.notes[-1].en


async def test_nobody_answers_at_all_and_each_note_says_so(tmp_path: Path) -> None:
    async with name_server({}) as (zone, server):
        zone.is_silent = True
        outside = outside_at(server)
        outside.dns._seconds = 0.05
        found = await search("me@example.org", outside=outside)
    assert found.candidates == []
    assert "did not answer" in found.notes[0].en
    assert all(note.en and note.ja for note in found.notes)


async def test_a_host_that_the_person_names_may_be_anywhere_and_nobody_is_asked(
    tmp_path: Path,
) -> None:
    async with world(tmp_path, {}) as (outside, asked):
        found = (
            await search(
                "me@example.org",
                outside=outside,
                wanted=Protocol.POP3,
                named=Named(host="10.1.2.3"),
            )
        ).candidates
    assert [(one.host, one.port, one.tls, one.origin) for one in found] == [
        ("10.1.2.3", 995, TlsMode.IMPLICIT, Origin.NAMED),
        ("10.1.2.3", 110, TlsMode.STARTTLS, Origin.NAMED),
    ]
    assert asked == []


async def test_a_server_of_her_own_keeps_what_is_known_of_its_provider(tmp_path: Path) -> None:
    named = Named(host="sv123.xserver.jp")
    async with world(tmp_path, {}) as (outside, _):
        findings = await search("jo@name.xsrv.jp", outside=outside, named=named)
    assert findings.provider is not None
    assert {one.provider_id for one in findings.candidates} == {findings.provider.id}


async def test_clear_text_only_where_the_person_says_so(tmp_path: Path) -> None:
    async with world(tmp_path, {}) as (outside, _):
        (found,) = (
            await search(
                "me@example.org",
                outside=outside,
                wanted=Protocol.POP3,
                named=Named(host="localhost", port=11110, tls=TlsMode.NONE),
            )
        ).candidates
    assert (found.port, found.tls) == (11110, TlsMode.NONE)


async def test_a_named_port_is_tried_each_way_where_it_is_no_usual_one(tmp_path: Path) -> None:
    async with world(tmp_path, {}) as (outside, _):
        found = (
            await search(
                "me@example.org",
                outside=outside,
                wanted=Protocol.POP3,
                named=Named(host="localhost", port=11995),
            )
        ).candidates
    assert [(one.port, one.tls) for one in found] == [
        (11995, TlsMode.IMPLICIT),
        (11995, TlsMode.STARTTLS),
    ]


async def test_a_login_name_that_the_person_says_is_the_only_one(tmp_path: Path) -> None:
    named = Named(host="mail.example.org", login="x0815")
    async with world(tmp_path, {}) as (outside, _):
        found = (await search("me@example.org", outside=outside, named=named)).candidates
    assert usual_names(found[0], "me@example.org", named) == ("x0815",)
    assert usual_names(found[0], "me@example.org") == ("me@example.org", "me")


async def test_a_guess_is_kept_where_a_port_answers_with_a_right_certificate(
    tmp_path: Path,
) -> None:
    authority = Authority(tmp_path)
    rows = {"pop.example.org A": ["127.0.0.1"], "mail.example.org A": ["127.0.0.1"]}
    async with (
        name_server(rows) as (_, server),
        raw_server(silence, authority.server("pop.example.org")) as port,
    ):
        outside = outside_at(server, authorities=tmp_path / "authority.pem", every_port=port)
        found = (await search("me@example.org", outside=outside)).candidates
    encrypted = [one.host for one in found if one.tls is TlsMode.IMPLICIT]
    assert encrypted == ["pop.example.org"]
    assert all(one.origin is Origin.GUESS for one in found)


@pytest.mark.parametrize("text", ["", "me", "me@", "@example.org", "me@exa mple", "me@-x.org"])
async def test_what_is_no_address_is_told(tmp_path: Path, text: str) -> None:
    async with name_server({}) as (_, server):
        with pytest.raises(InvalidInputError, match="no mail address"):
            await search(text, outside=outside_at(server))


async def test_what_is_no_host_is_told() -> None:
    async with name_server({}) as (_, server):
        with pytest.raises(InvalidInputError, match="neither a host name"):
            await search("me@example.org", outside=outside_at(server), named=Named(host="http://x"))


def test_operators_add_rows_beside_their_configuration(tmp_path: Path) -> None:
    config = tmp_path / "hato.toml"
    assert find_providers_file(config) is None
    rows = tmp_path / "providers.toml"
    rows.write_text(
        """[[provider]]
id = "ours"
name = { en = "Our own", ja = "自社" }
domains = ["corp.example.org"]
servers = [{ protocol = "pop3", host = "pop.corp.example.org", port = 995, tls = "implicit" }]
user_name = ["local_part"]
methods = ["password"]
sources = ["the operator's own"]
checked = 2026-11-24
confirmed = true
"""
    )
    assert find_providers_file(config) == rows
    outside = open_outside(providers_file=rows, dns_servers=["127.0.0.1"])
    row = outside.table.for_domain("corp.example.org")
    assert row is not None
    assert row.id == "ours"
    assert outside.table.for_domain("gmail.com") is not None


def test_discovery_reaches_private_networks_only_where_the_operator_says_so() -> None:
    outside = open_outside(reachable_networks=["10.0.0.0/8"], dns_servers=["127.0.0.1"])
    judged = {one: outside.may_reach(one) for one in ("10.1.2.3", "192.168.1.1", "193.0.6.139")}
    assert judged == {"10.1.2.3": True, "192.168.1.1": False, "193.0.6.139": True}
