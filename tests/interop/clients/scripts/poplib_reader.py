"""Reads a mailbox with poplib and keeps each letter in a file of FOLDER named after its number.

Usage: poplib_reader.py pop3|pop3s HOST PORT AUTHORITY NAME PASSWORD FOLDER
"""

from __future__ import annotations

import poplib
import ssl
import sys
from pathlib import Path

# poplib takes lines of 2048 octets at most, and calls longer ones a broken protocol; its users
# raise this bound where mail has longer ones, as bulk mailers' HTML does.
vars(poplib)["_MAXLINE"] = 10_000_000


def main() -> None:
    """Read all."""
    service, host, port, authority, name, password, folder = sys.argv[1:]
    context = ssl.create_default_context(cafile=authority)
    if service == "pop3s":
        pop3: poplib.POP3 = poplib.POP3_SSL(host, int(port), context=context, timeout=20)
    else:
        pop3 = poplib.POP3(host, int(port), timeout=20)
        pop3.stls(context)
    pop3.utf8()
    pop3.user(name)
    pop3.pass_(password)
    _, ids, _ = pop3.uidl()
    for line in ids:
        number = int(line.split()[0])
        _, lines, _ = pop3.retr(number)
        Path(folder, str(number)).write_bytes(b"".join(each + b"\r\n" for each in lines))
    pop3.quit()


main()
