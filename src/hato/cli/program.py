"""The program `hato`: finds the verb, loads only what it needs, turns errors into sentences.

Called by the composition root.
Never shows a traceback for what a person did; a bug does show one.
Standards: exit status 0 done, 1 refused or failed, 2 wrong usage, 130 interrupted.
Fails never: it answers with an exit status.
"""

from __future__ import annotations

import os
import traceback
from pathlib import Path
from typing import Final

import click

from hato import __version__
from hato.cli.desk import Desk, Ways
from hato.cli.japanese.translation import translated
from hato.cli.lazy_group import LazyGroup
from hato.cli.refusals import sentence_for
from hato.cli.usage import usage_sentence
from hato.core.errors import HatoError
from hato.core.language import Language, Text, match_language

_VERBS: Final = {
    "up": "hato.cli.server.up:up",
    "serve": "hato.cli.server.serve:serve",
    "config": "hato.cli.server.config:config",
    "domain": "hato.cli.people.domain:domain",
    "address": "hato.cli.people.address:address",
    "user": "hato.cli.people.user:user",
    "app-password": "hato.cli.people.app_password:app_password",
    "account": "hato.cli.account.group:account",
    "deliver": "hato.cli.server.deliver:deliver_command",
    "import": "hato.cli.moving.import_mail:import_mail",
    "export": "hato.cli.moving.export:export",
    "fetch": "hato.cli.fetch.fetch:fetch",
    "inbox": "hato.cli.mail.inbox:inbox",
    "search": "hato.cli.mail.search:search",
    "folders": "hato.cli.mail.folders:folders",
    "read": "hato.cli.mail.read:read",
    "compose": "hato.cli.writing.compose:compose",
    "reply": "hato.cli.writing.reply:reply",
    "reply-all": "hato.cli.writing.reply:reply_all",
    "forward": "hato.cli.writing.reply:forward",
    "send": "hato.cli.writing.send:send",
    "queue": "hato.cli.writing.queue:queue",
    "identity": "hato.cli.writing.identity:identity",
    "attachment": "hato.cli.mail.attachment:attachment",
    "mark": "hato.cli.mail.mark:mark",
    "move": "hato.cli.mail.move:move",
    "delete": "hato.cli.mail.delete:delete",
    "check": "hato.cli.account.check:check",
    "verify": "hato.cli.server.verify:verify",
    "compact": "hato.cli.server.compact:compact",
    "undelete": "hato.cli.mail.undelete:undelete",
    "completion": "hato.cli.completion:completion",
}
"""Each verb and where it stands: loaded when it is used, so that `hato` starts fast."""

_SYSTEM_SAYS_NO = Text(
    en="The system does not allow it: {name}: {reason}.",
    ja="システムが許しません: {name}: {reason}。",
)
_NO_OUTPUT = Text(
    en="What there is to say cannot be written to standard output ({reason}).",
    ja="標準出力に書けません({reason})。",
)
_CONFIG_NEEDS_FILE = Text(
    en="--config needs a file: write --config FILE.",
    ja="--config にはファイルが要ります。--config FILE と書いてください。",
)


@click.group(cls=LazyGroup, places=_VERBS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="hato")
def hato() -> None:
    """Hato: a complete mail system in one program."""


def run(ways: Ways, arguments: list[str]) -> int:
    """Run the command line; return the exit status."""
    language = language_of_environment()
    try:
        config, arguments = _take_config(arguments)
    except click.UsageError:
        click.echo(_CONFIG_NEEDS_FILE.in_language(language), err=True)
        return 2
    desk = Desk(ways, language, config)
    program = translated(hato) if language is Language.JAPANESE else hato
    try:
        status = program.main(arguments, prog_name="hato", obj=desk, standalone_mode=False)
    except click.UsageError as fault:
        click.echo(usage_sentence(fault, language), err=True)
        return fault.exit_code
    except click.ClickException as fault:
        fault.show()
        return fault.exit_code
    except (click.Abort, KeyboardInterrupt):
        return 130
    except HatoError as fault:
        click.echo(sentence_for(fault, language), err=True)
        return 1
    except OSError as fault:
        if _was_being_said(fault):
            click.echo(_NO_OUTPUT.in_language(language, reason=fault.strerror), err=True)
            return 1
        sentence = _SYSTEM_SAYS_NO.in_language(
            language, name=fault.filename or "-", reason=fault.strerror or fault
        )
        click.echo(sentence, err=True)
        return 1
    return status if isinstance(status, int) else 0


def _was_being_said(fault: OSError) -> bool:
    """Tell whether it was printing that failed: nothing else in the fault names standard output."""
    frames = traceback.walk_tb(fault.__traceback__)
    return any(frame.f_code is click.echo.__code__ for frame, _ in frames)


def language_of_environment() -> Language:
    """Return the language that the environment asks for, as programs on UNIX read it."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        tag = os.environ.get(name)
        if tag:
            return match_language(tag) or Language.ENGLISH
    return Language.ENGLISH


def _take_config(arguments: list[str]) -> tuple[Path | None, list[str]]:
    """Take `--config FILE` out, wherever it stands before a `--`. Raises click.UsageError."""
    rest: list[str] = []
    config: Path | None = None
    words = iter(arguments)
    for word in words:
        if word == "--":
            return config, [*rest, word, *words]
        if word == "--config":
            value = next(words, None)
            if value is None:
                raise click.UsageError("--config")
            config = Path(value)
        elif word.startswith("--config="):
            config = Path(word.removeprefix("--config="))
        else:
            rest.append(word)
    return config, rest
