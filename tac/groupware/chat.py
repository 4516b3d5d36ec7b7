"""A small chat by long poll: an answer that is held until somebody says something."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from dataclasses import dataclass
from datetime import datetime

from exchange import Exchange
from people import STAFF, Person
from settings import TOKYO
from visit import Visit, fill, icon

HOLD_S = 25.0
"""How long a poll is held when nobody says anything."""
LINE_LIMIT = 100
REPLY_AFTER_S = 1.2
REPLIES = (
    "了解です。午後に確認しますね。",
    "ありがとうございます！ 助かります。",
    "その件、掲示板にも書いておきました。",
    "お昼のあとでも大丈夫ですか。",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing said."""

    number: int
    person: Person
    text: str
    time: str

    def as_json(self) -> dict[str, object]:
        """The line for the page's script."""
        return {
            "number": self.number,
            "name": self.person.name,
            "hue": self.person.hue,
            "text": self.text,
            "time": self.time,
        }


class Chat:
    """The acts of the chat."""

    def __init__(self) -> None:
        self._lines: deque[Line] = deque(maxlen=LINE_LIMIT)
        self._said = asyncio.Event()
        self._replies: set[asyncio.Task[None]] = set()
        self._add(STAFF[2], "お疲れさまです。展示会の件、何でも聞いてください。")

    async def page(self, visit: Visit) -> None:
        """The view: an empty list that the script fills."""
        await visit.view("チャット", fill("chat.html", send=icon("send"), link=icon("link")))

    async def wait(self, visit: Visit) -> None:
        """Lines after ``after``: at once when there are some, else when one comes."""
        after = int(visit.asked.get("after", "0"))
        hold_s = float(visit.asked.get("hold", HOLD_S))
        await self._hold(visit.exchange, after, hold_s)
        lines = [line.as_json() for line in self._lines if line.number > after]
        await visit.exchange.json({"status": "ok", "lines": lines})

    async def say(self, visit: Visit) -> None:
        """Say something; a colleague answers a moment later."""
        if not visit.is_proven:
            await visit.refuse("画面の有効期限が切れています。")
            return
        line = self._add(visit.signed_in.person, visit.asked.get("text", ""))
        reply = asyncio.create_task(self._reply(line.number))
        self._replies.add(reply)
        reply.add_done_callback(self._replies.discard)
        await visit.exchange.json({"status": "ok", "number": line.number})

    async def _hold(self, exchange: Exchange, after: int, hold_s: float) -> None:
        """Wait for a new line, unless the browser leaves first."""
        left = asyncio.create_task(exchange.outlet.peer.left.wait())
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(hold_s):
                    while not left.done() and not self._has_news(after):
                        said = asyncio.create_task(self._said.wait())
                        await asyncio.wait({said, left}, return_when=asyncio.FIRST_COMPLETED)
                        said.cancel()
        finally:
            left.cancel()

    def _has_news(self, after: int) -> bool:
        return self._lines[-1].number > after

    def _add(self, person: Person, text: str) -> Line:
        number = self._lines[-1].number + 1 if self._lines else 1
        time = datetime.now(tz=TOKYO).strftime("%H:%M")
        line = Line(number=number, person=person, text=text, time=time)
        self._lines.append(line)
        self._said.set()
        self._said = asyncio.Event()
        return line

    async def _reply(self, number: int) -> None:
        await asyncio.sleep(REPLY_AFTER_S)
        self._add(STAFF[2], REPLIES[number % len(REPLIES)])
