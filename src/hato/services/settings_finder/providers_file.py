"""Where an operator's own table of providers is.

Called by the composition root, for whoever reads the table; apart from what asks the world, so that
a poll need not load the DNS and the web.
Never reads the file.
Standards: none.
Fails with OSError where a folder cannot be looked into.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

_PROVIDERS: Final = "providers.toml"
_FOLDERS: Final = ("~/.config/hato", "/etc/hato")


def find_providers_file(config: Path | None) -> Path | None:
    """Return an operator's table of providers: beside the configuration, or in its usual folders.

    `config`: the configuration file; None: there is none.
    """
    folders = [config.parent] if config is not None else [Path(one) for one in _FOLDERS]
    files = [folder.expanduser() / _PROVIDERS for folder in folders]
    return next((file for file in files if file.exists()), None)
