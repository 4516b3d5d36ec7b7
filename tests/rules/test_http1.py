"""Which field lines and hosts of a request are understood, and within which limits."""

from __future__ import annotations

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.rules.fields import (
    KNOWN_LINES,
    Meaning,
    Passage,
    Vocabulary,
)
from gateway.rules.headers import to_app
from gateway.rules.http1 import (
    FIELD_LIMIT,
    HEAD_LIMIT_BYTES,
    LINE_LIMIT_BYTES,
    BadMessageError,
    RequestHead,
    parse_request,
)
from gateway.rules.locations import names_for
from gateway.rules.names import OF_REQUESTS
from gateway.rules.public import parse_origin

NAMES = names_for(
    parse_origin("https://gw.example.test"),
    backend_host="10.0.0.5",
    backend_port=80,
    internal_names=(),
    preserve_host=True,
)

GET = b"GET / HTTP/1.1\r\nHost: gw"

USUAL_LINES = (
    b"User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64)",
    b"Accept: text/html,*/*;q=0.8",
    b"accept:  */* ",
    b"Accept-Language: ja,en-US;q=0.7",
    b"Cookie: dnzSid=1; other=2",
    b"X-Own: 1",
    b"Connection: keep-alive",
)


def with_fields(*lines: bytes) -> bytes:
    """A plain GET with more field lines."""
    return b"\r\n".join([GET, *lines])


def status_of(head: bytes) -> int:
    """The status with which a head is refused."""
    with pytest.raises(BadMessageError) as caught:
        parse_request(head)
    return caught.value.status


def accepts(head: bytes) -> bool:
    """Whether a head is understood."""
    try:
        parse_request(head)
    except BadMessageError:
        return False
    return True


@pytest.mark.parametrize(
    "line",
    [
        b"X : y",
        b"X\t: y",
        b"Content-Length : 5",
        b" X: y",
        b"\tX: y",
        b"X: a\r\n b",
        b"X: a\r\n\tb",
        b" Transfer-Encoding: chunked",
        b"X: y\nZ: w",
        b"X: y\rZ: w",
        b"X: y\r\r",
        b"X: y\n",
        b"X: a\x00b",
        b"X: a\x01b",
        b"X: a\x07b",
        b"X: a\x08b",
        b"X: a\x0bb",
        b"X: a\x0cb",
        b"X: a\x1fb",
        b"X: a\x7fb",
        b"X\x00: y",
        b"X\x0b: y",
        b"X\xa0: y",
        b"X\xffY: y",
        b"X[]: y",
        b"X(: y",
        b"X/Y: y",
        b'"X": y',
        b"X",
        b"no colon here",
        b": y",
        b"",
    ],
)
def test_field_line_refused(line: bytes) -> None:
    """A field line that another reader might read otherwise is answered with 400."""
    assert status_of(with_fields(line, b"Z: z")) == 400


def test_fold_behind_host_refused() -> None:
    """A folded line that hides a Transfer-Encoding within Host is refused."""
    head = b"POST / HTTP/1.1\r\nHost: x\r\n Transfer-Encoding: chunked\r\nContent-Length: 5"

    assert status_of(head) == 400


def test_folded_first_field_refused() -> None:
    """A request whose first field line is folded is refused."""
    assert status_of(b"GET / HTTP/1.1\r\n Host: gw") == 400


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"X:y", (b"X", b"y")),
        (b"X: y", (b"X", b"y")),
        (b"X:  \ty \t", (b"X", b"y")),
        (b"X:", (b"X", b"")),
        (b"X: \t ", (b"X", b"")),
        (b"x-Odd.Name!: a:b", (b"x-Odd.Name!", b"a:b")),
        (b"X: a  b\tc ", (b"X", b"a  b\tc")),
        (b"X: \x93\xfa\x96\x7b", (b"X", b"\x93\xfa\x96\x7b")),
    ],
)
def test_field_read(line: bytes, expected: tuple[bytes, bytes]) -> None:
    """Names stay as written; values lose only the blanks around them."""
    assert expected == parse_request(with_fields(line)).block.fields[1]


def test_order_and_repeats_kept() -> None:
    """Repeated fields are kept, all of them, in order."""
    block = parse_request(with_fields(b"X: 1", b"Y: 2", b"x: 3", b"X: 1")).block

    expected = ((b"Host", b"gw"), (b"X", b"1"), (b"Y", b"2"), (b"x", b"3"), (b"X", b"1"))
    assert expected == block.fields


# Host


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"gw.example.co.jp", b"gw.example.co.jp"),
        (b"GW.Example.CO.JP", b"gw.example.co.jp"),
        (b"gw:8443", b"gw:8443"),
        (b"gw.", b"gw."),
        (b"my_host", b"my_host"),
        (b"127.0.0.1:80", b"127.0.0.1:80"),
        (b"[::1]:8443", b"[::1]:8443"),
        (b"[2001:DB8::1]", b"[2001:db8::1]"),
    ],
)
def test_host_in_one_form(value: bytes, expected: bytes) -> None:
    """Host is compared in lower case, with its port and final dot where they are written."""
    assert expected == parse_request(b"GET / HTTP/1.1\r\nhOsT:\t" + value + b" ").block.host


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"a b/c?d@e",
        b"user@gw",
        b"gw/",
        b"gw?x",
        b"gw#x",
        b"gw:",
        b"gw:x",
        b"gw:123456",
        b"gw:80:80",
        b"gw,gw",
        b"a, b",
        b"[::1",
        b"::1",
        b"[gw]",
        b"g\xe9",
        b"gw\\x",
        b"<script>",
        b"gw%2e",
        b":80",
    ],
)
def test_host_refused(value: bytes) -> None:
    """A Host that is no host name or address is answered with 400."""
    assert status_of(b"GET / HTTP/1.1\r\nHost: " + value) == 400
    assert status_of(b"GET / HTTP/1.0\r\nHost: " + value) == 400


