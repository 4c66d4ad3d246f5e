"""fetchmail: hands each message to a delivery program, which keeps it in a file.

Called through `clients.table` and by the tests of fetchmail.
Never sends mail: without bounces, and to a program instead of an SMTP server.
Standards: RFC 1939 §7.
Fails with ProgramError.
"""

from __future__ import annotations

import getpass
import re
from collections.abc import Sequence
from pathlib import Path

from tests.interop.clients.account import HOST, Client, MailAccount
from tests.interop.comparison import files_in
from tests.interop.programs import run, write_keeper, write_private

NO_MAIL = 1
"""The exit status that says: nothing new."""

_ENVELOPE_LINE = re.compile(rb"^From .*\r\n", re.MULTILINE)


def fetch(account: MailAccount, folder: Path, *, keeps_on_server: bool = True) -> list[bytes]:
    """One run; what was fetched in an earlier run in the same folder is not fetched again."""
    keeper = write_keeper(folder)
    settings = write_private(
        folder / "fetchmailrc",
        f"""
set no bouncemail
set no spambounce
set invisible
set idfile "{folder}/ids"
set pidfile "{folder}/pid"
poll {HOST} service {account.port} protocol POP3 uidl bad-header accept
  user "{account.person.address}" password "{account.person.password}"
  is "{getpass.getuser()}" here
  {"" if account.uses_stls else "ssl"} sslproto "TLS1.2+" sslcertck
  sslcertfile "{account.authority_file}" sslcertpath "{folder}/nothing"
  {"keep" if keeps_on_server else "no keep"}
  no rewrite pass8bits no stripcr
  mda "{keeper}"
""",
    )
    run(
        ["fetchmail", "--silent", "--fetchmailrc", str(settings)],
        folder,
        more={"FETCHMAILHOME": str(folder)},
        statuses=(0, NO_MAIL),
    )
    return files_in(folder / "kept")


def keep(letters: Sequence[bytes]) -> list[bytes]:
    """Header lines that begin with `From ` are left out; a header ends with an empty line."""
    return [_kept(letter) for letter in letters]


def _kept(letter: bytes) -> bytes:
    header, empty_line, body = letter.partition(b"\r\n\r\n")
    header = header if empty_line else header.removesuffix(b"\r\n")
    return _ENVELOPE_LINE.sub(b"", header + b"\r\n") + b"\r\n" + body


FETCHMAIL = Client("fetchmail", ("fetchmail",), fetch, keep)
