"""
SOGo for a look, as root on Debian: `python -m tests.apps.sogo [COMMAND …]`.

Installs what is missing, starts SOGo on loopback in a directory of its own, and says where it
is and who may log in. With a command it runs that with `DEMO_BACKEND` set to SOGo's address, so

    python -m tests.apps.sogo make demo

is the demo in front of SOGo. At the command's end, or at Ctrl-C, everything is taken away.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import datetime

from tests.apps.sogo.packages import provide
from tests.apps.sogo.people import PEOPLE, TOKYO
from tests.apps.sogo.running import Sogo


def main(command: list[str]) -> int:
    """Install, start, tell, and stay until the end."""
    try:
        provide()
    except PermissionError as error:
        sys.stderr.write(f"sogo: {error}\n")
        return 1
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, _leave)
    with Sogo(today=datetime.now(TOKYO).date()) as sogo:
        sys.stdout.write(introduction(sogo))
        sys.stdout.flush()
        return run(command, sogo) if command else stay()


def introduction(sogo: Sogo) -> str:
    """What a person needs to know."""
    people = "、".join(f"{person.login}({person.name})" for person in PEOPLE)
    return (
        f"\n  SOGo  {sogo.url}\n\n"
        f"  ユーザー / users: {people}\n"
        f"  パスワード / password: {sogo.password}\n\n"
        f"  DEMO_BACKEND={sogo.url}\n\n"
        "  Ctrl-C: 終了 / stop. Nothing is kept.\n\n"
    )


def run(command: list[str], sogo: Sogo) -> int:
    """Run the command in front of SOGo; its exit code."""
    child = subprocess.Popen(command, env={**os.environ, "DEMO_BACKEND": sogo.url})
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the child, which we wait for
    try:
        return child.wait()
    except SystemExit:
        child.terminate()
        return child.wait()


def stay() -> int:
    """Wait for a signal."""
    while True:
        signal.pause()


def _leave(*_: object) -> None:
    raise SystemExit(0)  # through the `with`, so that everything is ended and removed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
