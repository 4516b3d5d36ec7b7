"""
The only way to a Klein app of ours.

Klein fails on what it does not expect: a path that is not UTF-8 gives a traceback in the
log, `//login` and `/%6cogin` reach `/login`, a strange Host ends in an exception. So what
does not look like an address of ours never gets there. Nothing of ours looks at Host: the
public name comes from the configuration.
"""

from __future__ import annotations

import re

from twisted.web.resource import IResource, Resource
from twisted.web.server import Request

from gateway.pages.render import Pages
from gateway.pages.requests import read_visit
from gateway.pages.routes import Site, send

PLAIN_PATH = re.compile(rb"(?:/[A-Za-z0-9._~-]{1,128})+")
"""All our addresses look so; unreserved characters only (RFC 3986 2.3), nothing encoded."""

METHODS = frozenset({b"GET", b"HEAD", b"POST"})
"""What any page of ours may be asked."""


class Door(Resource):
    """Lets plain requests through to a Klein app, and answers all others itself."""

    def __init__(self, site: Site, inside: IResource) -> None:
        super().__init__()
        self.isLeaf = True
        self._site = site
        self._inside = inside

    def render(self, request: Request) -> bytes | int:
        """Pass the request on, or refuse it."""
        request.responseHeaders.removeHeader(b"server")
        pages = self._site.pages
        if request.method not in METHODS:
            return self._refuse(request, "trouble.method", 405)
        if not PLAIN_PATH.fullmatch(request.path):
            return self._refuse(request, "trouble.not-found", 404)
        request.requestHeaders.setRawHeaders(b"host", [pages.public.authority.encode("ascii")])
        answer: bytes | int = self._inside.render(request)
        return answer

    def _refuse(self, request: Request, sentence: str, status: int) -> bytes:
        pages: Pages = self._site.pages
        visit = read_visit(request, pages)
        code = "not-found" if status == 404 else "bad-request"
        return send(request, pages.trouble(visit, sentence, status=status, code=code), self._site)
