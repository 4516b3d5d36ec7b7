"""Which requests show that a person is there."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from random import Random

import pytest

from gateway.rules.activity import MEMORY, Activity, Trail
from gateway.rules.http1 import RequestHead
from tests.rules.requests import request

IDLE_S = 1800.0
HOUR_S = 3600.0
CLICK = ("Sec-Fetch-Mode: navigate", "Sec-Fetch-User: ?1", "Sec-Fetch-Dest: document")
SCRIPT = ("Sec-Fetch-Mode: cors", "Sec-Fetch-Dest: empty")
NEO = "/cgi-bin/dneo/dneo.cgi"

Request = tuple[float, RequestHead]


def script(target: str, *, method: str = "GET", length: int = 0) -> RequestHead:
    """A request of a page's script."""
    body = (f"Content-Length: {length}",) if length else ()
    return request(target, *SCRIPT, *body, method=method)


def last_act(requests: Iterable[Request], *background: str) -> float:
    """When the session's person was last seen, from these requests on."""
    activity, trail = Activity(idle_s=IDLE_S, background=background), Trail()
    seen = 0.0
    for now, head in requests:
        if not activity.is_background(head, trail, now=now):
            seen = now
    return seen


def idle_from(requests: Iterable[Request]) -> float:
    """When the session's person was last seen before the session ended."""
    activity, trail = Activity(idle_s=IDLE_S), Trail()
    seen = 0.0
    for now, head in requests:
        if now - seen >= IDLE_S:
            return seen
        if not activity.is_background(head, trail, now=now):
            seen = now
    return math.inf


def longest_pause(requests: Iterable[Request]) -> float:
    """The longest time in which the idle timer was not fed."""
    activity, trail = Activity(idle_s=IDLE_S), Trail()
    longest, seen = 0.0, 0.0
    for now, head in requests:
        if not activity.is_background(head, trail, now=now):
            longest, seen = max(longest, now - seen), now
    return longest


def every(
    period_s: float, make: Callable[[int], RequestHead], *, hours: float = 2
) -> list[Request]:
    """A timer that strays a little."""
    chance = Random(7)
    at = 0.0
    asked: list[Request] = []
    while at < hours * HOUR_S:
        asked.append((at, make(len(asked))))
        at += period_s * chance.uniform(1, 1.02)
    return asked


POLLS: dict[str, Callable[[int], RequestHead]] = {
    "the same": lambda _: script(f"{NEO}?cmd=notice"),
    "a time stamp": lambda n: script(f"{NEO}?cmd=notice&_={1_700_000_000_000 + n * 5000}"),
    "a random number": lambda n: script(f"/poll?rnd=0.{n * 7919 % 10007}&x=1"),
    "socket.io": lambda n: script(f"/socket.io/?EIO=4&transport=polling&t=Pk{n:x}"),
    "no query": lambda _: script("/notices.json"),
    "a post": lambda _: script(NEO, method="POST", length=131),
    "a page that reloads itself": lambda _: request("/portal", "Sec-Fetch-Mode: navigate"),
    "a picture": lambda n: request(f"/pixel.gif?n={n}", "Sec-Fetch-Dest: image"),
    "three in turn": lambda n: script(f"/poll/{n % 3}"),
}


@pytest.mark.parametrize("period_s", [3.0, 30.0, 290.0])
@pytest.mark.parametrize("kind", ["the same", "a time stamp", "no query", "a random number"])
def test_a_forgotten_tab_ends_at_the_idle_limit(kind: str, period_s: float) -> None:
    """A tab that only polls is idle from its first poll on, give or take one period."""
    assert last_act(every(period_s, POLLS[kind])) <= period_s


@pytest.mark.parametrize("kind", POLLS)
def test_a_forgotten_tab_ends_however_it_polls(kind: str) -> None:
    """Each usual way to poll is recognised within five periods."""
    assert last_act(every(20.0, POLLS[kind])) <= 5 * 20.0 * 1.02


@pytest.mark.parametrize("seed", range(5))
def test_a_poll_may_be_late_now_and_then(seed: int) -> None:
    """A busy app or network that delays some polls does not keep a session open for long."""
    chance = Random(seed)
    late = sorted(
        (at + (chance.uniform(0, 15) if chance.random() < 0.05 else 0), n, head)
        for n, (at, head) in enumerate(every(20.0, POLLS["a post"], hours=4))
    )

    assert idle_from((at, head) for at, _, head in late) <= 420


