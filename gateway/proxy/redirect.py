"""The http listener beside https: it knows one answer, the same address by https."""

from __future__ import annotations

from twisted.web.resource import Resource
from twisted.web.server import Request

from gateway.rules.public import PublicOrigin


class ToHttps(Resource):
    """
    Redirects to our fixed public name (never to what Host says), path and query kept.

    Only GET and HEAD: another method's body already went in clear, and its sender should
    learn of it. 308 (RFC 9110 15.4.9) keeps the method.
    """

    isLeaf = True

    def __init__(self, public: PublicOrigin) -> None:
        super().__init__()
        self._origin = public.origin.encode("ascii")

    def render(self, request: Request) -> bytes:
        """Answer every path and method."""
        request.setHeader(b"Content-Type", b"text/plain; charset=utf-8")
        request.responseHeaders.removeHeader(b"Server")
        if request.method not in (b"GET", b"HEAD") or not request.uri.startswith(b"/"):
            request.setResponseCode(403)
            return b"Use https.\n"
        request.setResponseCode(308)
        request.setHeader(b"Location", self._origin + request.uri)
        return b"" if request.method == b"HEAD" else b"Use https.\n"
