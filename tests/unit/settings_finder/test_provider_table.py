"""The table of providers: every row is complete, and an operator's file is read strictly."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from hato.core.errors import InvalidInputError
from hato.core.language import Language
from hato.services.settings_finder.candidate import (
    LoginMethod,
    Origin,
    Protocol,
    TlsMode,
    UserNameForm,
)
from hato.services.settings_finder.host_names import host_name
from hato.services.settings_finder.provider_table import (
    DOMAIN_MARK,
    SERVER_MARK,
    Provider,
    candidates_of,
    needs_server_name,
    read_provider_table,
    rows_from_text,
)

TABLE = read_provider_table()
EVERY_ROW = pytest.mark.parametrize("row", TABLE.rows, ids=lambda row: row.id)
HERE = Path("providers.toml")

PROMISED = {
    "jo@gmail.com": "gmail",
    "jo@outlook.com": "microsoft",
    "jo@firm.onmicrosoft.com": "microsoft",
    "jo@yahoo.com": "yahoo",
    "jo@yahoo.co.jp": "yahoo_japan",
    "jo@icloud.com": "icloud",
    "jo@gmx.de": "gmx",
    "jo@gmx.com": "gmx_com",
    "jo@web.de": "web_de",
    "jo@t-online.de": "t_online",
    "jo@orange.fr": "orange",
    "jo@juno.ocn.ne.jp": "ocn",
    "jo@aa2.so-net.ne.jp": "so_net",
    "jo@kmj.biglobe.ne.jp": "biglobe",
    "jo@nifty.com": "nifty",
    "jo@docomo.ne.jp": "docomo",
    "jo@au.com": "au",
    "jo@i.softbank.jp": "softbank",
    "jo@name.sakura.ne.jp": "sakura",
    "jo@name.xsrv.jp": "xserver",
    "jo@name.lolipop.jp": "lolipop",
    "jo@zoho.com": "zoho",
    "jo@fastmail.com": "fastmail",
    "jo@mail.ru": "mail_ru",
    "jo@qq.com": "qq",
    "jo@163.com": "netease_163",
}


def row_of(address: str) -> Provider:
    """Return the row of an address."""
    row = TABLE.for_domain(address.rpartition("@")[2])
    assert row is not None, address
    return row


@pytest.mark.parametrize("address", PROMISED)
def test_every_promised_provider_is_found_by_an_address(address: str) -> None:
    assert row_of(address).id == PROMISED[address]


@EVERY_ROW
def test_a_row_is_complete(row: Provider) -> None:
    assert row.domains or row.exchangers
    assert {server.protocol for server in row.servers} & {Protocol.POP3, Protocol.IMAP}
    assert row.user_name
    assert row.methods
    assert row.sources
    assert all(len(source) > 10 for source in row.sources)
    assert dt.date(2026, 1, 1) <= row.checked


@EVERY_ROW
def test_a_row_has_usual_ports_with_tls_and_the_safest_first(row: Provider) -> None:
    usual = {
        (Protocol.POP3, 995, TlsMode.IMPLICIT),
        (Protocol.IMAP, 993, TlsMode.IMPLICIT),
        (Protocol.POP3, 110, TlsMode.STARTTLS),
        (Protocol.IMAP, 143, TlsMode.STARTTLS),
        (Protocol.SUBMISSION, 465, TlsMode.IMPLICIT),
        (Protocol.SUBMISSION, 587, TlsMode.STARTTLS),
    }
    assert {(server.protocol, server.port, server.tls) for server in row.servers} <= usual
    for is_outgoing in (False, True):
        servers = [
            server
            for server in row.servers
            if (server.protocol is Protocol.SUBMISSION) is is_outgoing
        ]
        modes = [server.tls is TlsMode.STARTTLS for server in servers]
        assert modes == sorted(modes)


@EVERY_ROW
def test_a_row_names_hosts(row: Provider) -> None:
    for server in row.servers:
        host = server.host.replace(DOMAIN_MARK, "a.example").replace(SERVER_MARK, "s.example")
        assert host_name(host) == host


@EVERY_ROW
def test_a_row_speaks_both_languages(row: Provider) -> None:
    for words in (*row.steps, *row.oddities):
        assert words.en.isprintable()
        assert words.en.endswith((".", ")."))
        assert words.ja.isprintable()
        assert any(ord(character) > 0x3000 for character in words.ja), words.ja
        assert words.en != words.ja


@EVERY_ROW
def test_who_takes_no_main_password_says_what_to_do(row: Provider) -> None:
    if LoginMethod.PASSWORD not in row.methods:
        assert row.steps


@EVERY_ROW
def test_who_has_no_pop3_says_so(row: Provider) -> None:
    if all(server.protocol is not Protocol.POP3 for server in row.servers):
        assert any("POP3" in words.en for words in row.oddities)


@pytest.mark.parametrize(
    ("exchanger", "provider"),
    [
        ("aspmx.l.google.com", "gmail"),
        ("smtp.google.com", "gmail"),
        ("example-org.mail.protection.outlook.com", "microsoft"),
        ("mta5.am0.yahoodns.net", "yahoo"),
        ("in1-smtp.messagingengine.com", "fastmail"),
        ("mx.zoho.com", "zoho_organisation"),
        ("mx00.gmx.net", "gmx"),
    ],
)
def test_hosted_domains_are_found_by_their_mail_exchanger(exchanger: str, provider: str) -> None:
    row = TABLE.for_exchanger(exchanger)
    assert row is not None
    assert row.id == provider


@pytest.mark.parametrize("name", ["example.org", "evilgmail.com", "com", "gmail.com.example.org"])
def test_others_are_not_found(name: str) -> None:
    assert TABLE.for_domain(name) is None
    assert TABLE.for_exchanger(name) is None


def test_a_wildcard_stands_for_what_is_below_only() -> None:
    assert TABLE.for_domain("sakura.ne.jp") is None
    assert TABLE.for_domain("a.b.sakura.ne.jp") is not None


def test_a_row_becomes_candidates_for_an_address() -> None:
    pop3s, imaps, submissions, starttls = candidates_of(row_of("jo@gmail.com"), "jo@gmail.com")
    assert (submissions.host, submissions.port) == ("smtp.gmail.com", 465)
    assert (starttls.port, starttls.protocol) == (587, Protocol.SUBMISSION)
    assert (pop3s.host, pop3s.port, pop3s.tls) == ("pop.gmail.com", 995, TlsMode.IMPLICIT)
    assert (imaps.host, imaps.port, imaps.protocol) == ("imap.gmail.com", 993, Protocol.IMAP)
    assert pop3s.origin is Origin.TABLE
    assert pop3s.is_confirmed
    assert pop3s.user_names("jo@gmail.com") == ("jo@gmail.com",)
    assert pop3s.why.en == "known settings of Gmail, as of 2026-11-24"
    assert any("app password" in step.en for step in pop3s.steps)


def test_a_host_takes_the_persons_domain() -> None:
    hosts = {c.host for c in candidates_of(row_of("jo@a.sakura.ne.jp"), "jo@a.sakura.ne.jp")}
    assert hosts == {"a.sakura.ne.jp"}


def test_a_host_that_only_the_person_can_read_at_her_provider_is_asked_for() -> None:
    row = row_of("jo@name.xsrv.jp")
    assert needs_server_name(row)
    assert candidates_of(row, "jo@name.xsrv.jp") == []
    found = candidates_of(row, "jo@name.xsrv.jp", server_name="sv123.xserver.jp")
    assert {candidate.host for candidate in found} == {"sv123.xserver.jp"}
    assert candidates_of(row, "jo@name.xsrv.jp", server_name="no host") == []
    assert not needs_server_name(row_of("jo@gmail.com"))


def test_what_is_not_sure_says_so() -> None:
    pop3s, imaps, *_ = candidates_of(row_of("jo@web.de"), "jo@web.de")
    assert (pop3s.is_confirmed, imaps.is_confirmed) == (False, True)
    docomo = candidates_of(row_of("jo@docomo.ne.jp"), "jo@docomo.ne.jp")
    assert [candidate.is_confirmed for candidate in docomo] == [False]
    assert "nobody has confirmed" in docomo[0].why.en
    assert docomo[0].user_name_forms == (UserNameForm.ASKED,)


ROW = """
[[provider]]
id = "office"
name = { en = "The office", ja = "会社" }
domains = ["office.example", "gmx.de"]
servers = [{ protocol = "pop3", host = "pop.office.example", port = 995, tls = "implicit" }]
user_name = ["address"]
methods = ["password"]
sources = ["the administrator"]
checked = 2026-11-24
confirmed = true
"""


def test_an_operators_rows_come_on_top_and_take_over_the_domains_they_name(tmp_path: Path) -> None:
    path = tmp_path / "providers.toml"
    path.write_text(ROW + ROW.replace('"office"', '"gmail"').replace("gmx.de", "gmail.com"))
    with pytest.raises(InvalidInputError, match=r"office\.example is there 2 times"):
        read_provider_table(path)
    other = ROW.replace('"office"', '"gmail"').replace('"office.example", "gmx.de"', '"gmail.com"')
    path.write_bytes(b"\xef\xbb\xbf" + (ROW + other).encode())
    table = read_provider_table(path)
    assert {name: found.id for name in ("office.example", "gmx.de", "gmx.net", "gmail.com")
            if (found := table.for_domain(name))} == {
        "office.example": "office", "gmx.de": "office", "gmx.net": "gmx", "gmail.com": "gmail",
    }  # fmt: skip
    assert table.for_domain("googlemail.com") is None, "the operator's row replaced the other"
    assert len(table.rows) == len(TABLE.rows) + 1


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (('"implicit"', '"none"'), "pop.office.example without TLS: a table never sends"),
        (('"implicit"', '"ssl"'), "Invalid enum value 'ssl'"),
        (("995", "0"), r"office\).servers\[0\].port"),
        (("995", "70000"), r"office\).servers\[0\].port"),
        (("port = 995", 'port = "995"'), "Expected `int`, got `str`"),
        (("pop.office.example", "192.0.2.1"), "192.0.2.1 is not a host name"),
        (("pop.office.example", "pop office"), "pop office is not a host name"),
        (('"office.example"', '"Office.example"'), "Office.example is not a domain in lower case"),
        (('"office.example"', '"*.*"'), r"\*\.\* is not a domain"),
        (("confirmed = true", ""), "missing required field `confirmed`"),
        (("confirmed", "sure"), "unknown field `sure`"),
        ((', ja = "会社"', ""), "missing required field `ja`"),
        (('"会社"', '""'), r"office\).name.ja"),
        (("2026-11-24", '"soon"'), r"office\).checked"),
        (('["the administrator"]', "[]"), r"office\).sources"),
        (('["password"]', '["hope"]'), "Invalid enum value 'hope'"),
        (('["address"]', "[]"), r"office\).user_name"),
        (('"office"\n', '"The Office"\n'), r"provider\[0\] \(The Office\).id"),
        (('domains = ["office.example", "gmx.de"]', ""), "neither domains nor exchangers"),
        (("[[provider]]", "[[provider]"), "is not valid TOML"),
        (("[[provider]]", "[[providers]]"), "unknown field `providers`"),
    ],
)
def test_a_bad_file_of_an_operator_gives_one_sentence(
    change: tuple[str, str], sentence: str
) -> None:
    with pytest.raises(InvalidInputError, match=sentence) as caught:
        rows_from_text(ROW.replace(*change, 1), HERE)
    for language in Language:
        words = caught.value.in_language(language)
        assert words.count("\n") == 0
        assert "providers.toml" in words


def test_a_file_that_cannot_be_read_gives_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="No such file"):
        read_provider_table(tmp_path / "missing.toml")
    path = tmp_path / "latin.toml"
    path.write_bytes(b"# \xe9")
    with pytest.raises(InvalidInputError, match="not UTF-8"):
        read_provider_table(path)
    path.write_text("x = " + "[" * 100_000)
    with pytest.raises(InvalidInputError, match="is not valid TOML"):
        read_provider_table(path)


def test_an_empty_file_of_an_operator_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "providers.toml"
    path.write_text("")
    assert read_provider_table(path).rows == TABLE.rows
