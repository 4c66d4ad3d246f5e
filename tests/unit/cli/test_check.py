"""`hato check` as a person types it: an address, found by DNS; and what is no server at all."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

from hato.services.settings_finder.candidate import Protocol
from tests.unit.net.raw_server import Authority, raw_server
from tests.unit.settings_finder.mail_servers import MailServer
from tests.unit.settings_finder.name_server import name_server

HATO = str(Path(sys.executable).with_name("hato"))


async def check(folder: Path, dns: str, *words: str, more: str = "") -> tuple[int, str]:
    config = folder / "hato.toml"
    config.write_text(
        f'data = "{folder / "data"}"\n[discovery]\ndns_servers = ["{dns}"]\n'
        f'reachable_networks = ["127.0.0.0/8"]\n{more}'
    )
    process = await asyncio.create_subprocess_exec(
        HATO,
        "check",
        "--config",
        str(config),
        *words,
        env={
            **os.environ,
            "LC_ALL": "C.UTF-8",
            "SSL_CERT_FILE": str(folder / "authority.pem"),
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode or 0, (out or err).decode()


async def test_an_address_is_looked_up_and_its_server_looked_at(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    server = MailServer(Protocol.POP3, after=("USER", "SASL PLAIN"))
    rows = {"pop.example.org A": ["127.0.0.1"]}
    async with (
        name_server(rows) as (_, dns),
        raw_server(server, authority.server("pop.example.org")) as port,
    ):
        rows["_pop3s._tcp.example.org SRV"] = [f"0 1 {port} pop.example.org."]
        status, said = await check(tmp_path, dns, "me@example.org")
        json_status, data = await check(tmp_path, dns, "me@example.org", "--json")
    assert status == json_status == 0, said
    assert "The DNS of example.org names 1 mail server (SRV)." in said
    assert f"Use POP3 on pop.example.org, port {port}, TLS from the start." in said
    assert "Your account can log in by PLAIN, USER (with the password)." in said
    found: dict[str, Any] = json.loads(data)
    assert found["use"]["port"] == port
    assert found["candidates"][0]["origin"] == "service_record"
    assert {line.split()[0] for line in server.heard} <= {"CAPA", "QUIT"}


async def test_a_domain_without_any_server(tmp_path: Path) -> None:
    Authority(tmp_path)
    async with name_server({}) as (_, dns):
        status, said = await check(tmp_path, dns, "me@example.org")
    assert status == 1
    assert "No mail port answers" in said


async def test_an_operators_row_is_known(tmp_path: Path) -> None:
    Authority(tmp_path)
    (tmp_path / "providers.toml").write_text(
        """[[provider]]
id = "ours"
name = { en = "Our company", ja = "自社" }
domains = ["example.org"]
servers = [{ protocol = "pop3", host = "pop.example.org", port = 995, tls = "implicit" }]
user_name = ["local_part"]
methods = ["app_password"]
steps = [{ en = "Ask the help desk for a password.", ja = "窓口で受け取ります。" }]
sources = ["the operator's own"]
checked = 2026-11-24
confirmed = true
"""
    )
    async with name_server({}) as (_, dns):
        _, said = await check(tmp_path, dns, "me@example.org")
    assert "Our company stands in Hato's table of providers." in said
    assert "Ask the help desk for a password." in said


async def test_what_is_neither_host_nor_address(tmp_path: Path) -> None:
    Authority(tmp_path)
    async with name_server({}) as (_, dns):
        status, said = await check(tmp_path, dns, "http://mail.example.org/")
    assert status == 1
    assert said.splitlines()[-1].startswith("'http://mail.example.org/' is neither a host nor")
