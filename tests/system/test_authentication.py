"""Who is let in: passwords, names, SASL answers that are none (RFC 1939 §7, RFC 5034, RFC 6856)."""

from __future__ import annotations

import base64
import unicodedata

import pytest

from tests.system.fixtures import Connect, Deliver
from tests.system.letters import LETTERS
from tests.system.people import PeoplePool, Person
from tests.system.pop3 import Pop3Client
from tests.system.server_process import HatoServer
from tests.system.wire import sends_until_refused


@pytest.fixture
def pop3(connect: Connect) -> Pop3Client:
    return Pop3Client(connect("pop3s"))


def add(server: HatoServer, address: str, password: str) -> Person:
    person = Person(address, password)
    server.add_person(person)
    return person


NOT_BASE64 = [
    b"!!!!",
    b"=AAA",
    b"AAA=BBB",
    b"AGFkYQ==AGFkYQ==",
    b"A",
    b"AA",
    b"AAA",
    b"AA=",
    b"AGFk YQ==",
    b" AGFkYQ==",
    b"AGFkYQ== ",
    b"AGFk\tYQ==",
    b"AGFk_-Q=",
    b"\xff\xfe\xfd\xfc",
    b"AGFk\0YQ=",
    b"**",
    b"* ",
    "ＡＧＦｋ".encode(),
]


@pytest.mark.parametrize("octets", NOT_BASE64, ids=repr)
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "SCRAM-SHA-256"])
def test_what_is_not_base64_ends_the_exchange_and_not_the_session(
    pop3: Pop3Client, person: Person, mechanism: str, octets: bytes
) -> None:
    """RFC 5034 §4: reject, and do not ignore, any other character, and `=` but at the end."""
    pop3.send(f"AUTH {mechanism}")
    assert pop3.wire.read_line().startswith(b"+ ")
    pop3.expect_error(octets)
    pop3.login(person)


@pytest.mark.parametrize(
    "response",
    [
        "",
        "ada",
        "ada\0secret",
        "\0\0",
        "\0ada\0",
        "\0\0secret",
        "\0ada\0sec\0ret",
        "\0ada\0secret\0",
        "\0\0\0\0\0\0",
        "\0" * 100,
        "ada\0\0secret",
    ],
    ids=repr,
)
def test_a_plain_response_has_exactly_two_nuls_and_no_empty_part(
    pop3: Pop3Client, person: Person, response: str
) -> None:
    """RFC 4616 §2; the authorization identity alone may be empty."""
    filled = response.replace("ada", person.address).replace("secret", person.password)
    encoded = base64.b64encode(filled.encode()) or b"="
    pop3.send("AUTH PLAIN")
    assert pop3.wire.read_line() == b"+ \r\n"
    pop3.expect_error(encoded)
    pop3.login(person)


def test_an_empty_initial_response_is_a_response(pop3: Pop3Client, person: Person) -> None:
    """RFC 5034 §4: `=` says that it is there and empty; no challenge follows."""
    pop3.expect_error("AUTH PLAIN =")
    pop3.login(person)


def test_the_own_name_as_authorization_identity_is_accepted(
    pop3: Pop3Client, person: Person
) -> None:
    plain = f"{person.address}\0{person.address}\0{person.password}"
    pop3.expect_ok(b"AUTH PLAIN " + base64.b64encode(plain.encode()))


def test_another_persons_name_as_authorization_identity_is_refused(
    pop3: Pop3Client, person: Person, new_person: Person
) -> None:
    plain = f"{new_person.address}\0{person.address}\0{person.password}"
    pop3.expect_error(b"AUTH PLAIN " + base64.b64encode(plain.encode()))
    pop3.login(person)


def test_a_mechanism_name_has_no_case_and_a_limit(pop3: Pop3Client, person: Person) -> None:
    pop3.expect_error("AUTH " + "X" * 200)
    plain = base64.b64encode(f"\0{person.address}\0{person.password}".encode())
    pop3.expect_ok(b"auth pLaIn " + plain)


