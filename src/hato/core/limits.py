"""Every limit of Hato, with its reason or its precedent.

Called by whoever enforces one; what an operator may change is a field of `core.settings.Limits`.
Never enforces anything.
Standards: cited at each number.
Fails never.
"""

from typing import Final

# Lines and conversations

POP3_COMMAND_OCTETS: Final = 255
"""Longest POP3 command line, CRLF included (RFC 2449 §4)."""

POP3_REPLY_OCTETS: Final = 512
"""Longest first line of a POP3 reply, CRLF included (RFC 2449 §4)."""

POP3_ANSWER_OCTETS: Final = 8_192
"""Longest first line of an answer that our client reads. RFC 2449 §4 allows 512; big providers
explain at length why they refuse a login."""

POP3_ROW_OCTETS: Final = 1_024
"""Longest line of a listing that our client reads: twice what RFC 2449 §3 allows a capability."""

POP3_UNIQUE_ID_OCTETS: Final = 70
"""Longest unique-id (RFC 1939 §7)."""

POP3_LISTING_ROWS: Final = 1_000_000
"""Rows of a listing that our client takes before it calls the listing endless."""

POP3_LIST_LINES: Final = 200
"""Capabilities, or languages, that a server may name; Dovecot names some fifteen."""

POP3_WINDOW_COMMANDS: Final = 512
"""Commands that our client sends ahead of their answers where the server offers PIPELINING: six
kilobytes, which any server's system takes in. At 50 ms 128 of them would mean 2 500 letters a
second at most, however small they are."""

POP3_WINDOW_OCTETS: Final = 4_194_304
"""Octets of letters, as LIST has them, that are asked for ahead: 80 megabytes a second at 50 ms.
Who leaves early must read them all before QUIT can be answered."""

SASL_LINE_OCTETS: Final = 12_288
"""Longest line of a SASL exchange, CRLF included (RFC 4954 §4 recommends 12288; POP3 the same)."""

SMTP_COMMAND_OCTETS: Final = 2_048
"""Longest SMTP or LMTP command line, CRLF included. RFC 5321 §4.5.3.1.4 asks for 512, extensions
add to it; Postfix reads 2048."""

SMTP_PATH_OCTETS: Final = 900
"""Longest path in MAIL and RCPT, so that a Return-Path line stays below 998 octets. RFC 5321
§4.5.3.1.3 asks for 256; addresses that carry another one inside are longer."""

SMTP_COMMANDS_WITHOUT_MESSAGE: Final = 1_000
"""Commands that may pass without a message, besides one RCPT for each recipient allowed (Postfix
counts a client's errors from 100 on)."""

LINE_WITHOUT_END_OCTETS: Final = 65_536
"""Of a command line that was refused as too long; one that has no end until then ends the
connection."""

IGNORED_OCTETS: Final = 1_048_576
"""What a peer may still send after our last word, unread, before the connection breaks under it:
more than is on its way at any moment."""

PENDING_OUTPUT_OCTETS: Final = 65_536
"""Replies that may wait in memory before the pump writes and waits for the peer to read."""

READ_CHUNK_OCTETS: Final = 65_536
"""What one read from a socket takes at most."""

BODY_CHUNK_OCTETS: Final = 131_072
"""A message larger than this travels in pieces of this size, each with its own checksum."""

BAD_COMMANDS_BEFORE_LOGIN: Final = 3
"""Unknown or malformed commands before login after which the connection is closed (Dovecot: 3);
on LMTP before LHLO too, so that a browser which a web page sends there is not listened to."""

BAD_COMMANDS_AFTER_LOGIN: Final = 20
"""The same after login (Dovecot and Postfix: 20)."""

FAILED_LOGINS_PER_CONNECTION: Final = 3
"""Refused logins after which the connection is closed."""

# Time

LOGIN_SECONDS: Final = 60.0
"""Total time from connection to login, whatever trickles in (Dovecot: 180)."""

TLS_HANDSHAKE_SECONDS: Final = 30.0
"""Time for one TLS handshake."""

IDLE_SECONDS: Final = 600.0
"""Inactivity after login: POP3 asks for at least ten minutes (RFC 1939 §3)."""

LMTP_IDLE_SECONDS: Final = 300.0
"""Inactivity on LMTP (RFC 5321 §4.5.3.2.7 asks servers for five minutes)."""

