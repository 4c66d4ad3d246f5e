"""A disk that is really full: letters are refused, reading and deleting go on, no hands needed."""

from __future__ import annotations

import random
from itertools import accumulate
from pathlib import Path

import pytest

from tests.faults.grounds import people_of, seed_of_this_run, serving
from tests.faults.ledger import Ledger, delete_all, log_in
from tests.faults.marked_letters import Marks
from tests.faults.senders import Errand, connect, hand_over
from tests.faults.small_disks import KINDS, fill_up, free_octets, small_disk
from tests.system.fixtures import ONLY_LINUX
from tests.system.people import Person
from tests.system.server_process import HatoServer

pytestmark = [pytest.mark.faults, pytest.mark.slow, ONLY_LINUX]

DISK_OCTETS = 24_000_000
MARK_OCTETS = 6_000_000
"""More than the reserve that makes deleting possible, as in the settings by default."""
DELETED_IS_GONE: dict[str, dict[str, object]] = {
    "store": {
        "free_space_octets": MARK_OCTETS,
        "undelete_seconds": 0,
        "segment_octets": 500_000,  # so that one can be copied where a letter has no room
    }
}


class Post:
    """Letters to two people until nothing fits any more."""

    def __init__(self, server: HatoServer, seed: int) -> None:
        self.server = server
        self.people = people_of(server, 2)
        self.ledger = Ledger(self.people)
        self._marks = Marks(seed)
        self._chance = random.Random(seed)

    def send(self, low: int, high: int) -> int:
        """Deliver one letter; return the code of its answer."""
        errand = Errand(
            self._marks.next(self._chance.randint(low, high)), (self._chance.choice(self.people),)
        )
        with connect(self.server) as client:
            (reply,) = hand_over(client, errand, self.ledger)
        assert reply.code in {250, 452}, reply
        return reply.code

    def send_until_refused(self) -> None:
        """Deliver ever smaller letters until the smallest is refused several times."""
        for low, high in ((30_000, 300_000), (3_000, 30_000), (300, 3_000)):
            refusals = 0
            while refusals < 3:
                refusals += self.send(low, high) == 452

    def make_room(self) -> None:
        """Compact until a letter is accepted.

        What is removed is free when each worker has closed it: those that refuse a letter do so.
        """
        for _ in range(20):
            self.server.run("compact", status=None)
            if any(self.send(30_000, 300_000) == 250 for _ in range(8)):
                return
        raise AssertionError("half of the mail was deleted, and every letter is refused")

    def delete_half(self, person: Person) -> None:
        """Delete half of a mailbox's octets, its first messages; QUIT must say that it is done."""
        mailbox = self.ledger.mailbox(person)
        with log_in(self.server, person) as client:
            self.ledger.look_into(person, client, whole=True)
            sums = list(accumulate(client.sizes().values()))
            half = 1 + next(at for at, octets in enumerate(sums) if octets >= sums[-1] / 2)
            doomed = list(mailbox.present)[:half]
            delete_all(client, range(1, half + 1))
            client.quit()
        self.ledger.note_deleted(person, doomed)


