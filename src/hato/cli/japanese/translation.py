"""The help of the command line in Japanese: a table from each English sentence.

Called by `cli.program` where the environment asks for Japanese; a test compares it with the verbs.
Never changes what a command does.
Standards: none.
Fails never: a sentence without a row stays English.
"""

from __future__ import annotations

import copy
import inspect
from typing import Final

import click

from hato.cli.japanese.account import ACCOUNT_HELP
from hato.cli.japanese.mail import MAIL_HELP
from hato.cli.japanese.sending import SENDING_HELP
from hato.cli.lazy_group import LazyGroup

HELP: Final = {
    **ACCOUNT_HELP,
    **MAIL_HELP,
    **SENDING_HELP,
    "Hato: a complete mail system in one program.": "鳩: 一つのプログラムでメールのすべてを。",
    "Show this message and exit.": "この説明を表示します。",
    "Show the version and exit.": "バージョンを表示します。",
    "Try everything on loopback: a demo person with letters, a certificate, a server.\n\n"
    "Prints how to connect, writes the same to DATA/up.json, and serves until stopped.": (
        "このマシンの中だけで全部を試します。手紙の入ったお試し用の人、証明書、サーバー。\n\n"
        "接続方法を表示し、同じ内容を DATA/up.json に書き、止めるまで動きます。"
    ),
    "Try everything on this machine, with one command.": "このマシンで全部を試します。",
    "The folder that holds everything; kept from run to run.": (
        "すべてを入れるフォルダー。次に使うときも残ります。"
    ),
    "Ports are this plus the standard port: 11000 gives 11995 for POP3 over TLS.": (
        "標準のポート番号に足す数。11000 なら POP3 (TLS) は 11995 番です。"
    ),
    "Serve mail until stopped. Prints a line that begins with `ready` once everybody can connect."
    "\n\nSIGTERM stops gracefully, SIGHUP reads the configuration and the certificates again.": (
        "止めるまで動きます。接続できるようになると `ready` で始まる行を表示します。\n\n"
        "SIGTERM で静かに止まり、SIGHUP で設定と証明書を読み直します。"
    ),
    "Serve mail, as hato.toml says.": "hato.toml のとおりに動かします。",
    "Check the configuration, or print an example.": "設定を確認するか、見本を表示します。",
    "Read the configuration and say what is wrong with it, if anything.": (
        "設定を読み、問題があれば知らせます。"
    ),
    "Say what is wrong with the configuration, if anything.": "設定の問題を知らせます。",
    "Print what is in force, as JSON.": "有効な設定を JSON で表示します。",
    "Print a complete, commented configuration.": "注釈つきの設定の見本を表示します。",
    "Print a commented example.": "注釈つきの見本を表示します。",
    "Manage the domains whose mail this server takes.": "受け取るメールのドメインを管理します。",
    "Add, list and remove domains.": "ドメインの追加、一覧、削除。",
    "Serve the domain NAME.": "ドメイン NAME を追加します。",
    "List all domains.": "ドメインの一覧。",
    "Print JSON.": "JSON で表示します。",
    "Serve the domain NAME no longer; nobody may be in it.": (
        "ドメイン NAME を削除します。利用者が残っていてはいけません。"
    ),
    "Manage aliases (several people may share one) and catch-alls (@domain).": (
        "別名(複数人で共有可)と、残り全部を受けるアドレス(@domain)を管理します。"
    ),
    "Add, list and remove addresses besides people's names.": "名前以外のアドレスの管理。",
    "Let mail to ADDRESS (or @domain: all the rest) reach the person NAME.": (
        "ADDRESS(@domain なら残り全部)宛のメールを NAME に届けます。"
    ),
    "List all addresses and whom they reach.": "アドレスと届け先の一覧。",
    "Let ADDRESS reach NAME no longer, or nobody where no NAME is given.": (
        "ADDRESS を NAME に届けるのをやめます。NAME がなければ誰にも届けません。"
    ),
    "Manage the people who have mail here.": "メールの利用者を管理します。",
    "Add, list, change and remove people.": "利用者の追加、一覧、変更、削除。",
    "Add the person NAME, written like ada@example.org.": (
        "利用者 NAME を追加します(ada@example.org のように)。"
    ),
    "Read the password from standard input.": "標準入力からパスワードを読みます。",
    "Take over {SCHEME}hash of another server instead.": (
        "ほかのサーバーの {SCHEME}ハッシュを引き継ぎます。"
    ),
    "Take over the mail that a removed person left.": "削除した人が残したメールを引き継ぎます。",
    "Let the person NAME log in no longer; her mail still arrives.": (
        "NAME のログインを止めます。メールは届き続けます。"
    ),
    "Let the person NAME log in again.": "NAME のログインを再開します。",
    "List everybody.": "利用者の一覧。",
    "Set the password of NAME; app passwords stay.": (
        "NAME のパスワードを変えます。端末用パスワードはそのままです。"
    ),
    "Remove the person NAME with addresses and passwords.": (
        "NAME をアドレスとパスワードごと削除します。"
    ),
    "List the mail that removed people left, or remove that of ACCOUNT for good.": (
        "削除した人が残したメールの一覧、または ACCOUNT のメールを完全に消します。"
    ),
    "Do not ask.": "確認しません。",
    "Remove all mail too, for good.": "メールもすべて消します。元に戻せません。",
    "Give the person NAME the name NEW.": "NAME の名前を NEW に変えます。",
    "Change how the person NAME wants things.": "NAME の設定を変えます。",
    "POP3 marks as seen.": "POP3 で読むと既読にします。",
    "Delete from INBOX after so many days; 0: never.": (
        "この日数がたつと INBOX から消します。0 は消しません。"
    ),
    "Least time between two POP3 logins.": "POP3 のログインの最小間隔(秒)。",
    "Most octets of mail; 0: no limit.": "メールの最大オクテット数。0 は無制限。",
    "Most messages; 0: no limit.": "メールの最大通数。0 は無制限。",
    "Manage passwords for single devices: a lost phone does not cost the main password.": (
        "端末ごとのパスワードを管理します。端末をなくしても本来のパスワードは無事です。"
    ),
    "One password for each device, revocable.": "端末ごとのパスワード。取り消せます。",
    "Draw a password for one device of the person NAME and show it once.": (
        "NAME の端末用のパスワードを作り、一度だけ表示します。"
    ),
    "What the password is for, like 'phone'.": "何のためのパスワードか(例: phone)。",
    "List the devices of the person NAME with the last use of each.": (
        "NAME の端末と最後に使った時の一覧。"
    ),
    "End the password of one device of the person NAME.": "NAME の端末のパスワードを無効にします。",
    "Whose password ends.": "どの端末か。",
    "Deliver the message on standard input to NAME, an address or a person.\n\n"
    "For pipes of other mail systems: the exit status is one of sysexits.h.": (
        "標準入力のメッセージを NAME(アドレスか利用者)に届けます。\n\n"
        "ほかのメールシステムのパイプ用で、終了コードは sysexits.h のものです。"
    ),
    "Take one message from a pipe.": "パイプから一通を受け取ります。",
    "The envelope sender; empty or <> for none.": "差出人アドレス。空か <> ならなし。",
    "Bring the messages at PATH into the mailbox of NAME: dates, flags and folders too.\n\n"
    "May be interrupted and run again: what is there already is passed over.": (
        "PATH のメールを、日付、フラグ、フォルダーごと NAME に取り込みます。\n\n"
        "途中で止めてもやり直せます。取り込み済みのものは飛ばします。"
    ),
    "Only say what would be done; change nothing.": "何をするかを示すだけで、何も変えません。",
    "Bring in mail from a Maildir, an mbox or files.": "Maildir、mbox、ファイルから取り込みます。",
    "Fetch what is new in the mail accounts elsewhere, now.\n\n"
    "May be interrupted and run again, also while Hato serves: nothing is lost or comes twice.\n\n"
    "What is paused, or had its password refused, is fetched only where it is named.\n\n"
    "A letter over the account's --largest, or one that its server does not give out, is here as "
    "its\nheader and a note. --whole fetches all of these whole, --letter one of them.": (
        "ほかのメールアカウントの新着を今すぐ受信します。\n\n"
        "途中で止めてもやり直せます。鳩の動作中でも使えます。何も失わず、二重にもなりません。\n\n"
        "休止中のものとパスワードを拒否されたものは、名指ししたときだけ受信します。\n\n"
        "アカウントの --largest を超えるメールと、サーバーが渡さないメールは、"
        "ヘッダーとお知らせだけになります。--whole はその全部を、--letter は一通を受信します。"
    ),
    "Fetch mail from accounts elsewhere.": "ほかのアカウントのメールを受信します。",
    "Only the accounts of this person.": "この利用者のアカウントだけ。",
    "Only this account elsewhere.": "このアカウントだけ。",
    "Also fetch whole what a note stands for.": "お知らせだけのメールも全体を受信します。",
    "Of those only this one, by its number in `hato account log ADDRESS --left-out`.": (
        "そのうちこの一通だけ。番号は `hato account log ADDRESS --left-out` にあります。"
    ),
    "Go on, and look at each account when it is due.": "続けて、それぞれの間隔で確認します。",
    "Look at the mail ports of HOST, or of the servers that ADDRESS has; log in nowhere.\n\n"
    "Says for each port whether it is open, its TLS and certificate, what it offers before and "
    "under\nTLS and the login methods; then what to use and why, and what to change.": (
        "HOST のメールのポート、または ADDRESS のサーバーを調べます。ログインはしません。\n\n"
        "ポートごとに、開いているか、TLS と証明書、TLS の前と中での機能、ログイン方法を示し、"
        "何をなぜ使うべきか、何を変えるべきかを説明します。"
    ),
    "See what a mail server offers, and what to use.": "メールサーバーを調べ、設定を勧めます。",
    "Look at this port instead of the usual ones; may be given several times.": (
        "通常のポートの代わりにこのポートを調べます。複数指定できます。"
    ),
    "Trust the certificate authorities in this PEM file instead of the system's.": (
        "システムの代わりに、この PEM ファイルの認証局を信頼します。"
    ),
    "Check the mail of everybody, or of NAME; may run while Hato serves.": (
        "全員か NAME のメールを検査します。動作中でも使えます。"
    ),
    "Check every stored octet, and the indexes.": "保存データと索引を検査します。",
    "Rebuild indexes that differ from their journal.": "ジャーナルと違う索引を作り直します。",
    "Purge what is past its time and give back its space; may run while Hato serves.\n\n"
    "While the disk lacks room, deleted mail is ended early, the longest deleted first.": (
        "期限の切れたものを消し、領域を解放します。動作中でも使えます。\n\n"
        "ディスクの空きが足りない間は、削除済みのメールを古いものから期限前に完全に消します。"
    ),
    "End all deleted mail: none can be brought back.": (
        "削除済みのメールをすべて完全に消します。元には戻せません。"
    ),
    "Give back the space of deleted mail.": "消したメールの領域を解放します。",
    "List what was deleted from the mailbox of NAME, or bring back the messages ID.\n\n"
    "They get their place in INBOX with a new number and their old UIDL, "
    "and do not expire again.": (
        "NAME の消したメールの一覧、または ID のメールを元に戻します。\n\n"
        "INBOX に新しい番号と元の UIDL で戻り、もう期限切れになりません。"
    ),
    "See what was deleted, and bring it back.": "消したメールを見て、元に戻します。",
    "Bring back all that can be.": "戻せるものをすべて戻します。",
}


def translated(command: click.Command) -> click.Command:
    """Return a copy of a command whose help is Japanese."""
    copied = copy.copy(command)
    copied.help = _translated(command.help)
    copied.short_help = _translated(command.short_help)
    copied.params = [_translated_parameter(parameter) for parameter in command.params]
    if isinstance(copied, click.Group):
        if isinstance(copied, LazyGroup):
            copied.finish = translated
        copied.commands = {name: translated(inner) for name, inner in copied.commands.items()}
    return copied


def _translated_parameter(parameter: click.Parameter) -> click.Parameter:
    if not isinstance(parameter, click.Option):
        return parameter
    copied = copy.copy(parameter)
    copied.help = _translated(parameter.help)
    return copied


def _translated(sentence: str | None) -> str | None:
    return HELP.get(inspect.cleandoc(sentence), sentence) if sentence else sentence
