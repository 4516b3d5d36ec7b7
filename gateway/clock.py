"""
What must be so before Twisted's reactor or OpenSSL is imported.

Twisted's timers run on `time.time()` (twisted/twisted#2424, #5552): with the wall clock set
forward all time-outs of all connections fire at once, set back by an hour every timer stops
for an hour. And pyOpenSSL has no way to choose the groups of the key agreement, but OpenSSL
itself reads them from the file that OPENSSL_CONF names, once, when it is loaded.

So each way to start (`tap`, `cli`, `tac/`) calls `set_up` in its first lines. This module
imports nothing that imports either. The price: whoever takes `reactor.seconds()` for the
time of day is wrong from then on.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

OPENSSL_CONF = Path(__file__).parent / "listen" / "openssl.cnf"


def set_up() -> None:
    """Make the reactor's clock monotonic and name our OpenSSL settings. May be called twice."""
    name_openssl_settings()
    make_monotonic()


def make_monotonic() -> None:
    """The attribute is looked up at each call, so a reactor that is there obeys as well."""
    import twisted.internet.base

    twisted.internet.base.ReactorBase.seconds = staticmethod(time.monotonic)


def name_openssl_settings() -> None:
    """An administrator's own OPENSSL_CONF stays: it was set on purpose."""
    if "cryptography.hazmat.bindings._rust" not in sys.modules:
        os.environ.setdefault("OPENSSL_CONF", str(OPENSSL_CONF))
