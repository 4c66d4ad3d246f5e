"""A stand-in for sudo: Postfix runs no pipe command as root, and this test's Hato belongs to root.

Used by the test of `hato deliver` as Postfix's pipe transport.
Never changes arguments, message or exit status; it serves whoever can reach its folder.
Standards: sysexits.h (the exit status is handed on).
Fails like the command: with its exit status.
"""

from __future__ import annotations

import shutil
import socket
import struct
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

RELAY = r"""#!/usr/bin/perl
# Hands its arguments and its standard input to the socket beside it; exits as it is told.
use strict;
use warnings;
use IO::Socket::UNIX;

my $socket = IO::Socket::UNIX->new(Peer => '@SOCKET@') or exit 75;
binmode STDIN;
my $message = do { local $/; <STDIN> } // '';
print $socket pack('N', scalar @ARGV), (map { pack('N/a*', $_) } @ARGV), $message;
shutdown $socket, 1;
read $socket, my $answer, 1 or exit 75;
exit unpack 'C', $answer;
"""

Run = Callable[[list[str], bytes], int]
"""Run a command with arguments and a standard input; return its exit status."""


class PipeRelay:
    """A command that anybody may run, and what is run in its place."""

    def __init__(self, run: Run) -> None:
        """Begin to serve."""
        self._run = run
        self.calls: list[list[str]] = []
        """The arguments of each call."""
        self._folder = Path(tempfile.mkdtemp(prefix="hato-pipe-"))
        self._folder.chmod(0o755)
        self._socket = socket.socket(socket.AF_UNIX)
        path = self._folder / "socket"
        self._socket.bind(str(path))
        path.chmod(0o777)
        self._socket.listen()
        self.command = self._folder / "relay"
        self.command.write_text(RELAY.replace("@SOCKET@", str(path)))
        self.command.chmod(0o755)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Serve no longer."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()
        shutil.rmtree(self._folder)

    def _serve(self) -> None:
        while True:
            try:
                caller, _ = self._socket.accept()
            except OSError:
                return
            with caller:
                arguments, message = _read(caller)
                self.calls.append(arguments)
                caller.sendall(bytes([self._run(arguments, message)]))


def _read(caller: socket.socket) -> tuple[list[str], bytes]:
    """Read a count, as many counted arguments, and the message."""
    octets = b""
    while chunk := caller.recv(65_536):
        octets += chunk
    (count,), octets = struct.unpack("!I", octets[:4]), octets[4:]
    arguments: list[str] = []
    for _ in range(count):
        length = struct.unpack("!I", octets[:4])[0]
        arguments.append(octets[4 : 4 + length].decode())
        octets = octets[4 + length :]
    return arguments, octets
