"""Every face in front of one app; each test begins with an app that forgot all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.behaviour.faces import Embedder, Face, embedder, front_face
from tests.instruments.certificates import Authority
from tests.instruments.gateway_process import free_port
from tests.instruments.raw_app import RawApp

NAMES = ["front", "streaming", "site"]


class Faces:
    """All faces of one app, each started when it is first asked for."""

    def __init__(self, app: str, authority: Authority, stack: ExitStack) -> None:
        self._app = app
        self._authority = authority
        self._stack = stack
        self._known: dict[str, Face] = {}
        self._embedder: Embedder | None = None

    def find(self, name: str, way: str) -> Face:
        """The face of that name, by `tcp` or `tls`."""
        key = f"{name}-{way}"
        if key not in self._known:
            self._known[key] = self._make(name, way)
        return self._known[key]

    def _make(self, name: str, way: str) -> Face:
        enter, authority = self._stack.enter_context, self._authority
        if name == "front":
            return enter(front_face(self._app, authority if way == "tls" else None))
        if self._embedder is None:
            self._embedder = enter(embedder(self._app, authority))
        return self._embedder.face(name, way)


@pytest.fixture(scope="session")
def behaving_app() -> Iterator[RawApp]:
    """The app of the whole run."""
    with RawApp() as app:
        yield app


@pytest.fixture(scope="session")
def faces(behaving_app: RawApp, authority: Authority) -> Iterator[Faces]:
    """The faces of that app."""
    with ExitStack() as stack:
        yield Faces(behaving_app.url, authority, stack)


@pytest.fixture(scope="session")
def faces_of_nobody(authority: Authority) -> Iterator[Faces]:
    """Faces of an app that is not there."""
    with ExitStack() as stack:
        yield Faces(f"http://127.0.0.1:{free_port()}", authority, stack)


@pytest.fixture(params=NAMES)
def face(request: pytest.FixtureRequest, faces: Faces) -> Face:
    """Each face, in the clear."""
    return faces.find(request.param, "tcp")


@pytest.fixture(params=[f"{name}-{way}" for name in NAMES for way in ("tcp", "tls")])
def any_face(request: pytest.FixtureRequest, faces: Faces) -> Face:
    """Each face, in the clear and by TLS: for what the transport could spoil."""
    return faces.find(*request.param.split("-"))


@pytest.fixture(params=NAMES)
def face_of_nobody(request: pytest.FixtureRequest, faces_of_nobody: Faces) -> Face:
    """Each face of the app that is not there."""
    return faces_of_nobody.find(request.param, "tcp")


@pytest.fixture
def app(behaving_app: RawApp) -> RawApp:
    """The app, having forgotten what other tests asked of it."""
    behaving_app.forget()
    return behaving_app
