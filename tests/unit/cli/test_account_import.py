"""`hato account import`: what fetchmail, getmail and mpop knew, taken over and told."""

from __future__ import annotations

import asyncio
import base64
import os
from pathlib import Path

import pytest

from hato.app import Composition
from hato.core.ids import AccountId
from hato.core.settings_file import read_settings
from hato.store.model import LedgerEntry
from tests.unit.cli.conftest import Hato

FETCHMAILRC = """\
poll pop.example.net proto pop3
  user ada pass hush1 keep ssl
  user bob pass hush2 ssl mda 'cat'
poll imap.example.net proto imap user ada pass hush3
"""
GETMAILRC = """\
[retriever]
type = SimplePOP3SSLRetriever
server = pop.getmail.example
username = ada
password_command = ("/bin/echo", "hush4")
[options]
delete_after = 30
"""
MPOPRC = """\
defaults
tls on
tls_starttls off
keep on
account one
host pop.mpop.example
user ada
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with the settings and memories of all three."""
    home = tmp_path / "home"
    (home / ".getmail").mkdir(parents=True)
    (home / ".mpop_uidls").mkdir()
    (home / ".fetchmailrc").write_text(FETCHMAILRC)
    (home / ".fetchids").write_text("ada@pop.example.net a1\nada@pop.example.net a2\n")
    (home / ".getmail" / "getmailrc").write_text(GETMAILRC)
    (home / ".getmail" / "oldmail-pop.getmail.example-995-ada").write_bytes(b"g1\x0012\n")
    (home / ".mpoprc").write_text(MPOPRC)
    memory = home / ".mpop_uidls" / "ada_at_pop.mpop.example"
    memory.write_text("# a comment\n 3 pop.mpop.example ada\nm1\nm2\nm3\n")
    (home / ".netrc").write_text("machine pop.mpop.example login ada password hush5\n")
    monkeypatch.setenv("HOME", str(home))
    return home


async def ledgers(tmp_path: Path) -> dict[str, list[LedgerEntry]]:
    """Every source's address, and its ledger."""
    ways = Composition()
    settings = read_settings(tmp_path / "hato.toml")
    store = await ways.open_store(settings)
    try:
        account = await store.account(AccountId((await store.account_ids())[0]))
        sources = await ways.sources(account, settings).all()
        return {one.address: await account.ledger(one.source_id) for one in sources}
    finally:
        await store.close()


def test_everything_at_home_is_taken_over_and_told(hato: Hato, home: Path) -> None:
    said = hato("account", "import", status=1)
    assert "ada@pop.example.net moves in from fetchmail: pop.example.net, port 995" in said.out
    assert "Letters that fetchmail fetched and Hato does not: 2." in said.out
    assert "4 moved in, 0 here already, 1 left out." in said.out
    assert said.err.startswith("ada@imap.example.net is left out: fetchmail fetches it by IMAP")
    assert "hush" not in said.out + said.err


def test_the_ledgers_know_what_the_old_programs_had(hato: Hato, home: Path, tmp_path: Path) -> None:
    hato("account", "import", status=1)
    found = asyncio.run(ledgers(tmp_path))
    assert {address: [e.uidl for e in entries] for address, entries in found.items()} == {
        "ada@pop.example.net": [b"a1", b"a2"],
        "bob@pop.example.net": [],
        "ada@pop.getmail.example": [b"g1"],
        "ada@pop.mpop.example": [b"m1", b"m2", b"m3"],
    }


def test_it_is_told_to_programs_too(hato: Hato, home: Path) -> None:
    (home / ".fetchmailrc").write_text(FETCHMAILRC.replace("poll imap", "# poll imap"))
    told = hato.json("account", "import")
    assert [row["address"] for row in told["moved"]] == [
        "ada@pop.example.net",
        "bob@pop.example.net",
        "ada@pop.getmail.example",
        "ada@pop.mpop.example",
    ]
    getmails = told["moved"][2]
    assert getmails["keeping"] == "delete-after-days"
    assert (getmails["days"], getmails["known"], getmails["has_secret"]) == (30, 1, False)
    assert told["moved"][0]["source_id"]
    assert (told["here"], told["left_out"]) == ([], [])


def test_a_second_time_nothing_changes(hato: Hato, home: Path) -> None:
    hato("account", "import", status=1)
    before = hato.json("account", "list")
    said = hato("account", "import", status=1)
    assert "0 moved in, 4 here already, 1 left out." in said.out
    assert hato.json("account", "list") == before


def test_a_dry_run_tells_the_same_and_changes_nothing(hato: Hato, home: Path) -> None:
    said = hato("account", "import", "--dry-run", status=1)
    assert "4 would move in, 0 are here already, 1 is left out." in said.out
    assert hato.json("account", "list") == []


