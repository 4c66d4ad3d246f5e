"""No octet of a password, nor of whose it is, leaves for a server that is not the one."""

from __future__ import annotations

import base64
import ssl
from pathlib import Path

import pytest

from hato.clients.errors import NonsenseError, TlsRefusedError
from hato.core.errors import HatoError
from hato.net.dial_errors import ConnectionLostError, DialError
from hato.services.settings_finder.candidate import TlsMode
from tests.fetching.certificates import HOST, WRONG, Authority
from tests.fetching.household import QUICK, furnish
from tests.fetching.maildrop import LOGIN, PASSWORD, Answer, Maildrop, letters, rows
from tests.fetching.provider import Behaviour, Peer, Provider

SECRET_FORMS = (
    PASSWORD.encode(),
    LOGIN.encode(),
    base64.b64encode(PASSWORD.encode()),
    base64.b64encode(LOGIN.encode()),
    base64.b64encode(f"\0{LOGIN}\0{PASSWORD}".encode()),
)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


async def refused(
    behaviour: Behaviour,
    mode: TlsMode,
    authority: Authority,
    tls: ssl.SSLContext | None = None,
) -> HatoError:
    """Poll; return what ended it. Nobody may have heard anything secret."""
    house = await furnish(tls=mode, ca_file=str(authority.file), host=HOST)
    with Provider(behaviour, tls) as provider:
        outcome = await house.fetch(provider, QUICK)
        heard = bytes(provider.heard)
    for form in SECRET_FORMS:
        assert form not in heard
    for word in (b"USER", b"PASS", b"AUTH", b"APOP", b"UIDL", b"RETR"):
        assert word not in heard
    assert outcome.error is not None
    assert outcome.new == 0
    return outcome.error


@pytest.mark.parametrize(("make", "fault"), WRONG.values(), ids=WRONG.keys())
@pytest.mark.parametrize("mode", [TlsMode.IMPLICIT, TlsMode.STARTTLS])
async def test_a_wrong_certificate_hears_nothing(
    make: object, fault: str, mode: TlsMode, authority: Authority
) -> None:
    assert callable(make)
    context = make(authority)
    is_implicit = mode is TlsMode.IMPLICIT
    drop = Maildrop(letters(1), capabilities="STLS USER UIDL", tls=context)
    error = await refused(drop, mode, authority, context if is_implicit else None)
    assert isinstance(error, DialError)
    assert error.fault.name == fault
    assert set(drop.commands) <= {"CAPA", "STLS"}


@pytest.mark.parametrize("mode", [TlsMode.IMPLICIT, TlsMode.STARTTLS])
async def test_a_sound_certificate_lets_the_mail_in(mode: TlsMode, authority: Authority) -> None:
    context = authority.sound()
    drop = Maildrop(letters(3), capabilities="STLS USER UIDL", tls=context)
    house = await furnish(tls=mode, ca_file=str(authority.file), host=HOST)
    with Provider(drop, context if mode is TlsMode.IMPLICIT else None) as provider:
        outcome = await house.fetch(provider)
    assert outcome.error is None
    assert await house.letters() == list(drop.letters.values())


STRIPPED: dict[str, dict[str, Answer]] = {
    "STLS is not listed": {},
    "CAPA is unknown and STLS refused": {"CAPA": b"-ERR\r\n", "STLS": b"-ERR not today\r\n"},
    "STLS is listed and refused": {
        "CAPA": rows(["STLS", "USER"]),
        "STLS": b"-ERR [SYS/TEMP] no\r\n",
    },
    "STLS is listed, then leaves": {"CAPA": rows(["STLS"]), "STLS": None},
    "STLS is answered nonsense": {"CAPA": rows(["STLS"]), "STLS": b"OK\r\n"},
    "STLS is answered, and clear words follow": {
        "CAPA": rows(["STLS"]),
        "STLS": b"+OK\r\n+OK injected\r\n",
    },
    "STLS is answered with a whole conversation": {
        "CAPA": rows(["STLS"]),
        "STLS": b"+OK\r\n" + rows(["USER"]) + b"+OK\r\n+OK\r\n" + rows(["1 a"]),
    },
    "half a line behind the answer": {"CAPA": rows(["STLS"]), "STLS": b"+OK\r\n+O"},
}


