"""All proxies that there are figures of, if the machine has them."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.subjects.caddy import Caddy
from benchmarks.subjects.haproxy import HAProxy
from benchmarks.subjects.nginx import Nginx
from benchmarks.subjects.oauth2_proxy import OAuth2Proxy
from benchmarks.subjects.ours import Ours, Stock
from benchmarks.subjects.pythons import Python
from benchmarks.subjects.subject import Subject

WITHOUT_FIGURES = {
    "authelia": "the module proxy refused its source, and no package registry has the program"
}
"""Peers that ought to be here, and why they are not."""


def subjects(pythons: Sequence[Python]) -> list[Subject]:
    """
    Every subject, ours first; `ours` runs on the first Python, `ours-2` on the second.

    Args:
        pythons: the builds that ours is to be measured on; the first runs Stock, too.
    """
    ours = [
        Ours(python, key="ours" if number == 1 else f"ours-{number}")
        for number, python in enumerate(pythons, 1)
    ]
    return [
        *ours,
        Nginx(checks_sessions=False),
        Nginx(checks_sessions=True),
        HAProxy(),
        Caddy(checks_sessions=False),
        Caddy(checks_sessions=True),
        OAuth2Proxy(),
        Stock(pythons[0]),
    ]
