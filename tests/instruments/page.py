"""
A page of the real browser, as a person uses it: go, look, click, type, choose a file.

Clicks and keys are the browser's own input events: they give user activation, and they do
not reach what is hidden, covered or disabled.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from tests.instruments.devtools import ANSWER_LIMIT_S, BrowserError, DevToolsSession, Json
from tests.instruments.record import Record, Response, exception_text
from tests.instruments.views import Views
from tests.instruments.virtual_authenticator import Transport, VirtualAuthenticator

LOOK_AGAIN_S = 0.03
DRAWINGS_LIMIT = 100

KEYS: dict[str, Json] = {
    "Enter": {"windowsVirtualKeyCode": 13, "text": "\r"},
    "Tab": {"windowsVirtualKeyCode": 9},
    "Escape": {"windowsVirtualKeyCode": 27},
    "Space": {"windowsVirtualKeyCode": 32, "text": " "},
}

CENTRE = """
(selector => {
    const element = document.querySelector(selector);
    if (!element || !element.checkVisibility({visibilityProperty: true})) return null;
    element.scrollIntoView({block: 'center', inline: 'center', behavior: 'instant'});
    const {left, top, width, height} = element.getBoundingClientRect();
    if (!width || !height) return null;
    const x = left + width / 2, y = top + height / 2;
    const hit = document.elementFromPoint(x, y);
    if (!hit || !(element.contains(hit) || hit.contains(element))) return null;
    return {x, y};
})
"""
"""The centre of an element that a person can see and hit, else null."""

READ = """
(selector => {
    const element = document.querySelector(selector);
    return element && ('value' in element ? element.value : element.innerText);
})
"""

FETCH = """
(async (url, options) => {
    const response = await fetch(url, options);
    return {
        status: response.status, url: response.url, redirected: response.redirected,
        headers: Object.fromEntries(response.headers), text: await response.text(),
    };
})
"""


class Page:
    """One tab. Everything waits up to 30 s for what it needs, then fails with what it saw."""

    def __init__(self, session: DevToolsSession, context: str) -> None:
        self.context = context
        self.record = Record()
        self.views = Views(session)
        self._session = session
        self._frame = ""

    async def prepare(self) -> None:
        """Switch on what this driver listens to."""
        self.record.keep(self._session)
        self._session.listen("Page.javascriptDialogOpening", self._dialog_opened)
        for domain in ("Page", "Runtime", "Network", "Log", "DOM"):
            await self.send(f"{domain}.enable")
        await self.send("WebAuthn.enable", enableUI=False)
        await self.send("Emulation.setFocusEmulationEnabled", enabled=True)
        await self.views.prepare()
        self._frame = (await self.send("Page.getFrameTree"))["frameTree"]["frame"]["id"]

    async def send(self, method: str, **params: object) -> Json:
        """Call a DevTools method on this page."""
        return await self._session.send(method, **params)

    async def goto(self, url: str) -> Response:
        """
        Type an address; returns the document's answer once the page has loaded.

        Raises:
            BrowserError: there was no page: no connection, no trust, a download.
        """
        loader = await self._session.until("Page.loadEventFired", self._navigate(url))
        return self.record.document(loader)

    async def reload(self) -> None:
        """Press the reload button."""
        await self._session.until("Page.loadEventFired", self.send("Page.reload"))

    async def back(self) -> None:
        """Press the back button; the page before may come out of the browser's cache."""
        history = await self.send("Page.getNavigationHistory")
        entry = history["entries"][history["currentIndex"] - 1]
        going = self.send("Page.navigateToHistoryEntry", entryId=entry["id"])
        await self._session.until("Page.frameNavigated", going)
        await self.wait_for("document.readyState === 'complete'")

    async def evaluate(self, expression: str) -> Any:
        """The JSON value of a script's expression; promises are awaited."""
        answer = await self.send(
            "Runtime.evaluate",
            expression=expression,
            awaitPromise=True,
            returnByValue=True,
            userGesture=True,
        )
        if "exceptionDetails" in answer:
            raise BrowserError(exception_text(answer["exceptionDetails"]))
        return answer["result"].get("value")

    async def call(self, function: str, *arguments: object) -> Any:
        """Apply a script's function to JSON values."""
        spoken = ", ".join(json.dumps(argument) for argument in arguments)
        return await self.evaluate(f"({function})({spoken})")

    async def wait_for(self, expression: str) -> Any:
        """Look until the expression is truthy, across navigations, and return its value."""
        return await self._wait_until(expression, what=expression)

    async def wait_for_element(self, selector: str) -> None:
        """Look until a person could see the element and hit it."""
        await self._centre(selector)

    async def click(self, selector: str) -> None:
        """Click on the middle of the element, once it can be seen and hit."""
        point = await self._centre(selector)
        press = {**point, "button": "left", "clickCount": 1}
        await self.send("Input.dispatchMouseEvent", type="mouseMoved", **point)
        await self.send("Input.dispatchMouseEvent", type="mousePressed", **press)
        await self.send("Input.dispatchMouseEvent", type="mouseReleased", **press)

    async def follow(self, selector: str) -> None:
        """Click on a link or a submitting button and wait until the next page has loaded."""
        await self._session.until("Page.loadEventFired", self.click(selector))

    async def type(self, selector: str, text: str) -> None:
        """Click into the field, drop what is there, and type."""
        await self.click(selector)
        await self.call("selector => document.querySelector(selector).select()", selector)
        await self.send("Input.insertText", text=text)

    async def press(self, key: str) -> None:
        """Press one of `KEYS` wherever the focus is."""
        stroke = {"key": " " if key == "Space" else key, "code": key, **KEYS[key]}
        await self.send("Input.dispatchKeyEvent", type="keyDown", **stroke)
        await self.send("Input.dispatchKeyEvent", type="keyUp", **stroke)

    async def choose_file(self, selector: str, path: Path) -> None:
        """Choose a file in a file field; anew, where a script draws the page meanwhile."""
        for _ in range(DRAWINGS_LIMIT):
            try:
                await self._set_file(selector, path)
            except BrowserError as error:
                if "Could not find node" not in str(error):
                    raise
                await deferLater(self._session.clock, LOOK_AGAIN_S)
            else:
                return
        raise BrowserError(f"{selector} is drawn again and again")

    async def text(self, selector: str) -> str:
        """What a person reads in the element; of a field, its value."""
        return str(await self._wait_until(f"({READ})({json.dumps(selector)}) ?? ''", selector))

    async def fetch(self, url: str, options: Mapping[str, object] | None = None) -> Json:
        """Let the page's script fetch; gives status, url, redirected, headers, text."""
        answer: Json = await self.call(FETCH, url, options or {})
        return answer

    async def cookies(self) -> dict[str, Json]:
        """The cookies that this browser would send to the page's address, by name."""
        cookies = (await self.send("Network.getCookies"))["cookies"]
        return {cookie["name"]: cookie for cookie in cookies}

    async def run_first(self, script: str) -> None:
        """Run the script in every later document before the document's own scripts."""
        await self.send("Page.addScriptToEvaluateOnNewDocument", source=script)

    async def add_authenticator(
        self,
        transport: Transport = "internal",
        *,
        has_verification: bool = True,
        is_verified: bool = True,
        is_synced: bool = False,
    ) -> VirtualAuthenticator:
        """
        Give this browser a virtual authenticator.

        Args:
            has_verification: whether the device can check a finger, a face or a PIN.
            is_verified: whether that check succeeds.
            is_synced: whether its passkeys are backed up (BE and BS set), as on phones.
        """
        return await VirtualAuthenticator.add(
            self._session,
            transport,
            has_verification=has_verification,
            is_verified=is_verified,
            is_synced=is_synced,
        )

    async def screenshot(self, path: Path) -> None:
        """Keep a picture of the whole page, as PNG."""
        picture = await self.send(
            "Page.captureScreenshot", captureBeyondViewport=True, optimizeForSpeed=True
        )
        _keep(path, base64.b64decode(picture["data"]))

    async def _set_file(self, selector: str, path: Path) -> None:
        root = (await self.send("DOM.getDocument"))["root"]["nodeId"]
        found = await self.send("DOM.querySelector", nodeId=root, selector=selector)
        await self.send("DOM.setFileInputFiles", files=[str(path)], nodeId=found["nodeId"])

    async def _navigate(self, url: str) -> str:
        answer = await self.send("Page.navigate", url=url, frameId=self._frame)
        if "errorText" in answer or "loaderId" not in answer:
            raise BrowserError(f"{url}: {answer.get('errorText', 'the same document')}")
        return str(answer["loaderId"])

    async def _centre(self, selector: str) -> Json:
        point: Json = await self._wait_until(
            f"({CENTRE})({json.dumps(selector)})", what=f"{selector}, to be seen and hit"
        )
        return point

    async def _wait_until(self, expression: str, what: str) -> Any:
        clock = self._session.clock
        deadline = clock.seconds() + ANSWER_LIMIT_S
        seen: object = None
        while clock.seconds() < deadline:
            try:
                seen = await self.evaluate(expression)
            except BrowserError as error:  # between two documents there is nothing to ask
                seen = error
            else:
                if seen:
                    return seen
            await deferLater(clock, LOOK_AGAIN_S)
        scene = await self._scene()
        raise BrowserError(f"waited in vain for {what}; last seen: {seen!r}; {scene}")

    async def _scene(self) -> str:
        shown = await self.evaluate("location.href + '\\n' + document.body?.innerText")
        return f"the page: {shown}\ntrouble: {self.record.trouble}"

    def _dialog_opened(self, params: Json) -> None:
        self.record.dialogs.append(params["message"])
        answering = Deferred.fromCoroutine(self.send("Page.handleJavaScriptDialog", accept=True))
        answering.addErrback(lambda failure: self.record.trouble.append(str(failure.value)))


def _keep(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
