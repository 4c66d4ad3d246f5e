"""A getmailrc, as getmail 6 reads it, and what Hato makes of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from hato.core.errors import InvalidInputError
from hato.services.moving_in.found import Found, Place
from hato.services.moving_in.getmail_accounts import read_getmailrc
from hato.services.settings_finder.candidate import TlsMode
from hato.services.sources.source import Keeping, Policy

PLACE = Place(
    Path("/somewhere/.config/getmail/getmailrc"), Path("/somewhere"), {"USER": "ada"}
)  # fmt: skip
BEGINNING = """\
[retriever]
type = SimplePOP3SSLRetriever
server = pop.example.net
username = ada
"""


def one(text: str, *, allows_cleartext: bool = False) -> Found:
    reading = read_getmailrc(text, PLACE, allows_cleartext=allows_cleartext)
    assert reading.refused == []
    (found,) = reading.found
    return found


def is_said(found: Found, option: str) -> bool:
    return any(option in note.en and option in note.ja for note in found.notes)


def test_all_that_hato_knows_too_is_carried_over() -> None:
    fingerprint = ":".join(["0A"] * 32)
    found = one(
        f"""
        # comment
        [retriever]
        Type = SimplePOP3SSLRetriever
        server: POP.example.net
        port = 1995
        username = ada@example.net
        password = a%b%%c # no comment
        ca_certs = ~/ca.pem
        ssl_fingerprints = ('{fingerprint}',)
        use_apop = yes
        [destination]
        type = Maildir
        path = ~/Mail/$USER/
        [options]
        delete_after = 30
        max_message_size = 1000
        read_all = OFF
        """.replace("\n        ", "\n")
    )
    source = found.source
    assert (source.host, source.port, source.tls) == ("pop.example.net", 1995, TlsMode.IMPLICIT)
    assert (source.address, source.login) == ("ada@example.net", "ada@example.net")
    assert source.outdated == ("APOP",)
    assert source.pinned_sha256 == "0a" * 32
    assert source.ca_file == "/somewhere/ca.pem"
    assert source.maildir == "/somewhere/Mail/ada"
    assert source.policy == Policy(Keeping.DELETE_AFTER_DAYS, 30)
    assert source.largest_octets == 1000
    assert found.password is not None
    assert found.password.reveal() == b"a%b%%c # no comment"


def test_its_memory_has_server_port_and_user_in_its_name() -> None:
    found = one(BEGINNING.replace("ada", "a d/a:b\\c@example.org"))
    names = [file.name for file in found.memory.files[:2]]
    assert names == [
        "oldmail-pop.example.net-995-a d-a-b\\c@example.org",
        "oldmail-pop.example.net-995-a d-a-b-c@example.org",
    ]
    assert found.memory.files[0].parent == PLACE.file.parent
    assert Path("/somewhere/.getmail") in [file.parent for file in found.memory.files]


@pytest.mark.parametrize(
    ("options", "policy"),
    [
        ("", Policy(Keeping.KEEP)),
        ("delete = false", Policy(Keeping.KEEP)),
        ("delete = 1", Policy(Keeping.DELETE_WHEN_STORED)),
        ("delete = yes\ndelete_after = 7", Policy(Keeping.DELETE_WHEN_STORED)),
        ("delete_after = 7", Policy(Keeping.DELETE_AFTER_DAYS, 7)),
    ],
)
def test_the_rule_for_deleting_is_carried_over(options: str, policy: Policy) -> None:
    assert one(f"{BEGINNING}[options]\n{options}\n").source.policy == policy


def test_encryption_never_becomes_less() -> None:
    plain = BEGINNING.replace("POP3SSL", "POP3")
    found = one(plain)
    assert (found.source.tls, found.source.port) == (TlsMode.STARTTLS, 110)
    assert is_said(found, "--allow-cleartext")
    assert one(plain, allows_cleartext=True).source.tls is TlsMode.NONE
    assert one(BEGINNING, allows_cleartext=True).source.tls is TlsMode.IMPLICIT


def test_that_certificates_are_checked_now_is_said() -> None:
    assert any("did not check" in note.en for note in one(BEGINNING).notes)
    checked = one(f"{BEGINNING}ca_certs = /etc/ca.pem\n")
    assert not any("did not check" in note.en for note in checked.notes)


@pytest.mark.parametrize(
    ("lines", "word"),
    [
        ("timeout = 30", "timeout"),
        ("ssl_version = tlsv1", "ssl_version"),
        ("ssl_ciphers = x", "ssl_ciphers"),
        ("delete_dup_msgids = true", "delete_dup_msgids"),
        ("ssl_fingerprints = ('AA:BB',)", "ssl_fingerprints"),
        ("keyfile = x", "certfile"),
        ("ssl_cert_hostname = x", "ssl_cert_hostname"),
        ("[destination]\ntype = MDA_external\npath = /bin/x", "destination"),
        ("[destination]\ntype = Mboxrd\npath = /m", "destination"),
        ("[filter-spam]\ntype = Filter_external\npath = /bin/x", "filter"),
        ("[options]\nread_all = true", "read_all"),
        ("[options]\ndelete_bigger_than = 9", "delete_bigger_than"),
        ("[options]\nmax_messages_per_session = 9", "max_messages_per_session"),
        ("[options]\nmax_bytes_per_session = 9", "max_bytes_per_session"),
        ("[options]\nreceived = false\ndelivered_to = false", "received, delivered_to"),
        ("[options]\nmessage_log = x\nverbose = 2", "message_log, verbose"),
    ],
)
def test_a_setting_that_is_not_carried_over_is_named(lines: str, word: str) -> None:
    assert is_said(one(f"{BEGINNING}{lines}\n"), word)


def test_where_a_password_may_be_found_is_kept_and_never_said() -> None:
    lines = 'password_command = ("/bin/hidden",\n  "-x", "it\'s")\n'
    assert one(BEGINNING + lines).password_command == ("/bin/hidden", "-x", "it's")
    assert not is_said(one(BEGINNING + lines), "hidden")
    both = one(f"{BEGINNING}password = p\n{lines}")
    assert both.password_command == ()
    netrc = one(f"{BEGINNING}[options]\nuse_netrc = true\nnetrc_file = ~/other\n")
    assert netrc.netrc == Path("/somewhere/other")
    assert one(BEGINNING).netrc is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("SimplePOP3SSL", "SimpleIMAPSSL"), "IMAP"),
        (("SimplePOP3SSLRetriever", "x"), "POP3 only"),
        (("server = pop.example.net", ""), "names no server"),
        (("username = ada", ""), "names no user"),
        (("username", "port = 99999\nusername"), "port"),
    ],
)
def test_an_account_that_cannot_be_moved_says_why(change: tuple[str, str], reason: str) -> None:
    reading = read_getmailrc(BEGINNING.replace(*change), PLACE)
    ((_, refusal),) = reading.refused
    assert reason in refusal.en


def test_mail_that_was_for_several_people_is_said_to_be_for_one_now() -> None:
    text = BEGINNING.replace("Simple", "Multidrop") + "envelope_recipient = delivered-to:1\n"
    assert any("one INBOX" in note.en for note in one(text).notes)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "[retriever\n",
        "[options]\nverbose = 1\n",
        "[retriever]\na = 1\na = 2\n",
        "\x00",
    ],
)
def test_what_is_no_file_of_getmail_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError, match="no file of getmail"):
        read_getmailrc(text, PLACE)


@pytest.mark.parametrize("value", ["(" * 100_000, "(1, 2)", "__import__('os')", "('a', 3)", "x"])
def test_a_command_that_is_none_is_none(value: str) -> None:
    assert one(f"{BEGINNING}password_command = {value}\n").password_command == ()
