"""Which request lines are understood: methods, targets, versions."""

from __future__ import annotations

import pytest

from gateway.rules.http1 import BadMessageError, parse_request, skip_leading_crlf

GET = b"GET / HTTP/1.1\r\nHost: gw"


def status_of(head: bytes) -> int:
    """The status with which a head is refused."""
    with pytest.raises(BadMessageError) as caught:
        parse_request(head)
    return caught.value.status


@pytest.mark.parametrize(
    "target",
    [
        b"/",
        b"/a%2Fb",
        b"/a;b=c",
        b"/a;jsessionid=1",
        b"//a//b",
        b"/a/%2e%2e/b",
        b"/a/../b",
        b"/%93%FA",
        b"/?q=%95%5C",
        b"/a?",
        b"/a;?",
        b"/a?x;y",
        b"/a'b()!|\"\\^`{}[]<>",
        b"/~user/%7Euser",
        b"/a%",
        b"/a%zz",
        b"/%00",
        b"/%23",
        b"/x@y:z*$&+,=_-.",
        b"/cgi-bin/dneo/dneo.cgi?cmd=x&y=\\",
        b"/a?\x93\xfa\x95\\=\x83|",
    ],
)
def test_target_kept(target: bytes) -> None:
    """The address reaches the app as the browser wrote it, to the byte."""
    head = parse_request(b"GET " + target + b" HTTP/1.1\r\nHost: gw")

    assert target == head.target


@pytest.mark.parametrize(
    "target",
    [
        b"/a#frag",
        b"#",
        b"/a?x#z",
        b"/a\x7f",
        b"/\x93\xfa",
        b"/\xb0",
        b"/\xb1",
        b"/a\x00",
        b"/a\x01",
        b"/a\tb",
        b"/a b",
        b"/a\rb",
        b"/a\nb",
        b"",
        b"foo",
        b"*",
        b"gw:443",
        b"http://gw/",
        b"http://other/abs",
        b"https://gw/",
        b"?x",
        b"\\",
        b".",
    ],
)
def test_target_refused(target: bytes) -> None:
    """A target that is not a plain path of this host is answered with 400."""
    assert status_of(b"GET " + target + b" HTTP/1.1\r\nHost: gw") == 400


def test_options_asterisk_refused() -> None:
    """OPTIONS * asks about the server itself: 400."""
    assert status_of(b"OPTIONS * HTTP/1.1\r\nHost: gw") == 400


@pytest.mark.parametrize(
    "method",
    [
        b"GET",
        b"HEAD",
        b"POST",
        b"PUT",
        b"PATCH",
        b"DELETE",
        b"OPTIONS",
        b"QUERY",
        b"PROPFIND",
        b"PROPPATCH",
        b"MKCOL",
        b"COPY",
        b"MOVE",
        b"LOCK",
        b"UNLOCK",
        b"REPORT",
        b"SEARCH",
        b"ACL",
        b"MKCALENDAR",
        b"VERSION-CONTROL",
        b"BASELINE-CONTROL",
        b"M-SEARCH",
        b"RPC_IN_DATA",
        b"X2",
    ],
)
def test_method_forwarded(method: bytes) -> None:
    """Methods of the web, WebDAV, CalDAV and their kin pass."""
    assert method == parse_request(method + b" / HTTP/1.1\r\nHost: gw").method


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (b"get / HTTP/1.1", 501),
        (b"Get / HTTP/1.1", 501),
        (b"GeT / HTTP/1.1", 501),
        (b"G|T / HTTP/1.1", 501),
        (b"1GET / HTTP/1.1", 501),
        (b"CONNECT gw:443 HTTP/1.1", 405),
        (b"CONNECT / HTTP/1.1", 405),
        (b"TRACE / HTTP/1.1", 405),
        (b"PRI * HTTP/2.0", 505),
        (b"GET / HTTP/2.0", 505),
        (b"GET / HTTP/0.9", 505),
        (b"GET / HTTP/9.9", 505),
        (b"GET / HTTP/1.2", 400),
        (b"GET / HTTP/1.10", 400),
        (b"GET / HTTP/11", 400),
        (b"GET / HTTP/1", 400),
        (b"GET / HTTP/1.x", 400),
        (b"GET / http/1.1", 400),
        (b"GET / Http/1.1", 400),
        (b"GET / HTTPS/1.1", 400),
        (b"GET / ICY/1.1", 400),
        (b"GET /", 400),
        (b"GET / ", 400),
        (b"GET", 400),
        (b"GET  / HTTP/1.1", 400),
        (b"GET /  HTTP/1.1", 400),
        (b"GET / HTTP/1.1 ", 400),
        (b" GET / HTTP/1.1", 400),
        (b"GET\t/\tHTTP/1.1", 400),
        (b"GET /a b HTTP/1.1", 400),
        (b"GE(T / HTTP/1.1", 400),
        (b"G\xc9T / HTTP/1.1", 400),
        (b"GET\x00 / HTTP/1.1", 400),
        (b"GET / HTTP/1.1\r", 400),
        (b"GET / HTTP/1.1\n", 400),
        (b"GET / HTTP/1.1\nX: y", 400),
        (b"", 400),
    ],
)
def test_request_line_refused(line: bytes, status: int) -> None:
    """A request line in any other form is refused, with the status that says why."""
    assert status == status_of(line + b"\r\nHost: gw")


def test_one_leading_empty_line() -> None:
    """One empty line before a request is forgiven, a second is not."""
    once, twice = skip_leading_crlf(b"\r\n" + GET), skip_leading_crlf(b"\r\n\r\n" + GET)

    assert once == GET
    assert status_of(twice) == 400
    assert skip_leading_crlf(GET) == GET
