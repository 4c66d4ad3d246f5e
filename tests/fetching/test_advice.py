"""What a person is told about each bad day: the matter itself, in one sentence, twice."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hato.clients.errors import BusyError
from hato.core.language import Text
from hato.services.fetching.advice import Cure, advise
from hato.services.settings_finder.candidate import TlsMode
from hato.services.sources.source import Source
from tests.fetching.certificates import HOST, WRONG, Authority
from tests.fetching.hostile import ALL, ESCAPES, Hostile
from tests.fetching.household import IMPATIENT, QUICK, furnish
from tests.fetching.maildrop import PASSWORD, Maildrop, letters
from tests.fetching.provider import Provider

MOST_CHARACTERS = 400
_SECOND_SENTENCE = re.compile(r"[.!?] [A-Z]")


def assert_clear(text: Text, source: Source) -> None:
    """Claim that it is one sentence that can be shown, and says whom it is about."""
    for words in text:
        assert words.isprintable(), ascii(words)
        assert 20 < len(words) < MOST_CHARACTERS, words
        assert "{" not in words.replace("{{", ""), words
        assert source.host in words or source.address in words or "Hato" in words, words
        assert PASSWORD not in words
    own = re.sub(r"\(.*\)", "", text.en)  # a server's words may be several sentences
    assert not _SECOND_SENTENCE.search(own), text.en
    assert not text.ja.isascii(), text.ja


@pytest.mark.parametrize("hostile", ALL, ids=[one.name for one in ALL])
async def test_every_hostile_provider_gets_one_sentence(hostile: Hostile) -> None:
    house = await furnish()
    with Provider(hostile.make()) as provider:
        outcome = await house.fetch(provider, IMPATIENT if hostile.is_endless else QUICK)
    assert outcome.error is not None
    assert_clear(advise(outcome.error, house.source).text, house.source)


@pytest.mark.parametrize(("make", "fault"), WRONG.values(), ids=WRONG.keys())
async def test_every_wrong_certificate_gets_its_own_sentence(
    make: object, fault: str, tmp_path: Path
) -> None:
    assert callable(make)
    authority = Authority(tmp_path)
    house = await furnish(tls=TlsMode.IMPLICIT, ca_file=str(authority.file), host=HOST)
    with Provider(Maildrop(letters(1)), make(authority)) as provider:
        outcome = await house.fetch(provider)
    assert outcome.error is not None
    advice = advise(outcome.error, house.source)
    assert_clear(advice.text, house.source)
    assert "certificate" in advice.text.en
    assert "証明書" in advice.text.ja
    assert advice.code == fault.lower().replace("_", "-")


REFUSALS: dict[str, tuple[str, str, Cure]] = {
    "in use": ("[IN-USE] Do you have another POP session running?", "in-use", Cure.PATIENCE),
    "in use, by a lower case code": ("[in-use] busy", "in-use", Cure.PATIENCE),
    "login delay": ("[LOGIN-DELAY] minimum time is 60", "login-delay", Cure.PATIENCE),
    "login delay, with seconds": ("[LOGIN-DELAY 60] wait", "login-delay", Cure.PATIENCE),
    "a passing fault": ("[SYS/TEMP] Try again later.", "server-busy", Cure.PATIENCE),
    "a wrong password": (
        "[AUTH] Authentication failed.",
        "wrong-password",
        Cure.SECRET,
    ),
    "no code, a lock": ("maildrop already locked", "in-use", Cure.PATIENCE),
    "no code, a lock of Cyrus": (
        "Unable to lock maildrop: Mailbox is locked by POP server",
        "in-use",
        Cure.PATIENCE,
    ),
    "Gmail, POP is off": (
        (
            "[SYS/PERM] Your account is not enabled for POP access. Please visit your Gmail "
            "settings page and enable your account for POP access."
        ),
        "pop-is-off",
        Cure.PROVIDER,
    ),
    "Gmail, an app password": (
        (
            "[AUTH] Application-specific password required: "
            "https://support.google.com/accounts/answer/185833"
        ),
        "wants-app-password",
        Cure.SECRET,
    ),
    "Gmail, a browser first": (
        "[AUTH] Web login required: https://support.google.com/mail/answer/78754",
        "wants-web-login",
        Cure.PROVIDER,
    ),
    "Exchange": (
        "550 5.7.30 Basic authentication is not supported for this protocol",
        "wants-oauth2",
        Cure.PROVIDER,
    ),
    "Outlook": ("Basic authentication is disabled.", "wants-oauth2", Cure.PROVIDER),
    "Outlook, with its code": (
        "[AUTH] Logon failure: Basic authentication is disabled.",
        "wants-oauth2",
        Cure.PROVIDER,
    ),
}


@pytest.mark.parametrize(("words", "code", "cure"), REFUSALS.values(), ids=REFUSALS.keys())
async def test_a_refused_login_is_told_for_what_it_is(words: str, code: str, cure: Cure) -> None:
    house = await furnish()
    drop = Maildrop(letters(1), {"PASS": f"-ERR {words}\r\n".encode()})
    with Provider(drop) as provider:
        outcome = await house.fetch(provider)
    assert outcome.error is not None
    advice = advise(outcome.error, house.source)
    assert (advice.code, advice.cure) == (code, cure)
    assert_clear(advice.text, house.source)


@pytest.mark.parametrize(
    "words", [words for words, _, cure in REFUSALS.values() if cure is Cure.PATIENCE]
)
async def test_a_busy_server_is_never_a_wrong_password(words: str) -> None:
    house = await furnish()
    with Provider(Maildrop(letters(1), {"PASS": f"-ERR {words}\r\n".encode()})) as provider:
        outcome = await house.fetch(provider)
    assert outcome.error is not None
    text = advise(outcome.error, house.source).text
    assert "hato account password" not in text.en
    assert "hato account password" not in text.ja


async def test_a_wait_that_is_told_is_known() -> None:
    house = await furnish()
    drop = Maildrop(letters(1), {"PASS": b"-ERR [LOGIN-DELAY 60] wait\r\n"})
    with Provider(drop) as provider:
        outcome = await house.fetch(provider)
    assert isinstance(outcome.error, BusyError)
    assert outcome.error.wait_seconds == 60


async def test_a_delay_that_is_only_announced_is_known() -> None:
    house = await furnish()
    drop = Maildrop(letters(1), capabilities="USER UIDL LOGIN-DELAY_900")
    with Provider(drop) as provider:
        outcome = await house.fetch(provider)
    assert outcome.login_delay_seconds == 900


async def test_a_busy_answer_within_a_session_ends_it_for_now() -> None:
    house = await furnish()
    drop = Maildrop(letters(3), {"RETR 2": b"-ERR [SYS/TEMP] disk trouble\r\n"})
    with Provider(drop) as provider:
        first = await house.fetch(provider)
        drop.answers.clear()
        second = await house.fetch(provider)
    assert first.new + second.new == 3
    assert first.quarantined == second.quarantined == 0


async def test_what_steers_a_terminal_is_shown_as_text() -> None:
    house = await furnish()
    with Provider(Maildrop(letters(1), {"PASS": b"-ERR " + ESCAPES + b"\r\n"})) as provider:
        outcome = await house.fetch(provider)
    assert outcome.error is not None
    advice = advise(outcome.error, house.source)
    assert_clear(advice.text, house.source)
    assert advice.words.isprintable()
    assert "\\x1b" in advice.text.en


async def test_endless_words_of_a_server_do_not_make_an_endless_sentence() -> None:
    house = await furnish()
    said = b"-ERR " + b"please " * 1_000 + b"\r\n"
    with Provider(Maildrop(letters(1), {"PASS": said})) as provider:
        outcome = await house.fetch(provider)
    assert outcome.error is not None
    for words in advise(outcome.error, house.source).text:
        assert len(words) < 2_000
