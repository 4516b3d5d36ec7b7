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


def missing() -> list[str]:
    """The packages that are not there; all of them where this is no Debian."""
    if shutil.which("dpkg-query") is None:
        return list(PACKAGES)
    return [name for name in PACKAGES if _status(name) != _INSTALLED]


def install(names: list[str]) -> None:
    """
    Fetch packages with apt-get, as root; what they start by themselves is not used here.

    Raises:
        PermissionError: not root, or no apt-get.
    """
    if not names:
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise PermissionError(f"as root: apt-get install {' '.join(names)}")
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
