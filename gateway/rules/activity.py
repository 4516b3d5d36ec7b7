"""
Which requests show that a person is there: the others do not feed the idle timer.

Theory. A forgotten tab goes on asking: it polls, it reloads itself. Somebody who works in an app
of one page asks by script, too, so the kind of a request does not tell them apart. What does is
news: who works asks for something else now and then, a tab that is alone repeats itself.

1. What is asked of a path in `[sessions] background` never counts.
2. What a person has just set off (`Sec-Fetch-User: ?1`, W3C Fetch Metadata 2.4) counts; so does
   a video or a recording that plays.
3. The parts of a page (styles, pictures, scripts ...) do not count: the page did.
4. Everything else counts if it is news: the session has not asked the same within the idle
   limit. The same is: method, path, query and the body's length. Time stamps and other values
   that are there to get past caches make no news.
5. A repeated request counts all the same if it is one that writes (POST, PUT ...) and does not
   come in a steady beat: a form that is sent again and again by a person, not by a timer.

Errors that remain, all towards the safe side unless marked. Who only repeats what he has asked,
without a click that loads a page, for a whole idle limit, is signed out; so is who writes bodies
of one length in a steady beat. (Unsafe:) a tab that polls with ever new values, as a sequence
number or bodies of changing length, in more than `MEMORY` ways, or by POST without a steady
beat (two tabs of the same page, a held poll), is taken for a person, up to the session's
lifetime: that is what `background` is for.

A caller need not ask about a GET or HEAD that comes some seconds after a use: the timer is fed
already. About what writes it must always ask: a beat with gaps is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from gateway.rules.http1 import RequestHead
from gateway.rules.patterns import matcher
from gateway.rules.readings import readings

MEMORY = 32
"""Requests that a session remembers: some 6 KB. A page polls in one to eight ways."""

STEADY = (0.7, 1.4)
"""How much an interval may differ from the usual one. A timer that waits for the answer of a
busy app strays by a fifth or so; of the pauses a person makes less than half are so alike."""

BEAT_FULL = 12
BEAT_IS_POLLING = 3
BEAT_MISSED = 2
"""Each steady interval adds 1, up to 12; any other takes 2, and a late poll is two of them: one in
twenty may be late. A person's pauses do not stay at 3 for long. (Simulated: 30 forgotten tabs of
which one poll in twenty was late ended within 7 minutes of the limit; work with pauses that
vary by 30 % (sigma of the logarithm) was seen each 20 minutes at least.)"""

KNOWN_PATHS = 1024

_CLICKED = b"\r\nSec-Fetch-User: ?1"
_DESTINATION = b"\r\nSec-Fetch-Dest: "
"""To the letter, as browsers write them in HTTP/1.1: looked for in each request of a session.
Another spelling is not understood, and the request judged by whether it is news."""
_MEDIA = frozenset((b"audio", b"video"))
_PARTS = frozenset(
    b"audioworklet embed font image manifest object paintworklet report script serviceworker"
    b" sharedworker style track webidentity worker xslt".split()
)
_LONGEST = max(map(len, _PARTS)) + 1
_READS = frozenset((b"GET", b"HEAD", b"OPTIONS", b"PROPFIND", b"REPORT"))

_past_caches = re.compile(
    rb"[0-9]{10,}|[?&](?:_|t|ts|r|rnd|rand|random|cb|nocache|time|timestamp)=[^&]*"
).sub


class Trail:
    """What one session has asked for lately: requests, and in which beat they come."""

    __slots__ = ("_asked",)

    def __init__(self) -> None:
        self._asked: dict[int, tuple[float, float, int]] = {}
        """Of each request: when it came last, its usual interval, the beat. Oldest first."""

    def __len__(self) -> int:
        """How many requests are remembered."""
        return len(self._asked)

    def is_act(self, asked: int, *, now: float, idle_s: float, writes: bool) -> bool:
        """
        Whether this request shows that a person is there; it is remembered.

        Args:
            asked: the same number for the same request.
            now: seconds, monotonic.
            idle_s: the idle limit of sessions.
            writes: whether it may be more than a question.
        """
        before = self._asked.pop(asked, None)
        if before is None or now - before[0] >= idle_s:
            self._asked[asked] = (now, 0.0, 0)
            if len(self._asked) > MEMORY:
                del self._asked[next(iter(self._asked))]
            return True
        at, usual_s, beat = before
        interval_s = now - at
        if STEADY[0] * usual_s <= interval_s <= STEADY[1] * usual_s:
            beat, usual_s = min(beat + 1, BEAT_FULL), interval_s
        else:
            beat = max(beat - BEAT_MISSED, 0)
            usual_s = usual_s if beat else interval_s
        self._asked[asked] = (now, usual_s, beat)
        return writes and beat < BEAT_IS_POLLING


class Activity:
    """Tells a person's requests from a forgotten tab's."""

    __slots__ = ("_idle_s", "_is_listed", "_lists")

    def __init__(self, *, idle_s: float, background: Iterable[str] = ()) -> None:
        """
        Get ready.

        Args:
            idle_s: `[sessions] idle`.
            background: `[sessions] background`, patterns of paths (see `patterns`).
        """
        patterns = tuple(background)
        certain, _ = matcher(patterns)
        self._idle_s = idle_s
        self._lists = bool(patterns)

        @lru_cache(KNOWN_PATHS)
        def is_listed(path: bytes) -> bool:
            seen = readings(path)
            return seen is not None and all(map(certain, seen))

        self._is_listed = is_listed

    def is_background(self, head: RequestHead, trail: Trail, *, now: float) -> bool:
        """
        Whether a request is no sign of a person; to be asked once for each.

        Args:
            head: the request.
            trail: of the session that it belongs to.
            now: seconds on the monotonic clock.
        """
        raw, target = head.block.raw, head.target
        if self._lists and self._is_listed(target.partition(b"?")[0]):
            return True
        if _CLICKED in raw:
            return False
        destination = _destination(raw)
        if destination in _PARTS or destination in _MEDIA:
            return destination in _PARTS
        if b"?" in target:
            target = _past_caches(b"", target)
        asked = hash((head.method, target, head.block.framing.length))
        writes = head.method not in _READS
        return not trail.is_act(asked, now=now, idle_s=self._idle_s, writes=writes)


def _destination(raw: bytes) -> bytes:
    """The value of Sec-Fetch-Dest (W3C Fetch Metadata 2.1); b"" without."""
    at = raw.find(_DESTINATION)
    if at < 0:
        return b""
    at += len(_DESTINATION)
    return raw[at : at + _LONGEST].partition(b"\r")[0]