STALLED_WRITE_SECONDS: Final = 120.0
"""How long a peer may read nothing at all while replies wait for it."""

LEAST_OCTETS_PER_SECOND: Final = 256
"""Least rate of a transfer, over a minute (Postfix: 500 for DATA)."""

POP3_LOCK_SECONDS: Final = 2.0
"""How long a POP3 login waits for a session that is just ending, before it answers [IN-USE]:
programs that lost their connection come back at once."""

DIAL_SECONDS: Final = 30.0
"""Time for our client to reach a server: its name, its addresses one after the other, TLS."""

CLIENT_IDLE_SECONDS: Final = 60.0
"""How long our client waits for a server that says nothing (mpop: 180, fetchmail: 300). A maildrop
of a hundred thousand letters may take a server a while to open."""

CLIENT_TOTAL_SECONDS: Final = 21_600.0
"""How long one connection of our client may last, however busy; the next one goes on."""

CLIENT_LEAST_OCTETS_PER_SECOND: Final = 64
"""Least rate at which an answer must arrive once it has begun: a modem is ten times as fast."""

CLIENT_RATE_SECONDS: Final = 60.0
"""Over so much waiting the rate is measured."""

# Connections and logins

CONNECTIONS_PER_ADDRESS: Final = 100
"""Open connections of one address (an IPv6 /64 counts as one); mox: 30, busy offices need more."""

CONNECTIONS_PER_PERSON: Final = 20
"""Logged-in sessions of one person from one address (Dovecot: 10)."""

CONNECTIONS_TOTAL: Final = 20_000
"""Open connections of one worker."""

LOGIN_FAILURES_PER_MINUTE: Final = 10
"""Failed logins of one address in a minute before it waits (mox and Stalwart: 10)."""

LOGIN_FAILURES_PER_DAY: Final = 100
"""Failed logins of one address in a day before it waits (mox: 50, Stalwart: 100)."""

FRIEND_FAILURES_PER_MINUTE: Final = 2
"""What is left to a person at an address of hers where a day's failures were used up, so that a
neighbour who guesses at her name does not take the whole day from her."""

PASSWORD_HASHES_WAITING: Final = 256
"""Password checks that may wait for the hashing threads; more get `try again later`."""

PASSWORD_HASH_THREADS: Final = 2
"""Threads of one worker that hash passwords (measured: the loop's lag stays below 1 ms)."""

REMEMBERED_LOGINS: Final = 10_000
"""Logins that one worker remembers, so that a poll needs no slow hash; some 300 octets each."""

REMEMBERED_LOGIN_SECONDS: Final = 1_800.0
"""How long a right password is remembered: mail programs look every ten to fifteen minutes
(Dovecot's auth cache: an hour)."""

RECHECKED_LOGIN_SECONDS: Final = 1_800.0
"""How long after that it is hashed again, but not held up by others' failures: a mail program that
looks every half hour must not lose its way in because somebody guesses from the same address."""

REMEMBERED_RECIPIENTS: Final = 10_000
"""Addresses of which one worker remembers whom they reach; some 400 octets each."""

REMEMBERED_FAILURE_SECONDS: Final = 3_600.0
"""How long the same wrong password from the same address counts only once: a forgotten device
that tries an old password all day must not use up its owner's attempts."""

FAILED_LOGIN_SECONDS: Final = 1.0
"""A refused login is answered this long after it began, whatever the reason (Dovecot: 2)."""

FAILED_LOGIN_MOST_SECONDS: Final = 10.0
"""The same for somebody whom strangers attack: it grows up to here (Dovecot: 15)."""

KNOWN_ADDRESS_SECONDS: Final = 30 * 86_400
"""How long an address from which somebody logged in stays a friend of hers."""

LAST_USE_SECONDS: Final = 300
"""A credential's last use is written at most this often."""

SCRAM_ITERATIONS: Final = 100_000
"""PBKDF2 rounds of a new password's SCRAM keys: 30 ms for whoever guesses (RFC 7677 §4 wants
4096 at least)."""

SCRAM_LEAST_ITERATIONS: Final = 4_096
"""Fewer rounds than this a client of ours does not accept of a server (RFC 7677 §4)."""

SCRAM_MOST_ITERATIONS: Final = 5_000_000
"""More rounds are an attack on the client (RFC 5802 §9); this is one to two seconds of work."""

