"""Autoconfiguration servers that mean no good, or do not know what they say."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as some

from hato.core import limits
from hato.core.language import Text
from hato.services.settings_finder.autoconfig import read_autoconfig

JO = "jo@example.org"
SERVER = (
    "<incomingServer type='pop3'><hostname>pop.example.org</hostname><port>995</port>"
    "<socketType>SSL</socketType><username>{name}</username></incomingServer>"
)
CONFIG = f"<clientConfig><emailProvider>{SERVER}</emailProvider></clientConfig>"


def reason_of(octets: bytes) -> Text:
    """Read an answer that must give nothing; return why."""
    answer = read_autoconfig(octets, JO)
    assert (answer.incoming, answer.outgoing, answer.oauth2, answer.help_urls) == ((), (), None, ())
    assert answer.reason is not None
    return answer.reason


LAUGHS = "".join(f'<!ENTITY lol{n} "{f"&lol{n - 1};" * 10 if n else "lol"}">' for n in range(10))


@pytest.mark.parametrize(
    "document_type",
    [
        f"<!DOCTYPE clientConfig [{LAUGHS}]>",
        '<!DOCTYPE clientConfig [<!ENTITY name "' + "A" * 20_000 + '">]>',
        '<!DOCTYPE clientConfig [<!ENTITY name SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE clientConfig [<!ENTITY name SYSTEM "http://192.0.2.1/">]>',
        '<!DOCTYPE clientConfig [<!ENTITY % outside SYSTEM "http://192.0.2.1/"> %outside;]>',
        '<!DOCTYPE clientConfig SYSTEM "http://192.0.2.1/config.dtd">',
        '<!DOCTYPE clientConfig PUBLIC "-//x//y" "http://192.0.2.1/config.dtd">',
        "<!DOCTYPE clientConfig>",
        "<!DOCTYPE html>",
    ],
)
def test_a_document_type_is_refused_whatever_it_is_for(document_type: str) -> None:
    octets = (document_type + CONFIG.format(name="&lol9;&name;")).encode()
    assert "document type" in reason_of(octets).en


def test_a_billion_laughs_cost_nothing() -> None:
    octets = (f"<!DOCTYPE x [{LAUGHS}]>" + CONFIG.format(name="&lol9;" * 100)).encode()
    tracemalloc.start()
    try:
        reason_of(octets)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_an_entity_that_nobody_declared_is_not_well_formed() -> None:
    assert "well-formed" in reason_of(CONFIG.format(name="&lol;").encode()).en


def test_an_endless_answer_is_not_looked_at() -> None:
    octets = CONFIG.format(name="a").encode().ljust(50_000_000)
    tracemalloc.start()
    try:
        assert f"{limits.AUTOCONFIG_OCTETS}" in reason_of(octets).ja
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()


def test_the_longest_answer_that_is_looked_at_is_looked_at() -> None:
    octets = CONFIG.format(name="a").encode().ljust(limits.AUTOCONFIG_OCTETS)
    assert len(read_autoconfig(octets, JO).incoming) == 1
    assert "longer" in reason_of(octets + b" ").en


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\0",
        b"not xml at all",
        b"<clientConfig>",
        b"<clientConfig></other>",
        b"<clientConfig><b></clientConfig></b>",
        b"\xff\xfe<\0c\0",
        b"\xef\xbb\xbf\xef\xbb\xbf<clientConfig/>",
        b"<?xml version='1.0' encoding='utf-8'?><clientConfig>\xe9\xff</clientConfig>",
        b"<clientConfig>\xed\xa0\x80</clientConfig>",
        b"<clientConfig>\0</clientConfig>",
        b"<clientConfig a='1' a='2'/>",
        b"<clientConfig/><clientConfig/>",
    ],
)
def test_garbage_gives_a_reason(octets: bytes) -> None:
    assert "well-formed" in reason_of(octets).en


@pytest.mark.parametrize("encoding", ["utf-7", "utf-32", "cp932", "hex", "zlib", "no-such", "mbcs"])
def test_encodings_that_nobody_needs_are_refused(encoding: str) -> None:
    octets = f"<?xml version='1.0' encoding='{encoding}'?>{CONFIG.format(name='a')}".encode()
    assert "encoding" in reason_of(octets).en


def test_an_encoding_that_is_not_what_it_says_gives_a_reason() -> None:
    octets = b"<?xml version='1.0' encoding='utf-16'?>" + CONFIG.encode()
    assert reason_of(octets).en


@pytest.mark.parametrize(
    "octets",
    [
        b"<html><body>404</body></html>",
        b"<Autodiscover xmlns='x'><Response/></Autodiscover>",
        b"<config><clientConfig/></config>",
    ],
)
def test_another_kind_of_xml_gives_a_reason(octets: bytes) -> None:
    assert "holds no settings" in reason_of(octets).en


def test_elements_that_nest_without_end_are_refused() -> None:
    depth = 5_000
    octets = ("<clientConfig>" + "<a>" * depth + "</a>" * depth + "</clientConfig>").encode()
    assert "too deeply" in reason_of(octets).en


@pytest.mark.parametrize(
    "text",
    [
        f"<clientConfig>{SERVER}</clientConfig>",
        f"<clientConfig><other>{SERVER}</other></clientConfig>",
        f"<clientConfig><emailProvider><x>{SERVER}</x></emailProvider></clientConfig>",
        "<clientConfig><emailProvider><incomingServer/></emailProvider></clientConfig>",
        CONFIG.replace("<hostname>", "<x><hostname>").replace("</username>", "</username></x>"),
    ],
)
def test_servers_in_another_place_do_not_count(text: str) -> None:
    assert "names no mail server" in reason_of(text.encode()).en


def test_servers_within_servers_do_no_harm() -> None:
    inner = SERVER.format(name="a")
    outer = SERVER.format(name="b").replace("</incomingServer>", f"{inner}</incomingServer>")
    octets = f"<clientConfig><emailProvider>{outer}</emailProvider></clientConfig>".encode()
    answer = read_autoconfig(octets, JO)
    assert {candidate.host for candidate in answer.incoming} == {"pop.example.org"}


FRAGMENTS = some.sampled_from(
    [
        *(
            "<clientConfig>",
            "</clientConfig>",
            "<emailProvider>",
            "</emailProvider>",
            "<!DOCTYPE x>",
        ),
        *("<incomingServer type='pop3'>", "</incomingServer>", "<outgoingServer type='smtp'>"),
        *("</outgoingServer>", "<hostname>a.b</hostname>", "<port>995</port>", "<username/>"),
        *(
            "<socketType>SSL</socketType>",
            "<authentication>plain</authentication>",
            "<![CDATA[x]]>",
        ),
        *(
            "<oAuth2>",
            "</oAuth2>",
            "<scope>s</scope>",
            "<enable visiturl='https://a.b/'/>",
            "&amp;",
        ),
        *("<pop3><checkInterval minutes='x'/></pop3>", "<!-- -->", "<?pi?>", "\0", "é"),
    ]
)


@given(some.lists(FRAGMENTS, max_size=20))
def test_no_heap_of_fragments_raises(fragments: list[str]) -> None:
    answer = read_autoconfig("".join(fragments).encode(), JO)
    assert (answer.reason is None) == bool(answer.incoming)


@given(some.binary(max_size=400))
def test_no_octets_raise(octets: bytes) -> None:
    answer = read_autoconfig(octets, JO)
    assert (answer.reason is None) == bool(answer.incoming)


@given(some.data())
def test_no_damaged_answer_raises(data: some.DataObject) -> None:
    octets = bytearray(CONFIG.format(name="%EMAILADDRESS%").encode())
    for _ in range(data.draw(some.integers(1, 4))):
        octets[data.draw(some.integers(0, len(octets) - 1))] = data.draw(some.integers(0, 255))
    answer = read_autoconfig(bytes(octets), JO)
    assert (answer.reason is None) == bool(answer.incoming)
