"""`hato account edit`: change where an account's mail is, or how it is wanted.

Called as a verb of `hato account`.
Never keeps another server, login or certificate without having logged in that way.
Standards: none.
Fails with one sentence that says what is wrong; then nothing was changed.
"""

from __future__ import annotations

from typing import Any, Final

import click
import msgspec

from hato.cli.account.access import proof_of
from hato.cli.account.options import (
    json_option,
    owner_option,
    password_option,
    where_fields,
    where_options,
    wish_options,
    wished_fields,
)
from hato.cli.account.owner import the_source
from hato.cli.account.trial import demand_login, say_cleartext, say_setting
from hato.cli.account.words import as_data, rule_in_words, say_of_maildir
from hato.cli.desk import Desk
from hato.cli.terminal.passwords import take_password
from hato.core.errors import AlreadyExistsError, InvalidInputError
from hato.core.language import Text
from hato.core.secret import Secret
from hato.services.sources.folders import folder_at, folder_names, folder_path
from hato.services.sources.setting import setting_of
from hato.services.sources.source import Proof, Source

_NOTHING_CHOSEN: Final = Text(
    en="Say what to change: see `hato account edit --help`.",
    ja="何を変えるか書いてください。`hato account edit --help` を見てください。",
)
_SO_ALREADY: Final = Text(
    en="{address} is set up so already: nothing had to be changed. {rule}",
    ja="{address} は既にその設定です。何も変えていません。{rule}",
)
_SAME_LOGIN: Final = Text(
    en="{address} was not changed: {login} at {host} is fetched already for another address; see "
    "`hato account list`.",
    ja="{address} は変えていません。{host} の {login} は別のアドレスとして登録済みです。"
    "`hato account list` を見てください。",
)
_CHANGED: Final = Text(
    en="{address} was changed. {rule}", ja="{address} の設定を変えました。{rule}"
)


@click.command(short_help="Change an account.")
@click.argument("address")
@owner_option
@where_options
@click.option("--no-outdated", is_flag=True, help="Allow outdated login methods no longer.")
@password_option
@wish_options
@click.option("--pause/--resume", default=None, help="Look there no longer, or again.")
@json_option
@click.pass_obj
def edit(desk: Desk, /, address: str, **chosen: Any) -> None:  # noqa: ANN401 - click's options
    """Change the account ADDRESS; what concerns the login is tried before it is kept.

    An empty value takes away what was set: --hook "" runs nothing any more.
    """
    source = desk.run(_find(desk, address, chosen["owner"]))
    where = where_fields(chosen)
    if where.get("host", source.host) != source.host:
        where["provider_id"] = _provider_id_of(desk, where["host"])
    if chosen["no_outdated"]:
        where["outdated"] = ()
    wishes = wished_fields(chosen, source.policy)
    if chosen["pause"] is not None:
        wishes["is_paused"] = chosen["pause"]
    folder = chosen["folder"]
    if folder is None and chosen["not_in_inbox"] and source.folder is None:
        folder = source.address
    path = folder_path(folder) if folder is not None else None
    changed = msgspec.structs.replace(source, **(where | wishes))
    if changed == source and path is None and not chosen["password_stdin"]:
        if not _is_anything_chosen(chosen):
            raise InvalidInputError(_NOTHING_CHOSEN)
        where = {}  # it is so already, and was tried when it became so
    secret = None
    fields = where | wishes
    if chosen["password_stdin"]:
        secret = take_password(desk, source.address, from_standard_input=True, is_new=False)
        fields["proof"] = Proof.PASSWORD
        changed = msgspec.structs.replace(changed, proof=Proof.PASSWORD)
    if where or secret is not None:
        _try(desk, changed, secret, chosen)
    kept = desk.run(_keep(desk, source, fields, path, secret, chosen["owner"]))
    if chosen["as_json"]:
        desk.print_json({"account": kept})
        return
    text = _SO_ALREADY if changed == source and path is None else _CHANGED
    desk.say(text, address=source.address, rule=rule_in_words(changed.policy))
    say_of_maildir(desk, wishes)


async def _find(desk: Desk, address: str, owner: str | None) -> Source:
    async with desk.store() as store:
        _, source = await the_source(desk, store, address, owner)
        return source


def _is_anything_chosen(chosen: dict[str, Any]) -> bool:
    """Tell whether anything was to be changed."""
    said = (value for name, value in chosen.items() if name not in ("owner", "as_json"))
    return any(value not in (None, False, ()) for value in said) or chosen["pause"] is False


def _provider_id_of(desk: Desk, host: str) -> str:
    """Return the row of the table of providers that a server is of; empty: none."""
    provider = desk.outside().table.for_server(host)
    return provider.id if provider is not None else ""


def _try(desk: Desk, changed: Source, secret: Secret | None, chosen: dict[str, Any]) -> None:
    """Log in as it would be from now on. Raises InvalidInputError."""
    from hato.services.sources.choosing import try_source

    say_cleartext(desk, [setting_of(changed)])
    proof = secret or desk.run(proof_of(desk, changed, chosen["owner"]))
    tried = desk.run(try_source(changed, proof, desk.outside()))
    say_setting(desk, tried, is_aside=chosen["as_json"])
    demand_login(tried)


async def _keep(
    desk: Desk,
    source: Source,
    fields: dict[str, Any],
    path: tuple[str, ...] | None,
    secret: Secret | None,
    owner: str | None,
) -> dict[str, Any]:
    """Write what was chosen; return the account for programs."""
    async with desk.store() as store:
        found, _ = await the_source(desk, store, source.source_id, owner)
        if path is not None:
            fields = fields | {"folder": await folder_at(found.account, path)}
        try:
            kept = await found.sources.change(source.source_id, secret=secret, **fields)
        except AlreadyExistsError as fault:
            fields = msgspec.structs.asdict(source) | fields
            raise InvalidInputError(
                _SAME_LOGIN, **{name: fields[name] for name in ("address", "login", "host")}
            ) from fault
        return as_data(found, kept, await folder_names(found.account), desk.language)
