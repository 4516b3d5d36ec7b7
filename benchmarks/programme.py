"""
The order of play: what is measured of whom, in turns.

An act starts its proxies afresh; within it they take turns: in each round every one has one
slice, and each round begins with another, so that nobody always follows the same neighbour.
What cannot be measured is left out by name, with the reason, and the rest goes on.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from benchmarks.child import NotHereError
from benchmarks.load import LoadError
from benchmarks.measures import bodies, handshakes, idle, sessions, throughput, websockets
from benchmarks.readings import Reading, Readings
from benchmarks.stage import Stage
from benchmarks.subjects.subject import Running, Subject, start

Measure = Callable[[Running], Mapping[str, float]]

HTTP, HTTPS = "http", "https"

LONG = ("nginx", "nginx-auth", "haproxy", "caddy-auth", "ours", "ours-2")
"""Who takes part where a turn takes most of a minute."""

ALL_ROUNDS = "1k"
"""What the goals are about has all rounds, the rest half of them."""

OTHERS = {
    "handshake": "full TLS handshakes",
    "websocket": "WebSocket messages, 64 browsers",
    "idle": "idle connections",
    "bodies": "5 slow downloads of 300 MB, 5 uploads of 200 MB",
    "sessions": "1,000,000 stored sessions against 1,000",
}
NAMES = {part.key: part.name for part in throughput.SLICES} | OTHERS
"""Every slice of the programme."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the run is to be."""

    slices: Sequence[str] = tuple(NAMES)
    schemes: Sequence[str] = (HTTP, HTTPS)
    rounds: int = 4
    seconds: int = 2
    connections: int = idle.CONNECTIONS


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One slice of the programme."""

    key: str
    measure: Measure
    rounds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Slices that use the same running proxies."""

    parts: Sequence[Part]
    has_far_end: bool = False
    suits: Callable[[Subject], bool] = lambda subject: True


def acts(wish: Wish, scheme: str) -> Iterator[Act]:
    """What is wished for, in order."""
    half = (wish.rounds + 1) // 2
    loads = [
        Part(
            key=part.key,
            measure=partial(throughput.measure, part=part, seconds=wish.seconds),
            rounds=wish.rounds if part.key == ALL_ROUNDS else half,
        )
        for part in throughput.SLICES
    ]
    if scheme == HTTPS:
        shake = partial(handshakes.measure, seconds=wish.seconds)
        loads.append(Part(key="handshake", measure=shake, rounds=half))
    talk = partial(websockets.measure, seconds=wish.seconds)
    wait = partial(idle.measure, connections=wish.connections)
    every = (
        Act(parts=loads),
        Act(
            parts=[Part(key="websocket", measure=talk, rounds=half)],
            has_far_end=True,
            suits=lambda subject: subject.tunnels,
        ),
        Act(parts=[Part(key="idle", measure=wait, rounds=1)], suits=_is_long),
        Act(
            parts=[Part(key="bodies", measure=bodies.measure, rounds=1)],
            has_far_end=True,
            suits=_is_long,
        ),
    )
    for act in every:
        wanted = [part for part in act.parts if part.key in wish.slices]
        if wanted:
            yield Act(parts=wanted, has_far_end=act.has_far_end, suits=act.suits)


def _is_long(subject: Subject) -> bool:
    return subject.key in LONG


@dataclass(slots=True, kw_only=True)
class Programme:
    """One run."""

    stage: Stage
    subjects: Sequence[Subject]
    wish: Wish
    say: Callable[[str], None]
    readings: Readings = field(default_factory=Readings)

    def play(self) -> Readings:
        """All of it."""
        for scheme in self.wish.schemes:
            for act in acts(self.wish, scheme):
                self._play(act, scheme)
        if "sessions" in self.wish.slices:
            self._play_sessions()
        return self.readings

    def _play(self, act: Act, scheme: str) -> None:
        with contextlib.ExitStack() as ended:
            cast = [each for each in self.subjects if act.suits(each)]
            running = [
                each
                for subject in cast
                if (each := self._start(subject, act, scheme, ended)) is not None
            ]
            for part in act.parts:
                for number in range(part.rounds):
                    self.say(f"{scheme}: {NAMES[part.key]}, round {number + 1} of {part.rounds}")
                    for each in turned(running, number):
                        measure = partial(part.measure, each)
                        self._take(each.subject, scheme, part.key, number, measure)

    def _start(
        self, subject: Subject, act: Act, scheme: str, ended: contextlib.ExitStack
    ) -> Running | None:
        app_port = self.stage.far_end_port if act.has_far_end else self.stage.app_port
        try:
            running = start(subject, self.stage, is_tls=scheme == HTTPS, app_port=app_port)
        except NotHereError as error:
            self._leave_out(f"{subject.key}, {scheme}", error)
            return None
        ended.callback(running.end)
        return running

    def _play_sessions(self) -> None:
        self.say("making 1,000,000 sessions")
        many = sessions.million(self.stage)
        for subject in (each for each in self.subjects if each.key.startswith("ours")):
            self.say(f"https: {NAMES['sessions']}, {subject.name}")
            measure = partial(
                sessions.measure,
                subject,
                self.stage,
                many,
                rounds=self.wish.rounds,
                seconds=self.wish.seconds,
            )
            self._take(subject, HTTPS, "sessions", 0, measure)

    def _take(
        self,
        subject: Subject,
        scheme: str,
        part: str,
        number: int,
        measure: Callable[[], Mapping[str, float]],
    ) -> None:
        try:
            figures = measure()
        except (LoadError, NotHereError, OSError) as error:
            self._leave_out(f"{subject.key}, {scheme} {part}", error)
            return
        reading = Reading(
            subject=subject.key, scheme=scheme, slice=part, round=number, figures=figures
        )
        self.readings.add(reading)

    def _leave_out(self, what: str, error: Exception) -> None:
        self.say(f"left out: {what}: {error}")
        self.readings.left_out[what] = str(error)


def turned(running: Sequence[Running], number: int) -> Sequence[Running]:
    """All of them, beginning with another one in each round."""
    first = number % len(running) if running else 0
    return [*running[first:], *running[:first]]
