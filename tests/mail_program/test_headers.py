"""Encoded words, addresses and dates: as the RFCs say, and as they are broken every day."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta, timezone

import pytest

from tests.mail_program.hostile_letters import HEAD, field
from tests.mail_program.opened import opened


def subject_of(value: str | bytes) -> str:
    octets = value.encode() if isinstance(value, str) else value
    return opened(b"Subject: " + octets + b"\r\n\r\nx").subject


def recipients_of(value: str) -> list[tuple[str, str]]:
    letter = opened(field("To", value.encode()))
    return [(address.name or "", address.mailbox) for address in letter.recipients]


def split_words(text: str, charset: str, step: int) -> str:
    """Cut the octets of a text into encoded words wherever that falls."""
    octets = text.encode(charset)
    return " ".join(
        f"=?{charset}?B?{base64.b64encode(octets[at : at + step]).decode()}?="
        for at in range(0, len(octets), step)
    )


WORDS = (
    # RFC 2047 §8
    ("=?ISO-8859-1?Q?a?=", "a"),
    ("=?ISO-8859-1?Q?a?= b", "a b"),
    ("=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=", "ab"),
    ("=?ISO-8859-1?Q?a?=  =?ISO-8859-1?Q?b?=", "ab"),
    ("=?ISO-8859-1?Q?a?=\r\n   =?ISO-8859-1?Q?b?=", "ab"),
    ("=?ISO-8859-1?Q?a_b?=", "a b"),
    ("=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=", "a b"),
    ("=?US-ASCII?Q?Keith_Moore?=", "Keith Moore"),
    ("=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?=", "If you can read this yo"),
    ("=?ISO-8859-2?B?dSB1bmRlcnN0YW5kIHRoZSBleGFtcGxlLg==?=", "u understand the example."),
    # RFC 2231 §5
    ("=?US-ASCII*EN?Q?Keith_Moore?=", "Keith Moore"),
    # In every case
    ("=?utf-8?b?5pel5pys?=", "日本"),
    ("=?UTF-8?q?=e6=97=a5?=", "日"),
    ("=?utf-8?Q??=", ""),
    ("=?utf-8?B??=", ""),
    ("a =?utf-8?Q??= b", "a  b"),
    # As they are broken
    ("=?utf-8?B?5pel5pys", "=?utf-8?B?5pel5pys"),
    ("=?utf-8?X?abc?=", "=?utf-8?X?abc?="),
    ("=?utf-8?Q?a b?=", "a b"),
    ("=?utf-8?B?5pel5pys?=とraw", "日本とraw"),
    ("Re:=?utf-8?B?5pel5pys?=", "Re:日本"),
    ("=?utf-8?B?5pel 5pys?=", "日本"),
    ("=?utf-8?B?5pel5pys=?=", "日本"),
    ("=?utf-8?B?5pel5py?=", "日\N{REPLACEMENT CHARACTER}"),
    ("=?utf-8?B?5pel5pysYQ?=", "日本a"),
    ("=?utf-8?Q?100%=3D?=", "100%="),
    ("=?utf-8?Q?a=Z?=", "a=Z"),
    ("=?utf-8?Q?what??=", "what?"),
    ("plain", "plain"),
    ("=?", "=?"),
    ("1 =? 2 ?= 3", "1 =? 2 ?= 3"),
    ("日本語", "日本語"),
)


@pytest.mark.parametrize(("written", "meant"), WORDS)
def test_encoded_words(written: str, meant: str) -> None:
    assert subject_of(written).replace("  ", " ").strip() == meant.replace("  ", " ").strip()


@pytest.mark.parametrize("charset", ["utf-8", "shift_jis", "euc-jp", "gb18030"])
@pytest.mark.parametrize("step", [1, 2, 3, 4, 5, 7])
def test_characters_that_are_split_between_words(charset: str, step: int) -> None:
    text = "日本語の件名、見積書"
    assert subject_of(split_words(text, charset, step)) == text


def test_every_word_of_iso_2022_jp_begins_in_ascii() -> None:
    text = "日本語の件名、見積書をお送りします"
    words = "\r\n ".join(
        f"=?iso-2022-jp?B?{base64.b64encode(text[at : at + 5].encode('iso2022_jp')).decode()}?="
        for at in range(0, len(text), 5)
    )
    assert subject_of(words) == text


@pytest.mark.parametrize(
    "octets", ["=0D=0ABcc:_eve@example.net", "=0A", "=00", "=1B[2J", "=7F", "=C2=9B1m"]
)
def test_nothing_that_is_encoded_ends_a_line(octets: str) -> None:
    """The check of every header value does the rest."""
    word = f"=?utf-8?Q?a{octets}b?="
    raw = f"Subject: {word}\r\nFrom: {word} <ada@example.org>\r\nTo: =?utf-8?Q?{octets}?=\r\n\r\nx"
    letter = opened(raw.encode())
    assert letter.blind_copies == ()
    assert letter.subject.startswith("a")
    assert letter.subject.endswith("b")


def test_a_subject_that_is_there_twice_is_the_first() -> None:
    assert opened(b"Subject: one\r\nSubject: two\r\n\r\nx").subject == "one"


def test_a_field_may_be_written_in_any_case_with_blanks_before_the_colon() -> None:
    assert opened(b"SUBJECT : one\r\n\r\nx").subject == "one"


def test_lf_and_crlf_say_the_same() -> None:
    assert opened(b"Subject: a\n b\nTo: x@y\n\nhello\n").subject == "a b"
    assert opened(b"Subject: a\n b\nTo: x@y\n\nhello\n").text.strip() == "hello"


def test_a_line_that_is_no_field_does_not_hide_those_behind_it() -> None:
    letter = opened(b"Subject: a\r\nthis is nothing\r\nTo: x@example.org\r\n\r\nhello")
    assert letter.subject == "a"
    assert [one.mailbox for one in letter.recipients] == ["x@example.org"] or (
        "To: x@example.org" in letter.text
    )


def test_the_line_of_an_mbox_is_no_field() -> None:
    letter = opened(b"From ada Mon Jan  1 00:00:00 2026\nSubject: a\n\nhello\n")
    assert letter.subject == "a"


A_5_GROUP = (
    "A Group(Some people)\r\n  :Chris Jones <c@(Chris's host.)public.example>,\r\n"
    "     joe@example.org,\r\n John <jdoe@one.test> (my dear friend); (the end of the group)"
)
ADDRESSES: tuple[tuple[str, list[tuple[str, str]]], ...] = (
    # RFC 5322 appendix A.1.2
    ("Mary Smith <mary@x.test>", [("Mary Smith", "mary@x.test")]),
    (
        "Mary Smith <mary@x.test>, jdoe@example.org, Who? <one@y.test>",
        [("Mary Smith", "mary@x.test"), ("", "jdoe@example.org"), ("Who?", "one@y.test")],
    ),
    (
        '"Joe Q. Public" <john.q.public@example.com>',
        [("Joe Q. Public", "john.q.public@example.com")],
    ),
    ("<boss@nil.test>", [("", "boss@nil.test")]),
    (
        '"Giant; \\"Big\\" Box" <sysservices@example.net>',
        [('Giant; "Big" Box', "sysservices@example.net")],
    ),
    # A.1.3
    (
        "A Group:Ed Jones <joe@where.test>,joe@where.test,John <jdoe@one.test>;",
        [("Ed Jones", "joe@where.test"), ("", "joe@where.test"), ("John", "jdoe@one.test")],
    ),
    ("Undisclosed recipients:;", []),
    ("undisclosed-recipients: ;", []),
    # A.5
    (
        "Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>",
        [("Pete", "pete@silly.test")],
    ),
    (
        A_5_GROUP,
        [
            ("Chris Jones", "c@public.example"),
            ("", "joe@example.org"),
            ("John", "jdoe@one.test"),
        ],
    ),
    ("(Empty list)(start)Hidden recipients  :(nobody(that I know))  ;", []),
    # A.6.1
    ("Joe Q. Public <john.q.public@example.com>", [("Joe Q. Public", "john.q.public@example.com")]),
    (
        "Mary Smith <@node.test:mary@example.net>, , jdoe@test  . example",
        [("Mary Smith", "mary@example.net"), ("", "jdoe@test.example")],
    ),
    # Others that are right
    ("joe@example.org (Joe Public)", [("Joe Public", "joe@example.org")]),
    ('"Public, Joe" <joe@example.org>', [("Public, Joe", "joe@example.org")]),
    ("=?utf-8?Q?Public=2C_Joe?= <joe@example.org>", [("Public, Joe", "joe@example.org")]),
    ("=?utf-8?B?5bGx55Sw?= =?utf-8?B?5aSq6YOO?= <y@example.org>", [("山田太郎", "y@example.org")]),
    ('"=?utf-8?B?5bGx55Sw?=" <y@example.org>', [("山田", "y@example.org")]),
    ("山田 <y@example.org>", [("山田", "y@example.org")]),
    ("ユーザー@例え.テスト", [("", "ユーザー@例え.テスト")]),
    ("joe@[192.0.2.1]", [("", "joe@[192.0.2.1]")]),
    ("joe+tag@example.org", [("", "joe+tag@example.org")]),
    # As they are broken
    ("", []),
    (",", []),
    ("a@example.org,", [("", "a@example.org")]),
    (",,a@example.org,,b@example.org,", [("", "a@example.org"), ("", "b@example.org")]),
    ("a@example.org; b@example.org", [("", "a@example.org"), ("", "b@example.org")]),
    ("Joe <joe@example.org", [("Joe", "joe@example.org")]),
    ("'Joe' <joe@example.org>", [("'Joe'", "joe@example.org")]),
    ("Joe<joe@example.org>", [("Joe", "joe@example.org")]),
    ("Joe O'Neil [work] <joe@example.org>", [("Joe O'Neil [work]", "joe@example.org")]),
    ("Joe @ Home <joe@example.org>", [("Joe @ Home", "joe@example.org")]),
)


@pytest.mark.parametrize(("written", "meant"), ADDRESSES)
def test_addresses(written: str, meant: list[tuple[str, str]]) -> None:
    assert recipients_of(written) == meant


SPOOFS = (
    '"boss@bank.example" <eve@example.net>',
    "boss@bank.example <eve@example.net>",
    '"boss@bank.example <boss@bank.example>" <eve@example.net>',
    '"boss@bank.example>" <eve@example.net>',
    "(boss@bank.example) eve@example.net",
    "=?utf-8?Q?boss=40bank.example?= <eve@example.net>",
    "=?utf-8?Q?boss=40bank.example=3E?= <eve@example.net>",
    "=?utf-8?Q?=3Cboss=40bank.example=3E=2C?= <eve@example.net>",
    '"a\\"b" <eve@example.net>',
)


@pytest.mark.parametrize("written", SPOOFS)
def test_the_mailbox_is_the_one_that_an_answer_goes_to(written: str) -> None:
    letter = opened(f"From: {written}\r\n\r\nx".encode())
    assert [one.mailbox for one in letter.senders] == ["eve@example.net"]


def test_an_encoded_word_makes_no_address() -> None:
    """RFC 2047 §5: an encoded word is never within an addr-spec."""
    raw = b"From: =?utf-8?Q?boss=40bank.example?=\r\nTo: =?utf-8?Q?a=40b=2C_c=40d?=\r\n\r\nx"
    letter = opened(raw)
    assert len(letter.recipients) <= 1
    for address in (*letter.senders, *letter.recipients):
        assert "bank.example" not in address.mailbox or address.mailbox.startswith("=?")


def test_identifiers() -> None:
    raw = (
        b"Message-ID: <a@example.org>\r\nIn-Reply-To: <b@example.org> (from Ada)\r\n"
        b"References: <1@example.org>\r\n <2@example.org>\t<3@example.org>\r\n\r\nx"
    )
    letter = opened(raw)
    assert letter.message_id == "a@example.org"
    assert letter.in_reply_to == ("b@example.org",)
    assert letter.references == ("1@example.org", "2@example.org", "3@example.org")


JAPAN = timezone(timedelta(hours=9))
MOMENT = datetime(2026, 11, 25, 13, 5, 9, tzinfo=JAPAN)

DATES = (
    ("Wed, 25 Nov 2026 13:05:09 +0900", MOMENT),
    ("25 Nov 2026 13:05:09 +0900", MOMENT),
    ("Wed, 25 Nov 2026 13:05 +0900", MOMENT.replace(second=0)),
    ("Wed, 25 Nov 2026 13:05:09 +0900 (JST)", MOMENT),
    ("(a) Wed (b) , 25 (c) Nov 2026 (d) 13:05:09 (e) +0900 (f)", MOMENT),
    ("Wed,\r\n 25\r\n Nov\r\n 2026 13:05:09 +0900", MOMENT),
    ("wed, 25 nov 2026 13:05:09 +0900", MOMENT),
    ("WED, 25 NOV 2026 04:05:09 GMT", MOMENT),
    ("Wed, 25 Nov 2026 04:05:09 UT", MOMENT),
    ("Wed, 25 Nov 2026 04:05:09 Z", MOMENT),
    ("Wed, 25 Nov 2026 04:05:09 -0000", MOMENT),
    ("Tue, 24 Nov 2026 23:05:09 EST", MOMENT),
    ("Tue, 24 Nov 2026 20:05:09 PST", MOMENT),
    ("Wed, 25 Nov 26 13:05:09 +0900", MOMENT),
    ("Fri, 21 Nov 97 09:55:06 -0600", datetime(1997, 11, 21, 15, 55, 6, tzinfo=UTC)),
    (
        "Fri, 21 Nov 1997 09(comment):   55  :  06 -0600",
        datetime(1997, 11, 21, 15, 55, 6, tzinfo=UTC),
    ),
    ("Wed, 5 Nov 2026 13:05:09 +0900", MOMENT.replace(day=5)),
    ("Mon, 25 Nov 2026 13:05:09 +0900", MOMENT),
)


@pytest.mark.parametrize(("written", "meant"), DATES)
def test_dates(written: str, meant: datetime) -> None:
    assert opened(field("Date", written.encode())).sent == meant


@pytest.mark.parametrize(
    "written",
    [
        "",
        "yesterday",
        "Wed, 32 Nov 2026 13:05:09 +0900",
        "Wed, 25 Nov 2026 25:05:09 +0900",
        "Wed, 25 Nov 2026 13:05:09 +9999",
        "Wed, 25 Nov 2026 13:05:09 +099",
        "Wed, 25 Nov 0000 13:05:09 +0000",
        "Wed, 01 Jan 0001 00:00:00 +2359",
        "Fri, 31 Dec 9999 23:59:59 -2359",
        "Wed, 25 Nov 99999999999999999999 13:05:09 +0900",
        "Wed, 25 Foo 2026 13:05:09 +0900",
        "Wed, 30 Feb 2026 13:05:09 +0900",
        "Wed, 25 Nov 2026 23:59:60 +0900",
        "Wed, 25 Nov 2026 24:00:00 +0900",
        "٢٥ Nov 2026 13:05:09 +0900",
        "２５ Nov 2026 13:05:09 +0900",
        "-1 Nov 2026 13:05:09 +0900",
        "25 Nov 2026",
        "2026-11-25T13:05:09+09:00",
        "=?utf-8?Q?25_Nov_2026?=",
        "\x00",
        "25\x00Nov 2026 13:05:09 +0900",
    ],
)
def test_a_date_that_is_none_is_none_or_a_moment(written: str) -> None:
    """The check of every letter turns it into seconds."""
    opened(field("Date", written.encode()))


def test_no_date_is_none() -> None:
    assert opened(HEAD + b"\r\nx").sent is None
