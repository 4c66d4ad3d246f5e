"""What SRV and MX answers say, and what is guessed where they say nothing."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as some

from hato.core import limits
from hato.services.settings_finder.candidate import (
    Candidate,
    Origin,
    Protocol,
    TlsMode,
    UserNameForm,
    rank,
)
from hato.services.settings_finder.provider_table import ProviderTable, read_provider_table
from hato.services.settings_finder.service_records import (
    MxRecord,
    Service,
    SrvRecord,
    guesses,
    in_order,
    provider_behind,
    read_exchangers,
    read_service_records,
)

TABLE = read_provider_table()
NOWHERE = SrvRecord(0, 0, 0, ".")


def least(_most: int) -> int:
    """Be a chance that always draws nought."""
    return 0


def places(candidates: list[Candidate] | tuple[Candidate, ...]) -> list[tuple[str, str, int]]:
    """Return protocol, host and port of each."""
    return [(c.protocol.value, c.host, c.port) for c in candidates]


def test_each_service_has_its_question() -> None:
    assert [service.question("example.org") for service in Service] == [
        "_pop3s._tcp.example.org",
        "_imaps._tcp.example.org",
        "_pop3._tcp.example.org",
        "_imap._tcp.example.org",
        "_submissions._tcp.example.org",
        "_submission._tcp.example.org",
    ]


def test_the_example_of_the_standard_gives_imap_over_tls_before_pop3_over_tls() -> None:
    # RFC 6186 §3.4, the last example.
    findings = read_service_records(
        "example.com",
        {
            Service.IMAP: [NOWHERE],
            Service.IMAPS: [SrvRecord(0, 1, 993, "imap.example.com.")],
            Service.POP3: [NOWHERE],
            Service.POP3S: [SrvRecord(10, 1, 995, "pop3.example.com.")],
        },
        least,
    )
    assert findings.absent == {Service.IMAP, Service.POP3}
    assert places(rank(findings.candidates)) == [
        ("imap", "imap.example.com", 993),
        ("pop3", "pop3.example.com", 995),
    ]
    assert places(rank(findings.candidates, Protocol.POP3)) == [("pop3", "pop3.example.com", 995)]


def test_a_service_that_the_domain_does_not_have_is_absent_whatever_else_it_says() -> None:
    answers = {Service.POP3S: [SrvRecord(0, 0, 995, "pop.example.org"), NOWHERE]}
    findings = read_service_records("example.org", answers, least)
    assert findings.candidates == ()
    assert findings.absent == {Service.POP3S}


def test_starttls_is_required_of_whoever_may_offer_it() -> None:
    answers = {
        Service.POP3: [SrvRecord(0, 0, 110, "pop.example.org")],
        Service.IMAP: [SrvRecord(0, 0, 143, "imap.example.org")],
        Service.POP3S: [SrvRecord(5, 0, 995, "pop.example.org")],
    }
    findings = read_service_records("example.org", answers, least)
    by_port = {candidate.port: candidate.tls for candidate in findings.candidates}
    assert by_port == {
        110: TlsMode.STARTTLS,
        143: TlsMode.STARTTLS,
        995: TlsMode.IMPLICIT,
    }
    assert rank(findings.candidates)[0].port == 995, "RFC 8314 goes before the domain's priority"


def test_sending_is_found_too_and_kept_for_later() -> None:
    answers = {Service.SUBMISSIONS: [SrvRecord(0, 0, 465, "smtp.example.org")]}
    (candidate,) = read_service_records("example.org", answers, least).candidates
    assert (candidate.protocol, candidate.tls) == (Protocol.SUBMISSION, TlsMode.IMPLICIT)
    assert rank([candidate]) == []


def test_the_whole_address_is_the_first_user_name_and_the_local_part_the_second() -> None:
    answers = {Service.POP3S: [SrvRecord(0, 0, 995, "pop.example.org")]}
    (candidate,) = read_service_records("example.org", answers, least).candidates
    assert candidate.user_names("jo@example.org") == ("jo@example.org", "jo")
    assert candidate.why.en == "the DNS of example.org names this server"


@pytest.mark.parametrize(
    ("target", "is_signed", "needs_consent"),
    [
        ("pop.example.org", False, False),
        ("example.org", False, False),
        ("pop.provider.example", False, True),
        ("pop.provider.example", True, False),
        ("notexample.org", False, True),
    ],
)
def test_a_strangers_host_needs_the_persons_consent_unless_the_answer_is_signed(
    target: str, is_signed: bool, needs_consent: bool
) -> None:
    answers = {Service.POP3S: [SrvRecord(0, 0, 995, target)]}
    findings = read_service_records("example.org", answers, least, is_signed=is_signed)
    assert [candidate.needs_consent for candidate in findings.candidates] == [needs_consent]


@pytest.mark.parametrize(
    "record",
    [
        SrvRecord(0, 0, 0, "pop.example.org"),
        SrvRecord(0, 0, 70_000, "pop.example.org"),
        SrvRecord(0, 0, 995, "127.0.0.1"),
        SrvRecord(0, 0, 995, "localhost"),
        SrvRecord(0, 0, 995, ""),
        SrvRecord(0, 0, 995, "a b.example.org"),
    ],
)
def test_records_that_make_no_sense_are_passed_over(record: SrvRecord) -> None:
    findings = read_service_records("example.org", {Service.POP3S: [record]}, least)
    assert findings.candidates == ()
    assert findings.absent == frozenset()


def test_a_flood_of_records_is_cut() -> None:
    flood = [SrvRecord(0, 1, 995, f"pop{n}.example.org") for n in range(10_000)]
    findings = read_service_records("example.org", {Service.POP3S: flood}, least)
    assert len(findings.candidates) == limits.SERVICE_RECORDS


def test_lower_priorities_come_first() -> None:
    records = [SrvRecord(20, 9, 1, "c"), SrvRecord(0, 0, 1, "a"), SrvRecord(10, 5, 1, "b")]
    assert [record.target for record in in_order(records, least)] == ["a", "b", "c"]


def test_weights_share_the_first_place_as_rfc_2782_says() -> None:
    records = [SrvRecord(0, 3, 1, "big"), SrvRecord(0, 1, 1, "small"), SrvRecord(0, 0, 1, "none")]
    chance = random.Random(7)
    first = Counter(
        in_order(records, lambda most: chance.randint(0, most))[0].target for _ in range(4_000)
    )
    # Draws are 0 to 4: 0 finds the weight of nought, 1 the small one, 2 to 4 the big one.
    assert first["big"] > 2 * first["small"]
    assert abs(first["small"] - first["none"]) < 300


@given(
    some.lists(
        some.builds(
            SrvRecord, some.integers(0, 2), some.integers(0, 65_535), some.just(1), some.text("ab")
        ),
        max_size=10,
    ),
    some.randoms(use_true_random=False),
)
def test_ordering_keeps_every_record_once(records: list[SrvRecord], chance: random.Random) -> None:
    ordered = in_order(records, lambda most: chance.randint(0, most))
    assert Counter(ordered) == Counter(records)
    priorities = [record.priority for record in ordered]
    assert priorities == sorted(priorities)


def test_a_mail_exchanger_shows_the_provider_and_the_person_is_asked() -> None:
    records = [MxRecord(20, "alt1.aspmx.l.google.com."), MxRecord(10, "ASPMX.L.GOOGLE.COM.")]
    pop3s, imaps, submissions, _ = read_exchangers("jo@example.org", records, TABLE)
    assert submissions.host == "smtp.gmail.com"
    assert submissions.needs_consent
    assert (pop3s.host, imaps.host) == ("pop.gmail.com", "imap.gmail.com")
    assert pop3s.origin is Origin.MAIL_EXCHANGER
    assert pop3s.needs_consent
    assert pop3s.user_names("jo@example.org") == ("jo@example.org",)
    assert pop3s.why.en == (
        "the mail of example.org goes to aspmx.l.google.com, so Gmail seems to host it"
    )
    assert "aspmx.l.google.com" in pop3s.why.ja
    (signed, *_) = read_exchangers("jo@example.org", records, TABLE, is_signed=True)
    assert not signed.needs_consent


def test_the_first_exchanger_that_is_known_decides() -> None:
    records = [
        MxRecord(30, "mx.zoho.com"),
        MxRecord(10, "filter.example.net"),
        MxRecord(20, "example-org.mail.protection.outlook.com"),
    ]
    found = provider_behind(records, TABLE)
    assert found is not None
    assert found[0].id == "microsoft"


@pytest.mark.parametrize(
    "records",
    [
        [],
        [MxRecord(0, ".")],
        [MxRecord(0, "mail.example.org")],
        [MxRecord(0, "google.com.example.org")],
        [MxRecord(0, "evilgoogle.com")],
        [MxRecord(0, "")],
    ],
)
def test_an_exchanger_that_nobody_knows_shows_nothing(records: list[MxRecord]) -> None:
    assert read_exchangers("jo@example.org", records, TABLE) == []
    assert read_exchangers("jo@example.org", records, ProviderTable([])) == []


def test_usual_names_are_guessed_with_tls_from_the_start_first() -> None:
    assert places([c for c in guesses("example.org") if c.protocol is Protocol.POP3]) == [
        ("pop3", "pop.example.org", 995),
        ("pop3", "pop3.example.org", 995),
        ("pop3", "mail.example.org", 995),
        ("pop3", "example.org", 995),
        ("pop3", "pop.example.org", 110),
        ("pop3", "pop3.example.org", 110),
        ("pop3", "mail.example.org", 110),
        ("pop3", "example.org", 110),
    ]
    ports = [candidate.port for candidate in guesses("example.org")]
    assert list(dict.fromkeys(ports)) == [995, 993, 110, 143]
    assert rank(guesses("example.org"))[0].host == "pop.example.org"


def test_a_guess_is_called_one_and_never_goes_without_tls() -> None:
    for candidate in guesses("example.org"):
        assert candidate.origin is Origin.GUESS
        assert candidate.tls is not TlsMode.NONE
        assert candidate.user_name_forms == (UserNameForm.ADDRESS, UserNameForm.LOCAL_PART)
        assert "usual name" in candidate.why.en


def test_exchangers_within_the_domain_are_guessed_too_and_others_are_not() -> None:
    names = ["mx1.example.org.", "mail.example.org", "mx.provider.example", "127.0.0.1"]
    hosts = {candidate.host for candidate in guesses("example.org", names)}
    assert "mx1.example.org" in hosts
    assert "mx.provider.example" not in hosts
    probed = [(c.host, c.port) for c in guesses("example.org", names)]
    assert len(probed) == len(set(probed))


def test_nobody_knocks_where_the_domain_says_that_there_is_nothing() -> None:
    found = guesses("example.org", absent=frozenset({Service.POP3S, Service.POP3}))
    assert {candidate.protocol for candidate in found} == {Protocol.IMAP}
