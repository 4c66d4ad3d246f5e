"""Runs a program at a terminal of its own and rejects the certificate that it asks about.

Usage: at_a_terminal.py PROGRAM ARGUMENT …
"""

from __future__ import annotations

import os
import pty
import sys

QUESTION = b"(r)eject"
READ_OCTETS = 65_536


def read(terminal: int) -> bytes:
    """Read what the program writes; answer its one question, and quit."""
    octets = os.read(terminal, READ_OCTETS)
    if QUESTION in octets:
        os.write(terminal, b"rq")
    return octets


sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:], read)))
