"""s-nail: copies the mailbox into one mbox file.

Called through `clients.table`.
Never changes the mailbox: it is opened for reading only.
Standards: RFC 1939 §7, RFC 4155 (mbox).
Fails with ProgramError.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from tests.interop.clients.account import HOST, Client, MailAccount
from tests.interop.programs import ProgramError, run, write_private

_ENVELOPE = re.compile(rb"(?:\A|(?<=\n\n))From sender[0-9]+@example\.net .*\n")
_HEADER = re.compile(rb"(?:[!-9;-~]+[ \t]*:.*\n(?:[ \t]+.*\n)*)*")
_STATUS = re.compile(rb"^status:(.*)$", re.MULTILINE | re.IGNORECASE)
_OWN_FIELD = re.compile(
    rb"^(?:status|x-status|content-length|lines)[ \t]*:.*\n(?:[ \t].*\n)*",
    re.MULTILINE | re.IGNORECASE,
)
_IS_A_MESSAGE = re.compile(rb"^content-type:\s*message/rfc822", re.MULTILINE | re.IGNORECASE)
_LIKE_AN_ENVELOPE = re.compile(
    rb"(?<=\n\n)(?=From )|^(?=From .* [0-9]{2}:[0-9]{2}:[0-9]{2} )", re.MULTILINE
)


def fetch(account: MailAccount, folder: Path) -> list[bytes]:
    """Open, copy all, leave."""
    mbox = folder / "kept"
    person = account.person
    settings = write_private(
        folder / "mailrc",
        f"""
set v15-compat
set tls-verify=strict tls-ca-file={account.authority_file} tls-ca-no-defaults
set pop3-auth=plain pop3-bulk-load {"pop3-use-starttls" if account.uses_stls else ""}
set folder={folder} keep keepsave hold
""",
    )
    login = f"{quote(person.address, safe='')}:{quote(person.password, safe='')}"
    run(
        [
            *("s-nail", "-:u", "-R", "-#"),
            *("-f", f"{account.service}://{login}@{HOST}:{account.port}"),
        ],
        folder,
        standard_input=f"copy * mbox://{mbox}\nxit\n".encode(),
        more={"MAILRC": str(settings)},
    )
    if not mbox.exists():
        return []
    first, *letters = _ENVELOPE.split(mbox.read_bytes())
    if first:
        raise ProgramError(f"the mbox does not begin with an envelope line: {first[:200]!r}")
    return letters


def keep(letters: Sequence[bytes]) -> list[bytes]:
    """As README.md says: its own fields, quoted From lines, one empty line at the end."""
    return [_kept(letter.replace(b"\r\n", b"\n")) for letter in letters]


def _kept(letter: bytes) -> bytes:
    found = _HEADER.match(letter)
    header = found[0] if found else b""
    body = letter[len(header) :].removeprefix(b"\n")
    kept = _OWN_FIELD.sub(b"", header)
    status = _STATUS.search(letter.partition(b"\n\n")[0] + b"\n")
    flags = b"".join(flag for flag in (b"R", b"O") if status and flag in status[1])
    if flags:
        kept += b"Status: " + flags + b"\n"
    if not _IS_A_MESSAGE.search(header):
        kept += b"\n"
    kept += _LIKE_AN_ENVELOPE.sub(b">", body)
    return kept if kept.endswith(b"\n\n") else kept + b"\n"


S_NAIL = Client("s-nail", ("s-nail",), fetch, keep)
