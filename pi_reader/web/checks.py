"""What must be right before a route is asked: peer, Host, Origin, size, type, names and values.

All of these raise Failed. headers: of the request.
"""

from __future__ import annotations

import difflib
import ipaddress
import json
import re
from collections.abc import Mapping
from email.message import Message
from typing import Any
from urllib.parse import parse_qsl

from pi_reader.web.answers import Failed
from pi_reader.web.routes import Route

LARGEST_BODY = 64 << 10  # bytes

_NEAR = tuple(
    map(
        ipaddress.ip_network,
        ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16")
        + ("::1/128", "fe80::/10", "fc00::/7"),
    )
)


def is_near(address: str) -> bool:
    """Whether an address is of this machine or the local network."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    found = getattr(found, "ipv4_mapped", None) or found
    return any(found in network for network in _NEAR)


def check_host(headers: Message, here: str, port: int, name: str) -> None:
    """Refuse a Host that is not this box: a page elsewhere may have rebound its own name.

    here, port: what was connected to; name: of the box.
    """
    hosts = headers.get_all("Host") or []
    here = here.partition("%")[0].removeprefix("::ffff:")
    names = {here, *_names_of(name)}
    if ipaddress.ip_address(here).is_loopback:
        names.add("localhost")
    asked, at = _host_of(hosts[0]) if len(hosts) == 1 else ("", 0)
    if asked not in names or at != port:
        raise Failed(421, "Host: should be the box's own name or address", hangs_up=True)


def _host_of(value: str) -> tuple[str, int]:
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


def _names_of(host: str) -> set[str]:
    """What a box of that host name is called in the network; some have their domain in it."""
    first = host.partition(".")[0]
    return {host, first, f"{first}.local"} if first else set()


def check_origin(headers: Message) -> None:
    """Refuse what another page has sent. A script with a token comes without an Origin."""
    origin = headers.get_all("Origin") or []
    is_script = bool(headers.get("Authorization")) and not origin
    if not is_script and origin != [f"http://{headers['Host']}"]:
        raise Failed(403, "Origin: should be this page")


def length_of(headers: Message, writes: bool) -> int:
    """How many bytes come after the headers; writes: whether any must."""
    lengths = headers.get_all("Content-Length") or []
    if headers.get("Transfer-Encoding") or (writes and not lengths):
        raise Failed(411, "Content-Length: is missing", hangs_up=True)
    if len(lengths) > 1 or not all(re.fullmatch("[0-9]+", length) for length in lengths):
        raise Failed(400, "Content-Length: should be a number", hangs_up=True)
    if not lengths:
        return 0
    if len(lengths[0]) > 9 or int(lengths[0]) > LARGEST_BODY:
        raise Failed(413, f"body: is larger than {LARGEST_BODY >> 10} KB", hangs_up=True)
    return int(lengths[0])


def query_of(route: Route, query: str) -> Mapping[str, str]:
    """The query's values, of which the route must know each."""
    try:
        found = parse_qsl(query, True, bool(query), max_num_fields=8)
    except ValueError as error:
        raise Failed(400, "query: should be name=value") from error
    for name, value in found:
        if name not in route.query or not re.fullmatch(route.query[name], value):
            raise Failed(400, f"query: {name[:20]} is {value[:20]!r}, which it cannot be")
    return dict(found)


def body_of(route: Route, headers: Message, content: bytes) -> Mapping[str, Any]:
    """The values of the body, which must be as the route says; else the key is named."""
    if headers.get_content_type() != "application/json":
        raise Failed(415, "Content-Type: should be application/json")
    try:
        body = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise Failed(400, "body: should be JSON") from error
    if not isinstance(body, dict):
        raise Failed(400, "body: should be a JSON object")
    if route.body is None:
        return body
    checks = {name.rstrip("?"): check for name, check in route.body.items()}
    for key, value in body.items():
        if key not in checks:
            near = difflib.get_close_matches(key[:80], checks, 2)
            raise Failed(422, f"{key:.40}: is not known here", key=key[:80], did_you_mean=near)
        if not checks[key](value):
            raise Failed(422, f"{key}: is {value!r:.40}, which it cannot be", key=key)
    for name in route.body:
        if not name.endswith("?") and name not in body:
            raise Failed(422, f"{name}: is missing", key=name)
    return body
