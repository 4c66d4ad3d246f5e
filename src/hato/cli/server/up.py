"""`hato up`: try everything on loopback, with one command.

Called by `cli.program`; `scripts/up` builds the program first.
Never listens on an address that others can reach; never needs a configuration.
Standards: RFC 8314 §3 (implicit TLS first).
Fails with one sentence where a port or the folder cannot be used.
"""

from __future__ import annotations

import json
import os
import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
import msgspec

from hato.cli.desk import Desk
from hato.cli.server.demo_letters import demo_letters
from hato.core.errors import InvalidInputError
from hato.core.language import Language, Text
from hato.core.secret import Secret
from hato.core.settings import Settings
from hato.core.settings_file import read_settings
from hato.net.folder_claim import FolderServedError, claim_folder
from hato.net.listener import AddressInUseError
from hato.services.delivery_trace import Arrival
from hato.store.api import Store

if TYPE_CHECKING:  # cryptography takes time to load that help does not need
    from hato.net.own_certificate import OwnCertificate

DOMAIN: Final = "example.org"
NAME: Final = f"demo@{DOMAIN}"
PORTS: Final = {"pop3": 110, "pop3s": 995, "lmtp": 24}
_HIGHEST_OFFSET: Final = 65_535 - max(PORTS.values())

_HOW_TO_CONNECT: Final = Text(
    en="""\
Hato is up on this machine, with a demo person and {count} {count:letter|letters} in her mailbox.

  login     {name}
  password  {password}
  POP3      localhost port {pop3s}, TLS from the first octet (first choice)
            localhost port {pop3}, STLS
  LMTP      localhost port {lmtp}, for an MTA on this machine
  trust     {authority}
            (a certificate authority made for this folder: give it to your mail program)

Read the first letter:
  curl --cacert {authority} --user {name}:{password} pop3s://localhost:{pop3s}/1

The same as JSON: {up_json}     Stop with Ctrl-C.""",
    ja="""\
鳩がこのマシンで動いています。お試し用の人と {count} 通の手紙があります。

  ログイン名  {name}
  パスワード  {password}
  POP3        localhost の {pop3s} 番、最初から TLS(おすすめ)
              localhost の {pop3} 番、STLS
  LMTP        localhost の {lmtp} 番、このマシンの MTA 用
  信頼する CA {authority}
              (このフォルダー用に作った認証局です。メールソフトに渡してください)

最初の手紙を読む:
  curl --cacert {authority} --user {name}:{password} pop3s://localhost:{pop3s}/1

同じ内容の JSON: {up_json}     止めるには Ctrl-C。""",
)
_NOT_OURS: Final = Text(
    en="{path} is a configuration of your own, which `hato up` does not touch: "
    "name another folder with --data, or start it with `hato serve`.",
    ja="{path} は自分で書いた設定なので `hato up` は変えません。"
    "--data で別のフォルダーを選ぶか、`hato serve` で動かしてください。",
)
_UP_ALREADY: Final = Text(
    en="Hato is up on {path} already: {up_json} says how to reach it. "
    "Stop that one first, or name another folder with --data and other ports with --port-offset.",
    ja="鳩は {path} でもう動いています。接続方法は {up_json} にあります。"
    "先にそれを止めるか、--data で別のフォルダー、--port-offset で別のポートを選んでください。",
)
_PORT_TAKEN: Final = Text(
    en="{text} is in use by another program: choose other ports with --port-offset.",
    ja="{text} は既に別のプログラムが使っています。--port-offset で別のポートを選んでください。",
)
_MARK: Final = "# Written by `hato up`, anew at every start."
_READY: Final = Text(
    en="ready: POP3 with TLS on localhost:{pop3s}", ja="ready: localhost:{pop3s} で POP3 (TLS)"
)


class UpFacts(msgspec.Struct, frozen=True):
    """What `up.json` holds: all that a client or a test needs."""

    host: str
    ports: dict[str, int]
    ca_file: str
    name: str
    password: str
    config: str
    data: str