SCRAM_KEYS_REMEMBERED: Final = 1_000
"""Keys that our client remembers, one for each account that it polls; some 400 octets each. Without
them 200 accounts polled every minute cost a tenth of a core for hashing alone."""

PASSWORD_OCTETS: Final = 1_024
"""Longest password."""

LOGIN_NAME_OCTETS: Final = 320
"""Longest login name: local part 64, `@`, domain 255 (RFC 5321 §4.5.3.1)."""

# Messages

MESSAGE_OCTETS: Final = 104_857_600
"""Largest message accepted by default: 100 MiB (mox: 100 MB)."""

RECIPIENTS_PER_MESSAGE: Final = 1_000
"""Recipients of one transaction (RFC 5321 §4.5.3.1.8 asks for at least 100)."""

HEADER_SCAN_OCTETS: Final = 262_144
"""How far delivery looks into a header for what it needs (Message-ID, References)."""

REFERENCES_PER_MESSAGE: Final = 100
"""Identifiers that delivery takes from References: the first and the latest."""

RECEIVED_PER_MESSAGE: Final = 100
"""A message that more servers than these have passed on goes in circles (RFC 5321 §6.3: at least
100; Postfix: 50)."""

SPOOL_MEMORY_OCTETS: Final = 262_144
"""A message that arrives is held in memory up to here, then in an unlinked temporary file."""

DELIVERY_ID_SECONDS: Final = 86_400
"""How long a retry of the same message is recognised as the same."""

# Store

SOFT_DELETE_SECONDS: Final = 14 * 86_400
"""How long a deleted message can be brought back, by default."""

REMEMBER_REMOVED_SECONDS: Final = 60 * 86_400
"""How long an account remembers what left, so that a program that was away gets the changes
rather than everything anew."""

SEGMENT_OCTETS: Final = 268_435_456
"""A journal segment is left for a new one when it grows past this."""

FREE_SPACE_OCTETS: Final = 67_108_864
"""Below this much free space deliveries are refused, so that deleting stays possible."""

LEAST_FREE_SPACE_OCTETS: Final = 4_194_304
"""An operator may set it to this at least: the indexes of what was just added still grow."""

# Processes

WORKERS: Final = 1_024
"""Most worker processes (nginx: 1024); more than one per core bring nothing."""

# Finding the settings of accounts elsewhere

AUTOCONFIG_OCTETS: Final = 65_536
"""Longest answer of an autoconfiguration server (the longest of Thunderbird's own: 6 KB)."""

AUTOCONFIG_SERVERS: Final = 16
"""Servers that are taken from one answer (the longest list of Thunderbird's own: 6)."""

AUTOCONFIG_DEPTH: Final = 16
"""How deep the elements of an answer may nest (the format's own depth: 5)."""

SERVICE_RECORDS: Final = 32
"""SRV or MX records that are taken from one DNS answer."""

DNS_SECONDS: Final = 6.0
"""How long one question to the DNS may take, all servers and tries together (the system's
resolver: 5 for each server and try)."""

HTTPS_SECONDS: Final = 12.0
"""For one answer over HTTPS, name, TLS and redirects included (Thunderbird waits 10)."""

HTTPS_REDIRECTS: Final = 3
"""Redirects that are followed while settings are looked for."""

HTTPS_ADDRESSES: Final = 3
"""Addresses of a web server that are tried, one after the other."""

OPENING_LINE_OCTETS: Final = 8_192
"""Longest line of an IMAP or SMTP server that is only looked at."""

OPENING_LINES: Final = 200
"""Lines of one of its answers (a large server names some forty abilities)."""

EXAMINED_PORTS: Final = 24
"""Ports that one `hato check` looks at: six each of four hosts."""

PROBE_DIAL_SECONDS: Final = 10.0
"""How long a port that is only looked at has to be reached."""

PROBE_SECONDS: Final = 30.0
"""For all that one port says without a login, however slowly it comes; some servers hold their
greeting back for six seconds (Postfix's postscreen)."""

# Fetching from accounts elsewhere

LEDGER_ENTRIES_REMEMBERED: Final = 400_000
"""Entries of ledgers whose states one process remembers between polls; ten octets each. A source
with more is read anew at each poll, which takes a second or two."""

FETCH_GROUP_LETTERS: Final = 256
"""Letters that our client makes durable in one step: an fsync for each would be slowest."""

