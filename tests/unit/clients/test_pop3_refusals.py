"""What POP3 servers refuse, and what it means: busy, wrong, never, or another way."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from hato.clients.errors import (
    Busy,
    BusyError,
    LetterRefusedError,
    NoLoginMethodError,
    NonsenseError,
    RefusedForGoodError,
    TurnedAwayError,
    UnprovenServerError,
    WrongCredentialsError,
)
from hato.clients.login import Identity
from hato.clients.pop3 import Pop3Client, QuitAnswer
from hato.clients.pop3_login import APOP
from hato.clients.pop3_refusals import is_no_such_mechanism
from hato.core.errors import HatoError, InvalidInputError
from hato.core.ids import MessageNumber
from hato.core.secret import Secret
from hato.net.dialled import Patience
from hato.net.outgoing_tls import Trust
from hato.protocols.pop3.client_events import Refused
from hato.protocols.pop3.commands import Auth
from tests.unit.clients.provider import (
    IDENTITY,
    QUICK,
    SCRIPTED,
    STEADY,
    Script,
    failure_of,
    log_in,
    visit,
)
from tests.unit.net.raw_server import Authority, raw_server


@pytest.fixture(scope="module")
def trust(tmp_path_factory: pytest.TempPathFactory) -> Trust:
    return Authority(Path(tmp_path_factory.mktemp("authority"))).trust


@pytest.mark.parametrize(
    ("answer", "busy"),
    [
        ("[IN-USE] locked", Busy.IN_USE),
        ("[in-use] locked", Busy.IN_USE),
        ("[LOGIN-DELAY] wait", Busy.LOGIN_DELAY),
        ("[SYS/TEMP] disk", Busy.PASSING_FAULT),
    ],
)
async def test_a_busy_server_is_no_wrong_password(trust: Trust, answer: str, busy: Busy) -> None:
    script = Script({"PASS": f"-ERR {answer}\r\n".encode()})
    error = await failure_of(script, trust)
    assert isinstance(error, BusyError)
    assert (error.busy, error.wait_seconds) == (busy, None)


async def test_how_long_to_wait_is_known_where_the_server_tells(trust: Trust) -> None:
    script = Script({"PASS": b"-ERR [LOGIN-DELAY] wait\r\n"}, capabilities="USER LOGIN-DELAY_900")
    error = await failure_of(script, trust)
    assert isinstance(error, BusyError)
    assert error.wait_seconds == 900


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ("[SYS/PERM] account closed", RefusedForGoodError),
        ("[AUTH] no", WrongCredentialsError),
        ("[WHATEVER] no", WrongCredentialsError),
        ("no", WrongCredentialsError),
    ],
)
async def test_a_refused_login_says_what_it_is(
    trust: Trust, answer: str, kind: type[HatoError]
) -> None:
    error = await failure_of(Script({"PASS": f"-ERR {answer}\r\n".encode()}), trust)
    assert type(error) is kind


@pytest.mark.parametrize(
    ("greeting", "kind"),
    [
        (b"-ERR [SYS/TEMP] too many\r\n", BusyError),
        (b"-ERR [SYS/PERM] never\r\n", TurnedAwayError),
        (b"-ERR [AUTH] not from there\r\n", TurnedAwayError),
        (b"-ERR go away\r\n", TurnedAwayError),
    ],
)
async def test_a_greeting_can_turn_us_away(
    trust: Trust, greeting: bytes, kind: type[HatoError]
) -> None:
    async with raw_server(Script(greeting=greeting)) as port:
        with pytest.raises(kind):
            await visit(port, trust)


async def test_a_server_without_capa_gets_user_and_pass(trust: Trust) -> None:
    script = Script({"CAPA": b"-ERR unknown\r\n"})
    assert await log_in(script, trust) == "USER"
    assert script.heard[:3] == ["CAPA", "USER ada", "PASS secret"]


async def test_a_mechanism_that_is_missing_after_all_leaves_the_next(trust: Trust) -> None:
    script = Script(
        {"AUTH": b"-ERR Unsupported authentication mechanism\r\n"},
        capabilities="USER SASL_SCRAM-SHA-256_PLAIN_LOGIN",
    )
    assert await log_in(script, trust) == "USER"
    begun = [line.split()[1] for line in script.heard if line.startswith("AUTH")]
    assert begun == ["SCRAM-SHA-256", "PLAIN", "LOGIN"]


@pytest.mark.parametrize("words", ["Authentication failed", "[AUTH] unknown mechanism", ""])
async def test_after_a_refused_password_no_other_method_is_tried(trust: Trust, words: str) -> None:
    script = Script({"AUTH": f"-ERR {words}\r\n".encode()}, capabilities="USER SASL_PLAIN_LOGIN")
    error = await failure_of(script, trust)
    assert isinstance(error, WrongCredentialsError)
    assert len([line for line in script.heard if line.startswith(("AUTH", "USER"))]) == 1


@pytest.mark.parametrize(
    ("words", "is_missing"),
    [
        ("Unknown AUTH mechanism", True),
        ("This way of authentication is not offered", True),
        ("mechanism PLAIN not available", True),
        ("Unrecognized command", True),
        ("Command not implemented", True),
        ("Authentication failed.", False),
        ("Username and password not accepted", False),
        ("invalid password", False),
        ("invalid user name or password for method PLAIN", False),
        ("Unknown user", False),
    ],
)
def test_servers_words_tell_a_missing_mechanism(words: str, is_missing: bool) -> None:
    asked = Auth("PLAIN", Secret("x"))
    assert is_no_such_mechanism(asked, Refused(asked, None, words, b"")) is is_missing


async def test_what_shows_the_password_comes_last_without_tls(trust: Trust) -> None:
    script = Script(
        {"AUTH": b"-ERR unknown mechanism\r\n", "APOP": b"+OK\r\n"},
        greeting=b"+OK <1.2@mx>\r\n",
        capabilities="USER SASL_PLAIN_CRAM-MD5",
    )
    identity = msgspec.structs.replace(SCRIPTED, outdated=frozenset({APOP, "CRAM-MD5"}))
    assert await log_in(script, trust, identity) == "APOP"
    assert not script.has_heard("PLAIN")


async def test_outdated_methods_are_not_used_unasked(trust: Trust) -> None:
    script = Script(greeting=b"+OK <1.2@mx>\r\n", capabilities="SASL_CRAM-MD5")
    error = await failure_of(script, trust)
    assert isinstance(error, NoLoginMethodError)
    assert error.offered == ("SASL CRAM-MD5",)
    assert script.heard == ["CAPA"]


async def test_a_token_is_not_shown_without_tls(trust: Trust) -> None:
    script = Script(capabilities="SASL_XOAUTH2_OAUTHBEARER")
    error = await failure_of(script, trust, Identity("ada", Secret("token"), is_token=True))
    assert isinstance(error, NoLoginMethodError)
    assert script.heard == ["CAPA"]


@pytest.mark.parametrize("name", ["ada lovelace", "a\r\nDELE 1"])
async def test_a_name_that_cannot_be_said_is_told_and_not_sent(trust: Trust, name: str) -> None:
    script = Script()
    error = await failure_of(script, trust, Identity(name, Secret("secret")))
    assert isinstance(error, InvalidInputError)
    assert script.heard == ["CAPA"]


async def test_a_yes_without_proof_is_not_believed(trust: Trust) -> None:
    script = Script({"AUTH": b"+OK welcome\r\n"}, capabilities="SASL_SCRAM-SHA-256")
    assert isinstance(await failure_of(script, trust), UnprovenServerError)


async def test_a_server_that_talks_nonsense_in_an_exchange_is_not_told_more(trust: Trust) -> None:
    script = Script(
        {"AUTH": b"+ bm9uc2Vuc2U=\r\n", "*": b"-ERR cancelled\r\n"},
        capabilities="SASL_SCRAM-SHA-256_PLAIN",
    )
    assert isinstance(await failure_of(script, trust), NonsenseError)
    assert script.heard[-1] == "*"


async def logged_in(port: int, trust: Trust, patience: Patience = STEADY) -> Pop3Client:
    client = await visit(port, trust, patience=patience)
    await client.log_in(SCRIPTED)
    return client


async def test_a_server_without_uidl_is_listed_all_the_same(trust: Trust) -> None:
    script = Script({"LIST": b"+OK\r\n1 100\r\n2 200\r\n.\r\n"})
    async with raw_server(script) as port:
        client = await logged_in(port, trust)
        listing = await client.list_messages()
        client.close()
    assert (dict(listing.sizes), listing.unique_ids) == ({1: 100, 2: 200}, None)


async def test_a_listing_that_fails_is_not_taken_for_an_empty_one(trust: Trust) -> None:
    script = Script({"UIDL": b"-ERR [SYS/TEMP] index\r\n", "LIST": b"+OK\r\n.\r\n"})
    async with raw_server(script) as port:
        client = await logged_in(port, trust)
        with pytest.raises(BusyError):
            await client.list_messages()
        client.close()


async def test_odd_rows_do_not_spoil_the_others(trust: Trust) -> None:
    long = b"x" * 71
    script = Script(
        {
            "UIDL": b"+OK\r\n1 a\r\n1 b\r\n0 z\r\n2 " + long + b"\r\n3 c\r\nfour\r\n.\r\n",
            "LIST": b"+OK\r\n1 10\r\n1 99\r\n3 30\r\n.\r\n",
        }
    )
    async with raw_server(script) as port:
        client = await logged_in(port, trust)
        listing = await client.list_messages()
        client.close()
    assert listing.unique_ids == {1: b"a", 3: b"c"}
    assert listing.sizes == {1: 10, 3: 30}
    assert (listing.odd_count, [row.number for row in listing.odd_rows]) == (5, [2, None])


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (b"+OK bye\r\n", QuitAnswer.YES),
        (b"-ERR some not deleted\r\n", QuitAnswer.NO),
        (None, QuitAnswer.NONE),
        (b"what?\r\n", QuitAnswer.NONE),
        (b"+OK", QuitAnswer.NONE),
    ],
)
async def test_quit_has_a_verdict(trust: Trust, answer: bytes | None, verdict: QuitAnswer) -> None:
    script = Script({"DELE": b"+OK\r\n", "QUIT": answer})
    async with raw_server(script) as port:
        patience = QUICK if answer == b"+OK" else STEADY  # it stays open, and the line never ends
        client = await logged_in(port, trust, patience)
        await client.delete([MessageNumber(1)])
        assert await client.quit() is verdict


async def test_quit_is_not_said_in_the_middle_of_a_login(
    trust: Trust, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_off(*_: object) -> None:
        raise TimeoutError

    monkeypatch.setattr("hato.clients.pop3_login.SaslLogin.answer", break_off)
    script = Script({"AUTH": b"+ \r\n"}, capabilities="SASL_LOGIN")
    async with raw_server(script) as port:
        client = await visit(port, trust)
        with pytest.raises(HatoError):
            await client.log_in(SCRIPTED)
        assert await client.quit() is QuitAnswer.NONE
    assert script.heard == ["CAPA", "AUTH LOGIN"]


async def test_a_letter_says_why_it_is_refused(trust: Trust) -> None:
    script = Script({"RETR 1": b"-ERR [SYS/TEMP] later\r\n", "RETR 2": b"-ERR virus\r\n"})
    async with raw_server(script) as port:
        client = await logged_in(port, trust)
        refusals = [
            one.refusal async for one in client.letters([MessageNumber(1), MessageNumber(2)])
        ]
        client.close()
    assert [type(refusal) for refusal in refusals] == [BusyError, LetterRefusedError]


def test_what_is_printed_of_an_identity_has_no_secret() -> None:
    assert "***" in repr(IDENTITY)
