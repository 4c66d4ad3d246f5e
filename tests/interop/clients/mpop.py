"""mpop: pipelining, SCRAM, a memory of UIDLs; keeps mail in a Maildir.

Called through `clients.table` and by the tests of mpop.
Never trusts anybody but the authority that it is told.
Standards: RFC 1939 §7, RFC 2449 §6.6, RFC 5034 §4.
Fails with ProgramError.
"""

from __future__ import annotations

from pathlib import Path

from tests.interop.clients.account import HOST, Client, MailAccount, with_lf
from tests.interop.comparison import maildir, make_maildir
from tests.interop.programs import run, write_private


def fetch(
    account: MailAccount,
    folder: Path,
    *,
    auth: str = "on",
    pipelining: str = "auto",
    keeps_on_server: bool = True,
) -> list[bytes]:
    """One run; what was fetched in an earlier run in the same folder is not fetched again."""
    kept = make_maildir(folder / "kept")
    settings = write_private(
        folder / "mpoprc",
        f"""
account test
host {HOST}
port {account.port}
tls on
tls_starttls {"on" if account.uses_stls else "off"}
tls_trust_file {account.authority_file}
auth {auth}
user {account.person.address}
password "{account.person.password}"
pipelining {pipelining}
keep {"on" if keeps_on_server else "off"}
received_header off
uidls_file {folder}/uidls
delivery maildir {kept}
""",
    )
    run(["mpop", f"--file={settings}", "--quiet", "test"], folder)
    return maildir(kept)


MPOP = Client("mpop", ("mpop",), fetch, with_lf)
