"""A type for secrets that cannot be printed by accident.

Called by whoever holds a password, a key or a token.
Never shows its content in repr, str, format, pickle or a traceback.
Standards: none.
Fails with TypeError when somebody tries to serialise it.
"""

from __future__ import annotations

import hmac
from typing import NoReturn


class Secret:
    """Bytes that must not be seen; read them only with `reveal()`, where they are used."""

    __slots__ = ("_content",)

    def __init__(self, content: bytes | str) -> None:
        """Keep `content`; text is kept as UTF-8."""
        self._content = content.encode() if isinstance(content, str) else bytes(content)

    def reveal(self) -> bytes:
        """Return the secret octets."""
        return self._content

    def matches(self, other: bytes) -> bool:
        """Compare in constant time."""
        return hmac.compare_digest(self._content, other)

    def __bool__(self) -> bool:
        """Tell whether there is a secret at all."""
        return bool(self._content)

    def __eq__(self, other: object) -> bool:
        """Compare two secrets in constant time."""
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._content, other._content)

    __hash__ = None  # type: ignore[assignment]  # a secret must not become a dictionary key

    def __repr__(self) -> str:
        """Print as ***."""
        return "***"

    __str__ = __repr__

    def __format__(self, format_spec: str) -> str:
        """Print as ***, whatever the format."""
        return "***"

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled or copied into a traceback's local dump."""
        message = "a Secret cannot be serialised"
        raise TypeError(message)