FETCH_GROUP_OCTETS: Final = 2_097_152
"""Octets of letters after which it does so anyhow. Two such groups are in memory at most: one on
its way to the disk, one on its way in."""

PEER_WORDS_CHARACTERS: Final = 300
"""So much of what another server says is kept and shown: Google's longest refusals, with their web
address, have some 250."""

MISSING_POLLS_UNTIL_GONE: Final = 3
"""Polls in a row in which a letter is not listed before it counts as gone from its server: those
that are clusters do not answer alike each time."""

REFUSED_POLLS_UNTIL_QUARANTINE: Final = 3
"""Polls in which a server refuses to give one letter before a note takes its place."""

LOST_POLLS_UNTIL_QUARANTINE: Final = 10
"""Polls in which the connection ends within one and the same letter, all others being here, before
a note takes its place: a bad line needs many tries, a letter that crashes its server none."""

ENDLESS_LETTER_OCTETS: Final = 104_857_600
"""What is still read of a letter that is too large after all, to reach the next one: 100 MiB."""

DELETION_SHOWS_SECONDS: Final = 3_600
"""How long a letter may still be listed after its deletion was confirmed before it is looked at,
and deleted once more if it is the same: clusters take a while to agree."""

LEDGER_REMEMBERED_SECONDS: Final = 400 * 86_400
"""How long a ledger remembers letters that lie on the server no more, and with them the receipts of
`hato account log`: more than a year. A provider that restores older mail has it fetched again."""

QUARANTINE_SECONDS: Final = 86_400
"""After so long a letter in quarantine is tried once more: servers are mended."""

# Authorising at a provider (OAuth 2.0)

WEB_ANSWER_OCTETS: Final = 65_536
"""Longest answer of an authorisation server; Microsoft's and Google's have 2 to 8 KB."""

WEB_ANSWER_SECONDS: Final = 30.0
"""Time for one answer of an authorisation server, from its name to its last octet."""

OAUTH_WORD_OCTETS: Final = 8_192
"""Longest token, code or address that is taken from one: in base64 a token of that size still fits
a SASL line. Microsoft's have some 2 KB."""

AUTHORISE_SECONDS: Final = 600.0
"""How long the command line waits for a person to say yes in her browser: a code is good for ten
minutes at most (RFC 6749 §4.1.2)."""

REDIRECT_REQUEST_OCTETS: Final = 16_384
"""Longest request by which a browser brings the answer home (nginx: 8 KB a line)."""

REDIRECT_REQUEST_SECONDS: Final = 10.0
"""Time for that request: it comes from this very machine."""

REDIRECT_CONNECTIONS: Final = 16
"""Open connections of browsers, which open a few in advance."""

DEVICE_POLL_SECONDS: Final = 5
"""How often a device code is asked about where its server does not say, and how much more seldom
after each `slow_down` (RFC 8628 §3.2, §3.5)."""

DEVICE_POLL_MOST_SECONDS: Final = 60
"""However much a server wants: a person waits."""

TOKEN_MARGIN_SECONDS: Final = 300
"""An access token is renewed this long before it ends, so that it lasts for the login."""

TOKEN_SECONDS_UNSTATED: Final = 3_600
"""How long an access token is used whose server does not say (Google and Microsoft: an hour)."""

# Fetching as a service

FETCH_LEAST_POLL_SECONDS: Final = 10
"""A source is never looked at more often (fetchmail's daemon: as often as one likes; providers ask
for minutes)."""

FETCH_MOST_WAIT_SECONDS: Final = 86_400
"""No server can make us wait longer than a day, whatever it announces."""

FETCH_BUSY_SECONDS: Final = 60
"""A busy server, or a full disk here, is tried again after a minute, then two, four …"""

FETCH_BUSY_MOST_SECONDS: Final = 1_800
"""… and every half hour at last: a stale lock of a lost connection is given up in ten minutes by
most servers (RFC 1939 §3)."""

FETCH_HERE_MOST_SECONDS: Final = 300
"""How late space on our own disk may be noticed."""

FETCH_FAULT_MOST_SECONDS: Final = 3_600
"""What cannot be reached is tried every hour at last (Postfix: 4000 seconds)."""

FETCH_PERSON_SECONDS: Final = 900
"""What a person must change at the provider is looked at again after a quarter of an hour …"""