def test_commands_and_netrc_files_are_used_only_where_the_person_says_so(
    hato: Hato, home: Path
) -> None:
    (home / ".fetchmailrc").unlink()
    told = hato.json("account", "import", "--dry-run")
    assert [row["has_secret"] for row in told["moved"]] == [False, False]
    said = hato("account", "import", "--dry-run").out
    assert "not run unless you import with --run-passwordeval" in said
    assert "not read unless you import with --read-netrc" in said
    told = hato.json("account", "import", "--run-passwordeval", "--read-netrc")
    assert [row["has_secret"] for row in told["moved"]] == [True, True]


def test_an_account_without_a_password_says_in_the_list_what_to_do(hato: Hato, home: Path) -> None:
    hato("account", "import", str(home / ".mpoprc"))
    assert "It has no password yet: set one with `hato account password ada@" in str(
        hato("account", "list")
    )


def test_a_command_that_fails_gives_no_password(hato: Hato, home: Path) -> None:
    file = home / ".getmail" / "getmailrc"
    file.write_text(GETMAILRC.replace("/bin/echo", "/bin/false"))
    said = hato("account", "import", str(file), "--run-passwordeval").out
    assert "The command for its password gave none" in said


def test_a_command_does_not_inherit_the_key(
    hato: Hato, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HATO_SECRET_KEY", base64.b64encode(bytes(32)).decode())
    file = home / ".getmail" / "getmailrc"
    tells_the_key = '"/usr/bin/printenv", "HATO_SECRET_KEY"'
    file.write_text(GETMAILRC.replace('"/bin/echo", "hush4"', tells_the_key))
    said = hato("account", "import", str(file), "--run-passwordeval").out
    assert "The command for its password gave none" in said


def test_a_command_in_a_file_of_somebody_else_is_not_run(
    hato: Hato, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hato.cli.account.old_passwords.is_own", lambda _: False)
    file = home / ".getmail" / "getmailrc"
    said = hato("account", "import", str(file), "--run-passwordeval").out
    assert "stands in somebody else's file, and is not run" in said


def test_settings_are_found_where_the_environment_says(
    hato: Hato, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in (("mpop/config", MPOPRC), ("getmail/work", GETMAILRC)):
        file = tmp_path / "config" / name
        file.parent.mkdir(parents=True)
        file.write_text(text.replace("user ada", "user eve").replace("= ada", "= eve"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("FETCHMAILHOME", str(tmp_path / "nowhere"))
    said = hato("account", "import", status=1).out
    assert "eve@pop.mpop.example moves in from mpop" in said
    assert "eve@pop.getmail.example moves in from getmail" in said
    assert "6 moved in" in said


@pytest.mark.parametrize("damage", ["half", "strange", "folder", "pipe"])
def test_an_account_whose_memory_cannot_be_read_stays_out_whole(
    hato: Hato, home: Path, damage: str
) -> None:
    memory = home / ".mpop_uidls" / "ada_at_pop.mpop.example"
    if damage == "half":
        memory.write_text(" 3 pop.mpop.example ada\nm1\nm2\n")
    elif damage == "strange":
        memory.write_bytes(os.urandom(5000))
    else:
        memory.unlink()
        memory.mkdir() if damage == "folder" else os.mkfifo(memory)
    (home / ".fetchmailrc").unlink()
    said = hato("account", "import", status=1)
    assert "1 moved in, 0 here already, 1 left out." in said.out
    assert said.err.startswith("ada@pop.mpop.example is left out: ")
    assert said.err.count("\n") == 1
    assert said.err[:-1].isprintable()


def test_a_file_is_recognised_by_its_name_or_by_what_is_in_it(hato: Hato, home: Path) -> None:
    for text, program in ((FETCHMAILRC, "fetchmail"), (GETMAILRC, "getmail"), (MPOPRC, "mpop")):
        file = home / "settings"
        file.write_text(text.replace("poll imap", "# poll imap"))
        told = hato.json("account", "import", str(file), "--dry-run")
        assert {row["program"] for row in told["moved"]} == {program}


def test_a_file_that_is_none_of_them_is_refused_in_one_sentence(hato: Hato, home: Path) -> None:
    file = home / "settings"
    file.write_text("hello\n")
    said = hato("account", "import", str(file), status=1)
    assert said.err.endswith("could be of any program: say whose it is with --from.\n")
    said = hato("account", "import", str(file), "--from", "mpop", status=1)
    assert said.err.startswith(
        f"{file} is left out: Line 1 of {file} is not in the language of mpop"
    )
    empty = home / "empty"
    empty.mkdir()
    said = hato("account", "import", str(empty), status=1)
    assert said.err.startswith("There are no settings of fetchmail, getmail or mpop in")


def test_it_speaks_japanese_too(hato: Hato, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "ja_JP.UTF-8")
    said = hato("account", "import", status=1)
    assert "fetchmail が受信した 2 通はもう受信しません" in said.out
    assert "引き継ぎ 4 件、既存 0 件、対象外 1 件。" in said.out
    assert "ada@imap.example.net は引き継ぎません" in said.err
