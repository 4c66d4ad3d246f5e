"""Each line of a client means exactly one thing, or is refused for exactly one reason."""

from __future__ import annotations

import pytest

from hato.core.ids import MessageNumber
from hato.core.limits import POP3_COMMAND_OCTETS
from hato.core.secret import Secret
from hato.protocols.pop3.commands import (
    Apop,
    Auth,
    AuthCancel,
    AuthResponse,
    Capa,
    Command,
    Dele,
    Lang,
    List,
    Noop,
    Pass,
    Quit,
    Retr,
    Rset,
    Stat,
    Stls,
    Top,
    Uidl,
    User,
    Utf8,
)
from hato.protocols.pop3.grammar import (
    Refusal,
    Status,
    format_command,
    looks_like_http,
    parse_challenge,
    parse_command,
    parse_sasl_line,
    parse_status_line,
    parse_two_numbers,
    parse_unique_id_listing,
)

_DIGEST = "c4c9334bac560ecc979e58001b3e22fb"
N = MessageNumber

COMMANDS: list[tuple[bytes, Command]] = [
    (b"CAPA", Capa()),
    (b"STLS", Stls()),
    (b"UTF8", Utf8()),
    (b"LANG", Lang()),
    (b"LANG ja", Lang("ja")),
    (b"LANG *", Lang("*")),
    (b"USER mrose", User("mrose")),
    ("USER 花子@例え.jp".encode(), User("花子@例え.jp")),
    (b"PASS secret", Pass(Secret("secret"))),
    (b"PASS tan staaf ", Pass(Secret("tan staaf "))),
    (b"PASS  leading", Pass(Secret(" leading"))),
    (b"PASS  ", Pass(Secret(" "))),
    ("PASS 秘密".encode(), Pass(Secret("秘密"))),
    (f"APOP mrose {_DIGEST}".encode(), Apop("mrose", bytes.fromhex(_DIGEST))),
    (b"AUTH PLAIN", Auth("PLAIN")),
    (b"AUTH SCRAM-SHA-256", Auth("SCRAM-SHA-256")),
    (b"AUTH PLAIN =", Auth("PLAIN", Secret(""))),
    (b"AUTH PLAIN dGVzdAB0ZXN0AHRlc3Q=", Auth("PLAIN", Secret("test\0test\0test"))),
    (b"STAT", Stat()),
    (b"LIST", List()),
    (b"LIST 1", List(N(1))),
    (b"LIST 0", List(N(0))),
    (b"UIDL", Uidl()),
    (b"UIDL 17", Uidl(N(17))),
    (b"RETR 120", Retr(N(120))),
    (b"RETR 99999999999999999999", Retr(N(99999999999999999999))),
    (b"DELE 3", Dele(N(3))),
    (b"TOP 1 0", Top(N(1), 0)),
    (b"TOP 1 99999999", Top(N(1), 99999999)),
    (b"NOOP", Noop()),
    (b"RSET", Rset()),
    (b"QUIT", Quit()),
]


@pytest.mark.parametrize(("line", "command"), COMMANDS)
def test_a_command_is_read(line: bytes, command: Command) -> None:
    assert parse_command(line) == command


@pytest.mark.parametrize(("line", "command"), COMMANDS)
def test_a_command_is_written_as_it_is_read(line: bytes, command: Command) -> None:
    assert format_command(command) == line + b"\r\n"


@pytest.mark.parametrize(("line", "command"), COMMANDS)
def test_keywords_have_no_case(line: bytes, command: Command) -> None:
    keyword, space, rest = line.partition(b" ")
    assert parse_command(keyword.lower() + space + rest) == command
    assert parse_command(keyword.title() + space + rest) == command


ARGUMENTS = [
    b"STAT 1", b"NOOP x", b"QUIT now", b"RSET ", b"CAPA 1", b"STLS now", b"UTF8 USER",
    b"RETR", b"RETR ", b"RETR abc", b"RETR -1", b"RETR +1", b"RETR 1.0", b"RETR 1_0", b"RETR 0x1",
    b"RETR 1 ", b"RETR  1", b"RETR 1 2", b"RETR 1\t", "RETR １".encode(), "LIST ١".encode(),
    b"RETR 1\0", b"RETR 1\r", b"LIST abc", b"LIST 1 2", b"LIST ", b"UIDL x", b"UIDL 1 1",
    b"DELE", b"DELE one", b"TOP", b"TOP 1", b"TOP 1 ", b"TOP 1 -1", b"TOP 1 x", b"TOP 1 1 1",
    b"TOP  1 1", b"TOP x 1", b"USER", b"USER ", b"USER a b", b"USER  a", b"PASS", b"PASS ",
    b"APOP", b"APOP mrose", b"APOP mrose zz", b"APOP " + _DIGEST.encode(),
    b"APOP mrose " + _DIGEST.upper().encode(), b"APOP mrose " + _DIGEST.encode() + b" x",
    b"AUTH", b"AUTH ", b"AUTH PLAIN ", b"AUTH PLAIN a", b"AUTH PLAIN =AAA", b"AUTH PLAIN AAA=BBB",
    b"AUTH PLAIN AAAA AAAA", b"AUTH PLA!N", b"AUTH " + b"A" * 21, b"AUTH PLAIN AA==\r",
    b"LANG ", b"LANG en ja",
]  # fmt: skip


@pytest.mark.parametrize("line", ARGUMENTS)
def test_wrong_arguments_are_refused_as_such(line: bytes) -> None:
    assert parse_command(line) is Refusal.ARGUMENTS


