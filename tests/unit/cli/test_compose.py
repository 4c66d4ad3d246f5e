"""Writing: what stands in the editor, what becomes of it, and that nothing typed is lost."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from hato.cli.writing.draft_text import DraftText, read_draft, written
from hato.core.errors import InvalidInputError
from hato.message.header import scan_for_delivery
from hato.message.letter import Letter, read_letter
from hato.store.api import Account, Store
from hato.store.model import ANSWERED, DRAFT, Role
from tests.unit.cli.conftest import Hato, Said
from tests.unit.cli.letters import add_source, in_account, letter, look, put

WORK, HOME = "work@example.net", "home@example.net"


@pytest.fixture
def config(hato: Hato, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give ada two accounts elsewhere, and an editor that does nothing."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("EDITOR", "true")
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("TZ", "UTC")
    path = tmp_path / "hato.toml"
    add_source(path, "aaaaaaaa", WORK)
    add_source(path, "bbbbbbbb", HOME, added=1_800_000_001)
    return path


def editor(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str) -> None:
    """Let $EDITOR be a shell script; the draft is $1."""
    path = tmp_path / "editor"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("EDITOR", str(path))


def letters_in(config: Path, role: Role) -> list[Letter]:
    """Return the letters of a folder."""

    async def work(_store: Store, account: Account) -> list[Letter]:
        found = []
        for mailbox in await account.mailboxes():
            if mailbox.role is role:
                for email in await account.latest([mailbox.mailbox_id], 99):
                    piece = await account.read(email.body, 0, email.body.size_octets)
                    found.append(read_letter(piece.data))
        return found

    return in_account(config, work)


def only_draft(config: Path) -> Letter:
    (found,) = letters_in(config, Role.DRAFTS)
    return found


class TestDraftTexts:
    def test_what_is_written_is_read_again(self) -> None:
        draft = DraftText(
            sender="Ada <ada@example.org>",
            to="ken@example.com",
            copies="a@example.com, b@example.com",
            blind_copies="",
            subject="Tea: at five?",
            attach=("plan.pdf", "a b.txt"),
            text="Hello\n\nTo: not a field\n",
        )
        assert read_draft(written(draft)) == draft

    def test_no_line_end_makes_a_field(self) -> None:
        draft = DraftText(
            subject="a\r\nBcc: eve@example.com", to="b@example.com\nCc: c@example.com"
        )
        again = read_draft(written(draft))
        assert (again.subject, again.blind_copies, again.copies) == (
            "a Bcc: eve@example.com",
            "",
            "",
        )

    @pytest.mark.parametrize(
        ("text", "sentence"),
        [
            ("Hello\n\nText", "Line 1 of the draft is neither"),
            ("To: a@example.com\nX-Mine: 1\n\nText", "Line 2 of the draft is neither"),
            ("To: a@example.com\nTo: b@example.com\n\n", "has the field To twice"),
        ],
    )
    def test_what_cannot_be_read_is_said(self, text: str, sentence: str) -> None:
        with pytest.raises(InvalidInputError, match=sentence):
            read_draft(text)


def test_a_letter_from_the_editor_is_kept(
    hato: Hato, config: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "計画.txt").write_text("plan")
    editor(monkeypatch, tmp_path, 'echo "見積書です。" >> "$1"')
    options = ("--to", "ken@example.com", "--subject", "見積書", "--bcc", "eve@example.com")
    found = hato.json("compose", *options, "--attach", str(tmp_path / "計画.txt"), "--keep")
    assert found["state"] == "draft"
    draft = only_draft(config)
    assert (draft.subject, draft.text.strip()) == ("見積書", "見積書です。")
    assert [one.mailbox for one in draft.senders] == [WORK]
    assert [one.mailbox for one in draft.blind_copies] == ["eve@example.com"]
    assert [one.name for one in draft.attachments] == ["計画.txt"]
    assert look(config, found["id"])[0].keywords >= {DRAFT}


def test_a_draft_is_gone_on_with(
    hato: Hato, config: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "plan.txt").write_text("plan")
    attach = ("--attach", str(tmp_path / "plan.txt"))
    hato("compose", "--to", "ken@example.com", "--text", "-", "--keep", *attach, piped="One.\n")
    first = only_draft(config)
    editor(monkeypatch, tmp_path, 'sed -i "s/^Subject:.*/Subject: later/; s/One/Two/" "$1"')
    number = hato.json("inbox", "drafts")["letters"][0]["id"]
    hato("compose", "--draft", f"id:{number}", "--keep")
    again = only_draft(config)
    assert (again.subject, again.text) == ("later", "Two.\n")
    assert again.message_id == first.message_id
    assert [one.name for one in again.attachments] == ["plan.txt"]


def test_nothing_written_is_nothing_kept(hato: Hato, config: Path, tmp_path: Path) -> None:
    assert "Nothing was written" in hato("compose", "--to", "ken@example.com").err
    assert letters_in(config, Role.DRAFTS) == []
    assert list((tmp_path / "state" / "hato" / "drafts").iterdir()) == []


def test_an_editor_that_crashes_loses_nothing(
    hato: Hato, config: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    editor(monkeypatch, tmp_path, 'echo "Hard work." >> "$1"; kill -SEGV $$')
    said = hato("compose", "--to", "ken@example.com", "--send")
    assert "The editor ended with exit status -11." in said.err
    assert "The letter is kept as a draft" in said.err
    assert only_draft(config).text.strip() == "Hard work."


def test_writing_that_was_cut_short_is_found_again(
    hato: Hato, config: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "state" / "hato" / "drafts"
    kept = tmp_path / "kept"
    editor(
        monkeypatch,
        tmp_path,
        f'echo "Half a" >> "$1"; mkdir {kept}; cp {folder}/* {kept}; mv {kept} {folder}-left',
    )
    hato("compose", "--to", "ken@example.com", "--subject", "cut", "--keep")
    for file in Path(f"{folder}-left").iterdir():
        file.rename(folder / file.name)
    monkeypatch.setenv("EDITOR", "true")
    assert "is now a draft" in hato("compose").err
    assert [(one.subject, one.text.strip()) for one in letters_in(config, Role.DRAFTS)] == [
        ("cut", "Half a"),
        ("cut", "Half a"),
    ]
    assert list(folder.iterdir()) == []


def test_what_cannot_be_sent_stays_where_it_was_written(
    hato: Hato, config: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    editor(monkeypatch, tmp_path, 'echo "Words." >> "$1"')
    said = Said("", "")
    for typed, sentence in (
        (("--to", "nobody"), "'nobody' is no mail address"),
        (("--to", "a@example.com", "--attach", "/nowhere"), "/nowhere cannot be attached"),
        ((), "The letter is for nobody"),
    ):
        said = hato("compose", *typed, "--send", status=1 if not typed else 0)
        assert sentence in said.err
    assert "What you wrote is safe in" in said.err
    files = list((tmp_path / "state" / "hato" / "drafts").glob("*.eml"))
    assert ["Words." in file.read_text() for file in files] == [True]


class TestAnswers:
    original = letter(
        "AW: [list] 見積書",
        sender='"Doe, Jane" <jane@example.com>',
        text="At five?\n> earlier\n-- \nJane",
        more="Message-ID: <m1@example.com>\nReferences: <r1@example.com>\n"
        f"Date: Wed, 25 Nov 2026 10:00:00 +0900\nCc: Ken <ken@example.com>, {HOME}\n",
    )

    def answered(self, hato: Hato, config: Path, *verb: str) -> Letter:
        (one,) = put(config, self.original, source="bbbbbbbb")
        hato(*verb, f"id:{one}", "--text", "-", "--keep", piped="Yes.\n")
        return only_draft(config)

    def test_a_reply_goes_to_who_wrote_and_leaves_by_the_same_account(
        self, hato: Hato, config: Path
    ) -> None:
        draft = self.answered(hato, config, "reply")
        assert [(one.name, one.mailbox) for one in draft.recipients] == [
            ("Doe, Jane", "jane@example.com")
        ]
        assert [one.mailbox for one in draft.senders] == [HOME]
        assert draft.copies == ()
        assert draft.subject == "Re: AW: [list] 見積書".replace("AW: ", "")
        assert draft.in_reply_to == ("m1@example.com",)
        assert draft.references == ("r1@example.com", "m1@example.com")
        assert draft.text.splitlines() == [
            "Yes.",
            "",
            "On Wed 25 Nov 2026 01:00, Doe, Jane wrote:",
            "> At five?",
            ">> earlier",
        ]

    def test_a_reply_to_all_leaves_out_oneself(self, hato: Hato, config: Path) -> None:
        draft = self.answered(hato, config, "reply-all")
        assert [one.mailbox for one in draft.recipients] == ["jane@example.com"]
        assert [one.mailbox for one in draft.copies] == ["ken@example.com"]

    def test_a_letter_is_passed_on_with_what_came_with_it(
        self, hato: Hato, config: Path, tmp_path: Path
    ) -> None:
        mixed = b"From: jane@example.com\nTo: a@example.com\nSubject: Fw: plan\n"
        mixed += b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nSee.\n--b\n"
        mixed += b"Content-Disposition: attachment; filename=plan.bin\n\nbinary\n--b--\n"
        (one,) = put(config, mixed)
        ways = ("--to", "ken@example.com", "--text", "-", "--keep")
        hato("forward", f"id:{one}", *ways, piped="Look.\n")
        draft = only_draft(config)
        assert draft.subject == "Fwd: plan"
        assert "From: jane@example.com" in draft.text
        assert draft.text.startswith("Look.\n")
        assert "See." in draft.text
        (along,) = draft.attachments
        assert (along.name, b"".join(along.content(draft.raw))) == ("plan.bin", b"binary")

    def test_a_letter_is_passed_on_whole(self, hato: Hato, config: Path) -> None:
        (one,) = put(config, self.original)
        ways = ("--to", "ken@example.com", "--as-attachment", "--text", "-", "--keep")
        hato("forward", f"id:{one}", *ways, piped="Look.\n")
        draft = only_draft(config)
        (along,) = draft.attachments
        assert along.media_type == "message/rfc822"
        inner = b"".join(along.content(draft.raw))
        assert read_letter(inner).message_id == "m1@example.com"
        assert inner.rstrip() == self.original.replace(b"\n", b"\r\n").rstrip()


def test_a_letter_that_is_sent_waits_in_the_outbox_and_marks_what_it_answers(
    hato: Hato, config: Path
) -> None:
    tea = letter("tea", more="Message-ID: <tea@example.com>\n")
    hashes = scan_for_delivery(tea.replace(b"\n", b"\r\n")).reference_hashes
    (one,) = put(config, tea, source="aaaaaaaa", reference_hashes=hashes)
    said = hato("reply", f"id:{one}", "--text", "-", "--json", piped="Yes.\n")
    found = json.loads(said.out)
    assert found["state"] in ("waiting", "sent")
    assert ANSWERED in look(config, one)[0].keywords


def test_a_finished_letter_gets_what_it_lacks(hato: Hato, config: Path, tmp_path: Path) -> None:
    path = tmp_path / "letter.eml"
    path.write_bytes(b"To: ken@example.com\nSubject: hi\n\nHello\n")
    assert hato.json("send", str(path))["state"] in ("waiting", "sent")
    (sent,) = [*letters_in(config, Role.DRAFTS), *letters_in(config, Role.SENT)]
    assert [one.mailbox for one in sent.senders] == [WORK]
    assert sent.message_id.endswith("@example.net")
    assert sent.sent is not None
    assert b"\r\nSubject: hi\r\n\r\nHello\r\n" in sent.raw
    hato("send", "-", piped="no letter\n", status=1)
    err = hato("send", "-", piped="From: x@example.com\nTo: a@example.com\n\n", status=1).err
    assert "is none of your accounts" in err
