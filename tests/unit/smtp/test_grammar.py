"""Paths, names and parameters: what RFC 5321 §4.1.2 and RFC 6531 §3.3 allow, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hato.core.limits import SMTP_PATH_OCTETS
from hato.protocols.smtp import grammar, replies
from hato.protocols.smtp.commands import BodyType, Mail, Rcpt
from hato.protocols.smtp.replies import Reply


@pytest.mark.parametrize(
    ("path", "address"),
    [
        ("<ada@example.org>", "ada@example.org"),
        ("<Ada.L@Example.ORG>", "Ada.L@Example.ORG"),
        ("<a+b!#$%&'*/=?^_`{|}~-@x>", "a+b!#$%&'*/=?^_`{|}~-@x"),
        ('<"ada"@example.org>', "ada@example.org"),
        (r'<"a\d\a"@example.org>', "ada@example.org"),
        ('<"ada lovelace"@example.org>', '"ada lovelace"@example.org'),
        (r'<"a\"b\\c"@example.org>', r'"a\"b\\c"@example.org'),
        ('<"a@b"@example.org>', '"a@b"@example.org'),
        ('<""@example.org>', '""@example.org'),
        ('<"a>b"@example.org>', '"a>b"@example.org'),
        ("<ada@[192.0.2.1]>", "ada@[192.0.2.1]"),
        ("<ada@[IPv6:2001:db8::1]>", "ada@[IPv6:2001:db8::1]"),
        ("<ada@[IPv6:::ffff:192.0.2.1]>", "ada@[IPv6:::ffff:192.0.2.1]"),
        ("<ada@[x400:anything]>", "ada@[x400:anything]"),
        ("<@relay.example,@other.example:ada@example.org>", "ada@example.org"),
        ("<@relay.example:ada@example.org>", "ada@example.org"),
        ("<ada@xn--r8jz45g.example>", "ada@xn--r8jz45g.example"),
    ],
)
def test_a_path_is_read_to_the_shortest_spelling_of_its_mailbox(path: str, address: str) -> None:
    assert grammar.read_rcpt(f"TO:{path}", smtputf8=False) == Rcpt(address)
    assert grammar.read_mail(f"FROM:{path}") == Mail(address)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "ada@example.org",
        "<ada@example.org",
        "<ada>",
        "<@example.org>",
        "<ada@>",
        "< ada@example.org>",
        "<ada@example.org >",
        "<ada@exa mple.org>",
        "<ada@@example.org>",
        "<ada@example.org>>",
        "<.ada@example.org>",
        "<ada.@example.org>",
        "<a..b@example.org>",
        "<ada@.example.org>",
        "<ada@example.org.>",
        "<ada@example..org>",
        "<ada@-example.org>",
        "<ada@example-.org>",
        "<ada@exa_mple.org>",
        "<a(comment)@example.org>",
        "<a;b@example.org>",
        '<"ada@example.org>',
        '<"a"b@example.org>',
        '<"a\\"@example.org>',
        "<ada@[192.0.2.300]>",
        "<ada@[192.0.2]>",
        "<ada@[IPv6:2001:db8::1::2]>",
        "<ada@[IPv6:fe80::1%eth0]>",
        "<ada@[]>",
        "<ada@[:x]>",
        "<@relay.example>",
        "<relay.example:ada@example.org>",
        "<@relay.example,ada@example.org>",
        "<" + "a" * SMTP_PATH_OCTETS + "@example.org>",
    ],
)
def test_what_is_no_path_is_refused(path: str) -> None:
    assert grammar.read_rcpt(f"TO:{path}", smtputf8=True) == replies.BAD_RECIPIENT
    assert grammar.read_mail(f"FROM:{path}") == replies.BAD_SENDER


@pytest.mark.parametrize("argument", ["TO:<postmaster>", "to:<POSTMASTER>", "To:<Postmaster>"])
def test_postmaster_needs_no_domain(argument: str) -> None:
    assert grammar.read_rcpt(argument, smtputf8=False) == Rcpt("postmaster")


def test_the_null_path_is_a_sender_but_no_recipient() -> None:
    assert grammar.read_mail("FROM:<>") == Mail("")
    assert grammar.read_rcpt("TO:<>", smtputf8=False) == replies.BAD_RECIPIENT


@pytest.mark.parametrize(
    ("parameters", "mail"),
    [
        ("SIZE=12345", Mail("a@b", 12345)),
        ("size=0", Mail("a@b", 0)),
        ("SIZE=" + "9" * 20, Mail("a@b", int("9" * 20))),
        ("BODY=7BIT", Mail("a@b", body=BodyType.SEVEN_BIT)),
        ("body=8bitmime", Mail("a@b", body=BodyType.EIGHT_BIT_MIME)),
        ("SMTPUTF8", Mail("a@b", smtputf8=True)),
        (
            "BODY=8BITMIME SMTPUTF8 SIZE=7",
            Mail("a@b", 7, BodyType.EIGHT_BIT_MIME, smtputf8=True),
        ),
    ],
)
def test_parameters_of_mail_are_understood(parameters: str, mail: Mail) -> None:
    assert grammar.read_mail(f"FROM:<a@b> {parameters}") == mail


@pytest.mark.parametrize(
    ("parameters", "refusal"),
    [
        ("SIZE", replies.BAD_PARAMETER),
        ("SIZE=", replies.BAD_PARAMETER),
        ("SIZE=-1", replies.BAD_PARAMETER),
        ("SIZE=1x", replies.BAD_PARAMETER),
        ("SIZE=\u0663", replies.BAD_PARAMETER),
        ("SIZE=" + "9" * 21, replies.BAD_PARAMETER),
        ("SIZE=1 SIZE=1", replies.BAD_PARAMETER),
        ("BODY", replies.BAD_PARAMETER),
        ("BODY=BINARYMIME", replies.BAD_PARAMETER),
        ("SMTPUTF8=yes", replies.BAD_PARAMETER),
        ("", replies.BAD_PARAMETER),
        (" SIZE=1", replies.BAD_PARAMETER),
        ("SIZE=1  BODY=7BIT", replies.BAD_PARAMETER),
        ("=1", replies.BAD_PARAMETER),
        ("-X", replies.BAD_PARAMETER),
        ("RET=FULL", replies.UNKNOWN_PARAMETER),
        ("AUTH=<>", replies.UNKNOWN_PARAMETER),
        ("X-Injected:", replies.BAD_PARAMETER),
    ],
)
def test_other_parameters_are_refused(parameters: str, refusal: Reply) -> None:
    assert grammar.read_mail(f"FROM:<a@b> {parameters}") == refusal


def test_a_recipient_has_no_parameters() -> None:
    argument = "TO:<a@b> NOTIFY=NEVER"
    assert grammar.read_rcpt(argument, smtputf8=False) == replies.UNKNOWN_PARAMETER


@pytest.mark.parametrize("argument", ["", "FROM", "FROM <a@b>", "<a@b>", "FROM: <a@b>", "TO:<a@b>"])
def test_mail_has_one_form(argument: str) -> None:
    assert grammar.read_mail(argument) in (replies.MAIL_SYNTAX, replies.BAD_SENDER)


@pytest.mark.parametrize("address", ["鳩@example.org", "hato@例え.example", '"鳩 子"@例え.example'])
def test_utf8_addresses_need_smtputf8(address: str) -> None:
    assert grammar.read_mail(f"FROM:<{address}>") == replies.SENDER_NEEDS_SMTPUTF8
    assert grammar.read_mail(f"FROM:<{address}> SMTPUTF8") == Mail(address, smtputf8=True)
    assert grammar.read_rcpt(f"TO:<{address}>", smtputf8=False) == replies.RECIPIENT_NEEDS_SMTPUTF8
    assert grammar.read_rcpt(f"TO:<{address}>", smtputf8=True) == Rcpt(address)


def test_control_characters_beyond_ascii_are_no_part_of_an_address() -> None:
    assert grammar.read_mail("FROM:<a\x85b@example.org> SMTPUTF8") == replies.BAD_SENDER
    assert grammar.has_control_character("a\x85b")


@pytest.mark.parametrize(
    ("argument", "name"),
    [
        ("client.example.net", "client.example.net"),
        ("localhost", "localhost"),
        ("[192.0.2.1]", "[192.0.2.1]"),
        ("[IPv6:2001:db8::1]", "[IPv6:2001:db8::1]"),
        ("hato_mta_1", "hato_mta_1"),
        ("client.example.net and more", "client.example.net"),
    ],
)
def test_a_client_greets_with_a_name(argument: str, name: str) -> None:
    assert grammar.read_own_name(argument) == name


@pytest.mark.parametrize(
    "argument",
    ["", " ", "-x", "(comment)", "<x>", "a;b", "a)b", "[1.2.3]", "[x", "鳩", "x" * 256],
)
def test_what_does_not_fit_into_a_received_line_is_no_name(argument: str) -> None:
    assert grammar.read_own_name(argument) is None


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("ada", "ada"),
        ("ada@example.org", "ada@example.org"),
        ('"ada"@example.org', "ada@example.org"),
        ("鳩@example.org", "鳩@example.org"),
        ("", None),
        ("ada@", None),
        ("a b", None),
        ("ada@example.org>", None),
        ("ada@example.org> X: <y", None),
        ("ada\r\nX: y", None),
        ("ada\n", None),
        ("ada@example.org\n", None),
    ],
)
def test_people_give_an_address_or_a_local_part(text: str, address: str | None) -> None:
    assert grammar.read_address(text) == address


LOCAL_PARTS = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=40)
SPELLED = LOCAL_PARTS.map(grammar.shortest_local_part)
SIZES = st.none() | st.integers(0, 10**20 - 1)
BODIES = st.none() | st.sampled_from(BodyType)


@given(SPELLED, SIZES, BODIES, st.booleans())
def test_what_is_encoded_is_read_back(
    local: str, size: int | None, body: BodyType | None, smtputf8: bool
) -> None:
    mail = Mail(f"{local}@example.org", size, body, smtputf8)
    argument = grammar.encode_mail(mail).decode().removeprefix("MAIL ").removesuffix("\r\n")
    assert grammar.read_mail(argument) == mail
    rcpt = Rcpt(mail.sender)
    argument = grammar.encode_rcpt(rcpt).decode().removeprefix("RCPT ").removesuffix("\r\n")
    assert grammar.read_rcpt(argument, smtputf8=smtputf8) == rcpt


@given(st.text(max_size=60))
def test_no_text_makes_the_grammar_raise(text: str) -> None:
    assert isinstance(grammar.read_mail(f"FROM:<{text}> {text}"), Mail | Reply)
    assert isinstance(grammar.read_rcpt(f"TO:<{text}>", smtputf8=True), Rcpt | Reply)
    assert isinstance(grammar.read_own_name(text), str | None)
    assert isinstance(grammar.read_address(text), str | None)
