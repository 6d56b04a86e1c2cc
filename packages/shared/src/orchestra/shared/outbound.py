"""Addresses that others gave us: resolved once, checked, and connected to as checked."""

import asyncio
import ipaddress
import socket
from dataclasses import dataclass

import httpx2
from orchestra.shared.errors import Invalid


@dataclass(frozen=True, slots=True)
class Address:
    """Where to connect: a URL with the checked IP address, and the name that it stands for."""

    url: httpx2.URL
    host: str

    @property
    def headers(self) -> dict[str, str]:
        """The Host header that the server expects."""
        return {"Host": self.host}

    @property
    def extensions(self) -> dict[str, str]:
        """The name that its certificate must be for."""
        return {"sni_hostname": self.host.rsplit(":", 1)[0].strip("[]")}


async def check_address(url: str, *, private: bool = False) -> Address:
    """The address that a URL stands for, which must be a public one unless `private`.

    The name is resolved here and never again, so a name server cannot answer twice differently.
    Redirects must not be followed by the caller: each would need a check of its own.

    Raises:
        Invalid: it is no http(s) URL, its name does not resolve, or it is not public.
    """
    try:
        parsed = httpx2.URL(url)
    except httpx2.InvalidURL as error:
        raise _refused(url, f"is not a URL ({error})") from None
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise _refused(url, "is not an http or https URL")
    if parsed.userinfo:
        raise _refused(url, "carries credentials")
    if parsed.scheme == "http" and not private:
        raise _refused(url, "is not encrypted")
    port = parsed.port or {"http": 80, "https": 443}[parsed.scheme]
    try:
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(parsed.host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise _refused(url, "has a name that does not resolve") from None
    addresses = {ipaddress.ip_address(info[4][0]) for info in found}
    for address in addresses:
        mapped = getattr(address, "ipv4_mapped", None) or address
        if not private and not mapped.is_global:
            raise _refused(url, "leads to an address that is not public")
    chosen = min(addresses, key=lambda address: address.version)
    host = parsed.netloc.decode("ascii")
    return Address(parsed.copy_with(host=str(chosen)), host)


def _refused(url: str, why: str) -> Invalid:
    return Invalid(
        f"`{url[:120]}` {why}",
        hint="give an https URL of a public host; ORCHESTRA_PRIVATE_WEBHOOKS=true allows others",
    )
