"""How many files and sockets this process may have open at one time."""

from __future__ import annotations

import resource


def allow_descriptors() -> int:
    """
    Take as many as the system allows this user, and say how many that is.

    The soft limit of 1024 is there for programs that use select(), as this one does not; the
    hard one is the administrator's (systemd: LimitNOFILE).
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard if hard != resource.RLIM_INFINITY else 2**31
