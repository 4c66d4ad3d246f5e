"""Starting, stopping, certificates, load balancers: what an operator does to a server."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.system.fixtures import (
    deliver_letters,
    open_mailbox,
    open_wire,
    stored_letters,
)
from tests.system.letters import LETTERS
from tests.system.people import Person
from tests.system.pop3 import Pop3Client
from tests.system.server_process import HATO, HOST_NAME, START_SECONDS, Certificates, HatoServer
from tests.system.wire import Wire

ADA = Person("ada@example.org", "open sesame")
TRIES = 400
"""How often a test looks for a change that the server makes by itself, with a connection each."""


def test_a_stopping_server_finishes_a_download(own_server: Callable[..., HatoServer]) -> None:
    server = own_server()
    server.add_person(ADA)
    deliver_letters(server, ADA, LETTERS["large"])
    wire = Wire.connect(server.addresses["pop3"], source="127.1.0.1", receive_buffer_octets=4096)
    with wire:
        client = Pop3Client(wire)
        client.login(ADA)
        client.send("RETR 1")
        assert client.read_status().ok
        server.terminate()
        assert client.read_body().endswith(LETTERS["large"])
    assert server.await_exit() == 0


def test_a_stopping_server_deletes_nothing_that_was_not_confirmed(
    own_server: Callable[..., HatoServer],
) -> None:
    server = own_server()
    server.add_person(ADA)
    deliver_letters(server, ADA, LETTERS["plain"])
    with open_mailbox(server, ADA) as client:
        client.delete(1)
        assert server.stop() == 0
        rest = client.wire.read_to_close()
    assert rest == b"" or rest.startswith(b"-ERR [SYS/TEMP] ")
    server.start()
    assert len(stored_letters(server, ADA)) == 1


def test_nobody_is_let_in_while_the_server_stops(own_server: Callable[..., HatoServer]) -> None:
    server = own_server()
    assert server.stop() == 0
    with pytest.raises(ConnectionRefusedError):
        Wire.connect(server.addresses["pop3"])


def test_workers_end_with_a_parent_that_was_killed(own_server: Callable[..., HatoServer]) -> None:
    server = own_server()
    server.add_person(ADA)
    server.kill_parent()
    server.start()
    assert stored_letters(server, ADA) == []


def test_ready_is_said_when_every_listener_is_bound(
    own_server: Callable[..., HatoServer],
) -> None:
    server = own_server(workers=2)
    for service in ("pop3", "pop3s", "lmtp"):
        open_wire(server, service).hang_up()


def serial_number(server: HatoServer) -> str:
    """Of the certificate that a new connection sees."""
    with open_wire(server, "pop3s") as wire:
        assert isinstance(wire.raw, ssl.SSLSocket)
        certificate = wire.raw.getpeercert()
        assert certificate is not None
        return str(certificate["serialNumber"])


def test_a_new_certificate_is_served_without_restart(
    own_server: Callable[..., HatoServer], tmp_path: Path
) -> None:
    server = own_server(workers=2, start=False)
    server.certificates = Certificates(tmp_path / "authority")
    server.write_settings()
    server.start()
    server.add_person(ADA)
    with open_mailbox(server, ADA) as session:
        before = serial_number(server)
        server.certificates.issue()
        server.reload()
        for _ in range(TRIES):
            if serial_number(server) != before:
                break
        else:
            pytest.fail("the server went on with the old certificate")
        session.expect_ok("NOOP")
        session.quit()


def test_a_broken_certificate_file_leaves_the_old_one_in_place(
    own_server: Callable[..., HatoServer], tmp_path: Path
) -> None:
    server = own_server(start=False)
    server.certificates = Certificates(tmp_path / "authority")
    server.write_settings()
    server.start()
    before = serial_number(server)
    server.certificates.certificate_file.write_text("no certificate\n")
    server.reload()
    for _ in range(20):
        assert serial_number(server) == before


def test_each_name_has_its_own_certificate(
    own_server: Callable[..., HatoServer], tmp_path: Path
) -> None:
    other = Certificates(tmp_path / "other")
    other.issue("mail.example.com")
    names = [{"certificate": str(other.certificate_file), "key": str(other.key_file)}]
    server = own_server(tls={"names": names})
    for name, certificates in ((HOST_NAME, server.certificates), ("mail.example.com", other)):
        with Wire.connect(server.addresses["pop3s"]) as wire:
            wire.start_tls(certificates.client_context(), name)
            Pop3Client(wire).quit()


@pytest.mark.parametrize(
    ("tables", "complaint"),
    [
        ({"limits": {"login_second": 5}}, "login_seconds"),
        ({"listn": {"pop3": []}}, "listen"),
        ({"limits": {"login_seconds": "soon"}}, "login_seconds"),
        ({"auth": {"allow_plaintext_from": ["not an address"]}}, "not an address"),
        ({"tls": {"certificate": "/nowhere/cert.pem"}}, "/nowhere/cert.pem"),
        ({"listen": {"pop3": ["somewhere"]}}, "somewhere"),
    ],
)
def test_a_wrong_setting_is_one_sentence(
    own_server: Callable[..., HatoServer], tables: dict[str, dict[str, object]], complaint: str
) -> None:
    server = own_server(start=False)
    server.settings = tables
    server.write_settings()
    done = server.run("serve", status=None)
    said = done.stderr.decode()
    assert done.returncode != 0
    assert complaint in said
    assert "Traceback" not in said
    assert len(said.strip().splitlines()) <= 3


def test_the_check_looks_at_the_user_and_the_data_folder(
    own_server: Callable[..., HatoServer],
) -> None:
    server = own_server(start=False)
    settings = server.config_file.read_text("utf-8")
    assert server.run("config", "check").stdout
    server.config_file.write_text(f'user = "no-such-user"\n{settings}', "utf-8")
    refused = server.run("config", "check", status=1).stderr.decode()
    assert "no-such-user" in refused
    server.config_file.write_text(settings.replace(str(server.data_folder), "/dev/null"), "utf-8")
    refused += server.run("config", "check", status=1).stderr.decode()
    assert "/dev/null is no folder" in refused
    assert len(refused.splitlines()) == 2


def test_a_port_in_use_is_one_sentence(own_server: Callable[..., HatoServer]) -> None:
    server = own_server(start=False)
    with socket.create_server(server.addresses["pop3"]):
        done = server.run("serve", status=None)
    said = done.stderr.decode()
    assert done.returncode != 0
    assert str(server.addresses["pop3"][1]) in said
    assert "Traceback" not in said


def overwrite(database: Path) -> None:
    database.write_bytes(b"rubbish" * 10_000)


def replace_by_a_folder(database: Path) -> None:
    database.unlink()
    database.mkdir()


@pytest.mark.parametrize("spoil", [overwrite, replace_by_a_folder])
def test_a_store_that_cannot_be_opened_is_one_sentence(
    own_server: Callable[..., HatoServer], spoil: Callable[[Path], None]
) -> None:
    server = own_server(start=False, workers=2)
    for file in server.data_folder.glob("hato.db-*"):
        file.unlink()
    database = server.data_folder / "hato.db"
    spoil(database)
    (said,) = server.run("serve", status=1).stderr.decode().splitlines()
    assert said.startswith(
        f"The store in {server.data_folder} cannot be opened ("
        if spoil is replace_by_a_folder
        else f"{database} is damaged ("
    )


def test_a_data_folder_that_may_not_be_written_is_one_sentence(
    own_server: Callable[..., HatoServer],
) -> None:
    server = own_server(start=False, workers=2)
    (server.data_folder / "server.lock").touch()  # it has been served before
    prefix: tuple[str, ...] = ()
    if os.geteuid() == 0:  # who may do everything must let go of that
        if shutil.which("setpriv") is None:
            pytest.skip("root needs setpriv to be somebody who may not")
        prefix = ("setpriv", "--bounding-set=-all", "--inh-caps=-all")
    modes = {path: path.stat().st_mode for path in [server.data_folder, *files_of(server)]}
    for path, mode in modes.items():
        path.chmod(mode & ~0o222)
    try:
        done = subprocess.run(
            [*prefix, str(HATO), "serve", "--config", str(server.config_file)],
            capture_output=True,
            timeout=START_SECONDS,
            check=False,
        )
    finally:
        for path, mode in modes.items():
            path.chmod(mode)
    (said,) = done.stderr.decode().splitlines()
    assert done.returncode == 1
    assert said.startswith(f"The store in {server.data_folder} cannot be opened (")


def files_of(server: HatoServer) -> list[Path]:
    """What stands in the data folder itself, but for the claim on it."""
    found = server.data_folder.iterdir()
    return [path for path in found if path.is_file() and path.name != "server.lock"]


def test_ipv6_is_served(own_server: Callable[..., HatoServer]) -> None:
    try:
        probe = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    port = probe.getsockname()[1]
    probe.close()
    server = own_server(listen={"pop3s": [f"[::1]:{port}"]})
    server.add_person(ADA)
    server.addresses["pop3s"] = ("::1", port)
    with open_mailbox(server, ADA) as client:
        client.quit()


def test_the_log_tells_of_a_login_without_the_secret(
    own_server: Callable[..., HatoServer],
) -> None:
    server = own_server()
    server.add_person(ADA)
    with open_mailbox(server, ADA) as client:
        client.quit()
    server.stop()
    log = server.log()
    assert ADA.address in log
    assert ADA.password not in log


def test_the_mail_is_for_its_owner_alone(own_server: Callable[..., HatoServer]) -> None:
    """No file of the data folder can be reached by another user of the machine."""
    server = own_server()
    server.add_person(ADA)
    deliver_letters(server, ADA, LETTERS["plain"])
    for file in server.data_folder.rglob("*"):
        way = [file, *file.relative_to(server.data_folder).parents]
        modes = [(server.data_folder / step).stat().st_mode for step in way]
        assert file.is_dir() or any(mode & 0o077 == 0 for mode in modes), file
