"""The same requests to copyparty with and without the gateway: the answers are the same."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest

from tests.apps.cabinet import FIXED_HTTP_DATE, NFC, NFD, ROOM, SHIFT_JIS, TABLE, Cabinet
from tests.apps.copyparty import ACCOUNT, PASSWORD, Copyparty
from tests.apps.curl import Curl
from tests.apps.fidelity import Pair, Request, seen
from tests.wire.door import Door

PAGE = ("Accept: text/html", "User-Agent: Mozilla/5.0 (X11; Linux x86_64)")
LOCK = (
    b'<?xml version="1.0"?><D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope>'
    b"<D:locktype><D:write/></D:locktype><D:owner>hanako</D:owner></D:lockinfo>"
)
TOUCH = (
    b'<?xml version="1.0"?><D:propertyupdate xmlns:D="DAV:" xmlns:Z="urn:schemas-microsoft-com:">'
    b"<D:set><D:prop><Z:Win32LastModifiedTime>Tue, 14 Nov 2023 22:13:20 GMT"
    b"</Z:Win32LastModifiedTime></D:prop></D:set></D:propertyupdate>"
)
WRONG_LOGIN = (
    b'--x\r\nContent-Disposition: form-data; name="act"\r\n\r\nlogin\r\n'
    b'--x\r\nContent-Disposition: form-data; name="uname"\r\n\r\nhanako\r\n'
    b'--x\r\nContent-Disposition: form-data; name="cppwd"\r\n\r\nwrong\r\n--x--\r\n'
)

DESTINATION = "Destination: {origin}{room}/%E8%A1%A8%20new.txt"
OCCUPIED = "Destination: {origin}{room}/%E3%83%A1%E3%83%A2.txt"

# What the app says to it, and the request.
# Targets are names in the cabinet, or addresses where they begin with a slash.
REQUESTS: dict[str, tuple[int, Request]] = {
    "the page": (200, Request(target="", fields=PAGE)),
    "the listing": (200, Request(target="?ls")),
    "a search": (200, Request(target="?ls&q=%E8%A1%A8;x=%95%5C")),
    "NFC": (200, Request(target=NFC)),
    "NFD": (200, Request(target=NFD)),
    "shift_jis": (200, Request(target=SHIFT_JIS)),
    "marks": (200, Request(target="a;b=c&d+e%41.txt")),
    "not there": (404, Request(target="無い.txt", fields=PAGE)),
    "head": (200, Request(method="HEAD", target=TABLE)),
    "head of a page": (200, Request(method="HEAD", target="", fields=PAGE)),
    "range": (206, Request(target=TABLE, fields=("Range: bytes=10-19",))),
    "last bytes": (206, Request(target=TABLE, fields=("Range: bytes=-3",))),
    "two ranges": (200, Request(target=TABLE, fields=("Range: bytes=0-1,4-5",))),
    "past the end": (416, Request(target=TABLE, fields=("Range: bytes=999-",))),
    "if-range": (
        206,
        Request(target=TABLE, fields=("Range: bytes=0-4", f"If-Range: {FIXED_HTTP_DATE}")),
    ),
    "if-range, changed": (
        200,
        Request(
            target=TABLE, fields=("Range: bytes=0-4", "If-Range: Tue, 14 Nov 2023 22:13:21 GMT")
        ),
    ),
    "not modified": (
        304,
        Request(target=TABLE, fields=(f"If-Modified-Since: {FIXED_HTTP_DATE}",)),
    ),
    "script, gzip": (200, Request(target="/.cpr/w/util.js", fields=("Accept-Encoding: gzip",))),
    "script, plain": (200, Request(target="/.cpr/w/util.js")),
    "zip": (200, Request(target="?zip")),
    "tar": (200, Request(target="?tar")),
    "options": (200, Request(method="OPTIONS", target="")),
    "propfind 0": (207, Request(method="PROPFIND", target="", fields=("Depth: 0",))),
    "propfind 1": (207, Request(method="PROPFIND", target="", fields=("Depth: 1",))),
    "proppatch": (207, Request(method="PROPPATCH", target=TABLE, body=TOUCH)),
    "lock": (
        200,
        Request(method="LOCK", target=TABLE, fields=("Timeout: Second-600",), body=LOCK),
    ),
    "unlock": (204, Request(method="UNLOCK", target=TABLE, fields=("Lock-Token: <x>",))),
    "mkcol": (201, Request(method="MKCOL", target="新しい")),
    "mkcol, there": (405, Request(method="MKCOL", target=ROOM)),
    "put": (201, Request(method="PUT", target="報告.txt", body="本文".encode())),
    "put over": (201, Request(method="PUT", target=TABLE, body=b"new")),
    "delete": (200, Request(method="DELETE", target=NFD)),
    "delete, not there": (404, Request(method="DELETE", target="無い.txt")),
    "wrong password": (
        200,
        Request(
            method="POST",
            target="/?h",
            fields=("Content-Type: multipart/form-data; boundary=x",),
            body=WRONG_LOGIN,
        ),
    ),
    "move": (201, Request(method="MOVE", target=TABLE, fields=(DESTINATION,))),
    "move, there": (400, Request(method="MOVE", target=NFC, fields=(OCCUPIED, "Overwrite: F"))),
    "copy": (201, Request(method="COPY", target=NFC, fields=(DESTINATION,))),
    "copy over": (201, Request(method="COPY", target=NFC, fields=(OCCUPIED,))),
}


@pytest.fixture
def pair(copyparty: Copyparty, door: Door, curl: Curl) -> Pair:
    """Both ways to copyparty, logged in there."""
    cookie = f"cppws={curl.cookies()['cppws']}"
    return Pair(app_port=copyparty.port, door=door, cookie=cookie.encode("ascii"))


@pytest.mark.parametrize(("status", "request_"), REQUESTS.values(), ids=REQUESTS)
def test_a_request_has_the_same_answer_and_effect(
    pair: Pair, cabinet: Cabinet, status: int, request_: Request
) -> None:
    """Whatever is asked of the app, the gateway changes neither its answer nor what it does."""
    request = _addressed(request_, cabinet, pair.door.origin.decode("ascii"))
    straight = pair.straight(request)
    effect = cabinet.tree()
    cabinet.arrange()

    through = pair.through(request)

    assert status == straight.status
    assert seen(straight) == seen(through)
    assert effect == cabinet.tree()


@pytest.mark.parametrize(
    ("status", "credentials"),
    [
        pytest.param(401, "", id="the app asks for a password"),
        pytest.param(207, f"{ACCOUNT}:{PASSWORD}", id="the app gets the password"),
    ],
)
def test_the_apps_own_basic_authentication_passes(
    pair: Pair, cabinet: Cabinet, status: int, credentials: str
) -> None:
    """An app that asks WebDAV clients for a password goes on doing so behind the gateway."""
    encoded = base64.b64encode(credentials.encode("ascii")).decode("ascii")
    fields = ("Depth: 0", f"Authorization: Basic {encoded}") if credentials else ("Depth: 0",)
    request = Request(method="PROPFIND", target=cabinet.target, fields=fields)
    unknown = replace(pair, cookie=b"other=1")

    straight, through = unknown.straight(request), unknown.through(request)

    assert status == straight.status
    assert seen(straight) == seen(through)


def _addressed(request: Request, cabinet: Cabinet, origin: str) -> Request:
    fields = tuple(field.format(origin=origin, room=cabinet.of(ROOM)) for field in request.fields)
    if request.target.startswith("/"):
        return replace(request, fields=fields)
    name, mark, query = request.target.partition("?")
    return replace(request, target=cabinet.of(name) + mark + query, fields=fields)
