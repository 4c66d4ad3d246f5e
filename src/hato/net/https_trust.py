"""Whom we believe over HTTPS: the system's authorities, or those of a file.

Called by whoever asks a web server something (the settings finder, OAuth2).
Never lets a server pass whose certificate is wrong; never speaks less than TLS 1.2.
Standards: RFC 9110 §4.3.4 (https certificates), RFC 8996.
Fails with InvalidInputError for a file of authorities.
"""

from __future__ import annotations

import ssl
from typing import Final

from hato.core.errors import InvalidInputError
from hato.core.language import Text

UNUSABLE: Final = Text(
    en="The file of certificate authorities {file} cannot be used ({reason}): "
    "give a file with certificates in PEM.",
    ja="認証局のファイル {file} は使えません({reason})。"
    "PEM 形式の証明書ファイルを指定してください。",
)


def https_trust(authorities_file: str | None = None) -> ssl.SSLContext:
    """Return what a web client verifies servers with. Raises InvalidInputError."""
    try:
        return ssl.create_default_context(cafile=authorities_file)
    except (OSError, ValueError) as fault:
        reason = getattr(fault, "strerror", None) or fault
        raise InvalidInputError(UNUSABLE, file=authorities_file, reason=reason) from fault
