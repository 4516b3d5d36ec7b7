"""
Addresses in fields: between the names the app calls itself by and the public one.

An app behind the gateway may believe that it is `http://127.0.0.1:8080`, or
`http://groupware.internal`, or, by mixing X-Forwarded-Proto with its own host, an https that
nobody offers. A redirect to any of those is a redirect to the gateway (`to_public`). Every
other address is left as it is, to the byte: what only looks like ours (another suffix, user
names, backslashes) is the browser's business, as it would be without a gateway.

The other way there is one field that carries an address of the app: Destination of WebDAV's
COPY and MOVE (RFC 4918 10.3), and the tags of If (10.4). Decision: as long as the app is given
the public Host, these are left alone. The app then believes in the public authority, and in the
scheme of X-Forwarded-Proto if it reads it. Strict servers that do (Radicale) compare the whole
public origin; those that do not care (SabreDAV, copyparty) look at the path. Only servers that
compare the scheme and know no X-Forwarded-Proto (Apache's mod_dav) refuse https, as they do
behind every proxy; for them, and where the app is given its own name as Host, `Names.believed`
is the origin to write instead.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from gateway.rules.backends import Backend
from gateway.rules.public import DEFAULT_PORTS, PublicOrigin

_address = re.compile(rb"(?:([A-Za-z]+):)?//([^/?#]*)").match
_refresh = re.compile(
    rb"([\t ]*[0-9.]+[\t ]*[;,]?[\t ]*(?:[Uu][Rr][Ll][\t ]*=[\t ]*)?)([\"']?)(.*)",
).fullmatch
_OWN_PORTS = {b"http": b":80", b"https": b":443"}
_WEB = (b"", b"http", b"https")
_tags = re.compile(rb"<([^<>]*)>").sub


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """By which names the app behind the gateway may call itself, and by which browsers do."""

    public: PublicOrigin
    internal: frozenset[str]
    """`host` or `host:port`: what may stand behind `http://`, `https://` or `//`."""
    believed: str = ""
    """The origin to write into Destination and If; "" = leave them alone (see above)."""
    scheme: bytes = field(init=False)
    authority: bytes = field(init=False)
    host: bytes = field(init=False)
    origin: bytes = field(init=False)
    """These three: the public ones, as bytes."""
    authorities: frozenset[bytes] = field(init=False)
    """`internal`, as bytes in lower case."""
    hosts: frozenset[bytes] = field(init=False)
    """The hosts in `internal`, without ports, but never the public one."""

    def __post_init__(self) -> None:
        authorities = frozenset(each.lower().encode("ascii") for each in self.internal)
        hosts = frozenset(re.sub(rb":[0-9]*\Z", b"", each) for each in authorities)
        set_once = object.__setattr__
        set_once(self, "scheme", self.public.scheme.encode("ascii"))
        set_once(self, "authority", self.public.authority.encode("ascii"))
        set_once(self, "host", self.public.host.encode("ascii"))
        set_once(self, "origin", self.public.origin.encode("ascii"))
        set_once(self, "authorities", authorities)
        set_once(self, "hosts", hosts - {self.host})


def names_for(
    public: PublicOrigin,
    *,
    backends: Sequence[Backend] = (),
    internal_names: tuple[str, ...],
    preserve_host: bool,
    asked: Backend | None = None,
    server_name: str = "",
    backend_host: str = "",
    backend_port: int = 0,
) -> Names:
    """
    All names of an app, from what its configuration says.

    A configured name without a port also means that name with the port of every backend, and
    the public authority is a name of the app too: apps combine it with the wrong scheme or with
    the port on which they listen. The name in the backends' certificate is one as well.

    Args:
        public: by which browsers know the app.
        backends: where it runs; `backend_host` and `backend_port` stand for a single one.
        internal_names: further names, as `[[app]] internal_names` has them.
        preserve_host: whether the app is given the public Host.
        asked: the backend that is believed in where it is not; the first if None.
        server_name: the name in the backends' certificates, if it is not their host.
    """
    if not backends:
        backends = (Backend(scheme="http", host=backend_host, port=backend_port),)
    if server_name and server_name != public.host:
        internal_names = (*internal_names, _bracketed(server_name))
    internal = {public.authority, *internal_names}
    shared = {public.host, *(each for each in internal_names if not _has_port(each))}
    for backend in backends:
        host = backend.bracketed_host
        internal |= {f"{each}:{backend.port}" for each in (host, *shared)}
        if backend.port in DEFAULT_PORTS.values():
            internal.add(host)
    return Names(
        public=public,
        internal=frozenset(internal),
        believed="" if preserve_host else (asked or backends[0]).url,
    )


def to_public(value: bytes, names: Names) -> bytes:
    """The address (of Location, Content-Location) with an internal origin made public."""
    match = _address(value)
    if match is None:
        return value
    scheme, authority = _origin_of(match)
    if scheme not in _WEB or authority not in names.authorities:
        return value
    if authority == names.authority and scheme in (b"", names.scheme):
        return value
    return names.origin + value[match.end() :]


def refresh_to_public(value: bytes, names: Names) -> bytes:
    """The same for the address within a Refresh (WHATWG HTML, shared declarative refresh)."""
    match = _refresh(value)
    if match is None:
        return value
    before, quote, address = match.groups()
    end = address.find(quote) if quote else -1
    address, after = (address, b"") if end < 0 else (address[:end], address[end:])
    return bytes(before + quote + to_public(address, names) + after)


def to_internal(value: bytes, names: Names) -> bytes:
    """The address (of Destination) as the app is to see it: untouched by default, see above."""
    match = _address(value) if names.believed else None
    if match is None or _origin_of(match) != (names.scheme, names.authority):
        return value
    return names.believed.encode("ascii") + value[match.end() :]


def tags_to_internal(value: bytes, names: Names) -> bytes:
    """The same for each `<address>` in WebDAV's If."""
    return _tags(lambda match: b"<" + to_internal(match[1], names) + b">", value)


def _origin_of(match: re.Match[bytes]) -> tuple[bytes, bytes]:
    """Scheme and authority in lower case, without the scheme's own port (RFC 9110 4.2.3)."""
    scheme, authority = (match[1] or b"").lower(), match[2].lower()
    return scheme, authority.removesuffix(_OWN_PORTS.get(scheme, b":")).removesuffix(b":")


def _has_port(name: str) -> bool:
    return re.search(r":[0-9]+\Z", name) is not None


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
