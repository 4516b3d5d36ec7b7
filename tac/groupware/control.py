"""
The control port: tests read the record here, and order misbehaviour.

==========================  =====================================================================
``GET /record``             ``{"enough", "requests": […]}``; ``?requests=N`` waits until so many
                            are whole, ``?bytes=N`` until so many body bytes are in,
                            ``?heads=N`` until so many heads are in; ``?seconds=S`` at most (5)
``DELETE /record``          forget the requests
``PUT /fault``              a Fault as JSON; ``DELETE /fault`` takes all back
``GET /connections``        ``{"enough", "total", "open": [numbers]}``; ``?open=N`` waits
``PUT /listening``          ``{"open": false}``: refuse connections; true: take them again
==========================  =====================================================================
"""

from __future__ import annotations

import json
from collections.abc import Callable

from exchange import Exchange
from faults import BadFaultError, fault_from
from wire import Server

ORDER_LIMIT_BYTES = 1 << 20
WAIT_S = 5.0


class Control:
    """The routes of the control port, over the server whose record they show."""

    def __init__(self, watched: Server) -> None:
        self._watched = watched
        self._record = watched.record
        self._acts = {
            (b"GET", b"/record"): self._show_record,
            (b"DELETE", b"/record"): self._clear_record,
            (b"PUT", b"/fault"): self._set_fault,
            (b"DELETE", b"/fault"): self._clear_faults,
            (b"GET", b"/connections"): self._show_connections,
            (b"PUT", b"/listening"): self._switch,
        }

    async def route(self, exchange: Exchange) -> None:
        """Do what is asked; anything unknown or malformed is told, never guessed."""
        act = self._acts.get((exchange.request.method, exchange.request.path))
        if act is None:
            await exchange.json({"error": "no such control"}, status=404)
            return
        try:
            await act(exchange)
        except (ValueError, KeyError, BadFaultError) as wrong:
            await exchange.json({"error": str(wrong)}, status=400)

    async def _show_record(self, exchange: Exchange) -> None:
        asked = exchange.request.query_text()
        enough = await self._record.until(self._claim(asked), float(asked.get("seconds", WAIT_S)))
        requests = [entry.as_json() for entry in self._record.entries]
        await exchange.json({"enough": enough, "requests": requests})

    def _claim(self, asked: dict[str, str]) -> Callable[[], bool]:
        """What the asker waits for."""
        record = self._record

        def is_enough() -> bool:
            entries = record.entries
            whole = [entry for entry in entries if entry.state == "whole"]
            return (
                len(whole) >= int(asked.get("requests", 0))
                and len(entries) >= int(asked.get("heads", 0))
                and sum(entry.body_bytes for entry in entries) >= int(asked.get("bytes", 0))
            )

        return is_enough

    async def _clear_record(self, exchange: Exchange) -> None:
        self._record.clear()
        await exchange.json({})

    async def _set_fault(self, exchange: Exchange) -> None:
        order = json.loads(await exchange.body.whole(ORDER_LIMIT_BYTES))
        self._watched.faults.add(fault_from(order))
        await exchange.json({})

    async def _clear_faults(self, exchange: Exchange) -> None:
        self._watched.faults.clear()
        await exchange.json({})

    async def _show_connections(self, exchange: Exchange) -> None:
        asked = exchange.request.query_text()
        still = self._record.open_connections
        enough = await self._record.until(
            lambda: "open" not in asked or len(still) == int(asked["open"]),
            float(asked.get("seconds", WAIT_S)),
        )
        total = self._record.connections_total
        await exchange.json({"enough": enough, "total": total, "open": sorted(still)})

    async def _switch(self, exchange: Exchange) -> None:
        order = json.loads(await exchange.body.whole(ORDER_LIMIT_BYTES))
        if order["open"]:
            await self._watched.listen()
        else:
            self._watched.stop_listening()
        await exchange.json({})
