"""A group of commands, each loaded when it is used.

Called by `cli.program` and by groups whose verbs take time to load.
Never loads more than the one that is asked for; help asks for all.
Standards: none.
Fails with ImportError or AttributeError for a place that does not fit: a bug, found by tests.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any

import click


class LazyGroup(click.Group):
    """Knows its commands by name and place."""

    def __init__(
        self,
        *args: Any,  # noqa: ANN401 - click's own
        places: Mapping[str, str],
        **options: Any,  # noqa: ANN401 - click's own
    ) -> None:
        """`places`: of each command `module:name`, in the order in which help shows them."""
        super().__init__(*args, **options)
        self.places = places
        self.finish: Callable[[click.Command], click.Command] = lambda command: command
        """What becomes of a command that was loaded, such as its translation."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name all commands."""
        return list(self.places)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a command."""
        place = self.places.get(cmd_name)
        if place is None:
            return None
        module, _, name = place.partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return self.finish(command)
