"""The addresses that the kernel tells, in Twisted's words."""

from __future__ import annotations

import socket
from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress

Address = IPv4Address | IPv6Address | UNIXAddress

MAPPED = "::ffff:"
"""IPv4 clients of a socket that listens on `::` (RFC 4291 2.5.5.2). They are told as IPv4:
whoever compares addresses, or writes them into X-Forwarded-For, means those."""


def address_of(told: Any) -> Address:
    """What accept(2), getpeername(2) or getsockname(2) told."""
    if not isinstance(told, tuple):
        return UNIXAddress(told or None)
    host, port = told[:2]
    if len(told) == 2:
        return IPv4Address("TCP", host, port)
    if host.startswith(MAPPED) and "." in host:
        return IPv4Address("TCP", host[len(MAPPED) :], port)
    if told[3]:  # a link's own address means nothing without the link
        host = f"{host}%{_link(told[3])}"
    return IPv6Address("TCP", host, *told[1:])


def _link(index: int) -> str:
    try:
        return socket.if_indextoname(index)
    except OSError:
        return str(index)
