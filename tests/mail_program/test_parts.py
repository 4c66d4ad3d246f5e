"""Parts, their names and their texts: as the RFCs say, and as they are broken every day."""

from __future__ import annotations

import base64

import pytest

from tests.mail_program.hostile_letters import HEAD, body, mixed
from tests.mail_program.opened import content, leaves, opened


def name_of(parameters: str | bytes, field: bytes = b"Content-Disposition: attachment; ") -> str:
    """Return the name of the only attachment of a letter."""
    octets = parameters.encode() if isinstance(parameters, str) else parameters
    part = b"--b\r\nContent-Type: application/octet-stream\r\n" + field + octets
    letter = opened(mixed(b"--b\r\n\r\nhello\r\n" + part + b"\r\n\r\nx\r\n--b--\r\n"))
    (attachment,) = letter.attachments
    return attachment.part.filename


FUN = (
    "filename*0*=us-ascii'en'This%20is%20even%20more%20;\r\n"
    ' filename*1*=%2A%2A%2Afun%2A%2A%2A%20;\r\n filename*2="isn\'t it!"'
)
NAMES = (
    ('filename="a.pdf"', "a.pdf"),
    ("filename=a.pdf", "a.pdf"),
    ("FileName = a.pdf ;", "a.pdf"),
    ('filename="a; b.pdf"', "a; b.pdf"),
    ('filename="a\\"b.pdf"', 'a"b.pdf'),
    # RFC 2231 §3 and §4
    ("filename*0=a;\r\n filename*1=b;\r\n filename*2=.pdf", "ab.pdf"),
    ("filename*1=b; filename*0=a; filename*2=.pdf", "ab.pdf"),
    ("filename*=us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A", "This is ***fun***"),
    (FUN, "This is even more ***fun*** isn't it!"),
    ("filename*=utf-8''%E8%A6%8B%E7%A9%8D%E6%9B%B8.pdf", "見積書.pdf"),
    ("filename*=utf-8'ja'%e8%a6%8b%e7%a9%8d%e6%9b%b8.pdf", "見積書.pdf"),
    ("filename*=Shift_JIS''%8C%A9%90%CF%8F%91.pdf", "見積書.pdf"),
    ("filename*=iso-2022-jp''%1B%24B%38%2B%40%51%3D%71%1B%28B.pdf", "見積書.pdf"),
    (
        "filename*0*=utf-8''%E8%A6; filename*1*=%8B%E7%A9%8D; filename*2*=%E6%9B%B8.pdf",
        "見積書.pdf",
    ),
    ("filename=old.pdf; filename*=utf-8''%E8%A6%8B.pdf", "見.pdf"),
    ("filename*=utf-8''%E8%A6%8B.pdf; filename=old.pdf", "見.pdf"),
    # As they are broken
    ('filename="=?utf-8?B?6KaL56mN5pu4LnBkZg==?="', "見積書.pdf"),
    ("filename==?utf-8?B?6KaL56mN5pu4LnBkZg==?=", "見積書.pdf"),
    ('filename="=?utf-8?B?6KaL56mN?=\r\n =?utf-8?B?5pu4LnBkZg==?="', "見積書.pdf"),
    ('filename="見積書.pdf"', "見積書.pdf"),
    ("filename=見積書.pdf", "見積書.pdf"),
    ("filename*=%E8%A6%8B%E7%A9%8D%E6%9B%B8.pdf", "見積書.pdf"),
    ("filename*=\"utf-8''%E8%A6%8B%E7%A9%8D%E6%9B%B8.pdf\"", "見積書.pdf"),
    ('filename*0="=?utf-8?B?6KaL56mN?="; filename*1=".pdf"', "見積.pdf"),
    ('filename="a.pdf', "a.pdf"),
    ("filename=my report.pdf", "my report.pdf"),
)


@pytest.mark.parametrize(("written", "meant"), NAMES)
def test_names(written: str, meant: str) -> None:
    assert name_of(written) == meant


def test_a_name_in_raw_shift_jis() -> None:
    assert name_of('filename="見積書表示.pdf"'.encode("cp932")) == "見積書表示.pdf"


def test_a_name_in_raw_iso_2022_jp() -> None:
    assert name_of('filename="見積書.pdf"'.encode("iso2022_jp")) == "見積書.pdf"


def test_the_name_of_the_type_where_there_is_no_other() -> None:
    part = b'--b\r\nContent-Type: application/pdf; name="a.pdf"\r\n\r\nx\r\n--b--\r\n'
    (attachment,) = opened(mixed(b"--b\r\n\r\nhello\r\n" + part)).attachments
    assert attachment.part.filename == "a.pdf"


def test_of_two_types_the_first_counts() -> None:
    assert name_of('Content-Type: application/pdf; name="a.pdf"', b"X: y\r\n") == ""


def test_a_name_that_ends_in_half_a_character_of_shift_jis() -> None:
    assert name_of(b'filename="' + "一覧表".encode("cp932") + b'"; size=5') == "一覧表"


