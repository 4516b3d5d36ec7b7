"""
What a row of a corpus says: bytes, what must become of them, and why somebody would send them.

In the bytes these words stand for what is known only when the gateway runs:

    <host>      what Host must say
    <session>   the session cookie, `name=token`; a stranger's run has an unknown token there
    <me>        the two lines `Host: <host>` and `Cookie: <session>`
    <smuggled>  a whole request for /smuggled, which no app may ever see
"""

from __future__ import annotations

from dataclasses import dataclass

SMUGGLED = b"GET /smuggled HTTP/1.1\r\n<me>\r\n"


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as the app must see it."""

    method: bytes
    target: bytes
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Refused:
    """One answer with one of these statuses, then the connection is closed; no app sees it."""

    statuses: tuple[int, ...] = (400,)


@dataclass(frozen=True, slots=True)
class Passed:
    """The app sees exactly these requests, and each is answered."""

    requests: tuple[Seen, ...]
    is_closed: bool = False
    """Whether the connection ends afterwards; otherwise it must be in step for another one."""


@dataclass(frozen=True, slots=True)
class Waits:
    """Nobody hears anything: the request is not whole and may become so."""


@dataclass(frozen=True, slots=True)
class Ours:
    """The gateway's own pages answer, in order and without the app."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One row."""

    name: str
    sent: bytes
    wanted: Refused | Passed | Waits | Ours
    why: str
    """What would go wrong, or who fell for it."""


def written(template: bytes, *, host: bytes, session: bytes) -> bytes:
    """The bytes of a row, with the words that stand for others replaced."""
    text = template.replace(b"<smuggled>", SMUGGLED)
    text = text.replace(b"<me>", b"Host: <host>\r\nCookie: <session>\r\n")
    return text.replace(b"<host>", host).replace(b"<session>", session)
