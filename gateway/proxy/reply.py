"""
The answer of an exchange, read back and said to a twisted.web Request.

An exchange writes HTTP/1.1 to what it takes for the browser's connection. `Reply` stands in for
that connection: status, fields and the pieces of the body go to the Request, which frames them
for whatever its channel speaks. Nothing is gathered but a head that comes in parts; an answer that
is not whole is never finished. After a 101 bytes pass as they are.
"""

from __future__ import annotations

from typing import Protocol

from twisted.internet.interfaces import IAddress
from twisted.logger import Logger
from twisted.web.server import Request

from gateway.proxy.bodies import BodyReader, reader
from gateway.rules.http1 import BadMessageError, BodyKind
from gateway.rules.response import ResponseHead, parse_response

FRAMING = frozenset((b"connection", b"transfer-encoding"))
"""What the channel says in its own way."""

OF_TWISTED = (b"Server", b"Date")
"""What twisted.web says of itself before a resource is asked: the app's own count, or none."""


def cookie_name(pair: bytes) -> bytes:
    """
    By which name the first of these pairs comes back.

    A cookie without a name comes back as its value alone (RFC 6265bis 5.7.3): `=a=x` as `a=x`.
    """
    return pair.partition(b";")[0].lstrip(b" \t=").partition(b"=")[0].strip(b" \t")


class Side(Protocol):
    """What a reply asks of the browser's side."""

    request: Request

    def wants_interim(self, status: int) -> bool:
        """Whether a 1xx answer of that status should go out, as bytes."""
        ...

    def hold(self) -> None:
        """Read no more of the browser: the app cannot take it."""

    def release(self) -> None:
        """Read on."""

    def cut(self) -> None:
        """Tear the connection down."""


class Reply:
    """A `Wire` that ends in a Request."""

    log = Logger()

    def __init__(self, side: Side, *, own_cookies: frozenset[bytes]) -> None:
        self._side = side
        self._request = side.request
        self._own_cookies = own_cookies
        self._buffer = b""
        self._head: ResponseHead | None = None
        self._body: BodyReader | None = None
        self._is_tunnel = False

    def write(self, data: bytes) -> None:
        """Say what these bytes say."""
        if self._is_tunnel:
            self._write_raw(data)
            return
        try:
            self._read(data)
        except BadMessageError as bad:  # such as a 201st field, ours, behind 200 of the app's
            self.log.warn("no answer can be made of the app's: {why}", why=bad.why)
            self._side.cut()

    def _read(self, data: bytes) -> None:
        body = self._body
        while body is None:
            end = (self._buffer + data).find(b"\r\n\r\n")
            if end < 0:
                self._buffer += data
                return
            block, self._buffer = self._buffer + data, b""
            data = self._take_head(block[:end], block[end + 4 :])
            if self._is_tunnel:
                return
            body = self._body
        for piece in body.feed(data):
            self._request.write(piece)

    def _take_head(self, block: bytes, rest: bytes) -> bytes:
        head = parse_response(block, method=self._request.method)
        if head.status == 101:
            self._is_tunnel = True
            self._write_raw(block + b"\r\n\r\n" + rest)
        elif head.status < 200:
            if self._side.wants_interim(head.status):
                self._write_raw(block + b"\r\n\r\n")
        else:
            self._head, self._body = head, reader(head.framing)
            self._say_head(head)
        return rest

    def _say_head(self, head: ResponseHead) -> None:
        request = self._request
        request.setResponseCode(head.status, head.reason)
        request.defaultContentType = None
        for name in OF_TWISTED:
            request.responseHeaders.removeHeader(name)
        for name, value in head.fields:
            key = name.lower()
            if key == b"set-cookie":
                self._say_cookie(value)
            elif key not in FRAMING:
                request.responseHeaders.addRawHeader(name, value)
        if b"close" in head.nominated and request.clientproto != b"HTTP/2":
            request.responseHeaders.setRawHeaders(b"Connection", [b"close"])
        request.write(b"")  # the head of an event stream does not wait for its first event

    def _say_cookie(self, value: bytes) -> None:
        # By this list: twisted.web puts it in the place of all Set-Cookie fields there are.
        if cookie_name(value) not in self._own_cookies:
            self._request.cookies.append(value)

    def _write_raw(self, data: bytes) -> None:
        if self._channel is not None:
            self._channel.write(data)

    @property
    def _channel(self) -> Reply | None:
        """The request's channel; None when the request is over (Twisted deletes the attribute)."""
        channel: Reply | None = getattr(self._request, "channel", None)
        return channel

    def finish(self) -> None:
        """The exchange has written all: so much for the answer, if it is whole."""
        body, head = self._body, self._head
        if self._channel is None:
            return
        if body is None or head is None:
            self._side.cut()
        elif body.is_finished or head.framing.kind is BodyKind.UNTIL_CLOSE:
            self._request.finish()
        else:
            self._side.cut()

    # Back-pressure, both ways

    def registerProducer(self, producer: object, streaming: bool) -> None:
        """Let the app be slowed down by the browser."""
        self._request.registerProducer(producer, streaming)

    def unregisterProducer(self) -> None:
        """It need not be any more."""
        if self._channel is not None:
            self._request.unregisterProducer()

    def pauseProducing(self) -> None:
        """The app's connection is full."""
        self._side.hold()

    def resumeProducing(self) -> None:
        """It takes more."""
        self._side.release()

    def stopProducing(self) -> None:
        """It is gone: the exchange learns of that by itself."""

    # Closing, and what else a connection can be asked

    def loseConnection(self) -> None:
        """Close once all is sent."""
        self._request.loseConnection()

    def loseWriteConnection(self) -> None:
        """The same: a request has no half."""
        self._request.loseConnection()

    def abortConnection(self) -> None:
        """Close at once."""
        self._side.cut()

    def setTcpNoDelay(self, enabled: bool) -> None:
        """The channel has seen to that."""

    def getPeer(self) -> IAddress:
        """Tell who asks."""
        peer: IAddress = self._request.getClientAddress()
        return peer

    def getHost(self) -> IAddress:
        """Tell who was asked."""
        host: IAddress = self._request.getHost()
        return host
