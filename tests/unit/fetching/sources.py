"""A mail account elsewhere, as tests of fetching need one."""

from __future__ import annotations

from hato.services.settings_finder.candidate import Protocol, TlsMode
from hato.services.sources.source import Source

SOURCE = Source(
    source_id="abcdefgh",
    address="ada@provider.example",
    name="Provider",
    colour="#336699",
    added=1,
    protocol=Protocol.POP3,
    host="pop.provider.example",
    port=995,
    tls=TlsMode.IMPLICIT,
    login="ada@provider.example",
)
