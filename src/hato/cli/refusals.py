"""What a person is told when something is refused: one table from error to sentence.

Called by `cli.program` for every error of the domain.
Never tells more than the error says.
Standards: none.
Fails never: an error without a row is told by its own words.
"""

from __future__ import annotations

from typing import Final

from hato.core import errors
from hato.core.language import Language, Text

_SENTENCES: Final[dict[type[errors.HatoError], Text]] = {
    errors.NotFoundError: Text(
        en="There is no such thing: {reason}.", ja="見つかりません: {reason}。"
    ),
    errors.AlreadyExistsError: Text(
        en="It exists already: {reason}.", ja="既にあります: {reason}。"
    ),
    errors.ConflictError: Text(
        en="It changed meanwhile or is still needed: {reason}.",
        ja="その間に変わったか、まだ使われています: {reason}。",
    ),
    errors.InUseError: Text(
        en="Somebody is using it right now: try again when they are done.",
        ja="いま使われています。終わってからもう一度試してください。",
    ),
    errors.OverQuotaError: Text(
        en="The mailbox is full: delete something or raise its quota.",
        ja="メールボックスがいっぱいです。削除するか容量を増やしてください。",
    ),
    errors.TooLargeError: Text(
        en="The message is larger than the limit.", ja="メッセージが上限より大きいです。"
    ),
    errors.StorageFullError: Text(
        en="The disk is full: free some space; nothing was lost.",
        ja="ディスクがいっぱいです。空きを作ってください。何も失われていません。",
    ),
    errors.UnavailableError: Text(
        en="The store is not available right now ({reason}): try again.",
        ja="いまストアを使えません({reason})。もう一度試してください。",
    ),
    errors.KeyReplacedError: Text(
        en="A password or an authorisation is kept here that was sealed under another key "
        "({reason}): put the old secret.key back, or give the password again with `hato account "
        "password ADDRESS`, or with OAuth2 authorise again with `hato account authorise ADDRESS`.",
        ja="保存されたパスワードか認可が別の鍵で封じられています({reason})。"
        "元の secret.key を戻すか、`hato account password ADDRESS` でパスワードを入れ直すか、"
        "OAuth2 なら `hato account authorise ADDRESS` でもう一度認可してください。",
    ),
    errors.DamagedError: Text(
        en="Stored data is damaged ({reason}): run `hato verify`.",
        ja="保存データが壊れています({reason})。`hato verify` を実行してください。",
    ),
}


def sentence_for(fault: errors.HatoError, language: Language) -> str:
    """Return the sentence for an error, in a language."""
    if isinstance(fault, errors.SpokenError):
        return fault.in_language(language)
    for kind in type(fault).__mro__:
        text = _SENTENCES.get(kind)
        if text is not None:
            return text.in_language(language, reason=fault)
    return str(fault)
