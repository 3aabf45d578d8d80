"""Whose request it is: the client's address, believed only from trusted proxies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

from stateset.system.conf import Network

Address = IPv4Address | IPv6Address


def client_address(
    meta: Mapping[str, Any], *, trusted_proxies: Iterable[Network]
) -> Address | None:
    """Return the client's address, or nothing where it can't be known for sure.

    A request that came through a proxy not on the list has no known client: its
    peer is the proxy, often on the loopback, and its header may be made up.
    """
    trusted = tuple(trusted_proxies)
    peer = _parse(meta.get("REMOTE_ADDR", ""))
    forwarded = meta.get("HTTP_X_FORWARDED_FOR", "")
    if not forwarded and "HTTP_FORWARDED" not in meta:
        return peer
    if peer is None or not is_within(peer, trusted):
        return None
    for hop in reversed(forwarded.split(",")):
        address = _parse(hop)
        if address is None or not is_within(address, trusted):
            return address
    return None


def is_within(address: Address, networks: Iterable[Network]) -> bool:
    """Tell whether the address lies in one of the networks."""
    return any(address in network for network in networks)


def _parse(text: str) -> Address | None:
    try:
        address = ip_address(text.strip())
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
