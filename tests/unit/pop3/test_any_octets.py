"""Whatever arrives, in whatever state and in whatever pieces, is answered or ends it."""

from __future__ import annotations

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from hato.core.limits import LINE_WITHOUT_END_OCTETS, SASL_LINE_OCTETS
from hato.protocols.machine import Signal
from hato.protocols.pop3.commands import Command
from hato.protocols.pop3.grammar import (
    KEYWORDS,
    Refusal,
    parse_command,
    parse_sasl_line,
    parse_status_line,
)
from tests.unit.pop3.conversation import Conversation
from tests.unit.pop3.test_states import LINES

keywords = st.sampled_from(sorted(KEYWORDS)).map(str.encode)
ends = st.sampled_from([b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r", b"", b"\0"])
arguments = st.one_of(
    st.just(b""),
    st.integers(-2, 10**30).map(lambda number: b" %d" % number),
    st.binary(max_size=300).map(lambda octets: b" " + octets),
    st.sampled_from([b" PLAIN", b" PLAIN =", b" ja", b" *", b" ada", b" 1 1"]),
)
lines = st.one_of(
    st.tuples(keywords, arguments, ends).map(b"".join),
    st.sampled_from(sorted(LINES.values())).map(lambda line: line.encode() + b"\r\n"),
    st.tuples(st.binary(max_size=400), ends).map(b"".join),
    st.just(b"A" * SASL_LINE_OCTETS),
    st.just(b"*\r\n"),
)
beginnings = st.builds(
    Conversation,
    stamp=st.sampled_from([None, "<1.2@mx>"]),
    is_encrypted=st.booleans(),
    may_log_in_plainly=st.booleans(),
    offers_tls=st.booleans(),
)


@given(beginnings, st.lists(lines, max_size=30).map(b"".join), st.integers(1, 300))
@settings(deadline=None)
def test_any_octets_are_answered_or_end_it(
    conversation: Conversation, octets: bytes, pieces: int
) -> None:
    for start in range(0, len(octets), pieces):
        answer = conversation.say_octets(octets[start : start + pieces])
        assert answer == b"" or answer.endswith(b"\r\n")
        for line in answer.split(b"\r\n"):
            assert len(line) <= 510
        assert len(conversation.machine._lines) <= SASL_LINE_OCTETS
        if conversation.signal is Signal.START_TLS:
            conversation.machine.tls_established()
    conversation.machine.receive_eof()
    conversation.say_octets(b"")
    assert conversation.signal in {Signal.CLOSED, Signal.START_TLS}


@given(st.booleans(), st.lists(lines, max_size=12))
@settings(deadline=None)
def test_it_does_not_matter_how_the_octets_were_cut(is_trusted: bool, said: list[bytes]) -> None:
    octets = b"".join(said).replace(b"\x16", b"x")
    assume(len(octets) < LINE_WITHOUT_END_OCTETS)
    whole = Conversation(may_log_in_plainly=is_trusted)
    bytewise = Conversation(may_log_in_plainly=is_trusted)
    at_once = whole.say_octets(octets)
    in_turn = b"".join(bytewise.say_octets(bytes([octet])) for octet in octets)
    assert at_once == in_turn
    assert whole.commands == bytewise.commands


@given(line=st.binary(max_size=600))
def test_any_line_is_a_command_or_a_refusal(line: bytes) -> None:
    assert isinstance(parse_command(line), Command | Refusal)
    assert isinstance(parse_sasl_line(line), Command | Refusal)
    status = parse_status_line(line)
    assert status is None or status.is_ok == line.startswith(b"+OK")
