"""fdm: sorts all mail into one Maildir.

Called through `clients.table`.
Never trusts anybody but the authority that it is told: OpenSSL's own variable names it.
Standards: RFC 1939 §7.
Fails with ProgramError.
"""

from __future__ import annotations

import getpass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.interop.clients.account import HOST, Client, MailAccount, with_lf_up_to_nul
from tests.interop.comparison import maildir, make_maildir
from tests.interop.programs import run, write_private


def fetch(account: MailAccount, folder: Path) -> list[bytes]:
    """One run."""
    kept = make_maildir(folder / "kept")
    person = account.person
    settings = write_private(
        folder / "fdm.conf",
        f"""
set lock-file "{folder}/lock"
set default-user "{getpass.getuser()}"
set file-umask user
set no-received
set verify-certificates
account "test" {account.service} server "{HOST}" port {account.port}
  user "{person.address}" pass "{person.password}" {"starttls" if account.uses_stls else ""} keep
action "keep" maildir "{kept}"
match all action "keep"
""",
    )
    with TemporaryDirectory() as public:
        # Started by root, fdm becomes somebody else before it reads whom to trust.
        Path(public).chmod(0o755)
        trusted = Path(public, "authority.pem")
        trusted.write_bytes(account.authority_file.read_bytes())
        run(
            ["fdm", "-f", str(settings), "fetch"],
            folder,
            more={"SSL_CERT_FILE": str(trusted), "SSL_CERT_DIR": public},
        )
    return maildir(kept)


FDM = Client("fdm", ("fdm",), fetch, with_lf_up_to_nul)
