"""Which addresses may be fetched from: those of the public internet, unless the settings say more.

Comes in: host and port. Goes out: a connected socket, to exactly the address that was checked. A name that is looked
up once for the check and again for the connection can answer differently (DNS rebinding); so it is looked up here,
once.
"""

from __future__ import annotations

import ipaddress
import socket

from copper.services.fetcher.tree import refused

NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""RFC 6052: the last 32 bits are an IPv4 address."""


def is_public(text: str) -> bool:
    """Whether an IP address is one of the internet: not of this machine, a private network, or a cloud's metadata."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return address.is_global and not address.is_multicast


def connect(host: str, port: int, *, seconds: float, allow_private: bool) -> socket.socket:
    """A connection to `host`, each of its addresses checked before any is tried.

    Raises:
        ActionError: an address is not public, and that is not allowed.
        OSError: no address could be found or reached.
    """
    addresses = checked(host, port, allow_private=allow_private)
    for address in addresses[:-1]:
        try:
            return socket.create_connection((address, port), timeout=seconds)
        except OSError:
            continue
    return socket.create_connection((addresses[-1], port), timeout=seconds)


def checked(host: str, port: int, *, allow_private: bool) -> list[str]:
    """The addresses of `host`, all of which may be asked.

    Raises:
        ActionError: one is not public, and that is not allowed.
        OSError: there are none.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(one[4][0]) for one in found]
    private = [address for address in addresses if not is_public(address)]
    if private and not allow_private:
        raise refused(
            f"{host} is {private[0]}, an address of this machine or of a private network; "
            "COPPER_FETCH_ALLOW_PRIVATE=1 allows these"
        )
    return addresses
