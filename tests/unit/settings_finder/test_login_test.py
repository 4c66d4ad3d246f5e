"""Candidates are believed when a login works: against our own server, and against odd ones."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from hato.clients.errors import BusyError, NoLoginMethodError, TlsRefusedError
from hato.clients.server import Security
from hato.core.language import Text
from hato.core.secret import Secret
from hato.net.dial_errors import DialError, DialFault
from hato.services.settings_finder.candidate import (
    Candidate,
    LoginMethod,
    Origin,
    Protocol,
    TlsMode,
    UserNameForm,
)
from hato.services.settings_finder.explain import hint_in
from hato.services.settings_finder.findings import Tried
from hato.services.settings_finder.login_test import try_candidate
from tests.unit.auth.house import ADA, PASSWORD
from tests.unit.clients.provider import Provider, Script, open_provider
from tests.unit.net.raw_server import Authority, raw_server
from tests.unit.settings_finder.name_server import outside_here

NAMES = ("ada@wrong.example", ADA)
MODES = {TlsMode.IMPLICIT: Security.IMPLICIT_TLS, TlsMode.STARTTLS: Security.STARTTLS}


def candidate(port: int, tls: TlsMode = TlsMode.NONE, **fields: object) -> Candidate:
    one = Candidate(
        protocol=Protocol.POP3,
        host="localhost",
        port=port,
        tls=tls,
        user_name_forms=(UserNameForm.ADDRESS,),
        methods=(),
        origin=Origin.NAMED,
        why=Text(en="a test wants it", ja="試験です"),
    )
    return msgspec.structs.replace(one, **fields)


@pytest.fixture
async def provider(tmp_path: Path) -> AsyncIterator[Provider]:
    async with open_provider(tmp_path) as opened:
        yield opened


async def attempt(
    provider: Provider, tls: TlsMode, folder: Path, *names: str, password: str = PASSWORD
) -> Tried:
    return await try_candidate(
        candidate(provider.ports[MODES[tls]], tls),
        names or (ADA,),
        Secret(password),
        outside=outside_here(),
        authorities_file=str(folder / "authority.pem"),
    )


@pytest.mark.parametrize("tls", MODES)
async def test_a_login_that_works_is_told_with_its_method_and_why(
    provider: Provider, tmp_path: Path, tls: TlsMode
) -> None:
    tried = await attempt(provider, tls, tmp_path)
    assert tried.is_good
    assert (tried.login, tried.method) == (ADA, "SCRAM-SHA-256-PLUS")
    assert "SCRAM-SHA-256-PLUS" in tried.why.en
    assert "a test wants it" in tried.why.en
    assert "試験です" in tried.why.ja


async def test_the_next_name_is_tried_where_one_is_refused(
    provider: Provider, tmp_path: Path
) -> None:
    tried = await attempt(provider, TlsMode.IMPLICIT, tmp_path, *NAMES)
    assert (tried.is_good, tried.login) == (True, ADA)


async def test_a_wrong_password_is_final(provider: Provider, tmp_path: Path) -> None:
    tried = await attempt(provider, TlsMode.IMPLICIT, tmp_path, password="wrong")
    assert not tried.is_good
    assert tried.is_final
    assert tried.advice is not None


async def test_a_wrong_certificate_is_not_final_and_can_be_pinned(
    provider: Provider, tmp_path: Path
) -> None:
    stranger = tmp_path / "stranger"
    stranger.mkdir()
    Authority(stranger)
    port = provider.ports[Security.IMPLICIT_TLS]
    outside = outside_here(stranger / "authority.pem")
    place = candidate(port, TlsMode.IMPLICIT)
    tried = await try_candidate(place, (ADA,), Secret(PASSWORD), outside=outside)
    assert isinstance(tried.error, DialError)
    assert tried.error.fault is DialFault.CERTIFICATE_OF_UNKNOWN_AUTHORITY
    assert not tried.is_final
    again = await try_candidate(
        place,
        (ADA,),
        Secret(PASSWORD),
        outside=outside,
        pinned_sha256=tried.certificate_sha256,
    )
    assert again.is_good


async def test_imap_is_told_to_be_beyond_this_version() -> None:
    imap = candidate(993, TlsMode.IMPLICIT, protocol=Protocol.IMAP)
    tried = await try_candidate(imap, (ADA,), Secret(PASSWORD), outside=outside_here())
    assert not tried.is_good
    assert "POP3 only" in tried.why.en


async def test_a_provider_with_names_of_its_own_needs_the_persons_word() -> None:
    tried = await try_candidate(candidate(995), (), Secret(PASSWORD), outside=outside_here())
    assert not tried.is_good
    assert "--login" in tried.why.en


async def at_script(script: Script, tls: TlsMode = TlsMode.NONE, **fields: object) -> Tried:
    async with raw_server(script) as port:
        return await try_candidate(
            candidate(port, tls, **fields), (ADA,), Secret(PASSWORD), outside=outside_here()
        )


async def test_no_password_is_said_where_tls_is_not_offered() -> None:
    script = Script()
    tried = await at_script(script, TlsMode.STARTTLS)
    assert isinstance(tried.error, TlsRefusedError)
    assert not tried.is_final
    assert not script.has_heard(PASSWORD)


async def test_a_busy_mailbox_is_no_wrong_password() -> None:
    tried = await at_script(Script({"PASS": b"-ERR [IN-USE] locked\r\n"}))
    assert isinstance(tried.error, BusyError)
    assert tried.is_final
    assert "password is not the matter" in tried.why.en


async def test_a_server_that_refuses_the_connection_is_quoted_and_no_password_doubted() -> None:
    script = Script(greeting=b"-ERR not from your network\r\n")
    tried = await at_script(script)
    assert not script.has_heard(PASSWORD)
    assert not tried.is_final
    assert (
        "the server refused the connection before any login (it says: not from your network)"
        in tried.why.en
    )
    assert tried.advice is not None
    assert tried.advice.en.startswith("No password was sent, so it is not the matter")


async def test_a_server_that_takes_oauth2_only() -> None:
    tried = await at_script(Script(capabilities="SASL_XOAUTH2"))
    assert isinstance(tried.error, NoLoginMethodError)
    assert tried.advice is not None
    assert "OAuth2" in tried.advice.en


@pytest.mark.parametrize(
    ("methods", "words"),
    [
        ((LoginMethod.APP_PASSWORD,), "app password"),
        ((LoginMethod.OAUTH2,), "OAuth2"),
        ((LoginMethod.PASSWORD,), "Check the password"),
    ],
)
async def test_advice_on_a_refused_password_knows_the_provider(
    methods: tuple[LoginMethod, ...], words: str
) -> None:
    tried = await at_script(Script({"PASS": b"-ERR no\r\n"}), methods=methods)
    assert tried.advice is not None
    assert words in tried.advice.en


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        ("Logon failure: Basic authentication is disabled.", "OAuth2"),
        ("550 5.7.30 Basic authentication is not supported for Client Submission", "OAuth2"),
        ("[AUTH] Unsupported authentication mechanism.", "OAuth2"),
        ("[AUTH] Application-specific password required", "app password"),
        ("[SYS/PERM] Your account is not enabled for POP access. Enable POP first", "switch it on"),
        ("POP3 access is disabled for your account", "switch it on"),
        ("[AUTH] Use an app password or OAuth", "app password"),
        ("app-specific passcode needed", "app password"),
        ("This server wants OAUTHBEARER", "OAuth2"),
        ("POP3 access is not permitted for this account", "switch it on"),
        ("POP is not allowed", "switch it on"),
        ("Please enable IMAP/POP in your settings", "switch it on"),
        ("[ALERT] Please log in via your web browser", "website"),
        ("Unusual activity was seen", "website"),
        ("suspicious login prevented", "website"),
        ("This account has been suspended", "closed or suspended"),
        ("[LIMIT] Too many connections", "few minutes"),
        ("Temporary failure of the directory", "few minutes"),
    ],
)
def test_what_big_providers_mean_by_their_words(words: str, advice: str) -> None:
    found = hint_in(words)
    assert found is not None
    assert advice in found.en


def test_other_words_mean_nothing_more() -> None:
    assert hint_in("Invalid login or password") is None
    assert hint_in("x" * 10_000 + " oauth") is None
