"""Who gets in gets her own locked maildrop; who does not learns nothing."""

from __future__ import annotations

import base64
import re

import msgspec
import pytest

from hato.core.errors import (
    DamagedError,
    HatoError,
    LoginDelayError,
    NotFoundError,
    StorageFullError,
    ThrottledError,
    UnavailableError,
)
from hato.core.language import Language
from hato.core.log import log
from hato.servers import pop3_login
from hato.services.auth.open_sessions import OpenSessions
from tests.unit.pop3.house import PASSWORD, House

PLAIN = base64.b64encode(b"\0ada@example.org\0" + PASSWORD.encode()).decode()


async def test_user_and_pass_open_the_maildrop(house: House) -> None:
    await house.deliver("Subject: x\r\n\r\nbody\r\n")
    pump = await house.log_in()
    assert pump.session.is_logged_in
    assert await pump.command("STAT") == "+OK 1 20"


async def test_everything_in_one_segment(house: House) -> None:
    pump = await house.connect()
    answer = await pump.say(
        f"USER ada@example.org\r\nPASS {PASSWORD}\r\nSTAT\r\nQUIT\r\nSTAT\r\n".encode()
    )
    assert answer.decode().split("\r\n") == [
        "+OK Now the password, please",
        "+OK Logged in, maildrop locked",
        "+OK 0 0",
        "+OK Goodbye",
        "",
    ]
    assert pump.is_closed


async def test_a_wrong_password_and_an_unknown_name_look_the_same(house: House) -> None:
    pump = await house.connect()
    await pump.command("USER ada@example.org")
    wrong = await pump.command("PASS wrong")
    await pump.command("USER nobody@example.org")
    assert await pump.command("PASS wrong") == wrong == "-ERR [AUTH] Name or password is wrong"
    assert not pump.session.is_logged_in


async def test_auth_with_and_without_an_initial_response(house: House) -> None:
    pump = await house.connect()
    assert (await pump.command(f"AUTH PLAIN {PLAIN}")).startswith("+OK ")
    await pump.hang_up()
    pump = await house.connect()
    assert await pump.command("AUTH PLAIN") == "+ "
    assert (await pump.command(PLAIN)).startswith("+OK ")
    assert await pump.command("AUTH PLAIN") == "-ERR This command is not allowed now"


async def test_an_unknown_mechanism_is_refused(house: House) -> None:
    pump = await house.connect()
    answer = await pump.command("AUTH KERBEROS_V4")
    assert answer == "-ERR This way of authentication is not offered"
    assert (await pump.command(f"AUTH PLAIN {PLAIN}")).startswith("+OK ")


async def test_a_stamp_is_digits_dot_digits_and_new_each_time(house: House) -> None:
    house.open_doors(apop=True)
    stamps = set()
    for _ in range(3):
        pump = await house.connect()
        session = pump.session
        stamp = session._stamp  # type: ignore[attr-defined]  # what the greeting showed
        assert re.fullmatch(r"<\d+\.\d+@mx\.example\.org>", stamp)
        stamps.add(stamp)
        digest = stamp.encode()[:16].hex()
        assert (await pump.command(f"APOP ada@example.org {digest}")).startswith("+OK ")
        await pump.hang_up()
    assert len(stamps) == 3


async def test_apop_is_unknown_unless_the_operator_wants_it(house: House) -> None:
    pump = await house.connect()
    digest = "c4c9334bac560ecc979e58001b3e22fb"
    assert await pump.command(f"APOP ada@example.org {digest}") == "-ERR Unknown command"


