"""
The app's interface for other programs: one call at a time, 429 once more than ten wait.

The key comes as ``access_key`` in query or form, or in the header ``X-Desknets-Auth``.
"""

from __future__ import annotations

import asyncio

from people import STAFF
from stories import APPOINTMENTS
from visit import Visit

WAITING_LIMIT = 10


class Interface:
    """The calls, one after the other."""

    def __init__(self, call_s: float, penalty_s: float, key: str) -> None:
        self._call_s = call_s
        self._penalty_s = penalty_s
        self._key = key
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._refusing_until = 0.0

    async def call(self, visit: Visit) -> None:
        """Serve one call in its turn, or refuse it."""
        if not self._has_key(visit):
            await visit.exchange.json({"status": "ng", "message": "access_key"}, status=401)
            return
        if self._is_refusing():
            await visit.exchange.json({"status": "ng", "message": "Too Many Requests"}, status=429)
            return
        self._waiting += 1
        try:
            async with self._turn:
                await visit.exchange.outlet.peer.pause(self._call_s)
        finally:
            self._waiting -= 1
        await visit.exchange.json({"status": "ok", "items": _items(visit.asked.get("action", ""))})

    def _has_key(self, visit: Visit) -> bool:
        header = visit.exchange.request.value(b"X-Desknets-Auth").decode("latin-1")
        return self._key in (header, visit.asked.get("access_key"))

    def _is_refusing(self) -> bool:
        now = asyncio.get_running_loop().time()
        if self._waiting > WAITING_LIMIT:
            self._refusing_until = now + self._penalty_s
        return now < self._refusing_until


def _items(action: str) -> list[dict[str, object]]:
    if action == "schedule":
        return [
            {"id": entry.number, "title": entry.title, "start": entry.start}
            for entry in APPOINTMENTS
        ]
    return [{"id": one.number, "name": one.name, "group": one.group} for one in STAFF]