FETCH_PERSON_MOST_SECONDS: Final = 21_600
"""… and every six hours at last: somebody switched POP on and expects her mail."""

FETCH_DOUBLINGS: Final = 20
"""Beyond it every wait has reached its cap."""

FETCHES_AT_ONCE: Final = 16
"""Sources that are fetched at the same time: each holds a window of letters in memory."""

NAME_LOOKUPS_AT_ONCE: Final = 16
"""Threads that wait for the name service, as many as sources are fetched at once: nothing else may
wait for a name (asyncio shares a handful of threads between names and files)."""

FETCHES_PER_HOST: Final = 4
"""Of them at one host: providers count connections by address (Dovecot allows ten for each user
and address)."""

FETCH_LEASE_SECONDS: Final = 30
"""After so long another process goes on in place of one that died."""

FETCH_LOOK_SECONDS: Final = 2.0
"""How often the fetching process looks whether a source was added, changed or removed."""

FETCH_ACCOUNTS_PER_LOOK: Final = 50
"""Accounts without sources that are looked at each time: somebody may have added a first one."""

FETCH_LOCK_SECONDS: Final = 600.0
"""How long `hato fetch` waits for a poll that the server is at."""

HOOK_SECONDS: Final = 60.0
"""How long a hook command may take for one letter before it is killed (procmail: none; Dovecot's
Sieve `execute`: 10)."""

HOOK_WORDS_OCTETS: Final = 512
"""What is kept of a hook's complaints."""

# Moving in from other programs

SETTINGS_OF_OTHERS_OCTETS: Final = 1_048_576
"""Longest file of settings that is read from another program (a long one has 10 KB)."""

MEMORY_OF_OTHERS_OCTETS: Final = 67_108_864
"""Longest memory of another program that is read: half a million letters of fetchmail's, which
names user and server with each of them."""

MEMORY_OF_OTHERS_ROWS: Final = 1_000_000
"""Letters in it: as many as a listing may have (POP3_LISTING_ROWS)."""

PASSWORD_COMMAND_SECONDS: Final = 60.0
"""How long a command may take that prints a password: somebody may be asked for another one."""

# Reading letters

MIME_DEPTH: Final = 50
"""How deep the parts of a letter may nest before what lies deeper is shown as it stands (Postfix's
mime_nesting_limit: 100); real mail nests up to eight."""

MIME_PARTS: Final = 10_000
"""Parts of one letter; the rest of a letter with more belongs to the last one (Dovecot: 10000)."""

MIME_PARAMETERS: Final = 128
"""Parameters that are read of one field (Cyrus: 128, since its CVE-2026-27859)."""

MIME_FIELD_OCTETS: Final = 65_536
"""What is read of a MIME field: a boundary has 70 octets, a file's name some hundred."""

MIME_DELIMITERS_LOOKED_AT: Final = 100_000
"""Lines of one letter that begin as a delimiter does, whether they are one or not."""

MIME_SCAN_OCTETS: Final = 1_073_741_824
"""What is looked through for delimiters in one letter, all levels together: some 0.2 seconds. A
letter of 100 MiB that nests ten deep stays below."""

LETTER_HEADER_OCTETS: Final = 2_097_152
"""What is read of one header (Postfix's header_size_limit: 100 KiB for each field). A letter to
four thousand people has 200 KB."""

LETTER_TEXT_OCTETS: Final = 4_194_304
"""What is shown as a letter's text, all its parts together: two thousand pages."""

HTML_TAGS: Final = 200_000
"""Tags of one page that are heeded; the largest newsletters have some ten thousand."""

HTML_LINKS: Final = 1_000
"""Links of one page that are shown."""

ADDRESSES_PER_FIELD: Final = 10_000
"""Addresses that are read of one field."""

FILE_NAME_OCTETS: Final = 200
"""Longest name under which an attachment is saved: file systems allow 255, and a number may be
added."""

# Sending

OUTGOING_RECIPIENTS: Final = 1_000
"""Recipients of one letter that a person sends: as many as Hato takes itself."""

OUTGOING_HEADER_OCTETS: Final = 1_048_576
"""Longest header of a letter that is sent: it is held while blind copies are taken out of it."""

OUTGOING_LINE_OCTETS: Final = 998
"""Longest line of a letter, its end not counted (RFC 5322 §2.1.1): servers cut longer ones up."""

