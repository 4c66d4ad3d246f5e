"""curl: each message by its number, over one connection.

Called through `clients.table`.
Never asks for what is not there: LIST says how many messages there are.
Standards: RFC 1939 §7.
Fails with ProgramError.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.interop.clients.account import HOST, Client, MailAccount, as_served
from tests.interop.comparison import files_in
from tests.interop.programs import run


def curl(account: MailAccount, folder: Path, path: str, *options: str) -> str:
    """Run curl with the URL of `path` in a mailbox; return what it wrote."""
    person = account.person
    return run(
        [
            *("curl", "-sS", "--fail-early", "--ssl-reqd", "--cacert", str(account.authority_file)),
            *("--user", f"{person.address}:{person.password}", *options),
            f"{account.service}://{HOST}:{account.port}/{path}",
        ],
        folder,
    )


def fetch(account: MailAccount, folder: Path, options: Sequence[str] = ()) -> list[bytes]:
    """LIST, then RETR of each."""
    count = len(curl(account, folder, "", *options).splitlines())
    kept = folder / "kept"
    kept.mkdir(exist_ok=True)
    if count:
        curl(account, folder, f"[1-{count}]", "--output", f"{kept}/#1", *options)
    return files_in(kept)


CURL = Client("curl", ("curl",), fetch, as_served)
