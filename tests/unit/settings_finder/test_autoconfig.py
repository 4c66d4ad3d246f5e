"""What a domain publishes for mail programs, read and turned into candidates."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from hato.core import limits
from hato.services.settings_finder.autoconfig import (
    OAuth2Endpoints,
    autoconfig_urls,
    exchanger_urls,
    read_autoconfig,
)
from hato.services.settings_finder.candidate import (
    LoginMethod,
    Origin,
    Protocol,
    TlsMode,
    UserNameForm,
    rank,
)

JO = "jo.doe@example.org"

WHOLE = """<?xml version="1.0" encoding="UTF-8"?>
<clientConfig version="1.1">
  <emailProvider id="example.org">
    <domain>example.org</domain>
    <displayName>Example</displayName>
    <incomingServer type="imap">
      <hostname>IMAP.example.org</hostname>
      <port>993</port>
      <socketType>SSL</socketType>
      <username>%EMAILADDRESS%</username>
      <authentication>OAuth2</authentication>
      <authentication>password-cleartext</authentication>
    </incomingServer>
    <incomingServer type="pop3">
      <hostname> pop.%EMAILDOMAIN% </hostname>
      <port>110</port>
      <socketType>STARTTLS</socketType>
      <username>%EMAILLOCALPART%</username>
      <authentication>password-encrypted</authentication>
      <pop3>
        <leaveMessagesOnServer>true</leaveMessagesOnServer>
        <checkInterval minutes="15"/>
      </pop3>
    </incomingServer>
    <incomingServer type="pop3">
      <hostname>pop.example.org</hostname>
      <port>110</port>
      <socketType>plain</socketType>
      <username>%EMAILADDRESS%</username>
    </incomingServer>
    <outgoingServer type="smtp">
      <hostname>smtp.example.org</hostname>
      <port>465</port>
      <socketType>SSL</socketType>
      <username>%EMAILADDRESS%</username>
      <authentication>password-cleartext</authentication>
    </outgoingServer>
    <documentation url="https://example.org/help"><descr lang="en">Help</descr></documentation>
    <documentation url="http://example.org/old"/>
    <enable visiturl="https://example.org/enable"><instruction>Do it</instruction></enable>
  </emailProvider>
  <oAuth2>
    <issuer>login.example.org</issuer>
    <scope>mail profile</scope>
    <authURL>https://login.example.org/authorize</authURL>
    <tokenURL>https://login.example.org/token</tokenURL>
  </oAuth2>
