"""
The header fields that every answer of ours carries.

Scripts and styles come from our own static files and nowhere else: not even from the app,
which shares our origin, hence the path in the sources (CSP Level 3, 6.7.2.8). There is no
inline script and no inline style on our pages, so there is nothing to give a nonce to.
"""

from __future__ import annotations

from gateway.pages.reply import Framing, Reply
from gateway.rules.public import PublicOrigin

PREFIX = "/.gateway/"
"""Where our own addresses begin; never forwarded to the app."""

STATIC = PREFIX + "static/"
"""Where our scripts, styles and pictures are."""

PERMISSIONS = (
    b"publickey-credentials-create=(self), publickey-credentials-get=(self), "
    b"camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"
)
"""A page needs `publickey-credentials-*` and nothing else (WebAuthn 5.9)."""


HTTPS_ONLY_S = 365 * 24 * 3600
"""
Seconds for which browsers come by https alone (RFC 6797 6.1.1), from the last page of ours on.
Without includeSubDomains: other hosts are none of our business. Ignored where the certificate
is not trusted, so trying things out with a self-signed one ties nobody.
"""


def content_security_policy(public: PublicOrigin, framing: Framing) -> bytes:
    """Our pages' policy; it is never set on what the app answers."""
    static = public.origin + STATIC
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {static}",
            f"style-src {static}",
            f"img-src {static}",
            f"connect-src {public.origin}{PREFIX}",
            "form-action 'self'",
            "base-uri 'none'",
            f"frame-ancestors {framing.value}",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        )
    ).encode("ascii")


def security_headers(public: PublicOrigin, framing: Framing) -> list[tuple[bytes, bytes]]:
    """What every page of ours says to browsers."""
    headers = [
        (b"content-security-policy", content_security_policy(public, framing)),
        (b"x-content-type-options", b"nosniff"),
        # Not no-referrer: under that policy a form of ours would say "Origin: null" (Fetch 3.2),
        # which we refuse. strict-origin tells no path, so no invitation either.
        (b"referrer-policy", b"strict-origin"),
        (b"permissions-policy", PERMISSIONS),
        (b"cross-origin-resource-policy", b"same-origin"),
    ]
    if public.is_secure:
        headers.append((b"strict-transport-security", b"max-age=%d" % HTTPS_ONLY_S))
    if framing is Framing.NEVER:
        headers.append((b"x-frame-options", b"DENY"))
    return headers


def reply_headers(reply: Reply, public: PublicOrigin) -> list[tuple[bytes, bytes]]:
    """All header fields of one answer, in the order in which they are sent."""
    caching = [] if reply.is_cacheable else [(b"cache-control", b"no-store")]
    return [
        (b"content-type", reply.content_type),
        (b"content-length", str(len(reply.body)).encode("ascii")),
        *caching,
        *security_headers(public, reply.framing),
        *reply.headers,
        *((b"set-cookie", each.encode("ascii")) for each in reply.cookies),
    ]
