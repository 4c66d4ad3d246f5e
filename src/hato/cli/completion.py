"""`hato completion bash | zsh | fish`: what a shell reads to complete the command line.

Called by `cli.program`.
Never changes a file of the person's.
Standards: the shells' own programmable completion, by the library of the command line.
Fails never.
"""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

_SHELLS = ("bash", "zsh", "fish")
_VARIABLE = "_HATO_COMPLETE"


@click.command(short_help="Complete verbs, options and folders in your shell.")
@click.argument("shell", type=click.Choice(_SHELLS))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print what SHELL reads to complete the command line.

    For bash write `source <(hato completion bash)` into ~/.bashrc, for zsh the same into ~/.zshrc,
    for fish `hato completion fish | source` into ~/.config/fish/config.fish.
    """
    maker = get_completion_class(shell)
    if maker is not None:
        click.echo(maker(ctx.find_root().command, {}, "hato", _VARIABLE).source())
