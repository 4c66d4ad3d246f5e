"""HTML as text: what a person would read of it, with its links behind the text.

Called by `message.reading`.
Never runs, fetches or follows anything; linear in the length of the markup, however it nests.
Standards: HTML's tokens as browsers read them (unclosed tags and comments end where the text does).
Fails never: what is no markup is text.
"""

from __future__ import annotations

import re
from typing import Final

from hato.core.limits import HTML_LINKS, HTML_TAGS
from hato.message.html_page import Page
from hato.message.html_tags import attributes_of, is_hidden, unescaped

_UNSEEN: Final = re.compile(
    r"<!--(?:-?>|.*?(?:--!?>|\Z))"
    r"|<(script|style|title|noframes|noembed|iframe|svg|math|template|object)\b[^>]*+>"
    r".*?(?:</\1\b[^>]*+>|\Z)",
    re.IGNORECASE | re.DOTALL,
)
_TAG: Final = re.compile(
    r"<(/?)([a-zA-Z][^\s/<>]*+)"
    r"((?>(?:[\s/]++|[^\s/>=]++(?>(?:\s*+=\s*+(?:\"[^\"]*+\"|'[^']*+'|[^\s>\"'][^\s>]*+|))?)|=)*))>?"
    r"|<[!?/][^>]*+>?"
)
_ANY_TAG: Final = re.compile(r"<[^<>]*+>")
_PARAGRAPHS: Final = frozenset(
    "p h1 h2 h3 h4 h5 h6 ul ol dl table pre blockquote hr figure fieldset center".split()
)
_LINES: Final = frozenset(
    "address article aside body caption dd details div dt figcaption footer form head header html "
    "legend li main nav option section select summary tbody tfoot thead tr".split()
)
_KEPT_AS_THEY_ARE: Final = frozenset({"pre", "textarea", "xmp", "listing"})
_VOID: Final = frozenset("area base br col embed hr img input link meta source track wbr".split())
_RULE: Final = "-" * 20
_SHOWN_SCHEMES: Final = ("http:", "https:", "mailto:", "ftp:", "tel:")


def html_to_text(markup: str) -> str:
    """Return what there is to read in `markup`, with LF as line end."""
    seen = _UNSEEN.sub(" ", markup)
    text = _Reader(hides=True).read(seen)
    if not text.strip():
        # Rather too much than an empty letter: somebody hid all of it, or forgot to close a tag.
        text = _Reader(hides=False).read(seen)
    return text if text.strip() or "<" not in markup else _without_tags(markup)


def _without_tags(markup: str) -> str:
    """Return what stands between tags."""
    return unescaped(" ".join(_ANY_TAG.sub(" ", markup).split()))


class _Reader:
    """Goes through the tags of one page."""

    def __init__(self, *, hides: bool) -> None:
        self._page = Page()
        self._hides = hides
        self._hidden_tag = ""
        self._hidden_depth = 0
        self._links: dict[str, int] = {}
        self._link = ""

    def read(self, markup: str) -> str:
        """Return the page as text."""
        at = 0
        for count, found in enumerate(_TAG.finditer(markup)):
            if count >= HTML_TAGS:
                break
            if found.start() > at:
                self._text(markup[at : found.start()])
            at = found.end()
            if found[2] is not None:
                self._tag(found[2].lower(), found[3], found[0], is_end=bool(found[1]))
        rest = markup[at:]
        self._text(_ANY_TAG.sub(" ", rest) if _TAG.search(rest) else rest)
        self._end_link()
        return self._page.finished() + self._link_list()

    def _text(self, text: str) -> None:
        if not self._hidden_depth:
            self._page.write(unescaped(text))

    def _tag(self, name: str, attributes: str, whole: str, *, is_end: bool) -> None:
        """Do what a tag asks for."""
        if self._hidden_depth:
            if name == self._hidden_tag:
                self._hidden_depth += -1 if is_end else 1
        elif "@" in name and not is_end:
            self._page.write(whole)  # `<jane@example.com>`, written by no editor of HTML
        elif not is_end and self._hides and name not in _VOID and is_hidden(attributes):
            self._hidden_tag, self._hidden_depth = name, 1
        elif name == "a":
            self._end_link()
            if not is_end:
                self._begin_link(attributes_of(attributes).get("href", ""))
        elif name == "br":
            self._page.break_line()
        elif name in {"td", "th"}:
            self._page.begin_cell()
        elif name == "img":
            if not is_end and "alt" in attributes.lower():
                self._image(attributes_of(attributes).get("alt", ""))
        elif name in _PARAGRAPHS or name in _LINES or name in _KEPT_AS_THEY_ARE:
            self._block(name, is_end=is_end)

    def _block(self, name: str, *, is_end: bool) -> None:
        """Begin or end what stands on lines of its own."""
        page = self._page
        page.end_line(
            is_paragraph=name in _PARAGRAPHS and not (name in {"ul", "ol"} and page.lists)
        )
        if name == "blockquote":
            page.quote(-1 if is_end else 1)
        elif name in _KEPT_AS_THEY_ARE:
            page.keep_blanks(-1 if is_end else 1)
        elif name in {"ul", "ol"}:
            if is_end:
                page.end_list()
            else:
                page.begin_list(is_numbered=name == "ol")
        elif name == "li" and not is_end:
            page.begin_item()
        elif name == "hr" and not is_end:
            page.write(_RULE)
            page.end_line(is_paragraph=True)

    def _image(self, words: str) -> None:
        """Show what stands in place of an image."""
        if words.strip():
            self._page.write(f"[{' '.join(words.split())}]")

    def _begin_link(self, address: str) -> None:
        address = "".join(address.split())
        if address.lower().startswith(_SHOWN_SCHEMES):
            self._link = address
            self._page.watch()

    def _end_link(self) -> None:
        """Put a number behind a link whose text does not say where it leads."""
        address, self._link = self._link, ""
        if not address:
            return
        words = self._page.watched().strip()
        if not words or _bare(words) == _bare(address):
            return
        if address not in self._links and len(self._links) >= HTML_LINKS:
            return
        number = self._links.setdefault(address, len(self._links) + 1)
        self._page.append(f"[{number}]")

    def _link_list(self) -> str:
        """Return where the links lead."""
        lines = [f"[{number}] {address}\n" for address, number in self._links.items()]
        return "\n" + "".join(lines) if lines else ""


def _bare(address: str) -> str:
    """Return an address as people write it: without scheme and last slash."""
    plain = address.strip().lower().removeprefix("mailto:").removeprefix("tel:")
    plain = plain.removeprefix("https://").removeprefix("http://").removeprefix("www.")
    return plain.rstrip("/")
