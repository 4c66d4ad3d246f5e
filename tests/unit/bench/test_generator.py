"""The load generator notices what is wrong: it is run against a small server that cheats."""

from __future__ import annotations

import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bench import generator
from bench.letters import Group, letter, write_letters, write_people

GROUP = Group("test", 2, 2, letter_octets=1024, letters=9)
ENOUGH_ERRORS = "--seconds=3600"
"""The generator gives up after some hundred errors, long before an hour."""
PREFIX = b"Return-Path: <sender@elsewhere.example>\r\n"

Load = Callable[["Cheat", str], generator.Outcome]


class Cheat:
    """A POP3 server with two letters in every maildrop; a subclass changes one answer."""

    def __init__(self) -> None:
        self.letters = [PREFIX + letter(number, 1024) for number in (1, 8)]

    def answer(self, verb: str, argument: str) -> bytes:
        """Return the whole answer to one command."""
        if verb == "STAT":
            return b"+OK 2 %d\r\n" % sum(map(len, self.letters))
        if verb == "LIST":
            return self.listing(str(len(one)) for one in self.letters)
        if verb == "UIDL":
            return self.listing(iter("ab"))
        if verb == "RETR":
            stuffed = self.letters[int(argument) - 1].replace(b"\r\n.", b"\r\n..")
            return b"+OK\r\n" + stuffed + b".\r\n"
        return b"+OK\r\n"

    def listing(self, values: Iterator[str]) -> bytes:
        """Return a scan listing."""
        lines = (f"{number} {value}\r\n" for number, value in enumerate(values, 1))
        return b"+OK\r\n" + "".join(lines).encode() + b".\r\n"


class FlippedBit(Cheat):
    """Sends a letter with one octet changed."""

    def __init__(self) -> None:
        super().__init__()
        self.letters[1] = self.letters[1].replace(b"pigeon", b"pigeom", 1)


class LongList(Cheat):
    """Says in LIST and STAT one octet more than RETR sends."""

    def answer(self, verb: str, argument: str) -> bytes:
        if verb == "STAT":
            return b"+OK 2 %d\r\n" % (sum(map(len, self.letters)) + 1)
        if verb == "LIST":
            first, second = (len(one) for one in self.letters)
            return self.listing(iter([str(first + 1), str(second)]))
        return super().answer(verb, argument)


class NewUidls(Cheat):
    """Gives other UIDLs in every session."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def answer(self, verb: str, argument: str) -> bytes:
        if verb == "UIDL":
            self.asked += 1
            return self.listing(iter([f"{self.asked}", "b"]))
        return super().answer(verb, argument)


class UndoubledDot(Cheat):
    """Forgets to double the dots."""

    def answer(self, verb: str, argument: str) -> bytes:
        if verb == "RETR":
            return b"+OK\r\n" + self.letters[int(argument) - 1] + b".\r\n"
        return super().answer(verb, argument)


class OneMissing(Cheat):
    """Lists one UIDL less than STAT counts."""

    def answer(self, verb: str, argument: str) -> bytes:
        return self.listing(iter("a")) if verb == "UIDL" else super().answer(verb, argument)


class Refusal(Cheat):
    """Lets nobody in."""

    def answer(self, verb: str, argument: str) -> bytes:
        return b"-ERR no\r\n" if verb == "PASS" else super().answer(verb, argument)


def talk(connection: socket.socket, server: Cheat) -> None:
    """Serve one session."""
    with connection, connection.makefile("rwb") as stream:
        stream.write(b"+OK ready\r\n")
        stream.flush()
        for line in stream:
            verb, _, argument = line.decode().strip().partition(" ")
            stream.write(server.answer(verb, argument))
            stream.flush()
            if verb == "QUIT":
                return


@pytest.fixture(scope="module")
def binary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not shutil.which("gcc") or not Path("/usr/include/openssl/ssl.h").exists():
        pytest.skip("no C compiler or no OpenSSL headers (bench/run --install-peer installs them)")
    return generator.build(tmp_path_factory.mktemp("generator"))


@pytest.fixture
def load(binary: Path, tmp_path: Path) -> Iterator[Load]:
    """Return what runs sessions for two people until `until`: a generator's option."""
    people, letters = tmp_path / "people", tmp_path / "letters"
    write_people(people, dict.fromkeys(GROUP.names(), "secret"))
    write_letters(letters, GROUP)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve(server: Cheat) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            talk(connection, server)

    def run(server: Cheat, until: str) -> generator.Outcome:
        thread = threading.Thread(target=serve, args=(server,), daemon=True)
        thread.start()
        port = listener.getsockname()[1]
        command = [str(binary), "download", "--port", str(port), "--people", str(people)]
        command += ["--letters", str(letters), "--letter-size", "1024"]
        return generator.run([*command, until])

    yield run
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


def test_a_right_server_has_no_errors(load: Load) -> None:
    outcome = load(Cheat(), "--once")
    assert outcome.errors == 0
    assert (outcome.all_sessions, outcome.all_messages) == (2, 4)


@pytest.mark.parametrize(
    ("cheat", "noticed"),
    [
        (FlippedBit, "a letter came back changed"),
        (UndoubledDot, "a letter came back changed"),
        (LongList, "a letter does not begin where LIST says"),
        (NewUidls, "UIDLs differ from the last session"),
        (OneMissing, "a listing's lines are not STAT's count"),
        (Refusal, "-ERR no"),
    ],
)
def test_a_cheat_is_noticed(load: Load, cheat: type[Cheat], noticed: str) -> None:
    outcome = load(cheat(), ENOUGH_ERRORS)
    assert outcome.errors > 0
    assert outcome.first_error.startswith(noticed)
