"""What a letter says is read as its writer meant it, whatever label stands on it, or none."""

from __future__ import annotations

import base64
import zlib

import pytest

from tests.mail_program.hostile_letters import HEAD, body, field
from tests.mail_program.opened import opened

GREETING = "お見積書をお送りします。日本語の手紙、東京より。よろしくお願いいたします。"
KOREAN = "안녕하세요. 견적서를 보내 드립니다. 감사합니다."
CHINESE = "您好，附件是报价单，请查收。谢谢您的来信。"
CYRILLIC = "Здравствуйте, посылаю вам смету."


def text_of(octets: bytes, kind: str = "text/plain") -> str:
    return opened(body(kind, octets + b"\r\n")).text.strip()


LABELLED = (
    ("utf-8", "utf-8", GREETING),
    ("UTF-8", "utf-8", GREETING),
    ("utf8", "utf-8", GREETING),
    ('"utf-8"', "utf-8", GREETING),
    ("'utf-8'", "utf-8", GREETING),
    ("utf-8;", "utf-8", GREETING),
    ("UTF-8 (eight bits)", "utf-8", GREETING),
    ("unicode-1-1-utf-8", "utf-8", GREETING),
    ("iso-2022-jp", "iso2022_jp", GREETING),
    ("ISO-2022-JP", "iso2022_jp", GREETING),
    ("csISO2022JP", "iso2022_jp", GREETING),
    ("shift_jis", "cp932", GREETING),
    ("Shift-JIS", "cp932", GREETING),
    ("sjis", "cp932", GREETING),
    ("x-sjis", "cp932", GREETING),
    ("ms_kanji", "cp932", GREETING),
    ("windows-31j", "cp932", GREETING),
    ("cp932", "cp932", GREETING),
    ("euc-jp", "euc_jp", GREETING),
    ("x-euc-jp", "euc_jp", GREETING),
    ("iso-2022-kr", "iso2022_kr", KOREAN),
    ("euc-kr", "euc_kr", KOREAN),
    ("ks_c_5601-1987", "cp949", KOREAN),
    ("gb2312", "gb18030", CHINESE),
    ("gbk", "gb18030", CHINESE),
    ("gb18030", "gb18030", CHINESE),
    ("x-gbk", "gb18030", CHINESE),
    ("hz-gb-2312", "hz", "您好"),
    ("big5", "big5", "您好，請查收。"),
    ("koi8-r", "koi8_r", CYRILLIC),
    ("windows-1251", "cp1251", CYRILLIC),
    ("iso-8859-5", "iso8859_5", CYRILLIC),
    ("iso-8859-15", "iso8859_15", "10 €"),
    ("windows-1252", "cp1252", "“10 €”"),
    ("utf-16", "utf-16", GREETING),
    ("utf-16be", "utf-16-be", GREETING),
    ("utf-16le", "utf-16-le", GREETING),
)


@pytest.mark.parametrize(("label", "codec", "text"), LABELLED, ids=[one[0] for one in LABELLED])
def test_a_label_is_understood(label: str, codec: str, text: str) -> None:
    octets = base64.encodebytes(text.encode(codec))
    raw = body(f"text/plain; charset={label}", octets, "base64")
    assert opened(raw).text.strip() == text


@pytest.mark.parametrize(
    "codec", ["utf-8", "cp932", "euc_jp", "iso2022_jp"], ids=["UTF-8", "Shift_JIS", "EUC-JP", "JIS"]
)
@pytest.mark.parametrize(
    "kind", ["text/plain", "text/plain; charset=us-ascii", "text/plain; charset=x-unknown"]
)
def test_japanese_without_a_true_label_is_recognised(codec: str, kind: str) -> None:
    assert text_of(GREETING.encode(codec), kind) == GREETING


@pytest.mark.parametrize(
    "codec", ["utf-8", "cp932", "euc_jp", "iso2022_jp"], ids=["UTF-8", "Shift_JIS", "EUC-JP", "JIS"]
)
def test_a_letter_without_any_type_is_recognised_too(codec: str) -> None:
    raw = f"Subject: {GREETING}\r\nFrom: {GREETING} <ada@example.org>\r\n\r\n{GREETING}\r\n"
    letter = opened(raw.encode(codec))
    assert letter.subject == GREETING
    assert letter.senders[0].name == GREETING
    assert letter.senders[0].mailbox == "ada@example.org"
    assert letter.text.strip() == GREETING


