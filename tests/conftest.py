"""Fixtures for every test: a real server on loopback, people, letters, connections."""

from __future__ import annotations

pytest_plugins = ["tests.skipped", "tests.system.fixtures"]
