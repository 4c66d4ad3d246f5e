"""Where the program `hato` begins: a few lines, so that Ctrl-C is heard before the rest is loaded.

Called as the program, and by `python -m hato`.
Never prints a traceback for Ctrl-C, however early it is pressed.
Standards: exit status 130 for interrupted.
Fails as `hato.app` does.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Load and run the program."""
    try:
        from hato.app import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