@pytest.mark.parametrize(
    "line",
    [b"", b" ", b" STAT", b"STA", b"STATS", b"STAT\t1", b"\0", b"XTND XMIT", "鳩".encode(), b"\xff",
     b"NOOP\0", b"NOOP\rDELE 1"],
)  # fmt: skip
def test_an_unknown_keyword_is_refused_as_such(line: bytes) -> None:
    assert parse_command(line) is Refusal.UNKNOWN


@pytest.mark.parametrize(
    "line",
    [b"USER a\rSTLS", b"USER a\0b", b"USER \xff", b"USER a\x7f", b"PASS a\0b", b"PASS \xc3(",
     b"PASS a\rb", b"PASS a\x1b[0m", b"APOP a\0 " + _DIGEST.encode(), b"LANG \xff"],
)  # fmt: skip
def test_octets_that_no_text_may_have_are_refused_as_such(line: bytes) -> None:
    assert parse_command(line) is Refusal.OCTETS


def test_a_password_does_not_show_in_what_was_read() -> None:
    assert "secret" not in repr(parse_command(b"PASS secret"))
    assert "test" not in repr(parse_command(b"AUTH PLAIN dGVzdAB0ZXN0AHRlc3Q="))


SASL: list[tuple[bytes, Command]] = [
    (b"*", AuthCancel()),
    (b"", AuthResponse(Secret(""))),
    (b"dGVzdA==", AuthResponse(Secret("test"))),
]


@pytest.mark.parametrize(("line", "command"), SASL)
def test_a_line_of_a_sasl_exchange_is_read_and_written(line: bytes, command: Command) -> None:
    assert parse_sasl_line(line) == command
    assert format_command(command) == line + b"\r\n"


@pytest.mark.parametrize(
    "line", [b"STLS ", b"dGVzdA", b"dGVzdA== ", b"=", b"**", b"dGV=dA==", b"\0"]
)
def test_a_line_that_is_not_base64_is_refused(line: bytes) -> None:
    assert parse_sasl_line(line) is Refusal.ARGUMENTS


def test_a_sasl_response_may_be_longer_than_a_command() -> None:
    response = AuthResponse(Secret(b"x" * 4000))
    assert parse_sasl_line(format_command(response).removesuffix(b"\r\n")) == response


@pytest.mark.parametrize(
    "command",
    [User("a b"), User("a\r\nDELE 1"), User(""), Pass(Secret("a\nb")), Pass(Secret("")),
     Lang("a b"), Auth("PLA!N"), User("x" * POP3_COMMAND_OCTETS), Retr(N(-1))],
)  # fmt: skip
def test_a_command_that_would_be_malformed_cannot_be_written(command: Command) -> None:
    with pytest.raises(ValueError, match="cannot be written"):
        format_command(command)


@pytest.mark.parametrize(
    ("line", "is_http"),
    [(b"GET / HTTP/1.1", True), (b"post /x", True), (b"PRI * HTTP/2.0", True), (b"GETX", False),
     (b"RETR 1", False), (b"", False)],
)  # fmt: skip
def test_a_web_browser_is_recognised(line: bytes, is_http: bool) -> None:
    assert looks_like_http(line) is is_http


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (b"+OK", Status(True, None, "")),
        (b"+OK ", Status(True, None, "")),
        (b"+OK 2 320", Status(True, None, "2 320")),
        (b"-ERR [IN-USE] Busy", Status(False, "IN-USE", "Busy")),
        (b"-ERR [sys/temp] Later", Status(False, "SYS/TEMP", "Later")),
        (b"-ERR [AUTH]", Status(False, "AUTH", "")),
        ("-ERR だめです".encode(), Status(False, None, "だめです")),
        (b"+OK \xff", Status(True, None, "\\xff")),
    ],
)
def test_a_status_line_is_read(line: bytes, status: Status) -> None:
    assert parse_status_line(line) == status


@pytest.mark.parametrize("line", [b"", b"+ok", b"+OKAY", b"-ERROR", b"* BYE", b"+ abc", b" +OK"])
def test_what_is_no_status_line_is_told(line: bytes) -> None:
    assert parse_status_line(line) is None


@pytest.mark.parametrize(
    ("line", "data"),
    [(b"+ ", b""), (b"+", b""), (b"+ dGVzdA==", b"test"), (b"+ x", None), (b"+OK", None)],
)
def test_a_challenge_is_read(line: bytes, data: bytes | None) -> None:
    assert parse_challenge(line) == data


@pytest.mark.parametrize(
    ("text", "numbers"),
    [(b"2 320", (2, 320)), (b"2 320 more", (2, 320)), (b"2", None), (b"a b", None), (b"1 -2", None),
     (b"1 " + b"9" * 5000, None)],
)  # fmt: skip
def test_two_numbers_are_read(text: bytes, numbers: tuple[int, int] | None) -> None:
    assert parse_two_numbers(text) == numbers


@pytest.mark.parametrize(
    ("text", "row"),
    [(b"1 whqtswO00WBw418f9t5JxYwZ", (1, b"whqtswO00WBw418f9t5JxYwZ")), (b"1", None), (b"1 ", None),
     (b"1 a b", None), (b"1 " + b"x" * 71, None)],
)  # fmt: skip
def test_a_unique_id_listing_is_read(text: bytes, row: tuple[int, bytes] | None) -> None:
    assert parse_unique_id_listing(text) == row
