"""Whom a request comes from, and whom it was meant for."""

from __future__ import annotations

import ipaddress

_NEAR = tuple(
    map(
        ipaddress.ip_network,
        ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16")
        + ("::1/128", "fe80::/10", "fc00::/7"),
    )
)


def host_of(value: str) -> tuple[str, int]:
    """Name and port of a Host header; the name in lower case, an address without its brackets."""
    host, port = value.strip().lower(), "80"
    if host.startswith("["):
        host, _, rest = host[1:].partition("]")
        port = rest.removeprefix(":") or "80"
    elif ":" in host:
        host, _, port = host.rpartition(":")
    if not (port.isascii() and port.isdecimal() and len(port) < 6):
        return "", 0
    return host.removesuffix("."), int(port)


def names_of(host: str) -> set[str]:
    """What a box of that host name is called in the network; some have their domain in it."""
    first = host.partition(".")[0]
    return {host, first, f"{first}.local"} if first else set()


def is_near(address: str) -> bool:
    """Whether an address is of this machine or the local network."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    found = getattr(found, "ipv4_mapped", None) or found
    return any(found in network for network in _NEAR)
