"""A folder as an argument, completed by the shell.

Called by click for the verbs that take one.
Never refuses a name: the verb does, which knows whose folder it is.
Standards: none.
Fails never: where there is nothing to ask, nothing is completed.
"""

from __future__ import annotations

import contextlib
from typing import Final

import click
from click.shell_completion import CompletionItem

from hato.cli.desk import Desk
from hato.cli.mail.folder_names import named_folders
from hato.cli.mail.mail_owner import the_mail
from hato.core.errors import HatoError


class _Folder(click.ParamType[str]):
    """The path of a folder, like Family/Ada."""

    name = "folder"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Return the folders that begin so, in any case."""
        desk = ctx.find_object(Desk)
        if desk is None:
            return []

        async def work() -> list[str]:
            async with desk.store() as store:
                mail = await the_mail(store, ctx.params.get("owner"))
                return list(await named_folders(mail.account))

        with contextlib.suppress(HatoError, OSError):
            begin = incomplete.casefold()
            found = desk.run(work())
            return [CompletionItem(path) for path in found if path.casefold().startswith(begin)]
        return []


FOLDER: Final = _Folder()
