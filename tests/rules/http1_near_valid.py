"""
Heads and chunked bodies that are almost right: where readers of HTTP/1.1 part company.

A head is drawn line by line from what browsers and apps send, from what attackers send, and
from the grammar's own corners; then perhaps a few bytes are put in, taken out or doubled
anywhere. So that the strangers have something to read, half are good ones.
"""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import strategies as st

ODD_BYTES = [bytes([each]) for each in b"\x00\x01\x07\x08\t\n\x0b\x0c\r\x1b\x1f \x7f\x80\xa0\xff"]
ODD = st.sampled_from(
    [
        *ODD_BYTES,
        *[bytes([each]) for each in b'"#%(),/:;<=>?@[\\]^_{|}+-.0'],
        *[b"\r\n", b"\n\n", b"\r\r\n", b"\r\n ", b"\r\n\t", b"\r\nX:", b" \t", b"\xc2\x85"],
    ],
)

GOOD_METHODS = [b"GET", b"GET", b"POST", b"PUT", b"HEAD", b"PROPFIND", b"M-SEARCH", b"RPC_IN_DATA"]
BAD_METHODS = [b"get", b"G T", b"G\xc3T", b"GET,", b"", b"CONNECT", b"TRACE", b"PRI", b"_", b"9"]
GOOD_PIECES = [
    *[b"/", b"/a", b"//", b"/..", b"/%2e%2e", b"/%95%5C", b"/%", b"/;x=1", b"/.gateway/", b"\\"],
    *[b"|", b"^`{}", b'"', b"<>", b"'()!$&*+,=:@~", b"[]", b"%00", b"?", b"?a=b", b"&c"],
    *[b"?\x95\\", b"?http://x/"],
]
BAD_PIECES = [b"/\xe8", b"#f", b"?#", b"\x7f", b" ", b"\t", b"\x00"]
BAD_TARGETS = [b"*", b"", b"x", b"gw:80", b"http://gw/", b"HTTP://gw", b"?", b"/ /", b"\\"]
GOOD_VERSIONS = [b"HTTP/1.1"] * 5 + [b"HTTP/1.0"]
BAD_VERSIONS = [
    b"HTTP/1.2",
    b"HTTP/2.0",
    b"http/1.1",
    b"",
    b"HTTP/1.1 ",
    b"HTTP/1.10",
    b"HTTP/01.1",
]
GOOD_HOSTS = [b"gw", b"gw", b"GW:8080", b"gw.", b"[::1]:80", b"a_b-c.example"]
BAD_HOSTS = [b"", b"gw gw", b"u@gw", b"gw/", b"gw,gw", b"gw:", b"[gw]", b"gw:99999999", b"g\xc3"]

