"""What both benchmarks do around their measurements: choose, install, clean up, tell the end.

Called by `bench/run` and `bench/run fetch`.
Never leaves a folder behind unless it is to be kept.
Standards: none.
Fails with exit code 1 when anything that came back was wrong, 2 when the run could not be made.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import tempfile
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TypeVar

from bench.comparison import say
from bench.server import BenchError


class Named(Protocol):
    """A scenario, as far as it is chosen and listed here."""

    @property
    def name(self) -> str:
        """By which it is chosen."""
        ...

    @property
    def about(self) -> str:
        """What it measures."""
        ...

    @property
    def optional(self) -> bool:
        """Whether it runs by its name only."""
        ...


AnyScenario = TypeVar("AnyScenario", bound=Named)


def chosen(names: str, scenarios: Sequence[AnyScenario]) -> list[AnyScenario]:
    """Return the scenarios of a list with commas; empty: the usual ones. Raises BenchError."""
    if not names:
        return [scenario for scenario in scenarios if not scenario.optional]
    if names == "all":
        return list(scenarios)
    wanted = names.split(",")
    if unknown := set(wanted) - {scenario.name for scenario in scenarios}:
        raise BenchError(f"no scenario is named {', '.join(sorted(unknown))}: see --list")
    return [scenario for scenario in scenarios if scenario.name in wanted]


def conduct(
    program: str,
    options: Namespace,
    scenarios: Sequence[Named],
    packages: tuple[str, ...],
    measure: Callable[[Namespace, Path], None],
) -> int:
    """List, or install what is wanted and measure in a folder of the run; return the exit code."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        if options.list:
            for scenario in scenarios:
                mark = " (by name only)" if scenario.optional else ""
                print(f"{scenario.name:24}{scenario.about}{mark}")
            return 0
        if options.install_peer:
            install(packages)
        with work_folder(options.work, keep=options.keep) as folder:
            measure(options, folder)
    except BenchError as error:
        say(f"{program}: {error}")
        return 1
    except subprocess.CalledProcessError as error:
        say(f"{program}: a command failed: {error}")
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


def install(packages: tuple[str, ...]) -> None:
    """Install Debian's packages; a Dovecot that was not there before is not left running."""
    new = shutil.which("dovecot") is None
    environment = ["env", "DEBIAN_FRONTEND=noninteractive"]
    install = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    for command in (["apt-get", "update"], install):
        subprocess.run([*environment, *command], check=True, stdout=sys.stderr)
    if new and Path("/run/systemd/system").exists():
        subprocess.run(["systemctl", "disable", "--now", "dovecot"], check=True)


@contextmanager
def work_folder(where: Path, *, keep: bool) -> Iterator[Path]:
    """Give a new folder, and remove it at the end unless it is to be kept."""
    folder = Path(tempfile.mkdtemp(prefix="hato-bench-", dir=where))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        if keep:
            say(f"kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
