"""The help of `hato account` in Japanese.

Called by `cli.japanese`, whose table it is a part of.
Never changes what a command does.
Standards: none.
Fails never: a sentence without a row stays English.
"""

from __future__ import annotations

from typing import Final

ACCOUNT_HELP: Final = {
    "Manage mail accounts elsewhere: their mail is fetched and kept here as one.": (
        "ほかのメールアカウントを管理します。そのメールを受信し、一つにまとめます。"
    ),
    "Mail accounts elsewhere whose mail is fetched.": "受信元になる、ほかのメールアカウント。",
    "Find the servers of ADDRESS, log in, and fetch its mail from now on.\n\n"
    "With --host the settings are your own; otherwise Hato finds them. Both are tried before they\n"
    "are believed.": (
        "ADDRESS のサーバーを見つけ、ログインし、これからメールを受信します。\n\n"
        "--host があればその設定を、なければ自動で見つけた設定を使います。"
        "どちらも実際にログインして確かめます。"
    ),
    "Add a mail account elsewhere.": "ほかのメールアカウントを追加します。",
    "Whose account it is.": "誰のアカウントか。",
    "How mail is fetched.": "受信の方法。",
    "The server; with it, the settings are your own.": (
        "サーバー名。指定すると、設定は自分のものになります。"
    ),
    "Its port.": "ポート番号。",
    "How it is encrypted; none: everybody on the way can read all of it.": (
        "暗号化の方法。none では途中の誰でも全部を読めます。"
    ),
    "The login name there, where it is not the address.": (
        "そこでのログイン名(アドレスと違う場合)。"
    ),
    "Trust these authorities instead of the system's.": (
        "システムの代わりに、この認証局を信頼します。"
    ),
    "Trust this one certificate, knowing it.": "この証明書だけを、承知のうえで信頼します。",
    "Allow an outdated login method too, where there is nothing better.": (
        "ほかにない場合、古いログイン方法も許します。"
    ),
    "Allow outdated login methods no longer.": "古いログイン方法を許すのをやめます。",
    "Log in by OAuth2: authorise it afterwards.": "OAuth2 を使います(後で許可します)。",
    "Leave all mail at the provider (usual).": "プロバイダーのメールを残します(通常)。",
    "Delete it there so many days after it is safe here; 0: as soon as it is.": (
        "ここに保存してからこの日数でプロバイダーから削除します。0 は保存しだい。"
    ),
    "Delete it there when it was read here.": "ここで読んだらプロバイダーから削除します。",
    "What the account is called here.": "ここでの呼び名。",
    "Its colour, like #2a6fb0.": "色(例: #2a6fb0)。",
    "Where its mail goes, like Family/Ada; usually INBOX.": (
        "メールの行き先(例: Family/Ada)。通常は INBOX。"
    ),
    "Fetch of larger mail its header only: 20M.": (
        "これより大きいメールはヘッダーだけ受信します(例: 20M)。"
    ),
    "Leave it out of the unified inbox.": "統合受信箱に入れません。",
    "How often to look; usually 5.": "確認の間隔(分)。通常は 5。",
    "Run this for each new letter, as its input.": (
        "新着メールごとに動かすコマンド(メールは標準入力)。"
    ),
    "Put a copy of each new letter there too.": "新着メールの写しをこの Maildir にも置きます。",
    "List the mail accounts that are fetched, of everybody or of one person.": (
        "受信するアカウントの一覧(全員または一人)。"
    ),
    "List the accounts, and how each fares.": "アカウントとその状態の一覧。",
    "Change the account ADDRESS; what concerns the login is tried before it is kept.\n\n"
    'An empty value takes away what was set: --hook "" runs nothing any more.': (
        "アカウント ADDRESS を変えます。ログインに関わることは試してから保存します。\n\n"
        '空の値は設定を取り消します。--hook "" なら何も動かしません。'
    ),
    "Change an account.": "アカウントの設定を変えます。",
    "Look there no longer, or again.": "確認を止めるか、再開します。",
    "Use another password for ADDRESS; it is tried before it is kept.": (
        "ADDRESS のパスワードを変えます。試してから保存します。"
    ),
    "Give the new password of an account.": "アカウントの新しいパスワードを入れます。",
    "Log in to ADDRESS as it is set up, and out again; nothing is fetched.": (
        "ADDRESS に今の設定でログインしてみます。何も受信しません。"
    ),
    "Log in to an account, and say what comes of it.": "ログインを試し、結果を知らせます。",
    "List what Hato deleted of ADDRESS at the provider: since when it is safe here, and when.\n\n"
    "Receipts are kept for 400 days, also those of an account that was removed and whose mail "
    "stayed,\nuntil --forget.\n\n"
    "With --left-out: the letters of which only the header and a note are here, being too large "
    "or\nnot given out, each with the number by which `hato fetch --letter` fetches it whole.": (
        "鳩が ADDRESS のプロバイダーから削除したメールの一覧。ここに保存した時と削除した時。\n\n"
        "記録は 400 日間保存されます。メールを残して外したアカウントの記録も "
        "--forget まで残ります。\n\n--left-out を付けると、"
        "大きすぎるか渡されなかったため、ヘッダーとお知らせだけがある"
        "メールの一覧。番号を `hato fetch --letter` に渡すと全体を受信します。"
    ),
    "List what is not here whole.": "全体がここにないメールの一覧。",
    "Forget the log of an account that was removed.": "外したアカウントの記録を消します。",
    "See what was deleted at the provider.": "プロバイダーから削除したものを見ます。",
    "Fetch ADDRESS no longer: its settings and its password go.\n\n"
    "What was fetched stays here with its log, unless you say otherwise. Nothing changes at the\n"
    "provider.": (
        "ADDRESS の受信をやめ、設定とパスワードを消します。\n\n"
        "受信したメールと記録は、指定しないかぎりここに残ります。プロバイダー側は何も変わりません。"
    ),
    "Fetch an account no longer.": "アカウントの受信をやめます。",
    "Whether the mail that was fetched stays here (usual).": (
        "受信したメールをここに残すか(通常は残す)。"
    ),
    "Ask you in a browser whether Hato may read ADDRESS, and keep what the provider gives.\n\n"
    "Instead of a password the provider gives a token, which Hato renews by itself.": (
        "鳩が ADDRESS を読んでよいかブラウザーで確認し、プロバイダーが出したものを保存します。\n\n"
        "パスワードの代わりにトークンを受け取り、以後は鳩が自分で更新します。"
    ),
    "Let Hato read an account by OAuth2.": "OAuth2 でアカウントの読み取りを許可します。",
    "Which client asks: what you registered there.": "登録したクライアントの ID。",
    "Read the client's secret from standard input, its first line.": (
        "標準入力の一行目からクライアント シークレットを読みます。"
    ),
    "Who gives tokens, like https://login.example.org, if not known.": (
        "トークンの発行者(例: https://login.example.org)。不明な場合に指定します。"
    ),
    "What to ask for, where the usual does not do.": "通常のものでは足りない場合のスコープ。",
    "Authorities to trust about the issuer.": "発行者について信頼する認証局。",
    "The browser is elsewhere: paste its answer here.": (
        "ブラウザーが別のマシンにある場合に、その答えを貼り付けます。"
    ),
    "Type a code on another device instead.": "別の端末でコードを入力します。",
    "Only print the address; open no browser.": (
        "アドレスを表示するだけで、ブラウザーを開きません。"
    ),
    "How long to wait for your answer; usually 600.": "答えを待つ秒数。通常は 600。",
    "Take over accounts of fetchmail, getmail or mpop.": (
        "fetchmail、getmail、mpop のアカウントを引き継ぎます。"
    ),
    "Take over the mail accounts of fetchmail, getmail or mpop, with what they have fetched.\n\n"
    "PATH is their file of settings, or a folder that has one; without it, your home. Nothing "
    "that\nthe old program fetched is fetched again, and nothing is deleted at a server by "
    "importing.": (
        "fetchmail、getmail、mpop のアカウントを、受信済みの記録ごと引き継ぎます。\n\n"
        "PATH は設定ファイルか、それがあるフォルダーです。省くとホームを調べます。"
        "受信済みのメールはもう受信せず、引き継ぎでサーバーから消すこともありません。"
    ),
    "Whose settings they are.": "どのプログラムの設定か。",
    "Stay without TLS where it was so.": "暗号化なしだったものは暗号化なしのままにします。",
    "Run the commands that print passwords.": "パスワードを表示するコマンドを実行します。",
    "Look for passwords in netrc files.": "netrc ファイルでパスワードを探します。",
}
