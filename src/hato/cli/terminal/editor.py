"""The person's editor, and the question afterwards.

Called by `cli.writing`.
Never goes on without an answer where nobody can be asked: then a letter stays a draft.
Standards: VISUAL and EDITOR, as every program of UNIX reads them.
Fails with InvalidInputError where there is no editor.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import click

from hato.core.errors import InvalidInputError
from hato.core.language import Language, Text

_USUAL: Final = ("sensible-editor", "editor", "nano", "vim", "vi")
_NO_EDITOR: Final = Text(
    en="There is no editor: name one in EDITOR, or give the text with --text FILE.",
    ja="エディターがありません。EDITOR で指定するか、--text FILE で本文を渡してください。",
)
_NOT_STARTED: Final = Text(
    en="The editor {name!r} cannot be started ({reason}): check EDITOR.",
    ja="エディター {name!r} を起動できません({reason})。EDITOR を確かめてください。",
)
_KEYS: Final = {"s": "send", "y": "send", "e": "edit", "d": "draft", "t": "throw"}
_QUESTION: Final = Text(
    en="s send, e edit again, d keep as a draft, t throw away",
    ja="s 送信、e 書き直す、d 下書きに残す、t 捨てる",
)


def edit(path: Path) -> int:
    """Let a person edit a file; return the editor's exit status. Raises InvalidInputError."""
    command = _command()
    try:
        return subprocess.run([*command, str(path)], check=False).returncode  # noqa: S603 - the person's own
    except OSError as fault:
        raise InvalidInputError(_NOT_STARTED, name=command[0], reason=fault.strerror) from fault


def ask(language: Language) -> str:
    """Ask what becomes of a letter: `send`, `edit`, `draft` or `throw`.

    Where nobody can be asked, or nobody answers, it is a draft.
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return "draft"
    while True:
        try:
            typed = click.prompt(
                _QUESTION.in_language(language), default="", show_default=False, err=True
            )
        except click.Abort:
            click.echo(err=True)
            return "draft"
        answer = _KEYS.get(typed.strip().lower()[:1])
        if answer:
            return answer


def _command() -> list[str]:
    """Return the editor as a command. Raises InvalidInputError."""
    for name in ("VISUAL", "EDITOR"):
        words = shlex.split(os.environ.get(name, ""))
        if words:
            return words
    found = next(filter(None, map(shutil.which, _USUAL)), None)
    if found is None:
        raise InvalidInputError(_NO_EDITOR)
    return [found]