@pytest.mark.parametrize("answers", STRIPPED.values(), ids=STRIPPED.keys())
async def test_without_tls_where_tls_is_wanted_nothing_is_said(
    answers: dict[str, Answer], authority: Authority
) -> None:
    drop = Maildrop(letters(1), answers, capabilities="USER UIDL SASL_PLAIN_LOGIN")
    error = await refused(drop, TlsMode.STARTTLS, authority)
    assert isinstance(error, TlsRefusedError | NonsenseError | ConnectionLostError | DialError)
    assert set(drop.commands) <= {"CAPA", "STLS", "QUIT"}


async def test_a_greeting_that_claims_to_know_us_is_not_believed(authority: Authority) -> None:
    """As IMAP's PREAUTH: nothing is read before TLS, whatever the server says of the login."""
    drop = Maildrop(letters(1), greeting=b"+OK you are logged in already\r\n", capabilities="USER")
    error = await refused(drop, TlsMode.STARTTLS, authority)
    assert isinstance(error, TlsRefusedError)


async def test_clear_text_where_tls_should_begin_is_not_answered(authority: Authority) -> None:
    def answer_in_clear(peer: Peer) -> None:
        peer.say(b"+OK ready\r\n")
        peer.hear()
        peer.say(rows(["STLS"]))
        peer.hear()
        peer.say(b"+OK\r\n")
        peer.say(rows(["USER"]) * 3)
        peer.listen_in_vain()

    error = await refused(answer_in_clear, TlsMode.STARTTLS, authority)
    assert isinstance(error, NonsenseError | DialError)


async def test_clear_text_on_the_port_of_tls_is_not_answered(authority: Authority) -> None:
    error = await refused(Maildrop(letters(1)), TlsMode.IMPLICIT, authority)
    assert isinstance(error, DialError)
    assert error.fault.name == "NO_TLS"


async def test_what_was_said_before_tls_is_forgotten(authority: Authority) -> None:
    """A mechanism that only the clear text listed is not used within TLS."""
    context = authority.sound()
    drop = Maildrop(letters(1), tls=context)
    lists = iter(["STLS SASL_CRAM-MD5_XOAUTH2 APOP", "USER UIDL"])
    drop.answers["CAPA"] = lambda session, _: rows(
        next(lists, "USER UIDL").replace("_", "-").split(" ")
    )
    house = await furnish(tls=TlsMode.STARTTLS, ca_file=str(authority.file), host=HOST)
    with Provider(drop) as provider:
        outcome = await house.fetch(provider)
    assert outcome.error is None
    assert drop.asked("AUTH") == drop.asked("APOP") == []


async def test_a_referral_is_not_followed(authority: Authority) -> None:
    """A server cannot send us, with our password, to another one."""
    with Provider(Maildrop(letters(1))) as other:
        said = f"-ERR [REFERRAL pop://{LOGIN}@localhost:{other.port}/] moved\r\n".encode()
        house = await furnish()
        with Provider(Maildrop(letters(1), {"PASS": said, "USER": said})) as provider:
            outcome = await house.fetch(provider)
        assert outcome.error is not None
        assert other.connections == 0


async def test_old_methods_are_not_used_unless_allowed() -> None:
    """APOP and CRAM-MD5 tell a man in the middle what he needs to guess."""
    house = await furnish()
    drop = Maildrop(
        letters(1),
        greeting=b"+OK <1896.697170952@dbc.mtview.ca.us>\r\n",
        capabilities="SASL_CRAM-MD5 UIDL",
    )
    with Provider(drop) as provider:
        await house.fetch(provider)
        heard = bytes(provider.heard)
    assert b"APOP" not in heard
    assert b"CRAM-MD5" not in heard


async def test_a_pinned_certificate_that_changed_hears_nothing(authority: Authority) -> None:
    context = authority.sound()
    house = await furnish(
        tls=TlsMode.IMPLICIT, ca_file=str(authority.file), host=HOST, pinned_sha256="ab" * 32
    )
    with Provider(Maildrop(letters(1)), context) as provider:
        outcome = await house.fetch(provider)
        assert provider.heard == b""
    assert isinstance(outcome.error, DialError)
    assert outcome.error.fault.name == "CERTIFICATE_NOT_PINNED"


async def test_no_text_of_an_outcome_has_the_password() -> None:
    """A server that sends the password back does not get it into our texts by that."""
    house = await furnish()
    said = f"-ERR [AUTH] wrong password {PASSWORD} for {LOGIN}\r\n".encode()
    with Provider(Maildrop(letters(1), {"PASS": said})) as provider:
        outcome = await house.fetch(provider)
    assert outcome.error is not None
    assert PASSWORD not in repr(outcome)
    assert PASSWORD not in str(outcome.error)
