"""
Which fields travel between browser and app, and how they are written.

Towards the app (`to_app`) nothing passes by which a client could speak in the gateway's name.
App servers map field names to variables: CGI and WSGI write `-` as `_`, some turn every other
mark into `_` too, and none tells cases apart. So names are compared folded: lower case, every
mark a `-`; and a name that contains `_` is dropped whatever it says. Fields about the
connection itself go too (RFC 9110 7.6.1), and Host and the length: the proxy writes its own.

Towards the browser (`from_app`) the app's answer is left as it is but for the connection's own
fields, addresses by the app's internal names, and what would set or clear a cookie of ours.

The promise: every line that leaves here is `Name: value` CRLF with no CR, LF or NUL inside.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from gateway.rules.cookies import for_browser, without_ours
from gateway.rules.http1 import FieldBlock, ResponseHead
from gateway.rules.locations import (
    Names,
    refresh_to_public,
    tags_to_internal,
    to_internal,
    to_public,
)

HOP_BY_HOP = frozenset(
    b"connection keep-alive proxy-connection te trailer transfer-encoding upgrade"
    b" proxy-authenticate proxy-authorization http2-settings".split(),
)
"""About one connection, never forwarded (RFC 9110 7.6.1); lower case."""

RESERVED = frozenset(
    b"forwarded forwarded-for forwarded-proto x-forwarded x-forward-for x-real-ip x-realip"
    b" client-ip x-client-ip x-cluster-client-ip true-client-ip x-true-client-ip http-client-ip"
    b" cf-connecting-ip cf-connecting-ipv6 cf-pseudo-ipv4 cf-ipcountry cf-visitor"
    b" fastly-client-ip fly-client-ip x-originating-ip x-real-host x-real-port x-real-proto"
    b" proxy remote auth-user auth-type logon-user script-name x-script-name x-sendfile-type"
    b" x-host x-scheme x-url-scheme front-end-https x-https https x-rewrite-url"
    b" x-user x-username x-user-email x-user-groups x-userinfo"
    b" x-auth-user x-auth-username x-auth-userid x-auth-email x-auth-name x-auth-groups"
    b" x-auth-roles x-auth-subject x-idp-user x-idp-group x-idp-groups x-sso-user"
    b" client-cert client-cert-chain x-client-cert x-client-verify x-client-dn x-client-cn"
    b" x-arr-clientcert x-ssl-cert".split(),
)
"""Names by which somebody in front of an app says who asks and how: folded, exact."""

RESERVED_FAMILIES = (
    b"x-forwarded-",
    b"x-remote-",
    b"remote-",
    b"proxy-",
    b"x-proxy-",
    b"wl-proxy-",
    b"x-gateway-",
    b"x-original-",
    b"x-auth-request-",
    b"x-authenticated-",
    b"x-webauth-",
    b"x-authentik-",
    b"x-authelia-",
    b"x-pomerium-",
    b"x-vouch-",
    b"x-tailscale-",
    b"tailscale-user-",
    b"x-goog-authenticated-",
    b"x-goog-iap-",
    b"x-amzn-oidc-",
    b"x-ms-client-principal",
    b"x-ms-token-",
    b"cf-access-",
    b"x-envoy-",
    b"x-azure-",
    b"x-accel-",
    b"x-ssl-client-",
    b"x-tls-client-",
    b"ssl-client-",
    b"ssl-",
    b"x-shib-",
    b"shib-",
    b"mellon-",
    b"oidc-",
    b"sm-",
    b"iv-",
    b"oam-",
)
"""
The same, by how they begin: oauth2-proxy, Grafana, authentik, cloud proxies, Shibboleth,
mod_auth_openidc, SiteMinder, WebSEAL, certificates checked elsewhere, nginx's file sending.
"""

_OWN_FRAMING = frozenset(b"host content-length transfer-encoding expect".split())
_DROPPED = HOP_BY_HOP | RESERVED | _OWN_FRAMING
_NOT_TO_BROWSER = HOP_BY_HOP | frozenset((b"content-length",))
_REQUEST_ADDRESSES: dict[bytes, Callable[[bytes, Names], bytes]] = {
    b"destination": to_internal,
    b"if": tags_to_internal,
}
_ANSWER_ADDRESSES: dict[bytes, Callable[[bytes, Names], bytes]] = {
    b"location": to_public,
    b"content-location": to_public,
    b"refresh": refresh_to_public,
}
_LOOKED_INTO = frozenset((*_ANSWER_ADDRESSES, b"set-cookie", b"clear-site-data"))
_FOLD = bytes(
    ord(chr(byte).lower()) if chr(byte).isascii() and chr(byte).isalnum() else ord("-")
    for byte in range(256)
)
_COMMON = frozenset(
    b"Accept Accept-Encoding Accept-Language Cache-Control Content-Type DNT If-Modified-Since"
    b" If-None-Match Origin Pragma Priority Range Referer Sec-Fetch-Dest Sec-Fetch-Mode"
    b" Sec-Fetch-Site Sec-Fetch-User Upgrade-Insecure-Requests User-Agent X-Requested-With"
    b" sec-ch-ua sec-ch-ua-mobile sec-ch-ua-platform".split(),
)
"""What browsers send most, in their spelling: passes without a closer look."""

_CONNECTION_OPTIONS = HOP_BY_HOP | {b"close"}
"""What Connection may name without touching any of the `_COMMON` fields."""

_is_name = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]++").fullmatch
_is_value = re.compile(rb"[^\r\n\x00]*+").fullmatch


def is_dropped(name: bytes) -> bool:
    """Whether a field of that name never reaches the app, whatever its value."""
    folded = name.translate(_FOLD)
    return b"_" in name or folded in _DROPPED or folded.startswith(RESERVED_FAMILIES)


def line(name: bytes, value: bytes) -> bytes:
    """
    One field line, with its CRLF.

    Raises:
        ValueError: it would be more, or less, than one line.
    """
    if _is_name(name) is None or _is_value(value) is None:
        raise ValueError("not a field line")
    return b"%b: %b\r\n" % (name, value)


def to_app(block: FieldBlock, *, names: Names) -> bytes:
    """
    The field lines that go on to the app, in order, repeated ones kept.

    Without Host, Content-Length, Transfer-Encoding, Expect and Connection, and without
    X-Forwarded-*: the proxy adds its own (`forwarding`). All Cookie fields become one, at the
    place of the first (RFC 6265 5.4: some apps join lines by commas), without ours.
    """
    common = _COMMON if block.nominated <= _CONNECTION_OPTIONS else frozenset()
    cookie = _joined_cookies(block)
    lines = []
    for field in block.fields:
        name, value = field
        if name in common:
            lines.append(b": ".join(field))
        elif is_dropped(name) or (key := name.lower()) in block.nominated:
            continue
        elif key == b"cookie":
            lines += cookie
            cookie = []
        else:
            lines.append(_for_app(name, key, value, names))
    return _lines(lines)


def forwarding(*, client: str, scheme: str, authority: str) -> bytes:
    """
    What the gateway tells the app about the request's way.

    Args:
        client: address of the browser's end of the connection.
        scheme: `https` or `http`, as the browser speaks it.
        authority: the public one, as in Host.
    """
    return (
        line(b"X-Forwarded-For", client.encode("ascii"))
        + line(b"X-Forwarded-Proto", scheme.encode("ascii"))
        + line(b"X-Forwarded-Host", authority.encode("ascii"))
    )


def from_app(head: ResponseHead, *, names: Names) -> bytes:
    """
    The field lines of the app's answer for the browser, in order, repeated ones kept.

    Without Content-Length, Transfer-Encoding and Connection: the proxy writes the framing.
    Nothing is added.
    """
    lines = []
    for field in head.fields:
        key = field[0].lower()
        if key in _NOT_TO_BROWSER or key in head.nominated:
            continue
        if key in _LOOKED_INTO:
            lines += _for_browser(*field, names)
        else:
            lines.append(b": ".join(field))
    return _lines(lines)


def _lines(lines: list[bytes]) -> bytes:
    return b"\r\n".join(lines) + b"\r\n" if lines else b""


def _joined_cookies(block: FieldBlock) -> list[bytes]:
    theirs = filter(None, [without_ours(value) for value in block.cookies])
    joined = b"; ".join(theirs)
    return [b"Cookie: " + joined] if joined else []


def _for_app(name: bytes, key: bytes, value: bytes, names: Names) -> bytes:
    if key in _REQUEST_ADDRESSES:
        value = _REQUEST_ADDRESSES[key](value, names)
    return name + b": " + value


def _for_browser(name: bytes, value: bytes, names: Names) -> list[bytes]:
    """The line of a field that is looked into, or none."""
    key = name.lower()
    if key == b"set-cookie":
        changed = for_browser(value, internal_hosts=names.hosts)
    elif key == b"clear-site-data":
        changed = _without_cookie_clearing(value)
    else:
        changed = _ANSWER_ADDRESSES[key](value, names)
    return [] if changed is None else [name + b": " + changed]


def _without_cookie_clearing(value: bytes) -> bytes | None:
    """
    Clear-Site-Data (W3C) that leaves our cookies alone: the app's sign-out is not ours.

    `"*"` becomes what it means besides cookies, as far as browsers know it.
    """
    directives = [each.strip(b" \t") for each in value.split(b",")]
    folded = [each.strip(b"\"'").lower() for each in directives]
    if not {b"cookies", b"*"} & set(folded):
        return value
    if b"*" in folded:
        return b'"cache", "storage"'
    kept = [each for each, key in zip(directives, folded, strict=True) if key != b"cookies"]
    return b", ".join(filter(None, kept)) or None
