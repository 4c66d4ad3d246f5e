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
    "Find letters by their words.": "言葉でメールを探します。",
    "Find the letters that have all WORDS, newest first, each with a number for other verbs.\n\n"
    "A word finds what begins with it; a Japanese, Chinese or Korean one is found anywhere.\n"
    '"Several words" stand together; -word must not be there. from: to: subject: say where;\n'
    "before:2026-05 and after:2026-05-31 when; in:FOLDER, account:NAME, has:attachment, is:unread\n"
    "(read, flagged, answered, draft) which.": (
        "WORDS のすべてを含むメールを、新しい順に、ほかのコマンドで使う番号つきで表示します。\n\n"
        "日本語・中国語・韓国語の言葉はどこにあっても見つかります。英語などは語の先頭から一致する"
        "ものを探します。"
        '"続けて 並ぶ語" は引用符で囲み、含まないものは -語 と書きます。'
        "場所は from: to: subject:、時期は before:2026-05 や after:2026-05-31、"
        "種類は in:フォルダー、account:名前、has:attachment、is:unread"
        "(read、flagged、answered、draft)で絞れます。"
    ),
    "How many at most.": "最大の件数。",
    "Only what came before a letter, such as id:81234.": (
        "このメールより前のものだけ(例: id:81234)。"
    ),
    "Say how many there are.": "件数だけを表示します。",
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
    "Write a letter in your editor.": "エディターでメールを書きます。",
    "Write a letter in $EDITOR: fields on top, an empty line, the text.\n\n"
    "Afterwards you are asked what becomes of it. What you wrote is never lost: it is a draft until"
    "\nit has left.": (
        "$EDITOR でメールを書きます。上に項目、空行、その下に本文を書きます。\n\n"
        "書き終えると、どうするかを尋ねます。書いたものは失われません。送り終えるまで下書きです。"
    ),
    "Who gets it.": "宛先。",
    "Who gets a copy.": "写しの宛先。",
    "Who gets a copy unseen by others.": "ほかの人に見えない写しの宛先。",
    "What it is about.": "件名。",
    "Go on with this draft.": "この下書きの続きを書きます。",
    "Take the text from this file, or - for standard input, and send it.": (
        "このファイル(- は標準入力)を本文にして送ります。"
    ),
    "Send it after the editor, unasked.": "エディターの後、確認せずに送ります。",
    "Keep it as a draft, unasked.": "確認せずに下書きに残します。",
    "Let a file go along.": "ファイルを添付します。",
    "Write as this account of yours.": "このアカウントから送ります。",
    "Answer who wrote a letter.": "差出人に返信します。",
    "Answer LETTER, such as 3 of the last list or id:81234, in $EDITOR.\n\n"
    "It goes to Reply-To, else to who wrote, and leaves by the account that the letter came by.": (
        "LETTER(直前の一覧の番号 3 や id:81234)に $EDITOR で返信します。\n\n"
        "宛先は Reply-To、なければ差出人です。メールが届いたアカウントから送ります。"
    ),
    "Answer everybody who got a letter.": "全員に返信します。",
    "Answer LETTER to who wrote it and everybody else who got it, but not to yourself.": (
        "LETTER の差出人と、自分以外の受取人全員に返信します。"
    ),
    "Pass a letter on.": "メールを転送します。",
    "Pass LETTER on in $EDITOR: its text below yours, its attachments along.": (
        "LETTER を $EDITOR で転送します。本文は下に引用し、添付ファイルも付けます。"
    ),
    "Attach it whole, as it came.": "元のメールをそのまま添付します。",
    "Send a finished letter, or a draft.": "書き終えたメール、または下書きを送ります。",
    "Send the finished letter in FILE, or on standard input, to whom its fields name.": (
        "FILE または標準入力の書き終えたメールを、その宛先に送ります。"
    ),
    "Send this draft.": "この下書きを送ります。",
    "Who gets it besides its fields.": "メールの項目以外の宛先。",
    "Complete verbs, options and folders in your shell.": (
        "シェルでコマンド、オプション、フォルダー名を補完します。"
    ),
    "Print what SHELL reads to complete the command line.\n\n"
    "For bash write `source <(hato completion bash)` into ~/.bashrc, for zsh the same into "
    "~/.zshrc,\nfor fish `hato completion fish | source` into ~/.config/fish/config.fish.": (
        "SHELL が補完のために読むものを表示します。\n\n"
        "bash では ~/.bashrc に `source <(hato completion bash)`、zsh では ~/.zshrc に同じものを、"
        "fish では ~/.config/fish/config.fish に `hato completion fish | source` と書きます。"
    ),
}
