"""neomutt: fetches the mailbox into a Maildir, at a terminal as a person would.

Called through `clients.table`.
Never is asked but for a certificate that it does not trust, and rejects that.
Standards: RFC 1939 §7.
Fails with ProgramError.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.interop.clients.account import HOST, Client, MailAccount, with_lf_up_to_nul
from tests.interop.comparison import maildir, make_maildir
from tests.interop.programs import run, write_private

_AT_A_TERMINAL = Path(__file__).parent / "scripts" / "at_a_terminal.py"


def fetch(account: MailAccount, folder: Path) -> list[bytes]:
    """Start, fetch, quit; log in with USER and PASS, see README.md."""
    kept = make_maildir(folder / "kept")
    settings = write_private(
        folder / "neomuttrc",
        f"""
set mbox_type=Maildir
set folder="{folder}"
set spool_file="{kept}"
set record="" mbox="" move=no
set ssl_force_tls=yes ssl_starttls=yes ssl_verify_host=yes
set ssl_ca_certificates_file="{account.authority_file}"
set certificate_file=""
set pop_host="{"pop" if account.uses_stls else "pops"}://{HOST}:{account.port}"
set pop_user="{account.person.address}"
set pop_pass="{account.person.password}"
set pop_delete=no pop_last=no pop_check_interval=0
set quit=yes wait_key=no sleep_time=0 confirm_append=no
""",
    )
    run(
        [
            *(sys.executable, str(_AT_A_TERMINAL), "neomutt", "-n", "-F", str(settings)),
            *("-e", "push <fetch-mail><quit>"),
        ],
        folder,
    )
    return maildir(kept)


NEOMUTT = Client("neomutt", ("neomutt",), fetch, with_lf_up_to_nul)
