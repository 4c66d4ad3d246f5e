"""Unique-ids: unique, well formed, the same for ever, never given again (RFC 1939 §7)."""

from __future__ import annotations

from collections.abc import Callable

from tests.system.fixtures import Pop3Connection, deliver_letters, open_mailbox, stored_letters
from tests.system.letters import LETTERS
from tests.system.people import Person
from tests.system.server_process import HatoServer

ADA = Person("ada@example.org", "open sesame")
BEN = Person("ben@example.org", "open sesame")


def unique_ids(server: HatoServer, person: Person) -> list[str]:
    """All unique-ids of a mailbox, in order."""
    with open_mailbox(server, person) as client:
        found = list(client.unique_ids().values())
        client.quit()
    return found


def delete(server: HatoServer, person: Person, *numbers: int) -> None:
    with open_mailbox(server, person) as client:
        for number in numbers:
            client.delete(number)
        client.quit()


def test_equal_letters_have_different_unique_ids(
    server: HatoServer, new_person: Person, pop3_connection: Pop3Connection
) -> None:
    deliver_letters(server, new_person, *[LETTERS["no-message-id"]] * 300)
    client = pop3_connection(new_person)
    found = client.unique_ids()
    assert len(found) == len(set(found.values())) == 300
    for number in (1, 150, 300):
        assert client.command(f"UIDL {number}").words == [str(number), found[number]]
    client.quit()


def test_a_deleted_unique_id_never_comes_back(server: HatoServer, new_person: Person) -> None:
    seen: set[str] = set()
    for _ in range(5):
        deliver_letters(server, new_person, *[LETTERS["no-message-id"]] * 3)
        found = unique_ids(server, new_person)
        assert not seen & set(found)
        seen |= set(found)
        delete(server, new_person, 1, 2, 3)


def test_those_that_stay_keep_theirs(server: HatoServer, new_person: Person) -> None:
    deliver_letters(server, new_person, *[LETTERS["no-message-id"]] * 6)
    before = unique_ids(server, new_person)
    delete(server, new_person, 1, 3, 6)
    deliver_letters(server, new_person, LETTERS["plain"])
    after = unique_ids(server, new_person)
    assert after[:3] == [before[1], before[3], before[4]]
    assert after[3] not in before


def test_two_people_do_not_see_each_others(
    server: HatoServer, make_person: Callable[[], Person]
) -> None:
    people = [make_person(), make_person()]
    for person in people:
        deliver_letters(server, person, LETTERS["plain"], LETTERS["second"])
    for person in people:
        assert len(set(unique_ids(server, person))) == 2


def fill(server: HatoServer) -> list[str]:
    """Deliver, delete some, deliver again; return the unique-ids."""
    server.add_person(ADA)
    deliver_letters(server, ADA, *[LETTERS["no-message-id"]] * 5, LETTERS["dots"])
    delete(server, ADA, 2, 5)
    deliver_letters(server, ADA, LETTERS["plain"])
    return unique_ids(server, ADA)


def test_they_survive_a_restart(own_server: Callable[..., HatoServer]) -> None:
    server = own_server()
    before = fill(server)
    server.restart()
    assert unique_ids(server, ADA) == before
    deliver_letters(server, ADA, LETTERS["second"])
    assert unique_ids(server, ADA)[:-1] == before


def test_they_survive_a_kill(own_server: Callable[..., HatoServer]) -> None:
    server = own_server(workers=2)
    before = fill(server)
    letters = stored_letters(server, ADA)
    server.kill()
    server.start()
    assert unique_ids(server, ADA) == before
    assert stored_letters(server, ADA) == letters


def test_they_survive_the_loss_of_every_index(own_server: Callable[..., HatoServer]) -> None:
    """The index is a projection of the journal: deleted, it is made again, the same."""
    server = own_server()
    before = fill(server)
    letters = stored_letters(server, ADA)
    server.stop()
    lost = list(server.data_folder.glob("accounts/**/index.db*"))
    assert lost
    for file in lost:
        file.unlink()
    server.start()
    assert unique_ids(server, ADA) == before
    assert stored_letters(server, ADA) == letters
    deliver_letters(server, ADA, LETTERS["second"])
    after = unique_ids(server, ADA)
    assert after[:-1] == before
    assert len(set(after)) == len(after)


def test_an_imported_mailbox_keeps_its_order(own_server: Callable[..., HatoServer]) -> None:
    server = own_server()
    server.add_person(BEN)
    folder = server.folder / "letters"
    folder.mkdir()
    for number, name in enumerate(("plain", "second", "third")):
        (folder / f"{number}.eml").write_bytes(LETTERS[name])
    server.run("import", BEN.address, "eml", str(folder))
    first = unique_ids(server, BEN)
    assert len(set(first)) == 3
    for name, served in zip(("plain", "second", "third"), stored_letters(server, BEN), strict=True):
        assert served.endswith(LETTERS[name])
    # Once more is no harm: what is there is there.
    server.run("import", BEN.address, "eml", str(folder))
    assert unique_ids(server, BEN) == first
