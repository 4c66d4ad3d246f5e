"""The grammar of a fetchmailrc: servers, their users, and every option that fetchmail 6.4 knows.

Called by `fetchmail_accounts`.
Never decides what an option means for Hato; a little more is taken than fetchmail takes.
Standards: fetchmail(1), "Keyword/Option Summary".
Fails with InvalidInputError, which names the line that is not understood, and none of its words.
"""

from __future__ import annotations

from enum import Enum, auto
from pathlib import Path
from typing import Final

import msgspec

from hato.core.errors import InvalidInputError
from hato.core.language import Text
from hato.services.moving_in.fetchmail_words import Word, words_of

_NOT_UNDERSTOOD: Final = Text(
    en="Line {line} of {file} is not in the language of fetchmail: correct it and import again.",
    ja="{file} の {line} 行目は fetchmail の書き方ではありません。"
    "直してからもう一度引き継いでください。",
)
_ENDS_EARLY: Final = Text(
    en="{file} ends in the middle of an option: complete it and import again.",
    ja="{file} は設定の途中で終わっています。補ってからもう一度引き継いでください。",
)


class Takes(Enum):
    """What follows an option's name."""

    NOTHING = auto()
    """And `no` may stand before it."""
    WORD = auto()
    NUMBER = auto()
    NAMES = auto()


Value = bool | str | int | tuple[str, ...]

_KINDS: Final = {
    Takes.NOTHING: "dns checkalias uidl tracepolls keep flush limitflush fetchall rewrite stripcr "
    "forcecr pass8bits dropstatus dropdelivered mimedecode idle ssl sslcertck lmtp",
    Takes.WORD: "via plugin plugout principal esmtpname esmtppassword interface monitor qvirtual "
    "service protocol auth bad-header password mda bsmtp preconnect postconnect sslkey sslcert "
    "sslproto sslcertfile sslcertpath sslcommonname sslfingerprint smtpaddress smtpname properties",
    Takes.NUMBER: "port interval timeout limit warnings batchlimit fetchlimit fetchsizelimit "
    "fastuidl expunge",
    Takes.NAMES: "aka localdomains folder smtphost fetchdomains antispam",
}
_OPTIONS: Final = {name: kind for kind, names in _KINDS.items() for name in names.split()}
_OTHER_NAMES: Final = {
    "proto": "protocol",
    "authenticate": "auth",
    "local": "localdomains",
    "pass": "password",
    "folders": "folder",
    "smtp": "smtphost",
    "pre": "preconnect",
    "post": "postconnect",
}
_OF_SERVERS: Final = frozenset(
    "dns checkalias uidl tracepolls via plugin plugout principal esmtpname esmtppassword interface "
    "monitor qvirtual service protocol auth bad-header port interval timeout aka localdomains "
    "envelope".split()
)
_GLOBAL_FLAGS: Final = frozenset(
    "bouncemail spambounce softbounce syslog invisible showdots".split()
)
_GLOBAL_WORDS: Final = frozenset("daemon postmaster logfile pidfile idfile properties".split())
_NOISE: Final = frozenset("and with has wants options".split())
_BEGINNINGS: Final = frozenset("poll server skip defaults set".split())
_USER: Final = frozenset("user username".split())
_NAMED: Final = frozenset("is to".split())
_PLACES: Final = frozenset("here there".split())
_KEYWORDS: Final = (
    frozenset(_OPTIONS) | frozenset(_OTHER_NAMES) | _BEGINNINGS | _NOISE | _USER | _NAMED | _PLACES
    | {"no", "envelope"} | {f"no{name}" for name, kind in _OPTIONS.items() if kind is Takes.NOTHING}
)  # fmt: skip


class User(msgspec.Struct):
    """One user of a server."""

    login: str | None = None
    """None: the name of whoever runs fetchmail."""
    local_names: tuple[str, ...] = ()
    options: dict[str, Value] = {}


class Server(msgspec.Struct):
    """One entry."""

    label: str
    is_active: bool
    options: dict[str, Value] = {}
    users: list[User] = []


class Settings(msgspec.Struct):
    """A whole file."""

    globals: dict[str, Value] = {}
    servers: list[Server] = []


def parse_fetchmailrc(text: str, file: Path) -> Settings:
    """Read a file of settings. Raises InvalidInputError."""
    return _Parser(list(words_of(text)), file).parse()


