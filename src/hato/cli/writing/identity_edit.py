"""`hato identity edit`: another name, address or signature, or another server for letters.

Called as a verb of `hato identity`.
Never keeps a server by which nobody logged in.
Standards: RFC 6409 (submission), RFC 8314 §3.3.
Fails with one sentence that says what is wrong; then nothing was changed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import click

from hato.cli.account.access import proof_of
from hato.cli.account.owner import Owner, owners, the_owner
from hato.cli.account.trial import demand_login, say_cleartext, say_setting
from hato.cli.desk import Desk
from hato.cli.mail.mail_owner import json_option, owner_option
from hato.cli.writing.identity_list import as_data
from hato.core.errors import InvalidInputError, NotFoundError
from hato.core.language import Text
from hato.services.sending.identities import Identities
from hato.services.sending.identity import Identity, Submission
from hato.services.settings_finder.candidate import TlsMode
from hato.services.settings_finder.findings import Named
from hato.services.settings_finder.host_names import named_host
from hato.services.sources.source import Source

_NO_SUCH: Final = Text(
    en="{address} is none of your identities: see `hato identity list`.",
    ja="{address} という差出人はありません。`hato identity list` を見てください。",
)
_WHICH: Final = Text(
    en="Several people have {address}: say whose is meant with --owner NAME.",
    ja="{address} は複数の人が登録しています。--owner NAME で指定してください。",
)
_NOTHING_CHOSEN: Final = Text(
    en="Say what to change: see `hato identity edit --help`.",
    ja="何を変えるか書いてください。`hato identity edit --help` を見てください。",
)
_CHANGED: Final = Text(en="{address} was changed.", ja="{address} を変えました。")
_NO_LOGIN_NAMED: Final = Text(
    en="{address} has no account elsewhere: name host and port of a server that wants no login, "
    "with --host, --port and --tls.",
    ja="{address} にはほかのアカウントがありません。ログイン不要のサーバーを "
    "--host、--port、--tls で指定してください。",
)


@click.command(short_help="Change an identity.")
@click.argument("address")
@owner_option
@click.option("--name", help="What stands before the address.")
@click.option("--address", "new_address", help="The address to write as, where it is another.")
@click.option("--signature", help="What stands below letters.")
@click.option(
    "--signature-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The same, from a file.",
)
@click.option("--host", help="The server that letters leave by.")
@click.option("--port", type=click.IntRange(1, 65_535), help="Its port.")
@click.option(
    "--tls",
    type=click.Choice([mode.value for mode in TlsMode]),
    help="How it is encrypted; none: everybody on the way can read all of it.",
)
@click.option("--login", help="The login name there, where it is another.")
@json_option
@click.pass_obj
def edit(desk: Desk, /, address: str, **chosen: Any) -> None:  # noqa: ANN401 - click's options
    """Change the identity ADDRESS; a server is logged in to before it is kept.

    An empty value takes away what was set.
    """
    if chosen["signature_file"] is not None:
        chosen["signature"] = chosen["signature_file"].read_text("utf-8", "replace")
    named = Named(
        host=named_host(chosen["host"].strip()) if chosen["host"] else None,
        port=chosen["port"],
        tls=TlsMode(chosen["tls"]) if chosen["tls"] else None,
        login=chosen["login"],
    )
    fields = {
        "name": chosen["name"],
        "address": chosen["new_address"],
        "signature": chosen["signature"],
    }
    if named == Named() and not any(value is not None for value in fields.values()):
        raise InvalidInputError(_NOTHING_CHOSEN)
    before, source = desk.run(_find(desk, address, chosen["owner"]))
    submission = None
    if named != Named():
        submission = _tried(desk, before, source, named, chosen)
    row = desk.run(_keep(desk, address, chosen["owner"], fields, submission))
    if chosen["as_json"]:
        desk.print_json(row)
    else:
        desk.say(_CHANGED, address=row["address"])


def _tried(
    desk: Desk,
    identity: Identity,
    source: Source | None,
    named: Named,
    chosen: dict[str, Any],
) -> Submission:
    """Return the server that the person names, once it was logged in to."""
    from hato.services.sending.submission_finder import (
        named_candidates,
        submission_of,
        try_submission,
    )

    if source is None:
        if not named.host or named.port is None or named.tls is None:
            raise InvalidInputError(_NO_LOGIN_NAMED, address=identity.address)
        return Submission(host=named.host, port=named.port, tls=named.tls, login="")
    if named.host is None and identity.submission is not None:
        named = Named(
            host=identity.submission.host, port=named.port, tls=named.tls, login=named.login
        )
    candidates = named_candidates(named, source)
    say_cleartext(desk, candidates)
    secret = desk.run(proof_of(desk, source, chosen["owner"]))
    tried = None
    for candidate in candidates:
        login = named.login or source.login
        tried = desk.run(try_submission(candidate, source, secret, desk.outside(), login))
        say_setting(desk, tried, is_aside=chosen["as_json"])
        if tried.is_good or tried.is_final:
            break
    return submission_of(demand_login(tried), source)


async def _find(desk: Desk, address: str, owner: str | None) -> tuple[Identity, Source | None]:
    """Return an identity, and the source whose secret opens its server."""
    async with desk.store() as store:
        found = [
            (one, identity)
            for one in await owners(desk, store, owner)
            if (identity := await _identity_of(one, address)) is not None
        ]
        if not found:
            raise InvalidInputError(_NO_SUCH, address=address)
        if len(found) > 1:
            raise InvalidInputError(_WHICH, address=address)
        ((one, identity),) = found
        if identity.source_id is None:
            return identity, None
        return identity, await one.sources.find(identity.source_id)


async def _identity_of(owner: Owner, address: str) -> Identity | None:
    try:
        return await Identities(owner.account, owner.person.name).find(address)
    except NotFoundError:
        return None


async def _keep(
    desk: Desk,
    address: str,
    owner: str | None,
    fields: dict[str, str | None],
    submission: Submission | None,
) -> dict[str, Any]:
    """Write what was chosen; return the identity for programs."""
    async with desk.store() as store:
        for one in await owners(desk, store, owner):
            before = await _identity_of(one, address)
            if before is not None:
                identities = Identities(one.account, one.person.name)
                kept = await identities.change(before.identity_id, **fields, submission=submission)
                return as_data(one, kept)
        await the_owner(desk, store, owner)
        raise InvalidInputError(_NO_SUCH, address=address)
