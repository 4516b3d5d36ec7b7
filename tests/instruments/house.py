"""
Our pages in memory, and browsers that knock: no socket, no reactor, no real time.

A `House` is a `LoginSite` over a memory store, with a clock that stands still until it is
told. A `Browser` keeps cookies, sends what a browser of today sends, and has a device with
a passkey.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import Any, TypeVar

import treq
from treq.testing import RequestTraversalAgent
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IConsumer
from twisted.internet.task import Clock
from twisted.web.http_headers import Headers
from twisted.web.iweb import IBodyProducer
from twisted.web.server import Site
from zope.interface import implementer

from gateway.config.look_options import Look
from gateway.login.site import LoginSite
from gateway.pages.assets import load_assets
from gateway.pages.languages import Language, load_languages
from gateway.pages.render import Pages
from gateway.rules import tokens
from gateway.rules.attestation import TODAY, PasskeyPolicy
from gateway.rules.public import parse_origin
from gateway.rules.records import Invitation, Person, PersonId, hash_token
from gateway.rules.sessions import SessionLimits
from gateway.store.interface import Store
from gateway.store.live import LiveSessions
from gateway.store.memory import MemoryStore
from tests.instruments.authenticator import Authenticator

T = TypeVar("T")

NOON = 1_800_000_000.0
"""The wall clock when a house is opened."""

IDLE_LIMIT_S, LIFETIME_LIMIT_S = 1_800.0, 43_200.0

LANGUAGES = load_languages(Language.JA)
ASSETS = load_assets()


def result_of(awaitable: Deferred[T]) -> T:
    """What a Deferred has come to; it must not wait."""
    results: list[T] = []
    failures: list[Any] = []
    awaitable.addCallbacks(results.append, failures.append)
    for failure in failures:
        failure.raiseException()
    assert results, "it waits"
    return results[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a browser got."""

    status: int
    headers: dict[str, list[str]]
    body: bytes

    @property
    def text(self) -> str:
        """The body of a page."""
        return self.body.decode("utf-8")

    @property
    def json(self) -> dict[str, Any]:
        """The body of an answer to a script."""
        value = json.loads(self.body)
        assert isinstance(value, dict)
        return value

    @property
    def cookies(self) -> list[str]:
        """The Set-Cookie lines, as they came."""
        return self.headers.get("set-cookie", [])


async def _at_once(work: Callable[[], T]) -> T:
    """Do aside what is done aside, but here."""
    return work()


class House:
    """A gateway's pages with everything behind them."""

    def __init__(
        self,
        url: str = "https://gw.example.test",
        *,
        store: Store | None = None,
        look: Look | None = None,
        clock: Clock | None = None,
        passkeys: PasskeyPolicy = TODAY,
    ) -> None:
        self.public = parse_origin(url)
        self.store: Store = store or MemoryStore()
        self.clock = clock or Clock()
        self.wall = NOON
        self._drawn = itertools.count()
        self.sessions = LiveSessions(
            self.store,
            clock=self.clock,
            wall=lambda: self.wall,
            limits=SessionLimits(idle_s=IDLE_LIMIT_S, lifetime_s=LIFETIME_LIMIT_S),
        )
        self.pages = Pages(
            public=self.public,
            gateway_name="サンプル社",
            languages=LANGUAGES,
            assets=load_assets(look) if look else ASSETS,
            token_bytes=self.token_bytes,
            look=look or Look(),
        )
        self.site = LoginSite(
            pages=self.pages,
            store=self.store,
            sessions=self.sessions,
            clock=self.clock,
            wall=lambda: self.wall,
            token_bytes=self.token_bytes,
            aside=_at_once,
            passkeys=passkeys,
        )
        self.agent = RequestTraversalAgent(self.site.resource())
        self.agent._serverFactory = self.server()

    def server(self) -> Site:
        """The twisted.web server of our pages, as the service makes it."""
        return Site(self.site.resource(), parsePOSTFormSubmission=False, reactor=self.clock)

    def token_bytes(self, count: int) -> bytes:
        """Bytes that look random and are the same in each run."""
        drawn = f"{next(self._drawn)}".encode()
        return hashlib.shake_256(drawn).digest(count)

    def await_(self, coroutine: Any) -> Any:
        """The result of a coroutine of the store's."""
        return result_of(Deferred.fromCoroutine(coroutine))

    def add_person(self, name: str = "yamada", display_name: str = "山田 太郎") -> Person:
        """Remember somebody."""
        person = Person(
            id=PersonId(self.token_bytes(16).hex()),
            name=name,
            display_name=display_name,
            user_handle=self.token_bytes(64),
            enabled=True,
            created=self.wall,
        )
        self.await_(self.store.add_person(person))
        return person

    def invite(self, person: Person, *, lifetime_s: float = 3_600) -> str:
        """The path of a new enrolment page for that person."""
        token = self.token_bytes(32)
        invitation = Invitation(
            token_hash=hash_token(token),
            person_id=person.id,
            created=self.wall,
            expires=self.wall + lifetime_s,
            used=None,
        )
        self.await_(self.store.issue_invitation(invitation))
        return f"/.gateway/enroll/{tokens.encode(token)}"

    def enrolled(self, name: str = "yamada") -> Browser:
        """A browser whose device holds a passkey of a new person."""
        browser = Browser(self)
        browser.enroll(self.invite(self.add_person(name)))
        return browser


