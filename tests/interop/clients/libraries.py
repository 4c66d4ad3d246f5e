"""The POP3 libraries of Perl, Ruby and Python, each through a script that keeps files.

Called through `clients.table`.
Never the library of the Python that runs these tests in its process: a script is what people run.
Standards: RFC 1939 §7, RFC 2595 §4.
Fails with ProgramError.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

from tests.interop.clients.account import HOST, IMPLICIT_TLS, Client, MailAccount, as_served
from tests.interop.comparison import files_in
from tests.interop.programs import run

_SCRIPTS = Path(__file__).with_name("scripts")


def fetch(account: MailAccount, folder: Path, *, interpreter: str, script: str) -> list[bytes]:
    """Run one of the scripts."""
    kept = folder / "kept"
    kept.mkdir(exist_ok=True)
    run(
        [
            *(interpreter, str(_SCRIPTS / script), account.service, HOST, str(account.port)),
            *(str(account.authority_file), account.person.address, account.person.password),
            str(kept),
        ],
        folder,
    )
    return files_in(kept)


PERL = Client(
    "Net::POP3 (Perl)",
    ("perl",),
    partial(fetch, interpreter="perl", script="net_pop3.pl"),
    as_served,
    proof=("perl", "-MNet::POP3", "-MIO::Socket::SSL", "-e", "1"),
)
RUBY = Client(
    "Net::POP3 (Ruby)",
    ("ruby",),
    partial(fetch, interpreter="ruby", script="net_pop3.rb"),
    as_served,
    services=(IMPLICIT_TLS,),
    proof=("ruby", "-rnet/pop", "-ropenssl", "-e", "1"),
)
PYTHON = Client(
    "poplib (Python)",
    (),
    partial(fetch, interpreter=sys.executable, script="poplib_reader.py"),
    as_served,
    asks_for_utf8=True,
)