SMTP_ANSWER_OCTETS: Final = 4_096
"""Longest line of a server's answer (RFC 5321 §4.5.3.1.5 has 512; some write more)."""

SMTP_ANSWER_LINES: Final = 256
"""Most lines of one answer: EHLO's has a line for each extension, of which few servers have 30."""

SMTP_WINDOW_COMMANDS: Final = 100
"""Commands that are sent ahead of their answers (RFC 2920 §3.1): with answers of 512 octets they
fit the 64 KiB that a socket takes in, so that neither side waits for the other."""

SMTP_AUTH_OCTETS: Final = 12_288
"""Longest line of an AUTH exchange (RFC 4954 §4)."""

SMTP_GREETING_SECONDS: Final = 300.0
"""RFC 5321 §4.5.3.2.1; a server that is under load delays its greeting on purpose."""

SMTP_COMMAND_SECONDS: Final = 300.0
"""For the answer to MAIL, RCPT and all other commands (RFC 5321 §4.5.3.2.2 and §4.5.3.2.3)."""

SMTP_BLOCK_SECONDS: Final = 180.0
"""For the server to take the next octets of a letter (RFC 5321 §4.5.3.2.5)."""

SMTP_LETTER_SECONDS: Final = 600.0
"""For the answer to the end of the letter (RFC 5321 §4.5.3.2.6): giving up early makes doubles."""

OUTBOX_CLAIM_SECONDS: Final = 60
"""A letter is held so long by whoever sends it, and held again while he does: after a kill somebody
else looks at it no later."""

OUTBOX_LOOK_SECONDS: Final = 2.0
"""How often the sending process looks for letters that are due."""

OUTBOX_AT_ONCE: Final = 8
"""Letters that are sent at the same time."""

OUTBOX_FIRST_SECONDS: Final = 60
"""A letter that cannot leave is tried again after a minute, then two, four …"""

OUTBOX_MOST_SECONDS: Final = 3_600
"""… and every hour at last (Postfix: 4000 seconds)."""

OUTBOX_GIVE_UP_SECONDS: Final = 432_000
"""After five days nobody tries any more by itself (RFC 5321 §4.5.4.1: four to five days)."""

OUTBOX_KNOWN_SECONDS: Final = 604_800
"""So long a letter that left stays known, so that the same key sends nothing again."""

OUTBOX_FAR_SECONDS: Final = 3_155_760_000
"""When a letter that waits for its person is due: in a hundred years."""

OUTBOX_LOOK_AGAIN_SECONDS: Final = 60
"""How often it is looked whether a person has set another password, after a server refused the one
that is kept; nothing is asked of the server meanwhile."""

OUTBOX_FINISH_SECONDS: Final = 10.0
"""How long letters that are being sent may take when the server stops: one that is cut off before
its end is sent again, and one that is cut off after it is unknown."""

# Searching

SEARCH_GROUP_LETTERS: Final = 512
"""Letters that come into a search index in one step: each step costs it a part to be merged."""

SEARCH_GROUP_OCTETS: Final = 4_194_304
"""Octets of letters after which a step ends anyhow; two such steps are in memory at most."""

SEARCH_LETTER_OCTETS: Final = 33_554_432
"""So much of a letter is read for its words; text behind 32 MiB of attachments is not found."""

SEARCH_CHANGES: Final = 20_000
"""Changes of an account that are asked for at once: numbers only."""

SEARCH_QUERY_CHARACTERS: Final = 1_000
"""Longest question (Gmail: about 1500)."""

SEARCH_QUERY_WORDS: Final = 64
"""Words and operators in one; each costs a pass through the letters that have it."""

SEARCH_LOOK_SECONDS: Final = 2.0
"""How often the indexing process looks for accounts with new letters."""

SEARCH_ACCOUNTS_PER_LOOK: Final = 20
"""Accounts that are looked at each time, in turn: opening one may take a millisecond. A search
itself waits for nobody's turn."""

SEARCH_BUSY_SHARE: Final = 0.1
"""While mail arrives the index is written for so much of the time, so that arriving is not slowed
by more."""

SEARCH_BUSY_LETTERS: Final = 256
"""Letters that are indexed in one such share."""

SEARCH_BUSY_SECONDS: Final = 5.0
"""So long after the last arrival mail counts as arriving."""

SEARCH_WAIT_SECONDS: Final = 0.2
"""How long who searches waits for another process that indexes before it looks again."""
