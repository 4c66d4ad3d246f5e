"""A letter as it stands in the editor: a few fields, an empty line, the text.

Called by `cli.writing`.
Never takes a line of the text for a field; never lets a field grow beyond its line.
Standards: RFC 5322 §2.2 in form; the fields are those that a person types.
Fails with InvalidInputError: which line, and what may stand there.
"""

from __future__ import annotations

from typing import Final

import msgspec

from hato.core.errors import InvalidInputError
from hato.core.language import Text
from hato.message.addresses import Address, read_address_text
from hato.message.compose import on_one_line

_FIELDS: Final = ("From", "To", "Cc", "Bcc", "Subject")
_ATTACH: Final = "Attach"
_BAD_LINE: Final = Text(
    en="Line {number} of the draft is neither a field nor the empty line before the text: "
    "{line!r}. Fields are From, To, Cc, Bcc, Subject and Attach.",
    ja="下書きの {number} 行目 {line!r} は項目でも、本文の前の空行でもありません。"
    "使える項目は From、To、Cc、Bcc、Subject、Attach です。",
)
_TWICE: Final = Text(
    en="The draft has the field {name} twice: write all in one line, with commas between.",
    ja="下書きに {name} が二つあります。一行にカンマで区切って書いてください。",
)
_BAD_ADDRESS: Final = Text(
    en="{text!r} is no mail address: write it like ada@example.org.",
    ja="{text!r} はメールアドレスではありません。ada@example.org のように書いてください。",
)


class DraftText(msgspec.Struct, frozen=True, kw_only=True):
    """What a person types."""

    sender: str = ""
    to: str = ""
    copies: str = ""
    blind_copies: str = ""
    subject: str = ""
    attach: tuple[str, ...] = ()
    """Paths of files."""
    text: str = ""


def written(draft: DraftText) -> str:
    """Return a draft as it is put before its author."""
    values = (draft.sender, draft.to, draft.copies, draft.blind_copies, draft.subject)
    lines = [f"{name}: {on_one_line(value)}" for name, value in zip(_FIELDS, values, strict=True)]
    lines += [f"{_ATTACH}: {on_one_line(path)}" for path in draft.attach]
    return "\n".join([*lines, "", draft.text])


def read_draft(text: str) -> DraftText:
    """Read what an author left. Raises InvalidInputError."""
    found: dict[str, str] = {}
    attach: list[str] = []
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    name = ""
    number = 0
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            break
        if line[0] in " \t" and name in found:
            found[name] += f" {line.strip()}"
            continue
        typed, colon, value = line.partition(":")
        name = typed.strip().capitalize()
        if not colon or name not in (*_FIELDS, _ATTACH):
            raise InvalidInputError(_BAD_LINE, number=number, line=line[:60])
        if name == _ATTACH:
            attach += [value.strip()] if value.strip() else []
        elif name in found:
            raise InvalidInputError(_TWICE, name=name)
        else:
            found[name] = value.strip()
    return DraftText(
        sender=found.get("From", ""),
        to=found.get("To", ""),
        copies=found.get("Cc", ""),
        blind_copies=found.get("Bcc", ""),
        subject=on_one_line(found.get("Subject", "")),
        attach=tuple(attach),
        text="\n".join(lines[number:]),
    )


def addresses_of(text: str) -> tuple[Address, ...]:
    """Read the addresses that somebody typed. Raises InvalidInputError."""
    found = read_address_text(on_one_line(text).replace("、", ",").replace("\uff0c", ","))
    for one in found:
        local_part, at, domain = one.mailbox.rpartition("@")
        if not (local_part and at and domain) or any(c.isspace() for c in one.mailbox):
            raise InvalidInputError(_BAD_ADDRESS, text=one.mailbox or one.name)
    return found


def shown_addresses(addresses: tuple[Address, ...]) -> str:
    """Return addresses as a person types them."""
    return ", ".join(shown_address(one) for one in addresses)


def shown_address(address: Address) -> str:
    """Return one address, its name quoted where it has to be."""
    if not address.name:
        return address.mailbox
    name = on_one_line(address.name)
    if any(character in name for character in '",:;<>@()[]\\.'):
        name = '"' + name.replace("\\", r"\\").replace('"', r"\"") + '"'
    return f"{name} <{address.mailbox}>"
