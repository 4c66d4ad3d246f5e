"""One poll of one source with all that belongs to it: secret, mail, outputs, health.

Called by the fetching service and by `hato fetch`.
Never polls a source that somebody else polls; never tries a secret again that was refused, unless
its person says so.
Standards: RFC 6749 §6 (a token that was refused is renewed once).
Fails never: the report says what happened; a bug is logged and reported.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Final

import msgspec

from hato.clients.errors import BusyError, WrongCredentialsError
from hato.core.clock import Clock
from hato.core.errors import HatoError, InUseError, NotFoundError
from hato.core.ids import EmailId
from hato.core.language import Text
from hato.core.log import log
from hato.core.secret import Secret
from hato.services.delivery import DeliveryService
from hato.services.fetching.advice import Advice, Cure, advise
from hato.services.fetching.fetch_round import fetch_round
from hato.services.fetching.health import health_after, read_health, write_health
from hato.services.fetching.ledger_books import LedgerBooks, letters_not_whole
from hato.services.fetching.outputs import OutputReport, Outputs
from hato.services.fetching.poll_outcome import Outcome, Stage, Tally
from hato.services.fetching.provider_facts import ProviderFacts
from hato.services.fetching.timetable import Result
from hato.services.oauth.access_token import access_token
from hato.services.sources.source import KIND, Proof, Source
from hato.services.sources.sources import SECRET_KIND, Sources
from hato.store.api import Account

_NOTHING: Final = Outcome()
_HOOK_FAILED: Final = Text(
    en="The mail of {address} is here, but its command failed for a message ({reason}): it is not "
    "run again for that one.",
    ja="{address} のメールは届いていますが、一通についてコマンドが失敗しました({reason})。"
    "その一通には再び実行しません。",
)
_MAILDIR_FAILED: Final = Text(
    en="The mail of {address} is here, but its Maildir cannot be written ({reason}): it is tried "
    "again at the next poll.",
    ja="{address} のメールは届いていますが、Maildir に書けません({reason})。次回もう一度試します。",
)


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a poll."""

    outcome: Outcome = _NOTHING
    advice: Advice | None = None
    """What is wrong; None: nothing."""
    outputs: OutputReport = OutputReport()
    mark: str = ""
    """Of the settings and the secret that were used; empty: nobody came so far."""
    was_elsewhere: bool = False
    """Somebody else was polling it."""

    @property
    def result(self) -> Result:
        """What the next poll goes by."""
        error = self.outcome.error
        told = error.wait_seconds if isinstance(error, BusyError) else None
        return Result(
            self.advice.cure if self.advice is not None else None,
            told or 0,
            self.outcome.login_delay_seconds or 0,
        )


