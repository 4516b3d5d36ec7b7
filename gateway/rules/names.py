"""
What the name of a field says about where it may travel, whatever its value.

Towards the app nothing passes by which a client could speak in the gateway's name. App servers
map field names to variables: CGI and WSGI write `-` as `_`, some turn every other mark into `_`
too, and none tells cases apart. So names are compared folded: lower case, every mark a `-`; and
a name that contains `_` is dropped whatever it says. Fields about the connection itself go too
(RFC 9110 7.6.1), and Host and the length: the proxy writes its own.
"""

from __future__ import annotations

from gateway.rules.fields import Meaning, Passage, Vocabulary

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

OWN_FRAMING = frozenset(b"host content-length transfer-encoding expect".split())
"""What the proxy writes itself towards the app."""

NOT_TO_BROWSER = HOP_BY_HOP | frozenset((b"content-length",))
"""What never passes from the app as it is; lower case."""

_DROPPED = HOP_BY_HOP | RESERVED | OWN_FRAMING
_FOLD = bytes(
    ord(chr(byte).lower()) if chr(byte).isascii() and chr(byte).isalnum() else ord("-")
    for byte in range(256)
)


def is_dropped(name: bytes) -> bool:
    """Whether a field of that name never reaches the app, whatever its value."""
    folded = name.translate(_FOLD)
    return b"_" in name or folded in _DROPPED or folded.startswith(RESERVED_FAMILIES)


_TO_US = frozenset(
    b"host content-length transfer-encoding connection upgrade expect cookie origin"
    b" service-worker".split(),
)
"""Fields of a request that say something about the message itself, or to the gateway."""

ANSWER_FRAMES = frozenset(b"content-length transfer-encoding connection upgrade".split())
"""Fields of an answer that say something about the message itself."""

_REQUEST_CHANGES = frozenset(b"cookie destination if".split())
ANSWER_CHANGES = frozenset(b"location content-location refresh set-cookie clear-site-data".split())
"""Fields of an answer that may be rewritten on their way to the browser; lower case."""

_REQUEST_LASTS = frozenset(
    b"accept accept-encoding accept-language cache-control connection content-type dnt host"
    b" origin pragma priority sec-ch-ua sec-ch-ua-mobile sec-ch-ua-platform"
    b" sec-fetch-dest sec-fetch-mode sec-fetch-site sec-fetch-user sec-gpc"
    b" upgrade-insecure-requests user-agent x-requested-with".split(),
)
"""What a browser says the same way in request after request, and is no secret."""


def _of_request(name: bytes) -> Meaning:
    key = name.lower()
    if is_dropped(name):
        passage = Passage.GOES
    else:
        passage = Passage.CHANGES if key in _REQUEST_CHANGES else Passage.STAYS
    return Meaning(key, passage, key in _TO_US, key in _REQUEST_LASTS)


OF_REQUESTS = Vocabulary(_of_request)