def test_a_type_with_controls_in_it_keeps_the_rest() -> None:
    letter = opened(b"Content-Type: application/octet\x1b-stream\r\n\r\nx\r\n")
    assert letter.root.media_type == "application/octet-stream"


@pytest.mark.parametrize(
    "written",
    [
        "filename*=utf-8''%",
        "filename*=utf-8''%Z",
        "filename*=zlib''%78%9c",
        "filename*=x-unknown''%ff",
        "filename*=''",
        "filename*='",
        "filename*='''",
        "filename*0*=utf-8''a; filename*2*=c",
        "filename*99999999999999999999=a",
        "filename*-1=a",
        "filename*01=a",
        "filename**=a",
        "filename*٣=a",
        "filename=",
        'filename=""',
        "filename*=utf-8''%0D%0ABcc:%20eve@example.net",
        "filename*=utf-8''a%00b",
        "filename*=utf-8''a%1b[2Jb",
        "filename*=utf-8''%ed%a0%80",
        "filename=a; filename=b",
    ],
)
def test_a_name_that_is_none_does_no_harm(written: str) -> None:
    """The check of every letter looks at what came of it."""
    name_of(written)


def test_parts_of_a_mixed_letter() -> None:
    raw = mixed(
        b"preamble\r\n--b\r\n\r\nhello\r\n--b\r\nContent-Type: application/pdf\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\nYWJj\r\n--b--\r\nepilogue\r\n"
    )
    letter = opened(raw)
    assert [content(raw, part) for part in leaves(letter.root)] == [b"hello", b"abc"]
    assert [part.media_type for part in leaves(letter.root)] == ["text/plain", "application/pdf"]
    assert letter.text.strip() == "hello"
    assert len(letter.attachments) == 1


def test_a_boundary_that_another_begins_with() -> None:
    raw = mixed(
        b"--b\r\nContent-Type: multipart/alternative; boundary=bb\r\n\r\n"
        b"--bb\r\n\r\none\r\n--bb--\r\n--b\r\n\r\ntwo\r\n--b--\r\n"
    )
    assert [content(raw, part) for part in leaves(opened(raw).root)] == [b"one", b"two"]


def test_the_outer_boundary_ends_what_was_left_open() -> None:
    raw = mixed(
        b"--b\r\nContent-Type: multipart/alternative; boundary=c\r\n\r\n"
        b"--c\r\n\r\none\r\n--b\r\n\r\ntwo\r\n"
    )
    assert [content(raw, part).strip() for part in leaves(opened(raw).root)] == [b"one", b"two"]


@pytest.mark.parametrize("line_end", [b"\r\n", b"\n"])
def test_a_boundary_with_blanks_in_it_and_behind_it(line_end: bytes) -> None:
    raw = mixed(b"--a b  \r\n\r\nhello\r\n--a b-- \r\n", b"a b").replace(b"\r\n", line_end)
    assert opened(raw).text.strip() == "hello"


def test_a_multipart_without_boundary_is_text() -> None:
    assert "hello" in opened(body("multipart/mixed", b"hello\r\n")).text


def test_a_multipart_whose_boundary_never_comes_is_text() -> None:
    assert "hello" in opened(body("multipart/mixed; boundary=b", b"hello\r\n")).text


def test_a_multipart_that_is_encoded_is_read() -> None:
    """RFC 2045 §6.4 forbids it; some do it."""
    inside = base64.encodebytes(b"--b\r\n\r\nhello\r\n--b--\r\n")
    opened(body("multipart/mixed; boundary=b", inside, "base64"))


def test_a_digest_holds_letters() -> None:
    """RFC 2046 §5.1.5: the type of its parts is message/rfc822 where they say nothing."""
    raw = (
        HEAD + b"Content-Type: multipart/digest; boundary=b\r\n\r\n"
        b"--b\r\n\r\nSubject: inside\r\n\r\nhello\r\n--b--\r\n"
    )
    letter = opened(raw)
    assert letter.root.parts[0].media_type == "message/rfc822"


def test_a_forwarded_letter_does_not_speak_for_the_outer_one() -> None:
    raw = mixed(
        b"--b\r\n\r\nouter\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n"
        b"Subject: inner\r\nFrom: eve@example.net\r\n\r\ninner\r\n--b--\r\n"
    )
    letter = opened(raw)
    assert letter.subject == "hello"
    assert letter.senders[0].mailbox == "ada@example.org"
    assert "outer" in letter.text


def test_plain_text_is_better_than_html() -> None:
    raw = (
        HEAD + b"Content-Type: multipart/alternative; boundary=b\r\n\r\n"
        b"--b\r\n\r\nplain\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>rich</p>\r\n--b--\r\n"
    )
    letter = opened(raw)
    assert letter.text.strip() == "plain"
    assert letter.attachments == ()


