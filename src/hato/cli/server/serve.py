"""`hato serve`: the real thing, from hato.toml.

Called by `cli.program`.
Never prints `ready` before every listener of every worker accepts connections.
Standards: none.
Fails with one sentence where the configuration, a certificate or a port is unusable.
"""

from __future__ import annotations

import click

from hato.cli.desk import Desk
from hato.core.language import Text

_READY = Text(en="ready: Hato serves {places}", ja="ready: 鳩は {places} で待っています")


@click.command(short_help="Serve mail, as hato.toml says.")
@click.pass_obj
def serve(desk: Desk) -> int:
    """Serve mail until stopped. Prints a line that begins with `ready` once everybody can connect.

    SIGTERM stops gracefully, SIGHUP reads the configuration and the certificates again.
    """
    settings = desk.settings
    desk.ways.has_store(settings)  # what is left of one must not get a new one in its place
    listen = settings.listen
    places = ", ".join(
        f"{name} {address}"
        for name in listen.__struct_fields__
        for address in getattr(listen, name)
    )
    return desk.ways.serve(settings, desk.path(), lambda: desk.say(_READY, places=places))
