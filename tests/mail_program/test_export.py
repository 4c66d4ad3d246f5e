"""What is exported and imported elsewhere is the same mail: octets, dates, flags and folders."""

from __future__ import annotations

import contextlib
import itertools
import mailbox
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from hato.core.errors import HatoError
from tests.interop.corpus import CORPORA, letters
from tests.mail_program.conftest import OWNER, MailProgram
from tests.mail_program.filing import Kept, kept, put
from tests.mail_program.library import written

EVERY_KIND = pytest.mark.parametrize("kind", ["maildir", "mbox", "eml"])
HEAD = b"From: Ada <ada@example.org>\r\nSubject: %d\r\n"

BODIES = (
    b"",
    b"\r\n",
    b"\r\n\r\n\r\n",
    b"\r\nhello\r\n",
    b"\r\nhello\r\n\r\n\r\n",
    b"\r\nFrom here on it is quoted\r\n",
    b"\r\n>From here\r\n>>From there\r\n> From nowhere\r\n",
    b"\r\nhello\r\n\r\nFrom a@example.org Mon Jan  1 00:00:00 2026\r\nSubject: no\r\n\r\nx\r\n",
    b"\r\nFrom\r\nFrom \r\nfrom \r\nFROM \r\n",
    b"\r\n.\r\n..\r\n...\r\n",
    b"\r\n" + b"x" * 100_000 + b"\r\n",
    b"\r\n" + b"From " * 30_000 + b"\r\nFrom x\r\n",
    b"\r\n" + b"x" * 65_533 + b"\r\nFrom x\r\n" + b"y" * 65_535 + b"\r\n>From y\r\n",
    b"\r\n" + bytes(range(1, 10)) + bytes(range(14, 256)) + b"\r\n",
    b"\r\nnul \0 nul\r\n",
    "\r\n日本語の手紙\r\n".encode(),
    "\r\n日本語の手紙\r\n".encode("iso2022_jp"),
    "\r\n日本語の手紙 表示\r\n".encode("cp932"),
    b"Status: RO\r\nX-Status: F\r\nX-Keywords: a\r\nContent-Length: 3\r\nLines: 1\r\n\r\nhello\r\n",
    b"Status: \r\n\r\nFrom x\r\n",
    b"X-Mozilla-Status: 0001\r\nX-UID: 4\r\n\r\nhello\r\n",
)
FLAGS = [
    flags
    for count in range(4)
    for flags in itertools.combinations(("$answered", "$flagged", "$seen"), count)
]


def hard_letters() -> list[Kept]:
    """Letters that formats of files spoil when they are careless."""
    flags = itertools.cycle(FLAGS)
    return [
        Kept((), HEAD % number + body, 1_700_000_000 + number * 86_399, next(flags))
        for number, body in enumerate(BODIES)
    ]


def moved(
    make: Callable[[str], MailProgram], folder: Path, kind: str, letters_here: list[Kept]
) -> tuple[list[Kept], list[Kept]]:
    """Export an account and import it elsewhere; return what lies here and there."""
    here, there = make("here"), make("there")
    here.with_account(lambda store, account: put(store, account, letters_here))
    here("export", kind, str(folder))
    there("import", OWNER, kind, str(folder))
    return here.with_account(kept), there.with_account(kept)


@EVERY_KIND
def test_hard_letters_come_back(
    make_mail_program: Callable[[str], MailProgram], tmp_path: Path, kind: str
) -> None:
    before, after = moved(make_mail_program, tmp_path / "out", kind, hard_letters())
    assert len(before) == len(BODIES)
    assert after == before


@EVERY_KIND
def test_a_letter_that_begins_like_a_separator_comes_back(
    make_mail_program: Callable[[str], MailProgram], tmp_path: Path, kind: str
) -> None:
    letter = b"From ada@example.org Mon Jan  1 00:00:00 2026\r\nSubject: a\r\n\r\nhello\r\n"
    before, after = moved(make_mail_program, tmp_path / "out", kind, [Kept((), letter, 10**9)])
    assert after == before


@EVERY_KIND
@pytest.mark.parametrize("moment", [0, 1, 2**31 - 1, 2**31, 4_102_444_800])
def test_any_date_comes_back(
    make_mail_program: Callable[[str], MailProgram], tmp_path: Path, kind: str, moment: int
) -> None:
    letter = Kept((), HEAD % 1 + b"\r\nhello\r\n", moment)
    before, after = moved(make_mail_program, tmp_path / "out", kind, [letter])
    assert [one.received for one in after] == [moment]
    assert after == before


FOLDERS = (
    ("Archive",),
    ("Work", "クライアント"),
    ("Work", "クライアント", "見積書"),
    ("a.b",),
    ("a", "b"),
    ("a/b",),
    ("a\\b",),
    ("a:b",),
    ("a_b",),
    ("A",),
    ("..",),
    (".",),
    (".hidden",),
    ("-rf",),
    ("~",),
    ("%2F",),
    ("con",),
    ("INBOX", "below"),
    ("cur",),
    ("new", "tmp"),
    ("x" * 200,),
    ("見" * 80,),
    ("&AC8-",),
    (" a ",),
    ("a.",),
    ("é",),
    ("e\u0301",),
    ('*?"<>|',),
)


