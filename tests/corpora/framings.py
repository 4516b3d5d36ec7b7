"""
Smuggling, first part: request lines and fields that two readers might take differently.

Each row of fields is sent as `POST /x` with the body beside it, and with a request for
/smuggled in the same packet. What is refused is refused before the app sees a byte of it.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.corpora.cases import Case, Passed, Refused, Seen

CHUNKS = b"5\r\nhello\r\n0\r\n\r\n"
TE, CL = b"Transfer-Encoding: chunked\r\n", b"Content-Length: 5\r\n"

Row = tuple[bytes, bytes, str]
"""Field lines, body, why."""

LENGTHS: Mapping[str, Row] = {
    "two lengths": (CL + b"Content-Length: 0\r\n", b"hello", "CL.CL: first or last?"),
    "two lengths, swapped": (b"Content-Length: 0\r\n" + CL, b"hello", "CL.CL"),
    "two equal lengths": (CL + CL, b"hello", "RFC 9112 6.3: may be refused"),
    "two lengths in odd case": (CL + b"cONTENT-lENGTH: 6\r\n", b"hello", "CL.CL by spelling"),
    "a list of lengths": (b"Content-Length: 5, 5\r\n", b"hello", "RFC 9112 6.3"),
    "a list of other lengths": (b"Content-Length: 0, 5\r\n", b"hello", "first or last?"),
    "a list with an empty end": (b"Content-Length: 5,\r\n", b"hello", "a list of one"),
    "a list with an empty start": (b"Content-Length: ,5\r\n", b"hello", "a list of one"),
    "+5": (b"Content-Length: +5\r\n", b"hello", "int() of many languages; hyper, Jetty, aiohttp"),
    "-5": (b"Content-Length: -5\r\n", b"hello", "a body of minus five bytes"),
    "-0": (b"Content-Length: -0\r\n", b"hello", "int() says 0"),
    "0x5": (b"Content-Length: 0x5\r\n", b"hello", "strtol with base 0"),
    "5h": (b"Content-Length: 5h\r\n", b"hello", "atoi stops at the letter"),
    "0_5": (b"Content-Length: 0_5\r\n", b"hello", "Python's int() takes it"),
    "5.0": (b"Content-Length: 5.0\r\n", b"hello", "a number to some"),
    "5e0": (b"Content-Length: 5e0\r\n", b"hello", "a number to JavaScript"),
    "5 0": (b"Content-Length: 5 0\r\n", b"hello", "5, or 50?"),
    "5;0": (b"Content-Length: 5;0\r\n", b"hello", "a parameter?"),
    "quoted": (b'Content-Length: "5"\r\n', b"hello", "a string to some"),
    "empty": (b"Content-Length:\r\n", b"hello", "0 or none"),
    "blank": (b"Content-Length: \t \r\n", b"hello", "0 or none"),
    "a word": (b"Content-Length: five\r\n", b"hello", "atoi says 0"),
    "superscript": (b"Content-Length: \xb2\r\n", b"hello", "a digit to Unicode"),
    "full width": (b"Content-Length: \xef\xbc\x95\r\n", b"hello", "a digit to Python's str"),
    "Arabic digit": (b"Content-Length: \xd9\xa5\r\n", b"hello", "a digit to Python's str"),
    "NUL behind": (b"Content-Length: 5\x00\r\n", b"hello", "the end of a C string"),
    "VT before": (b"Content-Length: \x0b5\r\n", b"hello", "isspace() of C"),
    "FF behind": (b"Content-Length: 5\x0c\r\n", b"hello", "isspace() of C"),
    "no-break blank": (b"Content-Length: \xa05\r\n", b"hello", "a blank in Latin-1"),
    "2^64 + 5": (b"Content-Length: 18446744073709551621\r\n", b"hello", "integer overflow"),
    "2^32 + 5 in 17 digits": (b"Content-Length: 00000004294967301\r\n", b"hello", "overflow"),
    "20 digits": (b"Content-Length: 99999999999999999999\r\n", b"", "beyond 64 bits"),
    "5000 digits": (b"Content-Length: " + b"9" * 5000 + b"\r\n", b"", "Python's integer limit"),
    "5000 zeros": (b"Content-Length: " + b"0" * 5000 + b"5\r\n", b"hello", "the same number?"),
    "blank before the colon": (b"Content-Length : 5\r\n", b"hello", "RFC 9112 5.1; Netty"),
    "tab before the colon": (b"Content-Length\t: 5\r\n", b"hello", "RFC 9112 5.1"),
    "folded": (b"Content-Length:\r\n 5\r\n", b"hello", "obs-fold, RFC 9112 5.2"),
    "folded digits": (b"Content-Length: 1\r\n 0\r\n", b"hello", "1 or 10?"),
    "blank before the name": (b" Content-Length: 5\r\n", b"hello", "obs-fold of Cookie"),
    "blank in the name": (b"Content Length: 5\r\n", b"hello", "a blank for a dash"),
    "CR in the name": (b"Content-\rLength: 5\r\n", b"hello", "bare CR"),
}

ENCODINGS: Mapping[str, Row] = {
    "CL.TE": (b"Content-Length: 15\r\n" + TE, CHUNKS, "the classic"),
    "TE.CL": (TE + b"Content-Length: 15\r\n", CHUNKS, "the classic"),
    "CL.TE, short": (b"Content-Length: 4\r\n" + TE, CHUNKS, "the length ends before the chunks"),
    "CL.0 and TE": (b"Content-Length: 0\r\n" + TE, CHUNKS, "the chunks are a second request"),
    "TE between two CL": (CL + TE + CL, CHUNKS, "all at once"),
    "odd case": (b"cOnTeNt-LeNgTh: 5\r\ntRANSFER-eNCODING: ChUnKeD\r\n", CHUNKS, "case"),
    "TE twice": (TE + TE, CHUNKS, "decoded once or twice?"),
    "a list of chunked": (b"Transfer-Encoding: chunked, chunked\r\n", CHUNKS, "twice?"),
    "identity behind": (
        b"Transfer-Encoding: chunked, identity\r\n",
        CHUNKS,
        "last is not chunked",
    ),
    "identity before": (b"Transfer-Encoding: identity, chunked\r\n", CHUNKS, "known to old ones"),
    "identity in a second line": (TE + b"Transfer-Encoding: identity\r\n", CHUNKS, "last wins?"),
    "identity in a first line": (b"Transfer-Encoding: identity\r\n" + TE, CHUNKS, "first wins?"),
    "identity and length": (b"Transfer-Encoding: identity\r\n" + CL, b"hello", "length or end?"),
    "gzip, chunked": (b"Transfer-Encoding: gzip, chunked\r\n", CHUNKS, "decoded by whom?"),
    "chunked, gzip": (b"Transfer-Encoding: chunked, gzip\r\n", CHUNKS, "RFC 9112 6.3: 400"),
    "gzip": (b"Transfer-Encoding: gzip\r\n" + CL, b"hello", "an unknown coding is ignored?"),
    "cow": (b"Transfer-Encoding: cow\r\n" + CL, b"hello", "an unknown coding is ignored?"),
    "cow, then chunked": (b"Transfer-Encoding: cow\r\n" + TE, CHUNKS, "TE.TE"),
    "chunked, then cow": (TE + b"Transfer-Encoding: cow\r\n", CHUNKS, "TE.TE"),
    "xchunked": (b"Transfer-Encoding: xchunked\r\n" + CL, b"hello", "strstr()"),
    "chunkedx": (b"Transfer-Encoding: chunkedx\r\n" + CL, b"hello", "strncmp()"),
    "chunked with a parameter": (b"Transfer-Encoding: chunked;q=1\r\n", CHUNKS, "a parameter"),
    "chunked and a semicolon": (b"Transfer-Encoding: chunked;\r\n", CHUNKS, "a parameter"),
    "quoted": (b'Transfer-Encoding: "chunked"\r\n' + CL, b"hello", "a string"),
    "single quotes": (b"Transfer-Encoding: 'chunked'\r\n" + CL, b"hello", "a string"),
    "comma before": (b"Transfer-Encoding: ,chunked\r\n", CHUNKS, "empty list members"),
    "comma behind": (b"Transfer-Encoding: chunked,\r\n", CHUNKS, "empty list members"),
    "empty": (b"Transfer-Encoding:\r\n" + CL, b"hello", "ignored or chunked?"),
    "empty, then chunked": (b"Transfer-Encoding:\r\n" + TE, CHUNKS, "first or last?"),
    "blank inside": (b"Transfer-Encoding: chun ked\r\n" + CL, b"hello", "a token?"),
    "VT before": (b"Transfer-Encoding: \x0bchunked\r\n", CHUNKS, "isspace() of C; gunicorn"),
    "FF behind": (b"Transfer-Encoding: chunked\x0c\r\n" + CL, b"hello", "isspace() of C"),
    "no-break blank": (b"Transfer-Encoding: \xa0chunked\r\n" + CL, b"hello", "str.strip()"),
    "NUL behind": (b"Transfer-Encoding: chunked\x00\r\n" + CL, b"hello", "end of a C string"),
    "long s": (b"Tran\xc5\xbffer-Encoding: chunked\r\n" + CL, b"hello", "upper() makes it S"),
    "Kelvin sign": (
        b"Transfer-Encoding: chun\xe2\x84\xaaed\r\n" + CL,
        b"hello",
        "lower() makes k",
    ),
    "UTF-16": (b"Transfer-Encoding: c\x00h\x00u\x00n\x00k\x00e\x00d\x00\r\n", CHUNKS, "NULs"),
    "blank before the colon": (b"Transfer-Encoding : chunked\r\n" + CL, b"hello", "Node, Netty"),
    "tab before the colon": (b"Transfer-Encoding\t: chunked\r\n" + CL, b"hello", "RFC 9112 5.1"),
    "folded": (b"Transfer-Encoding:\r\n chunked\r\n", CHUNKS, "obs-fold; Node"),
    "folded by tab": (b"Transfer-Encoding:\r\n\tchunked\r\n" + CL, b"hello", "obs-fold"),
    "folded behind": (b"Transfer-Encoding: chunked\r\n , identity\r\n", CHUNKS, "obs-fold"),
    "folded into another": (b"X: 1\r\n Transfer-Encoding: chunked\r\n", CHUNKS, "obs-fold"),
    "bare LF before": (b"X: 1\nTransfer-Encoding: chunked\r\n" + CL, b"hello", "a line end?"),
    "bare CR before": (b"X: 1\rTransfer-Encoding: chunked\r\n" + CL, b"hello", "a line end?"),
    "CR CR LF before": (b"X: 1\r\r\nTransfer-Encoding: chunked\r\n", CHUNKS, "a line end?"),
    "LF LF inside": (b"X: 1\n\n" + CL, b"hello", "the end of the head?"),
    "CR CR inside": (b"X: 1\r\r" + CL, b"hello", "the end of the head?"),
    "LF CR LF inside": (b"X: 1\n\r\nGET /smuggled HTTP/1.1\r\n" + TE, CHUNKS, "the head's end?"),
    "NEL before": (b"X: 1\x85Transfer-Encoding: chunked\x00\r\n", CHUNKS, "splitlines()"),
}

FIELDS: Mapping[str, Row] = {
    "no colon": (b"Transfer-Encoding\r\n" + CL, b"hello", "Netty: a name without a value"),
    "no colon, chunked": (b"Transfer-Encoding chunked\r\n" + CL, b"hello", "a blank for a colon"),
    "empty name": (b": x\r\n" + TE, CHUNKS, "HAProxy CVE-2023-25725: ends the fields"),
    "only a colon": (b":\r\n" + TE, CHUNKS, "HAProxy CVE-2023-25725"),
    "NUL in a name": (b"X\x00: 1\r\n" + TE, CHUNKS, "HAProxy CVE-2023-25725"),
    "NUL in a value": (b"X: 1\x00\r\n" + TE, CHUNKS, "cut at the NUL"),
    "8-bit name": (b"\xe9: 1\r\n" + TE, CHUNKS, "not a token"),
    "brackets in a name": (b"X[1]: 1\r\n" + TE, CHUNKS, "not a token"),
    "slash in a name": (b"X/1: 1\r\n" + TE, CHUNKS, "not a token"),
    "@ in a name": (b"X@1: 1\r\n" + TE, CHUNKS, "not a token"),
    "quote in a name": (b'X"1: 1\r\n' + TE, CHUNKS, "not a token"),
    "blank in a name": (b"X 1: 1\r\n" + TE, CHUNKS, "not a token"),
    "BOM before a name": (b"\xef\xbb\xbfX: 1\r\n" + TE, CHUNKS, "not a token"),
    "backspace in a value": (b"X: a\x08b\r\n" + CL, b"hello", "a control"),
    "DEL in a value": (b"X: a\x7fb\r\n" + CL, b"hello", "a control"),
    "ESC in a value": (b"X: \x1b[2J\r\n" + CL, b"hello", "a control, and a log's trouble"),
    "LF alone ends a field": (b"X: 1\n" + CL, b"hello", "RFC 9112 2.2: may be taken or not"),
    "a fold of blanks": (b"X: 1\r\n \r\n" + CL, b"hello", "obs-fold, or the head's end"),
    "two Hosts": (b"Host: <host>\r\n" + CL, b"hello", "first or last?"),
    "a foreign second Host": (b"Host: evil.example\r\n" + CL, b"hello", "first or last?"),
    "Host with a blank": (b"Host : evil.example\r\n" + CL, b"hello", "first or last?"),
    "a folded Host": (b"X: 1\r\n Host: evil.example\r\n" + CL, b"hello", "obs-fold"),
    "Host in odd case": (b"hOsT: <host>\r\n" + CL, b"hello", "first or last?"),
    "a request as field": (b"GET /smuggled HTTP/1.1\r\n" + CL, b"hello", "a line without colon"),
}

LINES: Mapping[str, tuple[bytes, str]] = {
    "HTTP/0.9": (b"GET /x", "a whole request to some"),
    "HTTP/0.9 with blank": (b"GET /x ", "a whole request to some"),
    "HTTP/1.2": (b"GET /x HTTP/1.2", "a future"),
    "HTTP/1.": (b"GET /x HTTP/1.", "a version"),
    "HTTP/1": (b"GET /x HTTP/1", "a version"),
    "HTTP/1.1.1": (b"GET /x HTTP/1.1.1", "a version"),
    "HTTP/11": (b"GET /x HTTP/11", "a version"),
    "HTTP/01.01": (b"GET /x HTTP/01.01", "a number to some"),
    "HTTP/1,1": (b"GET /x HTTP/1,1", "a number to some"),
    "HTTP /1.1": (b"GET /x HTTP /1.1", "four words"),
    "http/1.1": (b"GET /x http/1.1", "case matters, RFC 9112 2.3"),
    "HTTPS/1.1": (b"GET /x HTTPS/1.1", "not a name"),
    "RTSP/1.0": (b"GET /x RTSP/1.0", "llhttp speaks it"),
    "ICE/1.0": (b"SOURCE /x ICE/1.0", "llhttp speaks it"),
    "version twice": (b"GET /x HTTP/1.1 HTTP/1.1", "which is the target's end?"),
    "two targets": (b"GET /x /smuggled HTTP/1.1", "which?"),
    "two blanks": (b"GET  /x HTTP/1.1", "an empty target"),
    "blank behind": (b"GET /x HTTP/1.1 ", "trimmed by some"),
    "tab between": (b"GET\t/x\tHTTP/1.1", "a blank to some"),
    "VT between": (b"GET\x0b/x\x0bHTTP/1.1", "isspace() of C"),
    "FF between": (b"GET\x0c/x\x0cHTTP/1.1", "isspace() of C"),
    "CR between": (b"GET\r/x\rHTTP/1.1", "RFC 9112 3: lenient ones take it"),
    "NUL between": (b"GET\x00/x\x00HTTP/1.1", "a C string"),
    "NUL behind": (b"GET /x\x00 HTTP/1.1", "a C string"),
    "LF in the target": (b"GET /x\nHost: evil.example HTTP/1.1", "CVE-2019-12387"),
    "CR in the target": (b"GET /x\rX: HTTP/1.1", "CVE-2019-12387"),
    "blank before": (b" GET /x HTTP/1.1", "trimmed by some"),
    "tab before": (b"\tGET /x HTTP/1.1", "trimmed by some"),
    "BOM before": (b"\xef\xbb\xbfGET /x HTTP/1.1", "trimmed by some"),
    "text before": (b"XGET /x HTTP/1.1 X", "junk"),
    "8-bit method": (b"GE\xd4 /x HTTP/1.1", "not a token"),
    "slash in the method": (b"GET/ /x HTTP/1.1", "not a token"),
    "no method": (b"/x HTTP/1.1", "two words"),
    "no target": (b"GET HTTP/1.1", "two words"),
    "one word": (b"GET", "one word"),
    "a field as line": (b"Host: <host>", "the line is missing"),
    "an answer": (b"HTTP/1.1 200 OK", "an answer, not a request"),
    "absolute form": (b"GET http://<host>/x HTTP/1.1", "which host counts?"),
    "absolute form, foreign": (b"GET http://evil.example/x HTTP/1.1", "which host counts?"),
    "absolute form, file": (b"GET file:///etc/passwd HTTP/1.1", "another scheme"),
    "authority form": (b"GET <host> HTTP/1.1", "for CONNECT alone"),
    "asterisk form": (b"OPTIONS * HTTP/1.1", "for the server, which is not the app"),
    "network path": (b"GET \\\\evil\\x HTTP/1.1", "a backslash is no slash"),
    "@ target": (b"GET @evil.example/x HTTP/1.1", "joined to http://app"),
    "port target": (b"GET :8000/x HTTP/1.1", "joined to http://app"),
    "fragment": (b"GET /x#/../smuggled HTTP/1.1", "never sent, RFC 9112 3.2"),
}

REFUSED_LINES: Mapping[str, tuple[bytes, int, str]] = {
    "HTTP/2.0": (b"GET /x HTTP/2.0", 505, "not this protocol"),
    "the preface": (b"PRI * HTTP/2.0", 505, "HTTP/2 by prior knowledge"),
    "HTTP/9.9": (b"GET /x HTTP/9.9", 505, "a future"),
    "HTTP/0.9 said": (b"GET /x HTTP/0.9", 505, "a past"),
    "small get": (b"get /x HTTP/1.1", 501, "methods have case, RFC 9110 9.1"),
    "mixed Get": (b"Get /x HTTP/1.1", 501, "methods have case"),
    "CONNECT": (b"CONNECT evil.example:443 HTTP/1.1", 405, "a tunnel to anywhere"),
    "CONNECT of a path": (b"CONNECT /x HTTP/1.1", 405, "a tunnel"),
    "TRACE": (b"TRACE /x HTTP/1.1", 405, "shows what the gateway adds"),
    "G+T": (b"G+T /x HTTP/1.1", 501, "a token, but no method of the web"),
}

KEPT: Mapping[str, tuple[bytes, bytes, bytes, str]] = {
    # fields, body as sent, body as the app has it, why
    "a length": (CL, b"hello", b"hello", "plain"),
    "a length with blanks": (b"Content-Length:\t 5 \t\r\n", b"hello", b"hello", "RFC 9112 5"),
    "a length without blank": (b"Content-Length:5\r\n", b"hello", b"hello", "RFC 9112 5"),
    "zeros before": (b"Content-Length: 0005\r\n", b"hello", b"hello", "RFC 9110 8.6"),
    "15 digits": (b"Content-Length: 000000000000005\r\n", b"hello", b"hello", "within limits"),
    "chunks": (TE, CHUNKS, b"hello", "plain"),
    "chunks in capitals": (b"TRANSFER-ENCODING: CHUNKED\r\n", CHUNKS, b"hello", "RFC 9112 7"),
    "a request as body": (
        b"Content-Length: 35\r\n",
        b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n",
        "a body is a body",
    ),
    "8-bit value": (b"X: \xe8\xa1\xa8\x95\\\r\n" + CL, b"hello", b"hello", "obs-text"),
    "TE": (b"TE: chunked, trailers\r\n" + CL, b"hello", b"hello", "a wish, not a framing"),
    "Trailer": (b"Trailer: Content-Length\r\n" + TE, CHUNKS, b"hello", "an announcement"),
    "X-Transfer-Encoding": (b"X-Transfer-Encoding: chunked\r\n" + CL, b"hello", b"hello", "x"),
    "words in a value": (b"X: Transfer-Encoding: chunked\r\n" + CL, b"hello", b"hello", "x"),
    "an underscored length": (b"Content_Length: 9\r\n" + CL, b"hello", b"hello", "CGI folds it"),
    "an underscored encoding": (b"Transfer_Encoding: chunked\r\n" + CL, b"hello", b"hello", "CGI"),
    "a dotted encoding": (b"Transfer.Encoding: chunked\r\n" + CL, b"hello", b"hello", "PHP"),
}


def _of_fields(kind: str, rows: Mapping[str, Row]) -> list[Case]:
    return [
        Case(
            name=f"{kind}: {name}",
            sent=b"POST /x HTTP/1.1\r\n<me>" + fields + b"\r\n" + body + b"<smuggled>",
            wanted=Refused((400, 413)),
            why=why,
        )
        for name, (fields, body, why) in rows.items()
    ]


def _of_lines() -> list[Case]:
    rows = {name: (line, 400, why) for name, (line, why) in LINES.items()} | dict(REFUSED_LINES)
    return [
        Case(
            name=f"line: {name}",
            sent=line + b"\r\n<me>\r\n<smuggled>",
            wanted=Refused((status,)),
            why=why,
        )
        for name, (line, status, why) in rows.items()
    ]


def _of_kept() -> list[Case]:
    return [
        Case(
            name=f"kept: {name}",
            sent=b"POST /x HTTP/1.1\r\n<me>" + fields + b"\r\n" + sent,
            wanted=Passed((Seen(b"POST", b"/x", body),)),
            why=why,
        )
        for name, (fields, sent, body, why) in KEPT.items()
    ]


CASES = [
    *_of_fields("length", LENGTHS),
    *_of_fields("encoding", ENCODINGS),
    *_of_fields("field", FIELDS),
    *_of_lines(),
    *_of_kept(),
]
