"""`hato account add`: from an address and a password to an account whose mail is fetched.

Called as a verb of `hato account`.
Never keeps a setting by which nobody logged in; never asks while the data folder is open.
Standards: RFC 8314 §5.1 (what is tried first).
Fails with one sentence that says what is wrong and what to do; then nothing was kept.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

import click
import msgspec

from hato.cli.account.authorise import Wish, authorise_kept
from hato.cli.account.options import (
    json_option,
    owner_option,
    password_option,
    protocol_option,
    where_fields,
    where_options,
    wish_options,
    wished_fields,
)
from hato.cli.account.owner import the_owner
from hato.cli.account.trial import demand_login, say_cleartext, say_setting, trial_as_data
from hato.cli.account.words import as_data, rule_in_words, say_of_maildir
from hato.cli.desk import Desk
from hato.cli.terminal.passwords import take_password
from hato.core.errors import AlreadyExistsError, InvalidInputError
from hato.core.language import Text
from hato.core.secret import Secret
from hato.services.settings_finder.candidate import Candidate, Protocol
from hato.services.settings_finder.findings import Named, Tried
from hato.services.sources.folders import folder_at, folder_names, folder_path
from hato.services.sources.source import Policy, Proof, Source
from hato.services.sources.wishes import COLOURS, address_of

if TYPE_CHECKING:  # DNS and HTTPS take time to load that help does not need
    from hato.services.sources.choosing import Allowances

_IMAP: Final = Text(
    en="This version of Hato fetches by POP3 only, so {address} cannot be fetched by IMAP yet: "
    "where the provider has POP3 too, switch it on there and use --protocol pop3.",
    ja="この版の鳩が受信できるのは POP3 だけで、{address} を IMAP ではまだ受信できません。"
    "プロバイダーに POP3 もあれば有効にし、--protocol pop3 を使ってください。",
)
_NOTHING_FOUND: Final = Text(
    en="No server was found for {address}: ask the provider for its POP3 server, and name it with "
    "--host.",
    ja="{address} のサーバーが見つかりません。プロバイダーで POP3 サーバー名を確認し、"
    "--host で指定してください。",
)
_THERE_ALREADY: Final = Text(
    en="{address} is fetched already: see `hato account list`, and change it with "
    "`hato account edit`.",
    ja="{address} は既に登録されています。`hato account list` で確認し、"
    "`hato account edit` で変えられます。",
)
_SAME_LOGIN: Final = Text(
    en="{address} was not added: {login} at {host} is fetched already for another address; see "
    "`hato account list`.",
    ja="{address} は追加していません。{host} の {login} は別のアドレスとして登録済みです。"
    "`hato account list` を見てください。",
)
_NOT_ADDED: Final = Text(
    en="{address} was not added: no login came about.",
    ja="{address} は追加していません。ログインできませんでした。",
)
_ADDED: Final = Text(
    en="{address} was added. {rule}\nFetch it now with `hato fetch --account {address}`; "
    "`hato serve` looks by itself every {minutes} {minutes:minute|minutes}.",
    ja="{address} を追加しました。{rule}\n"
    "`hato fetch --account {address}` ですぐに受信できます。"
    "`hato serve` は {minutes} 分ごとに自動で確認します。",
)
_AUTHORISE: Final = Text(
    en="{address} was added, and takes no passwords, only OAuth2: allow Hato to read it with "
    "`hato account authorise {address}`, then fetch it with `hato fetch`. {rule}",
    ja="{address} を追加しました。パスワードは使えず、OAuth2 だけです。"
    "`hato account authorise {address}` で許可してから `hato fetch` で受信してください。{rule}",
)
_FOREIGN: Final = Text(
    en="An unsigned DNS answer of {domain} leads to {host}: shall the password go there? [y/N] ",
    ja="{domain} の署名のない DNS 応答によると、サーバーは {host} です。"
    "そこにパスワードを送りますか? [y/N] ",
)
_NOBODY_VOUCHES: Final = Text(
    en="{address} was not added: an unsigned DNS answer leads to {host}, and nobody said that the "
    "password may go there; if that is the right server, name it with --host {host}.",
    ja="{address} は追加していません。署名のない DNS 応答が {host} を示していますが、"
    "パスワードを送ってよいか確認できません。正しければ --host {host} で指定してください。",
)
_TO_TRY: Final = Text(
    en="To be tried first: {setting}, because {why}.",
    ja="最初に試す設定: {setting}。理由: {why}。",
)
_BEFORE: Final = Text(en="To be done at the provider: {step}", ja="プロバイダーですること: {step}")


@click.command(short_help="Add a mail account elsewhere.")
@click.argument("address")
@owner_option
@protocol_option
@where_options
@password_option
@click.option("--oauth2", is_flag=True, help="Log in by OAuth2: authorise it afterwards.")
@wish_options
@json_option
@click.pass_obj
def add(desk: Desk, /, address: str, **chosen: Any) -> None:  # noqa: ANN401 - click's options
    """Find the servers of ADDRESS, log in, and fetch its mail from now on.

    With --host the settings are your own; otherwise Hato finds them. Both are tried before they
    are believed.
    """
    from hato.services.sources.choosing import wants_authorisation

    address = address_of(address)
    if chosen["protocol"] == Protocol.IMAP.value:
        raise InvalidInputError(_IMAP, address=address)
    where = where_fields(chosen)
    wishes = wished_fields(chosen, Policy())
    apart = address if chosen["not_in_inbox"] else ""
    path = folder_path(chosen["folder"] or apart)
    desk.run(_refuse_double(desk, address, chosen["owner"]))
    named = Named(**{name: where.get(name) for name in ("host", "port", "tls", "login")})
    agreed = _agreed(desk, address, _candidates(desk, address, named))
    if chosen["oauth2"] or wants_authorisation(agreed):
        draft = _draft(address, agreed[0], named.login or address, where, Proof.OAUTH2)
        tried, secret = None, None
    else:
        tried, secret = _try(desk, address, named, agreed, where, chosen)
        draft = _draft(address, tried.candidate, tried.login, where, Proof.PASSWORD)
    kept = desk.run(_keep(desk, draft, secret, wishes, path, chosen["owner"]))
    if chosen["as_json"]:
        trial = trial_as_data(desk, tried) if tried is not None else None
        desk.print_json({"account": kept, "trial": trial})
        return
    rule = rule_in_words(wishes["policy"])
    text = _ADDED if tried is not None else _AUTHORISE
    desk.say(text, address=address, rule=rule, minutes=kept["poll_seconds"] // 60)
    say_of_maildir(desk, wishes)
    if draft.proof is Proof.OAUTH2 and sys.stdin.isatty() and _has_issuer(draft):
        authorise_kept(desk, address, chosen["owner"], Wish())  # it is told how, and may be left


def _has_issuer(source: Source) -> bool:
    """Tell whether it is known who gives tokens for a source."""
    from hato.services.oauth.issuer_choice import row_of

    return row_of(source) is not None


async def _refuse_double(desk: Desk, address: str, owner: str | None) -> None:
    """Find out early what would be refused in the end: nobody, or an account that is there."""
    async with desk.store() as store:
        found = await the_owner(desk, store, owner)
        try:
            await found.sources.refuse_double(address)
        except AlreadyExistsError as fault:
            raise InvalidInputError(_THERE_ALREADY, address=address) from fault


def _candidates(desk: Desk, address: str, named: Named) -> list[Candidate]:
    """Return the settings to be tried, and say how they were found. Raises InvalidInputError."""
    from hato.services.settings_finder.finder import search
    from hato.services.sources.choosing import fetchable

    outside = desk.outside()
    findings = desk.run(search(address, outside=outside, named=named))
    for note in findings.notes:
        desk.say_aside(note)
    candidates = fetchable(findings)
    if not candidates:
        raise InvalidInputError(_IMAP if findings.candidates else _NOTHING_FOUND, address=address)
    say_cleartext(desk, candidates)
    return candidates


def _agreed(desk: Desk, address: str, candidates: list[Candidate]) -> list[Candidate]:
    """Return the settings whose hosts may hear a password, or get a token, which opens as much.

    Raises InvalidInputError where none may.
    """
    agreed = [one for one in candidates if not one.needs_consent or _agrees(desk, address, one)]
    if not agreed:
        raise InvalidInputError(_NOBODY_VOUCHES, address=address, host=candidates[0].host)
    return agreed


def _try(
    desk: Desk,
    address: str,
    named: Named,
    agreed: list[Candidate],
    where: dict[str, Any],
    chosen: dict[str, Any],
) -> tuple[Tried, Secret]:
    """Ask for the password and log in with it. Raises InvalidInputError."""
    from hato.services.sources.choosing import choose

    _say_what_is_tried(desk, agreed[0])
    secret = take_password(
        desk, address, from_standard_input=chosen["password_stdin"], is_new=False
    )
    tried = desk.run(
        choose(
            agreed,
            address,
            named,
            secret,
            allowances=_allowances(where),
            outside=desk.outside(),
            on_tried=lambda one: say_setting(desk, one, is_aside=chosen["as_json"]),
        )
    )
    return demand_login(tried, _NOT_ADDED, address=address), secret


def _say_what_is_tried(desk: Desk, candidate: Candidate) -> None:
    """Say where the password will go, and what has to be done at the provider first."""
    for step in candidate.steps:
        desk.say_aside(_BEFORE, step=step)
    desk.say_aside(_TO_TRY, setting=candidate.in_words(), why=candidate.why)


def _agrees(desk: Desk, address: str, candidate: Candidate) -> bool:
    """Ask whether the password may go to a host that nobody vouches for; no, where nobody is."""
    if not sys.stdin.isatty():
        return False
    domain = address.rpartition("@")[2]
    question = _FOREIGN.in_language(desk.language, domain=domain, host=candidate.host)
    click.echo(question, err=True, nl=False)
    return sys.stdin.readline().strip().lower() in {"y", "yes", "はい"}


def _allowances(where: dict[str, Any]) -> Allowances:
    """Return what the person allows besides."""
    from hato.services.sources.choosing import Allowances

    names = Allowances.__struct_fields__
    return Allowances(**{name: where[name] for name in names if name in where})


def _draft(
    address: str, candidate: Candidate, login: str, where: dict[str, Any], proof: Proof
) -> Source:
    """Return the source that was found, with nothing wished yet."""
    allowed = msgspec.structs.asdict(_allowances(where))
    return Source(
        source_id="",
        address=address,
        name=address,
        colour="",
        added=0,
        protocol=candidate.protocol,
        host=candidate.host,
        port=candidate.port,
        tls=candidate.tls,
        login=login,
        proof=proof,
        provider_id=candidate.provider_id,
        **allowed,
    )


async def _keep(
    desk: Desk,
    draft: Source,
    secret: Secret | None,
    wishes: dict[str, Any],
    path: tuple[str, ...],
    owner: str | None,
) -> dict[str, Any]:
    """Keep the source with its secret, and make its folder; return it for programs."""
    async with desk.store() as store:
        found = await the_owner(desk, store, owner)
        turn = len(await found.sources.all())
        folder = await folder_at(found.account, path)
        usual = {"colour": COLOURS[turn % len(COLOURS)], "folder": folder}
        source = msgspec.structs.replace(draft, **(usual | wishes))
        try:
            kept = await found.sources.add(source, secret)
        except AlreadyExistsError as fault:
            raise InvalidInputError(
                _SAME_LOGIN, address=draft.address, login=draft.login, host=draft.host
            ) from fault
        return as_data(found, kept, await folder_names(found.account), desk.language)
