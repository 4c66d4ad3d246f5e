"""An issuer of tokens on loopback: Authlib's server side over real HTTPS, and a browser for it.

Used by the tests of `hato.services.oauth` and of `hato account authorise`.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import ssl
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import h11
import httpx2
import trustme
from authlib.oauth2 import AuthorizationServer, OAuth2Error, OAuth2Request
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant, RefreshTokenGrant
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc8628 import (
    DeviceAuthorizationEndpoint,
    DeviceCodeGrant,
    DeviceCredentialDict,
)

from tests.unit.net.raw_server import all_have_ended

PERSON = "ada@example.org"
CLIENT_ID = "hato-of-ada"
CLIENT_SECRET = "a secret/of+desktop"
SCOPES = ("openid", "email", "offline_access")
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


@dataclass
class Record:
    """A code or a token, with the questions that Authlib asks of one."""

    client_id: str
    user: str
    scope: str | None
    code: str = ""
    redirect_uri: str = ""
    code_challenge: str | None = None
    code_challenge_method: str | None = None
    refresh_token: str = ""

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope or ""

    def check_client(self, client: RegisteredClient) -> bool:
        return self.client_id == client.client_id


class RegisteredClient:
    """The client that Ada registered: a native program, with a secret or without one."""

    client_id = CLIENT_ID

    def __init__(self, issuer: IssuerServer) -> None:
        self._issuer = issuer

    def get_client_id(self) -> str:
        return self.client_id

    def get_allowed_scope(self, scope: str | None) -> str:
        return " ".join(word for word in (scope or "").split() if word in SCOPES)

    def get_default_redirect_uri(self) -> None:
        return None

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Any port of loopback (RFC 8252 §7.3)."""
        parts = urlsplit(redirect_uri)
        return (parts.scheme, parts.hostname, parts.path) == ("http", "127.0.0.1", "")

    def check_client_secret(self, client_secret: str) -> bool:
        return client_secret == CLIENT_SECRET

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == self._issuer.auth_method

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type != "refresh_token" or self._issuer.gives_refresh_tokens


class _CodeGrant(AuthorizationCodeGrant):  # type: ignore[misc]  # Authlib has no types
    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "client_secret_post", "none")

    def save_authorization_code(self, code: str, request: OAuth2Request) -> None:
        data = request.payload.data
        self.server.issuer.codes[code] = Record(
            code=code,
            client_id=request.client.client_id,
            redirect_uri=request.payload.redirect_uri,
            scope=request.scope,
            user=request.user,
            code_challenge=data.get("code_challenge"),
            code_challenge_method=data.get("code_challenge_method"),
        )

    def query_authorization_code(self, code: str, client: RegisteredClient) -> Record | None:
        found: Record | None = self.server.issuer.codes.get(code)
        return found

    def delete_authorization_code(self, authorization_code: Record) -> None:
        del self.server.issuer.codes[authorization_code.code]

    def authenticate_user(self, authorization_code: Record) -> str:
        return str(authorization_code.user)


class _RefreshGrant(RefreshTokenGrant):  # type: ignore[misc]  # Authlib has no types
    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "client_secret_post", "none")
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token: str) -> Record | None:
        found: Record | None = self.server.issuer.refresh_tokens.get(refresh_token)
        return found

    def authenticate_user(self, refresh_token: Record) -> str:
        return str(refresh_token.user)

    def revoke_old_credential(self, refresh_token: Record) -> None:
        del self.server.issuer.refresh_tokens[refresh_token.refresh_token]


class _DeviceGrant(DeviceCodeGrant):  # type: ignore[misc]  # Authlib has no types
    def query_device_credential(self, device_code: str) -> DeviceCredentialDict | None:
        return self.server.issuer.device_codes.get(device_code)

    def query_user_grant(self, user_code: str) -> tuple[str, bool] | None:
        found: tuple[str, bool] | None = self.server.issuer.device_answers.get(user_code)
        return found

    def should_slow_down(self, credential: DeviceCredentialDict) -> bool:
        slow, self.server.issuer.says_slow_down = self.server.issuer.says_slow_down, False
        return bool(slow)


