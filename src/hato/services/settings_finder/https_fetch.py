"""Fetching a small answer over HTTPS from a host that somebody else named.

Made by the composition root, called by the settings finder.
Never connects to an address that was not judged; never follows a redirect out of HTTPS; never
reads past its limit; sends no cookie, and nothing of the person but what stands in the URL.
Standards: RFC 9110 §9.3.1, §15.4 (GET, redirects), RFC 9110 §4.3.4 (certificates).
Fails with FetchError, whose fault is one of a closed list.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from enum import Enum, auto
from typing import Final

import httpx2

from hato.core import limits
from hato.core.errors import UnavailableError
from hato.net.dial import Endpoint, MayReach, Resolve
from hato.net.dial_errors import DialError, DialFault
from hato.net.https_trust import https_trust
from hato.services.settings_finder.host_names import host_name

_HEADERS: Final = {
    "Accept": "text/xml, application/xml, */*;q=0.1",
    "Accept-Encoding": "identity",  # what is compressed can be small and still have no end
    "User-Agent": "Hato",
}
_PORT: Final = 443


class FetchFault(Enum):
    """Why there is no answer."""

    NO_SUCH_HOST = auto()
    FORBIDDEN_ADDRESS = auto()
    """The host is in a private network, where discovery has no business."""
    UNREACHABLE = auto()
    """Nobody answers there, or not with a certificate that is right."""
    TIMED_OUT = auto()
    NOTHING_THERE = auto()
    """The server answers, and has no such page."""
    OTHER_WAY = auto()
    """A redirect to where it may not lead, or one too many."""
    TOO_LARGE = auto()
    NONSENSE = auto()
    """What answers does not speak HTTP as it should."""


_OF_DIALLING: Final = {
    DialFault.NO_SUCH_HOST: FetchFault.NO_SUCH_HOST,
    DialFault.FORBIDDEN_ADDRESS: FetchFault.FORBIDDEN_ADDRESS,
}


class FetchError(UnavailableError):
    """There is no answer."""

    def __init__(self, fault: FetchFault, detail: str = "") -> None:
        """Keep why; `detail`: for somebody who looks closer."""
        super().__init__(f"{fault.name}{f' ({detail})' if detail else ''}")
        self.fault = fault
        self.detail = detail


class HttpsFetch:
    """Fetches, within limits."""

    def __init__(
        self,
        *,
        resolve: Resolve,
        may_reach: MayReach,
        authorities_file: str | None = None,
        port: int = _PORT,
        seconds: float = limits.HTTPS_SECONDS,
    ) -> None:
        """`may_reach` judges each address; `authorities_file`: instead of the system's."""
        self._resolve = resolve
        self._may_reach = may_reach
        self._authorities_file = authorities_file
        self._port = port
        self._seconds = seconds

    async def get(self, url: str, *, most_octets: int = limits.AUTOCONFIG_OCTETS) -> bytes:
        """Return what an `https` address answers.

        Raises FetchError; InvalidInputError for a file of authorities.
        """
        try:
            async with asyncio.timeout(self._seconds):
                return await self._follow(httpx2.URL(url), most_octets)
        except TimeoutError:
            raise FetchError(FetchFault.TIMED_OUT) from None
        except httpx2.InvalidURL as fault:
            raise FetchError(FetchFault.OTHER_WAY, str(fault)) from fault

    async def _follow(self, url: httpx2.URL, most_octets: int) -> bytes:
        trust = await asyncio.to_thread(https_trust, self._authorities_file)
        async with httpx2.AsyncClient(
            verify=trust, trust_env=False, timeout=self._seconds, headers=_HEADERS
        ) as client:
            for _ in range(limits.HTTPS_REDIRECTS + 1):
                answer = await self._ask(client, url, most_octets)
                if isinstance(answer, bytes):
                    return answer
                url = url.join(answer)
        raise FetchError(FetchFault.OTHER_WAY, "too many redirects")

    async def _ask(
        self, client: httpx2.AsyncClient, url: httpx2.URL, most_octets: int
    ) -> bytes | httpx2.URL:
        """Ask one server; where it says that the answer is elsewhere, return where."""
        host = host_name(url.host)
        if url.scheme != "https" or host is None or url.port not in (None, _PORT) or url.userinfo:
            raise FetchError(FetchFault.OTHER_WAY, "not a plain https address")
        failure = FetchError(FetchFault.UNREACHABLE)
        for endpoint in (await self._allowed(host))[: limits.HTTPS_ADDRESSES]:
            # The very address that was judged; name and certificate stay those of the host.
            request = client.build_request(
                "GET",
                url.copy_with(host=endpoint.address, port=self._port),
                headers={"Host": host},
                extensions={"sni_hostname": host},
            )
            try:
                return await _read(client, request, most_octets)
            except httpx2.ConnectError as fault:
                failure = FetchError(FetchFault.UNREACHABLE, str(fault))
            except httpx2.TimeoutException as fault:
                raise FetchError(FetchFault.TIMED_OUT) from fault
            except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError) as fault:
                raise FetchError(FetchFault.NONSENSE, str(fault)) from fault
        raise failure

    async def _allowed(self, host: str) -> Sequence[Endpoint]:
        """Return where a host is, as far as that may be reached."""
        try:
            endpoints = await self._resolve(host, self._port)
        except DialError as fault:
            kind = _OF_DIALLING.get(fault.fault, FetchFault.UNREACHABLE)
            raise FetchError(kind, fault.detail) from fault
        allowed = [one for one in endpoints if self._may_reach(one.address)]
        if endpoints and not allowed:
            raise FetchError(FetchFault.FORBIDDEN_ADDRESS, endpoints[0].address)
        if not allowed:
            raise FetchError(FetchFault.NO_SUCH_HOST)
        return allowed


async def _read(
    client: httpx2.AsyncClient, request: httpx2.Request, most_octets: int
) -> bytes | httpx2.URL:
    """Send one request; return its answer's octets, or where it leads."""
    response = await client.send(request, stream=True)
    try:
        if response.has_redirect_location:
            return httpx2.URL(response.headers["Location"])
        if response.status_code != 200:
            raise FetchError(FetchFault.NOTHING_THERE, f"status {response.status_code}")
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise FetchError(FetchFault.NONSENSE, "compressed unasked")
        octets = b""
        async for chunk in response.aiter_raw():
            octets += chunk
            if len(octets) > most_octets:
                raise FetchError(FetchFault.TOO_LARGE)
        return octets
    finally:
        await response.aclose()
