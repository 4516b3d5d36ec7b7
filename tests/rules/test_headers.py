"""Which fields of a request travel on to the app."""

from __future__ import annotations

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.rules.headers import forwarding, line, to_app
from gateway.rules.http1 import parse_block
from gateway.rules.locations import names_for
from gateway.rules.names import HOP_BY_HOP, is_dropped
from gateway.rules.public import parse_origin

PUBLIC = parse_origin("https://gw.example.co.jp")
NAMES = names_for(
    PUBLIC,
    backend_host="127.0.0.1",
    backend_port=8080,
    internal_names=("groupware.internal",),
    preserve_host=True,
)
REWRITING = names_for(
    PUBLIC,
    backend_host="10.0.0.5",
    backend_port=80,
    internal_names=(),
    preserve_host=False,
)


def forwarded(*lines: bytes) -> list[bytes]:
    """The lines that reach the app, of a request with these fields."""
    block = parse_block(b"".join(b"\r\n" + each for each in lines))
    return to_app(block, names=NAMES).splitlines()


BROWSER = [
    b"User-Agent: Mozilla/5.0 (Windows NT 10.0)",
    b"accept: */*",
    b"Accept-Language: ja,en;q=0.8",
    b"Authorization: Basic bmFtZTp4",
    b"Origin: https://gw.example.co.jp",
    b"Referer: https://gw.example.co.jp/x?y",
    b"If: (<opaquelocktoken:1>)",
    b"Depth: infinity",
    b"Destination: https://gw.example.co.jp/b%2Fc",
    b"Range: bytes=0-5",
    b"Content-Type: multipart/form-data; boundary=x",
    b"Content-Encoding: gzip",
    b"X-Requested-With: XMLHttpRequest",
    b"X-CSRF-Token: \x93\xfa",
    b"X-HTTP-Method-Override: PUT",
    b"X-Auth-Token: t",
    b"X-User-Id: rocket",
    b"Via: 1.1 elsewhere",
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    b"Sec-WebSocket-Protocol: mqtt, xmpp",
    b"X-Dup: 1",
    b"x-dup: 2",
    b"X-Empty: ",
]


def test_ordinary_fields_kept() -> None:
    """Whatever the browser says to the app reaches it in order, as written, repeats included."""
    assert forwarded(*BROWSER) == BROWSER


def test_nothing_to_say() -> None:
    """A request of which no field travels on gives no lines, not an empty one."""
    assert to_app(parse_block(b"\r\nHost: gw"), names=NAMES) == b""


@pytest.mark.parametrize("name", sorted(HOP_BY_HOP))
def test_hop_by_hop_removed(name: bytes) -> None:
    """Fields about the browser's own connection do not reach the app."""
    value = b"chunked" if name == b"transfer-encoding" else b"x"

    assert forwarded(b"A: 1", name.title() + b": " + value, b"B: 2") == [b"A: 1", b"B: 2"]


def test_own_framing_removed() -> None:
    """Host, length and expectation are the gateway's to write."""
    lines = (b"Host: gw", b"Content-Length: 5", b"Expect: 100-continue", b"A: 1")

    assert forwarded(*lines) == [b"A: 1"]


def test_nominated_removed() -> None:
    """Fields that Connection names are removed, well-known ones too."""
    lines = (b"Connection: close, X-Hop, User-Agent", b"X-hop: 1", b"User-Agent: y", b"A: 1")

    assert forwarded(*lines) == [b"A: 1"]


