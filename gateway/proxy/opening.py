"""
One attempt to reach a backend, on behalf of one request.

A connection counts as made when the request may be written to it: with TLS only once the
certificate was found good, so nothing of a request ever reaches whom we do not trust, and a
wrong certificate is told as what it is. The time-out covers name, TCP and TLS together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.internet import error
from twisted.internet.interfaces import IAddress, IHandshakeListener, IReactorTime
from twisted.internet.protocol import Factory, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from gateway.proxy.back import Back, Exchange
from gateway.proxy.reach import Place, trouble_of
from gateway.sockets.connection import Connection

if TYPE_CHECKING:
    from gateway.proxy.connections import Connections, Seeker


class PooledBack(Back):
    """A connection that the pool knows of until it is gone."""

    def __init__(self, opening: Opening, exchange: Exchange) -> None:
        super().__init__(opening.home, exchange)
        self._connections = opening.home
        # Let go once it is over: the connection outlives the request that it was made for.
        self._opening: Opening | None = opening

    def connectionMade(self) -> None:
        """It is there."""
        opening, self._opening = self._opening, None
        if opening is not None:
            opening.arrived(self)
        if isinstance(self.transport, Connection):
            # The endpoint's wrapper has done its work: what comes need not go through it.
            self.transport.protocol = self
        super().connectionMade()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """It is gone, and nothing of it is left."""
        super().connectionLost(reason)
        self._connections.gone(self)


@implementer(IHandshakeListener)
class SecureBack(PooledBack):
    """The same with TLS: it is there once the handshake is done."""

    def connectionMade(self) -> None:
        """TCP is there, and nobody knows yet with whom."""

    def handshakeCompleted(self) -> None:
        """The certificate was found good."""
        super().connectionMade()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Before the handshake is done this is a failure to connect."""
        opening, self._opening = self._opening, None
        if opening is None:
            super().connectionLost(reason)
        else:
            opening.not_reached(reason)


class Opening(Factory):
    """Connects; tells its home how it went, once."""

    noisy = False

    def __init__(
        self,
        home: Connections,
        place: Place,
        seeker: Seeker,
        *,
        clock: IReactorTime,
        connect_s: float,
    ) -> None:
        self.home = home
        # Let go too: a transport keeps its factory for as long as it lives.
        self._seeker: Seeker | None = seeker
        self._place = place
        self._clock = clock
        self._connect_s = connect_s
        self._back: PooledBack | None = None
        self._is_late = False

    def begin(self) -> None:
        """Connect; the outcome may come at once."""
        self._timer = self._clock.callLater(self._connect_s, self._give_up)
        self._connecting = self._place.endpoint.connect(self)
        # Success is told by the connection itself.
        self._connecting.addErrback(self.not_reached)

    def buildProtocol(self, addr: IAddress | None) -> PooledBack | None:
        """The connection, as far as TCP."""
        if self._back is not None or self._seeker is None:
            return None
        kind = PooledBack if self._place.trust is None else SecureBack
        self._back = kind(self, self._seeker.exchange)
        return self._back

    def arrived(self, back: Back) -> None:
        """The request may be written now."""
        self._end()
        self.home.arrived(self, back)

    def not_reached(self, failure: Failure) -> None:
        """There will be no connection."""
        seeker = self._end()
        if seeker is not None:
            failure = Failure(error.TimeoutError()) if self._is_late else failure
            self.home.not_reached(self, seeker, trouble_of(failure, self._place.trust))

    def _end(self) -> Seeker | None:
        """Who was connected for, the first time it is asked."""
        seeker, self._seeker = self._seeker, None
        if self._timer.active():
            self._timer.cancel()
        return seeker

    def _give_up(self) -> None:
        self._is_late = True
        self.stop()

    def stop(self) -> None:
        """Connect no further."""
        self._connecting.cancel()
        if self._back is not None and self._seeker is not None:
            self._back.transport.abortConnection()
