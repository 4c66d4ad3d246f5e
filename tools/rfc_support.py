"""Checks the RFC citations of the code and writes docs/rfc/support.md.

Called by people (`python tools/rfc_support.py`) and by tests/architecture/test_rfc_citations.py.
Never reads anything outside the project, except for `--refresh-sections DIR`.
Standards: docs/rfc/index.toml says which; a citation looks like `RFC 1939 §7`.
Fails with a list of wrong citations and exit code 1.
"""

from __future__ import annotations

import argparse
import re
import sys
import tomllib
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
INDEX = ROOT / "docs/rfc/index.toml"
SECTIONS = ROOT / "docs/rfc/sections.toml"
SUPPORT = ROOT / "docs/rfc/support.md"
CITING_FOLDERS = ("src", "tests", "bench", "tools")

STATUSES = {
    "implemented": "all that concerns a system like Hato",
    "partial": "the note says what is missing",
    "planned": "not there yet; the design has a place for it",
    "reference": "words, numbers or formats are taken from it; there is no feature to support",
}

# A citation may be wrapped: the rest of it then stands on the next line, behind a comment mark.
_GAP = r"(?:[ ]|[ ]*\n[ ]*(?:#[ ])?[ ]*)"
_SECTION = r"(?:[0-9]+|[A-Z])(?:\.[0-9]+)*(?![0-9A-Za-z])"
_CITATION = re.compile(
    rf"\bRFC{_GAP}(?P<number>[0-9]+)"
    rf"(?P<sections>{_GAP}§{_SECTION}(?:(?:,|{_GAP}(?:and|or|to)){_GAP}§{_SECTION})*)?"
)
_ONE_SECTION = re.compile(rf"§({_SECTION})")
# Whatever else looks like a citation is written in the wrong form; message/rfc822 and the name of a
# module (oauth2.rfc6749) do not.
_OTHER_FORMS = re.compile(
    r"(?<![/.\w])(?:RFC|rfc|Rfc)[-_ ]?[0-9]{3,4}"
    r"(?:[ ,;]*(?:§[ ]|(?:[Ss]ections?|[Ss]ec\.|chapter)\b))?"
    r"|§[ ]?[0-9A-Z]"
)


@dataclass(frozen=True)
class Rfc:
    """One entry of the index; `sections` are named by hand where the text is not at hand."""

    number: int
    title: str
    area: str
    status: str
    note: str
    sections: frozenset[str]


@dataclass(frozen=True)
class Citation:
    """One place that cites an RFC; `section` is empty when it cites the document as a whole."""

    file: str
    line: int
    number: int
    section: str


def read_index() -> dict[int, Rfc]:
    """Return the index by RFC number. Raises ValueError for an entry with an unknown status."""
    entries = {}
    for number, entry in tomllib.loads(INDEX.read_text())["rfc"].items():
        if entry["status"] not in STATUSES:
            raise ValueError(f"RFC {number}: status is one of {', '.join(STATUSES)}")
        entries[int(number)] = Rfc(
            number=int(number),
            title=entry["title"],
            area=entry["area"],
            status=entry["status"],
            note=entry["note"],
            sections=frozenset(entry.get("sections", ())),
        )
    return entries


def read_sections() -> dict[int, frozenset[str]]:
    """Return the section numbers of each text that `--refresh-sections` found."""
    return {
        int(number): frozenset(sections)
        for number, sections in tomllib.loads(SECTIONS.read_text()).items()
    }


def citing_files() -> list[Path]:
    """Return the Python files whose citations count."""
    return sorted(path for folder in CITING_FOLDERS for path in (ROOT / folder).rglob("*.py"))


def citations_in(text: str, file: str) -> list[Citation]:
    """Return every citation in `text`; one per section, or one with an empty section."""
    found = []
    for match in _CITATION.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        sections = _ONE_SECTION.findall(match["sections"] or "") or [""]
        found += [Citation(file, line, int(match["number"]), section) for section in sections]
    return found


def wrong_forms_in(text: str, file: str) -> list[str]:
    """Return a sentence for everything that looks like a citation but has not the one form."""
    rest = _CITATION.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
    complaints = []
    for match in _OTHER_FORMS.finditer(rest):
        line = text.count("\n", 0, match.start()) + 1
        complaints.append(f"{file}:{line}: {match[0]!r} is not written like `RFC 1939 §7`")
    for match in re.finditer(r"\bRFC [0-9]+,? (?:[Ss]ections?|[Ss]ec\.|[Cc]hapter)\b", text):
        line = text.count("\n", 0, match.start()) + 1
        complaints.append(f"{file}:{line}: {match[0]!r} is not written like `RFC 1939 §7`")
    return complaints


