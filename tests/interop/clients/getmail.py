"""getmail6: reads each message into Python's email package and writes out what that made of it.

Called through `clients.table` and by the tests of getmail.
Never uses STLS: getmail6 cannot.
Standards: RFC 1939 §7.
Fails with ProgramError.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.interop.clients.account import HOST, IMPLICIT_TLS, Client, MailAccount
from tests.interop.comparison import files_in
from tests.interop.programs import interpreter_of, run, write_keeper, write_private

_MADE_BOUNDARY = re.compile(rb"={15}[0-9]{19}==")
"""What the email package makes up where a multipart message has no boundary: never the same."""

_UNTIL_GETMAIL_SLEEPS = """
if [ ! -r "/proc/$PPID/stat" ]; then exec sleep 1; fi
while read -r _ _ state _ < "/proc/$PPID/stat" && [ "$state" != S ]; do :; done
"""

_MEMORY = "/dev/shm"
"""Where getmail's temporary files cost no writing: it insists on each being on the disk."""

_REWRITE = """
import email.parser, json, sys
written = []
for letter in json.load(sys.stdin):
    parsed = email.parser.BytesParser().parsebytes(letter.encode("latin-1"))
    sender = parsed["Return-Path"]
    del parsed["Return-Path"]
    octets = parsed.as_bytes(policy=parsed.policy.clone(linesep="\\n"))
    written.append("Return-Path: " + sender + "\\n" + octets.decode("latin-1"))
json.dump(written, sys.stdout)
"""


def fetch(account: MailAccount, folder: Path, *, keeps_on_server: bool = True) -> list[bytes]:
    """One run; what was fetched in an earlier run in the same folder is not fetched again.

    Where a delivery program ends before getmail begins to wait for it, getmail waits for minutes
    and gives up: ours ends when getmail sleeps.
    """
    keeper = write_keeper(folder, _UNTIL_GETMAIL_SLEEPS)
    write_private(
        folder / "getmailrc",
        f"""
[retriever]
type = SimplePOP3SSLRetriever
server = {HOST}
port = {account.port}
ca_certs = {account.authority_file}
username = {account.person.address}
password = {account.person.password}
[destination]
type = MDA_external
path = {keeper}
allow_root_commands = true
[options]
verbose = 0
read_all = false
delete = {"false" if keeps_on_server else "true"}
delivered_to = false
received = false
""",
    )
    run(
        ["getmail", f"--getmaildir={folder}", "--rcfile=getmailrc"],
        folder,
        more={"TMPDIR": _MEMORY} if Path(_MEMORY).is_dir() else {},
    )
    return [_MADE_BOUNDARY.sub(b"boundary", letter) for letter in files_in(folder / "kept")]


def keep(letters: Sequence[bytes]) -> list[bytes]:
    """What the email package writes (RFC 5322 in its own words), `Return-Path` once and first."""
    texts = [letter.replace(b"\r\n", b"\n").decode("latin-1") for letter in letters]
    with TemporaryDirectory() as folder:
        written = run(
            [interpreter_of("getmail"), "-c", _REWRITE],
            Path(folder),
            standard_input=json.dumps(texts).encode(),
        )
    octets = [text.encode("latin-1") for text in json.loads(written)]
    return [_MADE_BOUNDARY.sub(b"boundary", letter) for letter in octets]


GETMAIL = Client("getmail6", ("getmail",), fetch, keep, services=(IMPLICIT_TLS,))