@pytest.mark.parametrize(
    ("user", "password"),
    [
        ("", "x"),
        ("ada", ""),
        (" ", " "),
        ("ada\0", "x"),
        ("ada", "x\0y"),
        ("a" * 240, "x"),
        ("ada", "x" * 240),
        ("@", "x"),
        ("@example.org", "x"),
        ("ada@", "x"),
        ("ada@@example.org", "x"),
        ("ada@example.org@example.org", "x"),
        ("ada@nowhere.example", "x"),
        ("*", "*"),
        ("%", "%"),
        ("' OR 1=1 --", "x"),
        ("${jndi:ldap://x}", "x"),
        ("<script>", "x"),
        ("\x1b]0;owned\x07", "x"),
        ("-config", "x"),
    ],
)
def test_odd_names_and_passwords_are_refused_and_the_session_lives(
    pop3: Pop3Client, person: Person, user: str, password: str
) -> None:
    assert not pop3.try_login(user, password).ok
    pop3.login(person)


@pytest.mark.parametrize(
    "name", [b"\xff@example.org", b"\xc0\xaf@example.org", b"\xed\xa0\x80@example.org"]
)
def test_names_that_are_not_utf8_are_refused(pop3: Pop3Client, person: Person, name: bytes) -> None:
    """RFC 6856 §2.2: MUST reject what fails to comply with the formal syntax in UTF-8."""
    if pop3.command(b"USER " + name).ok:
        pop3.expect_error("PASS x")
    pop3.login(person)


@pytest.mark.parametrize(
    "password",
    ["ends with space ", " begins with one", "two  spaces", "鳩の便り", "=%\"'\\;"],
)
def test_a_password_is_the_rest_of_the_line(
    connect: Connect, people: PeoplePool, password: str
) -> None:
    """RFC 1939 §7: spaces may be part of the password."""
    person = people.new("space", password)
    wrong = password.strip() if password != password.strip() else password + "x"
    assert not Pop3Client(connect("pop3s")).try_login(person.address, wrong).ok
    Pop3Client(connect("pop3s")).login(person)


def test_every_octet_of_a_long_password_counts(connect: Connect, server: HatoServer) -> None:
    """A hash like bcrypt would stop at 72."""
    long = "0123456789" * 10
    person = add(server, "longpass@example.org", long)
    for wrong in (long[:72], long[:72] + "x" * 28, long[:-1], long + "0"):
        assert not Pop3Client(connect("pop3s")).try_login(person.address, wrong).ok
    Pop3Client(connect("pop3s")).login(person)


def test_names_and_passwords_are_prepared(connect: Connect, server: HatoServer) -> None:
    """RFC 6856 §2.2 and RFC 4013 §3: U+00AD to nothing, U+2168 to `IX`, NFD like NFC.

    For names RFC 8265 §3.3, a successor, is as good: it knows NFD, but refuses U+00AD.
    """
    person = add(server, "ünal@example.org", "Ⅸ lives of a cät")
    spellings = [
        ("ünal@example.org", "Ⅸ lives of a cät"),
        ("ünal@example.org", "IX lives of a cät"),
        (unicodedata.normalize("NFD", "ünal@example.org"), "I\u00adX lives of a cät"),
        ("Ünal@Example.org", unicodedata.normalize("NFD", "Ⅸ lives of a cät")),
        ("ünal@example.org", "IX\u00a0lives of\u3000a cät"),
    ]
    for name, password in spellings:
        client = Pop3Client(connect("pop3s"))
        assert client.try_login(name, password).ok, (name, password)
        client.quit()
        client = Pop3Client(connect("pop3s"))
        assert client.auth_plain(name, password).ok, (name, password)
        client.quit()
    assert person.address == "ünal@example.org"


