"""What a port that the person named speaks: TLS first or clear text, and which protocol.

Called by the provider doctor for ports that are not the usual ones.
Never waits for silence to decide: TLS is tried first, and a server that speaks clear text says so.
Standards: RFC 1939 §4, RFC 3501 §7.1, RFC 5321 §4.2 (how greetings begin).
Fails with None where nobody answers, or nothing that is known here.
"""

from __future__ import annotations

import asyncio
import hashlib
from typing import Final

from hato.core.errors import HatoError
from hato.net.dial import MayReach, dial
from hato.net.dial_errors import DialError, DialFault
from hato.net.dialled import Dialled, Patience
from hato.net.outgoing_tls import Trust
from hato.services.settings_finder.candidate import Protocol, TlsMode
from hato.services.settings_finder.outside import Outside
from hato.services.settings_finder.probe import PATIENCE
from hato.services.settings_finder.service_records import PROBES, Probe

_BEGINNINGS: Final = (
    (b"+OK", Protocol.POP3),
    (b"-ERR", Protocol.POP3),
    (b"* ", Protocol.IMAP),
    (b"220", Protocol.SUBMISSION),
    (b"421", Protocol.SUBMISSION),
    (b"554", Protocol.SUBMISSION),
)
_GREETING_OCTETS: Final = 4


async def detect(
    host: str,
    port: int,
    *,
    outside: Outside,
    trust: Trust,
    may_reach: MayReach | None,
    patience: Patience = PATIENCE,
) -> Probe | None:
    """Return what a port speaks: by its number where that is a usual one, or by listening."""
    usual = next((probe for probe in PROBES if probe.port == port), None)
    if usual is not None:
        return usual
    pinned: bytes | None = None
    mode = TlsMode.IMPLICIT
    for _ in range(2):
        try:
            async with asyncio.timeout(patience.total_seconds):
                dialled = await dial(
                    host,
                    port,
                    trust=trust if mode is TlsMode.IMPLICIT else None,
                    pinned_sha256=pinned,
                    patience=patience,
                    may_reach=may_reach,
                    resolve=outside.resolve,
                )
                protocol = await _listen(dialled)
        except DialError as fault:
            if fault.certificate is not None:
                pinned = hashlib.sha256(fault.certificate).digest()
            elif fault.fault is DialFault.NO_TLS:
                mode = TlsMode.STARTTLS
            else:
                return None
        except (TimeoutError, HatoError):
            return None
        else:
            return None if protocol is None else Probe(port, protocol, mode)
    return None


async def _listen(dialled: Dialled) -> Protocol | None:
    """Tell a protocol by how its greeting begins."""
    heard = b""
    try:
        while len(heard) < _GREETING_OCTETS and (data := await dialled.read()):
            heard += data
    finally:
        dialled.close()
    return next((protocol for begin, protocol in _BEGINNINGS if heard.startswith(begin)), None)
