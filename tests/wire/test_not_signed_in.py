"""Nothing of the app shows, and nothing reaches it, before sign-in."""

from __future__ import annotations

import json

import pytest

from tests.instruments.raw_app import RawApp
from tests.instruments.raw_client import Ending
from tests.wire.door import Door, assert_app_saw_nothing

NAVIGATION = b"Sec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\nAccept: text/html\r\n"

PATHS = [
    b"/",
    b"/dneo.cgi?cmd=1",
    b"/.gateway",
    b"/.gatewayx/",
    b"/.gateway%2f",
    b"//.gateway/health",
    b"/x/../.gateway/health",
    b"/.GATEWAY/health",
    b"/%2egateway/health",
    b"/.gateway%2fhealth",
    b"/./.gateway/health",
    b"/\\.gateway/health",
    b"/.gateway;/health",
    b"/a?/.gateway/health",
    b"/sign-in-required",
    b"/.well-known/",
    b"/health",
    b"/livez",
    b"/metrics",
    b"/favicon.ico",
    b"/robots.txt",
]

PATHS_INSIDE = [
    b"/.gateway/",
    b"/.gateway/..",
    b"/.gateway/../",
    b"/.gateway/../dneo.cgi",
    b"/.gateway/%2e%2e/dneo.cgi",
    b"/.gateway/..%2fdneo.cgi",
    b"/.gateway/..;/dneo.cgi",
    b"/.gateway//../../dneo.cgi",
    b"/.gateway/health/../../dneo.cgi",
    b"/.gateway/nothing-here",
    b"/.gateway/%93%FA",
    b"/.gateway/%00",
    b"/.gateway/\\..\\dneo.cgi",
]

COOKIES = {
    "empty": b"gw=",
    "not base64": b"gw=!!!",
    "short": b"gw=AAAA",
    "unknown": b"gw=" + b"A" * 43,
    "long": b"gw=" + b"A" * 10_000,
    "eight bits": b"gw=\xff\xfe" + b"A" * 41,
    "quoted": b'gw="' + b"A" * 43 + b'"',
    "only the name": b"gw",
    "another's name": b"__Host-gw=" + b"A" * 43,
    "nothing": b"",
    "semicolons": b";;;=;=;",
}

METHODS = [b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"PATCH", b"PROPFIND", b"FOO"]


@pytest.mark.parametrize("path", PATHS)
def test_paths(app: RawApp, door: Door, path: bytes) -> None:
    """Without a session every path gets the same 401, whether the app has it or not."""
    since = app.received_count

    answer = door.ask(door.head(path, is_signed_in=False))

    assert answer.status == 401
    assert_app_saw_nothing(app, door, since=since)


@pytest.mark.parametrize("path", PATHS_INSIDE)
@pytest.mark.parametrize("is_signed_in", [False, True], ids=["stranger", "signed in"])
def test_our_prefix_is_never_forwarded(
    app: RawApp, either_door: Door, path: bytes, *, is_signed_in: bool
) -> None:
    """What begins with /.gateway/ never reaches the app, whatever path tricks follow."""
    since = app.received_count

    answer = either_door.ask(either_door.head(path, is_signed_in=is_signed_in))

    assert 400 <= answer.status < 500
    assert_app_saw_nothing(app, either_door, since=since)


@pytest.mark.parametrize("method", METHODS)
def test_methods(app: RawApp, door: Door, method: bytes) -> None:
    """Without a session every method gets 401."""
    answer = door.ask(door.head(b"/a", method=method, is_signed_in=False), method=method)

    assert answer.status == 401
    assert [] == app.exchanges


@pytest.mark.parametrize("cookie", COOKIES.values(), ids=COOKIES.keys())
def test_bad_cookies(app: RawApp, door: Door, cookie: bytes) -> None:
    """A damaged, forged or oversized session cookie is no session, and no server error."""
    fields = b"Cookie: " + cookie + b"\r\n"

    assert door.ask(door.head(b"/a", fields=fields, is_signed_in=False)).status == 401
    assert [] == app.exchanges


@pytest.mark.parametrize(
    "fields",
    [
        b"Cookie: %(good)b; gw=AAAA\r\n",
        b"Cookie: gw=AAAA; %(good)b\r\n",
        b"Cookie: %(good)b; %(good)b\r\n",
        b"Cookie: %(good)b\r\nCookie: gw=AAAA\r\n",
        b"Cookie: gw=AAAA\r\nCookie: %(good)b\r\n",
    ],
    ids=["behind", "before", "twice", "second field", "first field"],
)
def test_session_cookie_twice(app: RawApp, door: Door, fields: bytes) -> None:
    """A session cookie that stands twice is no session: somebody tossed one in."""
    fields = fields % {b"good": door.cookie}

    assert door.ask(door.head(b"/a", fields=fields, is_signed_in=False)).status == 401
    assert [] == app.exchanges


@pytest.mark.parametrize("place", [b"X-Cookie", b"Authorization", b"Cookie2", b"Co_okie"])
def test_cookie_elsewhere(app: RawApp, door: Door, place: bytes) -> None:
    """A session counts in the Cookie field alone."""
    fields = place + b": " + door.cookie + b"\r\n"

    assert door.ask(door.head(b"/a", fields=fields, is_signed_in=False)).status == 401
    assert [] == app.exchanges


def test_session_in_the_query(app: RawApp, door: Door) -> None:
    """A session in the address opens nothing."""
    assert door.ask(door.head(b"/a?" + door.cookie, is_signed_in=False)).status == 401
    assert [] == app.exchanges


