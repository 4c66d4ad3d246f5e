"""`hato queue retry` killed at each step of its conversation, or at any moment, and what became.

Called by the tests beside it and by `python -m tests.send_faults`.
Never lets time pass: what a killed process holds is given free as its end of time would.
Standards: RFC 5321 §6.1 (who is responsible, and from when on).
Fails with AssertionError: a letter that is gone, that went twice, or that was guessed about.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

from hato.app import Composition
from hato.core.clock import SystemClock
from hato.core.secret import Secret
from hato.core.settings_file import read_settings
from hato.services.sending.envelope import envelope_of
from hato.services.sending.identities import Identities
from hato.services.sending.identity import Submission
from hato.services.sending.outbox import Outbox
from hato.services.sending.outcome import Standing
from hato.services.settings_finder.candidate import TlsMode
from hato.store.api import Account, Store
from hato.store.directory import QueueId
from hato.store.model import Role
from tests.system.people import Person
from tests.system.server_process import HATO, Certificates, HatoServer, _environment
from tests.unit.clients.smtp_sink import NAME, PASSWORD, Sink
from tests.unit.net.raw_server import raw_server
from tests.unit.sending.post_room import SOURCE

OWNER = Person("kim@example.org", "open sesame kim")
STEPS = ("greeting", "EHLO", "AUTH", "MAIL", "RCPT", "DATA", "letter", "taken", "answered")
"""Where a process is killed: when the server has heard this, or has it and has not said so yet."""


class StrikingSink(Sink):
    """Kills whoever sends, at a step."""

    def __init__(self) -> None:
        super().__init__()
        self.step = ""
        self.victim: asyncio.subprocess.Process | None = None
        self.after_letter = lambda: self._strike("taken")

    def reached(self, line: str) -> None:
        """Kill at a line of this kind."""
        word = line.partition(" ")[0]
        self._strike({"QUIT": "answered"}.get(word, word))

    def _strike(self, step: str) -> None:
        if step == self.step and self.victim is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.victim.pid, signal.SIGKILL)


class BrokenSends:
    """One person who sends letter after letter, and is killed at it."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._chance = random.Random(seed)
        self._server = HatoServer(folder, Certificates(folder / "certificates"))
        self._server.prepare()
        self._server.add_person(OWNER)
        self._settings = read_settings(self._server.config_file)
        self._sink = StrikingSink()
        self._number = 0
        self.counts: Counter[str] = Counter()

    async def run(self, steps: list[str]) -> None:
        """Send a letter for each step, and be killed there; `moment`: at any moment."""
        async with raw_server(self._sink) as port:
            await self._settle(port)
            for step in steps:
                await self._round(step)

    def figures(self) -> str:
        """Say what was found."""
        told = ", ".join(f"{count} {name}" for name, count in sorted(self.counts.items()))
        return f"{self._number} letters sent and killed at: {told}; 0 gone, 0 sent twice"

    async def _settle(self, port: int) -> None:
        async with self._opened() as (store, account):
            sources = Composition().sources(account, self._settings)
            source = await sources.add(SOURCE, Secret(PASSWORD))
            where = Submission(host="127.0.0.1", port=port, tls=TlsMode.NONE, login=NAME)
            identities = Identities(account, OWNER.address)
            await identities.change(source.source_id, submission=where)
            assert store is not None

    async def _round(self, step: str) -> None:
        """Send one letter, be killed, let another process go on, and look."""
        self._number += 1
        letter = f"Message-ID: <{self._number}@x>\r\n\r\n{'.line' * 10}\r\n".encode() * 50
        queue_id = await self._put(letter)
        self._sink.step = step
        killed = await self._killed(queue_id, step)
        self._sink.step = ""
        self._let_time_pass()
        standing = await self._go_on(queue_id)
        copies = sum(taken.octets == letter for taken in self._sink.taken)
        sent, drafts = await self._where(letter)
        assert sent + drafts == 1, f"{step}: the letter lies {sent + drafts} times"
        assert copies <= 1, f"{step}: it was sent {copies} times"
        if standing is Standing.SENT:
            assert (copies, sent) == (1, 1), step
        else:
            assert standing is Standing.UNKNOWN, f"{step}: {standing}"
            assert drafts == 1, step
        self.counts["killed" if killed else "finished before"] += 1
        self.counts[standing.value] += 1

    async def _put(self, letter: bytes) -> QueueId:
        async with self._opened() as (store, account):
            staged = store.stage()
            await staged.write(letter)
            await staged.seal()
            identity = (await Identities(account, OWNER.address).all())[0]
            envelope = envelope_of(NAME, ["bob@example.net"])
            outbox = Outbox(store.queue, SystemClock())
            return await outbox.put_staged(account, identity, envelope, staged)

    async def _killed(self, queue_id: QueueId, step: str) -> bool:
        """Let a process send it, and kill that; False: it came to its end."""
        process = await asyncio.create_subprocess_exec(
            *(str(HATO), "--config", str(self._server.config_file)),
            *("queue", "retry", str(queue_id)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            env=_environment(),
            start_new_session=True,
        )
        self._sink.victim = process
        if step == "moment":
            delay = self._chance.uniform(0.2, 0.9)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), delay)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        status = await asyncio.wait_for(process.wait(), 60)
        self._sink.victim = None
        return status == -signal.SIGKILL

    def _let_time_pass(self) -> None:
        """Let what the killed process held be anybody's, as after a minute."""
        file = self._server.data_folder / "hato.db"
        with contextlib.closing(sqlite3.connect(file)) as connection, connection:
            connection.execute("UPDATE queue SET claimed_until = 0")

    async def _go_on(self, queue_id: QueueId) -> Standing:
        """Send what is due, as the server does; return how it stands with the letter."""
        async with self._opened() as (store, _):
            courier = Composition().courier(store, self._settings, None)
            for held in await courier.take_due(9):
                await courier.send(held)
            letter = (await Outbox(store.queue, SystemClock()).find(queue_id)).letter
            if letter.is_over:
                return Standing.SENT
            return Standing(letter.code) if letter.code else Standing.WAITING

    async def _where(self, letter: bytes) -> tuple[int, int]:
        """Count a letter in Sent and in Drafts."""
        async with self._opened() as (_, account):
            counts = {Role.SENT: 0, Role.DRAFTS: 0}
            for mailbox in await account.mailboxes():
                if mailbox.role not in counts:
                    continue
                snapshot = await account.snapshot(mailbox.mailbox_id)
                for index in range(len(snapshot)):
                    body = snapshot.body(index)
                    if body.size_octets == len(letter):
                        piece = await account.read(body, 0, body.size_octets)
                        counts[mailbox.role] += bytes(piece.data) == letter
            return counts[Role.SENT], counts[Role.DRAFTS]

    @contextlib.asynccontextmanager
    async def _opened(self) -> AsyncIterator[tuple[Store, Account]]:
        store = await Composition().open_store(self._settings)
        try:
            (person,) = await store.directory.people()
            yield store, await store.account(person.account_id)
        finally:
            await store.close()
