"""
Twisted's own ReverseProxyResource behind a look at the session cookie: what we replaced.

`python -m benchmarks.stock_proxy PORT APP_PORT COOKIE TOKENS [CERTIFICATE KEY]`
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

from twisted.internet import endpoints, reactor
from twisted.web.resource import IResource, Resource
from twisted.web.server import Request, Site

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # its HTTPClient, since Twisted 24.7
    from twisted.web.proxy import ReverseProxyResource


class Door(Resource):
    """Lets in who is signed in."""

    def __init__(self, app_port: int, cookie: bytes, tokens: frozenset[bytes]) -> None:
        super().__init__()
        self._app = ReverseProxyResource("127.0.0.1", app_port, b"")
        self._cookie = cookie
        self._tokens = tokens

    def getChild(self, path: bytes, request: Request) -> IResource:
        """The app, or a refusal."""
        if request.getCookie(self._cookie) in self._tokens:
            child: IResource = self._app.getChild(path, request)
            return child
        return _Refusal()


class _Refusal(Resource):
    isLeaf = True

    def render_GET(self, request: Request) -> bytes:
        request.setResponseCode(401)
        return b"sign in"


def main(port: str, app_port: str, cookie: str, tokens: str, *pair: str) -> None:
    """Serve until the process is ended."""
    known = frozenset(Path(tokens).read_bytes().split())
    site = Site(Door(int(app_port), cookie.encode(), known), timeout=3600)
    where = f"{port}:interface=127.0.0.1:backlog=4096"
    tls = f":certKey={pair[0]}:privateKey={pair[1]}" if pair else ""
    endpoint = endpoints.serverFromString(reactor, f"{'ssl' if pair else 'tcp'}:{where}{tls}")
    endpoint.listen(site)
    reactor.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
