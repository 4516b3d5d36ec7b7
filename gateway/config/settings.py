"""The settings of a running gateway, checked and with every default filled in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from gateway.config.look_options import Look
from gateway.config.notices_options import Notices
from gateway.config.passkey_options import Passkeys
from gateway.rules.backends import Backend
from gateway.rules.entries import Entry
from gateway.rules.public import PublicOrigin
from gateway.rules.sessions import SessionLimits

Language = Literal["ja", "en"]
TlsMode = Literal["files", "self-signed", "off"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """Who the gateway is, and where it keeps things."""

    public: PublicOrigin
    name: str
    """What sign-in pages and authenticators call the place."""
    data_dir: Path
    """Absolute."""
    language: Language
    """For people whose browser asks for neither Japanese nor English."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listen:
    """Twisted endpoint strings without TLS (`listen.tls` wraps them); "" is off."""

    https: str
    http: str
    health: str
    workers: int
    """1: none beside this process."""
    connections: int
    connections_per_address: int
    strangers_rate: int
    """Requests a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """Where the certificate comes from."""

    mode: TlsMode
    certificate: Path | None
    """The leaf and its chain, PEM, absolute; None unless `mode` is "files"."""
    private_key: Path | None


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """The web app behind the gateway, and how patient the gateway is with it."""

    name: str
    backends: tuple[Backend, ...]
    """One at least; all of them with the same scheme."""
    ca: Path | None
    """PEM, absolute: whom to trust for https to the backends; None = the system's store."""
    server_name: str
    """The name in the backends' certificates; "" = the host of each url."""
    connections: int
    """At most, per backend."""
    health: str
    """The path that shows whether a backend is well; "" = that it takes a connection."""
    preserve_host: bool
    internal_names: tuple[str, ...]
    """Further `host` or `host:port` by which the app calls itself; lower case."""
    max_body_bytes: int
    connect_s: float
    first_byte_s: float
    idle_s: float

    @property
    def backend_host(self) -> str:
        """Of the first backend: a name or an IP address, without brackets."""
        return self.backends[0].host

    @property
    def backend_port(self) -> int:
        """Of the first backend."""
        return self.backends[0].port


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Everything that `gateway.toml` says."""

    path: Path
    """The file itself, absolute."""
    gateway: Gateway
    listen: Listen
    tls: Tls
    app: App
    sessions: SessionLimits
    background: tuple[str, ...] = ()
    """Patterns of paths that are no sign of a person, see `rules.activity`."""
    access: tuple[Entry, ...] = ()
    """In the order of the file."""
    notices: Notices
    look: Look
    passkeys: Passkeys

    @property
    def store_path(self) -> Path:
        """The SQLite file."""
        return self.gateway.data_dir / "gateway.sqlite"

    @property
    def key_path(self) -> Path:
        """The keys that seal secrets in it; belongs to the back-up, kept apart from it."""
        return self.gateway.data_dir / "sealing.key"
