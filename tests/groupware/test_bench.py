"""The odd things that web apps do, each at its own address."""

from __future__ import annotations

import json

import pytest

from tests.groupware.running import Groupware
from tests.groupware.staff import Desk, multipart
from tests.instruments.raw_client import RawClient

INNER = b"http://groupware.internal"


@pytest.mark.parametrize(
    ("spelling", "location"),
    [
        (b"absolute", INNER + b"/bench/echo/arrived?x=1"),
        (b"https", b"https://groupware.internal/bench/echo/arrived?x=1"),
        (b"no-scheme", b"//groupware.internal/bench/echo/arrived?x=1"),
        (b"path", b"/bench/echo/arrived?x=1"),
        (b"relative", b"echo/arrived?x=1"),
        (b"fragment", INNER + b"/bench/echo/arrived?x=1#cmd=arrived"),
        (b"elsewhere", b"https://other.example/arrived?x=1"),
    ],
)
def test_redirects_in_every_spelling(client: RawClient, spelling: bytes, location: bytes) -> None:
    """The app redirects by its inner name, by path, relatively, and away."""
    answer = client.ask(b"GET /bench/redirect?to=" + spelling + b" HTTP/1.1\r\n\r\n")

    assert (302, [location]) == (answer.status, answer.values(b"Location"))


def test_refresh_names_the_inner_host(client: RawClient) -> None:
    """The old way to redirect also carries the inner name."""
    answer = client.ask(b"GET /bench/refresh HTTP/1.1\r\n\r\n")

    assert answer.values(b"Refresh") == [b"0;URL=" + INNER + b"/bench/echo/refreshed"]


def test_cookies_of_many_kinds(client: RawClient) -> None:
    """Several lines, inner Domain with and without dot, lower-case name, odd value."""
    answer = client.ask(b"GET /bench/cookies HTTP/1.1\r\n\r\n")

    assert answer.values(b"Set-Cookie") == [
        b"plain=1",
        b"inner=1; Domain=groupware.internal; Path=/",
        b"dotted=1; Path=/; domain=.groupware.internal; HttpOnly",
        b"narrow=1; Path=/bench/deep",
        b"lower=1; Expires=Wed, 01 Jan 2031 00:00:00 GMT; Path=/",
        b"_xsrf=2|3c..%5C|; Path=/",
    ]
    assert (b"set-cookie", b"lower=1; Expires=Wed, 01 Jan 2031 00:00:00 GMT; Path=/") in (
        answer.fields
    )


def test_the_inner_name_is_an_option() -> None:
    """A test may choose what the app calls itself."""
    with Groupware("--internal-name", "inner.example:8080") as app, RawClient(app.port) as client:
        answer = client.ask(b"GET / HTTP/1.1\r\n\r\n")

    assert answer.values(b"Location") == [b"http://inner.example:8080/cgi-bin/dneo/dneo.cgi"]


def test_echo_shows_the_raw_target(client: RawClient) -> None:
    """Semicolons, percent case and Shift_JIS bytes are shown as they came."""
    target = b"/bench/echo/a%2Fb;c=d/%7e//?q=%95\\&r=\x95\x5c"
    answer = client.ask(b"GET " + target + b" HTTP/1.1\r\n\r\n")

    assert json.loads(answer.body)["target"].encode("latin-1") == target


@pytest.mark.parametrize("name", ["Shift_JIS", "EUC-JP", "ISO-2022-JP"])
def test_pages_in_old_charsets(client: RawClient, name: str) -> None:
    """Pages that are not UTF-8, with 0x5C inside a character."""
    answer = client.ask(f"GET /bench/charset?name={name} HTTP/1.1\r\n\r\n".encode())

    assert "予定表と能力の一覧" in answer.body.decode(name)
    assert answer.values(b"Content-Type") == [f"text/html; charset={name}".encode()]


def test_an_answer_without_a_type(client: RawClient) -> None:
    """No Content-Type is sent, so none may be invented."""
    assert client.ask(b"GET /bench/untyped HTTP/1.1\r\n\r\n").values(b"Content-Type") == []


def test_the_apps_own_basic_sign_in(client: RawClient) -> None:
    """401 with a challenge, then the credentials are shown."""
    refused = client.ask(b"GET /bench/basic HTTP/1.1\r\n\r\n")
    let_in = client.ask(b"GET /bench/basic HTTP/1.1\r\nAuthorization: Basic YTpi\r\n\r\n")

    assert refused.values(b"WWW-Authenticate") == [b'Basic realm="app"']
    assert let_in.body == b"Basic YTpi"


def test_a_cookie_of_4_kb(client: RawClient) -> None:
    """Some groupwares send cookies that default limits of proxies refuse."""
    answer = client.ask(b"GET /bench/big-header HTTP/1.1\r\n\r\n")

    assert len(answer.values(b"Set-Cookie")[0]) > 4000


def test_a_service_worker_script(client: RawClient) -> None:
    """A script that a gateway has to refuse when a browser asks for it as a worker."""
    answer = client.ask(b"GET /bench/worker.js HTTP/1.1\r\n\r\n")

    assert answer.values(b"Content-Type") == [b"text/javascript"]


def test_the_urlencoded_form_shows_the_bytes(groupware: Groupware) -> None:
    """What was sent is shown again, as text and in hexadecimal."""
    answer = Desk(groupware.port).post("/bench/form", b"title=%95%5C&text=a%0D%0Ab")

    assert b"<code>955c</code>" in answer.body
    assert b"<code>610d0a62</code>" in answer.body


def test_the_multipart_form_shows_the_bytes(groupware: Groupware) -> None:
    """Fields and files of a multipart form, with a boundary-like text inside."""
    content = b"\r\n--not-the-mark\r\n" + bytes(range(256)) * 300
    body = multipart(
        "mark", ('name="text"', b"\x95\x5c\r\n"), ('name="file"; filename="a.bin"', content)
    )
    answer = Desk(groupware.port).post(
        "/bench/form", body, kind="multipart/form-data; boundary=mark"
    )

    assert b"<code>955c0d0a</code>" in answer.body
    assert f"<dd>{len(content)}<code>".encode() in answer.body


def test_an_unknown_address_is_404(client: RawClient) -> None:
    """No magic elsewhere."""
    assert client.ask(b"GET /nothing HTTP/1.1\r\n\r\n").status == 404
