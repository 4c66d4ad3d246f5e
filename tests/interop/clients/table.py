"""The mail programs that read the corpus: add one here, and every common test runs it.

Used by the common tests.
Never names a server.
Standards: none.
Fails never.
"""

from __future__ import annotations

from tests.interop.clients.account import Client
from tests.interop.clients.curl import CURL
from tests.interop.clients.fdm import FDM
from tests.interop.clients.fetchmail import FETCHMAIL
from tests.interop.clients.getmail import GETMAIL
from tests.interop.clients.libraries import PERL, PYTHON, RUBY
from tests.interop.clients.mpop import MPOP
from tests.interop.clients.neomutt import NEOMUTT
from tests.interop.clients.s_nail import S_NAIL

CLIENTS: tuple[Client, ...] = (
    CURL,
    MPOP,
    FETCHMAIL,
    GETMAIL,
    NEOMUTT,
    S_NAIL,
    FDM,
    PERL,
    RUBY,
    PYTHON,
)
