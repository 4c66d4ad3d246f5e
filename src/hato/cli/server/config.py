"""`hato config check` and `hato config example`.

Called by `cli.program`.
Never changes anything.
Standards: RFC 8314 §3 for what is recommended.
Fails with one sentence about the first thing that is wrong.
"""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Final

import click

from hato.cli.desk import Desk
from hato.core.language import Text
from hato.core.settings import Settings
from hato.net.data_folder import check_data_folder

_LEAST_IDLE_SECONDS: Final = 600
_FINE: Final = Text(
    en="{path} is fine: data in {data}, {count} {count:address|addresses} to listen on.",
    ja="{path} は問題ありません。データは {data}、待ち受けアドレスは {count} 個です。",
)
_NOBODY_CAN_LOG_IN: Final = Text(
    en="But on pop3 nobody can log in: there is no certificate for STLS in [tls], and no address "
    "in [auth] allow_plaintext_from.",
    ja="ただし pop3 では誰もログインできません。[tls] に STLS 用の証明書がなく、"
    "[auth] allow_plaintext_from にもアドレスがありません。",
)
_ONLY_110: Final = Text(
    en="But pop3 without pop3s makes mail programs take the second choice: "
    "list port 995 in [listen] too.",
    ja="ただし pop3s がないとメールソフトは第二候補を使います。"
    "[listen] に 995 番も書いてください。",
)

_SHORT_IDLE: Final = Text(
    en="But idle_seconds in [limits] is under 600, the least that RFC 1939 §3 allows for POP3.",
    ja="ただし [limits] の idle_seconds が 600 未満です。RFC 1939 §3 では 600 以上です。",
)
_OPEN_DATA: Final = Text(
    en="But the data folder {path} is open to every local user: `chmod 700 {path}` closes it.",
    ja="ただしデータフォルダー {path} は誰でも開けます。`chmod 700 {path}` で閉じてください。",
)
_OPEN_KEY: Final = Text(
    en="But the TLS key {path} can be read by every local user: `chmod o-rwx {path}` ends that.",
    ja="ただし TLS の鍵 {path} は誰でも読めます。`chmod o-rwx {path}` で閉じてください。",
)

EXAMPLE: Final = """\
# Hato's configuration. Every line is optional unless it says otherwise; the values shown for
# what is commented out are the defaults. `hato config check` looks at it before you start.

# hostname = ""             # this server's name in greetings; empty: the machine's own
data = "/var/lib/hato"      # all mail, people and passwords: one folder to back up
# workers = 0               # processes; 0: one per core
# user = "hato"             # whom to become once the ports are bound, when started as root
# language = "en"           # of replies to those who have not chosen: en or ja

[tls]                       # PEM files; read again when they change
certificate = "/etc/hato/certificate.pem"
key = "/etc/hato/certificate.key"
# [[tls.names]]             # more certificates, chosen by the name that a client asks for
# certificate = "/etc/hato/other.pem"
# key = "/etc/hato/other.key"

[listen]                    # "address:port", "[address]:port"
pop3s = ["0.0.0.0:995", "[::]:995"]     # TLS from the first octet: the first choice (RFC 8314)
pop3 = ["0.0.0.0:110", "[::]:110"]      # no login before STLS
lmtp = ["unix:/run/hato/lmtp"]          # your MTA hands mail over here; or "127.0.0.1:24"

[auth]
# allow_plaintext_from = []   # addresses and networks that may log in without TLS, knowing it
# scram = true                # off while people with imported hashes have yet to log in once
# scram_plus = true           # off for a client that chooses -PLUS, fails, and tries no other
# apop = false                # APOP keeps recoverable secrets: only for clients that need it

[proxy]
# trusted = []                # load balancers that begin each connection with a PROXY header

[store]
# undelete_seconds = 1209600  # how long deleted mail can be brought back: 14 days
# segment_octets = 268435456  # a journal file is left for a new one when it is larger
# free_space_octets = 67108864  # below this much free disk, new mail is refused

[limits]                      # what they are for: src/hato/core/limits.py
# login_seconds = 60.0
# tls_handshake_seconds = 30.0
# idle_seconds = 600.0
# lmtp_idle_seconds = 300.0
# stalled_write_seconds = 120.0
# connections_per_address = 100    # of all workers together; IPv6: per /64
# connections_per_person = 20
# connections_total = 20000
# login_failures_per_minute = 10
# login_failures_per_day = 100
# failed_login_seconds = 1.0
# message_octets = 104857600
# recipients_per_message = 1000
# shutdown_seconds = 30.0

[discovery]                   # how the servers of accounts elsewhere are found
# dns_servers = []            # "address" or "address:port", instead of the system's
# reachable_networks = []     # private networks where discovery may look, like "10.0.0.0/8"

[log]
# level = "info"              # debug, info, warning, error
# format = "auto"             # text, json; auto: text on a terminal, JSON elsewhere
"""


@click.group(short_help="Check the configuration, or print an example.")
def config() -> None:
    """Check the configuration, or print an example."""


@config.command(short_help="Say what is wrong with the configuration, if anything.")
@click.option("--json", "as_json", is_flag=True, help="Print what is in force, as JSON.")
@click.pass_obj
def check(desk: Desk, *, as_json: bool) -> None:
    """Read the configuration and say what is wrong with it, if anything."""
    settings = desk.settings
    desk.ways.check(settings)
    # Not in `check`: whoever serves already, and only reads anew, is somebody, and is somewhere.
    check_data_folder(Path(settings.data), settings.user)
    if as_json:
        desk.print_json(settings)
        return
    listen = settings.listen
    count = sum(len(getattr(listen, name)) for name in listen.__struct_fields__)
    desk.say(_FINE, path=desk.path(), data=settings.data, count=count)
    for doubt in _doubts(settings):
        desk.say(doubt)


@config.command(short_help="Print a commented example.")
def example() -> None:
    """Print a complete, commented configuration."""
    click.echo(EXAMPLE, nl=False)


def _doubts(settings: Settings) -> list[Text]:
    """Return what works but is hardly meant."""
    doubts: list[Text] = []
    reachable = settings.tls.certificate or settings.auth.allow_plaintext_from
    if settings.listen.pop3 and not reachable:
        doubts.append(_NOBODY_CAN_LOG_IN)
    if settings.listen.pop3 and not settings.listen.pop3s:
        doubts.append(_ONLY_110)
    if settings.limits.idle_seconds < _LEAST_IDLE_SECONDS:
        doubts.append(_SHORT_IDLE)
    data = Path(settings.data)
    if data.exists() and data.stat().st_mode & stat.S_IRWXO:
        doubts.append(_OPEN_DATA.filled(path=data))
    keys = {settings.tls.key, *(name.key for name in settings.tls.names)} - {""}
    exposed = (key for key in sorted(keys) if Path(key).stat().st_mode & stat.S_IROTH)
    doubts += (_OPEN_KEY.filled(path=key) for key in exposed)
    return doubts
