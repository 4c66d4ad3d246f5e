"""A fetchmailrc, as fetchmail 6.4 reads it, and what Hato makes of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from hato.core.errors import InvalidInputError
from hato.core.language import Language
from hato.services.moving_in import notes
from hato.services.moving_in.fetchmail_accounts import read_fetchmailrc
from hato.services.moving_in.fetchmail_grammar import parse_fetchmailrc
from hato.services.moving_in.fetchmail_words import words_of
from hato.services.moving_in.found import Found, Place
from hato.services.settings_finder.candidate import TlsMode
from hato.services.sources.source import Keeping

PLACE = Place(Path("/somewhere/.fetchmailrc"), Path("/somewhere"))


def one(text: str, *, allows_cleartext: bool = False) -> Found:
    reading = read_fetchmailrc(text, PLACE, allows_cleartext=allows_cleartext)
    assert reading.refused == []
    (found,) = reading.found
    return found


def why_not(text: str) -> str:
    reading = read_fetchmailrc(text, PLACE)
    assert reading.found == []
    ((_, reason),) = reading.refused
    return reason.en


def is_said(found: Found, option: str) -> bool:
    """Whether a note names an option in both languages."""
    return any(option in note.en and option in note.ja for note in found.notes)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("user x, pass y; keep", ["user", "x", "pass", "y", "keep"]),
        ("pass y#z # comment\nssl", ["pass", "y#z", "ssl"]),
        ("pass 'a \"b\" c'", ["pass", 'a "b" c']),
        ('pass "a\\nb\\101\\x41\\065\\q"', ["pass", "a\nbeA5q"]),
        ("pass 'two\\\nlines'", ["pass", "twolines"]),
        ("pass 'two\nlines'", ["pass", "two\nlines"]),
        ('pass "a"b', ["pass", '"a"b']),
        ('pass "open', ["pass", '"open']),
        ("to b=c", ["to", "b", "=", "c"]),
        ("pass \\xe9", ["pass", "\udce9"]),
    ],
)
def test_words_are_taken_apart(text: str, words: list[str]) -> None:
    assert [word.text for word in words_of(text)] == words


def test_an_entry_may_have_several_users_and_read_like_english() -> None:
    settings = parse_fetchmailrc(
        """
        # mail of the family
        poll pop.example.net with proto pop3 port 3111:
            user "jsmith", with password secret1, is "smith" here;
            user joe here is "jones" there with pass 'keep' and wants keep
        """,
        PLACE.file,
    )
    (server,) = settings.servers
    assert server.options == {"protocol": "pop3", "port": 3111}
    smith, jones = server.users
    assert (smith.login, smith.local_names) == ("jsmith", ("smith",))
    assert smith.options == {"password": "secret1"}
    assert (jones.login, jones.local_names) == ("jones", ("joe",))
    assert jones.options == {"password": "keep", "keep": True}


def test_an_entry_may_name_its_one_user_without_the_word() -> None:
    settings = parse_fetchmailrc("poll a proto pop3 is joe there to ada here pass x", PLACE.file)
    (user,) = settings.servers[0].users
    assert (user.login, user.local_names, user.options) == ("joe", ("ada",), {"password": "x"})


def test_a_word_after_user_and_pass_may_be_one_of_the_language() -> None:
    settings = parse_fetchmailrc("poll a proto pop3 user keep pass ssl", PLACE.file)
    (user,) = settings.servers[0].users
    assert (user.login, user.options) == ("keep", {"password": "ssl"})


def test_defaults_hold_until_an_entry_says_otherwise() -> None:
    reading = read_fetchmailrc(
        """
        defaults proto pop3 user x pass shared keep ssl
        poll a.example
        poll b.example user z nokeep
        poll c.example user y pass w no ssl sslproto tls1.2+ user v
        """,
        PLACE,
    )
    rows = [
        (f.source.login, f.source.host, f.source.tls, f.source.policy.keeping, f.password)
        for f in reading.found
    ]
    secrets = [password.reveal() if password else None for *_, password in rows]
    assert secrets == [b"shared", b"shared", b"w", b"shared"]
    keep, delete = Keeping.KEEP, Keeping.DELETE_WHEN_STORED
    assert [row[:4] for row in rows] == [
        ("x", "a.example", TlsMode.IMPLICIT, keep),
        ("z", "b.example", TlsMode.IMPLICIT, delete),
        ("y", "c.example", TlsMode.STARTTLS, keep),
        ("v", "c.example", TlsMode.IMPLICIT, keep),
    ]


def test_all_that_hato_knows_too_is_carried_over() -> None:
    found = one(
        """
        set daemon 120
        set idfile "ids"
        skip work via POP.example.net protocol apop service pop3s interval 3 auth cram-md5
          user "ada@example.net" password "p w" is ada here
          ssl sslcertck sslcertfile /etc/ca.pem limit 100000 fetchall
        """
    )
    source = found.source
    assert (source.host, source.port, source.tls) == ("pop.example.net", 995, TlsMode.IMPLICIT)
    assert (source.address, source.login) == ("ada@example.net", "ada@example.net")
    assert source.outdated == ("APOP", "CRAM-MD5")
    assert source.ca_file == "/etc/ca.pem"
    assert source.largest_octets == 100_000
    assert source.poll_seconds == 360
    assert source.is_paused
    assert source.policy.keeping is Keeping.DELETE_WHEN_STORED
    assert found.password is not None
    assert found.password.reveal() == b"p w"
    assert found.memory.files == (Path("/somewhere/ids"),)
    assert found.memory.key == "ada@example.net@POP.example.net"
    assert is_said(found, "hato account edit ada@example.net --resume")
    assert is_said(found, "fetchall")


def test_its_memory_is_where_fetchmail_writes_it() -> None:
    found = one("poll a.example proto pop3 user x pass y ssl")
    assert found.memory.files[0] == Path("/somewhere/.fetchids")
    assert found.memory.key == "x@a.example"


@pytest.mark.parametrize(
    ("options", "tls", "is_note_of_encryption"),
    [
        ("ssl", TlsMode.IMPLICIT, False),
        ("", TlsMode.STARTTLS, False),  # 6.4 checks certificates, so it wants TLS too
        ("sslproto tls1.2+", TlsMode.STARTTLS, False),
        ("no sslcertck", TlsMode.STARTTLS, True),
        ("sslproto ''", TlsMode.STARTTLS, True),
    ],
)
def test_encryption_never_becomes_less(
    options: str, tls: TlsMode, is_note_of_encryption: bool
) -> None:
    found = one(f"poll a.example proto pop3 user x pass y {options}")
    assert found.source.tls is tls
    assert any("without encryption" in note.en for note in found.notes) is is_note_of_encryption


def test_without_encryption_only_where_both_the_file_and_the_person_say_so() -> None:
    text = "poll a.example proto pop3 user x pass y"
    assert one(text, allows_cleartext=True).source.tls is TlsMode.STARTTLS
    found = one(f"{text} sslproto ''", allows_cleartext=True)
    assert found.source.tls is TlsMode.NONE
    assert notes.NOT_ENCRYPTED in found.notes


@pytest.mark.parametrize(
    "option",
    [
        "preconnect 'ssh -f there'",
        "postconnect x",
        "mda '/usr/bin/procmail -d %T'",
        "bsmtp file",
        "smtphost other",
        "flush",
        "limitflush",
        "sslcertpath /certs",
        "sslfingerprint 'AA:BB'",
        "sslcert x",
        "sslcommonname other",
        "rewrite",
        "mimedecode",
        "batchlimit 3",
        "expunge 1",
        "fetchdomains a b",
        "folder INBOX",
        "antispam -1",
        "properties x",
    ],
)
def test_an_option_that_is_not_carried_over_is_named(option: str) -> None:
    found = one(f"poll a.example proto pop3 user x pass y ssl {option}")
    assert is_said(found, option.split(maxsplit=1)[0])


@pytest.mark.parametrize(
    "option",
    [
        "interface eth0", "monitor eth0", "principal p", "envelope 2 X-To:", "qvirtual v",
        "aka b c", "localdomains d e", "timeout 30", "uidl", "no dns", "checkalias", "tracepolls",
        "bad-header accept", "esmtpname e", "esmtppassword f",
    ],
)  # fmt: skip
def test_so_is_an_option_of_servers(option: str) -> None:
    found = one(f"poll a.example proto pop3 {option} user x pass y ssl")
    assert is_said(found, option.removeprefix("no ").split()[0])


def test_commands_and_passwords_are_never_in_the_words() -> None:
    found = one("poll a.example proto pop3 user x pass hush preconnect 'cat hidden' mda 'm %F' ssl")
    said = " ".join(note.en + note.ja for note in found.notes)
    assert not any(word in said for word in ("hush", "hidden", "%F"))
    assert "hush" not in repr(found)


def test_mail_that_was_for_several_people_is_said_to_be_for_one_now() -> None:
    for names in ("to a b here", "to * here", "is a=b * here"):
        found = one(f"poll a.example proto pop3 user x pass y ssl {names}")
        assert any("one INBOX" in note.en for note in found.notes)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("poll a proto imap user x pass y", "IMAP"),
        ("poll a proto ETRN user x pass y", "ETRN"),
        ("poll a user x pass y", "left open"),
        ("poll a proto pop3 plugin 'ssh %h' user x pass y", "plugin"),
        ("poll a proto pop3", "names no user"),
        ("poll a proto pop3 service strange user x pass y", "port"),
    ],
)
def test_an_account_that_cannot_be_moved_says_why(text: str, reason: str) -> None:
    assert reason in why_not(text)


def test_a_port_of_pop3_says_which_protocol_it_is() -> None:
    assert one("poll a.example port 995 user x pass y ssl").source.port == 995


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("poll a proto pop3\nuser x bogus", "Line 2 of"),
        ('poll a proto pop3\n\nuser x "keep"', "Line 3 of"),
        ("set daemon", "ends in the middle"),
        ("poll a proto pop3 user x pass", "ends in the middle"),
        ("poll a proto pop3 port x", "Line 1 of"),
        ("poll a proto pop3 user x pass y no limit 3", "Line 1 of"),
        ("\x00\x01\x02", "Line 1 of"),
    ],
)
def test_what_is_not_the_language_is_told_by_its_line(text: str, words: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        read_fetchmailrc(text, PLACE)
    assert words in str(refused.value)
    assert "bogus" not in str(refused.value)
    assert refused.value.in_language(Language.JAPANESE) != str(refused.value)
