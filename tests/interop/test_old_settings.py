"""fetchmail, mpop and getmail6 tell how they understand their settings; Hato agrees."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest

from hato.core.errors import InvalidInputError
from hato.services.moving_in.fetchmail_grammar import User, parse_fetchmailrc
from hato.services.moving_in.found import Place
from hato.services.moving_in.getmail_accounts import read_getmailrc
from hato.services.moving_in.mpop_accounts import read_mpoprc
from hato.services.sources.source import Keeping
from tests.interop.programs import ProgramError, needs, run, write_private

pytestmark = pytest.mark.interop

FETCHMAIL = (
    "poll a proto pop3 user keep pass ssl",
    "poll a proto pop3 user 12 pass 0345",
    "poll a.b:proto pop3;user x,pass y",
    "poll a proto pop3 user x pass y#z keep # comment",
    'poll a proto pop3 user x pass "y#z" keep',
    "poll a proto pop3 user x pass 'y\"z' keep",
    'poll a proto pop3 user x pass ab"cd keep',
    'poll a proto pop3 user x pass "a"b keep',
    "poll a proto pop3 user x pass ab\\x41 keep",
    'poll a proto pop3 user x pass "a\\\\b\\tc" keep',
    'poll a proto pop3 user x pass "\\101\\065\\x7a\\q" keep',
    "poll a proto pop3 user x pass 'two\nlines' keep",
    "poll a proto pop3 user x pass 'two\\\nlines' keep",
    "poll a proto pop3 user z here is x there pass q",
    "poll a proto pop3 user x there is z here pass q",
    'poll a proto pop3 user "x", with password "q", is u here and wants mda foo;',
    "poll a proto pop3 user x to b=c d * here pass q",
    "poll a proto pop3 user x pass y nokeep ssl no ssl",
    "server a proto pop3 user x pass y",
    "skip 'a' via \"b\" proto POP3 port 3111 user x pass y",
    "poll a service pop3s interval 3 proto pop3 uidl user x pass y fetchall",
    "defaults proto pop3 keep ssl\npoll a user x pass y",
    "defaults proto pop3\n user x pass dp keep ssl\npoll a user z nokeep\npoll b user y user v",
    "poll a proto pop3 user x pass y user x2 keep user x3 pass z nokeep",
    "poll a timeout 30 envelope 2 X-To qvirtual v- aka b c localdomains d e proto pop3 user x",
    "poll a proto pop3 user x smtpaddress z smtphost 'a b' c antispam 1 2 3 fetchdomains a b keep",
    "poll a proto pop3 user x pass y limit 1000 sslproto TLS1.2+ sslcertck sslfingerprint 'AA:BB'",
    "poll a proto pop3 user x pass y sslproto '' no rewrite stripcr pre a post b expunge 2 keep",
    "poll a interface 'eth0/1.2.3.4' monitor e principal p bad-header accept proto pop3 user x",
    "poll a plugin 'x %h' plugout q esmtpname e esmtppassword f proto pop3 user x pass y",
    "set daemon 300\nset no bouncemail\nset invisible\nset idfile='i'\npoll a proto pop3 user x",
    "\n\n  ;poll a;proto pop3;user x pass y;",
)
NOT_FETCHMAIL = (
    "poll a proto pop3 user x bogus y",
    'poll a proto pop3 user x "keep"',
    "poll a proto pop3 user x pass",
    "poll a proto pop3 user x pass y#  z keep",
    "POLL a proto pop3 user x",
)
OPTIONS = (
    "keep ssl fetchall limit sslproto mda preconnect postconnect sslfingerprint expunge rewrite"
).split()
"""Options of users that are compared; in the words of both."""


def dump(text: str, folder: Path) -> dict[str, Any]:
    """What fetchmail understood. Raises ProgramError for what it does not."""
    file = write_private(folder / "fetchmailrc", f"{text}\n")
    said = run(["fetchmail", "--fetchmailrc", str(file), "--configdump"], folder)
    found = re.search(r"^fetchmailrc = (\{.*^\})", said, re.MULTILINE | re.DOTALL)
    assert found is not None
    words = re.sub(r"\bTRUE\b", "True", re.sub(r"\bFALSE\b", "False", found[1]))
    understood: dict[str, Any] = ast.literal_eval(words)
    return understood


@needs("fetchmail")
@pytest.mark.parametrize("text", FETCHMAIL)
def test_hato_reads_a_fetchmailrc_as_fetchmail_does(text: str, tmp_path: Path) -> None:
    theirs = dump(text, tmp_path)
    ours = parse_fetchmailrc(text, tmp_path)
    assert len(ours.servers) == len(theirs["servers"])
    for server, other in zip(ours.servers, theirs["servers"], strict=True):
        assert (server.label, server.is_active) == (other["pollname"], other["active"])
        assert server.options.get("via") == other["via"]
        assert server.options.get("uidl", False) is other["uidl"]
        assert server.options.get("interval", 0) == other["interval"]
        port = server.options.get("port", server.options.get("service"))
        assert (str(port) if port else None) == other["service"]
        for user, another in zip(server.users, other["users"], strict=True):
            assert_same_user(user, another)


def assert_same_user(user: User, other: dict[str, Any]) -> None:
    """Compare a user; who is not named is whoever runs fetchmail."""
    assert user.login in {other["remote"], None}
    assert user.options.get("password") == other["password"]
    if user.local_names:
        names = [name if isinstance(name, str) else name[1] for name in other["localnames"]]
        assert list(user.local_names) == names
    for name in OPTIONS:
        usual = {"rewrite": True, "limit": 0, "expunge": 0}
        usual |= dict.fromkeys(("keep", "ssl", "fetchall"), False)
        assert user.options.get(name, usual.get(name)) == other[name]


@needs("fetchmail")
@pytest.mark.parametrize("text", NOT_FETCHMAIL)
def test_what_fetchmail_does_not_understand_hato_does_not_either(text: str, tmp_path: Path) -> None:
    with pytest.raises(ProgramError):
        dump(text, tmp_path)
    with pytest.raises(InvalidInputError):
        parse_fetchmailrc(text, tmp_path)


MPOP = """\
# comment
  # another
