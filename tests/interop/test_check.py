"""`hato check` against Dovecot: the right advice, in English and in Japanese."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.interop.dovecot_front import (
    HOST,
    NO_TLS,
    ONLY_TOKENS,
    WITH_TOKENS,
    dovecot_front,
    with_tls,
)
from tests.interop.programs import environment, found, needs

HATO = str(Path(sys.executable).with_name("hato"))
pytestmark = [pytest.mark.interop, needs("dovecot")]
IMAP = Path("/usr/lib/dovecot/imap-login")
needs_imap = pytest.mark.skipif(
    found("dovecot") is not None and not IMAP.exists(),
    reason="dovecot-imapd not installed (scripts/peers installs it)",
)
pytestmark.append(needs_imap)


class House:
    """A folder with an authority, certificates, and `hato check` in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ca = trustme.CA()
        self._ca.cert_pem.write_to_path(str(folder / "authority.pem"))

    def tls(self, name: str = HOST, days: tuple[int, int] = (-1, 1)) -> str:
        now = dt.datetime.now(dt.UTC)
        begin, end = (now + dt.timedelta(days=day) for day in days)
        issued = self._ca.issue_cert(name, not_before=begin, not_after=end)
        certificate, key = self.folder / "server.pem", self.folder / "server.key"
        issued.cert_chain_pems[0].write_to_path(str(certificate))
        issued.private_key_pem.write_to_path(str(key))
        return with_tls(certificate, key)

    def check(self, *ports: int, language: str = "C.UTF-8") -> str:
        return self._run(language, ports)

    def check_json(self, *ports: int) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._run("C.UTF-8", ports, "--json"))
        return found

    def _run(self, language: str, ports: tuple[int, ...], *more: str) -> str:
        done = subprocess.run(
            [
                HATO,
                "check",
                HOST,
                *(word for port in ports for word in ("--port", str(port))),
                "--ca-file",
                str(self.folder / "authority.pem"),
                *more,
            ],
            env=environment(self.folder, {"LC_ALL": language}),
            capture_output=True,
            check=False,
        )
        assert done.returncode in (0, 1), done.stderr.decode()
        return done.stdout.decode()


@pytest.fixture
def house(tmp_path: Path) -> House:
    tmp_path.chmod(0o755)
    return House(tmp_path)


def test_tls_everywhere(house: House) -> None:
    with dovecot_front(house.folder, house.tls()) as ports:
        english = house.check(*ports)
        japanese = house.check(*ports, language="ja_JP.UTF-8")
        data = house.check_json(*ports)
    pop3s = ports[0]
    assert f"Use POP3 on {HOST}, port {pop3s}, TLS from the start." in english
    assert "collects the mail" in english
    assert f"{HOST} のポート {pop3s}(POP3、最初から TLS)を使ってください。" in japanese
    assert data["use"] == {
        "host": HOST,
        "port": pop3s,
        "protocol": "pop3",
        "tls": "implicit",
    }
    assert [port["standing"] for port in data["ports"]] == ["good"] * 4
    stls = data["ports"][1]
    assert stls["starttls_offered"]
    assert stls["methods_before_tls"] == []
    assert "PLAIN" in stls["methods_under_tls"]


def test_starttls_alone(house: House) -> None:
    with dovecot_front(house.folder, house.tls()) as (_, pop3, _, imap):
        english = house.check(pop3, imap)
        japanese = house.check(pop3, imap, language="ja_JP.UTF-8")
    assert f"Use POP3 on {HOST}, port {pop3}, with STARTTLS required." in english
    assert f"{HOST} のポート {pop3}(POP3、STARTTLS 必須)を使ってください。" in japanese


def test_tls_off(house: House) -> None:
    with dovecot_front(house.folder, NO_TLS) as (_, pop3, _, imap):
        english = house.check(pop3, imap)
        japanese = house.check(pop3, imap, language="ja_JP.UTF-8")
        data = house.check_json(pop3, imap)
    assert data["use"] is None
    assert [port["standing"] for port in data["ports"]] == ["no_tls"] * 2
    assert "Nothing here can be used safely" in english
    assert f"POP3 {pop3}, IMAP {imap}: switch TLS on at the server" in english
    assert "others on the way could read the password" in english
    assert "安全にメールを受信できる方法がありません" in japanese
    assert f"POP3 {pop3}、IMAP {imap}: サーバーで TLS" in japanese


def test_a_certificate_for_another_name(house: House) -> None:
    tls = house.tls("other.example.org")
    with dovecot_front(house.folder, tls) as ports:
        english = house.check(*ports)
        japanese = house.check(*ports, language="ja_JP.UTF-8")
        data = house.check_json(*ports)
    assert data["use"] is None
    assert {port["standing"] for port in data["ports"]} == {"untrusted"}
    assert {port["certificate"]["fault"] for port in data["ports"]} == {"certificate_of_other_name"}
    assert f"NOT trusted: it is not for {HOST}" in english
    assert "use a name that is in the certificate (other.example.org)" in english
    assert "証明書にある名前(other.example.org)" in japanese


def test_an_expired_certificate(house: House) -> None:
    with dovecot_front(house.folder, house.tls(days=(-20, -10))) as ports:
        english = house.check(*ports)
        japanese = house.check(*ports, language="ja_JP.UTF-8")
    assert "NOT trusted: it has expired" in english
    assert "信頼できません: 有効期限が切れています" in japanese
    assert "Nothing here can be used safely" in english


def test_only_oauth2(house: House) -> None:
    more = house.tls() + ONLY_TOKENS
    with dovecot_front(house.folder, more, passdb=WITH_TOKENS) as ports:
        english = house.check(*ports)
        japanese = house.check(*ports, language="ja_JP.UTF-8")
        data = house.check_json(*ports)
    assert data["ports"][0]["standing"] == "oauth2_only"
    assert "It takes OAuth2 only, no passwords" in english
    assert "パスワードは使えず、OAuth2 だけです" in japanese
