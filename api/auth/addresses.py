"""
Addresses: from where a request comes.

That is who is connected to us; what a proxy says of who is connected to it counts only if the
proxy is one of ours.  Anybody can write ``X-Forwarded-For``.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

from litestar.types import Scope

NOWHERE = "unknown"
HOPS_MAX = 20
#: A household has a whole /64 of IPv6, so that is what counts as one address.
_SIXTY_FOUR = 0xFFFF_FFFF_FFFF_FFFF << 64


class Addresses:
    """``trusted`` are the networks of our own proxies."""

    def __init__(self, trusted: Iterable[str] = ()) -> None:
        self._trusted: list[IPv4Network | IPv6Network] = [
            ip_network(network, strict=False) for network in trusted
        ]

    def of(self, scope: Scope) -> str:
        """The last address that is not a proxy of ours."""
        client = scope["client"]
        address = client[0] if client else NOWHERE
        if not self._trusted or not self._is_ours(address):
            return address
        hops = [
            hop.strip()
            for name, value in scope["headers"]
            if name == b"x-forwarded-for"
            for hop in value.decode("latin-1").split(",")
        ]
        for hop in reversed(hops[-HOPS_MAX:]):
            if _parsed(hop) is None:
                return address
            address = hop
            if not self._is_ours(hop):
                return address
        return address

    def _is_ours(self, address: str) -> bool:
        one = _parsed(address)
        return one is not None and any(one in network for network in self._trusted)


def bucket_of(address: str) -> str:
    """What shares one limit with this address."""
    one = _parsed(address)
    if not isinstance(one, IPv6Address):
        return address
    if one.ipv4_mapped is not None:
        return str(one.ipv4_mapped)
    return str(IPv6Address(int(one) & _SIXTY_FOUR))


@lru_cache(4096)  # every request asks, and most come from few addresses
def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None
