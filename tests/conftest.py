"""Fixtures for every test: a real server on loopback, people, letters, connections."""

from __future__ import annotations

import signal

# Whoever starts tests in the background of a shell makes them, and all that they start, deaf to
# Ctrl-C; the tests of being interrupted must not depend on that.
signal.signal(signal.SIGINT, signal.default_int_handler)

pytest_plugins = ["tests.skipped", "tests.system.fixtures"]
