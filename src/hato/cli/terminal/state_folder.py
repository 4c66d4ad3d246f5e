"""Where the command line keeps what belongs to one person at one machine.

Called by `cli.last_list` and `cli.draft_files`.
Never makes anything.
Standards: the XDG base directory specification (XDG_STATE_HOME).
Fails never.
"""

from __future__ import annotations

import os
from pathlib import Path


def state_folder() -> Path:
    """Return the folder; a relative XDG_STATE_HOME is passed over, as the specification says."""
    named = Path(os.environ.get("XDG_STATE_HOME", ""))
    return (named if named.is_absolute() else Path("~/.local/state").expanduser()) / "hato"
