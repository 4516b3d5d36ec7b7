"""
SOGo for a look: `python -m tests.apps.sogo`, as root on Debian.

Installs what is missing, starts it on loopback in a directory of its own, prints where it is and
who may log in, and takes everything away again at Ctrl-C. With the address,

    DEMO_BACKEND=http://127.0.0.1:PORT make demo

puts it behind a gateway. With `--address-only` it prints nothing but the address.
"""

from __future__ import annotations

import argparse
import signal
import sys
from datetime import datetime

from tests.apps.sogo.packages import install, missing
from tests.apps.sogo.people import PEOPLE, TOKYO
from tests.apps.sogo.running import Sogo


def main() -> int:
    """Install, start, tell, wait."""
    arguments = argparse.ArgumentParser(prog="python -m tests.apps.sogo")
    arguments.add_argument("--address-only", action="store_true", help="print just the address")
    chosen = arguments.parse_args()
    try:
        install(missing())
    except PermissionError as error:
        sys.stderr.write(f"sogo: {error}\n")
        return 1
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, _leave)
    with Sogo(today=datetime.now(TOKYO).date()) as sogo:
        sys.stdout.write(f"{sogo.url}\n" if chosen.address_only else introduction(sogo))
        sys.stdout.flush()
        while True:
            signal.pause()


def introduction(sogo: Sogo) -> str:
    """What a person needs to know."""
    people = "、".join(f"{person.login}({person.name})" for person in PEOPLE)
    return (
        f"\n  SOGo  {sogo.url}\n\n"
        f"  ユーザー / users: {people}\n"
        f"  パスワード / password: {sogo.password}\n\n"
        f"  DEMO_BACKEND={sogo.url} make demo\n\n"
        "  Ctrl-C: 終了 / stop. Nothing is kept.\n\n"
    )


def _leave(*_: object) -> None:
    raise SystemExit(0)  # through the `with`, so that everything is ended and removed


if __name__ == "__main__":
    sys.exit(main())