</clientConfig>
"""


def server(**changes: str) -> bytes:
    """Return an answer with one POP3 server that has something else about it."""
    parts = {
        "kind": "pop3",
        "hostname": "pop.example.org",
        "port": "995",
        "socketType": "SSL",
        "username": "%EMAILADDRESS%",
    } | changes
    elements = "".join(f"<{name}>{text}</{name}>" for name, text in list(parts.items())[1:])
    return (
        "<clientConfig><emailProvider>"
        f"<incomingServer type='{parts['kind']}'>{elements}</incomingServer>"
        "</emailProvider></clientConfig>"
    ).encode()


def test_incoming_servers_become_candidates_in_their_order() -> None:
    imaps, stls, clear = read_autoconfig(WHOLE.encode(), JO).incoming
    assert (imaps.protocol, imaps.host, imaps.port) == (Protocol.IMAP, "imap.example.org", 993)
    assert imaps.tls is TlsMode.IMPLICIT
    assert imaps.methods == (LoginMethod.OAUTH2, LoginMethod.PASSWORD)
    assert (stls.protocol, stls.host, stls.tls) == (
        Protocol.POP3,
        "pop.example.org",
        TlsMode.STARTTLS,
    )
    assert stls.methods == (LoginMethod.CHALLENGE,)
    assert stls.user_names(JO) == ("jo.doe",)
    assert clear.tls is TlsMode.NONE
    assert [c.preference for c in (imaps, stls, clear)] == [0, 1, 2]
    assert clear not in rank((imaps, stls, clear)), "and what is not encrypted is not tried"


def test_the_outgoing_server_is_kept_for_later() -> None:
    (smtp,) = read_autoconfig(WHOLE.encode(), JO).outgoing
    assert (smtp.protocol, smtp.host, smtp.port) == (Protocol.SUBMISSION, "smtp.example.org", 465)


def test_the_rest_that_is_of_use_is_read_too() -> None:
    answer = read_autoconfig(WHOLE.encode(), JO)
    assert answer.reason is None
    assert answer.help_urls == ("https://example.org/help", "https://example.org/enable")
    assert answer.least_minutes_between_logins == 15
    assert answer.oauth2 == OAuth2Endpoints(
        "login.example.org",
        ("mail", "profile"),
        "https://login.example.org/authorize",
        "https://login.example.org/token",
    )


def test_it_is_told_who_says_so() -> None:
    own = read_autoconfig(WHOLE.encode(), JO).incoming[0]
    assert own.origin is Origin.AUTOCONFIG
    assert own.why.en == "example.org publishes these settings for mail programs"
    database = read_autoconfig(WHOLE.encode(), JO, Origin.ISPDB).incoming[0]
    assert database.origin is Origin.ISPDB
    assert "Thunderbird" in database.why.ja


@pytest.mark.parametrize(
    ("written", "form", "names"),
    [
        ("%EMAILADDRESS%", UserNameForm.ADDRESS, (JO,)),
        ("%EMAILLOCALPART%", UserNameForm.LOCAL_PART, ("jo.doe",)),
        ("%EMAILLOCALPART%.%EMAILDOMAIN%", UserNameForm.GIVEN, ("jo.doe.example.org",)),
        ("m1234", UserNameForm.GIVEN, ("m1234",)),
        ("%CUSTOMER_NUMBER%", UserNameForm.ASKED, ()),
        ("", UserNameForm.ASKED, ()),
        ("a&#9;b", UserNameForm.ASKED, ()),
        ("x" * 400, UserNameForm.ASKED, ()),
    ],
)
def test_user_names_are_filled_in_or_asked_for(
    written: str, form: UserNameForm, names: tuple[str, ...]
) -> None:
    (candidate,) = read_autoconfig(server(username=written), JO).incoming
    assert candidate.user_name_forms == (form,)
    assert candidate.user_names(JO) == names


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "exchange"},
        {"kind": ""},
        {"hostname": "127.0.0.1"},
        {"hostname": "localhost"},
        {"hostname": ""},
        {"hostname": "pop.example.org:995"},
        {"hostname": "%UNKNOWN%.example.org"},
        {"port": "0"},
        {"port": "65536"},
        {"port": "-1"},
        {"port": "９９５"},
        {"port": "1e3"},
        {"port": ""},
        {"socketType": "telepathy"},
        {"socketType": ""},
    ],
)
def test_a_server_that_makes_no_sense_is_passed_over(changes: dict[str, str]) -> None:
    answer = read_autoconfig(server(**changes), JO)
    assert answer.incoming == ()
    assert answer.reason is not None
    assert answer.reason.en == "the answer names no mail server that can be used"


def test_the_urls_are_asked_in_order_over_https_only() -> None:
    assert autoconfig_urls(JO) == (
        (
            Origin.AUTOCONFIG,
            "https://autoconfig.example.org/mail/config-v1.1.xml?emailaddress=jo.doe%40example.org",
        ),
        (
            Origin.AUTOCONFIG,
            "https://example.org/.well-known/autoconfig/mail/config-v1.1.xml",
        ),
        (Origin.ISPDB, "https://autoconfig.thunderbird.net/v1.1/example.org"),
    )


@given(some.text(min_size=1, max_size=40))
def test_no_local_part_breaks_out_of_its_place_in_a_url(local_part: str) -> None:
    if any("\ud800" <= character <= "\udfff" for character in local_part):
        return
    first, second, third = (url for _, url in autoconfig_urls(f"{local_part}@example.org"))
    assert first.startswith("https://autoconfig.example.org/mail/config-v1.1.xml?emailaddress=")
    assert not set(first.partition("?")[2].partition("=")[2]) & set("&#?/ \r\n@")
    assert second == "https://example.org/.well-known/autoconfig/mail/config-v1.1.xml"
    assert third == "https://autoconfig.thunderbird.net/v1.1/example.org"


def test_about_a_mail_exchanger_only_the_database_is_asked() -> None:
    assert exchanger_urls("alt1.aspmx.l.google.com") == (
        (Origin.ISPDB, "https://autoconfig.thunderbird.net/v1.1/aspmx.l.google.com"),
        (Origin.ISPDB, "https://autoconfig.thunderbird.net/v1.1/l.google.com"),
        (Origin.ISPDB, "https://autoconfig.thunderbird.net/v1.1/google.com"),
    )
    assert exchanger_urls("example.org") == ()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1", "us-ascii"])
def test_the_usual_encodings_are_read(encoding: str) -> None:
    declared = encoding.removesuffix("-sig")
    octets = WHOLE.replace("UTF-8", declared).encode(encoding)
    assert len(read_autoconfig(octets, JO).incoming) == 3


def test_not_more_servers_are_taken_than_anybody_has() -> None:
    one = server().decode().split("<emailProvider>")[1].split("</emailProvider>")[0]
    many = f"<clientConfig><emailProvider>{one * 100}</emailProvider></clientConfig>"
    assert len(read_autoconfig(many.encode(), JO).incoming) == limits.AUTOCONFIG_SERVERS


@pytest.mark.parametrize(
    ("minutes", "read"), [("15", 15), ("0", 0), ("99999", 1_440), ("-5", 0), ("x", 0), ("", 0)]
)
def test_an_interval_is_a_day_at_most_and_garbage_is_none(minutes: str, read: int) -> None:
    octets = WHOLE.replace('minutes="15"', f'minutes="{minutes}"').encode()
    assert read_autoconfig(octets, JO).least_minutes_between_logins == read


@pytest.mark.parametrize(
    "oauth2",
    [
        "<authURL>http://a.example/</authURL><tokenURL>https://a.example/</tokenURL>",
        "<authURL>https://a.example/</authURL><tokenURL>file:///etc/passwd</tokenURL>",
        "<authURL>https://a.example/ x</authURL><tokenURL>https://a.example/</tokenURL>",
        "<tokenURL>https://a.example/</tokenURL>",
        "",
    ],
)
def test_tokens_come_from_https_addresses_only(oauth2: str) -> None:
    before, _, after = server().decode().partition("</clientConfig>")
    octets = f"{before}<oAuth2>{oauth2}</oAuth2></clientConfig>{after}".encode()
    answer = read_autoconfig(octets, JO)
    assert answer.oauth2 is None
    assert answer.incoming
