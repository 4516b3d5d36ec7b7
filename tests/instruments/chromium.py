"""
A real Chromium for the tests, driven over its debugging pipe: no Selenium, no Playwright.

One browser serves a whole run (start-up takes half a second); each test gets pages with a
cookie jar and virtual authenticators of their own. The browser can reach this machine only:
every name but localhost and `*.example.test` is unknown to it.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from twisted.internet.defer import Deferred
from twisted.internet.error import ProcessExitedAlready
from twisted.internet.interfaces import IProcessTransport, IReactorTime
from twisted.internet.posixbase import PosixReactorBase

from tests.instruments.devtools import (
    CHILD_DESCRIPTORS,
    DevToolsPipe,
    DevToolsSession,
    Json,
)
from tests.instruments.page import Page

DEBIAN_PACKAGE = "chromium"
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
QUIT_LIMIT_S = 5.0

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-breakpad",
    "--mute-audio",
    "--window-size=1280,800",
    "--remote-debugging-pipe",
    "--accept-lang=ja",
    "--password-store=basic",
    "--use-mock-keychain",
)

LOOPBACK_ONLY = (
    "MAP localhost 127.0.0.1",
    "MAP *.example.test 127.0.0.1",
    "MAP * ~NOTFOUND",
    "EXCLUDE 127.0.0.1",
)
"""The first match wins; ports stay as they are."""


def find_chromium() -> str | None:
    """The path of an installed Chromium, or None."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


class Chromium:
    """One running browser with a new profile; ended by `close`."""

    def __init__(self, pipe: DevToolsPipe, profile: Path) -> None:
        self.profile = profile
        self._pipe = pipe

    @classmethod
    async def launch(
        cls,
        reactor: PosixReactorBase,
        *,
        program: str,
        trusted_key: str = "",
        resolver_rules: Sequence[str] = (),
    ) -> Chromium:
        """
        Start a browser and wait until it answers.

        Args:
            trusted_key: base64 of the SHA-256 of the public key (SPKI) of a test authority;
                all other certificates are judged as for anybody.
            resolver_rules: Chromium's host-resolver-rules that go before `LOOPBACK_ONLY`,
                for example `MAP gw.example.test:443 127.0.0.1:34567`.
        """
        profile = Path(tempfile.mkdtemp(prefix="gateway-chromium-"))
        rules = ",".join([*resolver_rules, *LOOPBACK_ONLY])
        own = (f"--user-data-dir={profile}", f"--host-resolver-rules={rules}")
        arguments = [program, *FLAGS, *own]
        if trusted_key:
            arguments.append(f"--ignore-certificate-errors-spki-list={trusted_key}")
        pipe = DevToolsPipe(IReactorTime(reactor))
        environment = {**os.environ, "HOME": str(profile)}
        reactor.spawnProcess(
            pipe, program, arguments, env=environment, childFDs=dict(CHILD_DESCRIPTORS)
        )
        browser = cls(pipe, profile)
        await browser.send("Browser.getVersion")
        return browser

    async def send(self, method: str, **params: object) -> Json:
        """Call a DevTools method on the browser itself."""
        return await self._pipe.send(method, "", params)

    async def open_page(self) -> Page:
        """A page with a cookie jar of its own: another person's browser."""
        context = (await self.send("Target.createBrowserContext"))["browserContextId"]
        return await self.open_tab(context)

    async def open_tab(self, context: str) -> Page:
        """A page that shares the cookies of that browser context (`page.context`)."""
        target = await self.send(
            "Target.createTarget", url="about:blank", browserContextId=context
        )
        attached = await self.send(
            "Target.attachToTarget", targetId=target["targetId"], flatten=True
        )
        page = Page(DevToolsSession(self._pipe, attached["sessionId"]), context)
        await page.prepare()
        return page

    async def dispose(self, page: Page) -> None:
        """Close the page, every other page of its context, and forget their cookies."""
        await self.send("Target.disposeBrowserContext", browserContextId=page.context)

    async def close(self) -> None:
        """Quit the browser, by force if need be, and remove its profile."""
        transport: IProcessTransport = self._pipe.transport
        killing = self._pipe.clock.callLater(QUIT_LIMIT_S, _kill, transport)
        Deferred.fromCoroutine(self.send("Browser.close")).addErrback(lambda _: None)
        await self._pipe.ended
        if killing.active():
            killing.cancel()
        shutil.rmtree(self.profile, ignore_errors=True)


def _kill(transport: IProcessTransport) -> None:
    try:
        transport.signalProcess("KILL")
    except ProcessExitedAlready:
        return
