"""
A program of somebody who embeds the app in a tree of his own: four ports, one process.

Run as `python -m tests.behaviour.embedder`, with what it needs as JSON in the first argument;
prints its ports as JSON, and runs until it is ended.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path
from typing import Any

from OpenSSL import crypto
from twisted.application.service import MultiService
from twisted.internet import reactor as any_reactor
from twisted.internet.ssl import CertificateOptions
from twisted.logger import globalLogBeginner, textFileLogObserver
from twisted.web.resource import Resource
from twisted.web.server import Request, Site

from gateway.proxy.embedding import AppService

reactor: Any = any_reactor

MEMORY_LIMIT_BYTES = 2 << 30
CPU_LIMIT_S = 120
"""A face that runs wild must not take the machine with it, even when its test has gone."""


class Page(Resource):
    """A page of the embedder's own: says what it was sent."""

    isLeaf = True

    def render(self, request: Request) -> bytes:
        """Echo the body."""
        assert request.content is not None
        return b"a page, " + bytes(request.content.read())


def tree(app: Resource) -> Resource:
    """The app everywhere, and one page beside it."""

    class Root(Resource):
        def getChild(self, path: bytes, request: Request) -> Resource:
            return app

    root = Root()
    root.putChild(b"own-page", Page())
    return root


def context(settings: dict[str, Any]) -> CertificateOptions:
    """What the TLS ports are served with."""
    pem = Path(settings["chain"]).read_bytes()
    leaf, authority, *_ = (
        crypto.load_certificate(crypto.FILETYPE_PEM, b"-----BEGIN" + each)
        for each in pem.split(b"-----BEGIN")[1:]
    )
    key = crypto.load_privatekey(crypto.FILETYPE_PEM, Path(settings["key"]).read_bytes())
    return CertificateOptions(privateKey=key, certificate=leaf, extraCertChain=[authority])


def main() -> None:
    """Listen, say where, run."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT_BYTES, MEMORY_LIMIT_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_LIMIT_S, CPU_LIMIT_S))
    settings = json.loads(sys.argv[1])
    globalLogBeginner.beginLoggingTo([textFileLogObserver(sys.stderr)], redirectStandardIO=False)
    ports, all_services, cookie = {}, MultiService(), settings["cookie"].encode()
    for way, public in settings["public"].items():
        service = AppService(reactor, settings["app"], public, **settings["limits"])
        service.setServiceParent(all_services)
        app = service.resource(
            allow=lambda request: request.getCookie(cookie) == b"yes", own_cookies=[cookie]
        )
        stored = Site(tree(app), parsePOSTFormSubmission=False, reactor=reactor)
        for name, site in (("site", stored), ("streaming", service.site(tree(app)))):
            if way == "tcp":
                port = reactor.listenTCP(0, site, interface="127.0.0.1")
            else:
                port = reactor.listenSSL(0, site, context(settings), interface="127.0.0.1")
            ports[f"{name}-{way}"] = port.getHost().port
    all_services.startService()
    reactor.addSystemEventTrigger("before", "shutdown", all_services.stopService)
    print(json.dumps(ports), flush=True)  # noqa: T201
    reactor.run()


if __name__ == "__main__":
    main()
