"""Candidates: which is tried first, which never, and what is said of them."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from hato.core.language import Text
from hato.services.settings_finder.candidate import (
    Candidate,
    Origin,
    Protocol,
    TlsMode,
    UserNameForm,
    rank,
)

POP3S = Candidate(
    protocol=Protocol.POP3,
    host="pop.example.org",
    port=995,
    tls=TlsMode.IMPLICIT,
    user_name_forms=(UserNameForm.ADDRESS,),
    methods=(),
    origin=Origin.AUTOCONFIG,
    why=Text(en="because", ja="なぜなら"),
)


def but(**changes: object) -> Candidate:
    """Return the usual candidate with something else about it."""
    return msgspec.structs.replace(POP3S, **changes)


IMAPS = but(protocol=Protocol.IMAP, host="imap.example.org", port=993)
POP3_STLS = but(port=110, tls=TlsMode.STARTTLS)
CLEAR = but(port=110, tls=TlsMode.NONE)

CANDIDATES = some.builds(
    but,
    protocol=some.sampled_from(Protocol),
    host=some.sampled_from(["a.example.org", "b.example.org"]),
    port=some.sampled_from([110, 995]),
    tls=some.sampled_from(TlsMode),
    origin=some.sampled_from(Origin),
    preference=some.integers(0, 3),
)


def test_tls_from_the_start_goes_first() -> None:
    assert rank([POP3_STLS, POP3S]) == [POP3S, POP3_STLS]
    preferred = but(port=110, tls=TlsMode.STARTTLS, preference=-1)
    assert rank([preferred, POP3S]) == [POP3S, preferred], "whatever its publisher prefers"


def test_clear_text_is_left_out_unless_the_person_allows_it_and_then_comes_last() -> None:
    assert rank([CLEAR]) == []
    guess = but(origin=Origin.GUESS, host="mail.example.org")
    assert rank([CLEAR, guess], is_cleartext_allowed=True) == [guess, CLEAR]


def test_only_the_protocol_that_the_person_wants() -> None:
    assert rank([IMAPS, POP3S], Protocol.POP3) == [POP3S]
    assert rank([IMAPS], Protocol.POP3) == [], "nobody changes it behind her back"


def test_without_a_wish_the_publishers_order_decides_and_sending_is_another_matter() -> None:
    smtp = but(protocol=Protocol.SUBMISSION, port=465)
    first = msgspec.structs.replace(IMAPS, preference=0)
    second = but(preference=1)
    assert rank([second, smtp, first]) == [first, second]
    assert rank([second, smtp], Protocol.SUBMISSION) == [smtp]


def test_what_is_stated_goes_before_a_hint_and_a_hint_before_a_guess() -> None:
    stated = but(origin=Origin.ISPDB, port=110, tls=TlsMode.STARTTLS)
    hint = but(origin=Origin.MAIL_EXCHANGER, host="pop.provider.example")
    guess = but(origin=Origin.GUESS, host="mail.example.org")
    assert rank([guess, hint, stated]) == [stated, hint, guess]


def test_a_row_that_nobody_confirmed_is_a_hint_only() -> None:
    row = but(origin=Origin.TABLE, is_confirmed=False, host="pop.provider.example")
    own_word = but(origin=Origin.SERVICE_RECORD)
    guess = but(origin=Origin.GUESS, host="mail.example.org")
    assert rank([row, guess, own_word]) == [own_word, row, guess]


def test_the_person_is_believed_before_the_table_and_the_table_before_the_network() -> None:
    by_origin = [but(origin=origin, host=f"{origin.value}.example.org") for origin in Origin]
    assert rank(reversed(by_origin)) == by_origin


def test_the_same_setting_from_two_sides_is_tried_once_with_the_better_reason() -> None:
    known = but(origin=Origin.TABLE)
    assert rank([but(origin=Origin.GUESS), known, POP3S]) == [known]


@given(some.lists(CANDIDATES, max_size=12), some.sampled_from([None, *Protocol]))
def test_ranking_loses_no_setting_and_never_puts_a_guess_before_a_statement(
    candidates: list[Candidate], wanted: Protocol | None
) -> None:
    ranked = rank(candidates, wanted)
    assert all(candidate.tls is not TlsMode.NONE for candidate in ranked)
    assert all(wanted in (None, candidate.protocol) for candidate in ranked)
    places = {(c.protocol, c.host, c.port, c.tls) for c in ranked}
    assert len(places) == len(ranked)
    assert places == {
        (c.protocol, c.host, c.port, c.tls)
        for c in candidates
        if c.tls is not TlsMode.NONE
        and c.protocol in ({Protocol.POP3, Protocol.IMAP} if wanted is None else {wanted})
    }
    is_guess = [candidate.origin is Origin.GUESS for candidate in ranked]
    assert is_guess == sorted(is_guess)


@pytest.mark.parametrize(
    ("forms", "names"),
    [
        ((UserNameForm.ADDRESS,), ("jo@example.org",)),
        ((UserNameForm.ADDRESS, UserNameForm.LOCAL_PART), ("jo@example.org", "jo")),
        ((UserNameForm.LOCAL_PART, UserNameForm.ADDRESS), ("jo", "jo@example.org")),
        ((UserNameForm.GIVEN,), ("m1234",)),
        ((UserNameForm.ASKED,), ()),
    ],
)
def test_user_names_are_tried_in_order(
    forms: tuple[UserNameForm, ...], names: tuple[str, ...]
) -> None:
    candidate = but(user_name_forms=forms, user_name="m1234")
    assert candidate.user_names("jo@example.org") == names


def test_a_candidate_says_host_port_and_encryption_in_both_languages() -> None:
    assert POP3S.in_words().en == "POP3 on pop.example.org, port 995, encrypted from the start"
    assert "STARTTLS" in POP3_STLS.in_words().ja
    assert "NOT encrypted" in CLEAR.in_words().en
    assert "暗号化なし" in CLEAR.in_words().ja
