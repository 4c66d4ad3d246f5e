"""Mail servers that do what a test wants, on loopback: POP3, IMAP and SMTP, with every kind of TLS.

Used by the tests of probing and of the provider doctor.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping

from hato.services.settings_finder.candidate import Protocol

GREETINGS = {
    Protocol.POP3: "+OK ready",
    Protocol.IMAP: "* OK [CAPABILITY IMAP4rev1] ready",
    Protocol.SUBMISSION: "220 mail.example.org ESMTP",
}
STARTTLS = {
    Protocol.POP3: "STLS",
    Protocol.IMAP: "hato STARTTLS",
    Protocol.SUBMISSION: "STARTTLS",
}
YES = {
    Protocol.POP3: "+OK begin",
    Protocol.IMAP: "hato OK begin",
    Protocol.SUBMISSION: "220 begin",
}
ASK = {
    Protocol.POP3: "CAPA",
    Protocol.IMAP: "hato CAPABILITY",
    Protocol.SUBMISSION: "EHLO [127.0.0.1]",
}
NO = {
    Protocol.POP3: "-ERR what?",
    Protocol.IMAP: "hato BAD what?",
    Protocol.SUBMISSION: "500 what?",
}


def abilities(protocol: Protocol, *words: str) -> str:
    """Return the answer to the question what a server can do."""
    match protocol:
        case Protocol.POP3:
            return "\r\n".join(["+OK", *words, "."])
        case Protocol.IMAP:
            return f"* CAPABILITY IMAP4rev1 {' '.join(words)}\r\nhato OK done"
        case Protocol.SUBMISSION:
            lines = ["mail.example.org", *words]
            return "\r\n".join([*(f"250-{one}" for one in lines[:-1]), f"250 {lines[-1]}"])


class MailServer:
    """One server; remembers what it heard, in clear and under TLS."""

    def __init__(
        self,
        protocol: Protocol,
        before: tuple[str, ...] = (),
        after: tuple[str, ...] = (),
        *,
        upgrade: ssl.SSLContext | None = None,
        answers: Mapping[str, bytes] | None = None,
        greeting: bytes | None = None,
    ) -> None:
        """`upgrade`: STARTTLS is agreed to; `answers`: instead of what it would say."""
        self.protocol = protocol
        self.before, self.after = before, after
        self.upgrade = upgrade
        self.answers = dict(answers or {})
        self.greeting = greeting
        self.heard: list[str] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        greeting = GREETINGS[self.protocol].encode() + b"\r\n"
        writer.write(greeting if self.greeting is None else self.greeting)
        is_encrypted = writer.get_extra_info("ssl_object") is not None
        while line := (await reader.readline()).decode("ascii", "replace").rstrip():
            self.heard.append(line)
            if line in self.answers:
                writer.write(self.answers[line])
            elif line == ASK[self.protocol]:
                words = self.after if is_encrypted else self.before
                writer.write(abilities(self.protocol, *words).encode() + b"\r\n")
            elif line == STARTTLS[self.protocol] and self.upgrade is not None:
                writer.write(YES[self.protocol].encode() + b"\r\n")
                await writer.drain()
                await writer.start_tls(self.upgrade)
                is_encrypted = True
            else:
                writer.write(NO[self.protocol].encode() + b"\r\n")
            await writer.drain()
