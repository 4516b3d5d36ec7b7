"""Who may go where."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.rules.access import Decision, decide, is_navigation
from gateway.rules.http1 import RequestHead, parse_request
from gateway.rules.public import parse_origin

PUBLIC = parse_origin("https://gw.example.co.jp")
BROWSER = "Sec-Fetch-Mode: navigate"
SCRIPT = "Sec-Fetch-Mode: cors"


def head_of(
    target: str, *fields: str, method: str = "GET", host: str = PUBLIC.host
) -> RequestHead:
    """A request for that target."""
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", *fields]
    return parse_request("\r\n".join(lines).encode("latin-1"))


def decision(head: RequestHead, *, is_signed_in: bool) -> Decision:
    """What becomes of it."""
    return decide(head, is_signed_in=is_signed_in, public=PUBLIC).decision


def test_signed_in_people_reach_the_app() -> None:
    """Whoever is signed in reaches every path of the app."""
    seen = decision(head_of("/cgi-bin/dneo/dneo.cgi?cmd=x"), is_signed_in=True)

    assert Decision.APP == seen


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
def test_a_navigation_gets_the_sign_in_page(method: str) -> None:
    """A browser that opens a page without a session gets the sign-in page in its place."""
    seen = decision(head_of("/x", BROWSER, method=method), is_signed_in=False)

    assert Decision.SIGN_IN_PAGE == seen


@pytest.mark.parametrize(
    ("method", "fields"),
    [
        ("GET", [SCRIPT]),
        ("GET", [SCRIPT, "Accept: text/html"]),
        ("GET", ["Sec-Fetch-Mode: no-cors"]),
        ("GET", ["Sec-Fetch-Mode: websocket"]),
        ("GET", ["Accept: text/html", "X-Requested-With: XMLHttpRequest"]),
        ("GET", ["Accept: application/json,text/javascript,*/*"]),
        ("GET", []),
        ("PUT", [BROWSER]),
        ("PROPFIND", ["Accept: text/html"]),
    ],
)
def test_whatever_is_not_a_navigation_gets_json(method: str, fields: list[str]) -> None:
    """A script, a WebDAV client or a program gets 401 JSON, never a page in disguise."""
    seen = decision(head_of("/x", *fields, method=method), is_signed_in=False)

    assert Decision.SIGN_IN_REQUIRED == seen


def test_an_old_browser_is_told_by_what_it_accepts() -> None:
    """Without Sec-Fetch-Mode, a request that accepts text/html is a navigation."""
    head = head_of("/x", "Accept: text/html,application/xhtml+xml")

    assert is_navigation(head.method, head.block.fields)


@pytest.mark.parametrize("is_signed_in", [True, False])
@pytest.mark.parametrize("target", ["/.gateway/login", "/.gateway/", "/.gateway/../x"])
def test_our_prefix_never_reaches_the_app(target: str, is_signed_in: bool) -> None:
    """An address that begins with the exact bytes of our prefix is answered by the gateway."""
    assert Decision.OURS == decision(head_of(target), is_signed_in=is_signed_in)


@pytest.mark.parametrize(
    "target",
    [
        "//.gateway/health",
        "/%2egateway/health",
        "/.gateway%2Fhealth",
        "/.Gateway/health",
        "/x/../.gateway/health",
        "/./.gateway/login",
        "/.gateway",
        "/.gateway;x/login",
        "/.well-known/x?/.gateway/health",
    ],
)
def test_another_spelling_of_our_prefix_opens_nothing(target: str) -> None:
    """A path that only looks like ours needs a session like every path of the app."""
    assert Decision.SIGN_IN_REQUIRED == decision(head_of(target), is_signed_in=False)


def test_health_answers_under_any_host() -> None:
    """A probe that knows the address only by number may ask for health."""
    head = head_of("/.gateway/health", host="10.0.0.1:8443")

    assert Decision.OURS == decision(head, is_signed_in=False)


@pytest.mark.parametrize("target", ["/.gateway/health?x", "/.gateway/healthz", "/.gateway/login"])
def test_nothing_else_answers_under_a_foreign_host(target: str) -> None:
    """The exception for health is that one address, to the byte."""
    head = head_of(target, host="evil.example")

    assert Decision.MISDIRECTED == decision(head, is_signed_in=True)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "gw.example.co.jp.evil.example",
        "gw.example.co.jp.",
        "gw.example.co.jp:80",
        "gw.example.co.jp:8443",
        "[::1]",
        "127.0.0.1",
    ],
)
def test_a_foreign_host_is_misdirected(host: str) -> None:
    """A Host that is not the public name is refused, signed in or not."""
    assert Decision.MISDIRECTED == decision(head_of("/x", host=host), is_signed_in=True)


@pytest.mark.parametrize("host", ["gw.example.co.jp", "GW.Example.CO.JP", "gw.example.co.jp:443"])
def test_the_public_name_may_be_written_in_its_ways(host: str) -> None:
    """Case and the scheme's own port make no difference (RFC 9110 4.2.3)."""
    assert Decision.APP == decision(head_of("/x", host=host), is_signed_in=True)


def test_http_1_0_may_leave_host_out() -> None:
    """A client of HTTP/1.0 without Host is judged by its session alone."""
    head = parse_request(b"GET /x HTTP/1.0")

    assert Decision.SIGN_IN_REQUIRED == decision(head, is_signed_in=False)


UPGRADE = ("Connection: Upgrade", "Upgrade: websocket")


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        (["Origin: https://gw.example.co.jp"], Decision.APP),
        ([], Decision.APP),
        (["Origin: https://evil.example"], Decision.FORBIDDEN),
        (["Origin: http://gw.example.co.jp"], Decision.FORBIDDEN),
        (["Origin: null"], Decision.FORBIDDEN),
        (["origin: https://gw.example.co.jp", "Origin: https://evil.example"], Decision.FORBIDDEN),
    ],
)
def test_a_websocket_comes_from_our_own_origin(origin: list[str], expected: Decision) -> None:
    """Another site cannot open a WebSocket with a person's session (RFC 6455 10.2)."""
    assert expected == decision(head_of("/ws", *UPGRADE, *origin), is_signed_in=True)


def test_a_websocket_needs_a_session() -> None:
    """Without a session a WebSocket's handshake is refused."""
    head = head_of("/ws", *UPGRADE, "Origin: https://gw.example.co.jp")

    assert Decision.SIGN_IN_REQUIRED == decision(head, is_signed_in=False)


@pytest.mark.parametrize("name", ["Service-Worker", "service-worker", "SERVICE-WORKER"])
def test_a_service_worker_of_the_app_is_refused(name: str) -> None:
    """The app cannot install a script that would see the sign-in page."""
    assert Decision.FORBIDDEN == decision(head_of("/sw.js", f"{name}: script"), is_signed_in=True)


@given(
    target=st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="#")),
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "PROPFIND", "OPTIONS"]),
)
def test_nothing_reaches_the_app_without_a_session(target: str, method: str) -> None:
    """Whatever the target and method, without a session the app is not asked."""
    seen = decision(head_of(f"/{target}", BROWSER, method=method), is_signed_in=False)

    assert Decision.APP != seen
