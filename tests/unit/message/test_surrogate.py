"""What a program without UTF-8 support sees of an internationalised message."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterable
from email.header import decode_header, make_header
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hato.core.limits import HEADER_SCAN_OCTETS
from hato.message.surrogate import Surrogate
from hato.message.surrogate_fields import ADDRESS_FIELDS, NOBODY, surrogate_field
from hato.message.words import encode_words


def surrogate(message: bytes | str, chunk_octets: int = 10**9) -> bytes:
    """Return the surrogate of a message that passes in chunks."""
    octets = message.encode() if isinstance(message, str) else message
    one = Surrogate()
    shown = [
        one.feed(octets[start : start + chunk_octets])
        for start in range(0, len(octets), chunk_octets)
    ]
    return b"".join([*shown, one.finish()])


def lines(*parts: str) -> str:
    """Join lines."""
    return "".join(f"{part}\r\n" for part in parts)


def shown(field: str) -> str:
    """Return a field's surrogate without its line end."""
    return surrogate_field(field.encode() + b"\r\n").decode("ascii").removesuffix("\r\n")


def decoded(text: str) -> str:
    """Undo encoded words."""
    return str(make_header(decode_header(text)))


MULTIPART = lines(
    "From: 花子 <花子@例え.jp>",
    "Subject: 写真",
    "Content-Type: multipart/mixed;",
    ' boundary="=_outer"',
    "",
    "preamble 前",
    "--=_outer",
    "Content-Type: multipart/alternative; boundary=inner",
    "",
    "--inner",
    "Content-Type: text/plain; charset=utf-8",
    "X-Note: ほ",
    "",
    "本文",
    "--inner--",
    "--=_outer",
    "Content-Type: image/png; name=写真.png",
    "Content-Disposition: attachment; filename=写真.png; size=4",
    "Content-Transfer-Encoding: base64",
    "",
    "AAAA",
    "--=_outer",
    "Content-Type: message/rfc822",
    "",
    "From: ada@example.org",
    "Subject: 中",
    "",
    "Subject: not a header です",
    "--=_outer--",
    "epilogue 後",
)
MULTIPART_SHOWN = lines(
    "From: " + encode_words("花子 花子@例え.jp") + f" <{NOBODY}>",
    "Subject: " + encode_words("写真"),
    "Content-Type: multipart/mixed;",
    ' boundary="=_outer"',
    "",
    "preamble 前",
    "--=_outer",
    "Content-Type: multipart/alternative; boundary=inner",
    "",
    "--inner",
    "Content-Type: text/plain; charset=utf-8",
    "",
    "本文",
    "--inner--",
    "--=_outer",
    "Content-Type: image/png",
    "Content-Disposition: attachment;",
    " size=4",
    "Content-Transfer-Encoding: base64",
    "",
    "AAAA",
    "--=_outer",
    "Content-Type: message/rfc822",
    "",
    "From: ada@example.org",
    "Subject: " + encode_words("中"),
    "",
    "Subject: not a header です",
    "--=_outer--",
    "epilogue 後",
)


@pytest.mark.parametrize("chunk_octets", [1, 2, 3, 5, 64, 1000, 10**6])
def test_headers_change_wherever_they_are_and_bodies_nowhere(chunk_octets: int) -> None:
    assert surrogate(MULTIPART, chunk_octets) == MULTIPART_SHOWN.encode()


@pytest.mark.parametrize("chunk_octets", [1, 7, 10**6])
@pytest.mark.parametrize("boundary", ["境界", '"境 界"', "é-1", '"=_境界"'])
def test_a_boundary_that_is_not_ascii_keeps_its_parts_apart(
    boundary: str, chunk_octets: int
) -> None:
    delimiter = "--" + boundary.strip('"')
    message = lines(
        "Subject: 花",
        f"Content-Type: multipart/mixed; charset=写; boundary={boundary}; a=b",
        "",
        delimiter,
        "Subject: 中",
        "Content-Type: multipart/alternative; boundary=inner",
        "",
        "--inner",
        "",
        "一",
        "--inner--",
        delimiter + "  ",
        "",
        "二",
        delimiter + "-3",
        delimiter + "--",
        "epilogue",
    )
    made = surrogate(message, chunk_octets)
    assert made.partition(b"\r\n\r\n")[0].isascii()
    parsed = email.message_from_bytes(made, policy=email.policy.default)
    assert parsed.get_content_type() == "multipart/mixed"
    first, second = parsed.iter_parts()
    assert first["Subject"] == "中"
    assert [part.get_payload(decode=True) for part in first.iter_parts()] == ["一".encode()]
    assert second.get_payload(decode=True) == f"二\r\n{delimiter}-3".encode()
    assert parsed["Content-Type"].params["a"] == "b"