def put_where_possible(program: MailProgram, letter: Kept) -> None:
    """Put a letter into a folder, unless the store refuses its name."""
    with contextlib.suppress(HatoError):
        program.with_account(lambda store, account: put(store, account, [letter]))


@EVERY_KIND
def test_folders_of_any_name_come_back(
    make_mail_program: Callable[[str], MailProgram], tmp_path: Path, kind: str
) -> None:
    here, there = make_mail_program("here"), make_mail_program("there")
    for number, names in enumerate(FOLDERS):
        put_where_possible(here, Kept(names, HEAD % number + b"\r\nhello\r\n", 10**9))
    before = here.with_account(kept)
    assert len(before) > 20
    out = tmp_path / "deep" / "out"
    here("export", kind, str(out))
    assert not [path for path in tmp_path.rglob("*") if path.is_symlink()]
    there("import", OWNER, kind, str(out))
    assert there.with_account(kept) == before


@EVERY_KIND
def test_nothing_is_written_beside_the_folder(
    make_mail_program: Callable[[str], MailProgram], tmp_path: Path, kind: str
) -> None:
    here = make_mail_program("here")
    for names in ("..", "../../escaped", "/tmp/escaped"):
        put_where_possible(here, Kept((names,), HEAD % 1 + b"\r\nhello\r\n", 10**9))
    out = tmp_path / "one" / "two" / "out"
    before = {path for path in tmp_path.rglob("*") if out not in path.parents}
    here("export", kind, str(out))
    after = {path for path in tmp_path.rglob("*") if out not in path.parents}
    assert {path for path in after - before if here.config.with_suffix("") not in path.parents} <= {
        out,
        out.parent,
        out.parent.parent,
    }


@EVERY_KIND
def test_letters_of_every_language_come_back(
    make_mail_program: Callable[[str], MailProgram], tmp_path: Path, kind: str
) -> None:
    letters_here = [
        Kept(
            () if one.mailbox == "INBOX" else tuple(one.mailbox.split("/")),
            one.octets,
            one.received,
            tuple(sorted(one.keywords)),
        )
        for one in written(60)
    ]
    before, after = moved(make_mail_program, tmp_path / "out", kind, letters_here)
    assert before == sorted(letters_here)
    assert after == before


@EVERY_KIND
@pytest.mark.skipif(not CORPORA.is_dir(), reason="the mail corpora do not lie beside the project")
def test_letters_of_the_corpora_come_back(
    make_mail_program: Callable[[str], MailProgram], tmp_path: Path, kind: str
) -> None:
    wire_forms = {one.in_wire_form() for one in letters() if not one.mixes_line_ends}
    small = sorted((octets for octets in wire_forms if len(octets) < 50_000), key=len)[::4]
    letters_here = [Kept((), octets, 10**9 + number) for number, octets in enumerate(small)]
    before, after = moved(make_mail_program, tmp_path / "out", kind, letters_here)
    assert len(before) > 80
    assert after == before


@EVERY_KIND
def test_importing_twice_adds_nothing(
    make_mail_program: Callable[[str], MailProgram], tmp_path: Path, kind: str
) -> None:
    here, there = make_mail_program("here"), make_mail_program("there")
    here.with_account(lambda store, account: put(store, account, hard_letters()))
    here("export", kind, str(tmp_path / "out"))
    there("import", OWNER, kind, str(tmp_path / "out"))
    before = there.with_account(kept)
    there("import", OWNER, kind, str(tmp_path / "out"))
    assert there.with_account(kept) == before


@EVERY_KIND
def test_what_is_there_is_not_overwritten(
    make_mail_program: Callable[[str], MailProgram], tmp_path: Path, kind: str
) -> None:
    here = make_mail_program("here")
    here.with_account(lambda store, account: put(store, account, hard_letters()))
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine").write_bytes(b"mine")
    here("export", kind, str(out), status=1)
    assert [path.name for path in out.iterdir()] == ["mine"]


def test_python_reads_the_maildir(mail_program: MailProgram, tmp_path: Path) -> None:
    letters_here = hard_letters()
    mail_program.with_account(lambda store, account: put(store, account, letters_here))
    mail_program("export", "maildir", str(tmp_path / "out"))
    (cur,) = (path for path in (tmp_path / "out").rglob("cur") if any(path.iterdir()))
    theirs = mailbox.Maildir(cur.parent, create=False)
    said = {
        (theirs.get_bytes(key).replace(b"\n", b"\r\n"), theirs[key].get_flags())
        for key in theirs.iterkeys()
    }
    wanted = {
        (
            one.octets,
            "".join(
                letter
                for letter, keyword in zip("FRS", ("$flagged", "$answered", "$seen"), strict=True)
                if keyword in one.keywords
            ),
        )
        for one in letters_here
    }
    assert said == wanted


def test_python_reads_the_mbox(mail_program: MailProgram, tmp_path: Path) -> None:
    letters_here = [replace(one, octets=one.octets) for one in hard_letters()]
    mail_program.with_account(lambda store, account: put(store, account, letters_here))
    mail_program("export", "mbox", str(tmp_path / "out"))
    (file,) = (
        path
        for path in (tmp_path / "out").rglob("*")
        if path.is_file() and path.stat().st_size > 5_000
    )
    theirs = mailbox.mbox(file, create=False)
    assert len(theirs) == len(letters_here)
    assert [message["Subject"] for message in theirs] == [str(n) for n in range(len(letters_here))]
    theirs.close()
