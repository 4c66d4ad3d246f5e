"""`hato account authorise`: an account's mail may be read by OAuth2, says its owner, once.

Called as a verb of `hato account`; `authorise` also by verbs that need an authorisation.
Never shows a token, a code or a client's secret, nor takes one from the command's words; never
waits while the data folder is open.
Standards: RFC 8252 (a browser, never a window of our own).
Fails with one sentence; then what was kept before stays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click
import msgspec

from hato.cli.account.authorising import Asking, Way, ask_person
from hato.cli.account.oauth_client import take_client
from hato.cli.account.options import owner_option
from hato.cli.account.owner import the_source
from hato.cli.desk import Desk
from hato.core import limits
from hato.core.clock import SystemClock
from hato.core.errors import DamagedError, NotFoundError
from hato.core.language import Text
from hato.services.sources.source import Proof, Source
from hato.services.sources.wishes import whole_path

if TYPE_CHECKING:
    from hato.services.oauth.tokens import Tokens
    from hato.services.sources.sources import Sources

_AUTHORISED: Final = Text(
    en="{address} is authorised at {issuer}: see whether it works with "
    "`hato account test {address}`.",
    ja="{address} は {issuer} で認可されました。"
    "`hato account test {address}` で動作を確認できます。",
)


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """How the person wants to be asked."""

    client_id: str = ""
    """Empty: as before, or she is asked."""
    is_secret_piped: bool = False
    """The client's secret is the first line of standard input."""
    issuer: str = ""
    """Empty: as the table of issuers says, or as before."""
    scopes: tuple[str, ...] = ()
    ca_file: str = ""
    way: Way = Way.BROWSER
    may_open_browser: bool = True
    wait_seconds: float = limits.AUTHORISE_SECONDS


def authorise(desk: Desk, source: Source, wish: Wish, known: Tokens | None = None) -> Tokens:
    """Ask the owner of a source for an authorisation, and return what it gave.

    It is kept by the caller: `Sources.set_secret(…, tokens.sealed_form(), Proof.OAUTH2)`. `known`:
    an earlier one, whose client is used again. Runs the loop by itself, so that it is not called
    from within. Raises InvalidInputError and the errors of services.oauth.
    """
    from hato.services.oauth.issuer_choice import choose_issuer, row_of

    ca_file = wish.ca_file or (known.client.ca_file if known is not None else "")
    issuer = desk.run(
        choose_issuer(source, named=wish.issuer, scopes=wish.scopes, ca_file=ca_file, known=known)
    )
    client = take_client(
        desk,
        issuer,
        row_of(source),
        client_id=wish.client_id,
        is_secret_piped=wish.is_secret_piped,
        ca_file=ca_file,
        known=known,
    )
    asking = Asking(
        issuer=issuer,
        client=client,
        address=source.address,
        way=wish.way,
        may_open_browser=wish.may_open_browser,
        wait_seconds=wish.wait_seconds,
    )
    return ask_person(desk, asking)


def say_expiry(desk: Desk, source: Source, tokens: Tokens) -> None:
    """Warn of an end that is near."""
    from hato.services.oauth.expiry import expiry_warning

    if warning := expiry_warning(tokens, source.address, SystemClock().now()):
        desk.say_aside(warning)


@click.command("authorise", short_help="Let Hato read an account by OAuth2.")
@click.argument("address")
@owner_option
@click.option("--client-id", default="", help="Which client asks: what you registered there.")
@click.option(
    "--client-secret-stdin",
    is_flag=True,
    help="Read the client's secret from standard input, its first line.",
)
@click.option(
    "--issuer", default="", help="Who gives tokens, like https://login.example.org, if not known."
)
@click.option("--scope", multiple=True, help="What to ask for, where the usual does not do.")
@click.option(
    "--ca-file", default="", metavar="FILE", help="Authorities to trust about the issuer."
)
@click.option("--paste", is_flag=True, help="The browser is elsewhere: paste its answer here.")
@click.option("--device", is_flag=True, help="Type a code on another device instead.")
@click.option("--no-browser", is_flag=True, help="Only print the address; open no browser.")
@click.option(
    "--wait",
    type=click.IntRange(1, 3_600),
    default=int(limits.AUTHORISE_SECONDS),
    metavar="SECONDS",
    help="How long to wait for your answer; usually 600.",
)
@click.pass_obj
def authorise_command(desk: Desk, /, address: str, owner: str | None, **chosen: Any) -> None:  # noqa: ANN401 - click's options
    """Ask you in a browser whether Hato may read ADDRESS, and keep what the provider gives.

    Instead of a password the provider gives a token, which Hato renews by itself.
    """
    wish = Wish(
        client_id=chosen["client_id"].strip(),
        is_secret_piped=chosen["client_secret_stdin"],
        issuer=chosen["issuer"].strip(),
        scopes=chosen["scope"],
        ca_file=whole_path(chosen["ca_file"]) if chosen["ca_file"] else "",
        way=_way_of(is_paste=chosen["paste"], is_device=chosen["device"]),
        may_open_browser=not chosen["no_browser"],
        wait_seconds=chosen["wait"],
    )

    authorise_kept(desk, address, owner, wish)


def authorise_kept(desk: Desk, address: str, owner: str | None, wish: Wish) -> None:
    """Ask for an authorisation of an account that is there, and keep it. Raises as `authorise`."""

    async def find() -> tuple[Source, Tokens | None]:
        async with desk.store() as store:
            found, source = await the_source(desk, store, address, owner)
            return source, await _known(found.sources, source)

    async def keep(tokens: Tokens) -> None:
        async with desk.store() as store:
            found, _ = await the_source(desk, store, source.source_id, owner)
            secret = tokens.sealed_form()
            await found.sources.set_secret(source.source_id, secret, Proof.OAUTH2)

    source, known = desk.run(find())
    tokens = authorise(desk, source, wish, known)
    desk.run(keep(tokens))
    desk.say(_AUTHORISED, address=source.address, issuer=tokens.issuer_name)
    say_expiry(desk, source, tokens)


def _way_of(*, is_paste: bool, is_device: bool) -> Way:
    """Return the way that was chosen. Raises click.UsageError for two at once."""
    if is_paste and is_device:
        raise click.UsageError("--paste, --device: only one of them.")
    if is_device:
        return Way.DEVICE
    return Way.PASTE if is_paste else Way.BROWSER


async def _known(sources: Sources, source: Source) -> Tokens | None:
    """Return an earlier authorisation, where there is one that can be read."""
    from hato.services.oauth.tokens import read_tokens

    try:
        return read_tokens(await sources.secret(source))
    except (NotFoundError, DamagedError):  # KeyReplacedError is one: what is new takes its place
        return None