@click.command(short_help="Try everything on this machine, with one command.")
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("hato-data"),
    show_default=True,
    help="The folder that holds everything; kept from run to run.",
)
@click.option(
    "--port-offset",
    type=click.IntRange(0, _HIGHEST_OFFSET),
    default=11_000,
    show_default=True,
    help="Ports are this plus the standard port: 11000 gives 11995 for POP3 over TLS.",
)
@click.pass_obj
def up(desk: Desk, data: Path, port_offset: int) -> int:
    """Try everything on loopback: a demo person with letters, a certificate, a server.

    Prints how to connect, writes the same to DATA/up.json, and serves until stopped.
    """
    folder = data.resolve()
    config = folder / "hato.toml"
    if config.exists() and not config.read_text("utf-8", "replace").startswith(_MARK):
        raise InvalidInputError(_NOT_OURS, path=config)
    try:
        with claim_folder(folder / "mail"):
            return _up(desk, folder, port_offset)
    except FolderServedError as fault:
        raise InvalidInputError(_UP_ALREADY, path=folder, up_json=folder / "up.json") from fault
    except AddressInUseError as fault:
        raise InvalidInputError(_PORT_TAKEN, text=fault.address.text) from fault


def _up(desk: Desk, folder: Path, port_offset: int) -> int:
    """Prepare a folder that is ours, and serve it."""
    from hato.net.own_certificate import make_own_certificate

    config = folder / "hato.toml"
    certificate = make_own_certificate(folder / "tls", int(time.time()))
    ports = {service: port_offset + port for service, port in PORTS.items()}
    config.write_text(_toml(folder, certificate, ports), encoding="utf-8")
    settings = read_settings(config)
    password = _known_password(folder / "up.json")
    facts = UpFacts(
        host="localhost",
        ports=ports,
        ca_file=str(certificate.authority),
        name=NAME,
        password=password or secrets.token_urlsafe(9),
        config=str(config),
        data=str(folder),
    )
    _write_private(folder / "up.json", msgspec.json.format(msgspec.json.encode(facts), indent=2))
    count = desk.run(_prepare(desk, settings, facts.password, is_new=password is None))
    return desk.ways.serve(settings, config, lambda: _announce(desk, facts, count))


def _announce(desk: Desk, facts: UpFacts, count: int) -> None:
    """Say how to connect, then that everything is ready."""
    desk.say(
        _HOW_TO_CONNECT,
        count=count,
        name=facts.name,
        password=facts.password,
        authority=facts.ca_file,
        up_json=Path(facts.data) / "up.json",
        **facts.ports,
    )
    desk.say(_READY, **facts.ports)


def _toml(folder: Path, certificate: OwnCertificate, ports: dict[str, int]) -> str:
    """Return a configuration for loopback; a JSON string is a TOML string too."""
    lines = [
        _MARK,
        'hostname = "localhost"',
        f"data = {json.dumps(str(folder / 'mail'))}",
        "[tls]",
        f"certificate = {json.dumps(str(certificate.certificate))}",
        f"key = {json.dumps(str(certificate.key))}",
        "[listen]",
        *(f'{name} = ["127.0.0.1:{port}"]' for name, port in ports.items()),
    ]
    return "\n".join(lines) + "\n"


def _known_password(file: Path) -> str | None:
    """Return the password that the demo person has had, if that is known."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=UpFacts).password
    except (OSError, msgspec.MsgspecError):
        return None


async def _prepare(desk: Desk, settings: Settings, password: str, *, is_new: bool) -> int:
    """Add the demo person with her letters, once; return how many letters she has."""
    desk.ways.has_store(settings)  # what is left of one must not get a new one in its place
    store = await desk.ways.open_store(settings)
    try:
        accounts = desk.ways.accounts(store, settings)
        person = await store.directory.find_person(NAME)
        if person is None:
            if DOMAIN not in await store.directory.domains():
                await accounts.add_domain(DOMAIN)
            person = await accounts.add_person(NAME, Secret(password))
            await _deliver_letters(desk, store, settings)
        elif is_new:
            await accounts.set_password(NAME, Secret(password))
        account = await store.account(person.account_id)
        return len(await account.snapshot(account.inbox))
    finally:
        await store.close()


async def _deliver_letters(desk: Desk, store: Store, settings: Settings) -> None:
    """Let the demo letters come in by the door that all mail comes in by."""
    delivery = desk.ways.delivery(store, settings)
    languages = (Language.ENGLISH, Language.JAPANESE)
    for number, letter in enumerate(demo_letters(languages, NAME), 1):
        parcel = delivery.begin(f"hato@{DOMAIN}", Arrival("", f"demo-{number}"))
        await parcel.recipient(NAME)
        await parcel.write(letter)
        for fault in await parcel.finish():
            if fault is not None:
                raise fault


def _write_private(file: Path, content: bytes) -> None:
    """Write a file that only its owner can read, from its first octet on."""
    new = file.with_suffix(".new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(content + b"\n")
    new.replace(file)
