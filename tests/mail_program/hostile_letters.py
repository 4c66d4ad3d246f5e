"""Letters that were made to stop a reader: each is one idea, repeated as often as asked.

Used by the tests of time, memory and depth; a case is a name and a function of n.
Never made by a mail program, but all of them may lie in anybody's mailbox.
Standards: what RFC 5322, RFC 2045 to 2047, RFC 2231 and RFC 3676 allow or forbid.
Fails never.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

Case: TypeAlias = Callable[[int], bytes]

HEAD: Final = b"From: Ada <ada@example.org>\r\nSubject: hello\r\nMIME-Version: 1.0\r\n"


def field(name: str, value: bytes) -> bytes:
    """A letter with one field of a name, and those that it needs besides."""
    head = HEAD.replace(b"Subject: hello\r\n", b"") if name == "Subject" else HEAD
    return head + name.encode() + b": " + value + b"\r\n\r\nhello\r\n"


def body(kind: str, text: bytes, encoding: str = "8bit") -> bytes:
    """A letter of one part."""
    return (
        HEAD
        + f"Content-Type: {kind}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n".encode()
        + text
    )


def mixed(text: bytes, boundary: bytes = b"b") -> bytes:
    """A letter of many parts, as far as `text` has them."""
    return HEAD + b'Content-Type: multipart/mixed; boundary="' + boundary + b'"\r\n\r\n' + text


def nested_multiparts(n: int, end: bool = False) -> bytes:
    """N multiparts, one in the other, each with its own boundary."""
    n = min(n, 20_000)
    opening = b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (one, one)
        for one in range(n)
    )
    closing = b"".join(b"\r\n--b%d--\r\n" % one for one in reversed(range(n))) if end else b""
    return HEAD + opening + b"\r\nthe innermost text\r\n" + closing


def crossed_boundaries(n: int) -> bytes:
    """The multiparts are nested, and their ends come in the wrong order."""
    n = min(n, 20_000)
    return nested_multiparts(n) + b"".join(b"\r\n--b%d--\r\n" % one for one in range(n))


def many_open_boundaries(n: int) -> bytes:
    """Forty open multiparts, and n lines that look like a boundary of none of them."""
    return nested_multiparts(40) + b"--bX\r\n" * n


STRUCTURE: Final[dict[str, Case]] = {
    "nested multiparts": nested_multiparts,
    "nested multiparts that end": lambda n: nested_multiparts(n, end=True),
    "nested multiparts whose ends are crossed": crossed_boundaries,
    "nested multiparts with one boundary": lambda n: (
        HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" * n + b"\r\nx"
    ),
    "many lines like a boundary in many multiparts": many_open_boundaries,
    "letters in letters": lambda n: HEAD + b"Content-Type: message/rfc822\r\n\r\n" * n + b"x",
    "digests in digests": lambda n: (
        HEAD + b"Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\n" * n
    ),
    "many parts": lambda n: mixed(b"--b\r\n\r\nx\r\n" * n + b"--b--\r\n"),
    "many empty parts": lambda n: mixed(b"--b\r\n" * n),
    "many ends": lambda n: mixed(b"--b--\r\n" * n),
    "many attachments": lambda n: mixed(
        b"--b\r\nContent-Disposition: attachment; filename=a\r\n\r\nx\r\n" * n
    ),
    "many parts with a long header": lambda n: mixed(
        (b"--b\r\n" + b"X: y\r\n" * 30 + b"\r\nx\r\n") * (n // 30)
    ),
    "a long boundary": lambda n: mixed(b"--" + b"x" * n + b"\r\n\r\nx", b"x" * n),
    "a long boundary, and its beginning very often": lambda n: mixed(
        (b"--" + b"x" * 60 + b"\r\n") * (n // 10), b"x" * 10_000
    ),
    "a boundary of dashes": lambda n: mixed(b"-" * n + b"\r\n" + b"--\r\n" * n, b"-" * 50),
    "an empty boundary": lambda n: mixed(b"--\r\n" * n, b""),
    "lines that begin like a boundary": lambda n: mixed(b"--bb\r\n" * n),
    "boundaries with blanks behind them": lambda n: mixed((b"--b" + b" " * 200 + b"\r\n") * n),
    "one boundary with many blanks": lambda n: mixed(b"--b" + b" \t" * n + b"x\r\n"),
    "dashes inside lines": lambda n: mixed(b"a--b\r\n" * n),
    "only dashes": lambda n: mixed(b"--" * n),
    "bare CR for line ends": lambda n: mixed(b"--b\r\rx\r" * n),
    "LF for line ends": lambda n: mixed(b"--b\n\nx\n" * n),
    "the type said often": lambda n: HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n" * n,
    "NUL": lambda n: HEAD + b"\r\n" + bytes(n),
    "8-bit noise": lambda n: bytes(range(256)) * (n // 64),
}

HEADER: Final[dict[str, Case]] = {
    "many fields": lambda n: HEAD + b"X-Field: y\r\n" * n + b"\r\nx",
    "many fields without an end": lambda n: HEAD + b"X-Field: y\r\n" * n,
    "many Received": lambda n: HEAD + b"Received: by a; Mon, 1 Jan 2026 00:00:00 +0000\r\n" * n,
    "many Subject": lambda n: b"Subject: a\r\n" * n + b"\r\n",
    "many To": lambda n: b"To: Ada <ada@example.org>\r\n" * n + b"\r\n",
    "a folded field": lambda n: field("Subject", b"a" + b"\r\n a" * n),
    "a field folded with nothing": lambda n: field("Subject", b"a" + b"\r\n " * n),
    "blanks in a field": lambda n: field("Subject", b" \t" * n + b"x"),
    "blanks at the end of a field": lambda n: field("Subject", b"x" + b" " * n),
    "a name without end": lambda n: HEAD + b"X" * n,
    "a name and blanks without colon": lambda n: HEAD + b"X" + b" " * n + b"\r\n\r\nx",
    "lines without colon": lambda n: HEAD + b"nothing\r\n" * n + b"\r\nx",
    "colons": lambda n: HEAD + b":" * n + b"\r\n\r\nx",
    "lines of one colon": lambda n: HEAD + b":\r\n" * n + b"\r\nx",
    "CR": lambda n: HEAD + b"X: " + b"\r" * n,
    "CR in a field": lambda n: field("Subject", b"a\r" * n),
    "a first line that goes on": lambda n: b" x\r\n" * n,
    "Re: Re:": lambda n: field("Subject", b"Re: " * n),
    "8-bit octets in a field": lambda n: field("Subject", b"\x93\xfa\x96\x7b" * n),
    "escape sequences of ISO-2022-JP": lambda n: field("Subject", b"\x1b$B\x1b(B" * n),
    "References": lambda n: field("References", b"<a@b>\r\n " * n),
    "References without end": lambda n: field("References", b"<" * n),
    "References of noise": lambda n: field("References", b"a< >" * n),
    "In-Reply-To of comments": lambda n: field("In-Reply-To", b"(" * n),
    "a long date": lambda n: field("Date", b"Mon, 1 Jan 2026 " + b"0" * n),
    "a date of comments": lambda n: field("Date", b"(" * n + b"1 Jan 2026 00:00:00 +0000"),
    "a date of blanks": lambda n: field("Date", b"1" + b" " * n + b"Jan 2026"),
    "a date of colons": lambda n: field("Date", b"1:" * n),
}

ADDRESSES: Final[dict[str, Case]] = {
    "many recipients": lambda n: field("To", b"Ada <ada@example.org>,\r\n " * n + b"a@b"),
    "many bare recipients": lambda n: field("To", b"a@b," * n),
    "commas": lambda n: field("To", b"," * n),
    "opening comments": lambda n: field("To", b"(" * n),
    "comments in comments": lambda n: field("To", b"(" * n + b")" * n + b" a@b"),
    "comments side by side": lambda n: field("To", b"()" * n + b"a@b"),
    "comments between all": lambda n: field("To", b"a(x)" * n + b"@b"),
    "closing comments": lambda n: field("To", b")" * n),
    "quotes": lambda n: field("To", b'"' * n),
    "quoted pairs": lambda n: field("To", b'"' + b"\\" * n),
    "quoted pairs that end": lambda n: field("To", b'"' + b'\\"' * n + b'" <a@b>'),
    "opening brackets": lambda n: field("To", b"<" * n),
    "brackets": lambda n: field("To", b"<>" * n),
    "a route": lambda n: field("To", b"<" + b"@a," * n + b":c@d>"),
    "groups": lambda n: field("To", b"g: a@b;" * n),
    "groups in groups": lambda n: field("To", b"g:" * n),
    "empty groups": lambda n: field("To", b":;" * n),
    "at signs": lambda n: field("To", b"@" * n),
    "dots": lambda n: field("To", b"." * n + b"@" + b"." * n),
    "domain literals": lambda n: field("To", b"a@" + b"[" * n),
    "words": lambda n: field("To", b"a " * n),
    "words and an address": lambda n: field("To", b"a " * n + b"<a@b>"),
    "backslashes": lambda n: field("To", b"\\" * n),
    "recipients that are folded": lambda n: field("To", b"\r\n " * n + b"a@b"),
    "encoded names": lambda n: field("To", b"=?utf-8?Q?a?= <a@b>, " * n),
    "a name of encoded words": lambda n: field("To", b"=?utf-8?Q?a?= " * n + b"<a@b>"),
}

ENCODED_WORDS: Final[dict[str, Case]] = {
    "encoded words": lambda n: field("Subject", b"=?utf-8?B?5pel?= " * n),
    "encoded words without blanks": lambda n: field("Subject", b"=?utf-8?B?5pel?=" * n),
    "encoded words of Q": lambda n: field("Subject", b"=?utf-8?Q?=E6=97=A5?=\r\n " * n),
    "split characters": lambda n: field("Subject", b"=?utf-8?B?5g==?= =?utf-8?B?l6U=?= " * n),
    "changing charsets": lambda n: field("Subject", b"=?utf-8?Q?a?= =?koi8-r?Q?b?= " * n),
    "unknown charsets": lambda n: field(
        "Subject", b" ".join(b"=?x-%d?Q?a?=" % one for one in range(n))
    ),
    "openings": lambda n: field("Subject", b"=?" * n),
    "openings with a charset": lambda n: field("Subject", b"=?utf-8?" * n),
    "openings of B": lambda n: field("Subject", b"=?utf-8?B?" * n),
    "questions": lambda n: field("Subject", b"?" * n),
    "equals": lambda n: field("Subject", b"=" * n),
    "one long word": lambda n: field("Subject", b"=?utf-8?B?" + b"YWFh" * n + b"?="),
    "one long word without end": lambda n: field("Subject", b"=?utf-8?Q?" + b"a" * n),
    "a long charset": lambda n: field("Subject", b"=?" + b"x" * n + b"?Q?a?="),
    "words of words": lambda n: field("Subject", b"=?utf-8?Q?=3D=3F" * n),
    "broken hexadecimals": lambda n: field("Subject", b"=?utf-8?Q?" + b"=Z=" * n + b"?="),
    "shifts of ISO-2022-JP": lambda n: field("Subject", b"=?iso-2022-jp?B?GyRCGyhC?= " * n),
    "UTF-7": lambda n: field("Subject", b"=?utf-7?Q?" + b"+" * n + b"?="),
}

PARAMETERS: Final[dict[str, Case]] = {
    "parameters": lambda n: body("text/plain" + "; a=b" * n, b"x"),
    "continuations": lambda n: body(
        "text/plain; " + "; ".join(f"name*{one}=a" for one in range(n)), b"x"
    ),
    "continuations backwards": lambda n: body(
        "text/plain; " + "; ".join(f"name*{one}*=%41" for one in reversed(range(n))), b"x"
    ),
    "one continuation again and again": lambda n: body("text/plain" + "; name*0*=''a" * n, b"x"),
    "continuations with large numbers": lambda n: body(
        "text/plain; " + "; ".join(f"name*{one}99999999999=a" for one in range(n)), b"x"
    ),
    "a number without end": lambda n: body("text/plain; name*" + "9" * n + "=a", b"x"),
    "semicolons": lambda n: body("text/plain" + ";" * n, b"x"),
    "equals": lambda n: body("text/plain; " + "=" * n, b"x"),
    "stars": lambda n: body("text/plain; name" + "*" * n + "=a", b"x"),
    "quotes": lambda n: body("text/plain; name=" + '"' * n, b"x"),
    "an open quote": lambda n: body('text/plain; name="' + "a\\" * n, b"x"),
    "percents": lambda n: body("text/plain; name*=utf-8''" + "%" * n, b"x"),
    "hexadecimals": lambda n: body("text/plain; name*=utf-8''" + "%e6%97%a5" * n, b"x"),
    "apostrophes": lambda n: body("text/plain; name*=" + "'" * n, b"x"),
    "comments": lambda n: body("text/plain (" + "(" * n, b"x"),
    "comments between parameters": lambda n: body("text/plain" + ";(x)a(y)=(z)b" * n, b"x"),
    "slashes": lambda n: body("/" * n, b"x"),
    "a long type": lambda n: body("text/" + "x" * n, b"x"),
    "a long charset": lambda n: body("text/plain; charset=" + "x" * n, b"x"),
    "a long encoding": lambda n: body("text/plain", b"x", "x" * n),
    "a name of encoded words": lambda n: body(
        'text/plain; name="' + "=?utf-8?Q?a?= " * n + '"', b"x"
    ),
    "a name of paths": lambda n: body('application/x; name="' + "../" * n + '"', b"x"),
    "a name of blanks and dots": lambda n: body('application/x; name="' + " ." * n + '"', b"x"),
}

BODIES: Final[dict[str, Case]] = {
    "base64": lambda n: body("text/plain", b"YWFh\r\n" * n, "base64"),
    "base64 in one line": lambda n: body("text/plain", b"YWFh" * n, "base64"),
    "base64 of noise": lambda n: body("text/plain", b"Y!\r\n" * n, "base64"),
    "base64 of equals": lambda n: body("text/plain", b"=" * n, "base64"),
    "base64 that ends often": lambda n: body("text/plain", b"YQ==" * n, "base64"),
    "soft line ends": lambda n: body("text/plain", b"=\r\n" * n, "quoted-printable"),
    "equals": lambda n: body("text/plain", b"=" * n, "quoted-printable"),
    "broken hexadecimals": lambda n: body("text/plain", b"=Z" * n, "quoted-printable"),
    "blanks at line ends": lambda n: body("text/plain", b" " * n, "quoted-printable"),
    "lines of blanks": lambda n: body("text/plain", (b" " * 60 + b"\r\n") * n, "quoted-printable"),
    "uuencode": lambda n: body("text/plain", b"begin 644 a\r\n#86%A\r\n" * n, "x-uuencode"),
    "uuencode in the text": lambda n: body("text/plain", b"begin 644 a\r\n" * n),
    "flowed": lambda n: body("text/plain; format=flowed", b"a \r\n" * n),
    "flowed quotes": lambda n: body("text/plain; format=flowed; delsp=yes", b"> a \r\n" * n),
    "quotes in quotes": lambda n: body("text/plain; format=flowed", b">" * n + b" a \r\n"),
    "quotes of all depths": lambda n: body(
        "text/plain; format=flowed",
        b"".join(b">" * (one % 300) + b" a \r\n" for one in range(n // 50)),
    ),
    "blank lines": lambda n: body("text/plain", b"\r\n" * n),
    "one line": lambda n: body("text/plain", b"a" * n),
    "lines of one letter": lambda n: body("text/plain", b"a\r\n" * n),
    "shifts of ISO-2022-JP": lambda n: body("text/plain; charset=iso-2022-jp", b"\x1b$B\x1b(B" * n),
    "vendor characters of ISO-2022-JP": lambda n: body(
        "text/plain; charset=iso-2022-jp", b"\x1b$B-!\x1b(B" * n
    ),
    "bad octets of ISO-2022-JP": lambda n: body(
        "text/plain; charset=iso-2022-jp", b"\x1b$B\xff-!" * n
    ),
    "bad octets of UTF-8": lambda n: body("text/plain; charset=utf-8", b"\xe6\x97" * n),
    "bad octets of EUC-JP": lambda n: body("text/plain; charset=euc-jp", b"\x8f\xff" * n),
    "bad octets of UTF-16": lambda n: body("text/plain; charset=utf-16", b"\xd8\x00" * n),
    "bad octets of UTF-7": lambda n: body("text/plain; charset=utf-7", b"+ZZ" * n),
    "undeclared octets": lambda n: body("text/plain", b"\x93\xfa\x96\x7b" * n),
}

HTML: Final[dict[str, Case]] = {
    f"html: {name}": (lambda n, piece=piece, end=end: body("text/html", piece * n + end))
    for name, piece, end in (
        ("opening brackets", b"<", b""),
        ("closing brackets", b">", b""),
        ("elements in elements", b"<div>", b"x"),
        ("bold in italic", b"<b><i>", b"x"),
        ("ends without a beginning", b"</div>", b"x"),
        ("quotations in quotations", b"<blockquote>", b"x"),
        ("lists in lists", b"<ul><li>", b"x"),
        ("tables in tables", b"<table><tr><td>", b"x"),
        ("cells", b"<td>", b"x"),
        ("open comments", b"<!--", b""),
        ("comments", b"<!-- a -->", b"x"),
        ("open scripts", b"<script>", b"x"),
        ("scripts", b"<script>a</script>", b"x"),
        ("open styles", b"<style>", b"x"),
        ("open declarations", b"<!DOCTYPE ", b""),
        ("open sections", b"<![CDATA[", b""),
        ("open instructions", b"<?", b""),
        ("open tags", b"<a ", b""),
        ("open attributes", b'<a href="', b""),
        ("apostrophes", b"<a b='", b""),
        ("ampersands", b"&", b""),
        ("ampersands and letters", b"&a", b";"),
        ("characters", b"&#x65e5;", b""),
        ("characters beyond all", b"&#99999999999;", b""),
        ("an open character", b"&#", b""),
        ("half ends", b"</", b""),
        ("lines", b"<br>", b""),
        ("paragraphs", b"<p>", b"x"),
        ("rules", b"<hr>", b"x"),
        ("blanks", b" \n", b"x"),
        ("hard blanks", b"&nbsp;", b"x"),
        ("images", b'<img alt="a" src="http://x.example/">', b""),
        ("links", b'<a href="http://x.example/">a</a>', b""),
        ("preformatted", b"<pre>\n", b"x"),
        ("templates", b"<template>", b"x"),
        ("drawings", b"<svg><style>", b"x"),
    )
} | {
    "html: one tag with many attributes": lambda n: body("text/html", b"<a " + b"x=y " * n + b">z"),
    "html: one long attribute": lambda n: body("text/html", b'<a href="' + b"x" * n + b'">z</a>'),
    "html: one long character": lambda n: body("text/html", b"&#" + b"9" * n + b";"),
    "html: one long name": lambda n: body("text/html", b"<" + b"x" * n),
}

ALL: Final[dict[str, Case]] = {
    f"{group}: {name}": case
    for group, cases in (
        ("structure", STRUCTURE),
        ("header", HEADER),
        ("addresses", ADDRESSES),
        ("encoded words", ENCODED_WORDS),
        ("parameters", PARAMETERS),
        ("bodies", BODIES),
        ("text", HTML),
    )
    for name, case in cases.items()
}
