"""`hato identity …`: who a person is when she writes, and by which server her letters leave.

Called by `cli.program`; one file for each verb.
Never shows a secret; never keeps a server by which nobody logged in.
Standards: none.
Fails with one sentence about the identity or its server.
"""

from __future__ import annotations

import click

from hato.cli.lazy_group import LazyGroup

_VERBS = {
    "list": "hato.cli.writing.identity_list:list_identities",
    "edit": "hato.cli.writing.identity_edit:edit",
}


@click.group(cls=LazyGroup, places=_VERBS, short_help="See and change who you are when you write.")
def identity() -> None:
    """Names, addresses and signatures to write as, and the servers that letters leave by."""
