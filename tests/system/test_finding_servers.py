"""`hato account add` and `hato check` find a provider: a DNS and web servers, all on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.fetching.maildrop import LOGIN, PASSWORD, Maildrop
from tests.fetching.provider import Provider
from tests.system.fixtures import ONLY_LINUX
from tests.system.people import Person
from tests.system.server_process import HATO, Certificates, HatoServer
from tests.unit.settings_finder.name_server import Zone, name_server

pytestmark = [pytest.mark.slow, ONLY_LINUX]

OWNER = Person("owner@example.org", "a home of one's own")
DOMAIN = "provider.example"
POP3_HOST = f"pop.{DOMAIN}"
AUTOCONFIG_HOST = f"autoconfig.{DOMAIN}"
DATABASE_HOST = "autoconfig.thunderbird.net"
"""Where the database of providers is; here it is this machine."""
LOOPBACK = ("127.0.0.0/8",)


class World:
    """A provider, a name server, a web server, and a Hato that asks them."""

    def __init__(self, folder: Path, zone: Zone, name_server: str) -> None:
        self.zone = zone
        self._name_server = name_server
        names = (POP3_HOST, AUTOCONFIG_HOST, DATABASE_HOST)
        self.certificates = Certificates(folder / "certificates")
        self.certificates.issue(*names)
        self.drop = Maildrop()
        self.provider = Provider(self.drop, self.certificates.server_context())
        self.hato = HatoServer(folder / "hato", self.certificates)
        self.hato.prepare()
        self.hato.add_person(OWNER)
        self.pages: dict[str, bytes] = {}
        """What the web server answers, by host and path."""
        self.asked: list[str] = []
        self._reach(LOOPBACK)

    def _reach(self, networks: tuple[str, ...]) -> None:
        """Let discovery ask our name server, and reach these networks besides the Internet."""
        self.hato.settings = {
            "discovery": {"dns_servers": [self._name_server], "reachable_networks": networks}
        }
        self.hato.write_settings()

    def reach_nothing_private(self) -> None:
        """Let it be as it is without any settings."""
        self._reach(())

    def page(self) -> bytes:
        """Return settings as a domain publishes them."""
        return (
            f'<clientConfig version="1.1"><emailProvider id="{DOMAIN}"><domain>{DOMAIN}</domain>'
            f'<incomingServer type="pop3"><hostname>{POP3_HOST}</hostname>'
            f"<port>{self.provider.port}</port><socketType>SSL</socketType>"
            "<username>%EMAILADDRESS%</username>"
            "<authentication>password-cleartext</authentication>"
            "</incomingServer></emailProvider></clientConfig>"
        ).encode()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Be a web server."""
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            (host,) = (line[6:] for line in lines if line.lower().startswith("host: "))
            where = host + lines[0].split()[1].partition("?")[0]
            self.asked.append(where)
            body = self.pages.get(where)
            status = "200 OK" if body is not None else "404 Not Found"
            length = len(body or b"")
            head = f"HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
            writer.write(head.encode() + (body or b""))
            await writer.drain()
        writer.close()

    async def run(self, *verb: str, piped: str = "") -> tuple[int, str, str]:
        """Run a verb in a process of its own."""
        process = await asyncio.create_subprocess_exec(
            *(str(HATO), "--config", str(self.hato.config_file), *verb),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={
                **os.environ,
                "LC_ALL": "C.UTF-8",
                "SSL_CERT_FILE": str(self.certificates.authority_file),
            },
        )
        out, err = await process.communicate(piped.encode())
        assert process.returncode is not None
        return process.returncode, out.decode(), err.decode()

    async def add(self, how: str = "--password-stdin") -> tuple[int, str]:
        """Add the account by its address alone; return the status and all that was said."""
        authority = str(self.certificates.authority_file)
        status, out, err = await self.run(
            *("account", "add", LOGIN, how, "--ca-file", authority),
            piped=f"{PASSWORD}\n",
        )
        return status, err + out

    async def added(self) -> list[Any]:
        """Return the accounts that there are."""
        _, out, _ = await self.run("account", "list", "--json")
        found: list[Any] = json.loads(out)
        return found


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with name_server({f"{POP3_HOST} A": ["127.0.0.1"]}) as (zone, address):
        found = await asyncio.to_thread(World, tmp_path, zone, address)
        with contextlib.closing(found.provider):
            yield found