ENDS = [
    pytest.param(("--é", "--é--"), id="delimiter, delimiter"),
    pytest.param(("--é", "Content-Type: multipart/x; boundary=ü"), id="delimiter, field"),
    pytest.param(("--é", "", "--é--"), id="body, delimiter"),
]


@pytest.mark.parametrize("chunk_octets", [1, 7, 10**6])
@pytest.mark.parametrize("line_end", ["\r\n", ""])
@pytest.mark.parametrize("end", ENDS)
def test_the_last_line_is_shown_as_any_other(
    end: tuple[str, ...], line_end: str, chunk_octets: int
) -> None:
    begin = lines("Subject: 花", "Content-Type: multipart/mixed; boundary=é", "", *end[:-1])
    made = surrogate(begin + end[-1] + line_end, chunk_octets)
    going_on = surrogate(begin + lines(end[-1], "X: y"))
    assert made.removesuffix(b"\r\n") == going_on.removesuffix(b"\r\nX: y\r\n")
    assert made.isascii()


def test_only_content_type_has_a_boundary() -> None:
    message = lines("Content-Type-X: multipart/mixed; boundary=é", "A: 1", "", "body")
    assert surrogate(message) == lines("A: 1", "", "body").encode()
    message = lines("content-type : multipart/mixed; boundary=é", "A: 1", "", "body")
    assert b'content-type : multipart/mixed; boundary="=_' in surrogate(message)


def test_a_boundary_that_is_not_even_utf8_is_another_one_for_each() -> None:
    made = [
        surrogate(
            b"X: \xff\r\nContent-Type: multipart/x; boundary=" + b + b"\r\n\r\n--" + b + b"\r\n"
        )
        for b in (b"\xff1", b"\xfe1")
    ]
    assert made[0].isascii()
    assert made[0] != made[1]


def test_what_is_encoded_is_no_header() -> None:
    message = lines(
        "Subject: 花",
        "Content-Type: multipart/mixed; boundary=b",
        "",
        "--b",
        "Content-Type: message/rfc822",
        "Content-Transfer-Encoding: base64",
        "",
        "Subject: 花",
        "--b--",
    )
    assert surrogate(message).decode().count("Subject: 花") == 1


def test_the_parts_of_a_digest_are_messages() -> None:
    message = lines(
        "Subject: 花",
        "Content-Type: multipart/digest; boundary=b",
        "",
        "--b",
        "",
        "Subject: 花",
        "",
        "Subject: 花",
        "--b--",
    )
    assert surrogate(message).decode().count("Subject: 花") == 1


def test_a_message_in_ascii_is_its_own_surrogate() -> None:
    message = lines("From: a@b", "Subject: x", " folded", "garbage", "", "body", ".", "--x", "")
    assert surrogate(message) == message.encode()


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("To: ada@example.org", "To: ada@example.org"),
        (
            "From: Fred Foo <fred@例え.com>",
            f"From: {encode_words('Fred Foo fred@例え.com')} <{NOBODY}>",
        ),
        ("From: 花子 <hanako@example.jp>", f"From: {encode_words('花子')} <hanako@example.jp>"),
        ('From: "花子, 山" <h@example.jp>', f"From: {encode_words('花子, 山')} <h@example.jp>"),
        ("From: h@example.jp (花子)", f"From: {encode_words('花子')} <h@example.jp>"),
        ("From: 花子@例え.jp", f"From: {encode_words('花子@例え.jp')} <{NOBODY}>"),
        ("Return-Path: <花子@例え.jp>", f"Return-Path: <{NOBODY}>"),
        (
            "To: a@b, 花 <h@x.jp>, C <c@d>",
            f"To: a@b,\r\n {encode_words('花')} <h@x.jp>,\r\n C <c@d>",
        ),
        ("Cc: 友達: a@b, c@d;", f"Cc: {encode_words('友達')}: a@b,\r\n c@d;"),
        ("Cc: 友達:;", f"Cc: {encode_words('友達')}: ;"),
        ("Cc: friends: 花 <h@x.jp>;, z@y", f"Cc: friends: {encode_words('花')} <h@x.jp>;,\r\n z@y"),
        ("Received: from 例え.jp by mx", ""),
        ("X-Note: ほ", ""),
        ("Message-ID: <花@例え.jp>", ""),
        ("Ｘ: y", ""),
        ("Content-Disposition: attachment; filename=写.png", "Content-Disposition: attachment"),
        ("Content-Type: 画/png", ""),
        (
            'Content-Type: text/plain; a="x;y"; name="写;真"; b=2',
            'Content-Type: text/plain;\r\n a="x;y";\r\n b=2',
        ),
    ],
)
def test_a_field_is_shown_as_well_as_it_can_be(field: str, expected: str) -> None:
    assert shown(field) == expected


