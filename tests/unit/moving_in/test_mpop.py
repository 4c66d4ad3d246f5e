"""An mpoprc, as mpop 1.4 reads it, and what Hato makes of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from hato.core.errors import InvalidInputError
from hato.services.moving_in import notes
from hato.services.moving_in.found import Found, Place
from hato.services.moving_in.mpop_accounts import read_mpoprc
from hato.services.settings_finder.candidate import TlsMode
from hato.services.sources.source import Keeping, Proof

PLACE = Place(Path("/somewhere/.mpoprc"), Path("/somewhere"))


def all_of(text: str, *, allows_cleartext: bool = False) -> list[Found]:
    reading = read_mpoprc(text, PLACE, allows_cleartext=allows_cleartext)
    assert reading.refused == []
    return reading.found


def one(lines: str, *, allows_cleartext: bool = False) -> Found:
    text = f"account one\nhost pop.example.net\nuser ada\n{lines}\n"
    (found,) = all_of(text, allows_cleartext=allows_cleartext)
    return found


def is_said(found: Found, option: str) -> bool:
    return any(option in note.en and option in note.ja for note in found.notes)


def test_accounts_have_the_defaults_and_what_those_before_the_colon_said() -> None:
    found = all_of(
        """
        # comment
        defaults
        tls
        tls_starttls   off
          host   "pop.a.example"
        user "a \\"b"
        password p # no comment
        account one
        account two : one
        host pop.b.example
        user x y
        password "  sp "
        defaults
        host pop.c.example
        user ""
        account three: two,one
        keep
        account four :three
        port 99
        keep off
        skipsize 2m
        uidls_file ~/x/%U/%H
        auth cram-md5
        account five
        user tab
        """
    )
    rows = [(f.source.host, f.source.login, f.source.port, f.source.policy.keeping) for f in found]
    keep, delete = Keeping.KEEP, Keeping.DELETE_WHEN_STORED
    assert rows == [
        ("pop.a.example", 'a \\"b', 995, delete),
        ("pop.b.example", "x y", 995, delete),
        ("pop.b.example", "x y", 995, keep),
        ("pop.b.example", "x y", 99, delete),
        ("pop.c.example", "tab", 995, delete),
    ]
    assert [f.password.reveal() if f.password else None for f in found] == [
        b"p # no comment",
        b"  sp ",
        b"  sp ",
        b"  sp ",
        b"p # no comment",
    ]
    four = found[3]
    assert four.source.outdated == ("CRAM-MD5",)
    assert four.source.largest_octets == 2 << 20
    assert four.memory.files == (Path("/somewhere/x/x y/pop.b.example"),)
    assert found[0].memory.files[0].parent == Path("/somewhere/.mpop_uidls")
    assert found[4].memory.files[0].name == "tab_at_pop.c.example"
    assert found[4].memory.key == "pop.c.example tab"


def test_all_that_hato_knows_too_is_carried_over() -> None:
    fingerprint = ":".join(["0a"] * 32)
    found = one(
        f"port pop3s\ntls on\ntls_starttls off\ntls_trust_file ~/ca.pem\n"
        f"tls_fingerprint {fingerprint}\nauth apop\nkeep on\ndelivery maildir ~/Mail\n"
    )
    source = found.source
    assert (source.port, source.tls) == (995, TlsMode.IMPLICIT)
    assert source.address == "ada@pop.example.net"
    assert source.ca_file == "/somewhere/ca.pem"
    assert source.pinned_sha256 == "0a" * 32
    assert source.outdated == ("APOP",)
    assert source.policy.keeping is Keeping.KEEP
    assert source.maildir == "/somewhere/Mail"


def test_encryption_never_becomes_less() -> None:
    found = one("")
    assert (found.source.tls, found.source.port) == (TlsMode.STARTTLS, 110)
    assert is_said(found, "--allow-cleartext")
    assert one("", allows_cleartext=True).source.tls is TlsMode.NONE
    assert one("tls on", allows_cleartext=True).source.tls is TlsMode.STARTTLS
    assert one("tls on\ntls_starttls off").source.tls is TlsMode.IMPLICIT


@pytest.mark.parametrize(
    ("lines", "word"),
    [
        ("delivery mda /usr/bin/procmail -f '%F'", "delivery"),
        ("delivery mbox ~/m", "delivery"),
        ("source_ip 1.2.3.4\nproxy_host p", "source_ip, proxy_host"),
        ("filter x", "filter"),
        ("killsize 3k", "killsize"),
        ("only_new off", "only_new off"),
        ("tls on\ntls_fingerprint AA:BB", "tls_fingerprint"),
        ("tls on\ntls_cert_file x\ntls_key_file y", "tls_cert_file"),
        ("tls on\ntls_host_override x", "tls_host_override"),
        ("timeout 3\npipelining off\nreceived_header off", "received_header, timeout, pipelining"),
        ("tls_priorities x\ntls_crl_file y\nntlmdomain z", "ntlmdomain, tls_crl_file"),
    ],
)
def test_a_command_that_is_not_carried_over_is_named(lines: str, word: str) -> None:
    assert is_said(one(lines), word)


def test_that_certificates_are_checked_now_is_said() -> None:
    assert any("did not check" in note.en for note in one("tls on\ntls_certcheck off").notes)


def test_login_methods_that_hato_does_not_know_are_told() -> None:
    assert notes.LOGIN_METHOD in one("auth ntlm").notes
    assert notes.LOGIN_METHOD not in one("auth scram-sha-256").notes


def test_a_token_is_no_password() -> None:
    assert one("auth xoauth2\npasswordeval get-token").source.proof is Proof.OAUTH2


def test_where_a_password_may_be_found_is_kept_and_never_said() -> None:
    found = one("passwordeval gpg -d hidden")
    assert found.password_command == ("/bin/sh", "-c", "gpg -d hidden")
    assert not is_said(found, "hidden")
    assert one("").netrc == Path("/somewhere/.netrc")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("account a\nhost h\nuser u\nsocket /s", "socket"),
        ("account a\nuser u", "names no server"),
        ("account a\nhost h", "names no user"),
        ("account a\nhost h\nuser u\nport 99999", "port"),
        ("account a\nhost h\nuser u\neval echo hidden", "eval"),
        ("defaults\neval echo hidden\naccount a\nhost h\nuser u", "eval"),
        ("account b\nhost h\nuser u\neval echo hidden\naccount a : b", "eval"),
    ],
)
def test_an_account_that_cannot_be_moved_says_why(text: str, reason: str) -> None:
    refused = read_mpoprc(text, PLACE).refused
    assert reason in refused[-1].reason.en
    assert "hidden" not in refused[-1].reason.en


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("host h", 1),
        ("account a\nHost h", 2),
        ("account a\ntls maybe", 2),
        ("account", 1),
        ("account a, b", 1),
        ("account a : b", 1),
        ("account a\naccount a", 2),
        ("\x1b[2J", 1),
    ],
)
def test_what_is_not_the_language_is_told_by_its_line(text: str, line: int) -> None:
    with pytest.raises(InvalidInputError) as refused:
        read_mpoprc(text, PLACE)
    assert str(refused.value).startswith(f"Line {line} of")
