"""Asking a web server of others: one request, one bounded answer.

Called by `services.oauth.asking`; discovery, where others name the host, has `https_fetch`.
Never follows a redirect, never keeps a cookie, never speaks without TLS, never lets an answer grow
past its limit; what was sent and what came stands in no error.
Standards: RFC 9110 §9, RFC 8446, RFC 8997.
Fails with DialError and ConnectionLostError; whatever status a server answers with is an answer.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

from hato.core import limits
from hato.net.certificate_faults import fault_of
from hato.net.dial_errors import ConnectionLostError, DialError, DialFault, Loss
from hato.net.https_trust import https_trust

if TYPE_CHECKING:
    import httpx2

_PORT: Final = 443
_LAST_PORT: Final = 65_535


class Answer(NamedTuple):
    """What a web server answered."""

    status: int
    content: bytes


async def ask(
    method: str,
    url: str,
    *,
    content: bytes = b"",
    headers: dict[str, str] | None = None,
    authorities_file: str = "",
    octets: int = limits.WEB_ANSWER_OCTETS,
    seconds: float = limits.WEB_ANSWER_SECONDS,
) -> Answer:
    """Ask once. `authorities_file`: believed instead of the system's authorities.

    Raises DialError, ConnectionLostError; InvalidInputError for a file of authorities.
    """
    # Loading the library and the authorities takes longer than the loop may stand still.
    context = await asyncio.to_thread(_trusting, authorities_file)
    import httpx2  # noqa: PLC0415 - 54 ms, for those who need it; loaded in the thread above

    host = _host_of(url)
    try:
        async with asyncio.timeout(seconds), _client(context, seconds) as client:
            sent = {"accept-encoding": "identity", **(headers or {})}
            async with client.stream(method, url, content=content, headers=sent) as response:
                return Answer(response.status_code, await _read(response, octets))
    except TimeoutError:
        raise ConnectionLostError(Loss.TOO_LONG, host) from None
    except httpx2.HTTPError as fault:
        # `from None`: the library's error holds the request, and with it what must not be seen.
        raise _error_of(fault, host) from None


def _host_of(url: str) -> str:
    """Return which host an address names. Raises DialError for one that nobody can be asked at."""
    import httpx2  # noqa: PLC0415 - as above

    try:
        parsed = httpx2.URL(url)
    except httpx2.InvalidURL as fault:
        raise DialError(DialFault.NO_SUCH_HOST, url, str(fault)) from None
    if parsed.scheme != "https":
        raise DialError(DialFault.NO_TLS, parsed.host)
    if not 0 < (parsed.port or _PORT) <= _LAST_PORT:
        raise DialError(DialFault.NO_SUCH_HOST, parsed.netloc.decode("ascii", "replace"))
    return parsed.host


def _client(context: ssl.SSLContext, seconds: float) -> httpx2.AsyncClient:
    """Return a client for one question."""
    import httpx2  # noqa: PLC0415 - as above

    return httpx2.AsyncClient(
        verify=context, timeout=seconds, follow_redirects=False, trust_env=False
    )


async def _read(response: httpx2.Response, octets: int) -> bytes:
    """Return the content as it is on the wire. Raises ConnectionLostError."""
    content = bytearray()
    async for piece in response.aiter_raw():
        content += piece
        if len(content) > octets:
            raise ConnectionLostError(Loss.TOO_LONG, f"more than {octets} octets")
    return bytes(content)


@cache
def _trusting(authorities_file: str) -> ssl.SSLContext:
    """Return whom to believe, read once. Raises InvalidInputError."""
    import httpx2  # noqa: F401, PLC0415 - the import is the point: it is slow, and this is a thread

    return https_trust(authorities_file or None)


def _error_of(fault: httpx2.HTTPError, host: str) -> DialError | ConnectionLostError:
    """Say in our own words why there is no answer."""
    import httpx2  # noqa: PLC0415 - as above

    if isinstance(fault, httpx2.ConnectTimeout):
        return DialError(DialFault.TIMED_OUT, host)
    if isinstance(fault, httpx2.TimeoutException):
        return ConnectionLostError(Loss.SILENT, host)
    if not isinstance(fault, httpx2.ConnectError):
        return ConnectionLostError(Loss.CLOSED, f"{host}: {type(fault).__name__}")
    cause = _system_error_in(fault)
    match cause:
        case ssl.SSLCertVerificationError():
            found = fault_of(cause.verify_code)
            is_told = found is not DialFault.CERTIFICATE_UNFIT
            return DialError(found, host, "" if is_told else f"OpenSSL {cause.verify_code}")
        case ssl.SSLError():
            return DialError(DialFault.TLS_FAILED, host, cause.reason or "")
        case socket.gaierror():
            return DialError(DialFault.NO_SUCH_HOST, host, cause.strerror or "")
        case ConnectionRefusedError():
            return DialError(DialFault.REFUSED, host)
        case _:
            return DialError(DialFault.UNREACHABLE, host)


def _system_error_in(fault: BaseException) -> OSError | None:
    """Return the system's error that began a chain of errors, where there is one."""
    found: OSError | None = None
    link: BaseException | None = fault
    while link is not None:
        if isinstance(link, OSError):
            found = link
        link = link.__cause__ or link.__context__
    return found
