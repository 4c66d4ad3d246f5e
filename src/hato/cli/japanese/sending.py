"""The help of `hato queue` and `hato identity` in Japanese.

Called by `cli.japanese`, whose table it is a part of.
Never changes what a command does.
Standards: none.
Fails never: a sentence without a row stays English.
"""

from __future__ import annotations

from typing import Final

SENDING_HELP: Final = {
    "See and manage letters that wait to leave.": "送信を待つメールを見て、管理します。",
    "Letters that wait to leave, need your decision, or left lately.": (
        "送信を待つメール、判断が要るメール、最近送ったメール。"
    ),
    "List the letters that wait.": "送信を待つメールの一覧。",
    "List the letters that wait to leave, of everybody or of one person.": (
        "送信を待つメールの一覧(全員または一人)。"
    ),
    "Those that left lately too.": "最近送ったものも含めます。",
    "Show how far a letter is.": "メールの状態を詳しく見ます。",
    "Show letter NUMBER of the outbox: what its server said of each recipient, and what to do.": (
        "送信箱の NUMBER 番について、宛先ごとのサーバーの応答と対処を表示します。"
    ),
    "Try a letter again now.": "もう一度すぐ送ります。",
    "Send letter NUMBER again to whom it has not reached, now.\n\n"
    "Where its state is unknown, it may arrive a second time: ask the recipients first.": (
        "NUMBER 番を、まだ届いていない宛先へすぐ送り直します。\n\n"
        "状態が不明のものは二通届くことがあります。先に相手に確かめてください。"
    ),
    "Send a letter no more.": "送信をやめます。",
    "Send letter NUMBER no more. It stays where it lies: in Drafts, or in Sent if some have it.": (
        "NUMBER 番の送信をやめます。メールは下書き(一部に届いていれば送信済み)に残ります。"
    ),
    "See and change who you are when you write.": "差出人の設定を見て、変えます。",
    "Names, addresses and signatures to write as, and the servers that letters leave by.": (
        "差出人の名前、アドレス、署名と、送信に使うサーバー。"
    ),
    "List the identities.": "差出人の一覧。",
    "List the identities of everybody or of one person.": "差出人の一覧(全員または一人)。",
    "Change an identity.": "差出人の設定を変えます。",
    "Change the identity ADDRESS; a server is logged in to before it is kept.\n\n"
    "An empty value takes away what was set.": (
        "差出人 ADDRESS を変えます。サーバーはログインを試してから保存します。\n\n"
        "空の値は設定を取り消します。"
    ),
    "What stands before the address.": "アドレスの前に付く名前。",
    "The address to write as, where it is another.": "差出人として使う別のアドレス。",
    "What stands below letters.": "メールの末尾に付く署名。",
    "The same, from a file.": "署名をファイルから読みます。",
    "The server that letters leave by.": "送信に使うサーバー。",
    "The login name there, where it is another.": "そこでのログイン名(違う場合)。",
}
