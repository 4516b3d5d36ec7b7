"""
Who is locked out is out within five seconds, with all that is open; nobody else notices.

At real gateways: one in a single process behind TLS, one with two workers. Each test has three
sessions open, and each session a download, one without a length, a long poll, a WebSocket and a
connection at rest.
"""

from __future__ import annotations

import json
import re
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace

import pytest

from tests.instruments.authenticator import encode
from tests.instruments.certificates import Authority
from tests.instruments.gateway_process import PUBLIC_NAME, GatewayProcess, Setup
from tests.instruments.raw_app import RawApp, answer, close, wait_for
from tests.instruments.raw_client import Ending, RawClient
from tests.wire.conftest import assert_quiet
from tests.wire.door import Door
from tests.wire.signed_in import Visitor, door_of, trusting
from tests.wire.sockets import HANDSHAKE, SWITCHED
from tests.wire.test_websocket import echo_bytes

LIMIT_S = 5.0
"""What is promised."""

PART, WHOLE = b"x" * 65_536, b"x" * 1_000_000
WORKERS = 2
ACCOUNT = "/.gateway/account"


@dataclass(frozen=True, slots=True)
class House:
    """A running gateway, and two people there."""

    gateway: GatewayProcess
    trust: ssl.SSLContext | None
    person: Visitor
    """Whose sessions and passkeys come and go; this passkey stays."""
    bystander: Visitor
    """Somebody whom none of this concerns."""

    def further_device(self) -> tuple[Visitor, bytes]:
        """Another device of that person's, and the session from which it was registered."""
        device, cookie = Visitor(self.gateway, self.trust), self.person.sign_in()
        options = self.person.ask(f"{ACCOUNT}/passkey/options", {"way": "any"}, cookie=cookie)
        created = device.authenticator.create(json.loads(options.body))
        assert 200 == self.person.ask(f"{ACCOUNT}/passkey/verify", created, cookie=cookie).status
        return device, cookie

    def session_id(self, cookie: bytes) -> str:
        """How the account page calls the session in which it is shown."""
        door = replace(door_of(self.gateway, self.person), cookie=cookie)
        page = door.get(ACCOUNT.encode(), fields=b"Sec-Fetch-Mode: navigate\r\n").body.decode()
        return str(re.findall('data-session-id="([0-9a-f]+)"', page)[0])


@pytest.fixture(scope="module", params=["one process", "workers"])
def house(request: pytest.FixtureRequest, lasting_app: RawApp) -> Iterator[House]:
    """The gateway of these tests."""
    if request.param == "workers":
        setup, trust = Setup(backend=lasting_app.url, extra={"listen": {"workers": WORKERS}}), None
    else:
        authority = Authority()
        setup = Setup(backend=lasting_app.url, leaf=authority.issue(PUBLIC_NAME))
        trust = trusting(authority.certificate)
    with GatewayProcess(setup) as gateway:
        people = [newcomer(gateway, trust, name) for name in ("hanako", "jiro")]
        yield House(gateway, trust, *people)
        assert_quiet(gateway)


def newcomer(gateway: GatewayProcess, trust: ssl.SSLContext | None, name: str) -> Visitor:
    """Somebody new with a passkey."""
    gateway.add_person(name)
    visitor = Visitor(gateway, trust)
    visitor.enrol(gateway.invite(name))
    return visitor


class Desk:
    """What one session has open."""

    def __init__(self, stack: ExitStack, door: Door, cookie: bytes, app: RawApp) -> None:
        self.door = replace(door, cookie=cookie)
        clients = [stack.enter_context(door.connect(patience_s=LIMIT_S)) for _ in range(5)]
        self.resting, self.download, self.endless, self.poll, self.socket = clients
        self._open(app)

    def _open(self, app: RawApp) -> None:
        head = self.door.head
        assert 200 == self.resting.ask(head(b"/x")).status
        polls = len(app.exchanges_of(b"/poll"))
        self.poll.send(head(b"/poll"))
        self.socket.send(head(b"/ws", fields=HANDSHAKE))
        self.download.send(head(b"/download"))
        self.endless.send(head(b"/endless").replace(b"HTTP/1.1", b"HTTP/1.0"))
        assert self.socket.read_head().startswith(b"HTTP/1.1 101 ")
        for client in (self.download, self.endless):
            assert b" 200 " in client.read_head()
            assert PART == client.read_exactly(len(PART))
        app.wait_for_exchange(b"/poll", count=polls + 1)

    def assert_closed(self, *, since: float) -> None:
        """All of it was cut within the time that is promised, and nothing looks whole."""
        endings = {
            name: client.rest()
            for name, client in (
                ("download", self.download),
                ("endless", self.endless),
                ("poll", self.poll),
                ("socket", self.socket),
            )
        }
        self._assert_unauthorized(since)

        assert time.monotonic() - since < LIMIT_S
        assert dict.fromkeys(endings, b"") == {name: rest for name, (rest, _) in endings.items()}
        assert Ending.TIMED_OUT not in {ending for _, ending in endings.values()}
        assert Ending.RESET is endings["endless"][1], "an end in good order would look whole"

    def _assert_unauthorized(self, since: float) -> None:
        """The connection at rest and a new one carry nothing for that session any more."""
        statuses = [0]
        while 401 not in statuses and time.monotonic() - since < LIMIT_S:
            statuses = [self.resting.ask(self.door.head(b"/x")).status]
            statuses.append(self.door.get(b"/x").status)
        assert [401, 401] == statuses
        assert 401 == self.door.get(b"/.gateway/account").status

    def assert_open(self) -> None:
        """Nothing of it was touched; the app has said `go` meanwhile."""
        assert 200 == self.resting.ask(self.door.head(b"/x")).status
        self.assert_running()

    def assert_running(self) -> None:
        """What was begun goes on to its end."""
        self.socket.send(b"still here")
        assert b"still here" == self.socket.read_exactly(len(b"still here"))
        assert len(WHOLE) - len(PART) == len(self.download.read_exactly(len(WHOLE) - len(PART)))
        rest, ending = self.endless.rest()
        assert (len(WHOLE) - len(PART), Ending.CLOSED) == (len(rest), ending)
        assert b"news" == self.poll.read_answer().body


