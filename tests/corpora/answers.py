"""
Response splitting and pool poisoning: what an app, or somebody who can make it say things, sends.

Each row is what the app writes as answer to one GET. `GARBLED` must become a 502 (or a cut
connection), never an answer; of `WHOLE` the browser gets that status and body; after each of
both, the next person's answer is the next person's own. `POISON` is never shown to anybody.
"""

from __future__ import annotations

from collections.abc import Mapping

OK = b"HTTP/1.1 200 OK\r\n"
LENGTH = b"Content-Length: 5\r\n"
POISON = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nSet-Cookie: poison=1\r\n\r\npoison"

GARBLED: Mapping[str, tuple[bytes, str]] = {
    "two lengths": (OK + LENGTH + b"Content-Length: 9\r\n\r\nhellomore", "whose end?"),
    "a list of lengths": (OK + b"Content-Length: 5, 9\r\n\r\nhellomore", "whose end?"),
    "length +5": (OK + b"Content-Length: +5\r\n\r\nhello", "no number"),
    "length -1": (OK + b"Content-Length: -1\r\n\r\nhello", "no number"),
    "length 0x5": (OK + b"Content-Length: 0x5\r\n\r\nhello", "no number"),
    "empty length": (OK + b"Content-Length:\r\n\r\nhello", "no number"),
    "length of 20 digits": (OK + b"Content-Length: 99999999999999999999\r\n\r\nhello", "overflow"),
    "gzip, chunked": (OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "which layer?"),
    "identity": (OK + b"Transfer-Encoding: identity\r\n\r\nhello", "no framing"),
    "chunked twice": (OK + b"Transfer-Encoding: chunked\r\n" * 2 + b"\r\n0\r\n\r\n", "which?"),
    "xchunked": (OK + b"Transfer-Encoding: xchunked\r\n" + LENGTH + b"\r\nhello", "which?"),
    "chunked in HTTP/1.0": (
        b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "unknown there",
    ),
    "blank before the colon": (OK + b"Content-Length : 5\r\n\r\nhello", "RFC 9112 5.1"),
    "folded": (OK + b"X: 1\r\n 2\r\n" + LENGTH + b"\r\nhello", "obs-fold"),
    "folded first": (OK + b" X: 1\r\n" + LENGTH + b"\r\nhello", "obs-fold"),
    "bare LF in a value": (OK + b"X: 1\nSet-Cookie: poison=1\r\n" + LENGTH + b"\r\nhello", "LF"),
    "bare CR in a value": (OK + b"X: 1\rSet-Cookie: poison=1\r\n" + LENGTH + b"\r\nhello", "CR"),
    "NUL in a value": (OK + b"X: 1\x00\r\n" + LENGTH + b"\r\nhello", "a C string"),
    "ESC in a value": (OK + b"X: \x1b[2J\r\n" + LENGTH + b"\r\nhello", "a control"),
    "no colon": (OK + b"poison\r\n" + LENGTH + b"\r\nhello", "not a field"),
    "empty name": (OK + b": x\r\n" + LENGTH + b"\r\nhello", "not a field"),
    "a blank in a name": (OK + b"X Y: 1\r\n" + LENGTH + b"\r\nhello", "not a field"),
    "8-bit name": (OK + b"\xe9: 1\r\n" + LENGTH + b"\r\nhello", "not a field"),
    "HTTP/2": (b"HTTP/2 200\r\n" + LENGTH + b"\r\nhello", "not HTTP/1"),
    "HTTP/1.2": (b"HTTP/1.2 200 OK\r\n" + LENGTH + b"\r\nhello", "not known"),
    "small http": (b"http/1.1 200 OK\r\n" + LENGTH + b"\r\nhello", "case matters"),
    "ICY": (b"ICY 200 OK\r\n" + LENGTH + b"\r\nhello", "another protocol"),
    "no version": (b"200 OK\r\n" + LENGTH + b"\r\nhello", "HTTP/0.9 and worse"),
    "HTML alone": (b"<html>\r\n\r\nhello", "HTTP/0.9"),
    "two digits": (b"HTTP/1.1 20 OK\r\n" + LENGTH + b"\r\nhello", "RFC 9112 4"),
    "four digits": (b"HTTP/1.1 2000 OK\r\n" + LENGTH + b"\r\nhello", "RFC 9112 4"),
    "status 099": (b"HTTP/1.1 099 OK\r\n" + LENGTH + b"\r\nhello", "below 100"),
    "a word as status": (b"HTTP/1.1 abc OK\r\n" + LENGTH + b"\r\nhello", "RFC 9112 4"),
    "two blanks": (b"HTTP/1.1  200 OK\r\n" + LENGTH + b"\r\nhello", "RFC 9112 4"),
    "CR in the reason": (b"HTTP/1.1 200 O\rK\r\n" + LENGTH + b"\r\nhello", "splitting"),
    "LF in the reason": (b"HTTP/1.1 200 O\nX: 1\r\n" + LENGTH + b"\r\nhello", "splitting"),
    "NUL in the reason": (b"HTTP/1.1 200 O\x00K\r\n" + LENGTH + b"\r\nhello", "a C string"),
    "an empty line first": (b"\r\n" + OK + LENGTH + b"\r\nhello", "junk from before"),
    "junk first": (b"hello" + OK + LENGTH + b"\r\nhello", "junk from before"),
    "an unasked 101": (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", "a tunnel"),
    "a request": (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "no answer"),
    "a head of 70 KB": (OK + (b"X: " + b"x" * 7000 + b"\r\n") * 10 + b"\r\n", "over the limit"),
    "300 fields": (OK + b"X: 1\r\n" * 300 + LENGTH + b"\r\nhello", "over the limit"),
}

CUT: Mapping[str, tuple[bytes, str]] = {
    # The head is good, so it has gone out; the body is not, so the browser's connection is cut.
    "chunk 0x5": (OK + b"Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n", "int()"),
    "chunk 5 blank": (OK + b"Transfer-Encoding: chunked\r\n\r\n5 \r\nhello\r\n0\r\n\r\n", "trim"),
    "chunk by LF": (OK + b"Transfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n", "a lone LF"),
    "chunk too long": (OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhelloXX0\r\n\r\n", "spill"),
    "bad trailer": (OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\nbad\r\n\r\n", "not a field"),
    "17 digits": (
        OK + b"Transfer-Encoding: chunked\r\n\r\n10000000000000005\r\nhello",
        "overflow",
    ),
}

WHOLE: Mapping[str, tuple[bytes, int, bytes, str]] = {
    # what the app writes, what the browser gets, why
    "plain": (OK + LENGTH + b"\r\nhello", 200, b"hello", "plain"),
    "one length said twice": (OK + LENGTH + LENGTH + b"\r\nhello", 200, b"hello", "RFC 9112 6.3"),
    "another answer behind": (
        OK + LENGTH + b"\r\nhello" + POISON,
        200,
        b"hello",
        "pool poisoning",
    ),
    "CRLF and another behind": (
        OK + LENGTH + b"\r\nhello\r\n" + POISON,
        200,
        b"hello",
        "pool poisoning",
    ),
    "another behind chunks": (
        OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n" + POISON,
        200,
        b"hello",
        "pool poisoning",
    ),
    "another behind trailers": (
        OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: 1\r\n\r\n" + POISON,
        200,
        b"",
        "pool poisoning",
    ),
    "another behind 204": (
        b"HTTP/1.1 204 No Content\r\n\r\n" + POISON,
        204,
        b"",
        "pool poisoning",
    ),
    "another behind 304": (b"HTTP/1.1 304 Not Modified\r\n\r\n" + POISON, 304, b"", "poisoning"),
    "a body behind 204": (
        b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello",
        204,
        b"",
        "there is none",
    ),
    "a body behind 304": (
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\nhello",
        304,
        b"",
        "there is none",
    ),
    "length and chunks": (
        OK + LENGTH + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        200,
        b"abc",
        "RFC 9112 6.3: chunks, and never this connection again",
    ),
    "length 0 and an answer": (OK + b"Content-Length: 0\r\n\r\n" + POISON, 200, b"", "poisoning"),
    "100, then the answer": (
        b"HTTP/1.1 100 Continue\r\n\r\n" + OK + LENGTH + b"\r\nhello",
        200,
        b"hello",
        "nobody asked, nobody hears",
    ),
    "103, then the answer": (
        b"HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n" + OK + LENGTH + b"\r\nhello",
        200,
        b"hello",
        "RFC 8297",
    ),
    "103 with a length": (
        b"HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\n\r\n" + OK + LENGTH + b"\r\nhello",
        200,
        b"hello",
        "an interim answer has no body",
    ),
    "no reason": (b"HTTP/1.1 200\r\n" + LENGTH + b"\r\nhello", 200, b"hello", "RFC 9112 4"),
    "an 8-bit reason": (b"HTTP/1.1 200 \x95\\\r\n" + LENGTH + b"\r\nhello", 200, b"hello", "4"),
    "status 599": (b"HTTP/1.1 599 x\r\n" + LENGTH + b"\r\nhello", 599, b"hello", "RFC 9110 15"),
    "CRLF in a value, escaped": (
        OK + b"X: %0d%0aSet-Cookie:%20poison=1\r\n" + LENGTH + b"\r\nhello",
        200,
        b"hello",
        "escapes are text",
    ),
    "nominated Set-Cookie": (
        OK + b"Connection: Set-Cookie\r\nSet-Cookie: poison=1\r\n" + LENGTH + b"\r\nhello",
        200,
        b"hello",
        "about this connection, so not for the browser",
    ),
    "close in capitals": (
        OK + b"Connection: CLOSE\r\n" + LENGTH + b"\r\nhello" + POISON,
        200,
        b"hello",
        "not kept",
    ),
}