class _DeviceEndpoint(DeviceAuthorizationEndpoint):  # type: ignore[misc]  # Authlib has no types
    def get_verification_uri(self) -> str:
        return f"{self.server.issuer.origin}/device"

    def save_device_credential(self, client_id: str, scope: str, data: dict[str, Any]) -> None:
        kept = DeviceCredentialDict({**data, "client_id": client_id, "scope": scope})
        self.server.issuer.device_codes[data["device_code"]] = kept


class _Request(OAuth2Request):  # type: ignore[misc]  # Authlib has no types
    """A request as Authlib wants to see it."""

    def __init__(
        self, method: str, url: str, form: dict[str, str], headers: dict[str, str]
    ) -> None:
        super().__init__(method, url, headers=headers)
        self._given = form
        self.payload = BasicOAuth2Payload(form)

    @property
    def args(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.uri).query))

    @property
    def form(self) -> dict[str, str]:
        return self._given


class _Server(AuthorizationServer):  # type: ignore[misc]  # Authlib has no types
    def __init__(self, issuer: IssuerServer) -> None:
        super().__init__()
        self.issuer = issuer
        self.register_token_generator("default", BearerTokenGenerator(_draw, _draw))
        self.register_grant(_CodeGrant, [CodeChallenge(required=True)])
        self.register_grant(_RefreshGrant)
        self.register_grant(_DeviceGrant)
        self.register_endpoint(_DeviceEndpoint(self))

    def query_client(self, client_id: str) -> RegisteredClient | None:
        return RegisteredClient(self.issuer) if client_id == CLIENT_ID else None

    def save_token(self, token: dict[str, Any], request: OAuth2Request) -> None:
        token.update({"expires_in": 3600, **self.issuer.token_extras})
        self.issuer.access_tokens[token["access_token"]] = str(request.user)
        if refresh_token := token.get("refresh_token"):
            self.issuer.refresh_tokens[refresh_token] = Record(
                refresh_token=refresh_token,
                client_id=request.client.client_id,
                scope=token.get("scope"),
                user=request.user,
            )

    def create_oauth2_request(self, request: _Request) -> _Request:
        return request

    def handle_response(
        self, status: int, body: Mapping[str, object] | str, headers: Iterable[tuple[str, str]]
    ) -> Answer:
        content = body if isinstance(body, str) else json.dumps(body)
        return Answer(status, content.encode(), dict(headers))

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Tell nobody."""


class Answer:
    """What is sent back."""

    def __init__(self, status: int, content: bytes, headers: dict[str, str] | None = None) -> None:
        self.status = status
        self.content = content
        self.headers = headers or {}


_numbers = itertools.count(1)


def _draw(**_: object) -> str:
    return f"token{next(_numbers)}~+/="


class IssuerServer:
    """The issuer, and everything that a test may want of it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.ca_file = str(folder / "issuer-authority.pem")
        self.origin = ""
        self.path = ""
        """Of the issuer's name, below its origin."""
        self.auth_method = "none"
        self.gives_refresh_tokens = True
        self.says_issuer: str | None = None
        self.says_slow_down = False
        self.says_no = False
        self.token_extras: dict[str, Any] = {}
        self.metadata_extras: dict[str, Any] = {}
        self.overrides: dict[str, Answer] = {}
        """Answers in the place of the right ones, by path."""
        self.codes: dict[str, Record] = {}
        self.access_tokens: dict[str, str] = {}
        self.refresh_tokens: dict[str, Record] = {}
        self.device_codes: dict[str, DeviceCredentialDict] = {}
        self.device_answers: dict[str, tuple[str, bool]] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        """Path and form of each request."""
        self._server = _Server(self)

    @property
    def issuer(self) -> str:
        return f"{self.origin}{self.path}"

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[IssuerServer]:
        authority = trustme.CA()
        authority.cert_pem.write_to_path(self.ca_file)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert("localhost").configure_cert(context)
        server = await asyncio.start_server(self._connection, "127.0.0.1", 0, ssl=context)
        self.origin = f"https://localhost:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()
            await all_have_ended(server)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection, body, request = h11.Connection(h11.SERVER), b"", None
        with contextlib.suppress(OSError):
            while not isinstance(event := connection.next_event(), h11.EndOfMessage):
                if event is h11.NEED_DATA:
                    connection.receive_data(await reader.read(65_536))
                elif isinstance(event, h11.Request):
                    request = event
                elif isinstance(event, h11.Data):
                    body += event.data
                else:
                    break
            if request is not None:
                answer = self._answer(request, body)
                length = ("Content-Length", str(len(answer.content)))
                head = h11.Response(
                    status_code=answer.status,
                    headers=[*answer.headers.items(), length, ("Connection", "close")],
                )
                pieces = (head, h11.Data(data=answer.content), h11.EndOfMessage())
                writer.write(b"".join(connection.send(piece) or b"" for piece in pieces))
                await writer.drain()
            writer.close()

    def _answer(self, request: h11.Request, body: bytes) -> Answer:
        target = request.target.decode()
        path, _, query = target.partition("?")
        words = body.decode() if request.method == b"POST" else query
        form = dict(parse_qsl(words, keep_blank_values=True))
        self.asked.append((path, form))
        if path in self.overrides:
            return self.overrides[path]
        headers = {name.decode().title(): value.decode() for name, value in request.headers}
        asked = _Request(request.method.decode(), f"{self.origin}{target}", form, headers)
        match path.removeprefix(self.path):
            case "/authorize":
                return self._authorize(asked)
            case "/token":
                return self._as_answer(self._server.create_token_response(asked))
            case "/devicecode":
                name = "device_authorization"
                return self._as_answer(self._server.create_endpoint_response(name, asked))
            case "/introspect":
                person = self.access_tokens.get(form.get("token", ""))
                return _json({"active": person is not None, "email": person, "username": person})
        if path == f"/.well-known/oauth-authorization-server{self.path}":
            return _json(self.metadata())
        return Answer(404, b"nothing here")

    def _authorize(self, asked: _Request) -> Answer:
        """Ask nobody: Ada says yes, or no."""
        try:
            grant = self._server.get_consent_grant(asked, end_user=PERSON)
        except OAuth2Error as fault:
            return Answer(400, str(fault).encode())
        person = None if self.says_no else PERSON
        answer = self._as_answer(
            self._server.create_authorization_response(asked, grant_user=person, grant=grant)
        )
        if self.says_issuer is not None and "Location" in answer.headers:
            answer.headers["Location"] += f"&iss={self.says_issuer}"
        return answer

    @staticmethod
    def _as_answer(answer: object) -> Answer:
        assert isinstance(answer, Answer)
        return answer

    def metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "device_authorization_endpoint": f"{self.issuer}/devicecode",
            "scopes_supported": [*SCOPES, "profile"],
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": [self.auth_method],
            **self.metadata_extras,
        }

    def requests_to(self, path: str) -> list[dict[str, str]]:
        return [form for asked, form in self.asked if asked == f"{self.path}{path}"]


def _json(value: object, status: int = 200) -> Answer:
    return Answer(status, json.dumps(value).encode(), {"Content-Type": "application/json"})


def refusal(code: str, words: str = "", status: int = 400) -> Answer:
    """Return an answer of RFC 6749 §5.2."""
    return _json({"error": code, "error_description": words}, status)


async def browse(url: str, ca_file: str) -> httpx2.Response:
    """Do what a browser does with the address that the person is sent to, to the last page."""
    context = ssl.create_default_context(cafile=ca_file)
    async with httpx2.AsyncClient(verify=context, trust_env=False, follow_redirects=True) as client:
        return await client.get(url)


async def redirect_of(url: str, ca_file: str) -> str:
    """Return where the issuer sends the browser, without going there."""
    context = ssl.create_default_context(cafile=ca_file)
    async with httpx2.AsyncClient(verify=context, trust_env=False) as client:
        return str((await client.get(url)).headers["Location"])
