"""What a POP3 server says in words, and in which letters: what is kept of it."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

import pytest

from hato.clients.errors import WrongCredentialsError
from hato.clients.login import Identity
from hato.clients.server import Security
from hato.core.ids import MessageNumber
from hato.core.limits import PEER_WORDS_CHARACTERS
from hato.core.secret import Secret
from hato.net.outgoing_tls import Trust
from tests.unit.clients.provider import (
    IDENTITY,
    Script,
    failure_of,
    log_in,
    open_provider,
    top_of,
)
from tests.unit.net.raw_server import Authority


@pytest.fixture(scope="module")
def trust(tmp_path_factory: pytest.TempPathFactory) -> Trust:
    return Authority(Path(tmp_path_factory.mktemp("authority"))).trust


@pytest.mark.parametrize(
    "said",
    [
        "PASS {plain} is wrong",
        "wrong password {shouted}",
        "bad line: {plain_response}",
        "bad password ({encoded})",
        "{plain}{plain}",
        "you said {half}",
    ],
)
async def test_a_password_that_is_sent_back_is_not_kept(said: str, trust: Trust) -> None:
    secret = "Correct horse 9"
    words = said.format(
        plain=secret,
        shouted=secret.upper(),
        half=secret[:10],
        encoded=b64encode(secret.encode()).decode(),
        plain_response=b64encode(f"\0ada\0{secret}".encode()).decode(),
    )
    script = Script({"PASS": f"-ERR [AUTH] {words}\r\n".encode()})
    error = await failure_of(script, trust, Identity("ada", Secret(secret)))
    assert isinstance(error, WrongCredentialsError)
    assert "***" in error.words
    for form in (secret, secret[:10], b64encode(secret.encode()).decode()[:12]):
        assert form.lower() not in f"{error} {error!r} {error.words}".lower()


@pytest.mark.parametrize("secret", ["wrong", "a"])
async def test_a_password_that_is_a_common_word_leaves_the_rest(secret: str, trust: Trust) -> None:
    script = Script({"PASS": b"-ERR [AUTH] wrong words\r\n"})
    error = await failure_of(script, trust, Identity("ada", Secret(secret)))
    assert isinstance(error, WrongCredentialsError)
    assert error.words == {"wrong": "*** words", "a": "wrong words"}[secret]


async def test_a_password_within_a_goodbye_is_not_kept_either(trust: Trust) -> None:
    script = Script({"PASS": b"what is that: secret\r\n"})
    assert "secret" not in str(await failure_of(script, trust))


async def test_words_without_end_are_kept_as_far_as_a_sentence_goes(trust: Trust) -> None:
    script = Script({"PASS": b"-ERR [AUTH] " + b"na " * 900 + b"\r\n"})
    error = await failure_of(script, trust)
    assert isinstance(error, WrongCredentialsError)
    assert len(error.words) == PEER_WORDS_CHARACTERS
    assert error.words.endswith("…")


@pytest.mark.parametrize("answer", [b"+OK\r\n", b"-ERR [SYS/PERM] not here\r\n"])
async def test_utf8_is_asked_for_before_the_login_and_not_insisted_on(
    answer: bytes, trust: Trust
) -> None:
    script = Script({"UTF8": answer}, capabilities="USER UIDL UTF8_USER")
    assert await log_in(script, trust) == "USER"
    assert script.heard[:3] == ["CAPA", "UTF8", "USER ada"]


async def test_utf8_is_not_asked_for_where_nobody_offers_it(trust: Trust) -> None:
    script = Script()
    await log_in(script, trust)
    assert not script.has_heard("UTF8")


async def test_utf8_is_asked_for_within_tls_only(tmp_path: Path) -> None:
    """STLS must not follow it (RFC 6856 §2.1)."""
    async with open_provider(tmp_path) as provider:
        await provider.deliver(b"Subject: \xe9\xb3\xa9\r\nTo: \xe9\xb3\xa9@example.org\r\n\r\n\r\n")
        client = await provider.connect(Security.STARTTLS)
        await client.log_in(IDENTITY)
        header = await top_of(client, MessageNumber(1))
        await client.quit()
    assert b"Subject: \xe9\xb3\xa9\r\n" in header