@pytest.mark.parametrize(
    "fields",
    [
        b"",
        b"Accept: */*\r\n",
        b"Accept: application/json\r\n",
        b"Sec-Fetch-Mode: cors\r\nAccept: text/html\r\n",
        b"Sec-Fetch-Mode: no-cors\r\n",
        b"X-Requested-With: XMLHttpRequest\r\nAccept: text/html\r\n",
    ],
    ids=["nothing", "any", "JSON", "fetch", "image", "XMLHttpRequest"],
)
def test_script_gets_json(door: Door, fields: bytes) -> None:
    """A script gets 401 and exactly the JSON of the contract, which nobody may store."""
    answer = door.ask(door.head(b"/api?x=1", fields=fields, is_signed_in=False))

    wanted = {
        "error": "sign_in_required",
        "sign_in": door.origin.decode() + "/.gateway/login",
    }
    assert 401 == answer.status
    assert [b"application/json"] == answer.values(b"content-type")
    assert wanted == json.loads(answer.body)
    assert [b"no-store"] == answer.values(b"cache-control")


@pytest.mark.parametrize("method", [b"GET", b"POST"])
def test_navigation_gets_the_page(app: RawApp, either_door: Door, method: bytes) -> None:
    """A navigation gets 401 and the sign-in page at the same address: no redirect."""
    fields = NAVIGATION + (b"Content-Length: 3\r\n" if method == b"POST" else b"")
    head = either_door.head(b"/a?b=c", method=method, fields=fields, is_signed_in=False)

    answer = either_door.ask(head + (b"a=1" if method == b"POST" else b""))

    assert 401 == answer.status
    assert answer.values(b"content-type")[0].startswith(b"text/html")
    assert b'id="passkey"' in answer.body
    assert [] == answer.values(b"location")
    assert [b"no-store"] == answer.values(b"cache-control")
    assert [] == app.exchanges


def test_navigation_with_a_big_body(app: RawApp, door: Door) -> None:
    """A half-written mail with attachments meets the sign-in page, whole, and then the end."""
    body = bytes(3_000_000)
    fields = NAVIGATION + b"Content-Length: %d\r\n" % len(body)

    with door.connect() as client:
        client.send(door.head(b"/m", method=b"POST", fields=fields, is_signed_in=False))
        answer = client.read_answer()
        client.send(body)
        rest = client.rest()

    assert (401, [b"close"]) == (answer.status, answer.values(b"connection"))
    assert (b"", Ending.CLOSED) == rest
    assert [] == app.exchanges


@pytest.mark.parametrize(
    ("framing", "is_chunked"),
    [(b"Content-Length: 62914560\r\n", False), (b"Transfer-Encoding: chunked\r\n", True)],
    ids=["length", "chunked"],
)
@pytest.mark.parametrize(
    "kind", [b"multipart/form-data; boundary=a", b"application/json"], ids=["multipart", "JSON"]
)
def test_big_body_for_a_page_of_ours(
    door: Door, framing: bytes, kind: bytes, *, is_chunked: bool
) -> None:
    """A stranger's huge form for a page of ours gets 413, costs no memory, delays nobody."""
    fields = framing + b"Content-Type: " + kind + b"\r\nOrigin: " + door.origin + b"\r\n"
    head = door.head(b"/.gateway/logout", method=b"POST", fields=fields, is_signed_in=False)
    block = b"--a\r\n" * 14_000
    piece = b"%x\r\n%b\r\n" % (len(block), block) if is_chunked else block
    before = door.rss_bytes()

    with door.connect() as client:
        client.send(head, piece, piece)
        answer = client.read_answer()
        assert door.ask(door.head(b"/.gateway/health", is_signed_in=False)).status == 200

    assert 413 == answer.status
    assert door.rss_bytes() - before < 16 << 20


def test_no_second_request_in_an_unread_body(app: RawApp, door: Door) -> None:
    """What follows an early 401 is the rest of the body, never a second request."""
    fields = b"Content-Length: 1000000\r\n"
    head = door.head(b"/a", method=b"POST", fields=fields, is_signed_in=False)

    with door.connect() as client:
        client.send(head + b"x" * 100 + door.head(b"/smuggled"))
        answer = client.read_answer()
        more = client.hear(within_s=0.3)

    assert (401, [b"close"]) == (answer.status, answer.values(b"connection"))
    assert b"" == more
    assert_app_saw_nothing(app, door, since=app.received_count)


def test_mixed_on_one_connection(app: RawApp, either_door: Door) -> None:
    """With and without session, app and own pages: each request of a connection by its own."""
    requests = [
        (either_door.head(b"/one"), 200),
        (either_door.head(b"/two", is_signed_in=False), 401),
        (either_door.head(b"/.gateway/health", is_signed_in=False), 200),
        (either_door.post(b"/three", b"hello"), 200),
        (either_door.head(b"/.gateway/nothing"), 404),
        (either_door.head(b"/four", fields=NAVIGATION, is_signed_in=False), 401),
        (either_door.head(b"/five"), 200),
    ]

    with either_door.connect() as client:
        client.send(b"".join(request for request, _ in requests))
        statuses = [client.read_answer().status for _ in requests]

    assert [status for _, status in requests] == statuses
    assert [b"/one", b"/three", b"/five"] == [each.target for each in app.exchanges]


def test_health_says_no_more(door: Door) -> None:
    """The public health address says pass or fail and nothing else."""
    answer = door.ask(door.head(b"/.gateway/health", is_signed_in=False))

    assert (200, {"status": "pass"}) == (answer.status, json.loads(answer.body))
