"""Where lines begin with a dot: what POP3 and SMTP double when they send a message.

Called by `staging` (while octets come in) and `body_reader` (where none were noted).
Never looks at an octet in Python; never takes anything but CRLF for the end of a line.
Standards: RFC 1939 §3, RFC 5321 §4.5.2.
Fails never.
"""

from __future__ import annotations


def find_dots(octets: bytes, base: int) -> list[int]:
    """Return the places of the dots in `octets` that follow CRLF, ascending.

    `base` is the place of the first octet, negative for what stands in front of a range.
    """
    dots: list[int] = []
    position = octets.find(b"\r\n.")
    while position >= 0:
        dots.append(base + position + 2)
        position = octets.find(b"\r\n.", position + 3)
    return dots
