"""The options of `hato account` that say where the mail is, and how the person wants it.

Called by `cli.account_add` and `cli.account_edit`.
Never decides anything: `services.sources.wishes` reads what is written.
Standards: none.
Fails with InvalidInputError and click.UsageError for what cannot be read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

import click

from hato.cli.desk import Desk
from hato.core.errors import InvalidInputError
from hato.services.settings_finder.candidate import Protocol, TlsMode
from hato.services.settings_finder.host_names import named_host
from hato.services.sources.source import Policy
from hato.services.sources.wishes import (
    colour_of,
    command_of,
    maildir_of,
    octets_of,
    pin_of,
    policy_of,
    whole_path,
    words_of,
)

CommandT = TypeVar("CommandT", bound=Callable[..., Any])

OUTDATED: Final = ("CRAM-MD5", "APOP")
_DAYS: Final = click.IntRange(0, 36_500)
_MINUTES: Final = click.IntRange(1, 10_080)

owner_option = click.option("--owner", metavar="NAME", help="Whose account it is.")
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
password_option = click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input."
)

_WHERE: Final = (
    click.option("--host", help="The server; with it, the settings are your own."),
    click.option("--port", type=click.IntRange(1, 65_535), help="Its port."),
    click.option(
        "--tls",
        type=click.Choice([mode.value for mode in TlsMode]),
        help="How it is encrypted; none: everybody on the way can read all of it.",
    ),
    click.option("--login", help="The login name there, where it is not the address."),
    click.option(
        "--ca-file", metavar="FILE", help="Trust these authorities instead of the system's."
    ),
    click.option("--pin", metavar="SHA256", help="Trust this one certificate, knowing it."),
    click.option(
        "--allow-outdated",
        multiple=True,
        type=click.Choice(OUTDATED, case_sensitive=False),
        help="Allow an outdated login method too, where there is nothing better.",
    ),
)
_WISHES: Final = (
    click.option("--keep", is_flag=True, help="Leave all mail at the provider (usual)."),
    click.option(
        "--delete-after-days",
        type=_DAYS,
        help="Delete it there so many days after it is safe here; 0: as soon as it is.",
    ),
    click.option("--delete-when-read", is_flag=True, help="Delete it there when it was read here."),
    click.option("--name", help="What the account is called here."),
    click.option("--colour", help="Its colour, like #2a6fb0."),
    click.option("--folder", help="Where its mail goes, like Family/Ada; usually INBOX."),
    click.option("--largest", metavar="SIZE", help="Fetch of larger mail its header only: 20M."),
    click.option(
        "--not-in-inbox/--in-inbox", default=None, help="Leave it out of the unified inbox."
    ),
    click.option("--every", type=_MINUTES, metavar="MINUTES", help="How often to look; usually 5."),
    click.option("--hook", metavar="COMMAND", help="Run this for each new letter, as its input."),
    click.option("--maildir", metavar="PATH", help="Put a copy of each new letter there too."),
)
protocol_option = click.option(
    "--protocol",
    type=click.Choice([Protocol.POP3.value, Protocol.IMAP.value]),
    help="How mail is fetched.",
)


def where_options(command: CommandT) -> CommandT:
    """Take the options that say where the mail is."""
    return _with(command, _WHERE)


def wish_options(command: CommandT) -> CommandT:
    """Take the options that say how the person wants it."""
    return _with(command, _WISHES)


def _with(command: CommandT, options: tuple[Callable[[CommandT], CommandT], ...]) -> CommandT:
    """Add options, so that help names them in their order."""
    for option in reversed(options):
        command = option(command)
    return command


def wished_fields(chosen: dict[str, Any], policy: Policy) -> dict[str, Any]:
    """Return the fields of a source that were chosen, but for the folder; `policy`: so far.

    Raises InvalidInputError, click.UsageError.
    """
    fields: dict[str, Any] = {"policy": _policy(chosen, policy)}
    readers: dict[str, tuple[str, Callable[[Any], Any]]] = {
        "name": ("name", words_of),
        "colour": ("colour", colour_of),
        "largest": ("largest_octets", octets_of),
        "not_in_inbox": ("is_in_unified_inbox", lambda is_left_out: not is_left_out),
        "every": ("poll_seconds", lambda minutes: minutes * 60),
        "hook": ("hook", command_of),
        "maildir": ("maildir", maildir_of),
    }
    for option, (field, read) in readers.items():
        if chosen[option] is not None:
            fields[field] = read(chosen[option])
    return fields


def _policy(chosen: dict[str, Any], otherwise: Policy) -> Policy:
    """Return the rule that was chosen. Raises click.UsageError: two rules at once are a slip."""
    try:
        return policy_of(
            keeps=chosen["keep"],
            days=chosen["delete_after_days"],
            deletes_when_read=chosen["delete_when_read"],
            otherwise=otherwise,
        )
    except InvalidInputError as fault:
        desk: Desk = click.get_current_context().obj
        raise click.UsageError(fault.in_language(desk.language)) from fault


def where_fields(chosen: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that say where the mail is, as far as chosen. Raises InvalidInputError."""
    readers: dict[str, tuple[str, Callable[[Any], Any]]] = {
        "host": ("host", lambda text: named_host(text.strip())),
        "port": ("port", int),
        "tls": ("tls", TlsMode),
        "login": ("login", words_of),
        "ca_file": ("ca_file", whole_path),
        "pin": ("pinned_sha256", pin_of),
    }
    fields = {
        field: read(chosen[option])
        for option, (field, read) in readers.items()
        if chosen[option] is not None
    }
    if chosen["allow_outdated"]:
        fields["outdated"] = tuple(name.upper() for name in chosen["allow_outdated"])
    return fields