@pytest.mark.parametrize("bad", ["\u0007", "\u200e", "\ue000", "\ufffe", "\u0627" + "1"])
def test_prohibited_characters_are_refused(pop3: Pop3Client, person: Person, bad: str) -> None:
    """RFC 4013 §2.3 and §2.4; RFC 6856 §2.2: MUST reject."""
    assert not pop3.try_login(f"ada{bad}", person.password).ok
    assert not pop3.try_login(person.address, person.password + bad).ok
    pop3.login(person)


def test_a_password_of_a_mebibyte_is_refused(connect: Connect, person: Person) -> None:
    client = Pop3Client(connect("pop3"))
    client.expect_ok(f"USER {person.address}")
    sends_until_refused(client.wire, b"PASS " + b"x" * (1 << 20) + b"\r\n")
    rest = client.wire.read_to_close() if client.wire.raw.fileno() >= 0 else b""
    assert b"+OK" not in rest
    Pop3Client(connect("pop3s")).login(person)


def test_a_removed_person_is_as_unknown_as_one_who_never_was(
    connect: Connect, server: HatoServer, new_person: Person, deliver: Deliver
) -> None:
    deliver(new_person, LETTERS["plain"])
    server.run("user", "remove", new_person.address)
    removed = Pop3Client(connect("pop3s")).try_login(new_person.address, new_person.password)
    never = Pop3Client(connect("pop3s")).try_login("never-was@example.org", "x")
    assert removed == never
    assert removed.code == "AUTH"


def test_a_new_password_counts_at_once_and_the_old_one_no_more(
    connect: Connect, server: HatoServer, new_person: Person
) -> None:
    first = Pop3Client(connect("pop3s"))
    first.login(new_person)  # the server may remember it now
    first.quit()
    server.run(
        "user",
        "password",
        new_person.address,
        "--password-stdin",
        standard_input=b"quite another one\n",
    )
    old = Pop3Client(connect("pop3s")).try_login(new_person.address, new_person.password)
    assert not old.ok
    Pop3Client(connect("pop3s")).login(Person(new_person.address, "quite another one"))


def test_app_passwords_open_the_mailbox_until_they_are_revoked(
    connect: Connect, server: HatoServer, new_person: Person, deliver: Deliver
) -> None:
    deliver(new_person, LETTERS["plain"])
    made = server.run("app-password", "add", new_person.address, "--device", "phone")
    secret = made.stdout.decode().split()[-1]
    client = Pop3Client(connect("pop3s"))
    client.login(Person(new_person.address, secret))
    assert client.stat().count == 1
    client.quit()
    main = Pop3Client(connect("pop3s"))
    main.login(new_person)
    main.quit()
    listed = server.run("app-password", "list", new_person.address).stdout.decode()
    assert "phone" in listed
    assert secret not in listed


def test_no_password_is_ever_written_to_the_log(
    server: HatoServer, connect: Connect, new_person: Person
) -> None:
    guess = "a guess that must not be logged"
    Pop3Client(connect("pop3s")).try_login(new_person.address, guess)
    Pop3Client(connect("pop3s")).try_login(f"{new_person.password} typed as name", guess)
    client = Pop3Client(connect("pop3s"))
    client.auth_plain(new_person.address, new_person.password)
    client.quit()
    log = server.log()
    encoded = base64.b64encode(f"\0{new_person.address}\0{new_person.password}".encode()).decode()
    for secret in (guess, new_person.password + "\n", f'"{new_person.password}"', encoded):
        assert secret not in log


def test_the_log_has_one_line_for_an_event_whatever_a_client_says(
    server: HatoServer, connect: Connect
) -> None:
    before = len(server.log())
    client = Pop3Client(connect("pop3s"))
    client.try_login("eve\x1b[2Jevil\u2028\u0085name", "x")
    written = server.log()[before:]
    assert "\x1b" not in written
    assert "\u2028" not in written
    assert "\u0085" not in written
