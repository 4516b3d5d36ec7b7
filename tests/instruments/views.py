"""
How a page is looked at: on a phone or a PC, in the dark, in which language.

Chromium forgets the language when the user agent is set alone (and the other way round), so
both are always set together; likewise the emulated media features.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.instruments.devtools import DevToolsSession

PC = {"width": 1280, "height": 800, "deviceScaleFactor": 1, "mobile": False}
PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 3, "mobile": True}
PHONE_AGENT = (
    "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/156.0.0.0 Mobile Safari/537.36"
)


class Views:
    """The screen, the colours and the language of one page."""

    def __init__(self, session: DevToolsSession) -> None:
        self._session = session
        self._pc_agent = ""
        self._agent = ""
        self._language = "ja"
        self._features: dict[str, str] = {}

    async def prepare(self) -> None:
        """Begin as a PC of a Japanese person."""
        version = await self._session.send("Browser.getVersion")
        self._pc_agent = version["userAgent"].replace("HeadlessChrome", "Chrome")
        await self.pc()

    async def pc(self) -> None:
        """Look at the page on a PC."""
        await self._screen(self._pc_agent, PC)

    async def phone(self) -> None:
        """Look at the page on an upright phone with a touch screen."""
        await self._screen(PHONE_AGENT, PHONE)

    async def language(self, tag: str) -> None:
        """Prefer this language (a BCP 47 tag) from the next request on."""
        self._language = tag
        await self._speak()

    async def dark(self, *, is_on: bool = True) -> None:
        """Prefer dark colours, or light ones."""
        await self.feature("prefers-color-scheme", "dark" if is_on else "light")

    async def feature(self, name: str, value: str) -> None:
        """Set a media feature, for example prefers-reduced-motion or forced-colors."""
        self._features[name] = value
        features = [{"name": name, "value": value} for name, value in self._features.items()]
        await self._session.send("Emulation.setEmulatedMedia", features=features)

    async def _screen(self, agent: str, screen: Mapping[str, object]) -> None:
        self._agent = agent
        await self._session.send("Emulation.setDeviceMetricsOverride", **screen)
        await self._session.send(
            "Emulation.setTouchEmulationEnabled", enabled=bool(screen["mobile"])
        )
        await self._speak()

    async def _speak(self) -> None:
        await self._session.send(
            "Emulation.setUserAgentOverride",
            userAgent=self._agent,
            acceptLanguage=self._language,
        )
