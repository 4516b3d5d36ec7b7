"""``/bench/…`` addresses that take their time.  All stop at once when the browser leaves."""

from __future__ import annotations

from exchange import Exchange, Header

PLAIN: Header = ("Content-Type", "text/plain; charset=UTF-8")


def _number(exchange: Exchange, name: str, otherwise: float) -> float:
    return float(exchange.request.query_text().get(name, otherwise))


async def slow(exchange: Exchange) -> None:
    """Like a slow export: nothing for ``seconds``, then the answer."""
    await exchange.outlet.peer.pause(_number(exchange, "seconds", 1.0))
    await exchange.answer(200, [PLAIN], "お待たせしました\n".encode())


async def poll(exchange: Exchange) -> None:
    """A held answer that ends in 204, because nothing happened for ``seconds``."""
    await exchange.outlet.peer.pause(_number(exchange, "seconds", 1.0))
    await exchange.answer(204)


async def trickle(exchange: Exchange) -> None:
    """``pieces`` bytes, one at a time, ``pause`` seconds apart."""
    pieces = int(_number(exchange, "pieces", 5))
    await exchange.begin(200, [PLAIN], length=pieces)
    for _ in range(pieces):
        await exchange.write(b".")
        await exchange.outlet.peer.pause(_number(exchange, "pause", 0.05))


async def events(exchange: Exchange) -> None:
    """Server-sent events: ``count`` of them, ``pause`` seconds apart."""
    kinds = [("Content-Type", "text/event-stream"), ("Cache-Control", "no-cache")]
    await exchange.begin(200, kinds)
    for number in range(int(_number(exchange, "count", 5))):
        await exchange.write(f"id: {number}\ndata: 知らせ {number}\n\n".encode())
        await exchange.outlet.peer.pause(_number(exchange, "pause", 0.05))
    await exchange.finish()


async def early(exchange: Exchange) -> None:
    """Refuses an upload before its body is in, then reads the rest as a good server does."""
    await exchange.answer(413, [PLAIN], b"too big for me\n")
