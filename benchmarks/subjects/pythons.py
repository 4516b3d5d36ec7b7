"""
Which Python runs ours: a build with profile-guided optimisation is 15 to 30 % faster.

Our packages, compiled ones among them, were installed for one version of Python. Another
build of that version can use them where they are, by way of PYTHONPATH.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.child import NotHereError

ROOT = Path(__file__).parents[2]
SYSTEM = Path("/usr/bin/python3")

OPTIMISATIONS = {"--enable-optimizations": "PGO", "--with-lto": "LTO"}

QUESTION = """
import json, platform, sys, sysconfig
print(json.dumps({
    "version": platform.python_version(),
    "soabi": sysconfig.get_config_var("SOABI") or "",
    "prefix": sys.base_prefix,
    "compiler": platform.python_compiler(),
    "options": sysconfig.get_config_var("CONFIG_ARGS") or "",
}))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Python:
    """One build of Python that can run ours."""

    program: str
    version: str
    is_system: bool
    """The distribution's: Debian's is built with PGO and LTO, though it does not say so."""
    build: str

    @property
    def name(self) -> str:
        """As the tables call it."""
        return (
            f"{_distribution()} Python {self.version}"
            if self.is_system
            else f"Python {self.version}"
        )

    def environment(self) -> dict[str, str]:
        """What makes it find the checkout, and what is installed for it."""
        paths = [str(ROOT), sysconfig.get_path("platlib"), sysconfig.get_path("purelib")]
        return {"PYTHONPATH": os.pathsep.join(dict.fromkeys(paths)), "PYTHONSAFEPATH": "1"}


def examine(program: str) -> Python:
    """
    Look at a Python.

    Raises:
        NotHereError: it does not run, or cannot load the packages that are installed for ours.
    """
    try:
        done = subprocess.run([program, "-c", QUESTION], capture_output=True, check=True)
        told = json.loads(done.stdout)
    except (OSError, subprocess.CalledProcessError, ValueError) as error:
        raise NotHereError(f"{program} is no Python that runs: {error}") from None
    own = sysconfig.get_config_var("SOABI")
    if told["soabi"] != own:
        raise NotHereError(f"{program} is {told['soabi']}, the packages are for {own}")
    return Python(
        program=program,
        version=told["version"],
        is_system=told["prefix"] == "/usr",
        build=_build(told["compiler"], told["options"]),
    )


def _distribution() -> str:
    return platform.freedesktop_os_release().get("NAME", "system").split()[0]


def _build(compiler: str, options: str) -> str:
    found = [name for option, name in OPTIMISATIONS.items() if option in options]
    return ", ".join([compiler, *found])


def usual() -> Sequence[Python]:
    """The Python that runs this, and the system's where it is another that fits."""
    own = examine(sys.executable)
    try:
        system = examine(str(SYSTEM))
    except NotHereError:
        return [own]
    return [own] if own.is_system else [system, own]
