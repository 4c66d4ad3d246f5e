"""The help of the mail program's verbs in Japanese.

Called by `cli.japanese`, whose table it is a part of.
Never changes what a command does.
Standards: none.
Fails never: a sentence without a row stays English.
"""

from __future__ import annotations

from typing import Final

MAIL_HELP: Final = {
    "Whose mail, where several have some.": "誰のメールか(利用者が複数いる場合)。",
    "When to use colours; NO_COLOR is heeded.": "色を使う条件。NO_COLOR にも従います。",
    "List the newest letters of all accounts.": "すべてのアカウントの新しいメールの一覧。",
    "List the newest letters of all accounts, or of FOLDER, each with a number for other verbs.\n\n"
    "Marks: ● unread, r answered, ! flagged, @ with attachments.": (
        "すべてのアカウント、または FOLDER の新しいメールを、ほかのコマンドで使う番号つきで"
        "表示します。\n\n"
        "印: ● 未読、r 返信済み、! 目印、@ 添付あり。"
    ),
    "Only what nobody has read.": "未読のものだけ。",
    "How many; usually a screen.": "何通表示するか。通常は一画面分。",
    "Only what came before a day or a letter.": "この日、またはこのメールより前のものだけ。",
    "Show each copy that came by several accounts.": (
        "複数のアカウントに届いた同じメールも、それぞれ表示します。"
    ),
    "List the folders.": "フォルダーの一覧。",
    "List all folders: how many letters lie in each, and how many nobody has read.": (
        "フォルダーごとに、メールの数と未読の数を表示します。"
    ),
    "Mark letters as read, flagged or answered, or not.": (
        "既読、目印、返信済みの印を付けたり外したりします。"
    ),
    "Mark LETTERS, such as 3-7,9 of the last list or id:81234.": (
        "LETTERS(直前の一覧の番号 3-7,9 や id:81234)に印を付けるか、外します。"
    ),
    "Put letters into another folder.": "メールを別のフォルダーに移します。",
    "Move LETTERS, such as 3-7,9 of the last list or id:81234, into FOLDER, like Family/Ada.": (
        "LETTERS(直前の一覧の番号 3-7,9 や id:81234)を FOLDER(例: Family/Ada)に移します。"
    ),
    "Make the folder where there is none.": "フォルダーがなければ作ります。",
    "Delete letters; they can be brought back.": "メールを消します。元に戻せます。",
    "Delete LETTERS, such as 3-7,9 of the last list or id:81234, from every folder they lie in.\n\n"
    "`hato undelete` brings them back.": (
        "LETTERS(直前の一覧の番号 3-7,9 や id:81234)をすべてのフォルダーから消します。\n\n"
        "`hato undelete` で元に戻せます。"
    ),
    "Write letters as Maildir, mbox or single files.": (
        "メールを Maildir、mbox、個別のファイルに書き出します。"
    ),
    "Write all letters, or those of some folders, into the new folder PATH: dates and flags too."
    "\n\n`hato import` brings them back as they were. May be interrupted and run again to go on.": (
        "すべてのメール、または指定したフォルダーのものを、日付とフラグごと新しいフォルダー PATH に"
        "書き出します。\n\n"
        "`hato import` で元どおり取り込めます。途中で止めても、もう一度実行すれば続きから"
        "書き出します。"
    ),
    "Read a letter.": "メールを読みます。",
    "Show LETTER, such as 3 of the last list or id:81234, and mark it as read.": (
        "LETTER(直前の一覧の番号 3 や id:81234)を表示し、既読にします。"
    ),
    "Do not mark it as read.": "既読にしません。",
    "As it came, every octet.": "届いたまま、全オクテットを表示します。",
    "The source of its HTML.": "HTML のソースを表示します。",
    "Every field of its header.": "ヘッダーの全項目を表示します。",
    "All letters of its conversation.": "同じ会話のメールをすべて表示します。",
    "List and save what comes with a letter.": "添付ファイルの一覧と保存。",
    "List what is attached to a letter, or save it as files.": (
        "添付ファイルを一覧にするか、保存します。"
    ),
    "List the attachments of a letter.": "添付ファイルの一覧。",
    "List the attachments of LETTER, such as 3 of the last list or id:81234.": (
        "LETTER(直前の一覧の番号 3 や id:81234)の添付ファイルの一覧。"
    ),
    "Save attachments as files.": "添付ファイルを保存します。",
    "Save all attachments of LETTER, or those with the NUMBERS.\n\n"
    "No file is written over: a name that is taken gets a number, like `plan (2).pdf`.": (
        "LETTER の添付ファイルをすべて、または NUMBER のものだけ保存します。\n\n"
        "上書きはしません。同じ名前があれば `plan (2).pdf` のように番号が付きます。"
    ),
    "The folder to save to; usually the current one.": (
        "保存先のフォルダー。通常は今いるフォルダー。"
    ),
}
