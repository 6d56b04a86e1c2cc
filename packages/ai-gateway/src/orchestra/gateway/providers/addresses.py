"""Names into addresses, of which only public ones are connected to unless an operator says so."""

import asyncio
import ipaddress
import socket

from orchestra.gateway.routing.failures import Fault


async def resolve(host: str, port: int, *, private: bool) -> list[tuple[socket.AddressFamily, str]]:
    """The addresses of a host, checked; what is connected to is what was checked.

    Raises:
        Fault: the name does not resolve, or leads into a private network.
    """
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Fault("unreachable", f"`{host}` does not resolve") from None
    addresses: list[tuple[socket.AddressFamily, str]] = list(
        dict.fromkeys((info[0], str(info[4][0])) for info in found)
    )
    if not private and not all(is_public(address) for _, address in addresses):
        raise Fault("unreachable", f"`{host}` leads to an address that is not public")
    return addresses


def is_public(address: str) -> bool:
    """Whether an address is one of the open internet, also when it is one of IPv4 inside IPv6."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is not None:
            return ip.is_global and inner.is_global if not ip.ipv4_mapped else inner.is_global
        if ip in ipaddress.ip_network("64:ff9b::/96"):
            return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF).is_global
    return ip.is_global and not ip.is_multicast
