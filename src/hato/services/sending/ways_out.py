"""From a letter's identity to an open conversation with its server: found, connected, logged in.

Called by the courier for each letter.
Never says a secret to a server that is not who it should be; never tries one again that was refused
as it is.
Standards: RFC 8314 §3.3, RFC 6749 §6 (a token that was refused is renewed once).
Fails with DialError, ConnectionLostError, InvalidInputError, NotFoundError and the errors of
`clients.errors` and `services.oauth`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import lru_cache
from hashlib import sha256
from typing import Final

import msgspec

from hato.clients.errors import WrongCredentialsError
from hato.clients.login import Identity as Login
from hato.clients.smtp import PATIENCE, SmtpClient, connect
from hato.core.clock import Clock
from hato.core.errors import InvalidInputError
from hato.core.language import Text
from hato.core.secret import Secret
from hato.net.outgoing_tls import Trust
from hato.services.oauth.access_token import access_token
from hato.services.sending.identities import Identities
from hato.services.sending.identity import Identity, Submission
from hato.services.sending.submission_finder import find_submission
from hato.services.settings_finder.candidate import Protocol, TlsMode
from hato.services.settings_finder.outside import Outside
from hato.services.settings_finder.way_in import identity_of, server_at
from hato.services.sources.source import Proof, Source
from hato.services.sources.sources import SECRET_KIND, Sources
from hato.store.api import Account

_NO_SERVER: Final = Text(
    en="No server is set by which letters of {address} leave: name one with "
    "`hato identity edit {address} --host HOST`.",
    ja="{address} のメールを送るサーバーが設定されていません。"
    "`hato identity edit {address} --host HOST` で指定してください。",
)
_TRUST_KEPT: Final = 16


class WayOut(msgspec.Struct, frozen=True):
    """Where letters of an identity leave, as the source's own settings would say it."""

    source: Source
    """With the submission server in the place of the one that is fetched from."""
    submission: Submission
    has_secret: bool


class WaysOut:
    """Opens conversations with submission servers, for the identities of one account."""

    def __init__(
        self,
        account: Account,
        sources: Sources,
        identities: Identities,
        clock: Clock,
        outside: Callable[[], Outside],
    ) -> None:
        """`outside`: made only where a server has to be looked for."""
        self._account = account
        self._sources = sources
        self.identities = identities
        self._clock = clock
        self._outside = outside

    async def find(self, identity: Identity) -> WayOut:
        """Return where an identity's letters leave; looked for, and kept, where that is not known.

        Raises InvalidInputError, and as a login does.
        """
        source, submission = await self.source_of(identity), identity.submission
        if identity.source_id is None:
            if submission is None:
                raise InvalidInputError(_NO_SERVER, address=identity.address)
            return WayOut(source, submission, has_secret=False)
        if submission is None:
            secret = await self._secret(source)
            submission = await find_submission(identity, source, secret, self._outside())
            await self.identities.change(identity.identity_id, submission=submission)
        return WayOut(_at(source, submission), submission, has_secret=bool(submission.login))

    async def source_of(self, identity: Identity) -> Source:
        """Return the source of an identity, or what stands for it. Raises NotFoundError."""
        if identity.source_id is not None:
            return await self._sources.find(identity.source_id)
        return _without_source(identity, identity.submission)

    async def mark_of(self, way: WayOut) -> str:
        """Return a mark of server, login and secret: it changes when the person changes them."""
        secret = await self._account.stored_object(SECRET_KIND, way.source.source_id)
        settings = msgspec.json.encode((way.submission, way.source.outdated))
        digest = sha256(settings + (secret.content if secret is not None else b""))
        return digest.hexdigest()[:16]

    async def open(self, way: WayOut) -> SmtpClient:
        """Connect and log in."""
        if not way.has_secret:
            return await self._connect(way)
        secret = await self._secret(way.source)
        try:
            return await self._logged_in(way, secret)
        except WrongCredentialsError:
            if way.source.proof is not Proof.OAUTH2:
                raise
        newer = await access_token(self._sources, way.source, self._clock, refused=secret)
        return await self._logged_in(way, newer)

    async def _logged_in(self, way: WayOut, secret: Secret) -> SmtpClient:
        """Connect and log in with this."""
        client = await self._connect(way)
        try:
            await client.log_in(_login_of(way, secret))
        except BaseException:
            client.close()
            raise
        return client

    async def _connect(self, way: WayOut) -> SmtpClient:
        submission = way.submission
        server = server_at(
            submission.host, submission.port, submission.tls, submission.pinned_sha256
        )
        trust = await asyncio.to_thread(_trust, submission.ca_file)
        return await connect(server, trust, patience=PATIENCE)

    async def _secret(self, source: Source) -> Secret:
        """Return the password, or a token that is good."""
        if source.proof is Proof.OAUTH2:
            return await access_token(self._sources, source, self._clock)
        return await self._sources.secret(source)


def _login_of(way: WayOut, secret: Secret) -> Login:
    is_token = way.source.proof is Proof.OAUTH2
    outdated = way.source.outdated
    return identity_of(way.submission.login, secret, is_token=is_token, outdated=outdated)


def _at(source: Source, submission: Submission) -> Source:
    """Return a source as if it were fetched from where its letters leave."""
    return msgspec.structs.replace(
        source, host=submission.host, port=submission.port, tls=submission.tls
    )


def _without_source(identity: Identity, known: Submission | None) -> Source:
    """Return what stands for the source of an identity that has none."""
    submission = known or Submission(host="", port=0, tls=TlsMode.NONE, login="")
    return Source(
        source_id=identity.identity_id,
        address=identity.address,
        name=identity.name,
        colour="",
        added=0,
        protocol=Protocol.SUBMISSION,
        host=submission.host,
        port=submission.port,
        tls=submission.tls,
        login=submission.login,
    )


@lru_cache(maxsize=_TRUST_KEPT)
def _trust(authorities_file: str) -> Trust:
    """Read whom we believe, once for many letters: it takes some 20 ms."""
    return Trust(authorities_file or None)
