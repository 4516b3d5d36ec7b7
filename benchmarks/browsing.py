"""
Requests as browsers send them: a groupware's day, not one line a million times.

Each is a whole request: 13 or more fields, about 800 bytes, several cookies of the app around
the session's. Paths, queries, referers, cookies and what is fetched (page, script, picture,
XHR) differ, and so do the browsers of different people. A fifth of the requests never comes
again: `COUNTER` in them is replaced by a number that only grows. So a proxy that remembers
what it has seen is helped as much as it would be in an office, and not more.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

COUNTER = "\x01"
"""Stands where the load puts a number that was never there before."""

BETWEEN = "\x00"

REQUESTS = 4000
"""Different requests in one pool: four of each person in a crowd of a thousand."""

NEVER_AGAIN = 5
"""One in so many carries a counter."""

ANSWER_PLACES = ("mail", "schedule", "facility", "workflow", "document", "address", "circular")
COMMANDS = ("index", "view", "list", "search", "month", "week", "attach", "thread")


@dataclass(frozen=True, slots=True, kw_only=True)
class Browser:
    """What one kind of browser says of itself in every request."""

    agent: str
    brands: str
    platform: str
    languages: str


BROWSERS = (
    Browser(
        agent="Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 "
        "(KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36",
        brands='"Chromium";v="150", "Google Chrome";v="150", "Not?A_Brand";v="24"',
        platform='"Windows"',
        languages="ja,en-US;q=0.9,en;q=0.8",
    ),
    Browser(
        agent="Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 "
        "(KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36 Edg/150.0.0.0",
        brands='"Chromium";v="150", "Microsoft Edge";v="150", "Not?A_Brand";v="24"',
        platform='"Windows"',
        languages="ja",
    ),
    Browser(
        agent="Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 "
        "(KHTML, like Gecko) Chrome/149.0.0.0 Mobile Safari/537.36",
        brands='"Chromium";v="149", "Google Chrome";v="149", "Not?A_Brand";v="24"',
        platform='"Android"',
        languages="ja-JP,ja;q=0.9",
    ),
)

FETCHES = (
    ("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", "document"),
    ("image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8", "image"),
    ("application/json, text/javascript, */*; q=0.01", "empty"),
    ("*/*", "script"),
)
MODES = {"document": "navigate", "image": "no-cors", "empty": "cors", "script": "no-cors"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where the requests go, as they say it."""

    scheme: str
    authority: str
    cookie: str
    """Name of the cookie that carries the session."""
    path: str
    """What every path begins with; the app's answer depends on it alone."""


def pool(site: Site, tokens: Sequence[str], *, size: int = REQUESTS) -> list[str]:
    """
    So many requests of these people, in no order, the same ones each time.

    Args:
        site: where they go.
        tokens: one session token for each person.
        size: how many.
    """
    chance = random.Random(len(tokens))  # the same in every run
    people = [_Person(number, token) for number, token in enumerate(tokens)]
    drawn = [_request(site, people[number % len(people)], chance) for number in range(size)]
    counted = [
        _with_counter(each) if number % NEVER_AGAIN == 0 else each
        for number, each in enumerate(drawn)
    ]
    chance.shuffle(counted)
    return counted


class _Person:
    """One browser with its cookies."""

    def __init__(self, number: int, token: str) -> None:
        own = random.Random(number)  # the same in every run
        self.browser = BROWSERS[number % len(BROWSERS)]
        self.token = token
        self.app_session = f"{own.getrandbits(128):032x}"
        self.app_token = f"{own.getrandbits(64):016x}"
        self.visited = number


def _request(site: Site, person: _Person, chance: random.Random) -> str:
    accept, destination = chance.choice(FETCHES)
    place, command = chance.choice(ANSWER_PLACES), chance.choice(COMMANDS)
    origin = f"{site.scheme}://{site.authority}"
    browser = person.browser
    lines = [
        f"GET {site.path}{place}/{command}.cgi?id={chance.randrange(10_000)}&page=1 HTTP/1.1",
        f"Host: {site.authority}",
        "Connection: keep-alive",
        f"sec-ch-ua: {browser.brands}",
        f"sec-ch-ua-mobile: {'?1' if 'Android' in browser.platform else '?0'}",
        f"sec-ch-ua-platform: {browser.platform}",
        f"User-Agent: {browser.agent}",
        f"Accept: {accept}",
        "Sec-Fetch-Site: same-origin",
        f"Sec-Fetch-Mode: {MODES[destination]}",
        f"Sec-Fetch-Dest: {destination}",
        f"Referer: {origin}{site.path}{chance.choice(ANSWER_PLACES)}/index.cgi",
        "Accept-Encoding: gzip, deflate, br, zstd",
        f"Accept-Language: {browser.languages}",
        f"Cookie: {_cookies(site, person)}",
    ]
    if destination == "empty":
        lines.append("X-Requested-With: XMLHttpRequest")
    return "\r\n".join(lines) + "\r\n\r\n"


def _cookies(site: Site, person: _Person) -> str:
    return (
        f"{site.cookie}={person.token}; dnzSid={person.app_session}; "
        f"dnzToken={person.app_token}; lang=ja; lastvisit={1_790_000_000 + person.visited}"
    )


def _with_counter(request: str) -> str:
    """What a cache-buster in the query and a cookie of the app's that changes each time do."""
    line, _, fields = request.partition(" HTTP/1.1\r\n")
    fields = fields.replace("; lang=", f"; dnzSeen={COUNTER}; lang=")
    return f"{line}&_={COUNTER} HTTP/1.1\r\n{fields}"
