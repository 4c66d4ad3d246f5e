"""What becomes different when an account moves to Hato, each thing in one sentence.

Used by the readers of settings and by `hato account import`.
Never shows a command, a password or an address of others: options are named, not quoted.
Standards: none.
Fails never.
"""

from __future__ import annotations

from typing import Final

from hato.core.language import Text

# Why an account is left out

NOT_POP3: Final = Text(
    en="{program} fetches it by {protocol}, and Hato by POP3 only: if the provider offers POP3, "
    "use `hato account add`.",
    ja="{program} は {protocol} で受信していますが、鳩は POP3 だけです。"
    "POP3 が使えるなら `hato account add` で追加してください。",
)
PROTOCOL_OPEN: Final = Text(
    en="Its protocol is left open, and fetchmail then tries IMAP first: write `protocol pop3` "
    "there if that is what it is, and import again.",
    ja="プロトコルの指定がなく、fetchmail は IMAP から試します。"
    "POP3 なら `protocol pop3` と書いて、もう一度引き継いでください。",
)
NO_HOST: Final = Text(
    en="It names no server: add the server there and import again.",
    ja="サーバーの指定がありません。書き足してからもう一度引き継いでください。",
)
NO_LOGIN: Final = Text(
    en="It names no user: add the user name there and import again.",
    ja="ユーザー名の指定がありません。書き足してからもう一度引き継いでください。",
)
BAD_PORT: Final = Text(
    en="Its port is not one that Hato knows: write the port as a number there and import again.",
    ja="ポートの指定が分かりません。番号で書いてからもう一度引き継いでください。",
)
BAD_HOST: Final = Text(
    en="Its server has no name that a host can have: correct it there and import again.",
    ja="サーバーの名前がホスト名になっていません。直してからもう一度引き継いでください。",
)
BAD_WORDS: Final = Text(
    en="Its user name, or a path, has characters that cannot stand there: correct it and import "
    "again.",
    ja="ユーザー名かパスに使えない文字があります。直してからもう一度引き継いでください。",
)
ADDRESS_TAKEN: Final = Text(
    en="An account with this address, but another server or login, is here already: use "
    "`hato account add` with another address if both are to be fetched.",
    ja="同じアドレスで、サーバーかログイン名が違うアカウントが既にあります。"
    "両方とも受信するなら、別のアドレスで `hato account add` してください。",
)
BY_A_PROGRAM: Final = Text(
    en="It is reached through a program of its own (`plugin` or `socket`), which Hato does not "
    "run: use `hato account add` if the server can be reached directly.",
    ja="接続に専用のプログラム(`plugin` や `socket`)を使っていますが、鳩は使いません。"
    "直接つながるなら `hato account add` で追加してください。",
)
NEEDS_EVAL: Final = Text(
    en="Its settings are made by commands (`eval`), which Hato does not run: write what they print "
    "in their place and import again.",
    ja="設定がコマンド(`eval`)で作られます。鳩は実行しません。"
    "コマンドの出力を代わりに書いてから、もう一度引き継いでください。",
)

# What becomes different

ENCRYPTED_NOW: Final = Text(
    en="{program} would go on without encryption, and Hato does not: it asks for STARTTLS. "
    "Only if the server has none at all, import with --allow-cleartext.",
    ja="{program} は暗号化なしでも受信しますが、鳩は STARTTLS を必ず使います。"
    "サーバーにまったくない場合だけ --allow-cleartext をつけて引き継いでください。",
)
ENCRYPTED_IN_ANY_CASE: Final = Text(
    en="{program} would go on without encryption where the server has none, and Hato does not.",
    ja="{program} はサーバーが対応していなければ暗号化なしで受信しますが、鳩はしません。",
)
NOT_ENCRYPTED: Final = Text(
    en="Nothing is encrypted, as before: others can read the password and all mail.",
    ja="これまでどおり暗号化なしです。パスワードもメールも他人に読まれます。",
)
VERIFIED_NOW: Final = Text(
    en="{program} did not check the server's certificate; Hato does, and fetches nothing where it "
    "is wrong.",
    ja="{program} はサーバー証明書を確かめていませんでした。"
    "鳩は確かめ、正しくなければ受信しません。",
)
AUTHORITIES_FOLDER: Final = Text(
    en="A folder of certificate authorities is not taken over (`{option}`): Hato trusts the "
    "system's, or one file of them.",
    ja="認証局のフォルダー(`{option}`)は引き継ぎません。"
    "鳩はシステムの認証局か、一つのファイルを使います。",
)
OLD_FINGERPRINT: Final = Text(
    en="The fingerprint of the certificate is not taken over (`{option}`): Hato knows a single "
    "SHA-256 one, and otherwise checks who issued the certificate.",
    ja="証明書のフィンガープリント(`{option}`)は引き継ぎません。鳩は SHA-256 を一つだけ扱い、"
    "なければ証明書の発行元を確かめます。",
)
CLIENT_CERTIFICATE: Final = Text(
    en="Hato shows no certificate of its own when it logs in (`{option}`): the password counts.",
    ja="鳩はログインで自分の証明書を出しません(`{option}`)。パスワードを使います。",
)
OTHER_NAME: Final = Text(
    en="The certificate must be for the server's own name now (`{option}` is not taken over).",
    ja="証明書はサーバー自身の名前でなければなりません(`{option}` は引き継ぎません)。",
)
LOGIN_METHOD: Final = Text(
    en="The login method that is set is none of Hato's: it takes the best one that the server "
    "offers.",
    ja="指定のログイン方式は鳩にありません。サーバーにある一番よい方式を使います。",
)
NEEDS_AUTHORISING: Final = Text(
    en="It logs in by OAuth2: fetching begins after `hato account authorise {address}`.",
    ja="OAuth2 でログインします。`hato account authorise {address}` のあとで受信を始めます。",
)
MANY_RECIPIENTS: Final = Text(
    en="{program} gave the letters of this mailbox to several people; here all of them go into "
    "one INBOX.",
    ja="{program} はこのメールを複数の人に配っていました。ここではすべて一つの INBOX に入ります。",
)
DELIVERED_ELSEWHERE: Final = Text(
    en="New letters are kept here, in INBOX, and no longer go where {program} took them "
    "(`{option}`).",
    ja="新しいメールはここの INBOX に入り、{program} が届けていた先(`{option}`)には行きません。",
)
MAILDIR_AS_WELL: Final = Text(
    en="New letters are kept here, in INBOX, and go into the Maildir {path} as before.",
    ja="新しいメールはここの INBOX に入り、これまでどおり Maildir {path} にも入ります。",
)
COMMANDS: Final = Text(
    en="Hato runs no commands around a fetch and no filters before it: {options}.",
    ja="鳩は受信の前後のコマンドやフィルターを実行しません: {options}。",
)
DIRECT: Final = Text(
    en="Hato connects directly, without {options}.", ja="鳩は {options} を使わず直接つなぎます。"
)
DELETES_LESS: Final = Text(
    en="Hato deletes at the server only what is wholly here, so this is not taken over: {options}.",
    ja="鳩は手元に全部あるものしかサーバーから消さないので、次は引き継ぎません: {options}。",
)
ONCE_ONLY: Final = Text(
    en="Each letter is fetched once, although {program} was told to fetch all (`{option}`).",
    ja="{program} は毎回すべて受信する設定(`{option}`)でしたが、鳩は一通を一度だけ受信します。",
)
LARGER_AS_NOTE: Final = Text(
    en="A letter over {octets} octets, which {program} left out, comes as its header and a note.",
    ja="{octets} オクテットを超えるメールは、{program} では省かれましたが、"
    "鳩ではヘッダーとお知らせだけが入ります。",
)
NOT_NEEDED: Final = Text(
    en="Left out, because Hato has no use for it: {options}.",
    ja="鳩には不要なので省きました: {options}。",
)

