"""hato.toml: what fits, and one sentence for what does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from hato.cli.server.config import EXAMPLE
from hato.core.errors import InvalidInputError
from hato.core.language import Language
from hato.core.settings import Settings
from hato.core.settings_file import find_settings_file, read_settings, settings_from_text

HERE = Path("hato.toml")


def test_nothing_at_all_gives_the_defaults() -> None:
    settings = settings_from_text("", HERE)
    assert settings.listen == Settings().listen
    assert settings.limits == Settings().limits


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("hostnam = 'x'", "there is no setting hostnam; did you mean hostname?"),
        ("[listen]\npop = []", "there is no setting listen.pop; did you mean listen.pop3?"),
        ("[[tls.names]]\ncert = 'x'", "no setting tls.names.cert; did you mean tls.names.certif"),
        ("workers = 'two'", "the value of workers does not fit: Expected `int`, got `str`"),
        ("[listen]\npop3 = '110'", "the value of listen.pop3 does not fit"),
        ("workers = 100000", "the value of workers does not fit: Expected `int` <= 1024"),
        ("language = 'fr'", "does not speak the language 'fr': choose one of en, ja."),
        ("language = 3", "choose one of en, ja."),
        ("workers = -3", "the value of workers does not fit"),
        ("[limits]\nmessage_octets = 0", "the value of limits.message_octets does not fit"),
        ("[limits]\nlogin_seconds = -1", "the value of limits.login_seconds does not fit"),
        ("[store]\nsegment_octets = 0", "the value of store.segment_octets does not fit"),
        ("workers =", "is not valid TOML"),
        ("tls = 3", "the value of tls does not fit"),
    ],
)
def test_what_does_not_fit_is_told_in_one_sentence(text: str, sentence: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        settings_from_text(text, HERE)
    assert sentence in str(caught.value)
    assert "\n" not in caught.value.in_language(Language.JAPANESE)


def test_relative_paths_are_meant_from_the_folder_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "hato.toml"
    file.write_text("data = 'mail'\n[tls]\ncertificate = 'c.pem'\nkey = '/k.pem'\n")
    settings = read_settings(file)
    assert settings.data == str(tmp_path / "mail")
    assert settings.tls.certificate == str(tmp_path / "c.pem")
    assert settings.tls.key == "/k.pem"


def test_a_file_that_is_not_utf8_is_told_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "hato.toml"
    file.write_bytes("# 1\r\n# 鳩\r\n".encode("shift-jis"))
    with pytest.raises(InvalidInputError) as caught:
        read_settings(file)
    assert "is not UTF-8 (line 2)" in str(caught.value)
    assert "2 行目" in caught.value.in_language(Language.JAPANESE)


def test_the_mark_of_some_editors_and_their_line_ends_do_no_harm(tmp_path: Path) -> None:
    file = tmp_path / "hato.toml"
    file.write_bytes(b"\xef\xbb\xbfhostname = 'mx'\r\nworkers = 2\r\n")
    assert (read_settings(file).hostname, read_settings(file).workers) == ("mx", 2)


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="hato config example"):
        read_settings(tmp_path / "hato.toml")


def test_the_file_is_looked_for_where_the_contract_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("HATO_CONFIG", "/somewhere/else.toml")
    assert find_settings_file() == Path("/somewhere/else.toml")
    monkeypatch.delenv("HATO_CONFIG")
    own = tmp_path / ".config" / "hato" / "hato.toml"
    own.parent.mkdir(parents=True)
    own.touch()
    assert find_settings_file() == own
    (tmp_path / "hato.toml").touch()
    assert find_settings_file() == Path("hato.toml")


def test_the_example_is_valid_and_its_comments_are_the_defaults() -> None:
    settings_from_text(EXAMPLE, HERE)
    shown = [
        line.removeprefix("# ").split("  #")[0].rstrip()
        for line in EXAMPLE.splitlines()
        if line.startswith(("# ", "[")) and ("=" in line or line.startswith("["))
    ]
    defaults = [line for line in shown if not line.startswith(("[[", "certificate", "key", "user"))]
    settings = settings_from_text("\n".join(defaults), HERE)
    assert settings.limits == Settings().limits
    assert settings.store == Settings().store
    assert settings.auth == Settings().auth
    assert settings.log == Settings().log