@pytest.fixture
def go(app: RawApp) -> Iterator[threading.Event]:
    """Lets the app finish what it has begun."""
    event = threading.Event()
    rest = WHOLE[len(PART) :]
    begun = answer(WHOLE)[: -len(rest)]
    app.play(b"/download", [begun, wait_for(event), rest])
    app.play(b"/endless", [b"HTTP/1.1 200 OK\r\n\r\n", PART, wait_for(event), rest, close])
    app.play(b"/poll", [wait_for(event), answer(b"news")])
    app.play(b"/ws", [SWITCHED, echo_bytes])
    yield event
    event.set()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lockout:
    """Who is to be out, who is to stay, and how it is done."""

    leaving: tuple[bytes, ...]
    staying: tuple[bytes, ...]
    act: Callable[[], object]


def ended_on_the_account_page(house: House) -> Lockout:
    """The person ends one of their sessions in another one."""
    mine, other = house.person.sign_in(), house.person.sign_in()
    question = {"session_id": house.session_id(mine)}
    return Lockout(
        leaving=(mine,),
        staying=(other,),
        act=lambda: act(house.person, "session/end", question, other),
    )


def ended_on_the_command_line(house: House) -> Lockout:
    """An administrator ends a session beside the running service."""
    mine, other = house.person.sign_in(), house.person.sign_in()
    session_id = house.session_id(mine)
    return Lockout(
        leaving=(mine,),
        staying=(other,),
        act=lambda: house.gateway.run("sessions", "end", session_id),
    )


def removed_on_the_account_page(house: House) -> Lockout:
    """The person removes a passkey; what another passkey opened stays."""
    lost, other = house.further_device()
    question = {"credential_id": encode(lost.authenticator.credential_id)}
    return Lockout(
        leaving=(lost.sign_in(),),
        staying=(other,),
        act=lambda: act(house.person, "passkey/remove", question, other),
    )


def removed_on_the_command_line(house: House) -> Lockout:
    """An administrator removes a lost phone's passkey."""
    lost, other = house.further_device()
    key = lost.authenticator.credential_id.hex()
    return Lockout(
        leaving=(lost.sign_in(),),
        staying=(other,),
        act=lambda: house.gateway.run("keys", "remove", "hanako", key),
    )


def disabled_on_the_command_line(house: House) -> Lockout:
    """An administrator disables the person: all their sessions end."""
    device = newcomer(house.gateway, house.trust, "saburo")
    return Lockout(
        leaving=(device.sign_in(), device.sign_in()),
        staying=(),
        act=lambda: house.gateway.run("users", "disable", "saburo"),
    )


def act(person: Visitor, what: str, question: object, cookie: bytes) -> None:
    """Do something on the account page."""
    assert 200 == person.ask(f"{ACCOUNT}/{what}", question, cookie=cookie).status


@pytest.mark.parametrize(
    "way",
    [
        ended_on_the_account_page,
        ended_on_the_command_line,
        removed_on_the_account_page,
        removed_on_the_command_line,
        disabled_on_the_command_line,
    ],
)
def test_whoever_is_locked_out_is_out_within_five_seconds(
    house: House,
    app: RawApp,
    go: threading.Event,
    way: Callable[[House], Lockout],
) -> None:
    """Requests get 401, downloads, polls and WebSockets are cut; everybody else goes on."""
    lockout = way(house)
    door = door_of(house.gateway, house.bystander)
    with ExitStack() as stack:
        leaving = [Desk(stack, door, cookie, app) for cookie in lockout.leaving]
        staying = [Desk(stack, door, cookie, app) for cookie in (*lockout.staying, door.cookie)]

        lockout.act()

        since = time.monotonic()
        for desk in leaving:
            desk.assert_closed(since=since)
        go.set()
        for desk in staying:
            desk.assert_open()


def test_a_step_up_cuts_nothing_and_kills_the_old_token(
    house: House, app: RawApp, go: threading.Event
) -> None:
    """What the session has open lives on; whoever has copied the old cookie has nothing."""
    door = door_of(house.gateway, house.bystander)
    with ExitStack() as stack:
        desk = Desk(stack, door, door.cookie, app)

        renewed = house.bystander.sign_in(over=door.cookie)

        tried: list[RawClient] = [stack.enter_context(door.connect()) for _ in range(8)]
        assert {401} == {client.ask(door.head(b"/x")).status for client in tried}
        assert 401 == desk.resting.ask(door.head(b"/x")).status
        assert 200 == replace(door, cookie=renewed).get(b"/x").status
        go.set()
        desk.assert_running()


def test_what_was_open_before_a_step_up_ends_with_the_session(
    house: House, app: RawApp, go: threading.Event
) -> None:
    """A download that has outlived a step-up is cut at sign-out all the same."""
    door = door_of(house.gateway, house.bystander)
    with ExitStack() as stack:
        desk = Desk(stack, door, door.cookie, app)
        renewed = house.bystander.sign_in(over=door.cookie)

        assert 200 == house.bystander.ask("/.gateway/logout", {}, cookie=renewed).status

        desk.assert_closed(since=time.monotonic())
        assert 401 == replace(door, cookie=renewed).get(b"/x").status
