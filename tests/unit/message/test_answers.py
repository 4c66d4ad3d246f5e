"""Subjects, threads, quotes and recipients of answers."""

from __future__ import annotations

import pytest

from hato.message.answering import answer_recipients
from hato.message.letter import Letter, read_letter
from hato.message.quoting import forward_subject, quoted, references_of_reply, reply_subject

OWN = ("me@example.org", "Also-Me@example.net")


def letter(*fields: str) -> Letter:
    return read_letter("\r\n".join([*fields, "", "Hello\r\n"]).encode())


@pytest.mark.parametrize(
    ("subject", "answer"),
    [
        ("Tea", "Re: Tea"),
        ("Re: Tea", "Re: Tea"),
        ("RE: re[2]: AW: Antw: 返信: Tea", "Re: Tea"),
        ("返信\uff1a見積書", "Re: 見積書"),
        ("Re : Sv (3): Tea", "Re: Tea"),
        ("[list] Re: Tea", "Re: [list] Tea"),
        ("Re: Fwd: Tea", "Re: Fwd: Tea"),
        ("Reference: 5", "Re: Reference: 5"),
        ("Re:port", "Re: port"),
        ("", "Re:"),
    ],
)
def test_an_answer_says_re_once(subject: str, answer: str) -> None:
    assert reply_subject(subject) == answer
    assert reply_subject(answer) == answer


@pytest.mark.parametrize(
    ("subject", "passed_on"),
    [("Tea", "Fwd: Tea"), ("FW: Fwd: Tea", "Fwd: Tea"), ("転送: Re: 見積", "Fwd: Re: 見積")],
)
def test_what_is_passed_on_says_so_once(subject: str, passed_on: str) -> None:
    assert forward_subject(subject) == passed_on


def test_endless_words_in_front_of_a_subject_take_no_endless_time() -> None:
    assert reply_subject("Re:" * 50_000 + "x" + " " * 50_000) == "Re: x"
    assert reply_subject("re" + " " * 100_000 + "x").startswith("Re: re")
    assert reply_subject("re[" * 50_000).startswith("Re: re[")


def test_a_signature_is_not_quoted() -> None:
    assert quoted("One\n\n> older\n-- \nJane\n") == "> One\n>\n>> older\n"
    assert quoted("-- \nonly a signature") == ">\n"
    assert quoted("") == ">\n"


def test_an_answer_refers_to_all_before_it() -> None:
    whole = letter("Message-ID: <c@x>", "In-Reply-To: <b@x>", "References: <a@x> <b@x>")
    assert references_of_reply(whole) == ("a@x", "b@x", "c@x")
    assert references_of_reply(letter("Message-ID: <c@x>", "In-Reply-To: <b@x>")) == ("b@x", "c@x")
    two = letter("Message-ID: <c@x>", "In-Reply-To: <a@x> <b@x>")
    assert references_of_reply(two) == ("c@x",)
    assert references_of_reply(letter("Subject: x")) == ()
    many = letter("Message-ID: <z@x>", "References: " + " ".join(f"<{n}@x>" for n in range(500)))
    found = references_of_reply(many)
    assert (len(found), found[0], found[-1]) == (100, "0@x", "z@x")


def mailboxes(found: Letter, *, to_all: bool) -> tuple[list[str], list[str]]:
    answer = answer_recipients(found, OWN, to_all=to_all)
    return [one.mailbox for one in answer.to], [one.mailbox for one in answer.copies]


def test_an_answer_goes_where_its_author_wants() -> None:
    plain = letter("From: a@x", "To: ME@example.org, b@x", "Cc: c@x, a@x")
    assert mailboxes(plain, to_all=False) == (["a@x"], [])
    assert mailboxes(plain, to_all=True) == (["a@x"], ["b@x", "c@x"])
    elsewhere = letter("From: a@x", "Reply-To: r@x", "To: me@example.org")
    assert mailboxes(elsewhere, to_all=False) == (["r@x"], [])
    assert mailboxes(elsewhere, to_all=True) == (["r@x"], [])


def test_a_letter_of_ones_own_is_answered_to_whom_it_went() -> None:
    own = letter("From: me@example.org", "To: a@x", "Cc: b@x")
    assert mailboxes(own, to_all=False) == (["a@x"], [])
    assert mailboxes(own, to_all=True) == (["a@x"], ["b@x"])
    alone = letter("From: me@example.org", "To: also-me@example.net")
    assert mailboxes(alone, to_all=False) == (["also-me@example.net"], [])


def test_a_list_that_takes_answers_does_not_swallow_their_addressee() -> None:
    found = letter(
        "From: a@x", "To: list@x", "Reply-To: list@x", "List-Post: <mailto:list@x?subject=y>"
    )
    assert mailboxes(found, to_all=False) == (["list@x"], [])
    assert mailboxes(found, to_all=True) == (["list@x"], ["a@x"])


def test_who_says_where_answers_to_all_go_is_heard() -> None:
    found = letter("From: a@x", "To: list@x", "Cc: b@x", "Mail-Followup-To: list@x")
    assert mailboxes(found, to_all=True) == (["list@x"], [])
    assert mailboxes(found, to_all=False) == (["a@x"], [])


def test_where_nobody_can_be_found_nobody_is_named() -> None:
    assert mailboxes(letter("From: undisclosed"), to_all=True) == ([], [])