defaults
delivery mbox ~/m
tls
tls_starttls   off
  host   "pop.a.example"
user "a \\"b"
account one
account two : one
host pop.b.example
user x y
defaults
host pop.c.example
user "q
account three: two,one
keep
account four :three
port 99
tls off
keep off
skipsize 2m
uidls_file ~/x/%U/%H
account five
user t\tt
account default : four
skipsize 3k
"""


@needs("mpop")
def test_hato_reads_an_mpoprc_as_mpop_does(tmp_path: Path) -> None:
    file = write_private(tmp_path / "mpoprc", MPOP)
    said = run(["mpop", "--pretend", "--all-accounts", f"--file={file}"], tmp_path)
    blocks = re.split(r"^using account .*$", said, flags=re.MULTILINE)[1:]
    theirs = [dict(re.findall(r"^([a-z_ ]+?) *= (.*)$", block, re.MULTILINE)) for block in blocks]
    found = read_mpoprc(MPOP, Place(file, tmp_path)).found
    assert len(found) == len(theirs) == 6
    for ours, other in zip(found, theirs, strict=True):
        source = ours.source
        assert (source.host, source.login) == (other["host"], other["user"])
        assert str(source.port) == other["port"]
        keep = "on" if source.policy.keeping is Keeping.KEEP else "off"
        assert keep == other["keep"]
        assert str(ours.memory.files[0]) == other["uidls file"]
        assert str(source.largest_octets or "off") == other["skipsize"]


GETMAIL = """\
# comment
; another
[retriever]
Type = SimplePOP3SSLRetriever
server: pop.example.net
username = ada   ; no comment
password = a%b
port = 1995
use_apop = Yes
[destination]
type = MDA_external
path = /bin/true
[options]
delete = on
delete_after = 30
max_message_size = 1000
read_all = OFF
"""


@needs("getmail")
def test_hato_reads_a_getmailrc_as_getmail_does(tmp_path: Path) -> None:
    file = write_private(tmp_path / "getmailrc", GETMAIL)
    said = run(["getmail", "--dump", f"--getmaildir={tmp_path}", f"--rcfile={file}"], tmp_path)
    (found,) = read_getmailrc(GETMAIL, Place(file, tmp_path)).found
    retriever = dict(re.findall(r'(\w+)="([^"]*)"', said))
    source = found.source
    assert (source.host, source.login) == (retriever["server"], retriever["username"])
    assert str(source.port) == retriever["port"]
    assert retriever["use_apop"] == "True"
    assert source.outdated == ("APOP",)
    options = dict(re.findall(r"^    (\w+) : (.*)$", said, re.MULTILINE))
    assert options["delete"] == "True"
    assert source.policy.keeping is Keeping.DELETE_WHEN_STORED
    assert str(source.largest_octets) == options["max_message_size"]
