"""`hato check HOST|ADDRESS`: which ports answer, which TLS, which logins, what to use and why.

Called by `cli.program`.
Never logs in; only an address's own domain may learn the address (autoconfiguration).
Standards: RFC 8314 §3.
Fails with exit status 1 where nothing can be used to fetch mail from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from hato.cli.desk import Desk
from hato.core.language import Text

if TYPE_CHECKING:  # DNS and HTTPS take time to load that `hato --help` does not need
    from hato.services.doctor.conclusion import Conclusion
    from hato.services.doctor.examination import Examination

_LOOKING: Final = Text(
    en="Looking at {target}; no password is sent.",
    ja="{target} を調べています。パスワードは送りません。",
)
_HOW: Final = Text(en="How the servers were found:", ja="サーバーの見つけ方:")
_CONCLUSION: Final = Text(en="What to use:", ja="使う設定:")
_CHANGES: Final = Text(en="What to change or to know:", ja="変更すること・知っておくこと:")


@click.command(short_help="See what a mail server offers, and what to use.")
@click.argument("target", metavar="HOST|ADDRESS")
@click.option(
    "--port",
    "ports",
    type=click.IntRange(1, 65_535),
    multiple=True,
    metavar="PORT",
    help="Look at this port instead of the usual ones; may be given several times.",
)
@click.option(
    "--ca-file",
    default="",
    metavar="FILE",
    help="Trust the certificate authorities in this PEM file instead of the system's.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def check(desk: Desk, target: str, *, ports: tuple[int, ...], ca_file: str, as_json: bool) -> int:
    """Look at the mail ports of HOST, or of the servers that ADDRESS has; log in nowhere.

    Says for each port whether it is open, its TLS and certificate, what it offers before and under
    TLS and the login methods; then what to use and why, and what to change.
    """
    from hato.services.doctor.as_data import as_data
    from hato.services.doctor.conclusion import conclude
    from hato.services.doctor.examination import examine

    desk.say_aside(_LOOKING, target=target)
    examination = desk.run(
        examine(target, outside=desk.outside(), ports=ports, authorities_file=ca_file)
    )
    conclusion = conclude(examination)
    if as_json:
        desk.print_json(as_data(examination, conclusion, desk.language))
    else:
        _print(desk, examination, conclusion)
    return 0 if conclusion.use is not None else 1


def _print(desk: Desk, examination: Examination, conclusion: Conclusion) -> None:
    """Tell it in sentences."""
    from hato.services.doctor.port_words import details, heading

    findings = examination.findings
    if findings is not None and findings.notes:
        _print_list(desk, _HOW, findings.notes)
    is_account = findings is not None or examination.provider is not None
    for report in examination.ports:
        desk.say(heading(report))
        for sentence in details(report, examination.provider, is_account=is_account):
            click.echo(f"  {sentence.in_language(desk.language)}")
        click.echo()
    _print_list(desk, _CONCLUSION, conclusion.why)
    if conclusion.changes:
        _print_list(desk, _CHANGES, conclusion.changes)


def _print_list(desk: Desk, title: Text, sentences: list[Text]) -> None:
    desk.say(title)
    for sentence in sentences:
        click.echo(f"  - {sentence.in_language(desk.language)}")
    click.echo()
