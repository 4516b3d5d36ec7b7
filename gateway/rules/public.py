"""
The one public name of the gateway: what `[gateway] url` says, taken apart.

The origin that WebAuthn compares, the RP ID, the Host that is accepted and the place that
http redirects to all come from here and never from a request.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

import idna

DEFAULT_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicOrigin:
    """Scheme, host and port by which browsers know the gateway."""

    scheme: str
    """`https`, or `http` for localhost alone."""
    host: str
    """Lower case, IDNA form: also the RP ID (WebAuthn 5.1.2)."""
    port: int

    @property
    def is_secure(self) -> bool:
        """Whether cookies carry Secure and the `__Host-` prefix."""
        return self.scheme == "https"

    @property
    def authority(self) -> str:
        """What the Host field says: the port only where it is not the scheme's own."""
        if self.port == DEFAULT_PORTS[self.scheme]:
            return self.host
        return f"{self.host}:{self.port}"

    @property
    def origin(self) -> str:
        """The serialised origin (RFC 6454 6.2), for example `https://gw.example.co.jp`."""
        return f"{self.scheme}://{self.authority}"


def parse_origin(url: str) -> PublicOrigin:
    """
    Take `[gateway] url` apart.

    Raises:
        ValueError: its text says what is wanted, fit for a person.
    """
    parts = urlsplit(url)
    if parts.scheme not in DEFAULT_PORTS:
        raise ValueError("an address that begins with https://")
    if parts.username or parts.query or parts.fragment or parts.path not in ("", "/"):
        raise ValueError("scheme and host only, such as https://gw.example.co.jp")
    try:
        port = parts.port
    except ValueError:
        raise ValueError("a port between 1 and 65535") from None
    host = _dns_name(parts.hostname or "")
    if parts.scheme == "http" and host != "localhost" and not host.endswith(".localhost"):
        raise ValueError("https: browsers allow passkeys over http on localhost alone")
    return PublicOrigin(scheme=parts.scheme, host=host, port=port or DEFAULT_PORTS[parts.scheme])


def _dns_name(host: str) -> str:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        pass  # a name, as it should be
    else:
        raise ValueError("a DNS name: browsers refuse passkeys on an IP address")
    if host == "localhost":
        return host
    try:
        return idna.encode(host, uts46=True).decode("ascii").lower()
    except idna.IDNAError:
        raise ValueError("a DNS name, such as gw.example.co.jp") from None