def unknown_citations(
    citations: list[Citation], index: dict[int, Rfc], sections: dict[int, frozenset[str]]
) -> list[str]:
    """Return a sentence for every citation of a document or section that is not known."""
    complaints = []
    for citation in citations:
        place = f"{citation.file}:{citation.line}"
        rfc = index.get(citation.number)
        if rfc is None:
            complaints.append(f"{place}: RFC {citation.number} is not in docs/rfc/index.toml")
            continue
        known = sections.get(citation.number, frozenset()) | rfc.sections
        if citation.section and citation.section not in known:
            complaints.append(f"{place}: RFC {citation.number} has no §{citation.section}")
    return complaints


def check() -> tuple[list[Citation], list[str]]:
    """Read all citing files; return their citations and what is wrong with them."""
    citations: list[Citation] = []
    complaints: list[str] = []
    for path in citing_files():
        name, text = str(path.relative_to(ROOT)), path.read_text()
        citations += citations_in(text, name)
        complaints += wrong_forms_in(text, name)
    return citations, complaints + unknown_citations(citations, read_index(), read_sections())


def places_of(citations: list[Citation]) -> dict[int, list[str]]:
    """Return, for each RFC, the packages of src/hato that cite it."""
    places: dict[int, set[str]] = defaultdict(set)
    for citation in citations:
        folder = Path(citation.file).parent
        if folder.is_relative_to("src/hato"):
            places[citation.number].add(str(folder.relative_to("src/hato")))
    return {number: sorted(folders - {"."}) for number, folders in places.items()}


def support_page(index: dict[int, Rfc], citations: list[Citation]) -> str:
    """Return docs/rfc/support.md: a table per area, in the order of the index."""
    places = places_of(citations)
    lines = [
        "# Which RFCs Hato supports",
        "",
        "Written by `tools/rfc_support.py` from [index.toml](index.toml) and the citations in the",
        "code; do not edit it. Each status means:",
        "",
        *(f"- **{status}**: {meaning}." for status, meaning in STATUSES.items()),
    ]
    for area in dict.fromkeys(rfc.area for rfc in index.values()):
        lines += ["", f"## {area}", "", "| RFC | title | status | what that means | cited in |"]
        lines += ["|---:|---|---|---|---|"]
        for rfc in index.values():
            if rfc.area == area:
                cited = ", ".join(f"`{place}`" for place in places.get(rfc.number, ()))
                row = (str(rfc.number), rfc.title, rfc.status, rfc.note, cited)
                lines.append(f"| {' | '.join(row)} |".replace("|  |", "| |"))
    return "\n".join(lines) + "\n"


_HEADING = re.compile(
    r"^(?:Appendix[ ])?(?P<number>(?:[0-9]+|(?<=Appendix[ ])[A-Z]|[A-Z](?=\.[0-9]))(?:\.[0-9]+)*)"
    r"(?:\.|:)?[ ]+(?P<title>\S.*)$"
)
_CONTENTS_LINE = re.compile(
    r"^[ ]+(?:Appendix[ ])?(?P<number>(?:[0-9]+|[A-Z])(?:\.[0-9]+)*)\.?[ ]+\S.*?[ .]\.[ .]*[0-9]+$"
)


def sections_of(text: str) -> list[str]:
    """Return the section numbers of an RFC's text, from its headings and its table of contents."""
    found = set()
    for line in text.removeprefix("\ufeff").splitlines():
        match = _HEADING.match(line) or _CONTENTS_LINE.match(line)
        if match and not re.match(r"[0-9.]*$", match[0].strip()):
            found.add(match["number"])
    return sorted(found, key=_section_order)


def _section_order(section: str) -> list[tuple[bool, int, str]]:
    return [
        (part.isalpha(), int(part) if part.isdigit() else 0, part) for part in section.split(".")
    ]


def refresh_sections(folder: Path) -> None:
    """Write docs/rfc/sections.toml from a folder with texts named rfcNNNN.txt."""
    lines = ["# Written by tools/rfc_support.py --refresh-sections from the texts of the RFCs.", ""]
    for number in sorted(read_index()):
        text = folder / f"rfc{number}.txt"
        if text.exists():
            sections = ", ".join(
                f'"{section}"' for section in sections_of(text.read_text(errors="replace"))
            )
            lines.append(f"{number} = [{sections}]")
    SECTIONS.write_text("\n".join(lines) + "\n")


def main() -> int:
    """Check, then write the support page."""
    parser = argparse.ArgumentParser(description="Check RFC citations, write the support page.")
    parser.add_argument("--refresh-sections", type=Path, metavar="DIR", help="read rfcNNNN.txt")
    arguments = parser.parse_args()
    if arguments.refresh_sections:
        refresh_sections(arguments.refresh_sections)
    citations, complaints = check()
    SUPPORT.write_text(support_page(read_index(), citations))
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
