"""`hato account`: added after a login, listed, changed, tried, removed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.auth.house import ADA, PASSWORD
from tests.unit.cli.conftest import Hato
from tests.unit.cli.provider_thread import POP3_HOST, STRANGE_DOMAIN, Elsewhere, provider_elsewhere

TYPED = f"{PASSWORD}\n"


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Elsewhere]:
    with provider_elsewhere(tmp_path_factory.mktemp("elsewhere") / "provider") as provider:
        yield provider


@pytest.fixture
def added(hato: Hato, elsewhere: Elsewhere) -> str:
    """The address of an account that was added."""
    hato("account", "add", ADA, *elsewhere.options("--password-stdin"), piped=TYPED)
    return ADA


def test_an_account_is_added_after_a_login_and_the_choice_is_explained(
    hato: Hato, elsewhere: Elsewhere
) -> None:
    said = hato("account", "add", ADA, *elsewhere.options("--password-stdin"), piped=TYPED)
    assert said.err == (
        f"To be tried first: POP3 on localhost, port {elsewhere.pop3s}, encrypted from the start, "
        "because you named this server.\n"
    )
    first, method, result, then = said.out.splitlines()
    assert f"port {elsewhere.pop3s}, encrypted from the start" in first
    assert "by SCRAM-SHA-256-PLUS, because you named this server" in first
    assert method.startswith("SCRAM-SHA-256-PLUS: the best there is: the password itself is")
    assert result == f"{ADA} was added. Its mail stays at the provider."
    assert "`hato fetch --account ada@example.org`" in then
    (row,) = hato.json("account", "list")
    assert (row["address"], row["owner"], row["policy"]["keeping"]) == (ADA, ADA, "keep")


@pytest.fixture
def world(hato: Hato, elsewhere: Elsewhere, tmp_path: Path) -> None:
    """Where nobody is asked but the name server of the test."""
    assert hato.json("account", "list") == []
    with (tmp_path / "hato.toml").open("a") as config:
        config.write(
            f'[discovery]\ndns_servers = ["{elsewhere.name_server}"]\n'
            'reachable_networks = ["127.0.0.0/8"]\n'
        )


@pytest.mark.usefixtures("world")
def test_the_address_is_enough_where_its_domain_says_who_has_the_mail(
    hato: Hato, elsewhere: Elsewhere
) -> None:
    options = ("--ca-file", elsewhere.ca_file, "--password-stdin")
    said = hato("account", "add", ADA, *options, piped=TYPED)
    assert f"POP3 on {POP3_HOST}, port {elsewhere.pop3s}, encrypted from the start" in said.out
    assert "To be tried first: " in said.err
    (row,) = hato.json("account", "list")
    assert (row["host"], row["port"]) == (POP3_HOST, int(elsewhere.pop3s))


@pytest.mark.usefixtures("world")
def test_where_nobody_knows_the_server_the_person_is_asked_for_its_name(hato: Hato) -> None:
    said = hato("account", "add", "me@nowhere.example", "--password-stdin", status=1, piped=TYPED)
    assert said.err.endswith(
        "No server was found for me@nowhere.example: ask the provider for its POP3 server, and "
        "name it with --host.\n"
    )


@pytest.mark.usefixtures("world")
def test_no_password_goes_to_a_stranger_s_host_unless_the_person_says_so(
    hato: Hato, elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"me@{STRANGE_DOMAIN}"
    options = ("account", "add", address, "--login", ADA, "--ca-file", elsewhere.ca_file)
    said = hato(*options, "--password-stdin", status=1, piped=TYPED)
    assert f"an unsigned DNS answer leads to {POP3_HOST}" in said.err
    monkeypatch.setattr("getpass.getpass", lambda _: PASSWORD)
    for answer in ("n\n", ""):
        assert "Chosen" not in hato(*options, status=1, typed=answer).out
    said = hato(*options, typed="y\n")
    assert f"leads to {POP3_HOST}: shall the password go there? [y/N] " in said.err
    assert f"{address} was added." in said.out


def test_it_is_said_in_japanese_too(
    hato: Hato, elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "ja_JP.UTF-8")
    said = hato("account", "add", ADA, *elsewhere.options("--password-stdin"), piped=TYPED)
    assert "最初から暗号化" in said.out
    assert "追加しました。プロバイダーのメールはそのまま残ります。" in said.out


def test_a_wrong_password_is_told_and_nothing_is_kept(hato: Hato, elsewhere: Elsewhere) -> None:
    options = elsewhere.options("--password-stdin")
    said = hato("account", "add", ADA, *options, status=1, piped="wrong\n")
    assert "does not take this name and password" in said.err
    assert said.err.endswith(f"{ADA} was not added: no login came about.\n")
    assert said.out == ""
    assert hato.json("account", "list") == []


def test_the_password_is_asked_for_once_at_a_terminal(
    hato: Hato, elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def ask(prompt: str) -> str:
        asked.append(prompt)
        return PASSWORD

    monkeypatch.setattr("getpass.getpass", ask)
    hato("account", "add", ADA, *elsewhere.options(), typed="")
    assert asked == [f"Password for {ADA}: "]


def test_an_unknown_certificate_is_refused_and_can_be_pinned(
    hato: Hato, elsewhere: Elsewhere
) -> None:
    options = ("--host", "localhost", "--port", elsewhere.pop3s, "--tls", "implicit")
    said = hato("account", "add", ADA, *options, "--password-stdin", status=1, piped=TYPED)
    assert "No password was sent." in said.err
    words = said.err.split()
    fingerprint = words[words.index("fingerprint") + 1].strip(":")
    hato("account", "add", ADA, *options, "--pin", fingerprint, "--password-stdin", piped=TYPED)
    assert hato.json("account", "list")[0]["pinned_sha256"] == fingerprint


def test_clear_text_needs_a_word_and_is_explained(hato: Hato, elsewhere: Elsewhere) -> None:
    options = ("--host", "localhost", "--port", elsewhere.pop3, "--password-stdin")
    said = hato("account", "add", ADA, *options, "--tls", "none", status=1, piped=TYPED)
    assert said.err.startswith("--tls none means: everybody between here and localhost can read")
    assert "NOT encrypted" in said.err
    assert "--tls none" not in hato("account", "add", ADA, *options, status=1, piped=TYPED).err


def test_wishes_are_kept(hato: Hato, elsewhere: Elsewhere, tmp_path: Path) -> None:
    wishes = (
        *("--delete-after-days", "30", "--name", "Work", "--colour", "#ABCDEF", "--every", "10"),
        *("--folder", "Work/Mail", "--largest", "20M", "--not-in-inbox", "--hook", "cat -u"),
        *("--maildir", str(tmp_path / "copies")),
    )
    options = elsewhere.options("--password-stdin", "--json", *wishes)
    said = hato("account", "add", ADA, *options, piped=TYPED)
    assert said.out.startswith("{")
    (row,) = hato.json("account", "list")
    assert row["policy"] == {"keeping": "delete-after-days", "days": 30}
    assert (row["name"], row["colour"], row["poll_seconds"]) == ("Work", "#abcdef", 600)
    assert (row["folder"], row["largest_octets"]) == ("Work/Mail", 20 * 1024 * 1024)
    assert not row["is_in_unified_inbox"]
    assert row["hook"] == ["cat", "-u"]
    assert row["maildir"] == str(tmp_path / "copies")


def test_what_is_not_in_the_inbox_goes_to_a_folder_of_its_own(
    hato: Hato, elsewhere: Elsewhere
) -> None:
    hato("account", "add", ADA, *elsewhere.options("--password-stdin"), piped=TYPED)
    hato("account", "edit", ADA, "--not-in-inbox")
    (row,) = hato.json("account", "list")
    assert (row["folder"], row["is_in_unified_inbox"]) == (ADA, False)
    hato("account", "remove", ADA, "--yes")
    options = elsewhere.options("--password-stdin", "--not-in-inbox")
    hato("account", "add", ADA, *options, piped=TYPED)
    (row,) = hato.json("account", "list")
    assert (row["folder"], row["is_in_unified_inbox"]) == (ADA, False)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--colour", "blue"), "blue is no colour"),
        (("--largest", "lots"), "lots is no size"),
        (("--largest", "9" * 400), f"{'9' * 59}… is no size"),
        (("--name", "a\x1b[2Jb"), "a\\x1b[2Jb has characters that cannot be shown"),
        (("--login", "a\nb"), "a\\nb has characters that cannot be shown"),
        (("--maildir", "copies"), "copies does not say where from"),
        (
            ("--maildir", "/nowhere/at/all"),
            "There is no folder /nowhere/at to make the Maildir all",
        ),
        (("--maildir", "/etc/passwd"), "/etc/passwd is a file and no folder"),
        (("--pin", "ab"), "A pinned certificate is named by its SHA-256"),
        (("--hook", "no-such-program x"), "There is no program no-such-program"),
        (("--hook", "cat 'x"), "The quotes in --hook do not end"),
        (("--folder", "a//b"), "a//b is no name of a folder"),
        (("--folder", "../x"), "../x is no name of a folder"),
        (("--folder", "a/./x"), "a/./x is no name of a folder"),
        (("--folder", "a\x07"), "a\\x07 is no name of a folder"),
        (("--protocol", "imap"), "This version of Hato fetches by POP3 only"),
        (("--owner", "nobody"), "There is nobody named nobody"),
    ],
)
def test_what_cannot_be_wished_is_told_before_anybody_is_asked(
    hato: Hato, options: tuple[str, ...], sentence: str
) -> None:
    said = hato("account", "add", ADA, "--host", "localhost", *options, status=1, typed="")
    assert sentence in said.err
    assert said.err.count("\n") == 1


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("a b@c", "a b@c"),
        ("a@@b", "a@@b"),
        ("@b.example", "@b.example"),
        ("nobody", "nobody"),
        ("a\x1b[31m@b.example", "a\\x1b[31m@b.example"),
        (f"{'1' * 400}@b.example", f"{'1' * 59}…"),
        ("花" * 80, "花" * 29 + "…"),
    ],
)
def test_what_is_no_address_is_refused_and_shown_harmlessly(
    hato: Hato, typed: str, shown: str
) -> None:
    said = hato("account", "add", typed, status=1)
    assert said.err == f"{shown} is no mail address: write it like ada@example.org.\n"


def test_two_rules_at_once_are_a_slip(hato: Hato) -> None:
    said = hato("account", "add", ADA, "--keep", "--delete-when-read", status=2)
    assert said.err == (
        "Choose one of --keep, --delete-after-days and --delete-when-read. "
        "See `hato account add --help`.\n"
    )


def test_a_maildir_that_is_not_there_yet_is_told_to_be_made(
    hato: Hato, added: str, tmp_path: Path
) -> None:
    place = tmp_path / "copies"
    said = hato("account", "edit", added, "--maildir", str(place))
    assert said.err == (
        f"The Maildir {place} is not there yet: it is made with the first letter.\n"
    )
    place.mkdir()
    assert hato("account", "edit", added, "--maildir", str(place)).err == ""


def test_the_log_of_a_removed_account_stays_until_it_is_forgotten(hato: Hato, added: str) -> None:
    said = hato("account", "log", added, "--forget", status=1)
    assert said.err.startswith(f"{ADA} is still fetched, and its log keeps mail from coming twice")
    hato("account", "remove", added)
    assert hato("account", "log", added).out.startswith("Hato has deleted nothing")
    said = hato("account", "log", added, "--forget")
    assert said.out.startswith(f"The log of {ADA} is forgotten")
    assert hato("account", "log", added, status=1).err.startswith("No mail account")


def test_the_list_names_rule_folder_and_state(hato: Hato, elsewhere: Elsewhere, added: str) -> None:
    options = elsewhere.options("--password-stdin", "--login", "ada", "--name", "仕事の受信箱")
    wishes = ("--delete-after-days", "1", "--folder", "Work", "--not-in-inbox")
    hato("account", "add", "ada@zz.example", *options, *wishes, piped=TYPED)
    hato("account", "edit", "ada@zz.example", "--pause")
    place = f"pop3://localhost:{elsewhere.pop3s}"
    assert hato("account", "list").out == (
        f"{ADA}  always      INBOX   -     -     not looked at yet\n"
        f"    {ADA}  {place}\n"
        "仕事の受信箱     1 day       Work    -     -     paused\n"
        f"    ada@zz.example  {place}  not in the unified inbox\n"
    )


def test_the_list_shows_when_each_was_looked_at(hato: Hato, added: str) -> None:
    hato("fetch", "--account", added)
    (row,) = hato.json("account", "list")
    assert row["next_poll"] == row["last_poll"] + row["poll_seconds"]
    assert "fine" in hato("account", "list").out


def test_the_same_account_is_not_added_twice(hato: Hato, elsewhere: Elsewhere, added: str) -> None:
    options = elsewhere.options("--password-stdin")
    said = hato("account", "add", added.upper(), *options, status=1, piped=TYPED)
    assert said.err.startswith(f"{ADA.upper()} is fetched already: see `hato account list`")
    other = ("alias@example.org", *options, "--login", ADA)
    said = hato("account", "add", *other, status=1, piped=TYPED)
    assert f"{ADA} at localhost is fetched already for another address" in said.err


def test_with_several_people_it_is_asked_whose_it_is(hato: Hato, elsewhere: Elsewhere) -> None:
    hato("user", "add", "bob@example.org", "--password-stdin", piped="a long password\n")
    options = elsewhere.options("--password-stdin")
    said = hato("account", "add", ADA, *options, status=1, piped=TYPED)
    assert said.err == (
        "Several people have mail here: say whose account it is with --owner NAME.\n"
    )
    for owner in ("bob", "ada"):
        hato("account", "add", ADA, *options, "--owner", owner, piped=TYPED)
    said = hato("account", "test", ADA, status=1)
    assert said.err == f"Several people have {ADA}: say whose is meant with --owner NAME.\n"
    hato("account", "remove", ADA, "--owner", "bob")
    assert [row["owner"] for row in hato.json("account", "list")] == [ADA]


def test_a_test_logs_in_and_says_how(hato: Hato, added: str) -> None:
    assert "by SCRAM-SHA-256-PLUS" in hato("account", "test", added).out
    data = hato.json("account", "test", added)
    assert (data["is_good"], data["method"]) == (True, "SCRAM-SHA-256-PLUS")


def test_an_edit_of_the_server_is_tried_and_one_of_wishes_is_not(
    hato: Hato, elsewhere: Elsewhere, added: str
) -> None:
    said = hato("account", "edit", added, "--login", "nobody@example.org", status=1)
    assert said.err.endswith("No login, so nothing was changed.\n")
    said = hato("account", "edit", added, "--host", "no host", status=1)
    assert said.err == "'no host' is neither a host name nor an address.\n"
    said = hato("account", "edit", added, "--host", "LOCALHOST")  # the same as it was
    assert said.out.startswith(f"{ADA} is set up so already: nothing had to be changed.")
    assert hato("account", "edit", added, "--largest", "0").out == (
        f"{ADA} is set up so already: nothing had to be changed. Its mail stays at the provider.\n"
    )
    said = hato("account", "edit", added, "--delete-when-read", "--folder", "Old", "--pause")
    assert said.out.startswith(f"{ADA} was changed. Its mail is deleted at the provider when")
    hato("account", "edit", added, "--port", elsewhere.pop3, "--tls", "starttls")
    (row,) = hato.json("account", "list")
    assert (row["port"], row["tls"], row["login"]) == (int(elsewhere.pop3), "starttls", ADA)
    assert (row["folder"], row["is_paused"]) == ("Old", True)
    hato("account", "edit", added, "--folder", "INBOX", "--resume", "--keep")
    (row,) = hato.json("account", "list")
    assert (row["folder"], row["is_paused"], row["policy"]["keeping"]) == ("INBOX", False, "keep")
    assert hato("account", "edit", added, status=1).err.startswith("Say what to change")


def test_a_new_password_is_kept_only_if_it_works(hato: Hato, added: str) -> None:
    said = hato("account", "password", added, "--password-stdin", status=1, piped="wrong\n")
    assert said.err.endswith(f"The password of {ADA} was not changed: no login came about.\n")
    assert hato.json("account", "test", added)["is_good"]
    said = hato("account", "password", added, "--password-stdin", piped=TYPED)
    assert said.out.endswith(f"The new password of {ADA} works, and is used from now on.\n")


def test_a_replaced_key_is_told_with_what_to_do(hato: Hato, added: str, tmp_path: Path) -> None:
    (tmp_path / "data" / "secret.key").unlink()
    said = hato("account", "test", added, status=1)
    assert "sealed under another key" in said.err
    assert "put the old secret.key back" in said.err
    assert "hato account authorise" in said.err
    (row,) = hato.json("account", "list")
    assert "sealed under another key" in row["warning"]
    hato("account", "password", added, "--password-stdin", piped=TYPED)
    assert hato.json("account", "test", added)["is_good"]


def test_one_that_takes_no_passwords_is_to_be_authorised(hato: Hato, elsewhere: Elsewhere) -> None:
    said = hato("account", "add", ADA, *elsewhere.options("--oauth2"))
    assert f"`hato account authorise {ADA}`" in said.out
    (row,) = hato.json("account", "list")
    assert row["proof"] == "oauth2"
    assert "not been authorised yet" in row["warning"]


def test_removing_says_what_becomes_of_the_mail(hato: Hato, added: str) -> None:
    said = hato("account", "remove", added, "--remove-mail", status=1, typed="n\n")
    assert said.err == f"Delete the 0 messages of {ADA} that are here? [y/N] Nothing was removed.\n"
    said = hato("account", "remove", added)
    assert said.out == (
        f"{ADA} is fetched no longer; its 0 messages stay here with its log "
        f"(`hato account log {ADA}`), and nothing changes at the provider.\n"
    )
    said = hato("account", "remove", added, status=1)
    assert said.err == f"No mail account {ADA} is fetched: see `hato account list`.\n"


def test_without_accounts_the_list_says_how_to_begin(hato: Hato) -> None:
    assert hato("account", "list").out.startswith("No mail account is fetched yet")
    assert hato.json("account", "list") == []


def test_no_password_is_shown_anywhere(hato: Hato, elsewhere: Elsewhere) -> None:
    options = elsewhere.options("--password-stdin", "--json")
    shown = [
        *hato("account", "add", ADA, *options, piped=TYPED),
        *hato("account", "list", "--json"),
        *hato("account", "test", ADA, "--json"),
        *hato("account", "log", ADA, "--json"),
    ]
    assert not any(PASSWORD in text for text in shown)