def test_undeclared_chinese_is_recognised() -> None:
    text = CHINESE * 4 + "𠀀"
    assert text_of(text.encode("gb18030")) == text


def test_utf_8_under_the_label_of_latin_1_is_utf_8() -> None:
    assert text_of(GREETING.encode(), "text/plain; charset=iso-8859-1") == GREETING


def test_what_windows_calls_latin_1_has_its_quotation_marks() -> None:
    assert text_of("“naïve” – 10 €".encode("cp1252"), "text/plain; charset=iso-8859-1") == (
        "“naïve” – 10 €"
    )


def test_gb2312_is_what_programs_make_of_it() -> None:
    assert text_of("朱镕基".encode("gbk"), "text/plain; charset=gb2312") == "朱镕基"


# ISO-2022-JP, as it is written (RFC 1468), and as Japanese mail programs write it.

JIS = "text/plain; charset=iso-2022-jp"


def jis(*octets: bytes) -> bytes:
    """Write JIS X 0208 between its escape sequences."""
    return b"\x1b$B" + b"".join(octets) + b"\x1b(B"


def in_jis(shift_jis: bytes) -> bytes:
    """Return in JIS the two octets that a character has in Shift_JIS."""
    first, second = shift_jis
    row = (first - (0xC1 if first >= 0xE0 else 0x81)) * 2
    if second >= 0x9F:
        return bytes((row + 1 + 0x21, second - 0x9F + 0x21))
    return bytes((row + 0x21, second - 0x40 - (second > 0x7E) + 0x21))


@pytest.mark.parametrize("character", "①②⑳ⅠⅩ㍉㌔㎜㎏㏍㍻№㏍℡㊤㈱㈲㍾㍽㍼")
def test_vendor_characters_in_iso_2022_jp(character: str) -> None:
    octets = (
        "資料".encode("iso2022_jp")
        + jis(in_jis(character.encode("cp932")))
        + "です".encode("iso2022_jp")
    )
    assert text_of(octets, JIS) == f"資料{character}です"


def test_vendor_characters_in_a_subject() -> None:
    word = base64.b64encode(
        jis(
            in_jis("①".encode("cp932")),
            in_jis("㈱".encode("cp932")),
            "東京".encode("iso2022_jp")[3:-3],
        )
    )
    assert opened(field("Subject", b"=?ISO-2022-JP?B?" + word + b"?=")).subject == "①㈱東京"


def test_selected_ibm_kanji_in_iso_2022_jp() -> None:
    """髙 and 﨑 stand in row 119 and 121 of what Windows sends as ISO-2022-JP."""
    assert b"\xee\xe0".decode("cp932") == "髙"
    assert b"\xed\x95".decode("cp932") == "﨑"
    octets = jis(in_jis(b"\xee\xe0"), in_jis(b"\xed\x95"))
    assert text_of(octets, JIS) == "髙﨑"


def test_half_width_katakana_in_iso_2022_jp() -> None:
    assert text_of(b"\x1b(I\x36\x40\x36\x45\x1b(B x", JIS) == "ｶﾀｶﾅ x"


def test_half_width_katakana_with_eight_bits_in_iso_2022_jp() -> None:
    assert text_of(jis(b"\x46\x7c") + b"\xb6\xc0\xb6\xc5 x", JIS).startswith("日")


@pytest.mark.parametrize("escape", [b"\x1b$@", b"\x1b$B", b"\x1b$(B", b"\x1b&@\x1b$B"])
def test_every_way_to_begin_jis(escape: bytes) -> None:
    assert "日本" in text_of(escape + b"\x46\x7c\x4b\x5c\x1b(B", JIS)


@pytest.mark.parametrize("escape", [b"\x1b(B", b"\x1b(J", b"\x1b(H"])
def test_every_way_to_end_jis(escape: bytes) -> None:
    assert text_of(b"\x1b$B\x46\x7c" + escape + b"abc", JIS) == "日abc"


def test_jis_that_is_not_ended() -> None:
    assert text_of(b"\x1b$B\x46\x7c\x4b\x5c", JIS) == "日本"


def test_the_line_end_ends_jis() -> None:
    assert text_of(b"\x1b$B\x46\x7c\r\nabc", JIS).split() == ["日", "abc"]


def test_jis_that_is_cut_inside_a_character() -> None:
    assert text_of(b"\x1b$B\x46\x7c\x4b", JIS).startswith("日")


def test_utf_8_under_the_label_of_iso_2022_jp() -> None:
    assert text_of(GREETING.encode(), JIS) == GREETING


