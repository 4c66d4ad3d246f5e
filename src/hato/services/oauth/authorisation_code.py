"""Asking a person in her browser, and taking the answer that the browser brings.

Called by the command line, once for each authorisation.
Never takes an answer that is not one to this very question; never sends the verifier but to the
token endpoint.
Standards: RFC 6749 §4.1, RFC 7636 §4 (S256 only), RFC 8252 §7.3, RFC 9207 §2.4.
Fails with NotAuthorisedError, ClientRefusedError, IssuerBusyError, and as the token endpoint does.
"""

from __future__ import annotations

import hmac
import secrets
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from hato.core import limits
from hato.core.clock import Clock
from hato.core.language import Text
from hato.core.secret import Secret
from hato.services.oauth.errors import (
    ClientRefusedError,
    IssuerBusyError,
    NotAuthorisedError,
    TokenRefusedError,
)
from hato.services.oauth.issuer import Issuer
from hato.services.oauth.token_endpoint import ask_for_tokens, fit, tokens_of
from hato.services.oauth.tokens import Client, Tokens

_FIELDS: Final = 32
"""Fields that an answer may have; there are four that count."""

_SAID_NO: Final = Text(
    en="The authorisation was refused at {issuer} ({words}): say yes there, with the account "
    "{address}.",
    ja="{issuer} で認可が拒否されました({words})。{address} のアカウントで許可してください。",
)
_CANNOT: Final = Text(
    en="{issuer} refuses to ask for an authorisation ({words}): check the client id, its redirect "
    "address and its permissions at the provider.",
    ja="{issuer} が認可の要求を受け付けません({words})。クライアント ID、リダイレクト先、"
    "許可をプロバイダーで確かめてください。",
)
_TROUBLE: Final = Text(
    en="{issuer} has trouble of its own ({words}): try again in a while.",
    ja="{issuer} 側で問題が起きています({words})。しばらくしてからやり直してください。",
)
_OTHER_ANSWER: Final = Text(
    en="That is not the answer to this question: begin anew, and use the newest address only.",
    ja="この質問への答えではありません。初めからやり直し、最新のアドレスだけを使ってください。",
)
_OTHER_ISSUER: Final = Text(
    en="The answer does not come from {issuer}, and is not believed: begin anew.",
    ja="答えが {issuer} からのものではないため信用できません。初めからやり直してください。",
)
_TOO_LATE: Final = Text(
    en="{issuer} does not take the code any more ({words}): begin anew; a code is good once, and "
    "for some minutes.",
    ja="{issuer} がコードを受け付けません({words})。初めからやり直してください。"
    "コードは一度だけ、数分間だけ有効です。",
)


class Question:
    """One question to one person, and the secrets that her answer is recognised by."""

    def __init__(self, issuer: Issuer, client: Client, address: str, redirect_uri: str) -> None:
        """Draw the secrets. `redirect_uri`: where this run listens."""
        self._issuer = issuer
        self._client = client
        self._address = address
        self._redirect_uri = redirect_uri
        self._state = Secret(secrets.token_urlsafe(32))
        self._verifier = Secret(secrets.token_urlsafe(48))

    def url(self) -> str:
        """Return the address at which the person is asked (RFC 6749 §4.1.1)."""
        from authlib.oauth2 import OAuth2Client  # noqa: PLC0415 - 36 ms, for who needs it

        asking = OAuth2Client(
            None,
            self._client.client_id,
            scope=" ".join(self._issuer.scopes) or None,
            redirect_uri=self._redirect_uri,
            code_challenge_method="S256",
        )
        url, _ = asking.create_authorization_url(
            self._issuer.authorization_endpoint,
            state=self._state.reveal().decode(),
            code_verifier=self._verifier.reveal().decode(),
            login_hint=self._address,
            **self._issuer.extra,
        )
        return str(url)

    def is_answered_by(self, query: str) -> bool:
        """Tell whether a redirect's query answers this question: compared in constant time."""
        return self._knows(_fields_of(query))

    def code_in(self, query: str) -> Secret:
        """Return the code that an answer brings.

        Raises NotAuthorisedError; ClientRefusedError and IssuerBusyError where the issuer would
        not even ask.
        """
        fields = _fields_of(query)
        name = self._issuer.name.en
        if not self._knows(fields):
            raise NotAuthorisedError(_OTHER_ANSWER)
        stated = fields.get("iss")
        if self._issuer.states_issuer if stated is None else not self._issuer.is_named(stated):
            raise NotAuthorisedError(_OTHER_ISSUER, issuer=name)
        if "error" in fields:
            raise self._refusal(fields)
        code = fields.get("code", "")
        if not 0 < len(code) <= limits.OAUTH_WORD_OCTETS:
            raise NotAuthorisedError(_OTHER_ANSWER)
        return Secret(code)

    def _knows(self, fields: dict[str, str]) -> bool:
        state = fields.get("state", "").encode("utf-8", "replace")
        return hmac.compare_digest(state, self._state.reveal())

    def _refusal(self, fields: dict[str, str]) -> Exception:
        """Return what an error in the place of a code means (RFC 6749 §4.1.2.1)."""
        code = fit(fields["error"])
        words = ": ".join(filter(None, (code, fit(fields.get("error_description", "")))))
        name = self._issuer.name.en
        if code in {"temporarily_unavailable", "server_error"}:
            return IssuerBusyError(_TROUBLE, issuer=name, words=words)
        if code in {"access_denied", "consent_required", "login_required", "interaction_required"}:
            return NotAuthorisedError(_SAID_NO, issuer=name, words=words, address=self._address)
        return ClientRefusedError(_CANNOT, issuer=name, words=words)

    async def redeem(self, code: Secret, clock: Clock) -> Tokens:
        """Change a code for tokens. Raises NotAuthorisedError, and as the token endpoint does."""
        try:
            grant = await ask_for_tokens(
                self._client,
                self._issuer.name.en,
                "authorization_code",
                code=code.reveal().decode(),
                redirect_uri=self._redirect_uri,
                code_verifier=self._verifier.reveal().decode(),
            )
        except TokenRefusedError as fault:
            raise NotAuthorisedError(_TOO_LATE, issuer=self._issuer.name.en, words=fault) from fault
        return tokens_of(self._issuer, self._client, grant, clock)


def query_of(pasted: str) -> str:
    """Return the query of an address that a person pasted; also the query alone will do."""
    text = pasted.strip()
    return urlsplit(text).query if "://" in text else text.lstrip("?")


def _fields_of(query: str) -> dict[str, str]:
    """Return a query's fields; one that is given twice counts as not given (RFC 6749 §3.1)."""
    if len(query) > limits.REDIRECT_REQUEST_OCTETS:
        return {}
    try:
        pairs = parse_qsl(query, max_num_fields=_FIELDS)
    except ValueError:
        return {}
    names = [name for name, _ in pairs]
    return {name: value for name, value in pairs if names.count(name) == 1}
