"""
Smuggling, second part: chunks, pipelines, Expect, Upgrade, HTTP/1.0, and what never ends.

Broken chunks are sent behind a good head, so the app may see that the request begins; it must
never see it whole, nor what follows it (`BROKEN`). Rows of `STREAMS` are whole conversations.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.corpora.cases import Case, Passed, Refused, Seen, Waits

CHUNKED_POST = b"POST /x HTTP/1.1\r\n<me>Transfer-Encoding: chunked\r\n\r\n"
LAST = b"0\r\n\r\n"

BROKEN: Mapping[str, tuple[bytes, str]] = {
    "0x5": (b"0x5\r\nhello\r\n0\r\n\r\n", "strtol; Waitress, gunicorn"),
    "+5": (b"+5\r\nhello\r\n0\r\n\r\n", "int(); Twisted, aiohttp"),
    "-5": (b"-5\r\nhello\r\n0\r\n\r\n", "int()"),
    "0_5": (b"0_5\r\nhello\r\n0\r\n\r\n", "Python's int()"),
    "blank before": (b" 5\r\nhello\r\n0\r\n\r\n", "int()"),
    "blank behind": (b"5 \r\nhello\r\n0\r\n\r\n", "trimmed by some, RFC 9112 7.1.1 bad blank"),
    "tab behind": (b"5\t\r\nhello\r\n0\r\n\r\n", "trimmed by some"),
    "VT behind": (b"5\x0b\r\nhello\r\n0\r\n\r\n", "isspace() of C"),
    "NUL behind": (b"5\x00\r\nhello\r\n0\r\n\r\n", "a C string"),
    "no size": (b"\r\nhello\r\n0\r\n\r\n", "0?"),
    "no size, extension": (b";a\r\nhello\r\n0\r\n\r\n", "0?"),
    "a letter": (b"5g\r\nhello\r\n0\r\n\r\n", "strtol stops"),
    "full width": (b"\xef\xbc\x95\r\nhello\r\n0\r\n\r\n", "Python's str.isdigit()"),
    "16 digits": (b"0000000000000005\r\nhello\r\n0\r\n\r\n", "some count digits, some overflow"),
    "2^64 + 5": (b"10000000000000005\r\nhello\r\n0\r\n\r\n", "overflow; hyper CVE-2021-32714"),
    "2^64 - 1": (b"FFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n", "-1"),
    "a comma": (b"5,5\r\nhello\r\n0\r\n\r\n", "strtol stops"),
    "LF behind the size": (b"5\nhello\r\n0\r\n\r\n", "Go CVE-2025-22871"),
    "CR behind the size": (b"5\rhello\r\n0\r\n\r\n", "a lone CR"),
    "CR CR LF": (b"5\r\r\nhello\r\n0\r\n\r\n", "a lone CR"),
    "LF LF": (b"5\n\nhello\r\n0\r\n\r\n", "a lone LF"),
    "LF in an extension": (
        b"5;a\nhello\r\n0\r\n\r\n",
        "TERM.EXT: one ends the line, one does not",
    ),
    "CR in an extension": (b"5;a\rb\r\nhello\r\n0\r\n\r\n", "EXT.TERM; Kestrel CVE-2025-55315"),
    "NUL in an extension": (b"5;a\x00b\r\nhello\r\n0\r\n\r\n", "a C string"),
    "a request in an extension": (
        b"0;\nGET /smuggled HTTP/1.1\r\n<me>\r\n",
        "the line's end is the body's end for one, an extension for the other",
    ),
    "LF in the last extension": (b"5\r\nhello\r\n0;a\n\r\n\r\n", "TERM.EXT"),
    "extension of 2 KB": (
        b"5;" + b"a" * 2048 + b"\r\nhello\r\n0\r\n\r\n",
        "costs and gives nothing",
    ),
    "size of 2 KB": (b"0" * 2048 + b"5\r\nhello\r\n0\r\n\r\n", "costs and gives nothing"),
    "no CRLF behind": (b"5\r\nhello0\r\n\r\n", "SPILL: two bytes are skipped unread"),
    "XX behind": (b"5\r\nhelloXX0\r\n\r\n", "SPILL: two bytes are skipped unread"),
    "LF behind": (b"5\r\nhello\n0\r\n\r\n", "ONE.TWO: one byte skipped or two"),
    "CR behind": (b"5\r\nhello\r0\r\n\r\n", "ONE.TWO"),
    "LF CR behind": (b"5\r\nhello\n\r0\r\n\r\n", "TWO: not in this order"),
    "CR X behind": (b"5\r\nhello\rX0\r\n\r\n", "two bytes skipped unread"),
    "one too many": (b"5\r\nhello!\r\n0\r\n\r\n", "the size rules"),
    "one too few": (b"6\r\nhello\r\n0\r\n\r\n", "the size rules"),
    "LF ends the body": (b"5\r\nhello\r\n0\n\r\n", "a lone LF"),
    "LF LF ends the body": (b"5\r\nhello\r\n0\r\n\n", "a lone LF"),
    "CR X ends the body": (b"5\r\nhello\r\n0\r\n\rX", "two bytes skipped unread"),
    "a request as trailer": (
        b"0\r\nGET /smuggled HTTP/1.1\r\n<me>\r\n",
        "the last CRLF forgotten: trailers for one, a request for the other",
    ),
    "trailer without colon": (b"0\r\nbad\r\n\r\n", "skipped by some"),
    "trailer with blank": (b"0\r\nX : 1\r\n\r\n", "RFC 9112 5.1"),
    "trailer, folded": (b"0\r\nX: 1\r\n 2\r\n\r\n", "obs-fold"),
    "trailer, folded first": (b"0\r\n X: 1\r\n\r\n", "obs-fold"),
    "trailer with LF": (b"0\r\nX: 1\nY: 2\r\n\r\n", "a lone LF"),
    "trailer with LF LF": (b"0\r\nX: 1\n\nGET /smuggled HTTP/1.1\r\n\r\n", "the end to some"),
    "trailer with CR": (b"0\r\nX: 1\rY: 2\r\n\r\n", "a lone CR"),
    "trailer with NUL": (b"0\r\nX: \x00\r\n\r\n", "a C string"),
    "trailer with empty name": (b"0\r\n: 1\r\n\r\n", "ends them for some"),
    "trailers of 9 KB": (b"0\r\n" + b"X: 1\r\n" * 1600 + b"\r\n", "cost and give nothing"),
}

GOOD_CHUNKS: Mapping[str, tuple[bytes, bytes, str]] = {
    "none": (LAST, b"", "an empty body"),
    "capitals": (b"A\r\n0123456789\r\n" + LAST, b"0123456789", "hexadecimal has no case"),
    "small": (b"a\r\n0123456789\r\n" + LAST, b"0123456789", "hexadecimal has no case"),
    "zeros": (b"0005\r\nhello\r\n0000\r\n\r\n", b"hello", "the same number"),
    "an extension": (b"5;a=b\r\nhello\r\n0;c\r\n\r\n", b"hello", "RFC 9112 7.1.1"),
    "an empty extension": (b"5;\r\nhello\r\n" + LAST, b"hello", "harmless"),
    "a quoted extension": (b'5;a="\\" ;x"\r\nhello\r\n' + LAST, b"hello", "RFC 9112 7.1.1"),
    "a CRLF inside": (b"7\r\nhel\r\nlo\r\n" + LAST, b"hel\r\nlo", "payload is payload"),
    "an end inside": (b"5\r\n0\r\n\r\n\r\n" + LAST, LAST, "payload is payload"),
    "a request inside": (b"5\r\nGET /\r\n" + LAST, b"GET /", "payload is payload"),
    "a trailer": (b"5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n", b"hello", "dropped"),
    "a length as trailer": (b"0\r\nContent-Length: 99\r\n\r\n", b"", "dropped, RFC 9110 6.5.1"),
    "an encoding as trailer": (b"0\r\nTransfer-Encoding: chunked\r\n\r\n", b"", "dropped"),
    "Host as trailer": (b"0\r\nHost: evil.example\r\nCookie: <session>\r\n\r\n", b"", "dropped"),
}

GET = b"GET /x HTTP/1.1\r\n<me>"
POST = b"POST /x HTTP/1.1\r\n<me>"
H2C = (
    b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"
)
X, Y = Seen(b"GET", b"/x"), Seen(b"GET", b"/y")
HELLO = Seen(b"POST", b"/x", b"hello")
GET_Y = b"GET /y HTTP/1.1\r\n<me>\r\n"
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"

STREAMS: Mapping[str, tuple[bytes, Passed | Refused | Waits, str]] = {
    "one empty line before": (b"\r\n" + GET + b"\r\n", Passed((X,)), "RFC 9112 2.2"),
    "two empty lines before": (b"\r\n\r\n" + GET + b"\r\n<smuggled>", Refused(), "junk"),
    "a bare LF before": (b"\n" + GET + b"\r\n<smuggled>", Refused(), "junk"),
    "a bare CR before": (b"\r" + GET + b"\r\n<smuggled>", Refused(), "junk"),
    "a blank line before": (b" \r\n" + GET + b"\r\n<smuggled>", Refused(), "junk"),
    "bare LF everywhere": (b"GET /x HTTP/1.1\nHost: <host>\nCookie: <session>\n\n", Waits(), "LF"),
    "bare CR everywhere": (b"GET /x HTTP/1.1\rHost: <host>\r\r", Waits(), "a lone CR is no end"),
    "LF CR everywhere": (b"GET /x HTTP/1.1\n\rHost: <host>\n\r\n\r", Waits(), "in this order"),
    "the first field folded": (
        b"GET /x HTTP/1.1\r\n Host: <host>\r\n<me>\r\n<smuggled>",
        Refused(),
        "Twisted took it",
    ),
    "a fold of Host": (
        b"POST /x HTTP/1.1\r\nHost: <host>\r\n Transfer-Encoding: chunked\r\n\r\n<smuggled>",
        Refused(),
        "Twisted: the encoding is a part of Host, the body a second request",
    ),
    "no Host": (b"GET /x HTTP/1.1\r\nCookie: <session>\r\n\r\n<smuggled>", Refused(), "9112 3.2"),
    "an empty Host": (b"GET /x HTTP/1.1\r\nHost:\r\n\r\n<smuggled>", Refused(), "RFC 9112 3.2"),
    "two requests": (GET + b"\r\n" + GET_Y, Passed((X, Y)), "a pipeline is two, in order"),
    "a length and the next": (
        POST + b"Content-Length: 5\r\n\r\nhello" + GET_Y,
        Passed((HELLO, Y)),
        "the next begins behind the body",
    ),
    "a body and an empty line": (
        POST + b"Content-Length: 5\r\n\r\nhello\r\n" + GET_Y,
        Passed((HELLO, Y)),
        "RFC 9112 2.2: old clients add one",
    ),
    "a longer body than said": (
        POST + b"Content-Length: 5\r\n\r\nhelloXX" + GET_Y,
        Passed((HELLO, Seen(b"XXGET", b"/y"))),
        "what is too much begins the next request, which is answered as itself",
    ),
    "a longer body, not HTTP": (
        POST + b"Content-Length: 5\r\n\r\nhello XX\r\n\r\n<smuggled>",
        Passed((HELLO,), is_closed=True),
        "what is too much is refused",
    ),
    "a length that is not there": (
        POST + b"Content-Length: 50\r\n\r\nhello",
        Waits(),
        "the app must not take the half for the whole",
    ),
    "a GET with a length": (
        GET + b"Content-Length: 5\r\n\r\nhello" + GET_Y,
        Passed((Seen(b"GET", b"/x", b"hello"), Y)),
        "CL.0: apps that ignore a GET's body read it as a request",
    ),
    "a GET with chunks": (
        GET + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n" + GET_Y,
        Passed((Seen(b"GET", b"/x", b"hello"), Y)),
        "CL.0's brother",
    ),
    "a HEAD with a length": (
        b"HEAD /x HTTP/1.1\r\n<me>Content-Length: 5\r\n\r\nhello",
        Passed((Seen(b"HEAD", b"/x", b"hello"),)),
        "bodies of HEAD",
    ),
    "OPTIONS with a length": (
        b"OPTIONS /x HTTP/1.1\r\n<me>Content-Length: 5\r\n\r\nhello",
        Passed((Seen(b"OPTIONS", b"/x", b"hello"),)),
        "Akamai CVE-2025-32094",
    ),
    "Expect in another spelling": (
        POST + b"Expect: 100-Continue\r\nContent-Length: 5\r\n\r\nhello",
        Passed((HELLO,)),
        "0.CL by Expect, RFC 9110 10.1.1: no case",
    ),
    "Expect y 100-continue": (
        POST + b"Expect: y 100-continue\r\nContent-Length: 5\r\n\r\nhello<smuggled>",
        Refused((417,)),
        "0.CL by an Expect that only one reader knows",
    ),
    "Expect twice": (
        POST + b"Expect: 100-continue\r\nExpect: x\r\nContent-Length: 5\r\n\r\nhello<smuggled>",
        Refused((417,)),
        "which counts?",
    ),
    "Expect, empty": (
        POST + b"Expect:\r\nContent-Length: 5\r\n\r\nhello<smuggled>",
        Refused((417,)),
        "an expectation of nothing",
    ),
    "Expect, folded": (
        POST + b"Expect:\r\n 100-continue\r\nContent-Length: 5\r\n\r\nhello<smuggled>",
        Refused(),
        "Akamai CVE-2025-32094: Expect folded",
    ),
    "Expect without a body": (
        GET + b"Expect: 100-continue\r\n\r\n",
        Passed((X,)),
        "nothing waits",
    ),
    "Expect and a length of 0": (
        POST + b"Expect: 100-continue\r\nContent-Length: 0\r\n\r\n" + GET_Y,
        Passed((Seen(b"POST", b"/x"), Y)),
        "nothing waits",
    ),
    "Expect and CL.TE": (
        POST + b"Expect: 100-continue\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"0\r\n\r\n<smuggled>",
        Refused(),
        "still two framings",
    ),
    "h2c": (GET + H2C + b"\r\n" + GET_Y, Passed((X, Y)), "h2c smuggling: the offer ends here"),
    "h2c with a body": (
        POST + H2C + b"Content-Length: 5\r\n\r\nhello",
        Passed((HELLO,)),
        "h2c smuggling",
    ),
    "h2c and frames": (
        GET + H2C + b"\r\n" + PREFACE,
        Passed((X,), is_closed=True),
        "the preface behind the upgrade is no request",
    ),
    "h2 by prior knowledge": (PREFACE + b"<smuggled>", Refused((505,)), "another protocol"),
    "a TLS hello": (b"\x16\x03\x01\x00\xf8\x01\x00\r\n\r\n<smuggled>", Refused(), "not HTTP"),
    "WebSocket, but POST": (
        POST + b"Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 5\r\n\r\nhello",
        Passed((HELLO,)),
        "a fake upgrade leaves HTTP",
    ),
    "WebSocket, half": (
        GET + b"Upgrade: websocket\r\n\r\n" + GET_Y,
        Passed((X, Y)),
        "a fake upgrade: Connection does not name it",
    ),
    "chunks in HTTP/1.0": (
        b"POST /x HTTP/1.0\r\n<me>Transfer-Encoding: chunked\r\n\r\n" + LAST + b"<smuggled>",
        Refused(),
        "RFC 9112 6.1: old readers do not know them",
    ),
    "a length in HTTP/1.0": (
        b"POST /x HTTP/1.0\r\n<me>Content-Length: 5\r\n\r\nhello<smuggled>",
        Passed((HELLO,), is_closed=True),
        "one request a connection",
    ),
    "HTTP/1.0, kept open": (
        b"GET /x HTTP/1.0\r\n<me>Connection: keep-alive\r\n\r\n" + GET_Y,
        Passed((X, Y)),
        "asked for in so many words",
    ),
    "close, and more": (
        GET + b"Connection: close\r\n\r\n<smuggled>",
        Passed((X,), is_closed=True),
        "what follows a close is thrown away",
    ),
    "close in a list": (
        GET + b"Connection: x, CLOSE\r\n\r\n<smuggled>",
        Passed((X,), is_closed=True),
        "Connection is a list, RFC 9110 7.6.1",
    ),
    "close in a second line": (
        GET + b"Connection: keep-alive\r\nConnection: close\r\n\r\n<smuggled>",
        Passed((X,), is_closed=True),
        "Connection is a list over all its lines",
    ),
    "Connection: Content-Length": (
        POST + b"Connection: Content-Length\r\nContent-Length: 5\r\n\r\nhello" + GET_Y,
        Passed((HELLO, Y)),
        "a nominated length must not vanish: the body would be a request",
    ),
    "Connection: Transfer-Encoding": (
        POST + b"Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n\r\n" + LAST,
        Passed((Seen(b"POST", b"/x"),)),
        "a nominated encoding must not vanish",
    ),
    "Connection: Host": (GET + b"Connection: Host\r\n\r\n", Passed((X,)), "nor Host"),
    "Keep-Alive and Proxy-Connection": (
        GET + b"Keep-Alive: 5\r\nProxy-Connection: close\r\n\r\n" + GET_Y,
        Passed((X, Y)),
        "words for others",
    ),
    "a head without its end": (GET + b"X: 1\r\n", Waits(), "the next bytes may be anything"),
    "a line of 33 KB": (
        GET + b"X: " + b"x" * 33_000 + b"\r\n\r\n<smuggled>",
        Refused((431,)),
        "cut by one reader, read by the other",
    ),
    "a target of 33 KB": (
        b"GET /" + b"x" * 33_000 + b" HTTP/1.1\r\n<me>\r\n<smuggled>",
        Refused((414, 431)),
        "cut by one reader",
    ),
    "a head of 70 KB": (
        GET + (b"X: " + b"x" * 7000 + b"\r\n") * 10 + b"\r\n<smuggled>",
        Refused((431,)),
        "cut by one reader",
    ),
    "300 fields": (GET + b"X: 1\r\n" * 300 + b"\r\n<smuggled>", Refused((431,)), "cut by one"),
    "an endless method": (b"G" * 70_000, Refused((431,)), "never a head"),
}


def _case(name: str, sent: bytes, wanted: Passed | Refused | Waits, why: str) -> Case:
    return Case(name=name, sent=sent, wanted=wanted, why=why)


BROKEN_CASES = [
    _case(f"chunk: {name}", CHUNKED_POST + chunks + b"<smuggled>", Refused((400, 413)), why)
    for name, (chunks, why) in BROKEN.items()
]
"""Of these the app may have seen the head: whether it did is a matter of packets."""

CASES = [
    *(
        _case(
            f"chunks: {name}",
            CHUNKED_POST + chunks + GET_Y,
            Passed((Seen(b"POST", b"/x", body), Y)),
            why,
        )
        for name, (chunks, body, why) in GOOD_CHUNKS.items()
    ),
    *(_case(f"stream: {name}", *row) for name, row in STREAMS.items()),
]
