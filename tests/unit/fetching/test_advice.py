"""Every error becomes one sentence that says what to do, in both languages, and what helps."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec
import pytest

from hato.clients import errors as client_errors
from hato.clients.errors import (
    Busy,
    BusyError,
    LetterRefusedError,
    NoLoginMethodError,
    NonsenseError,
    RefusedForGoodError,
    TlsRefusedError,
    TurnedAwayError,
    UnprovenServerError,
    WrongCredentialsError,
)
from hato.core import errors
from hato.core.errors import HatoError, InvalidInputError, SpokenError, StorageFullError
from hato.core.language import Text
from hato.net.dial_errors import ConnectionLostError, DialError, DialFault, Loss
from hato.services.fetching.advice import Advice, Cure, advise
from hato.services.fetching.provider_facts import ProviderFacts
from hato.services.oauth.errors import (
    AuthoriseAgainError,
    ClientRefusedError,
    IssuerBusyError,
    IssuerUnfitError,
)
from hato.services.settings_finder.candidate import TlsMode
from hato.services.sources.source import Proof
from tests.unit.fetching.sources import SOURCE

BY_TOKEN = msgspec.structs.replace(SOURCE, proof=Proof.OAUTH2)
IN_CLEAR = msgspec.structs.replace(SOURCE, tls=TlsMode.NONE)
JAPANESE = re.compile(r"[ぁ-んァ-ン一-龥]")


def every_error() -> Iterator[Exception]:
    """Yield each error that a poll can end with."""
    for fault in DialFault:
        yield DialError(fault, SOURCE.host, "detail {here}")
    for loss in Loss:
        yield ConnectionLostError(loss, "bye {now}")
    for busy in Busy:
        yield BusyError(busy, "wait {a bit}")
    yield WrongCredentialsError("PLAIN", "no {password}")
    yield RefusedForGoodError("never")
    yield TurnedAwayError("not you")
    yield LetterRefusedError("not that one")
    yield TlsRefusedError("")
    yield TlsRefusedError("not now")
    yield NoLoginMethodError(())
    yield NoLoginMethodError(("SASL XOAUTH2",))
    yield NoLoginMethodError(("SASL CRAM-MD5",))
    yield UnprovenServerError("yes without proof")
    yield NonsenseError("LONG_LINE", "garbage")
    yield InvalidInputError(Text(en="Odd {what}.", ja="{what} が変です。"), what="{braces}")
    for kind in HatoError.__subclasses__():
        if kind.__module__ == errors.__name__ and "__init__" not in vars(kind):
            yield kind("reason {here}")
    yield errors.SealedSecretError("it was changed")
    yield errors.KeyReplacedError(sealed_with="aa", at_hand="bb")
    yield ZeroDivisionError("a bug")


@pytest.mark.parametrize("error", list(every_error()), ids=repr)
def test_every_error_is_one_sentence_in_both_languages(error: Exception) -> None:
    for source in (SOURCE, BY_TOKEN, IN_CLEAR):
        advice = advise(error, source)
        assert advice.code == advice.code.lower().replace("_", "-")
        assert len(advice.text.en) < 400
        assert advice.text.en.endswith((".", ")."))
        assert advice.text.ja.endswith("。")
        assert JAPANESE.search(advice.text.ja)
        assert "\n" not in advice.text.en + advice.text.ja


def test_every_error_of_the_client_has_been_thought_of() -> None:
    told = {type(error) for error in every_error()}
    raised = {
        kind
        for kind in vars(client_errors).values()
        if isinstance(kind, type)
        and issubclass(kind, HatoError)
        and kind.__module__ == client_errors.__name__
    }
    assert raised <= told


@pytest.mark.parametrize(
    "error",
    [
        BusyError(Busy.IN_USE, "locked"),
        BusyError(Busy.LOGIN_DELAY, "minimum time", 300),
        BusyError(Busy.PASSING_FAULT, "disk trouble"),
        WrongCredentialsError("USER", "maildrop is locked by another session"),
        WrongCredentialsError("PLAIN", "Temporary authentication failure"),
        WrongCredentialsError("USER", "too many login attempts, try again later"),
        RefusedForGoodError("[IN-USE] would have said it; Unable to lock maildrop"),
    ],
)
def test_a_busy_server_is_never_a_wrong_password(error: Exception) -> None:
    advice = advise(error, SOURCE)
    assert advice.cure is Cure.PATIENCE
    assert "hato account password" not in advice.text.en
    assert "パスワードを受け付け" not in advice.text.ja


@pytest.mark.parametrize(
    ("words", "code", "cure"),
    [
        (
            "550 5.7.30 Basic authentication is not supported for Client Submission.",
            "wants-oauth2",
            Cure.PROVIDER,
        ),
        ("Basic authentication is disabled.", "wants-oauth2", Cure.PROVIDER),
        (
            "Logon failure: unknown user name or bad password. BasicAuthBlocked",
            "wants-oauth2",
            Cure.PROVIDER,
        ),
        (
            "Application-specific password required: https://support.google.com/accounts/answer/185833",
            "wants-app-password",
            Cure.SECRET,
        ),
        (
            "NEOBHODIM parol prilozheniya https://help.mail.ru/ / Application password is REQUIRED",
            "wants-app-password",
            Cure.SECRET,
        ),
        ("Please using authorized code to login.", "wants-app-password", Cure.SECRET),
        (
            "Your account is not enabled for POP access. Please visit your Gmail settings page.",
            "pop-is-off",
            Cure.PROVIDER,
        ),
        ("POP is not enabled", "pop-is-off", Cure.PROVIDER),
        ("POP3 service is disabled for this user", "pop-is-off", Cure.PROVIDER),
        (
            "Web login required: https://support.google.com/mail/answer/78754",
            "wants-web-login",
            Cure.PROVIDER,
        ),
        ("Your account has been suspended", "account-closed", Cure.PROVIDER),
        ("Username and password not accepted.", "wrong-password", Cure.SECRET),
        ("Authentication failed.", "wrong-password", Cure.SECRET),
        ("Invalid login or password", "wrong-password", Cure.SECRET),
        ("", "wrong-password", Cure.SECRET),
    ],
)
def test_known_words_of_servers_become_the_right_advice(words: str, code: str, cure: Cure) -> None:
    for error in (WrongCredentialsError("PLAIN", words), RefusedForGoodError(words)):
        advice = advise(error, SOURCE)
        if isinstance(error, RefusedForGoodError) and code == "wrong-password":
            assert advice.code == "refused"
        else:
            assert (advice.code, advice.cure) == (code, cure)


def test_the_servers_words_are_quoted() -> None:
    assert (
        "(no such user)" in advise(WrongCredentialsError("PLAIN", "no such user"), SOURCE).text.en
    )


def test_a_refused_token_wants_a_new_authorisation() -> None:
    advice = advise(WrongCredentialsError("XOAUTH2", "invalid_grant"), BY_TOKEN)
    assert (advice.code, advice.cure) == ("authorisation-refused", Cure.SECRET)
    assert "hato account authorise ada@provider.example" in advice.text.en


def test_words_that_want_oauth2_from_who_uses_it_mean_a_refused_token() -> None:
    words = "Logon failure: Basic authentication is disabled."
    for error in (WrongCredentialsError("XOAUTH2", words), RefusedForGoodError(words)):
        advice = advise(error, BY_TOKEN)
        assert (advice.code, advice.cure) == ("authorisation-refused", Cure.SECRET)
        assert "hato account authorise ada@provider.example" in advice.text.en


@pytest.mark.parametrize(
    "error",
    [
        errors.KeyReplacedError(sealed_with="aa", at_hand="bb"),
        errors.SealedSecretError("it was changed"),
    ],
)
def test_a_secret_that_does_not_open_is_given_again_as_the_account_needs_it(
    error: HatoError,
) -> None:
    password, token = advise(error, SOURCE), advise(error, BY_TOKEN)
    assert password.code == token.code == "unreadable-secret"
    assert "hato account password ada@provider.example" in password.text.en
    assert "hato account authorise ada@provider.example" in token.text.en
    assert "hato account password" not in token.text.en + token.text.ja


def test_other_damage_is_not_blamed_on_the_password() -> None:
    advice = advise(errors.DamagedError("the ledger does not fit its checksum"), SOURCE)
    assert (advice.code, advice.cure) == ("damaged-here", Cure.HERE)
    assert "hato verify" in advice.text.en
    assert "hato account password" not in advice.text.en + advice.text.ja


def test_a_full_disk_is_not_the_providers_fault() -> None:
    advice = advise(StorageFullError("no space"), SOURCE)
    assert (advice.code, advice.cure) == ("disk-full", Cure.HERE)
    assert "nothing was deleted at pop.provider.example" in advice.text.en


def test_the_providers_own_steps_come_with_what_is_to_be_done_there() -> None:
    steps = ProviderFacts().steps("gmail")
    assert steps
    off: Advice = advise(RefusedForGoodError("POP is not enabled"), SOURCE, steps)
    assert off.steps == steps
    assert advise(DialError(DialFault.TIMED_OUT, SOURCE.host), SOURCE, steps).steps == ()


def test_no_row_is_no_steps() -> None:
    facts = ProviderFacts()
    assert facts.steps("") == facts.steps("nobody") == ()
    assert facts.least_seconds("nobody") == 0


@pytest.mark.parametrize(
    ("error", "cure"),
    [
        (AuthoriseAgainError, Cure.SECRET),
        (ClientRefusedError, Cure.PROVIDER),
        (IssuerBusyError, Cure.TIME),
        (IssuerUnfitError, Cure.TIME),
    ],
)
def test_trouble_with_an_authorisation_is_told_in_its_own_words(
    error: type[SpokenError], cure: Cure
) -> None:
    fault = error(Text(en="Odd {what}.", ja="{what} が変です。"), what="{braces}")
    advice = advise(fault, SOURCE)
    assert (advice.cure, advice.text) == (cure, Text("Odd {braces}.", "{braces} が変です。"))


def test_a_letter_that_cuts_the_connection_each_time_is_told_as_that() -> None:
    error = ConnectionLostError(Loss.CLOSED, "")
    assert advise(error, SOURCE, times_cut=1).code == "connection-closed"
    advice = advise(error, SOURCE, times_cut=2)
    assert (advice.code, advice.cure) == ("cut-within-one-letter", Cure.TIME)
    assert "the same letter each time" in advice.text.en
    assert "after 10 times Hato puts a note in its place" in advice.text.en
    assert f"of {SOURCE.address} on the provider's website" in advice.text.en
    assert "毎回同じメールの途中で" in advice.text.ja


def test_who_is_refused_with_the_greeting_gets_no_advice_about_the_password() -> None:
    advice = advise(TurnedAwayError("go away"), SOURCE)
    assert (advice.code, advice.cure) == ("turned-away", Cure.TIME)
    assert "refused the connection before any login (go away)" in advice.text.en
    assert "hato account password" not in advice.text.en
    busy = advise(TurnedAwayError("too many connections"), SOURCE)
    assert busy.code == "too-often"
