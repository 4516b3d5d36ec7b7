"""
Two strangers who read HTTP/1.1 for us: h11 (Python) and llhttp (C, by httptools).

Each reads a whole stream and says what it takes for the first message, and what it takes for
the next. They share no line of code with ours nor with each other. Where they refuse what we
accept is named here, and nothing else is allowed to differ:

1. Bytes above 0x7F in a query: we pass them on (old clients of Shift_JIS apps send them),
   both strangers refuse them, so they are shown a letter in each one's place.
2. llhttp knows some forty methods; any other is shown to it as `REPORT`.
3. httptools stops reading at a head that asks for any upgrade, before the body; that it is the
   same head is all that can be compared.
4. llhttp refuses an answer that says its length twice, or says a length and chunks; we accept
   it as RFC 9112 6.3 orders, and after the latter never use the connection again. h11 makes
   equal lengths one, and refuses `5, 05`.
5. llhttp refuses some letters in a chunk's extension, and both strangers some trailers that
   speak of the framing; neither ever travels on.
6. llhttp forgives a blank behind `chunked`, but no tab (RFC 9110 5.6.3 has both); it is shown a
   blank. We write the field anew.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import h11
import httptools

Field = tuple[bytes, bytes]

LLHTTP_METHODS = frozenset(
    b"DELETE GET HEAD POST PUT OPTIONS COPY LOCK MKCOL MOVE PROPFIND PROPPATCH SEARCH UNLOCK"
    b" BIND REBIND UNBIND ACL REPORT MKACTIVITY CHECKOUT MERGE M-SEARCH NOTIFY SUBSCRIBE"
    b" UNSUBSCRIBE PATCH PURGE MKCALENDAR LINK UNLINK".split(),
)
UNKNOWN_METHOD = b"REPORT"

_encoding_line = re.compile(rb"(?i)(\r\ntransfer-encoding:[^\r\n]*?)[\t ]*\t[\t ]*(?=\r\n)").sub
_request_line = re.compile(rb"([A-Z][A-Z0-9_-]*) ([^ \r\n]*)( [^\r\n]*)", re.DOTALL).match


@dataclass(slots=True)
class Reading:
    """One message as somebody reads it."""

    start: tuple[bytes, ...] = ()
    """Method and target, or the status code."""
    fields: list[Field] = field(default_factory=list)
    """Names in lower case, values without the blanks around them."""
    body: bytes = b""
    is_whole: bool = False
    rest: bytes = b""
    """What is taken for the beginning of the next message."""
    is_stopped: bool = False
    """Whether the reader left at the end of the head (named exception 3)."""


class RefusedByStrangerError(Exception):
    """A stranger refuses the message."""


def eight_bits_away(text: bytes) -> bytes:
    """A letter for each byte above 0x7F (named exception 1)."""
    return re.sub(rb"[\x80-\xff]", b"x", text)


def shown_method(method: bytes) -> bytes:
    """The method as llhttp is shown it (named exception 2)."""
    return method if method in LLHTTP_METHODS else UNKNOWN_METHOD


def tidy(fields: Iterable[Field]) -> list[Field]:
    """Fields in the one spelling in which readings are compared; only h11 changes any."""
    tidied: list[Field] = []
    for name, value in fields:
        key = name.lower()
        if key == b"transfer-encoding":
            tidied.append((key, value.lower()))
        elif key != b"content-length":
            tidied.append((key, value))
        elif (key, length := value.partition(b",")[0].strip(b" \t")) not in tidied:
            tidied.append((key, length))
    return tidied


def read_request_by_h11(stream: bytes) -> Reading:
    """The first request in the stream. Raises RefusedByStrangerError."""
    return _by_h11(h11.Connection(h11.SERVER), _shown(stream, lambda method: method))


def read_answer_by_h11(stream: bytes, method: bytes) -> Reading:
    """The first answer in the stream, to a request of that method. Raises likewise."""
    reader = h11.Connection(h11.CLIENT)
    reader.send(h11.Request(method=method, target="/", headers=[("Host", "app")]))
    reader.send(h11.EndOfMessage())
    return _by_h11(reader, stream)


def _by_h11(reader: h11.Connection, stream: bytes) -> Reading:
    seen = Reading()
    try:
        reader.receive_data(stream)
        while not seen.is_whole:
            event = reader.next_event()
            if event in (h11.NEED_DATA, h11.PAUSED):
                break
            _note(seen, event)
    except h11.RemoteProtocolError as refusal:
        raise RefusedByStrangerError(str(refusal)) from None
    seen.rest = reader.trailing_data[0]
    return seen


def _note(seen: Reading, event: object) -> None:
    if isinstance(event, h11.Request):
        seen.start = (event.method, event.target)
        seen.fields = tidy(event.headers)
    elif isinstance(event, (h11.Response, h11.InformationalResponse)):
        seen.start = (b"%d" % event.status_code,)
        seen.fields = tidy(event.headers)
        seen.is_whole = isinstance(event, h11.InformationalResponse)
    elif isinstance(event, h11.Data):
        seen.body += bytes(event.data)
    else:
        seen.is_whole = isinstance(event, h11.EndOfMessage)


class _Notes:
    """What llhttp tells."""

    def __init__(self) -> None:
        self.seen = [Reading()]
        self.target = b""

    def on_url(self, piece: bytes) -> None:
        self.target += piece

    def on_header(self, name: bytes, value: bytes) -> None:
        self.seen[-1].fields.append((name, value.strip(b" \t")))

    def on_body(self, piece: bytes) -> None:
        self.seen[-1].body += piece

    def on_message_complete(self) -> None:
        self.seen[-1].is_whole = True
        self.seen.append(Reading())


def read_request_by_llhttp(stream: bytes) -> Reading:
    """
    The first request in the stream; of what follows it, all that is in `rest` must be whole.

    Raises:
        RefusedByStrangerError: llhttp refuses it.
    """
    notes = _RequestNotes()
    parser = notes.parser = httptools.HttpRequestParser(notes)
    shown = _tabs_away(_shown(stream, shown_method))
    return _by_llhttp(notes, parser.feed_data, shown)


def read_answer_by_llhttp(stream: bytes) -> Reading:
    """The first answer to a GET in the stream. Raises RefusedByStrangerError."""
    notes = _AnswerNotes()
    parser = notes.parser = httptools.HttpResponseParser(notes)
    return _by_llhttp(notes, parser.feed_data, _tabs_away(stream))


class _RequestNotes(_Notes):
    parser: httptools.HttpRequestParser

    def on_headers_complete(self) -> None:
        self.seen[-1].start = (self.parser.get_method(), self.target)
        self.seen[-1].fields = tidy(self.seen[-1].fields)
        self.target = b""


class _AnswerNotes(_Notes):
    parser: httptools.HttpResponseParser

    def on_headers_complete(self) -> None:
        self.seen[-1].start = (b"%d" % self.parser.get_status_code(),)
        self.seen[-1].fields = tidy(self.seen[-1].fields)


def _by_llhttp(notes: _Notes, feed: Callable[[bytes], object], stream: bytes) -> Reading:
    """Byte by byte, so that the first message's end in the stream is known."""
    first = notes.seen[0]
    for at in range(len(stream)):
        try:
            feed(stream[at : at + 1])
        except httptools.HttpParserUpgrade:
            first.is_whole = first.is_stopped = True
        except httptools.HttpParserError as refusal:
            raise RefusedByStrangerError(str(refusal)) from None
        if first.is_whole:
            first.rest = stream[at + 1 :]
            return first
    return first


def _tabs_away(stream: bytes) -> bytes:
    """The stream without tabs behind an encoding (named exception 6)."""
    return _encoding_line(rb"\1 ", stream)


def _shown(stream: bytes, method_for: Callable[[bytes], bytes]) -> bytes:
    """The stream with a request line that strangers know (named exceptions 1 and 2)."""
    match = _request_line(stream)
    if match is None:
        return stream
    method, target, version = match.groups()
    path, mark, query = target.partition(b"?")
    line = method_for(method) + b" " + path + mark + eight_bits_away(query) + version
    return line + stream[match.end() :]