@pytest.mark.parametrize("period_s", [1.0, 3.0, 4.0, 5.0])
@pytest.mark.parametrize("kind", ["the same", "a time stamp", "three in turn"])
def test_questions_soon_after_a_use_may_be_left_out(kind: str, period_s: float) -> None:
    """Where the first seconds after a use are not looked at, a forgotten tab ends all the same."""
    activity, trail = Activity(idle_s=IDLE_S), Trail()
    used = 0.0
    for now, head in every(period_s, POLLS[kind]):
        if now - used >= 4.0 and not activity.is_background(head, trail, now=now):
            used = now

    assert used <= 30


def test_a_poll_after_the_limit_is_news() -> None:
    """Who asks less often than the idle limit is over before it asks again."""
    slow = [(n * (IDLE_S + 1), script("/poll")) for n in range(3)]

    assert last_act(slow) == 2 * (IDLE_S + 1)


def worker(make: Callable[[Random, int], RequestHead], *, seed: int) -> list[Request]:
    """Four hours of somebody's work: a request after each pause that a person makes."""
    chance = Random(seed)
    at = 0.0
    asked: list[Request] = []
    while at < 4 * HOUR_S:
        asked.append((at, make(chance, len(asked))))
        at += min(chance.lognormvariate(3.0, 1.0), 600.0)
    return asked


WORK: dict[str, Callable[[Random, int], RequestHead]] = {
    "schedules by GET": lambda chance, _: script(
        f"{NEO}?cmd=schweekgrp&gid={chance.randrange(40)}&date=2026{chance.randrange(101, 999)}"
    ),
    "mail by POST": lambda chance, _: script(NEO, method="POST", length=chance.randrange(90, 900)),
    "forms of one length": lambda _, __: script("/scan", method="POST", length=44),
    "the same eight lists and mails": lambda chance, n: script(
        f"/mail?id={n}" if chance.random() < 0.2 else f"/list?box={chance.randrange(8)}"
    ),
    "clicks on the same link": lambda _, __: request("/board", *CLICK),
    "a form of an old browser": lambda _, __: request("/form", method="POST"),
}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", WORK)
def test_who_works_is_never_signed_out(kind: str, seed: int) -> None:
    """However an app asks, somebody who works in it feeds the idle timer again and again."""
    assert longest_pause(worker(WORK[kind], seed=seed)) < IDLE_S


def test_work_beside_a_poll_is_seen() -> None:
    """A tab that polls hides nobody who works in it, and ends after the work does."""
    work = worker(WORK["mail by POST"], seed=1)
    polls = every(15.0, POLLS["a post"], hours=6)
    both = sorted((at, n, head) for n, (at, head) in enumerate([*work, *polls]))

    assert 4 * HOUR_S - 600 <= last_act((at, head) for at, _, head in both) <= 4 * HOUR_S + 75


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (CLICK, False),
        (("Sec-Fetch-Dest: video",), False),
        (("Sec-Fetch-Dest: style",), True),
        (("Sec-Fetch-Dest: script",), True),
        (("Sec-Fetch-Dest: image",), True),
        (("Sec-Fetch-Dest: iframe",), False),
        (("Sec-Fetch-Dest: whatever",), False),
        (SCRIPT, False),
        ((), False),
    ],
)
def test_the_first_of_each_kind(fields: tuple[str, ...], expected: bool) -> None:
    """What is asked for the first time is an act, unless it is a part of a page."""
    head = request("/x", *fields)

    assert expected == Activity(idle_s=IDLE_S).is_background(head, Trail(), now=0)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/longpoll/", True),
        ("/longpoll/a?seq=5", True),
        ("/%6congpoll/a", True),
        ("/longpolls", False),
        ("/longpoll/../x", False),
        ("/%93%FA", False),
    ],
)
def test_a_listed_path_never_counts(target: str, expected: bool) -> None:
    """What the administrator lists is no act, not even by a click; nothing else is listed."""
    activity = Activity(idle_s=IDLE_S, background=["/longpoll/"])

    assert expected == activity.is_background(request(target, *CLICK), Trail(), now=0)


def test_the_memory_is_bounded() -> None:
    """A session remembers few requests, those that came last."""
    activity, trail = Activity(idle_s=IDLE_S), Trail()
    for n in range(1000):
        activity.is_background(script(f"/x/{n}"), trail, now=float(n))

    assert MEMORY == len(trail)
    assert activity.is_background(script(f"/x/{1000 - MEMORY}"), trail, now=1000.0)
    assert not activity.is_background(script("/x/0"), trail, now=1000.0)
