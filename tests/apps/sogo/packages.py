"""Which Debian packages SOGo needs, and how they get onto a machine."""

from __future__ import annotations

import os
import shutil
import subprocess

PACKAGES = (
    "sogo",
    "memcached",
    "dovecot-imapd",
    "postgresql",
    "nginx-light",
    "fonts-ipafont-gothic",
)

_INSTALLED = "installed"


def provide() -> None:
    """
    Install what is missing; what the packages start by themselves is not used here.

    Raises:
        PermissionError: not root, or no Debian; the text says what to do.
    """
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise PermissionError(f"as root on Debian: apt-get install {' '.join(PACKAGES)}")
    names = [name for name in PACKAGES if _status(name) != _INSTALLED]
    if not names:
        return
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    fetch = ["apt-get", "--quiet", "--quiet"]
    subprocess.run([*fetch, "update"], env=quiet, check=True)
    options = ["install", "--yes", "--no-install-recommends"]
    subprocess.run([*fetch, *options, *names], env=quiet, check=True)


def _status(name: str) -> str:
    asked = subprocess.run(
        ["dpkg-query", "--show", "--showformat=${db:Status-Status}", name],
        capture_output=True,
        text=True,
        check=False,
    )
    return asked.stdout