class _Parser:
    """Goes through the words once."""

    def __init__(self, words: list[Word], file: Path) -> None:
        self._words = words
        self._at = 0
        self._file = file
        self._settings = Settings()
        self._defaults = Server("", is_active=True)
        self._server = self._defaults
        self._first = User()
        """What the options before the first `user` say: they hold for every user."""

    def parse(self) -> Settings:
        """Read everything."""
        while self._at < len(self._words):
            self._statement(self._next())
        self._end_entry()
        return self._settings

    def _statement(self, word: Word) -> None:
        """Read what begins with a word."""
        text = "" if word.is_quoted else word.text
        if text in _NOISE:
            return
        if text == "set":
            self._global()
        elif text in _BEGINNINGS:
            self._entry(text)
        elif text in _USER:
            self._user()
        elif text in _NAMED:
            self._local_names()
        elif text == "envelope":
            self._envelope()
        else:
            self._option(word)

    def _global(self) -> None:
        """Read one `set`."""
        word, value = self._next(), True
        if word.text == "no":
            word, value = self._next(), False
        elif word.text.startswith("no") and word.text[2:] in _GLOBAL_FLAGS:
            word, value = word._replace(text=word.text[2:]), False
        if word.text in _GLOBAL_FLAGS:
            self._settings.globals[word.text] = value
        elif word.text in _GLOBAL_WORDS:
            self._settings.globals[word.text] = self._next_value().text
        else:
            raise self._fault(word)

    def _entry(self, beginning: str) -> None:
        """Begin a server, or the defaults of all that follow."""
        self._end_entry()
        self._first = User(options=dict(self._first_of_defaults().options))
        if beginning == "defaults":
            self._server = self._defaults = Server("", is_active=True)
            self._first = User()
            return
        options = dict(self._defaults.options)
        is_active = beginning != "skip"
        self._server = Server(self._next().text, is_active, options, users=[])
        self._settings.servers.append(self._server)

    def _first_of_defaults(self) -> User:
        """Return the user of the defaults: his options are everybody's."""
        return self._defaults.users[0] if self._defaults.users else User()

    def _end_entry(self) -> None:
        """Finish an entry: one without users has one, who is whoever runs fetchmail."""
        if not self._server.users:
            default = self._first_of_defaults().login if self._server.label else None
            first = self._first
            self._server.users.append(
                User(first.login or default, first.local_names, first.options)
            )

    def _user(self) -> None:
        """Begin a user."""
        user = User(options=dict(self._first.options))
        name = self._next_value().text
        if self._take_place() == "here":
            user.local_names = (name,)
        else:
            user.login = name
        self._server.users.append(user)

    def _local_names(self) -> None:
        """Read whose mail it is here; or, before `there`, the name at the server."""
        names = self._names()
        user = self._server.users[-1] if self._server.users else self._first
        if self._take_place() == "there":
            user.login = names[0] if names else user.login
        else:
            user.local_names += names

    def _envelope(self) -> None:
        """Read the header field that tells recipients, and how many of them to pass over."""
        if self._next_value().number is not None:
            self._next_value()
        self._server.options["envelope"] = True

    def _option(self, word: Word) -> None:
        """Read one option."""
        name, value = word.text, True
        if name == "no":
            word, value = self._next(), False
            name = word.text
            if name == "envelope":
                self._server.options.pop(name, None)
                return
        elif name.startswith("no") and _OPTIONS.get(name[2:]) is Takes.NOTHING:
            name, value = name[2:], False
        name = _OTHER_NAMES.get(name, name)
        kind = _OPTIONS.get(name)
        if word.is_quoted or kind is None or (not value and kind is not Takes.NOTHING):
            raise self._fault(word)
        self._options_for(name)[name] = value if kind is Takes.NOTHING else self._value(kind)

    def _options_for(self, name: str) -> dict[str, Value]:
        """Return the options of whoever an option is about."""
        if name in _OF_SERVERS:
            return self._server.options
        return (self._server.users[-1] if self._server.users else self._first).options

    def _value(self, kind: Takes) -> Value:
        """Read what follows an option."""
        if kind is Takes.NAMES:
            return self._names()
        word = self._next_value()
        if kind is Takes.WORD:
            return word.text
        if word.number is None:
            raise self._fault(word)
        return word.number

    def _names(self) -> tuple[str, ...]:
        """Read names up to the next keyword; of `one=other` the one here, `other`, counts."""
        names: list[str] = []
        while self._at < len(self._words):
            word = self._words[self._at]
            if not word.is_quoted and word.text in _KEYWORDS:
                break
            self._at += 1
            if word.text == "=" and not word.is_quoted and names:
                names[-1] = self._next().text
            else:
                names.append(word.text)
        return tuple(names)

    def _take_place(self) -> str:
        """Read `here` or `there`, where one of them stands."""
        if self._at < len(self._words) and self._words[self._at].text in _PLACES:
            return self._next().text
        return ""

    def _next_value(self) -> Word:
        """Return the next word; an `=` before it is passed over."""
        word = self._next()
        return self._next() if word.text == "=" and not word.is_quoted else word

    def _next(self) -> Word:
        """Return the next word. Raises InvalidInputError at the end."""
        if self._at == len(self._words):
            raise InvalidInputError(_ENDS_EARLY, file=self._file)
        self._at += 1
        return self._words[self._at - 1]

    def _fault(self, word: Word) -> InvalidInputError:
        return InvalidInputError(_NOT_UNDERSTOOD, line=word.line, file=self._file)