@implementer(IBodyProducer)
class Bytes:
    """A request's body, written at once."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self.length = len(body)

    def startProducing(self, consumer: IConsumer) -> Deferred[None]:  # noqa: N802  Twisted
        """Write it."""
        consumer.write(self._body)
        return succeed(None)

    def stopProducing(self) -> None:
        """It is written already."""

    def pauseProducing(self) -> None:
        """It is written already."""

    def resumeProducing(self) -> None:
        """It is written already."""


class Browser:
    """One browser with its cookies and its device."""

    def __init__(self, house: House, *, device: Authenticator | None = None) -> None:
        self.house = house
        self.cookies: dict[str, str] = {}
        self.device = device or Authenticator(house.public.origin)
        self.language = "ja"

    def request(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: Mapping[str, str | list[str] | None] | None = None,
    ) -> Answer:
        """Send a request; a header of None is left out."""
        self._be_noticed()
        sent = {"Accept-Language": self.language, "User-Agent": "Test/1.0 (Windows NT 10.0)"}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        wanted = {**sent, **(headers or {})}
        fields = Headers(
            {
                name: value if isinstance(value, list) else [value]
                for name, value in wanted.items()
                if value is not None
            }
        )
        url = self.house.public.origin + path
        agent = self.house.agent
        waiting = agent.request(method.encode(), url.encode(), fields, Bytes(body))
        agent.flush()
        return self._read(result_of(waiting))

    def _be_noticed(self) -> None:
        """Use the session, as the proxy says of all that a person does before a page is asked."""
        spelled = self.cookies.get(self.house.pages.cookies.session, "")
        token = tokens.decode(spelled.encode())
        if token is not None:
            self.house.sessions.find(token)

    def _read(self, response: Any) -> Answer:
        headers = {
            name.decode().lower(): [each.decode() for each in values]
            for name, values in response.headers.getAllRawHeaders()
        }
        waiting = treq.content(response)
        self.house.agent.flush()
        answer = Answer(status=response.code, headers=headers, body=result_of(waiting))
        for line in answer.cookies:
            for name, morsel in SimpleCookie(line).items():
                self.cookies[name] = morsel.value
                if morsel["max-age"] == "0":
                    del self.cookies[name]
        return answer

    def open(self, path: str, **headers: str) -> Answer:
        """Navigate there."""
        navigation = {"Accept": "text/html,*/*;q=0.8", "Sec-Fetch-Mode": "navigate"}
        return self.request("GET", path, headers={**navigation, **headers})

    def post(
        self,
        path: str,
        question: object = None,
        headers: Mapping[str, str | list[str] | None] | None = None,
    ) -> Answer:
        """What a script of our page sends."""
        own: dict[str, str | list[str] | None] = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Origin": self.house.public.origin,
            "Sec-Fetch-Site": "same-origin",
            "Sec-Fetch-Mode": "cors",
        }
        body = question if isinstance(question, bytes) else json.dumps(question or {}).encode()
        return self.request("POST", path, body, {**own, **(headers or {})})

    def submit(self, path: str, form: str) -> Answer:
        """What a form of our page sends without script."""
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "text/html",
            "Origin": self.house.public.origin,
            "Sec-Fetch-Site": "same-origin",
            "Sec-Fetch-Mode": "navigate",
        }
        return self.request("POST", path, form.encode(), headers)

    def options(self, way: str = "any") -> dict[str, Any]:
        """Begin a sign-in."""
        answer = self.post("/.gateway/passkey/options", {"way": way})
        assert 200 == answer.status
        return answer.json

    def sign_in(self, **knobs: Any) -> Answer:
        """Begin and finish a sign-in with the device as it is turned."""
        credential = self.device.get(self.options(), **knobs)
        return self.post("/.gateway/passkey/verify", credential)

    def enroll(self, path: str, **knobs: Any) -> Answer:
        """Register the device by that link."""
        options = self.post(f"{path}/options", {"way": "any"})
        if options.status != 200:
            return options
        return self.post(f"{path}/verify", self.device.create(options.json, **knobs))