def test_a_subject_can_be_read_again() -> None:
    text = "こんにちは、鳩です。" * 20 + " and ASCII"
    field = shown(f"Subject: {text}")
    assert decoded(field.removeprefix("Subject: ")) == text
    assert all(len(line) <= 84 for line in field.split("\r\n"))


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200))
def test_encoded_words_divide_no_character(text: str) -> None:
    encoded = encode_words(text)
    assert encoded.isascii()
    assert decoded(encoded) == text
    assert all(len(word) <= 75 for word in encoded.split("\r\n "))


@pytest.mark.parametrize("name", sorted(ADDRESS_FIELDS))
def test_no_address_of_somebody_else_comes_out(name: bytes) -> None:
    field = name + ": 花子 <hanako@例え.jp>, <b@例.jp>\r\n".encode()
    made = surrogate_field(field)
    assert made.isascii()
    assert made.count(b"@") == made.count(NOBODY.encode()) >= 1


nasty = st.lists(
    st.sampled_from(
        ["\r\n", "\r\n", "\r\n\r\n", "From: ", "Subject: ", "花", " ", "\t", '"', "<", ">", "(",
         ")", ",", ";", ":", "\\", "--b", "--b--", "Content-Type: multipart/mixed; boundary=b",
         "Content-Type: ", "message/rfc822", "\r", "\n", "x", "@", "\ufffd", "--"]
    ),
    max_size=40,
).map("".join)  # fmt: skip


@given(nasty, st.integers(1, 50))
def test_it_does_not_matter_how_a_message_is_cut(message: str, chunk_octets: int) -> None:
    assert surrogate(message, chunk_octets) == surrogate(message)


@given(nasty.map(lambda text: "From: 花\r\n" + text))
def test_the_header_of_a_surrogate_is_ascii(message: str) -> None:
    header = surrogate(message + "\r\n\r\n").partition(b"\r\n\r\n")[0]
    assert header.isascii()


@given(nasty)
def test_no_part_ends_between_cr_and_lf(message: str) -> None:
    one = Surrogate()
    parts = [part for octet in message.encode() if (part := one.feed(bytes([octet])))]
    for part, following in pairwise([*parts, one.finish()]):
        assert not (part.endswith(b"\r") and following.startswith(b"\n"))


def test_a_field_beyond_all_measure_is_left_out_and_the_rest_is_shown() -> None:
    message = (
        b"A: 1\r\nX: " + b"y" * (HEADER_SCAN_OCTETS * 2) + b"\r\n more\r\nB: 2\r\n\r\nbody\r\n"
    )
    assert surrogate(message, 4096) == b"A: 1\r\nB: 2\r\n\r\nbody\r\n"


def test_multiparts_without_end_do_not_stop_it() -> None:
    nested = "".join(
        lines(f"Content-Type: multipart/mixed; boundary=b{level}", "", f"--b{level}")
        for level in range(300)
    )
    assert surrogate("Subject: 花\r\n" + nested).endswith(b"--b299\r\n")


def test_other_programs_can_parse_a_surrogate() -> None:
    parsed = email.message_from_bytes(surrogate(MULTIPART), policy=email.policy.default)
    assert parsed["From"].addresses[0].addr_spec == NOBODY
    assert parsed["Subject"] == "写真"
    assert [part.get_content_type() for part in parsed.iter_parts()] == [
        "multipart/alternative",
        "image/png",
        "message/rfc822",
    ]


def chunks_of(octets: bytes, size: int) -> Iterable[bytes]:
    """Cut octets into pieces."""
    return (octets[start : start + size] for start in range(0, len(octets), size))


def test_little_is_held_of_a_large_message() -> None:
    one = Surrogate()
    head = b"Subject: \xe8\x8a\xb1\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n"
    one.feed(head)
    for chunk in chunks_of(b"line of text\r\n" * 50_000, 65_536):
        one.feed(chunk)
        assert len(one._held) - one._at < 300