COMMON_LINES = [
    *[b"User-Agent: Mozilla/5.0 (X11; Linux x86_64) \xe8\xa1\xa8", b"Accept: */*", b"Accept:"],
    *[b"Cookie: gw=abc; a=1", b"cookie:b=2|x", b"X-Empty: ", b"X-Blank:\t \t", b"X:a\tb  c"],
    *[b"Connection: keep-alive", b"Connection: close", b"Connection:Keep-Alive,, close ,x"],
    *[b"Connection: X-Forwarded-For, cookie", b"connection: upgrade", b"Upgrade: websocket"],
    *[b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABk", b"Expect: 100-continue", b"TE: trailers"],
    *[b"X_Forwarded_For: 1", b"Keep-Alive: timeout=5", b"Trailer: X", b"!#$%&'*+-.^_`|~9aZ: 1"],
]
FRAMING_LINES = [
    *[b"Content-Length: 5", b"content-length:0", b"CONTENT-LENGTH:\t007 ", b"Content-Length: 12"],
    *[
        b"Transfer-Encoding: chunked",
        b"transfer-encoding:\tCHUNKED ",
        b"Transfer-Encoding:chunked",
    ],
]
DOUBTFUL_LINES = [
    *[b"Content-Length: 5, 5", b"Content-Length: +5", b"Content-Length: 5_0", b"Content-Length:"],
    *[
        b"Content-Length: 0x5",
        b"Content-Length: \xb2",
        b"Content-Length: 5 5",
        b"Content-Length:-0",
    ],
    *[b"Content-Length: 99999999999999999999", b"Content-Length : 5", b" Content-Length: 5"],
    *[b"Transfer-Encoding: chunked, identity", b"Transfer-Encoding: xchunked"],
    *[b"Transfer-Encoding: chunked;q=1", b'Transfer-Encoding: "chunked"', b"Transfer-Encoding:"],
    *[b"Transfer-Encoding : chunked", b"Transfer-Encoding: \x0bchunked", b"Transfer-Encoding"],
    *[
        b" folded",
        b"\tfolded: x",
        b"no colon",
        b": no name",
        b"bad name: x",
        b"b\xe9: x",
        b"(): x",
    ],
    *[b"Expect: 200-ok", b"Host: gw", b"HOST:other"],
]
ANY_LINE = st.builds(
    lambda name, value: name + b":" + value,
    st.text("AZaz09-.!~", min_size=1, max_size=6).map(str.encode),
    st.binary(max_size=12),
)
BAD_ENDS = [b"\n", b"\r", b"\r\r\n", b"\r\n\r"]

GOOD_STATUS_LINES = [
    *[b"HTTP/1.1 200 OK", b"HTTP/1.0 200 OK", b"HTTP/1.1 204 No Content", b"HTTP/1.1 404"],
    *[b"HTTP/1.1 304 Not Modified", b"HTTP/1.1 500 \xe8\xa1\xa8\t!", b"HTTP/1.1 206 "],
    *[b"HTTP/1.1 103 Early Hints", b"HTTP/1.1 100 Continue", b"HTTP/1.1 999 x"],
]
BAD_STATUS_LINES = [
    *[b"HTTP/1.1 101 Switching Protocols", b"HTTP/1.1 99 x", b"HTTP/1.1 2000 x", b"HTTP/1.1"],
    *[b"HTTP/1.1  200 OK", b"HTTP/1.1\t200 OK", b"HTTP/1.1 200\x00", b"HTTP/1.1 +20 x"],
    *[b"HTTP/1.10 200 OK", b"HTTP/2 200", b"http/1.1 200 OK", b"ICY 200 OK", b"", b"200 OK"],
]


def one(good: list[bytes], bad: list[bytes], *, is_wild: bool) -> st.SearchStrategy[bytes]:
    """A good one, or, in a wild message, perhaps a bad one."""
    return st.sampled_from(good * 3 + bad if is_wild else good)


@st.composite
def field_lines(draw: st.DrawFn, *, is_wild: bool) -> bytes:
    """Field lines, each with its line end before it, the framing somewhere among them."""
    lines = draw(st.lists(one(COMMON_LINES, DOUBTFUL_LINES, is_wild=is_wild), max_size=4))
    framing = draw(one([b"", *FRAMING_LINES], DOUBTFUL_LINES, is_wild=is_wild))
    lines.insert(draw(st.integers(0, len(lines))), framing)
    if is_wild:
        lines.append(draw(st.one_of(ANY_LINE, st.sampled_from(FRAMING_LINES))))
    return b"".join(b"\r\n" + line for line in lines if line)


@st.composite
def request_starts(draw: st.DrawFn, *, is_wild: bool) -> bytes:
    """A request line and a Host."""
    method = draw(one(GOOD_METHODS, BAD_METHODS, is_wild=is_wild))
    pieces = st.lists(one(GOOD_PIECES, BAD_PIECES, is_wild=is_wild), max_size=4)
    target = b"/" + b"".join(draw(pieces))
    if is_wild and draw(st.integers(0, 5)) == 0:
        target = draw(st.sampled_from(BAD_TARGETS))
    version = draw(one(GOOD_VERSIONS, BAD_VERSIONS, is_wild=is_wild))
    name = draw(st.sampled_from([b"Host: ", b"hOST:", b"HOST:\t"]))
    host = draw(one(GOOD_HOSTS, BAD_HOSTS, is_wild=is_wild))
    end = draw(one([b"\r\n"] * 3, BAD_ENDS, is_wild=is_wild))
    return b"%b %b %b%b%b%b" % (method, target, version, end, name, host)


@st.composite
def status_lines(draw: st.DrawFn, *, is_wild: bool) -> bytes:
    """The first line of an answer."""
    return draw(one(GOOD_STATUS_LINES, BAD_STATUS_LINES, is_wild=is_wild))


@st.composite
def damaged(draw: st.DrawFn, whole: st.SearchStrategy[bytes]) -> bytes:
    """With one to three odd bytes put in, bytes taken out or said twice, anywhere."""
    text = draw(whole)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(text)))
        removed = draw(st.sampled_from([0, 0, 0, 1, 2, 5]))
        text = text[:at] + draw(st.one_of(ODD, st.just(text[at : at + 4]))) + text[at + removed :]
    return text