@pytest.fixture
async def web(world: World) -> AsyncIterator[str]:
    """An address of this machine at which the web server answers on the port of HTTPS."""
    address = f"127.86.{random.SystemRandom().randrange(256)}.{os.getpid() % 254 + 1}"
    try:
        server = await asyncio.start_server(
            world.answer, address, 443, ssl=world.certificates.server_context()
        )
    except PermissionError:
        pytest.skip("this user may not listen on port 443")
    async with server:
        yield address


def name_by_srv(world: World) -> None:
    world.zone.rows[f"_pop3s._tcp.{DOMAIN} SRV"] = [f"0 1 {world.provider.port} {POP3_HOST}."]


async def require_added(world: World, said: tuple[int, str]) -> None:
    """See that the account that was found is the provider's, and that it was logged in to."""
    assert said[0] == 0, said[1]
    (row,) = await world.added()
    assert (row["address"], row["host"], row["port"]) == (LOGIN, POP3_HOST, world.provider.port)
    assert world.drop.asked("PASS") == [f"PASS {PASSWORD}"]
    assert PASSWORD not in said[1]


async def test_the_dns_names_the_server(world: World) -> None:
    name_by_srv(world)
    said = await world.add()
    await require_added(world, said)
    assert f"_pop3s._tcp.{DOMAIN} SRV" in world.zone.asked


@pytest.mark.parametrize("how", ["--password-stdin", "--oauth2"])
async def test_neither_password_nor_token_goes_to_a_stranger_whom_unsigned_dns_names(
    world: World, how: str
) -> None:
    stranger = "pop.stranger.example"
    world.zone.rows[f"_pop3s._tcp.{DOMAIN} SRV"] = [f"0 1 {world.provider.port} {stranger}."]
    world.zone.rows[f"{stranger} A"] = ["127.0.0.1"]
    status, said = await world.add(how)
    assert status == 1
    assert f"--host {stranger}" in said
    assert await world.added() == []
    assert not world.drop.asked("USER")


async def test_the_domain_publishes_its_settings(world: World, web: str) -> None:
    world.zone.rows[f"{AUTOCONFIG_HOST} A"] = [web]
    world.pages[f"{AUTOCONFIG_HOST}/mail/config-v1.1.xml"] = world.page()
    await require_added(world, await world.add())


async def test_the_database_of_providers_knows_the_domain(world: World, web: str) -> None:
    world.zone.rows[f"{DATABASE_HOST} A"] = [web]
    world.pages[f"{DATABASE_HOST}/v1.1/{DOMAIN}"] = world.page()
    await require_added(world, await world.add())
    assert all(LOGIN not in where for where in world.asked)


async def test_a_check_finds_what_adding_finds(world: World, web: str) -> None:
    world.zone.rows[f"{AUTOCONFIG_HOST} A"] = [web]
    world.pages[f"{AUTOCONFIG_HOST}/mail/config-v1.1.xml"] = world.page()
    status, out, err = await world.run("check", LOGIN, "--json")
    assert status == 0, err
    found = json.loads(out)
    assert (found["use"]["host"], found["use"]["port"]) == (POP3_HOST, world.provider.port)
    assert found["candidates"][0]["origin"] == "autoconfig"
    assert not world.drop.asked("USER")
    assert not world.drop.asked("PASS")


@pytest.mark.parametrize("verb", ["add", "check"])
async def test_what_is_found_in_a_private_network_is_not_reached(
    world: World, web: str, verb: str
) -> None:
    world.reach_nothing_private()
    name_by_srv(world)
    world.zone.rows[f"{AUTOCONFIG_HOST} A"] = [web]
    world.pages[f"{AUTOCONFIG_HOST}/mail/config-v1.1.xml"] = world.page()
    if verb == "add":
        status, said = await world.add()
        assert await world.added() == []
    else:
        status, out, err = await world.run("check", LOGIN)
        said = out + err
    assert status == 1, said
    assert "private" in said
    assert (world.provider.connections, world.asked) == (0, [])
    assert PASSWORD not in said