# What the importing itself finds out

DELETES: Final = Text(
    en="A new letter is deleted at the server once it is safe here, as it was before.",
    ja="新しいメールは、これまでどおり、ここに確実に保存してからサーバーから消します。",
)
DELETES_LATER: Final = Text(
    en="A new letter is deleted at the server {days} {days:day|days} after it is safe here.",
    ja="新しいメールは、ここに確実に保存してから {days} 日後にサーバーから消します。",
)
KNOWN: Final = Text(
    en="Letters that {program} fetched and Hato does not: {count}. They are not here, and so Hato "
    "never deletes them at the server either.",
    ja="{program} が受信した {count} 通はもう受信しません。"
    "鳩の手元にないので、サーバーから消すこともありません。",
)
NO_MEMORY: Final = Text(
    en="There is no memory of {program} for it in {path}: every letter that is at the server "
    "comes.",
    ja="{path} に {program} の受信記録がありません。サーバーにあるメールをすべて受信します。",
)
ODD_IDS: Final = Text(
    en="Entries of {path} that are longer than a unique-id may be: {count}. If those letters are "
    "still at the server, they come again.",
    ja="{path} の {count} 件は識別子として長すぎます。まだサーバーにあれば、もう一度受信します。",
)
NO_PASSWORD: Final = Text(
    en="No password was found: fetching begins when you set one with "
    "`hato account password {address}`.",
    ja="パスワードが見つかりません。`hato account password {address}` で設定すると受信を始めます。",
)
COMMAND_NOT_RUN: Final = Text(
    en="Its password comes from a command, which is not run unless you import with "
    "--run-passwordeval: fetching begins when you set it with `hato account password {address}`.",
    ja="パスワードはコマンドから来ますが、--run-passwordeval をつけて引き継ぐとき以外は"
    "実行しません。`hato account password {address}` で設定すると受信を始めます。",
)
COMMAND_OF_OTHERS: Final = Text(
    en="The command for its password stands in somebody else's file, and is not run: fetching "
    "begins when you set it with `hato account password {address}`.",
    ja="パスワードのコマンドは他の人のファイルにあるので実行しません。"
    "`hato account password {address}` で設定すると受信を始めます。",
)
COMMAND_FAILED: Final = Text(
    en="The command for its password gave none: fetching begins when you set it with "
    "`hato account password {address}`.",
    ja="コマンドからパスワードが得られません。"
    "`hato account password {address}` で設定すると受信を始めます。",
)
NETRC_NOT_READ: Final = Text(
    en="Its password may be in a netrc file, which is not read unless you import with "
    "--read-netrc: fetching begins when you set it with `hato account password {address}`.",
    ja="パスワードは netrc にあるかもしれませんが、--read-netrc をつけて引き継ぐとき以外は"
    "読みません。`hato account password {address}` で設定すると受信を始めます。",
)
SKIPPED_THERE: Final = Text(
    en="fetchmail skips it unless it is named, so it is paused here: go on with "
    "`hato account edit {address} --resume`.",
    ja="fetchmail では名前を指定したときだけ受信していたので、止めておきます。"
    "`hato account edit {address} --resume` で始められます。",
)