def test_nominated_cookie() -> None:
    """A client that names Cookie in Connection sends no cookies."""
    assert forwarded(b"Connection: cookie", b"Cookie: a=1", b"A: 1") == [b"A: 1"]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ((b"Cookie: a=1; b=2",), [b"Cookie: a=1; b=2"]),
        ((b"Cookie: a=1", b"X: y", b"cookie: b=2"), [b"Cookie: a=1; b=2", b"X: y"]),
        ((b"Cookie: a=1;b=2 ; c=", b"Cookie: d"), [b"Cookie: a=1;b=2 ; c=; d"]),
        ((b"X: y", b"Cookie: a=1; __Host-gw=T; b=2"), [b"X: y", b"Cookie: a=1; b=2"]),
        ((b"Cookie: __Host-gw=T", b"X: y"), [b"X: y"]),
        ((b"Cookie: __Host-gw=T", b"Cookie: a=1", b"Cookie: gw=U"), [b"Cookie: a=1"]),
        ((b"Cookie:", b"Cookie: a=1"), [b"Cookie: a=1"]),
        ((b"Cookie: gw-lang=ja; GW-BROWSER=x; gw=T",), []),
    ],
)
def test_cookies(lines: tuple[bytes, ...], expected: list[bytes]) -> None:
    """The app gets one Cookie line with its own cookies to the byte, and none of ours."""
    assert expected == forwarded(*lines)


FAMILY = [
    b"Forwarded",
    b"X-Forwarded",
    b"X-Forwarded-For",
    b"X-Forwarded-Proto",
    b"X-Forwarded-Host",
    b"X-Forwarded-Port",
    b"X-Forwarded-Uri",
    b"X-Forwarded-User",
    b"X-Forwarded-Prefix",
    b"X-Forwarded-Ssl",
    b"X-Forwarded-Client-Cert",
    b"X-Forwarded-Anything-New",
    b"X-Forward-For",
    b"Forwarded-For",
    b"X-Real-IP",
    b"Client-IP",
    b"X-Client-IP",
    b"X-Cluster-Client-IP",
    b"True-Client-IP",
    b"CF-Connecting-IP",
    b"CF-Access-Jwt-Assertion",
    b"Fastly-Client-IP",
    b"X-Originating-IP",
    b"Remote-User",
    b"Remote-Name",
    b"Remote-Email",
    b"Remote-Groups",
    b"Remote-Addr",
    b"X-Remote-User",
    b"X-Remote-Addr",
    b"X-Remote-Groups",
    b"Proxy",
    b"Proxy-User",
    b"X-Proxy-User",
    b"WL-Proxy-Client-IP",
    b"X-Gateway-Jwt",
    b"X-Gateway-User",
    b"X-Original-URL",
    b"X-Original-Host",
    b"X-Original-Method",
    b"X-Rewrite-URL",
    b"X-Auth-Request-User",
    b"X-Auth-Request-Email",
    b"X-Auth-User",
    b"X-Authenticated-User",
    b"X-Authenticated-Userid",
    b"X-Webauth-User",
    b"X-Webauth-Groups",
    b"X-Authentik-Username",
    b"X-Pomerium-Jwt-Assertion",
    b"X-Goog-Authenticated-User-Email",
    b"X-Goog-Iap-Jwt-Assertion",
    b"X-Amzn-Oidc-Data",
    b"X-Ms-Client-Principal",
    b"X-Ms-Client-Principal-Name",
    b"Tailscale-User-Login",
    b"X-Envoy-External-Address",
    b"X-Accel-Mapping",
    b"X-Sendfile-Type",
    b"X-SSL-Client-Cert",
    b"SSL-Client-S-Dn",
    b"Client-Cert",
    b"X-User",
    b"X-Scheme",
    b"Front-End-Https",
    b"OIDC-Claim-Sub",
    b"Shib-Identity-Provider",
    b"SM-User",
    b"IV-User",
    b"OAM-Remote-User",
    b"Auth-User",
    b"Script-Name",
]


@pytest.mark.parametrize("name", FAMILY)
def test_forged_identity_removed(name: bytes) -> None:
    """Nothing by which somebody could pose as another reaches the app, however it is spelled."""
    spellings = [
        name,
        name.lower(),
        name.upper(),
        name.swapcase(),
        name.replace(b"-", b"_"),
        name.lower().replace(b"-", b"_"),
        name.replace(b"-", b"_", 1),
        name.replace(b"-", b"."),
        name.replace(b"-", b"~"),
        name.replace(b"-", b"!"),
        name.replace(b"-", b"+", 1),
    ]

    reached = forwarded(b"A: 1", *[each + b": bob" for each in spellings], b"B: 2")

    assert [b"A: 1", b"B: 2"] == reached


