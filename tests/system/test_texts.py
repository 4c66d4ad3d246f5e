"""What people read: always within 512 octets, in ASCII until LANG, in the language they chose."""

from __future__ import annotations

import pytest

from tests.system.fixtures import Connect
from tests.system.people import Person
from tests.system.pop3 import Pop3Client

LONGEST = "x" * 240
LONGEST_JAPANESE = "鳩" * 80


@pytest.fixture
def pop3(connect: Connect) -> Pop3Client:
    return Pop3Client(connect("pop3s"))


@pytest.mark.parametrize("language", ["en", "ja"])
def test_no_first_line_is_longer_than_512_octets(
    pop3: Pop3Client, person: Person, language: str
) -> None:
    """RFC 2449 §4; what a client sent may be repeated in the answer, but not at any length."""
    pop3.expect_ok(f"LANG {language}")  # the client of the tests checks every first line
    pop3.expect_ok(f"USER {LONGEST}")
    pop3.expect_error(f"LANG {LONGEST}")
    pop3.login(person)
    for command in (
        LONGEST,
        LONGEST_JAPANESE,
        f"LIST {LONGEST}",
        f"LIST {LONGEST_JAPANESE}",
        f"RETR {'9' * 240}",
        f"TOP 1 {'9' * 240}",
        f"LANG {LONGEST_JAPANESE}",
        f"USER {LONGEST}",
    ):
        pop3.expect_error(command)
    pop3.quit()


def test_everything_is_ascii_until_a_language_is_chosen(pop3: Pop3Client, person: Person) -> None:
    """RFC 1939 §3; a client's UTF-8 is not sent back to it either."""
    lines = [
        pop3.greeting.line,
        pop3.expect_ok("USER 鳩@example.org").line,
        pop3.expect_error("鳩").line,
        pop3.expect_ok(f"USER {person.address}").line,
        pop3.expect_ok(f"PASS {person.password}").line,
        pop3.expect_error("RETR 鳩").line,
        pop3.expect_error("鳩 鳩").line,
        pop3.expect_ok("NOOP").line,
        pop3.quit().line,
    ]
    assert all(line.isascii() and line.isprintable() for line in lines)


def test_a_chosen_language_lasts_to_the_end(pop3: Pop3Client, person: Person) -> None:
    pop3.expect_ok("LANG ja")
    pop3.login(person)
    lines = [pop3.expect_error("RETR 1").line, pop3.expect_ok("RSET").line, pop3.quit().line]
    assert not any(line.isascii() for line in lines)


@pytest.mark.parametrize(
    ("asked", "given"),
    [("ja", "ja"), ("JA", "ja"), ("en", "en"), ("En", "en")],
)
def test_language_tags_have_no_case(pop3: Pop3Client, asked: str, given: str) -> None:
    """RFC 5646 §2.1.1."""
    assert pop3.expect_ok(f"LANG {asked}").words[0] == given


@pytest.mark.parametrize("tag", ["tlh", "x", "mul", "jaja", "j", "**", "en ja", "de-CH", "-", "é"])
def test_a_language_that_nobody_speaks_here_is_refused(pop3: Pop3Client, tag: str) -> None:
    pop3.expect_error(f"LANG {tag}")
    assert pop3.expect_ok("LANG en").words[0] == "en"


def test_every_listed_language_can_be_chosen(pop3: Pop3Client) -> None:
    tags = [line.split(" ")[0] for line in pop3.lines("LANG")]
    assert {"en", "ja"} <= set(tags)
    for tag in tags:
        assert pop3.expect_ok(f"LANG {tag}").words[0] == tag


def test_the_star_does_not_tell_who_exists(connect: Connect, person: Person) -> None:
    """RFC 6856 §7: the language must not change with USER before the password is checked."""
    answers = []
    for name in (person.address, "nobody@example.org"):
        client = Pop3Client(connect("pop3s"))
        client.expect_ok(f"USER {name}")
        answers.append(client.expect_ok("LANG *").line)
    assert len(set(answers)) == 1


def test_capabilities_are_printable_and_within_512_octets(pop3: Pop3Client, person: Person) -> None:
    """RFC 2449 §3: capa-tag is printable ASCII without a dot at its beginning."""
    for _ in range(2):
        for line in pop3.lines("CAPA"):
            assert line.isascii()
            assert line.isprintable()
            assert not line.startswith(".")
            assert len(line) <= 510
            assert "  " not in line
        if "SASL" in pop3.capabilities() and pop3.command("STAT").ok:
            return
        pop3.login(person)


def test_what_is_announced_works(pop3: Pop3Client, person: Person) -> None:
    before = pop3.capabilities()
    pop3.login(person)
    after = pop3.capabilities()
    # RFC 2449 §5: what is announced before login is announced after it; STLS is the exception
    # that RFC 2595 §4 makes, EXPIRE and LOGIN-DELAY may become more exact.
    assert set(before) - {"STLS"} <= set(after)
    assert before["SASL"] == after["SASL"]
    if "LOGIN-DELAY" in after:
        assert after["LOGIN-DELAY"][0].isdigit()
    assert after["EXPIRE"][0] == "NEVER" or after["EXPIRE"][0].isdigit()
    pop3.expect_error("TOP 1 0")
    assert pop3.body("UIDL") == b""
