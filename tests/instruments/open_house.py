"""
A `House` with an open door: our pages in this process, behind a real socket on this machine.

Nothing of it is slow, everything is at hand: who is enrolled, who is signed in, what time it
is. Beside our pages it shows whatever else a test puts into `others`.
"""

from __future__ import annotations

from collections.abc import Mapping

from twisted.internet.defer import maybeDeferred
from twisted.internet.posixbase import PosixReactorBase
from twisted.web.resource import IResource, Resource
from twisted.web.server import Request, Site

from gateway.pages.reply import HTML
from tests.instruments.house import Browser, House
from tests.instruments.page import Page


class _Front(Resource):
    """Other pages by their paths, and ours everywhere else."""

    isLeaf = True

    def __init__(self, ours: IResource, others: Mapping[str, bytes]) -> None:
        super().__init__()
        self._ours = ours
        self._others = others

    def render(self, request: Request) -> bytes | int:
        """Answer a browser."""
        other = self._others.get(request.path.decode("ascii"))
        if other is None:
            answer: bytes | int = self._ours.render(request)
            return answer
        request.setHeader(b"content-type", HTML)
        return other


class OpenHouse:
    """A house that browsers can reach."""

    def __init__(self, reactor: PosixReactorBase) -> None:
        site = Site(Resource())
        self._port = reactor.listenTCP(0, site, interface="127.0.0.1")
        self.url = f"http://localhost:{self._port.getHost().port}"
        self.house = House(self.url)
        self.others: dict[str, bytes] = {}
        """HTML, by path."""
        site.resource = _Front(self.house.site.resource(), self.others)

    async def close(self) -> None:
        """Close the door."""
        await maybeDeferred(self._port.stopListening)

    async def lend_cookies(self, page: Page, browser: Browser) -> None:
        """Let the real browser be whoever that one in memory is."""
        for name, value in browser.cookies.items():
            await page.send(
                "Network.setCookie", name=name, value=value, url=self.url, httpOnly=True
            )
