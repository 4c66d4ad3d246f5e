"""RFC citations have one form, name known documents and sections, and the support page is fresh."""

from __future__ import annotations

import pytest

from tools import rfc_support
from tools.rfc_support import Rfc, citations_in, unknown_citations, wrong_forms_in

UPDATE = "run: python tools/rfc_support.py"
# Spelled so that what is made up below is not itself taken for a citation.
R, S = "RFC", "\N{SECTION SIGN}"

POP3 = Rfc(1939, "Post Office Protocol", "POP3", "implemented", "", frozenset())


def test_every_citation_is_right() -> None:
    _, complaints = rfc_support.check()
    assert complaints == []


def test_the_support_page_is_fresh() -> None:
    citations, _ = rfc_support.check()
    page = rfc_support.support_page(rfc_support.read_index(), citations)
    assert rfc_support.SUPPORT.read_text() == page, UPDATE


def test_what_is_called_supported_is_cited_by_code() -> None:
    places = rfc_support.places_of(rfc_support.check()[0])
    claimed = [r.number for r in rfc_support.read_index().values() if r.status == "implemented"]
    assert [number for number in claimed if number not in places] == []


def test_a_citation_is_read_whole() -> None:
    text = f"# RFC 1939 {S}5 and {S}7, then RFC 5321\n# {S}4.5.3.1.4; RFC 6532)."
    found = [(c.line, c.number, c.section) for c in citations_in(text, "a.py")]
    assert found == [(1, 1939, "5"), (1, 1939, "7"), (1, 5321, "4.5.3.1.4"), (2, 6532, "")]
    assert wrong_forms_in(text, "a.py") == []


@pytest.mark.parametrize(
    "text",
    [
        f"{R}1939 says",
        f"{R.lower()} 1939",
        f"{R}-1939 {S}7",
        f"{R} 1939, section 7",
        f"{R} 1939 Section 7",
        f"{R} 1939 {S} 7",
        f"see {S}7",
    ],
)
def test_another_form_is_noticed(text: str) -> None:
    assert wrong_forms_in(text, "a.py")


def test_an_unknown_document_or_section_is_noticed() -> None:
    known = {1939: frozenset({"7", "A"})}
    text = f"RFC 1939 {S}7, RFC 1939 {S}77, RFC 1939 {S}A, {R} 99999 {S}1"
    complaints = unknown_citations(citations_in(text, "a.py"), {1939: POP3}, known)
    assert complaints == [
        f"a.py:1: RFC 1939 has no {S}77",
        f"a.py:1: {R} 99999 is not in docs/rfc/index.toml",
    ]
