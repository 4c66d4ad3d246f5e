"""A server of its own for each fault test, with people, and the sentence of what was found.

Used by the tests of this folder and by `python -m tests.faults`.
Never shares a server: these tests leave it in pieces.
Standards: none.
Fails with ServerError; a traceback in the log is a failed test.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.system.people import DOMAIN, Person
from tests.system.server_process import Certificates, HatoServer

NAMES = ("ada", "ben", "cas", "dee")
Tables = dict[str, dict[str, object]]
"""Tables of `hato.toml`."""


def small_segments(octets: int) -> Tables:
    """Settings with which a run begins many files."""
    return {"store": {"segment_octets": octets}}


def seed_of_this_run() -> int:
    """Return HATO_FAULTS_SEED, or a new seed."""
    return int(os.environ.get("HATO_FAULTS_SEED", str(secrets.randbelow(1_000_000))))


def rounds_of_this_run(default: int) -> int:
    """Return HATO_FAULTS_ROUNDS, or what fits into every run of the tests."""
    return int(os.environ.get("HATO_FAULTS_ROUNDS", str(default)))


def people_of(server: HatoServer, count: int) -> list[Person]:
    """Add people."""
    people = [Person(f"{name}@{DOMAIN}", f"open sesame {name}") for name in NAMES[:count]]
    for person in people:
        server.add_person(person)
    return people


@contextmanager
def serving(
    folder: Path,
    *,
    workers: int = 2,
    start: bool = True,
    tables: Tables | None = None,
) -> Iterator[HatoServer]:
    """A server that is stopped afterwards, however it is then."""
    server = HatoServer(folder, Certificates(folder / "certificates"), tables or {}, workers)
    server.prepare()
    if start:
        server.start()
    try:
        yield server
    finally:
        if server.runs:
            server.kill()
    log = server.log()
    assert "Traceback" not in log, log[-6000:]
