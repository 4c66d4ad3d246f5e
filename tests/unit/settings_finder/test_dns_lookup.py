"""Questions to a real DNS server on loopback."""

from __future__ import annotations

import pytest

from hato.core.errors import InvalidInputError
from hato.net.dial_errors import DialError, DialFault
from hato.services.settings_finder.dns_lookup import DnsLookup, read_server
from hato.services.settings_finder.service_records import MxRecord, Service, SrvRecord
from tests.unit.settings_finder.name_server import name_server

ROWS = {
    "_pop3s._tcp.example.org SRV": ["0 1 995 pop.example.org.", "10 1 995 spare.example.org."],
    "_imap._tcp.example.org SRV": ["0 0 0 ."],
    "example.org MX": ["20 second.example.net.", "10 first.example.net."],
    "pop.example.org A": ["192.0.2.7"],
    "pop.example.org AAAA": ["2001:db8::7"],
    "bare.example.org TXT": ["nothing"],
}


async def test_every_service_of_a_domain_is_asked_for_at_once() -> None:
    async with name_server(ROWS) as (zone, server):
        answers = await DnsLookup([server]).services("example.org")
    assert sorted(zone.asked) == sorted(
        f"{service.question('example.org')} SRV" for service in Service
    )
    assert tuple(sorted(answers.records[Service.POP3S])) == (
        SrvRecord(0, 1, 995, "pop.example.org."),
        SrvRecord(10, 1, 995, "spare.example.org."),
    )
    assert answers.records[Service.IMAP] == (SrvRecord(0, 0, 0, "."),)
    assert answers.is_whole
    assert not answers.is_signed


async def test_dnssec_counts_where_this_machines_own_resolver_vouches() -> None:
    async with name_server(ROWS) as (zone, server):
        zone.is_validating = True
        answers = await DnsLookup([server]).services("example.org")
    assert answers.is_signed


async def test_where_mail_goes() -> None:
    async with name_server(ROWS) as (_, server):
        answer = await DnsLookup([server]).exchangers("example.org")
    assert sorted(answer.records) == [
        MxRecord(10, "first.example.net."),
        MxRecord(20, "second.example.net."),
    ]


async def test_no_such_domain_is_an_answer_and_silence_is_none() -> None:
    async with name_server(ROWS) as (zone, server):
        lookup = DnsLookup([server], seconds=0.05)
        nothing = await lookup.exchangers("nowhere.example")
        zone.is_silent = True
        silence = await lookup.exchangers("example.org")
    assert (nothing.records, nothing.is_whole) == ((), True)
    assert (silence.records, silence.is_whole) == ((), False)


async def test_both_kinds_of_addresses_of_a_host_are_found() -> None:
    async with name_server(ROWS) as (_, server):
        found = await DnsLookup([server]).endpoints("pop.example.org", 995)
    assert [one.location[:2] for one in found] == [("192.0.2.7", 995), ("2001:db8::7", 995)]


async def test_an_address_is_not_asked_for() -> None:
    async with name_server(ROWS) as (zone, server):
        (found,) = await DnsLookup([server]).endpoints("192.0.2.9", 110)
    assert found.location == ("192.0.2.9", 110)
    assert zone.asked == []


@pytest.mark.parametrize("host", ["nowhere.example", "bare.example.org"])
async def test_a_host_without_addresses_is_no_host(host: str) -> None:
    async with name_server(ROWS) as (_, server):
        with pytest.raises(DialError) as caught:
            await DnsLookup([server]).endpoints(host, 995)
    assert caught.value.fault is DialFault.NO_SUCH_HOST


async def test_a_host_of_which_nobody_tells_may_be_there() -> None:
    async with name_server(ROWS) as (zone, server):
        zone.is_silent = True
        with pytest.raises(DialError) as caught:
            await DnsLookup([server], seconds=0.05).endpoints("pop.example.org", 995)
    assert caught.value.fault is DialFault.NAME_SERVICE


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("192.0.2.1", ("192.0.2.1", 53)),
        ("192.0.2.1:5353", ("192.0.2.1", 5353)),
        ("2001:db8::1", ("2001:db8::1", 53)),
        ("[2001:db8::1]:5353", ("2001:db8::1", 5353)),
        ("[2001:db8::1]", ("2001:db8::1", 53)),
    ],
)
def test_servers_are_named_by_address_and_port(text: str, server: tuple[str, int]) -> None:
    assert read_server(text) == server


@pytest.mark.parametrize("text", ["", "ns.example", "192.0.2.1:", "192.0.2.1:x", "192.0.2.1:70000"])
def test_what_is_no_server_is_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(InvalidInputError, match="no DNS server"):
        read_server(text)
