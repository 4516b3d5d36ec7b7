"""
How Python's garbage collector is to behave in a process that serves people.

Nearly all that a request makes is gone with its last reference. The collector is there for
cycles alone, and by default it looks for them after every 700 new objects and, time and again,
through all the modules and sessions that live as long as the process: 50 ms during which nobody
is served (measured). So what is there at the start is set aside, and the rest is looked at
less often.
"""

from __future__ import annotations

import gc

YOUNG_OBJECTS = 50_000
"""More new objects than gone ones before the youngest are looked at: some 20 MB at most."""

ROUNDS = 50
"""Rounds of one generation before the next older one is looked at as well."""


def settle() -> None:
    """To be called once all is loaded and before anybody is served."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, ROUNDS, ROUNDS)