@pytest.mark.parametrize("kind", KINDS)
def test_letters_are_refused_people_delete_and_it_goes_on(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "hato"
    with (
        small_disk(folder / "data", kind, DISK_OCTETS) as disk,
        serving(folder, tables=DELETED_IS_GONE) as server,
    ):
        post = Post(server, seed_of_this_run())
        ada, ben = post.people
        post.send_until_refused()
        filler = fill_up(disk)
        assert free_octets(disk) < 4096
        post.ledger.look(server, whole=True)
        for person in (ada, ben, ada):
            post.delete_half(person)
        assert post.send(30_000, 300_000) == 452
        filler.unlink()
        post.make_room()
        while post.send(30_000, 300_000) == 250:
            pass
        post.ledger.look(server, whole=True)
        print("\n".join(post.ledger.figures()))


def test_room_is_won_by_deleting_alone(tmp_path: Path) -> None:
    """Without help from outside: what was deleted makes room for what comes."""
    folder = tmp_path / "hato"
    with (
        small_disk(folder / "data", "tmpfs", DISK_OCTETS),
        serving(folder, tables=DELETED_IS_GONE) as server,
    ):
        post = Post(server, seed_of_this_run())
        ada, ben = post.people
        for _ in range(3):
            post.send_until_refused()
            post.delete_half(ada)
            post.delete_half(ben)
            post.make_room()
        post.ledger.look(server, whole=True)
        print("\n".join(post.ledger.figures()))


def test_mail_that_could_still_be_brought_back_makes_room(tmp_path: Path) -> None:
    """Two weeks to bring it back, as in the settings by default, and yet deleting wins room."""
    folder = tmp_path / "hato"
    tables: dict[str, dict[str, object]] = {
        "store": {"free_space_octets": MARK_OCTETS, "segment_octets": 500_000}
    }
    with (
        small_disk(folder / "data", "tmpfs", DISK_OCTETS),
        serving(folder, tables=tables) as server,
    ):
        post = Post(server, seed_of_this_run())
        ada, ben = post.people
        post.send_until_refused()
        post.delete_half(ada)
        post.delete_half(ben)
        post.make_room()
        post.ledger.look(server, whole=True)


def test_a_disk_without_any_reserve_loses_nothing_and_recovers(tmp_path: Path) -> None:
    """What keeps deleting possible is used up too: then people wait, and nothing is lost."""
    folder = tmp_path / "hato"
    with (
        small_disk(folder / "data", "tmpfs", DISK_OCTETS) as disk,
        serving(folder, tables=DELETED_IS_GONE) as server,
    ):
        post = Post(server, seed_of_this_run())
        ada, _ben = post.people
        post.send_until_refused()
        (disk / "reserve").unlink()
        filler = fill_up(disk)
        there = list(post.ledger.mailbox(ada).present)
        with log_in(server, ada) as client:
            post.ledger.look_into(ada, client, whole=True)
            there = list(post.ledger.mailbox(ada).present)
            delete_all(client, [1])
            answer = client.command("QUIT")
            client.expect_close()
        if answer.ok:
            post.ledger.note_deleted(ada, there[:1])
        else:
            assert answer.code == "SYS/TEMP"
        filler.unlink()
        post.delete_half(ada)
        post.ledger.look(server, whole=True)


def test_a_full_disk_of_the_log_disturbs_nobody(tmp_path: Path) -> None:
    folder = tmp_path / "hato"
    roomy = tmp_path / "roomy"
    roomy.mkdir()
    with small_disk(folder, "tmpfs", 1_000_000):
        (folder / "data").symlink_to(roomy)
        with serving(folder) as server:
            post = Post(server, seed_of_this_run())
            filler = fill_up(folder)
            for _ in range(20):
                assert post.send(1_000, 100_000) == 250
            length = server.log_file.stat().st_size
            post.ledger.empty(server)
            assert server.log_file.stat().st_size == length
            filler.unlink()
            assert post.send(1_000, 100_000) == 250
            assert server.log_file.stat().st_size > length
            post.ledger.look(server, whole=True)


def test_a_full_hato_db_keeps_nobody_out(tmp_path: Path) -> None:
    """Last uses and counts of failures cannot be written then: logins go on."""
    folder = tmp_path / "hato"
    with (
        small_disk(folder / "data", "tmpfs", DISK_OCTETS) as disk,
        serving(folder, tables=DELETED_IS_GONE) as server,
    ):
        post = Post(server, seed_of_this_run())
        ada, ben = post.people
        assert post.send(1_000, 2_000) == 250
        (disk / "reserve").unlink(missing_ok=True)
        server.kill()
        server.start()
        filler = fill_up(disk)
        for person in (ada, ada, ben):
            with log_in(server, person) as client:
                client.quit()
        add = ("user", "add", "eve@example.org", "--password-stdin")
        change = ("user", "password", ben.address, "--password-stdin")
        words = {True: "new words", False: ben.password}
        for command in (add, change):
            done = server.run(*command, standard_input=b"new words\n", status=None)
            is_done = done.returncode == 0  # what fits into pages that the file has already
            assert is_done or len(done.stderr.strip().splitlines()) == 1, done.stderr
            if command is change:
                ben = Person(ben.address, words[is_done])
        with log_in(server, ben) as client:
            client.quit()
        filler.unlink()
        add = ("user", "add", "kim@example.org", "--password-stdin")
        for command in (add, change):
            server.run(*command, standard_input=b"new words\n")
        with log_in(server, Person(ben.address, "new words")) as client:
            client.quit()