def test_html_becomes_text_without_what_is_not_shown() -> None:
    page = (
        b"<html><head><title>no</title><style>p{color:red}</style></head><body>"
        b"<script>alert(1)</script><!-- no --><p>one &amp; two &#x65e5;&nbsp;three</p>"
        b"<p>four<br>five</p></body></html>"
    )
    text = opened(body("text/html; charset=utf-8", page)).text
    for word in ("alert", "color", "no", "<", "&amp;"):
        assert word not in text
    assert [line for line in text.split("\n") if line.strip()] == [
        "one & two 日 three",
        "four",
        "five",
    ] or text.replace("\N{NO-BREAK SPACE}", " ").split() == "one & two 日 three four five".split()


def test_html_names_its_own_charset() -> None:
    page = b'<meta http-equiv="Content-Type" content="text/html; charset=shift_jis"><p>' + (
        "日本語".encode("cp932") + b"</p>"
    )
    assert "日本語" in opened(body("text/html", page)).text


@pytest.mark.parametrize(
    "encoding",
    ["base64", "BASE64", "Base64 ", '"base64"', "base64 (comment)", "base64;"],
)
def test_base64_however_it_is_written(encoding: str) -> None:
    assert opened(body("text/plain", b"aGVsbG8=\r\n", encoding)).text.strip() == "hello"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (b"aGVsbG8=", b"hello"),
        (b"aGVsbG8", b"hello"),
        (b"aGVs\r\nbG8=\r\n", b"hello"),
        (b"a GV\tsb!!G8=", b"hello"),
        (b"aGVs=\r\nbG8=", b"hello"),
        (b"aGVsbG8=\r\n-- \r\nAda", b"hello"),
        (b"", b""),
        (b"=", b""),
        (b"====", b""),
    ],
)
def test_base64_that_is_broken(written: bytes, meant: bytes) -> None:
    raw = body("application/octet-stream", written, "base64")
    (part,) = leaves(opened(raw).root)
    assert content(raw, part) == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (b"a=3Db", b"a=b"),
        (b"a=3db", b"a=b"),
        (b"a=\r\nb", b"ab"),
        (b"a=\nb", b"ab"),
        (b"a= \t\r\nb", b"ab"),
        (b"a  \r\nb", b"a\r\nb"),
        (b"a=ZZb", b"a=ZZb"),
        (b"a=", b"a"),
        (b"a=4", b"a=4"),
        (b"a_b", b"a_b"),
        (b"\xe6\x97\xa5", b"\xe6\x97\xa5"),
    ],
)
def test_quoted_printable(written: bytes, meant: bytes) -> None:
    raw = body("application/octet-stream", written, "quoted-printable")
    (part,) = leaves(opened(raw).root)
    assert content(raw, part) == meant


@pytest.mark.parametrize("encoding", ["x-uuencode", "uuencode", "x-uue"])
def test_uuencode(encoding: str) -> None:
    written = b"begin 644 a.txt\r\n%:&5L;&\\\r\n`\r\nend\r\n"
    raw = body("application/octet-stream", written, encoding)
    (part,) = leaves(opened(raw).root)
    assert content(raw, part) == b"hello"


def test_an_unknown_encoding_is_shown_as_it_is() -> None:
    assert "hello" in opened(body("text/plain", b"hello", "x-unknown")).text


def test_a_type_that_is_said_twice_is_the_first() -> None:
    raw = HEAD + b"Content-Type: text/plain\r\nContent-Type: text/html\r\n\r\n<p>hello\r\n"
    assert "<p>" in opened(raw).text


@pytest.mark.parametrize("kind", ["", "text", "text/", "/plain", ";", "text plain", "TEXT/PLAIN"])
def test_a_type_that_is_none_is_text(kind: str) -> None:
    """RFC 2045 §5.2."""
    assert opened(body(kind, b"hello")).text.strip() == "hello"


def test_flowed_text_is_joined() -> None:
    """RFC 3676 §4: a blank at the end of a line joins it with the next, in the same quotation."""
    text = opened(
        body("text/plain; format=flowed", b"one \r\ntwo\r\n> three \r\n> four\r\n-- \r\nAda\r\n")
    ).text
    lines = [line.rstrip() for line in text.replace("\r\n", "\n").split("\n")]
    assert "one two" in lines
    assert "> three four" in lines
    assert "--" in lines


def test_flowed_text_with_delsp() -> None:
    text = opened(
        body("text/plain; charset=utf-8; format=flowed; delsp=yes", "日本 \r\n語\r\n".encode())
    ).text
    assert "日本語" in text


def test_attachments_are_what_is_no_text_of_the_letter() -> None:
    raw = mixed(
        b"--b\r\n\r\nhello\r\n"
        b"--b\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename=a.txt\r\n"
        b"\r\nnot shown\r\n"
        b"--b\r\nContent-Type: image/png; name=b.png\r\nContent-Disposition: inline\r\n\r\nx\r\n"
        b"--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: c\r\n\r\nx\r\n--b--\r\n"
    )
    letter = opened(raw)
    names = [attachment.name for attachment in letter.attachments]
    assert names[:2] == ["a.txt", "b.png"]
    assert len(names) == 3
    assert "not shown" not in letter.text
