"""One poll of one source: connect, list, fetch what is new, delete what may go, say goodbye.

Called by schedules and by `hato fetch`, once for each poll.
Never deletes there what is not durable here; never fetches twice what is here; never stores a
message whose end was not read.
Standards: RFC 1939, RFC 2449 §6.5 and §6.6, RFC 8314 §3.
Fails never for what a server or a disk does: the outcome says what ended it. Cancelling is safe.
"""

from __future__ import annotations

from hato.core.clock import Clock
from hato.core.errors import HatoError
from hato.core.secret import Secret
from hato.net.dialled import Patience
from hato.services.delivery import DeliveryService
from hato.services.fetching.ledger_books import LedgerBooks
from hato.services.fetching.poll_outcome import Outcome, Stage, Tally
from hato.services.fetching.provider import open_mailbox
from hato.services.sources.source import Source
from hato.store.api import Account


async def fetch_round(  # noqa: PLR0913 - all that a poll needs, each by its name
    account: Account,
    source: Source,
    secret: Secret,
    *,
    delivery: DeliveryService,  # noqa: ARG001 - the fetching itself comes with the next change
    clock: Clock,  # noqa: ARG001 - as well
    tally: Tally,
    patience: Patience | None = None,
    wanted_whole: frozenset[bytes] = frozenset(),  # noqa: ARG001 - as well
    books: LedgerBooks | None = None,
) -> Outcome:
    """Poll one source of an account.

    `secret`: its password or access token. `tally` is kept up to date meanwhile.
    `wanted_whole`: unique-ids of messages that are fetched whole however large they are, and of
    those in quarantine that are to be tried now. `books`: ledgers remembered between polls by
    whoever polls often; None: nothing is remembered. Two polls of one source exclude each other
    (the outcome's error is InUseError).
    """
    books = books or LedgerBooks()
    method, on_server, delay = "", 0, None
    error: HatoError | None = None
    try:
        lock = await account.lock(f"fetch {source.source_id}")
        try:
            client, method = await open_mailbox(source, secret, tally, patience)
            tally.stage = Stage.LISTING
            listing = await client.list_messages()
            on_server = len(listing.sizes)
            if client.capabilities is not None:
                delay = client.capabilities.login_delay_seconds
            await client.quit()
        finally:
            await lock.release()
    except HatoError as fault:
        error = fault
    tally.stage = Stage.DONE
    return Outcome(on_server=on_server, login_delay_seconds=delay, method=method, error=error)
