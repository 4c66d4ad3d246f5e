"""What the settings finder and the provider doctor need of the world, in one handful.

Made by the composition root and by tests; handed to `finder`, `login_test` and `services.doctor`.
Never asks anything by itself.
Standards: none.
Fails with InvalidInputError for a network, a DNS server or a provider table that does not fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import msgspec

from hato.core.addresses import Networks
from hato.net.dial import MayReach, Resolve, ask_system
from hato.net.dialled import Patience
from hato.net.outgoing_tls import Trust
from hato.services.settings_finder.dns_lookup import DnsLookup
from hato.services.settings_finder.https_fetch import HttpsFetch
from hato.services.settings_finder.provider_table import ProviderTable, read_provider_table
from hato.services.settings_finder.public_addresses import is_public


class Outside(msgspec.Struct, frozen=True, kw_only=True):
    """The ways to the DNS, the web and mail servers, and what is known already."""

    dns: DnsLookup
    https: HttpsFetch
    table: ProviderTable
    may_reach: MayReach
    """Judges the addresses of hosts that were discovered; those that the person names may be
    anywhere."""
    resolve: Resolve = ask_system
    patience: Patience = Patience()
    authorities_file: str = ""
    """Whom mail servers are believed by; empty: the system's authorities."""

    def trust(self, authorities_file: str = "") -> Trust:
        """Return whom to believe; `authorities_file`: what the person says for one server.

        Raises InvalidInputError.
        """
        return _trust(authorities_file or self.authorities_file or None)


@cache
def _trust(authorities_file: str | None) -> Trust:
    return Trust(authorities_file)


def open_outside(
    *,
    dns_servers: Sequence[str] = (),
    reachable_networks: Sequence[str] = (),
    providers_file: Path | None = None,
) -> Outside:
    """Make the ways that an operator wants. Raises InvalidInputError.

    `dns_servers`: instead of the system's. `reachable_networks`: private ones that discovery may
    reach, such as a company's own. `providers_file`: rows over Hato's own.
    """
    dns = DnsLookup(dns_servers)
    own = Networks(reachable_networks)

    def may_reach(address: str) -> bool:
        return is_public(address) or address in own

    resolve = dns.endpoints if dns.has_own_servers else ask_system
    return Outside(
        dns=dns,
        https=HttpsFetch(resolve=resolve, may_reach=may_reach),
        table=read_provider_table(providers_file),
        may_reach=may_reach,
        resolve=resolve,
    )