@pytest.mark.parametrize("second", [b"Host: other", b"Host: gw", b"hOST:gw", b"Host:"])
def test_two_hosts_refused(second: bytes) -> None:
    """Two Host fields, even equal ones, are answered with 400."""
    assert status_of(with_fields(second)) == 400


def test_no_host_refused_in_http_1_1() -> None:
    """HTTP/1.1 without Host is answered with 400."""
    assert status_of(b"GET / HTTP/1.1") == 400
    assert status_of(b"GET / HTTP/1.1\r\nX: y") == 400


def test_no_host_in_http_1_0() -> None:
    """HTTP/1.0 did not know Host: the request is understood without."""
    head = parse_request(b"GET / HTTP/1.0")

    assert (0, b"", ()) == (head.minor, head.block.host, head.block.fields)


# Limits


def test_field_limit() -> None:
    """As many fields as the limit says are read, one more gives 431."""
    fits = with_fields(*[b"X: y"] * (FIELD_LIMIT - 1))

    assert len(parse_request(fits).block.fields) == FIELD_LIMIT
    assert status_of(fits + b"\r\nX: y") == 431
    assert status_of(with_fields(*[b"X: y"] * 500)) == 431


def test_line_limit() -> None:
    """A line as long as the limit says is read, one byte more gives 431; targets included."""
    fits = with_fields(b"X:" + b"y" * (LINE_LIMIT_BYTES - 2))
    long_target = b"GET /" + b"a" * LINE_LIMIT_BYTES + b" HTTP/1.1\r\nHost: gw"

    assert accepts(fits)
    assert status_of(fits + b"y") == 431
    assert status_of(long_target) == 431
    assert accepts(b"GET /" + b"a" * 17_000 + b" HTTP/1.1\r\nHost: gw")


def test_head_limit() -> None:
    """A head as long as the limit says is read, one byte more gives 431."""
    lines = [b"X:" + b"y" * 30_000, b"X:" + b"y" * 30_000]
    missing = HEAD_LIMIT_BYTES - len(with_fields(*lines, b"X:"))
    fits = with_fields(*lines, b"X:" + b"y" * missing)

    assert accepts(fits)
    assert status_of(fits + b"y") == 431


def test_big_cookies() -> None:
    """Eight cookies of 3 kB each, as groupware sets them, are no trouble."""
    assert accepts(with_fields(*[b"Cookie: a=" + b"x" * 3000] * 8))


# The memory of lines


@given(lines=st.lists(st.sampled_from(USUAL_LINES), max_size=8), data=st.data())
def test_memory(lines: list[bytes], data: st.DataObject) -> None:
    """What was understood before is understood the same way again."""
    head = with_fields(*lines)
    before = data.draw(st.permutations(lines))

    first = parse_request(head)
    parse_request(with_fields(*before))
    second = parse_request(head)

    assert first == second
    assert as_sent(first) == as_sent(second)


def as_sent(head: RequestHead) -> list[bytes]:
    """The lines that the app gets."""
    return to_app(head.block, names=NAMES).split(b"\r\n")


@pytest.mark.parametrize("line", USUAL_LINES)
def test_odd_spelling_of_a_remembered_line(line: bytes) -> None:
    """A line that was fine before is refused as soon as one byte of it is not."""
    for _ in range(2):
        assert accepts(with_fields(line))

    assert not accepts(with_fields(line.replace(b":", b" :")))
    assert not accepts(with_fields(line + b"\n"))
    assert not accepts(with_fields(line + b"\r"))
    assert not accepts(with_fields(line, b" folded"))
    assert not accepts(with_fields(b"", line))


def test_memory_is_bounded() -> None:
    """However many different heads a stranger sends, the memory stays small."""
    lasting = partial(Meaning, passage=Passage.STAYS, is_meaningful=False, is_lasting=True)
    vocabulary = Vocabulary(lasting)

    for number in range(3 * KNOWN_LINES):
        vocabulary.read(b"\r\nAccept: %d" % number)

    assert len(vocabulary) <= KNOWN_LINES


@pytest.mark.parametrize("secret", [b"Authorization: Basic x", b"X-Token: y", b"cookie: a=b"])
def test_secrets_are_not_remembered(secret: bytes) -> None:
    """A line that may be secret is read anew each time, and not kept."""
    parse_request(with_fields())
    before = len(OF_REQUESTS)

    parse_request(with_fields(secret))

    assert before == len(OF_REQUESTS)


def test_reason_for_the_log() -> None:
    """A refusal says for the log, in constant words, what was wrong."""
    with pytest.raises(BadMessageError, match=r"^400: no Host$") as caught:
        parse_request(b"GET / HTTP/1.1")

    assert caught.value.why == "no Host"
