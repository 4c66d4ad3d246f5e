"""Replies cannot be made wrong, and are read back as they were made."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hato.protocols.smtp import replies
from hato.protocols.smtp.replies import Reply, read_reply_line


def test_one_line() -> None:
    assert Reply(250, "2.1.5", ("Recipient OK",)).encode() == b"250 2.1.5 Recipient OK\r\n"


def test_several_lines_carry_the_same_code_and_status() -> None:
    reply = Reply(551, "5.7.1", ("Not here", "Go elsewhere"))
    assert reply.encode() == b"551-5.7.1 Not here\r\n551 5.7.1 Go elsewhere\r\n"


def test_a_reply_without_status() -> None:
    assert Reply(354, "", ("Go on",)).encode() == b"354 Go on\r\n"


@pytest.mark.parametrize(
    "line", ["a\r\nb", "a\rb", "a\nb", "a\0b", "a\tb", "\x1b]0;x\x07", "鳩", "é", "x" * 500]
)
def test_a_line_that_could_not_be_sent_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="no reply line"):
        Reply(250, "2.0.0", (line,))


@pytest.mark.parametrize(
    ("code", "status", "lines"),
    [
        (199, "", ("x",)),
        (600, "", ("x",)),
        (250, "5.0.0", ("x",)),
        (550, "2.0.0", ("x",)),
        (550, "5.0", ("x",)),
        (550, "5.0.0.0", ("x",)),
        (550, "5.0.0\r\n", ("x",)),
        (250, "2.0.0", ()),
    ],
)
def test_a_reply_that_contradicts_itself_is_refused(
    code: int, status: str, lines: tuple[str, ...]
) -> None:
    with pytest.raises(ValueError, match=r"repl|status"):
        Reply(code, status, lines)


ALL = [reply for reply in vars(replies).values() if isinstance(reply, Reply)]


@pytest.mark.parametrize("reply", ALL, ids=lambda reply: str(reply.lines[0]))
def test_every_reply_of_2xx_4xx_5xx_has_its_status(reply: Reply) -> None:
    """RFC 2034 §4."""
    assert reply.enhanced[:1] == (str(reply.code)[0] if reply.code // 100 != 3 else "")
    assert all(len(line) <= 512 for line in reply.encode().split(b"\r\n"))


CODES = st.integers(200, 559).filter(lambda code: code // 10 % 10 < 6)
TEXTS = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=60)


@given(CODES, st.lists(TEXTS, min_size=1, max_size=4))
def test_what_is_sent_is_read_back(code: int, texts: list[str]) -> None:
    lines = Reply(code, "", tuple(texts)).encode().split(b"\r\n")[:-1]
    read = [read_reply_line(line) for line in lines]
    assert [line and (line.code, line.text) for line in read] == [(code, text) for text in texts]
    assert [line and line.is_last for line in read] == [False] * (len(texts) - 1) + [True]


@given(st.binary(max_size=20))
def test_no_line_makes_the_reader_raise(line: bytes) -> None:
    found = read_reply_line(line)
    assert found is None or line.startswith(str(found.code).encode())


@pytest.mark.parametrize("line", [b"", b"25", b"250x", b"150 x", b"650 x", b"260 x", b"2500"])
def test_what_is_no_reply_line_is_noticed(line: bytes) -> None:
    assert read_reply_line(line) is None


def test_a_line_may_have_no_text() -> None:
    """RFC 5321 §4.2.1: clients must accept a code alone."""
    line = read_reply_line(b"250")
    assert line is not None
    assert (line.code, line.is_last, line.text) == (250, True, "")
