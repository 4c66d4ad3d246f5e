"""Where the command line gets a password from: standard input, or somebody who types it.

Called by the verbs `user` and `account`.
Never takes one from the command's words, where every other user of the machine sees it.
Standards: none.
Fails with InvalidInputError for an empty one, more than a line, or two that differ.
"""

from __future__ import annotations

import getpass
import sys
from typing import Final

from hato.cli.desk import Desk
from hato.core.errors import InvalidInputError
from hato.core.language import Text
from hato.core.secret import Secret

_NOWHERE: Final = Text(
    en="Give the password on standard input with --password-stdin.",
    ja="--password-stdin を付けて、標準入力でパスワードを渡してください。",
)
_ASK: Final = Text(en="Password for {name}: ", ja="{name} のパスワード: ")
_ASK_AGAIN: Final = Text(
    en="New password for {name} (empty: not now): ", ja="{name} の新しいパスワード(空なら後で): "
)
_AGAIN: Final = Text(en="The same again: ", ja="もう一度: ")
_EMPTY: Final = Text(en="The password is empty: give another one.", ja="パスワードが空です。")
_TWO_LINES: Final = Text(
    en="There is more than one line on standard input: give the password alone.",
    ja="標準入力に二行以上あります。パスワードだけを渡してください。",
)
_DIFFERENT: Final = Text(
    en="The two passwords differ: try again.", ja="パスワードが一致しません。やり直してください。"
)


def take_password(
    desk: Desk, name: str, *, from_standard_input: bool, is_new: bool = True
) -> Secret:
    """Return the password that is given. Raises InvalidInputError.

    `is_new`: it is chosen here and now, so that a slip of the finger would lock somebody out; one
    that is tried by logging in is asked for only once.
    """
    if from_standard_input:
        line = sys.stdin.buffer.readline()
        if line and sys.stdin.buffer.read(1):
            raise InvalidInputError(_TWO_LINES)
        password = Secret(line.removesuffix(b"\n").removesuffix(b"\r"))
    elif sys.stdin.isatty():
        password = Secret(getpass.getpass(_ASK.in_language(desk.language, name=name)))
        if is_new and password != Secret(getpass.getpass(_AGAIN.in_language(desk.language))):
            raise InvalidInputError(_DIFFERENT)
    else:
        raise InvalidInputError(_NOWHERE)
    if not password:
        raise InvalidInputError(_EMPTY)
    return password


def ask_for_password(desk: Desk, name: str) -> Secret:
    """Ask somebody at a terminal for a password of hers elsewhere, once; empty: not now."""
    try:
        return Secret(getpass.getpass(_ASK_AGAIN.in_language(desk.language, name=name)))
    except EOFError:
        return Secret("")
