"""Who a person is when she writes."""

from __future__ import annotations

import pytest

from hato.core.errors import InvalidInputError, NotFoundError
from hato.core.secret import Secret
from hato.services.sending.envelope import envelope_of
from hato.services.sending.identities import OWN_ID
from hato.services.sources.source import IDENTITY_KIND
from hato.store.changes import PutObject
from tests.unit.clients.smtp_sink import NAME
from tests.unit.sending.post_room import SOURCE, open_post_room


async def test_there_is_one_for_each_source_and_one_for_her_address_here() -> None:
    room = await open_post_room()
    source = await room.sources.add(SOURCE, Secret("x"))
    first, own = await room.identities.all()
    assert (first.identity_id, first.source_id, first.address) == (
        source.source_id,
        source.source_id,
        NAME,
    )
    assert (own.identity_id, own.source_id, own.address) == (OWN_ID, None, "ada@home.example")
    assert await room.identities.find("ADA@example.org") == first
    with pytest.raises(NotFoundError):
        await room.identities.find("eve@example.org")


async def test_what_she_sets_stays_and_an_empty_value_takes_it_away() -> None:
    room = await open_post_room()
    source = await room.sources.add(SOURCE, Secret("x"))
    identities = room.identities
    changed = await identities.change(
        source.source_id, name=" Ada 愛 ", address="Ada.L@Example.ORG", signature="--\r\nAda"
    )
    assert (changed.name, changed.address, changed.signature) == (
        "Ada 愛",
        "ada.l@example.org",
        "--\nAda",
    )
    assert await identities.find(NAME) == changed  # by her source's address too
    assert await identities.addresses() == ["ada.l@example.org", "ada@home.example", NAME]
    back = await identities.change(source.source_id, name="", address="")
    assert (back.name, back.address, back.signature) == ("", NAME, "--\nAda")


@pytest.mark.parametrize("name", ["Ada\r\nBcc: eve@example.net", "x" * 201, "Ada\x00"])
async def test_a_name_is_one_line(name: str) -> None:
    room = await open_post_room()
    with pytest.raises(InvalidInputError):
        await room.identities.change(OWN_ID, name=name)


async def test_who_answers_is_who_got_the_letter() -> None:
    room = await open_post_room()
    first = await room.sources.add(SOURCE, Secret("x"))
    answering = room.identities.answering
    assert (await answering(first.source_id, [])).address == NAME
    assert (await answering(None, ["x@y.example", "Ada@Home.example"])).identity_id == OWN_ID
    assert (await answering("gone", ["x@y.example"])).address == NAME


async def test_an_identity_goes_with_its_source_and_one_that_is_unreadable_is_as_usual() -> None:
    room = await open_post_room()
    source = await room.sources.add(SOURCE, Secret("x"))
    await room.account.commit([PutObject(IDENTITY_KIND, source.source_id, b"{")])
    assert (await room.identities.find(NAME)).address == NAME
    await room.sources.remove(source.source_id, keep_mail=True)
    assert await room.account.stored_objects(IDENTITY_KIND) == []


@pytest.mark.parametrize(
    "address",
    ["bob", "bob@", "@x.example", "bob@x.example>\r\nDATA", "a b@x.example", "bob@-.example", ""],
)
def test_an_envelope_has_addresses_only(address: str) -> None:
    with pytest.raises(InvalidInputError):
        envelope_of(NAME, ["good@example.net", address])


def test_an_envelope_names_everybody_once() -> None:
    envelope = envelope_of(NAME, ["bob@例え.jp", " bob@xn--r8jz45g.jp ", '"b o b"@example.net'])
    assert envelope.recipients == ("bob@xn--r8jz45g.jp", '"b o b"@example.net')
    with pytest.raises(InvalidInputError):
        envelope_of(NAME, [])
    with pytest.raises(InvalidInputError):
        envelope_of(NAME, [f"a{n}@example.net" for n in range(1001)])
