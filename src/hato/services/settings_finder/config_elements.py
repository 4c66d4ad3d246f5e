"""The elements of config-v1.1 that matter, pulled out of XML that a stranger wrote.

Called by `autoconfig` only.
Never builds a tree, never reads past a limit, never accepts a document type: so there is no entity
to expand and nothing outside to fetch.
Standards: XML 1.0; Mozilla's autoconfiguration format, version 1.1.
Fails with UnfitAnswerError, which carries the reason in words.
"""

from __future__ import annotations

from typing import Final
from xml.parsers import expat

from hato.core import limits
from hato.core.language import Text

_TOO_LONG: Final = Text(
    en="the answer is longer than {most} octets", ja="回答が {most} オクテットを超えています"
)
_NOT_XML: Final = Text(en="the answer is not well-formed XML", ja="回答が正しい XML ではありません")
_OTHER_ENCODING: Final = Text(
    en="the answer is in an encoding that these settings never use",
    ja="回答の文字コードは、この設定で使われないものです",
)
_HAS_TYPE: Final = Text(
    en="the answer declares a document type, which these settings never need",
    ja="回答に文書型宣言があります(この設定には不要なため拒否しました)",
)
_TOO_DEEP: Final = Text(
    en="the elements of the answer nest too deeply", ja="回答の要素の入れ子が深すぎます"
)
_OTHER_ROOT: Final = Text(
    en="the answer is XML, but holds no settings for mail programs",
    ja="回答は XML ですが、メールソフトの設定ではありません",
)

_SERVERS: Final = frozenset({"incomingServer", "outgoingServer"})
_SERVER_PARTS: Final = {
    "hostname": "host",
    "port": "port",
    "socketType": "socket_type",
    "username": "user_name",
}
_OAUTH2_PARTS: Final = frozenset({"issuer", "scope", "authURL", "tokenURL"})
_HELP: Final = {"documentation": "url", "enable": "visiturl"}
# Encodings that the parser knows by itself.
_ENCODINGS: Final = frozenset({"utf-8", "utf-16", "iso-8859-1", "us-ascii"})


class UnfitAnswerError(Exception):
    """The text is not what it should be."""

    def __init__(self, text: Text) -> None:
        """Keep the reason."""
        super().__init__(text.en)
        self.text = text


class ServerElement:
    """One incomingServer or outgoingServer, its texts as they stand there, spaces cut off."""

    def __init__(self, kind: str) -> None:
        """Begin an empty one of a kind: `pop3`, `imap`, `smtp` or whatever it says."""
        self.kind = kind
        self.host = ""
        self.port = ""
        self.socket_type = ""
        self.user_name = ""
        self.authentication: list[str] = []


class Elements:
    """What was found, in the order of the text."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.servers: list[ServerElement] = []
        self.oauth2: dict[str, str] = {}
        self.help_urls: list[str] = []
        self.check_minutes: list[str] = []


def read_elements(octets: bytes) -> Elements:
    """Read an answer. Raises UnfitAnswerError."""
    if len(octets) > limits.AUTOCONFIG_OCTETS:
        most = limits.AUTOCONFIG_OCTETS
        raise UnfitAnswerError(Text(*(words.format(most=most) for words in _TOO_LONG)))
    reader = _Reader()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    parser.XmlDeclHandler = reader.declaration
    parser.StartDoctypeDeclHandler = reader.document_type
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.characters
    try:
        parser.Parse(octets, True)
    except (expat.ExpatError, ValueError, LookupError) as fault:
        raise UnfitAnswerError(_NOT_XML) from fault
    if not reader.has_settings:
        raise UnfitAnswerError(_OTHER_ROOT)
    return reader.elements


class _Reader:
    """Takes what the parser sees, and remembers where it is."""

    def __init__(self) -> None:
        self.elements = Elements()
        self.has_settings = False
        self._path: list[str] = []
        self._text: list[str] = []
        self._server: ServerElement | None = None

    def declaration(self, _version: str, encoding: str | None, _standalone: int) -> None:
        """Refuse encodings whose decoders the parser would have to borrow."""
        if encoding is not None and encoding.lower() not in _ENCODINGS:
            raise UnfitAnswerError(_OTHER_ENCODING)

    def document_type(self, *_: object) -> None:
        """Refuse it: no entity is ever declared here."""
        raise UnfitAnswerError(_HAS_TYPE)

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Note where the text goes."""
        self._path.append(name)
        self._text.clear()
        if len(self._path) > limits.AUTOCONFIG_DEPTH:
            raise UnfitAnswerError(_TOO_DEEP)
        if self._path[0] != "clientConfig":
            raise UnfitAnswerError(_OTHER_ROOT)
        self.has_settings = True
        if name in _SERVERS and self._path[1:-1] == ["emailProvider"]:
            self._server = ServerElement(attributes.get("type", ""))
        elif self._server is None and name in _HELP:
            self._take_url(attributes.get(_HELP[name], ""))
        elif self._server is not None and name == "checkInterval":
            self.elements.check_minutes.append(attributes.get("minutes", ""))

    def _take_url(self, url: str) -> None:
        if len(self.elements.help_urls) < limits.AUTOCONFIG_SERVERS:
            self.elements.help_urls.append(url)

    def characters(self, text: str) -> None:
        """Collect the text of the element that is open."""
        self._text.append(text)

    def end(self, name: str) -> None:
        """Take an element's text, and whole servers."""
        self._path.pop()
        text = "".join(self._text).strip()
        self._text.clear()
        server = self._server
        if server is None:
            if self._path[-1:] == ["oAuth2"] and name in _OAUTH2_PARTS:
                self.elements.oauth2.setdefault(name, text)
        elif name in _SERVERS:
            if len(self.elements.servers) < limits.AUTOCONFIG_SERVERS:
                self.elements.servers.append(server)
            self._server = None
        elif self._path[-1] in _SERVERS:
            self._take(server, name, text)

    def _take(self, server: ServerElement, name: str, text: str) -> None:
        if name == "authentication":
            server.authentication.append(text)
        elif name in _SERVER_PARTS:
            setattr(server, _SERVER_PARTS[name], text)
