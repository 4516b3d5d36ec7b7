"""
What happened in a page: network answers, and trouble that a test did not expect.

Trouble is whatever Chromium's console shows in red: uncaught exceptions, `console.error`,
violations of the content security policy, sub-resources that fail, a crash. Answers of
status 401 are no trouble: the gateway speaks in them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.instruments.devtools import BrowserError, DevToolsSession, Json

ORDINARY = ("the server responded with a status of 401",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One answer that the browser got from the network."""

    url: str
    status: int
    headers: dict[str, str]
    """Names in lower case; no Set-Cookie: ask `Page.cookies`."""
    kind: str
    """Document, Script, Stylesheet, Image, Fetch, XHR ..."""
    loader: str
    """The document to which the answer belongs, or which it is."""


@dataclass(slots=True)
class Record:
    """The diary of one page."""

    responses: list[Response] = field(default_factory=list)
    trouble: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)
    """The texts of alert, confirm and beforeunload boxes; all are accepted."""
    tolerated: list[str] = field(default_factory=lambda: [*ORDINARY])

    def tolerate(self, fragment: str) -> None:
        """Take console errors that contain this text for expected."""
        self.tolerated.append(fragment)

    def unexpected(self) -> list[str]:
        """The trouble that no test spoke of."""
        return [
            line for line in self.trouble if not any(known in line for known in self.tolerated)
        ]

    def assert_untroubled(self) -> None:
        """Fail on trouble that the test did not expect."""
        if unexpected := self.unexpected():
            raise BrowserError("unexpected trouble in the page:\n" + "\n".join(unexpected))

    def document(self, loader: str) -> Response:
        """The answer that became the document of that loader."""
        for response in reversed(self.responses):
            if response.kind == "Document" and response.loader == loader:
                return response
        came = [(response.status, response.url) for response in self.responses]
        raise BrowserError(f"no document came; answers: {came}")

    def keep(self, session: DevToolsSession) -> None:
        """Begin to write down what happens in that page."""
        session.listen("Network.responseReceived", self._response_received)
        session.listen("Log.entryAdded", self._entry_added)
        session.listen("Runtime.consoleAPICalled", self._console_called)
        session.listen("Runtime.exceptionThrown", self._exception_thrown)
        session.listen("Inspector.targetCrashed", lambda _: self.trouble.append("page crashed"))

    def _response_received(self, params: Json) -> None:
        response = params["response"]
        self.responses.append(
            Response(
                url=response["url"],
                status=response["status"],
                headers={name.lower(): value for name, value in response["headers"].items()},
                kind=params["type"],
                loader=params["loaderId"],
            )
        )

    def _entry_added(self, params: Json) -> None:
        entry = params["entry"]
        if entry["level"] == "error":
            self.trouble.append(f"{entry['source']}: {entry['text']} [{entry.get('url', '')}]")

    def _console_called(self, params: Json) -> None:
        if params["type"] in ("error", "assert"):
            said = " ".join(str(_spoken(each)) for each in params["args"])
            self.trouble.append(f"console.{params['type']}: {said}")

    def _exception_thrown(self, params: Json) -> None:
        self.trouble.append(f"exception: {exception_text(params['exceptionDetails'])}")


def exception_text(details: Json) -> str:
    """One line of a DevTools ExceptionDetails."""
    exception = details.get("exception", {})
    return f"{details['text']} {_spoken(exception)}"


def _spoken(remote: Json) -> object:
    return remote.get("description", remote.get("value", remote.get("type", "")))