def heads(start: Callable[..., st.SearchStrategy[bytes]]) -> st.SearchStrategy[bytes]:
    """Heads without the CRLF CRLF that ends them: good ones, damaged ones, wild ones."""
    good = st.builds(bytes.__add__, start(is_wild=False), field_lines(is_wild=False))
    wild = st.builds(bytes.__add__, start(is_wild=True), field_lines(is_wild=True))
    kinds = [good, good, good, damaged(good), wild, damaged(wild)]
    return st.sampled_from(kinds).flatmap(lambda kind: kind)


REQUEST_HEADS = heads(request_starts)
RESPONSE_HEADS = heads(status_lines)

GOOD_CHUNKS = [
    *[b"5\r\nhello\r\n", b"3;a=b\r\nabc\r\n", b'2;a="x y";b\r\nab\r\n', b"1\r\n\r\r\n"],
    *[b"00a\r\n0123456789\r\n", b"A\r\nGET / HTTP\r\n", b"4\r\n0\r\n\r\r\n"],
]
BAD_CHUNKS = [
    *[b"5;\r\nhello\r\n", b"1;\xe8\r\nx\r\n", b"5\nhello\r\n", b"5\r\nhello", b"\r\n"],
    *[
        b"5 \r\nhello\r\n",
        b" 5\r\nhello\r\n",
        b"0x5\r\nhello\r\n",
        b"5\r\nhello\n",
        b"+1\r\nx\r\n",
        b"5;a\nb\r\n",
    ],
]
GOOD_LAST = [b"0\r\n\r\n", b"0\r\n\r\n", b"0\r\nX-Sum: 1\r\n\r\n", b"000\r\nA:\r\nB: b\r\n\r\n"]
BAD_LAST = [
    *[b"0;x\r\n\r\n", b"0\r\n\n", b"", b"0\r\nContent-Length: 5\r\n\r\n", b"0\r\n \r\n\r\n"],
    *[b"0\r\nbad\r\n\r\n", b"0\r\n\r", b"0\r\nTransfer-Encoding: chunked\r\n\r\n"],
]


def chunks(*, is_wild: bool) -> st.SearchStrategy[bytes]:
    """A body in chunks."""
    pieces = st.lists(one(GOOD_CHUNKS, BAD_CHUNKS, is_wild=is_wild), max_size=4)
    last = one(GOOD_LAST, BAD_LAST, is_wild=is_wild)
    return st.builds(lambda body, end: b"".join(body) + end, pieces, last)


CHUNKED_BODIES = st.one_of(
    chunks(is_wild=False), damaged(chunks(is_wild=False)), chunks(is_wild=True)
)
