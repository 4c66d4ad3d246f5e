"""The file that an editor works on, kept until the letter is durable somewhere better.

Called by `cli.writing`.
Never removes what somebody wrote before it lies in Drafts or has been thrown away by her.
Standards: the XDG base directory specification (XDG_STATE_HOME); flock tells who is still at it.
Fails with OSError: disk and permissions.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from hato.cli.terminal.state_folder import state_folder
from hato.core.ids import AccountId, EmailId

_TEXT: Final = ".eml"
_FACTS: Final = ".json"


class DraftFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What belongs to a draft and does not stand in its text."""

    account: AccountId
    message_id: str
    """Without <>; the letter keeps it from the first draft on, so that it is sent once."""
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    forwards: tuple[EmailId, ...] = ()
    """The letters that will be marked as forwarded."""
    encloses: EmailId | None = None
    """The letter whose attachments go along."""
    encloses_whole: bool = False
    """That letter itself goes along instead."""
    replaces: EmailId | None = None
    """The older draft that this one takes the place of."""


class DraftFile:
    """A draft on the disk, held by whoever writes it."""

    def __init__(self, path: Path, facts: DraftFacts, descriptor: int) -> None:
        """Made by `new_draft` and `left_drafts`."""
        self.path = path
        self.facts = facts
        self._descriptor = descriptor

    @property
    def is_there(self) -> bool:
        """Whether the letter lies here alone, and nowhere better yet."""
        return self.path.exists()

    def text(self) -> str:
        """Read what stands there."""
        return self.path.read_text("utf-8", "replace")

    def put(self, text: str) -> None:
        """Write it anew."""
        self.path.write_text(text, "utf-8")

    def release(self) -> None:
        """Let others have it; what stands there stays. Harmless twice."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def remove(self) -> None:
        """Throw it away: it lies elsewhere, or nobody wants it."""
        self.path.unlink(missing_ok=True)
        self.path.with_suffix(_FACTS).unlink(missing_ok=True)
        self.release()


def new_draft(facts: DraftFacts, text: str) -> DraftFile:
    """Begin a draft. Raises OSError."""
    folder = _folder()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix="draft-", suffix=_FACTS, dir=folder)
    with os.fdopen(handle, "wb") as file:
        file.write(msgspec.json.encode(facts))
    path = Path(name).with_suffix(_TEXT)
    # What is locked are the facts: many editors put another file in the place of the text.
    draft = DraftFile(path, facts, _locked(Path(name)))
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return draft


def left_drafts(account: AccountId) -> Iterator[DraftFile]:
    """Yield the drafts of somebody whose writing was cut short."""
    with contextlib.suppress(OSError):
        for path in sorted(_folder().glob(f"draft-*{_FACTS}")):
            try:
                descriptor = _locked(path)
            except OSError:
                continue  # its author is at it
            with contextlib.suppress(OSError, msgspec.DecodeError):
                facts = msgspec.json.decode(path.read_bytes(), type=DraftFacts)
                if facts.account == account and path.with_suffix(_TEXT).exists():
                    yield DraftFile(path.with_suffix(_TEXT), facts, descriptor)
                    continue
            with contextlib.suppress(OSError):
                os.close(descriptor)


def _folder() -> Path:
    return state_folder() / "drafts"


def _locked(path: Path) -> int:
    """Hold a file; its lock ends with this process. Raises OSError where somebody holds it."""
    descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
