"""
What `gateway.toml` says, read once at the start and never changed afterwards.

`options` is the one table of every key: type, unit, default, why, since. `loading` reads a
file by that table, `reference` writes docs/configuration.md from it, and a test compares.
A key that is unknown, or that this version does not have yet, is an error: nothing that an
administrator wrote is ignored. This package knows no Twisted.
"""

from __future__ import annotations

from gateway.config.loading import examine, load
from gateway.config.settings import App, Config, Gateway, Listen, Tls

__all__ = ["App", "Config", "Gateway", "Listen", "Tls", "examine", "load"]
