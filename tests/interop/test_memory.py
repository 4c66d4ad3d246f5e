"""Mail programs that leave mail on the server know by UIDL what they have; others delete it.

RFC 1939 §7: an unique-id stays with its message from session to session.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.interop.clients import fetchmail, getmail, mpop
from tests.interop.clients.account import Client, Fetch, MailAccount
from tests.interop.comparison import assert_equal
from tests.interop.conftest import Mailbox, read_all
from tests.interop.programs import needs

pytestmark = pytest.mark.interop

REMEMBERING = [
    pytest.param(client, fetch, id=client.name, marks=needs(*client.programs))
    for client, fetch in (
        (mpop.MPOP, mpop.fetch),
        (fetchmail.FETCHMAIL, fetchmail.fetch),
        (getmail.GETMAIL, getmail.fetch),
    )
]


@pytest.mark.parametrize(("client", "fetch"), REMEMBERING)
def test_what_was_fetched_is_not_fetched_again(
    small_mailbox: Mailbox,
    deliver_one_more: Callable[[Mailbox], bytes],
    client: Client,
    fetch: Fetch,
    tmp_path: Path,
) -> None:
    account = MailAccount.at(small_mailbox.server, client.services[-1], small_mailbox.person)
    expected = list(small_mailbox.served)
    assert_equal(fetch(account, tmp_path), client.keep(expected))
    assert_equal(fetch(account, tmp_path), client.keep(expected))
    expected.append(deliver_one_more(small_mailbox))
    assert_equal(fetch(account, tmp_path), client.keep(expected))


@pytest.mark.parametrize(("client", "fetch"), REMEMBERING)
def test_what_was_fetched_is_deleted_where_it_is_not_to_be_kept(
    small_mailbox: Mailbox,
    deliver_one_more: Callable[[Mailbox], bytes],
    client: Client,
    fetch: Callable[..., list[bytes]],
    tmp_path: Path,
) -> None:
    server, person = small_mailbox.server, small_mailbox.person
    account = MailAccount.at(server, client.services[0], person)
    expected = list(small_mailbox.served)
    assert_equal(fetch(account, tmp_path, keeps_on_server=False), client.keep(expected))
    assert read_all(server, person) == ()
    expected.append(deliver_one_more(small_mailbox))
    assert_equal(fetch(account, tmp_path, keeps_on_server=False), client.keep(expected))
    assert read_all(server, person) == ()
