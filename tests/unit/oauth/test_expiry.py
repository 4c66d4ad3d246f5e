"""An authorisation that will end is told before it does."""

from __future__ import annotations

import msgspec
import pytest

from hato.core.secret import Secret
from hato.services.oauth.expiry import expiry_warning
from hato.services.oauth.tokens import Client, Tokens

DAY = 86_400
THEN = 1_800_000_000  # 15 January 2027
TOKENS = Tokens(
    access_token=Secret("a"),
    expires=THEN + 3600,
    refresh_token=Secret("r"),
    authorised=THEN,
    refreshed=THEN,
    issuer="https://issuer.example",
    issuer_name="Issuer",
    client=Client(client_id="c", token_endpoint="https://issuer.example/token"),
)


def warned(now: int, **fields: object) -> str | None:
    tokens = msgspec.structs.replace(TOKENS, **fields)
    found = expiry_warning(tokens, "ada@example.org", now)
    if found is None:
        return None
    assert "ada@example.org" in found.ja
    assert "{" not in found.en + found.ja
    return found.en


def test_an_authorisation_without_an_end_is_silent() -> None:
    assert warned(THEN + 1_000 * DAY) is None


def test_an_end_that_the_issuer_states_is_told_three_days_before() -> None:
    ends = THEN + 30 * DAY
    assert warned(THEN + 26 * DAY, refresh_expires=ends) is None
    assert warned(THEN + 27 * DAY, refresh_expires=ends) == (
        "The authorisation of ada@example.org at Issuer ends on 2027-02-14: run "
        "`hato account authorise ada@example.org` before."
    )


@pytest.mark.parametrize(("days", "is_warned"), [(0, False), (4, False), (5, True), (6, True)])
def test_google_in_testing_is_told_two_days_before(days: int, *, is_warned: bool) -> None:
    said = warned(THEN + days * DAY, issuer_row="google", refreshed=THEN + days * DAY)
    assert (said is not None) == is_warned
    if said:
        assert "still in testing" in said
        assert "2027-01-22" in said


def test_google_that_went_on_after_seven_days_is_not_in_testing() -> None:
    late = THEN + 8 * DAY
    assert warned(late, issuer_row="google", refreshed=late) is None


def test_microsoft_unused_for_long_is_told_two_weeks_before() -> None:
    assert warned(THEN + 75 * DAY, issuer_row="microsoft") is None
    said = warned(THEN + 76 * DAY, issuer_row="microsoft")
    assert said is not None
    assert "2027-04-15" in said
    assert "fetch from it" in said


def test_an_authorisation_that_cannot_be_renewed_is_told_at_once() -> None:
    said = warned(THEN, refresh_token=Secret(b""))
    assert said is not None
    assert "cannot be renewed" in said