async def test_the_second_session_waits_a_little_then_hears_that_it_is_in_use(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await house.log_in()
    monkeypatch.setattr(pop3_login, "POP3_LOCK_SECONDS", 0.0)
    second = await house.connect()
    await second.command("USER ada@example.org")
    assert (await second.command(f"PASS {PASSWORD}")).startswith("-ERR [IN-USE] ")
    assert await first.command("STAT") == "+OK 0 0"
    await first.command("QUIT")
    await second.command("USER ada@example.org")
    assert (await second.command(f"PASS {PASSWORD}")).startswith("+OK ")


async def test_one_person_has_only_so_many_sessions_from_one_address(house: House) -> None:
    house.edge.sessions = OpenSessions(1)
    first = await house.log_in()
    second = await house.connect()
    await second.command("USER ada@example.org")
    assert await second.command(f"PASS {PASSWORD}") == (
        "-ERR [IN-USE] Too many sessions of yours are open; close one and try again"
    )
    await first.hang_up()
    await second.command("USER ada@example.org")
    assert (await second.command(f"PASS {PASSWORD}")).startswith("+OK ")
    await second.command("QUIT")
    await second.hang_up()
    await house.log_in()


async def test_a_maildrop_that_did_not_open_takes_no_place(house: House) -> None:
    house.edge.sessions = OpenSessions(1)
    house.account.snapshot_fault = UnavailableError("broken")
    pump = await house.connect()
    for _ in range(2):
        await pump.command("USER ada@example.org")
        assert (await pump.command(f"PASS {PASSWORD}")).startswith("-ERR [SYS/TEMP] ")
    house.account.snapshot_fault = None
    await pump.command("USER ada@example.org")
    assert (await pump.command(f"PASS {PASSWORD}")).startswith("+OK ")


async def test_only_a_login_that_opened_the_maildrop_counts(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RFC 2449 §6.5: who got [IN-USE] may come again at once."""
    monkeypatch.setattr(pop3_login, "POP3_LOCK_SECONDS", 0)
    first = await house.log_in()
    second = await house.connect()
    await second.command("USER ada@example.org")
    assert (await second.command(f"PASS {PASSWORD}")).startswith("-ERR [IN-USE] ")
    assert house.authenticator.opened == ["ada@example.org"]
    await first.command("QUIT")
    await second.command("USER ada@example.org")
    assert (await second.command(f"PASS {PASSWORD}")).startswith("+OK ")
    assert house.authenticator.opened == ["ada@example.org"] * 2


async def test_a_login_that_cannot_be_counted_leaves_the_maildrop_free(house: House) -> None:
    house.authenticator.count_fault = StorageFullError("full")
    pump = await house.connect()
    await pump.command("USER ada@example.org")
    assert (await pump.command(f"PASS {PASSWORD}")).startswith("-ERR [SYS/TEMP] ")
    house.authenticator.count_fault = None
    await house.log_in()


async def test_a_session_that_hangs_up_frees_the_maildrop(house: House) -> None:
    first = await house.log_in()
    await first.hang_up()
    await house.log_in()


async def test_quit_frees_the_maildrop_before_it_answers(house: House) -> None:
    first = await house.log_in()
    await first.command("QUIT")
    await house.log_in()


@pytest.mark.parametrize(
    ("fault", "answer"),
    [
        (LoginDelayError(59.5),
         "-ERR [LOGIN-DELAY] Logged in just a moment ago; try again in 60 seconds"),
        (ThrottledError(30), "-ERR [SYS/TEMP] Too many failed logins; try again in 30 seconds"),
        (UnavailableError("busy"), "-ERR [SYS/TEMP] Not possible for the moment; try again later"),
    ],
)  # fmt: skip
async def test_what_the_authenticator_says_is_told(
    house: House, fault: HatoError, answer: str
) -> None:
    house.authenticator.fault = fault
    pump = await house.connect()
    await pump.command("USER ada@example.org")
    assert await pump.command(f"PASS {PASSWORD}") == answer


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (UnavailableError("input/output error"), "SYS/TEMP"),
        (StorageFullError("full"), "SYS/TEMP"),
        (NotFoundError("the account is not there"), "SYS/PERM"),
        (DamagedError("index"), "SYS/PERM"),
    ],
)
async def test_a_maildrop_that_cannot_be_opened_is_unlocked_again(
    house: House, fault: HatoError, code: str
) -> None:
    house.account.snapshot_fault = fault
    pump = await house.connect()
    await pump.command("USER ada@example.org")
    assert (await pump.command(f"PASS {PASSWORD}")).startswith(f"-ERR [{code}] ")
    house.account.snapshot_fault = None
    await house.log_in()


async def test_a_stranger_needs_tls_and_the_login_knows_of_it(house: House) -> None:
    pump = await house.connect("192.0.2.7")
    assert (await pump.command("USER ada@example.org")).startswith("-ERR Nobody can log in here")
    assert (await pump.command("STLS")).startswith("+OK ")
    await pump.start_tls()
    await pump.command("USER ada@example.org")
    assert (await pump.command(f"PASS {PASSWORD}")).startswith("+OK ")
    assert [origin.is_encrypted for origin in house.authenticator.origins] == [True]


async def test_a_login_is_logged_with_its_door_and_its_protection(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[tuple[str, dict[str, object]]] = []
    monkeypatch.setattr(log, "info", lambda event, **fields: events.append((event, fields)))
    pump = await house.connect("192.0.2.7", is_encrypted=True)
    await pump.command("USER ada@example.org")
    await pump.command("PASS wrong")
    assert events == []
    await pump.command("USER ada@example.org")
    await pump.command(f"PASS {PASSWORD}")
    ((event, fields),) = events
    assert event == "login"
    assert fields == {
        "session": "test-1",
        "service": "pop3",
        "person": "ada@example.org",
        "address": "192.0.2.7",
        "port": 40000,
        "local_address": "192.0.2.1",
        "local_port": 110,
        "tls": "TLSv1.3",
        "cipher": "TLS_AES_128_GCM_SHA256",
        "server_name": "",
    }


async def test_implicit_tls_needs_nothing_more(house: House) -> None:
    pump = await house.connect("192.0.2.7", is_encrypted=True, offers_tls=False)
    await pump.command("USER ada@example.org")
    assert (await pump.command(f"PASS {PASSWORD}")).startswith("+OK ")


@pytest.mark.parametrize(
    ("chosen", "answer"),
    [
        (None, "+OK ログインしました"),
        (Language.ENGLISH, "+OK Logged in, maildrop locked"),
    ],
)
async def test_who_never_chose_a_language_gets_the_configured_one(
    house: House, chosen: Language | None, answer: str
) -> None:
    house.edge.settings = msgspec.structs.replace(house.settings, language=Language.JAPANESE)
    await house.change_person(language=chosen)
    pump = await house.connect()
    await pump.command("UTF8")
    await pump.command("USER ada@example.org")
    assert (await pump.command(f"PASS {PASSWORD}")) == answer


async def test_before_login_nothing_tells_whose_language_it_would_be(house: House) -> None:
    await house.change_person(language=Language.JAPANESE)
    pump = await house.connect()
    assert (await pump.command("UTF8")).isascii()
    assert (await pump.command("USER ada@example.org")).isascii()
    assert (await pump.command(f"PASS {PASSWORD}")) == "+OK ログインしました"