def test_shift_jis_under_the_label_of_iso_2022_jp() -> None:
    assert text_of(GREETING.encode("cp932"), JIS) == GREETING


def test_iso_2022_jp_under_the_label_of_shift_jis() -> None:
    assert text_of(GREETING.encode("iso2022_jp"), "text/plain; charset=shift_jis") == GREETING


@pytest.mark.parametrize("text", ["①㈱髙﨑", "～－∥￠￡￢", "ソ能表十"])
def test_shift_jis_is_the_one_of_windows(text: str) -> None:
    assert text_of(text.encode("cp932"), "text/plain; charset=shift_jis") == text


def test_euc_jp_with_the_characters_of_its_third_set() -> None:
    assert text_of(b"\x8f\xb0\xa1\x8e\xb1", "text/plain; charset=euc-jp") == "丂ｱ"


def test_a_lone_bad_octet_spoils_one_character_only() -> None:
    octets = b"\xff".join([GREETING.encode(), GREETING.encode()])
    text = text_of(octets, "text/plain; charset=utf-8")
    assert text.count(GREETING) == 2
    assert text.count("\N{REPLACEMENT CHARACTER}") >= 1


def test_a_byte_order_mark_is_not_shown() -> None:
    assert text_of(b"\xef\xbb\xbfhello", "text/plain; charset=utf-8") == "hello"


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-be", "utf-16-le", "utf-8-sig"])
def test_half_a_character_at_the_end(codec: str) -> None:
    octets = base64.b64encode("日本語".encode(codec)[:-1])
    label = codec.removesuffix("-sig")
    assert "日本" in opened(body(f"text/plain; charset={label}", octets, "base64")).text


def test_surrogates_do_not_come_out() -> None:
    for octets, label in (
        (b"\xed\xa0\x80x", "utf-8"),
        (b"\xd8\x00\x00x", "utf-16be"),
        (b"+2AA-x", "utf-7"),
        (b"\x00\x00\xd8\x00", "utf-32be"),
        (b"\\ud800", "unicode_escape"),
    ):
        raw = body(f"text/plain; charset={label}", base64.b64encode(octets), "base64")
        opened(raw).text.encode("utf-8")


NO_CHARSETS = (
    "x-unknown",
    "../x",
    "/etc/passwd",
    "idna",
    "punycode",
    "unicode_escape",
    "unicode-escape",
    "raw_unicode_escape",
    "zlib",
    "zlib_codec",
    "bz2",
    "bz2_codec",
    "hex",
    "hex_codec",
    "base64",
    "base64_codec",
    "quopri",
    "uu",
    "uu_codec",
    "rot13",
    "rot_13",
    "undefined",
    "mbcs",
    "oem",
    "charmap",
    "utf_8_sig",
    "encodings.zlib_codec",
    "__init__",
    "os",
    "aliases",
    "%s%n",
    "8bit",
    "x-user-defined",
    "\x1b[2J",
    "日本",
    "x" * 10_000,
    "",
    '""',
    "?",
    "=",
)


@pytest.mark.parametrize("label", NO_CHARSETS)
def test_what_is_no_charset_of_mail_does_no_harm(label: str) -> None:
    said = f"text/plain; charset={label}"
    assert text_of(b"hello", said) == "hello"
    assert text_of(b"\\x41 %41 +AGE- uryyb", said).startswith("\\x41 %41")


@pytest.mark.parametrize("label", NO_CHARSETS)
def test_nor_in_an_encoded_word(label: str) -> None:
    word = f"=?{label}?Q?hello?=".encode()
    assert "hello" in opened(field("Subject", word)).subject


@pytest.mark.parametrize("label", ["zlib", "zlib_codec", "bz2", "zip"])
def test_no_label_unpacks_anything(label: str) -> None:
    octets = base64.encodebytes(zlib.compress(b"a" * 5_000_000))
    raw = body(f"text/plain; charset={label}", octets, "base64")
    assert len(opened(raw).text) < 3 * len(octets)


def test_nul_does_not_end_the_text() -> None:
    assert "after" in text_of(b"before\0after", "text/plain; charset=us-ascii")


def test_raw_octets_in_a_field_beside_encoded_words() -> None:
    raw = HEAD.replace(b"hello", "=?utf-8?Q?=E6=97=A5?= 日本".encode()) + b"\r\nx"
    assert opened(raw).subject.replace(" ", "") == "日日本"