class SourcePolls:
    """Polls sources, and remembers between polls what makes the next one cheap."""

    def __init__(
        self,
        delivery: DeliveryService,
        sources_of: Callable[[Account], Sources],
        clock: Clock,
        facts: ProviderFacts,
    ) -> None:
        """`sources_of` returns the sources of an account."""
        self._delivery = delivery
        self._sources_of = sources_of
        self._clock = clock
        self._books = LedgerBooks()
        self.wants_whole = False
        """Whether letters with a note in their place are fetched whole, however large."""
        self.whole_letters: frozenset[EmailId] = frozenset()
        """Of those only the ones with these notes; empty: all."""
        self._outputs = Outputs()
        self.facts = facts

    async def poll(
        self, account: Account, source: Source, tally: Tally, *, lock_seconds: float = 0.0
    ) -> Report:
        """Poll a source once, and keep how it fares where that changed."""
        try:
            lock = await account.lock(f"source:{source.source_id}", lock_seconds)
        except InUseError as fault:
            return Report(advice=advise(fault, source), was_elsewhere=True)
        except HatoError as fault:
            return Report(advice=advise(fault, source))
        try:
            # It may have waited long: the secret that is kept now is for the settings of now.
            source = await self._sources_of(account).by_id(source.source_id)
            return await self._poll(account, source, tally)
        except HatoError as fault:
            return Report(advice=advise(fault, source))
        finally:
            tally.stage = Stage.DONE
            await lock.release()

    async def _poll(self, account: Account, source: Source, tally: Tally) -> Report:
        """Do it, while nobody else does."""
        mark, outcome, outputs = "", _NOTHING, OutputReport()
        error: Exception | None = None
        try:
            mark = await mark_of(account, source)
            await self._outputs.begin(account, source)
            outcome = await self._fetch(account, source, tally)
            error = outcome.error
            outputs = await self._outputs.run(account, source)
            if source.proof is Proof.OAUTH2:  # a token renewed meanwhile is what was used
                mark = await mark_of(account, source)
        except HatoError as fault:
            error = error or fault
        except Exception as fault:  # noqa: BLE001 - one source's fault must not stop the others
            log.error("fault", fault=fault, source=source.source_id, doing="fetching")
            error = error or fault
        steps = self.facts.steps(source.provider_id)
        advice = None
        if error is not None:
            times_cut = outcome.cut_within_one_letter if error is outcome.error else 0
            advice = advise(error, source, steps, times_cut=times_cut)
        await self._note(account, source, advice or _advice_of_outputs(outputs, source), mark)
        return Report(outcome=outcome, advice=advice, outputs=outputs, mark=mark)

    async def _fetch(self, account: Account, source: Source, tally: Tally) -> Outcome:
        """Fetch, with a token that is good. Raises as whoever keeps the secret does."""
        sources = self._sources_of(account)
        if source.proof is Proof.PASSWORD:
            return await self._round(account, source, await sources.secret(source), tally)
        token = await access_token(sources, source, self._clock)
        outcome = await self._round(account, source, token, tally)
        if isinstance(outcome.error, WrongCredentialsError):
            newer = await access_token(sources, source, self._clock, refused=token)
            outcome = await self._round(account, source, newer, tally)
        return outcome

    async def _round(
        self, account: Account, source: Source, secret: Secret, tally: Tally
    ) -> Outcome:
        wanted_whole: frozenset[bytes] = frozenset()
        if self.wants_whole:
            wanted_whole = await letters_not_whole(account, source.source_id, self.whole_letters)
        return await fetch_round(
            account,
            source,
            secret,
            delivery=self._delivery,
            clock=self._clock,
            tally=tally,
            wanted_whole=wanted_whole,
            books=self._books,
        )

    async def _note(
        self, account: Account, source: Source, advice: Advice | None, mark: str
    ) -> None:
        """Keep how a source fares, where that changed and the source is still there."""
        try:
            before = await read_health(account, source.source_id)
            health = health_after(before, advice, self._clock.now(), mark)
            if health is None or await account.stored_object(KIND, source.source_id) is None:
                return
            await write_health(account, source.source_id, health)
        except HatoError as fault:
            log.warning("health-not-kept", source=source.source_id, reason=str(fault))
        else:
            log.info(
                "source",
                source=source.source_id,
                account=account.account_id,
                state=health.state,
                code=health.code,
                words=advice.words if advice else "",
            )


async def mark_of(account: Account, source: Source) -> str:
    """Return a mark of the settings and the secret with which a source is polled.

    It changes with the host, the login, the secret …; not with how the source is shown.
    Raises NotFoundError where the source was removed.
    """
    if await account.stored_object(KIND, source.source_id) is None:
        message = f"{source.address} was removed"
        raise NotFoundError(message)
    secret = await account.stored_object(SECRET_KIND, source.source_id)
    shown = {"name": "", "colour": "", "poll_seconds": 0, "is_in_unified_inbox": True}
    settings = msgspec.json.encode(msgspec.structs.replace(source, **shown))
    digest = sha256(settings + (secret.content if secret is not None else b"")).hexdigest()
    return digest[:16]


async def is_refused(account: Account, source: Source) -> bool:
    """Tell whether a server refused exactly this secret with these settings."""
    health = await read_health(account, source.source_id)
    return (
        health is not None
        and health.refused != ""
        and health.refused == await mark_of(account, source)
    )


def _advice_of_outputs(outputs: OutputReport, source: Source) -> Advice | None:
    """Tell what is wrong with a command or a Maildir."""
    for code, text, reason in (
        ("maildir-failed", _MAILDIR_FAILED, outputs.maildir_fault),
        ("hook-failed", _HOOK_FAILED, outputs.hook_fault),
    ):
        if reason:
            sentence = text.filled(address=source.address, reason=reason)
            return Advice(code, Cure.HERE, sentence, words=reason)
    return None
