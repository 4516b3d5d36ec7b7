"""
A proxy under test, and one that runs.

Whoever is configured wrongly would be fast for the wrong reason, so each is asked at the door
before it is measured: signed in, it must deliver the app's answer; not signed in, whoever
claims to check sessions must refuse.
"""

from __future__ import annotations

import abc
import http.client
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import machine
from benchmarks.browsing import BETWEEN, Site, pool
from benchmarks.child import Child, Command, NotHereError, free_port
from benchmarks.crowd import Crowd
from benchmarks.stage import HOST, Stage

PATIENCE_S = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where one instance of a proxy lives."""

    stage: Stage
    directory: Path
    port: int
    app_port: int
    is_tls: bool
    crowd: Crowd

    @property
    def scheme(self) -> str:
        """As addresses say it."""
        return "https" if self.is_tls else "http"


class Subject(abc.ABC):
    """One kind of proxy."""

    key: str
    """What `--only` calls it."""
    name: str
    checks_sessions = True
    tunnels = True
    """Whether it carries WebSockets."""

    @abc.abstractmethod
    def version(self) -> str:
        """
        Which one it is.

        Raises:
            NotHereError: this machine has none; the text says why.
        """

    @abc.abstractmethod
    def commands(self, place: Place) -> Sequence[Command]:
        """Write its configuration, and say what to start; the proxy itself comes last."""

    def cookie(self, *, is_tls: bool) -> str:
        """The name of the session's cookie; over TLS as long as ours is."""
        return "signed_in" if is_tls else "gw"

    def tokens(self, place: Place) -> Sequence[str]:
        """What its signed-in people have in that cookie; it runs already."""
        return place.crowd.tokens


@dataclass(slots=True, kw_only=True)
class Running:
    """One instance of a proxy, on the proxies' core."""

    subject: Subject
    place: Place
    children: list[Child] = field(default_factory=list)
    tokens: Sequence[str] = ()

    @property
    def url(self) -> str:
        """Its address."""
        return f"{self.place.scheme}://{HOST}:{self.place.port}"

    @property
    def cookie(self) -> str:
        """The Cookie field of the first of the people."""
        return f"{self.subject.cookie(is_tls=self.place.is_tls)}={self.tokens[0]}"

    def cpu_s(self) -> float:
        """Seconds on a core that it, with what it asks about sessions, has had."""
        return sum(machine.cpu_s(child.pid) for child in self.children)

    def resident_bytes(self) -> int:
        """Its memory; not that of what it asks about sessions."""
        return machine.resident_bytes(self.children[-1].pid)

    def pool(self, path: str, *, people: int) -> Path:
        """A file of requests to it by so many people."""
        file = self.place.directory / f"pool-{path.strip('/')}-{people}"
        if not file.exists():
            site = Site(
                scheme=self.place.scheme,
                authority=f"{HOST}:{self.place.port}",
                cookie=self.subject.cookie(is_tls=self.place.is_tls),
                path=path,
            )
            file.write_text(BETWEEN.join(pool(site, self.tokens[:people])))
        return file

    def end(self) -> None:
        """Stop it and what it asks."""
        for child in reversed(self.children):
            child.end()


def start(
    subject: Subject, stage: Stage, *, is_tls: bool, app_port: int = 0, crowd: Crowd | None = None
) -> Running:
    """
    Start an instance on the proxies' core and see that it does what it claims.

    Raises:
        NotHereError: it does not start, or does not what it claims.
    """
    port = free_port()
    place = Place(
        stage=stage,
        directory=stage.directory / f"{subject.key}-{port}",
        port=port,
        app_port=app_port or stage.app_port,
        is_tls=is_tls,
        crowd=crowd or stage.crowd,
    )
    place.directory.mkdir()
    running = Running(subject=subject, place=place)
    try:
        with machine.running_on(machine.cores().proxy):
            for command in subject.commands(place):
                child = Child(command)
                running.children.append(child)
                child.wait_until_there()
        running.tokens = subject.tokens(place)
        _ask_at_the_door(running)
    except BaseException:
        running.end()
        raise
    return running


def _ask_at_the_door(running: Running) -> None:
    status, body = _get(running, running.cookie)
    if status != 200 or len(body) != 1024:
        raise NotHereError(f"signed in, it answers {status} with {len(body)} bytes")
    status, _ = _get(running, "lang=ja")
    if running.subject.checks_sessions and status < 300:
        raise NotHereError(f"it checks no session: {status} without one")


def _get(running: Running, cookie: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(HOST, running.place.port, timeout=PATIENCE_S)
    if running.place.is_tls:
        trusted = ssl.create_default_context(cafile=str(running.place.stage.certificate))
        connection = http.client.HTTPSConnection(
            HOST, running.place.port, timeout=PATIENCE_S, context=trusted
        )
    try:
        connection.request("GET", "/1k/mail/index.cgi", headers={"Cookie": cookie})
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise NotHereError(f"it does not answer: {error!r}") from None
    finally:
        connection.close()