@pytest.mark.parametrize(
    "name",
    [b"X_Anything", b"_", b"User_Agent", b"Content_Length", b"COOKIE_", b"HTTP_HOST", b"a_b-c"],
)
def test_underscores_removed(name: bytes) -> None:
    """A name with an underscore never reaches the app: to many it is another name."""
    assert forwarded(name + b": 5", b"A: 1") == [b"A: 1"]


@pytest.mark.parametrize("name", [b"Content.Length", b"Transfer~Encoding", b"Proxy.Connection"])
def test_framing_in_disguise_removed(name: bytes) -> None:
    """A name that some servers would fold into a length or an encoding is removed."""
    assert forwarded(name + b": 5", b"A: 1") == [b"A: 1"]


NAME_BYTES = st.sampled_from([b"x", b"X", b"-", b"_", b".", b"forwarded", b"FOR", b"remote"])


@given(st.lists(NAME_BYTES, min_size=1, max_size=6).map(b"".join))
def test_forged_names_by_chance(name: bytes) -> None:
    """No mixture of case and marks makes a forwarding field pass."""
    folded = name.lower().replace(b"_", b"-").replace(b".", b"-")

    if folded.startswith((b"x-forwarded-", b"remote-", b"x-remote-")):
        assert is_dropped(name)


def test_destination_mapped() -> None:
    """An app that is given its own name gets WebDAV's Destination and If under that name."""
    block = parse_block(
        b"\r\nDestination: https://gw.example.co.jp/b\r\nIf: <https://gw.example.co.jp/a> (<x:1>)",
    )

    expected = b"Destination: http://10.0.0.5/b\r\nIf: <http://10.0.0.5/a> (<x:1>)\r\n"
    assert expected == to_app(block, names=REWRITING)


def test_forwarding() -> None:
    """The app is told, once, who asked, by which scheme and under which name."""
    lines = forwarding(client="2001:db8::1", scheme="https", authority="gw.example.co.jp:8443")

    assert lines == (
        b"X-Forwarded-For: 2001:db8::1\r\n"
        b"X-Forwarded-Proto: https\r\n"
        b"X-Forwarded-Host: gw.example.co.jp:8443\r\n"
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (b"X", b"a\rb"),
        (b"X", b"a\nb"),
        (b"X", b"a\x00b"),
        (b"X", b"a\r\nY: b"),
        (b"X", b"a\n"),
        (b"X:", b"y"),
        (b"X\r\n", b"y"),
        (b"X ", b"y"),
        (b"", b"y"),
    ],
)
def test_line_is_one_line(name: bytes, value: bytes) -> None:
    """Nothing that we write is ever more than one field line."""
    with pytest.raises(ValueError, match="not a field line"):
        line(name, value)


def test_line() -> None:
    """A field line is name, colon, blank, value and CRLF."""
    assert line(b"Host", b"gw") == b"Host: gw\r\n"


FIELD = st.tuples(
    st.sampled_from([b"Accept", b"X-Y", b"Cookie", b"Connection", b"Remote-User", b"If", b"x.y"]),
    st.binary(max_size=30).map(lambda each: each.translate(None, bytes(range(32)) + b"\x7f")),
)


@given(st.lists(FIELD, max_size=8))
def test_what_reaches_the_app_is_well_formed(fields: list[tuple[bytes, bytes]]) -> None:
    """Another reader takes the lines that we write for the fields that we meant."""
    block = parse_block(b"".join(b"\r\n" + name + b":" + value for name, value in fields))
    reader = h11.Connection(h11.SERVER)

    reader.receive_data(b"GET / HTTP/1.1\r\nHost: x\r\n" + to_app(block, names=NAMES) + b"\r\n")
    request = reader.next_event()

    assert isinstance(request, h11.Request)
    passed = [name for name, _ in request.headers]
    assert {b"host", b"accept", b"x-y", b"cookie", b"if", b"x.y"} >= set(passed)
    assert passed.count(b"cookie") <= 1
