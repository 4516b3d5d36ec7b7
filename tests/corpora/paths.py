r"""
Path confusion: spellings of our prefix, of traversal, and of what only looks like a path.

Three kinds. `KEPT` reaches the app to the byte, with a session, and without one is refused
like every path: none of it is one of our pages. `OURS` never reaches the app, whatever follows
the prefix. `REFUSED` reaches nobody. Shift_JIS has 0x5C (backslash) and 0x7C (bar) as second
bytes: 表 is `%95%5C`, ソ is `%83%5C`, so nothing here may be "repaired".
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.corpora.cases import Case, Ours, Passed, Refused, Seen

KEPT: Mapping[bytes, str] = {
    # Our prefix, spelled otherwise: Klein and others would take some for the same.
    b"/.gateway": "without the last slash",
    b"/.gateway?/health": "in the query",
    b"/.gateway;/health": "a path parameter",
    b"/.gateway;x=1/health": "a path parameter",
    b"/.gateway%2fhealth": "the slash escaped",
    b"/.gateway%2Fhealth": "the slash escaped",
    b"/.gateway%5chealth": "a backslash escaped",
    b"/.gateway\\health": "a backslash",
    b"/.gateway./health": "a dot behind, which Windows drops",
    b"/.gateway%20/health": "a blank behind, which Windows drops",
    b"/.gateway%00/health": "a NUL behind",
    b"/.gateway%09/health": "a tab behind",
    b"/.gatewayx/health": "a longer name",
    b"/.gatewa/health": "a shorter name",
    b"/gateway/health": "without the dot",
    b"/..gateway/health": "two dots",
    b"/./.gateway/health": "a dot segment before",
    b"/x/../.gateway/health": "a dot segment before",
    b"/%2e/.gateway/health": "a dot segment, escaped",
    b"/x/%2e%2e/.gateway/health": "a dot segment, escaped",
    b"/x/..;/.gateway/health": "a dot segment with a parameter, as Tomcat reads it",
    b"/x/..%2f.gateway/health": "a dot segment, its slash escaped",
    b"/..%5c.gateway/health": "a dot segment, backslash",
    b"//.gateway/health": "two slashes: Klein would match",
    b"///.gateway/health": "three slashes",
    b"/\\.gateway/health": "a backslash for a slash",
    b"/%2f.gateway/health": "an escaped slash before",
    b"/%2egateway/health": "the dot escaped: Klein would match",
    b"/%2Egateway/health": "the dot escaped",
    b"/%252egateway/health": "escaped twice",
    b"/.%67ateway/health": "a letter escaped: Klein would match",
    b"/%2e%67%61%74%65%77%61%79/health": "all escaped",
    b"/.GATEWAY/health": "capitals",
    b"/.Gateway/health": "capitals",
    b"/.gatewa%79/health": "the last letter escaped",
    b"/.gateway%c0%af": "an overlong slash",
    b"/.gateway%e2%88%95health": "a slash of mathematics",
    b"/%ef%bc%8egateway/health": "a full-width dot",
    b"/%u002egateway/health": "IIS's own escapes",
    b"/~.gateway/health": "a mark before",
    b"/@/.gateway/health": "below something else",
    b"/a/.gateway/health": "below something else",
    b"/x;/.gateway/health": "below something with a parameter",
    b"/http://<host>/.gateway/health": "an address in the path",
    b"/?/.gateway/health": "in the query",
    # The name that our site knows the page in place by.
    b"/sign-in-required": "the page in place is asked for under this name inside",
    b"//sign-in-required": "the same",
    b"/health": "no health page of ours",
    b"/livez": "another listener's",
    b"/readyz": "another listener's",
    b"/metrics": "another listener's",
    b"/static/gateway.css": "no page of ours",
    b"/.well-known/": "no exception",
    b"/.well-known/webauthn": "no exception",
    b"/.well-known/acme-challenge/x": "no exception",
    b"/favicon.ico": "no exception",
    b"/robots.txt": "no exception",
    b"/login": "no page of ours",
    # Traversal is the app's business once somebody is signed in.
    b"/../": "above the root",
    b"/..": "above the root",
    b"/.": "a dot",
    b"/a/../b": "kept",
    b"/a/./b": "kept",
    b"/a/%2e%2e/b": "not decoded",
    b"/a/%2E%2e/b": "not decoded, case kept",
    b"/a/.%2e/b": "not decoded",
    b"/a/..%2fb": "not decoded",
    b"/a/..%5cb": "not decoded",
    b"/a/..\\b": "not turned",
    b"/a/....//b": "not collapsed",
    b"/a/..;/b": "not cut",
    b"/a/..%00/b": "not cut",
    b"/a/%252e%252e/b": "not decoded twice",
    b"/a/..%c0%af../b": "overlong",
    b"//": "not collapsed",
    b"//evil.example/x": "no network path: the app's address is configured",
    b"//@evil.example/": "the same",
    b"/\\evil.example": "the same",
    b"/%09/evil.example": "the same",
    b"/a//b///c": "not collapsed",
    b"/a/": "not stripped",
    b"/a?": "an empty query is one",
    b"/a??": "a question mark in the query",
    b"/a;?": "an empty parameter is one",
    b"/a;b=c;d": "parameters",
    b"/a;jsessionid=1F.n1?x": "a session of the app",
    b"/a%": "no escape at all",
    b"/a%2": "half an escape",
    b"/a%zz": "no hexadecimal",
    b"/a%u3042": "IIS's own escapes",
    b"/a%00b": "an escaped NUL",
    b"/a%0d%0aX:%201": "an escaped line end",
    b"/a%20b+c": "blanks",
    b"/a%23b": "an escaped fragment",
    b"/a%3fb?c": "an escaped question mark",
    b"/!$&'()*+,-.0:;<=>@AZ[]^_`az{|}~\"": "all that may stand there",
    b"/a?x=!$&'()*+,-./:;<=>?@[]^_`{|}~\"\\": "and in a query",
    # Japanese, as old apps and old browsers write it.
    b"/%95%5C": "Shift_JIS: the second byte is a backslash",
    b"/%83%5C%83%74%83%67": "Shift_JIS: a word that begins so",
    b"/%8A%7C/%94%5C": "Shift_JIS: the second bytes are a bar and a backslash",
    b"/%93%FA%96%7B.txt": "Shift_JIS, 日本",
    b"/%95\\/%83|": "Shift_JIS with its ASCII bytes unescaped",
    b"/%E6%97%A5%E6%9C%AC": "UTF-8",
    b"/%e6%97%a5": "UTF-8, case kept",
    b"/%C6%FC%CB%DC": "EUC-JP",
    b"/%1B$BF|K%5C%1B(B": "ISO-2022-JP",
    b"/a?q=%95%5C&r=%83%5C": "a query in Shift_JIS",
    b"/a?q=\x95\\&r=\x83|": "a query in raw Shift_JIS",
    b"/a?q=\xe6\x97\xa5": "a query in raw UTF-8",
    b"/cgi-bin/dneo/dneo.cgi?cmd=certify&nexturl=/.gateway/": "a groupware's address",
    b"/Scripts/dneo/dneor.exe/certify/": "text behind the program's name",
}

OURS: Mapping[bytes, str] = {
    b"/.gateway/": "the prefix alone",
    b"/.gateway/health": "open to all",
    b"/.gateway/nothing": "no such page",
    b"/.gateway//": "two slashes behind",
    b"/.gateway/..": "out again?",
    b"/.gateway/../": "out again?",
    b"/.gateway/../a": "out again?",
    b"/.gateway/../../a": "out again?",
    b"/.gateway/%2e%2e/a": "out again, escaped",
    b"/.gateway/%2e%2e%2fa": "out again, escaped",
    b"/.gateway/..%2fa": "out again, escaped",
    b"/.gateway/..%5ca": "out again, backslash",
    b"/.gateway/..;/a": "out again, as Tomcat reads it",
    b"/.gateway/.\\..\\a": "out again, backslash",
    b"/.gateway/health/../../a": "from an open page out again",
    b"/.gateway/health%2f..%2f..%2fa": "the same, escaped",
    b"/.gateway/health;/../../a": "the same with a parameter",
    b"/.gateway/health?/../../a": "the same in the query",
    b"/.gateway/health%00/a": "a NUL behind an open page",
    b"/.gateway/health/": "a slash behind an open page",
    b"/.gateway/HEALTH": "an open page in capitals",
    b"/.gateway/%68ealth": "an open page, escaped",
    b"/.gateway/./health": "a dot segment",
    b"/.gateway/static/../../a": "from files out again",
    b"/.gateway/static/..%2f..%2f..%2fetc%2fpasswd": "from files into the system",
    b"/.gateway/static/%2e%2e/%2e%2e/%2e%2e/etc/passwd": "the same",
    b"/.gateway/static//etc/passwd": "the same, absolute",
    b"/.gateway/static/..\\..\\etc\\passwd": "the same, backslash",
    b"/.gateway/%93%FA%95%5C": "Shift_JIS: Klein cannot decode it",
    b"/.gateway/%00": "a NUL",
    b"/.gateway/%ff": "not UTF-8",
    b"/.gateway/a?q=\x95\\": "a raw query",
    b"/.gateway/sign-in-required": "the page in place by its inner name",
    b"/.gateway/enroll/" + b"A" * 8000: "a long token",
}

REFUSED: Mapping[bytes, str] = {
    b"": "nothing",
    b"*": "the server itself",
    b"a": "no slash",
    b".gateway/health": "no slash",
    b"?/.gateway/health": "no path",
    b"#": "a fragment",
    b"/#": "a fragment",
    b"/#/.gateway/health": "a fragment",
    b"/.gateway/health#/../a": "a fragment behind an open page, oauth2-proxy GHSA-pxq7-h93f-9jrg",
    b"/.gateway/#": "a fragment",
    b"/a?b#c": "a fragment behind a query",
    b"/a\\#b": "a fragment",
    b"http://<host>/.gateway/health": "absolute form of our own",
    b"http://<host>": "absolute form without a path",
    b"http://evil.example/": "absolute form of another",
    b"https://<host>/a": "absolute form, another scheme",
    b"HTTP://<host>/a": "absolute form in capitals",
    b"//<host>/a b": "a blank",
    b"ws://<host>/a": "absolute form of a socket",
    b"javascript:alert(1)": "a scheme",
    b"<host>": "authority form",
    b"<host>/a": "no slash before",
    b"evil.example:443": "authority form",
    b"@evil.example/": "joined to the app's address",
    b"\\a": "a backslash",
    b"\\\\evil.example\\a": "a share",
    b"/\x95\\": "a path in raw Shift_JIS: which charset would the next reader take?",
    b"/\xe6\x97\xa5": "a path in raw UTF-8",
    b"/.gateway\xff/health": "eight bits in our prefix",
    b"/\xa0": "a no-break blank",
    b"/a\x7f": "DEL",
    b"/a\x00": "NUL",
    b"/a\x01": "a control",
    b"/a\x1b": "ESC",
    b"/a\tb": "a tab",
    b"/a b": "a blank",
    b"/a\x0bb": "VT",
    b"/a\rb": "a bare CR",
    b"/a\nb": "a bare LF",
    b"/a?b\x00": "NUL in the query",
    b"/a?b\x7f": "DEL in the query",
    b"/a?b c": "a blank in the query",
    b"/a?b\tc": "a tab in the query",
    b"/a?b\nX: 1": "a line in the query",
    b"\t/a": "a tab before",
}


def shown(target: bytes) -> str:
    """A target as a test's name."""
    return repr(target[:60])[2:-1]


def _case(target: bytes, wanted: Passed | Ours | Refused, why: str) -> Case:
    sent = b"GET " + target + b" HTTP/1.1\r\n<me>\r\n"
    return Case(name=shown(target), sent=sent, wanted=wanted, why=why)


def _kept(target: bytes, why: str) -> Case:
    return _case(target, Passed((Seen(b"GET", target),)), why)


KEPT_CASES = [_kept(target, why) for target, why in KEPT.items()]
OURS_CASES = [_case(target, Ours(), why) for target, why in OURS.items()]
REFUSED_CASES = [_case(target, Refused(), why) for target, why in REFUSED.items()]
CASES = [*KEPT_CASES, *OURS_CASES, *REFUSED_CASES]
