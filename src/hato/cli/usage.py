"""What a person is told who used the command line in a way that it does not know.

Called by `cli.program`.
Never more than one sentence and where to look; who typed no verb at all gets the help.
Standards: exit status 2 for wrong usage.
Fails never: what has no sentence of its own is told in the library's words.
"""

from __future__ import annotations

from typing import Final

import click

from hato.core.language import Language, Text

_NO_SUCH_COMMAND: Final = Text(
    en="There is no command {name!r}: see `{path} --help`.",
    ja="{name!r} というコマンドはありません。`{path} --help` を見てください。",
)
_NO_SUCH_OPTION: Final = Text(
    en="There is no option {name}: see `{path} --help`.",
    ja="{name} というオプションはありません。`{path} --help` を見てください。",
)
_MISSING: Final = Text(
    en="{name} is missing: see `{path} --help`.",
    ja="{name} がありません。`{path} --help` を見てください。",
)
_BAD_VALUE: Final = Text(
    en="The value of {name} does not fit: {reason} See `{path} --help`.",
    ja="{name} の値が合いません: {reason} `{path} --help` を見てください。",
)
_OTHER: Final = Text(
    en="{reason} See `{path} --help`.", ja="{reason} `{path} --help` を見てください。"
)


def usage_sentence(fault: click.UsageError, language: Language) -> str:
    """Return what is wrong with the words that were typed; where there are none, the help."""
    path = fault.ctx.command_path if fault.ctx else "hato"
    if isinstance(fault, click.exceptions.NoArgsIsHelpError):
        return fault.format_message()
    if isinstance(fault, click.NoSuchOption):
        return _NO_SUCH_OPTION.in_language(language, name=fault.option_name, path=path)
    if isinstance(fault, click.NoSuchCommand):
        return _NO_SUCH_COMMAND.in_language(language, name=fault.command_name, path=path)
    if isinstance(fault, click.BadParameter) and fault.param is not None:
        name = fault.param.make_metavar(fault.ctx or click.Context(click.Command("hato")))
        if fault.param.opts and fault.param.opts[0].startswith("-"):
            name = fault.param.opts[0]
        if isinstance(fault, click.MissingParameter):
            return _MISSING.in_language(language, name=name, path=path)
        reason = fault.message
        return _BAD_VALUE.in_language(language, name=name, reason=reason, path=path)
    return _OTHER.in_language(language, reason=fault.format_message(), path=path)
